"""Explore: K rollouts of a policy per query and mode, programs executed. GPU jobs.

Reads a policy and a pool of queries; writes results/{run}/{policy}/explore/{mode}/{pool}/rollouts.parquet. The dearest artifacts of
a run: every experiment that starts from a policy shares them, and grading them is another rule. Shards as in evaluate.smk.
"""


rule sample_rollouts:
    """Rollouts of one policy in one mode."""
    input:
        model="results/{run}/{policy}/model",
        queries=explored_queries,
    output:
        "results/{run}/{policy}/explore/{mode}/{pool}/rollouts.parquet",
    log:
        "logs/results/{run}/{policy}/explore/{mode}/{pool}/rollouts.log",
    benchmark:
        "logs/results/{run}/{policy}/explore/{mode}/{pool}/rollouts.timing.tsv"
    wildcard_constraints:
        run=one_of(whole("explore")),
        mode=modes_of("explored"),
    conda:
        "../envs/sample.yaml"
    threads: cores("explore")
    resources:
        **asks("explore"),
    params:
        python=engine_python,
        samples=rollouts_of_a_query,
        slice=query_slice,
        seed=policy_seed,
        method=method_name,
        profile=prompt_profile,
        settings=sampling_settings(lambda run: run.explore.sampling),
        shard="",
        checkpoints="checkpoints/{run}/{policy}/explore/{mode}/{pool}",
    shell:
        "exec {params.python:q} workflow_scripts/sample_rollouts.py --model {input.model:q} --queries {input.queries:q}"
        " --mode {wildcards.mode} --out {output:q} {params.samples} {params.slice} --seed {params.seed}"
        " --method {params.method} --profile {params.profile:q} --workers {threads} --gpus {resources.gpu} {params.shard}"
        " --settings {params.settings:q} --checkpoints {params.checkpoints:q} > {log:q} 2>&1"


use rule sample_rollouts as sample_rollouts_shard with:
    """One of so many parts of the rollouts."""
    output:
        temp("results/{run}/{policy}/explore/{mode}/{pool}/shards/{shard}.parquet"),
    log:
        "logs/results/{run}/{policy}/explore/{mode}/{pool}/shards/{shard}.log",
    benchmark:
        "logs/results/{run}/{policy}/explore/{mode}/{pool}/shards/{shard}.timing.tsv"
    wildcard_constraints:
        run=one_of(sharded("explore")),
    params:
        shard=shard_option,
        checkpoints="checkpoints/{run}/{policy}/explore/{mode}/{pool}/{shard}",


rule merge_rollouts:
    """Rollouts of one policy in one mode, from the jobs that sampled their parts."""
    input:
        shards_of("explore", "results/{run}/{policy}/explore/{mode}/{pool}/shards/{shard}.parquet"),
    output:
        "results/{run}/{policy}/explore/{mode}/{pool}/rollouts.parquet",
    log:
        "logs/results/{run}/{policy}/explore/{mode}/{pool}/merge.log",
    wildcard_constraints:
        run=one_of(sharded("explore")),
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("judge"),
    shell:
        "exec python workflow_scripts/merge_shards.py --shards {input:q} --out {output:q} > {log:q} 2>&1"
