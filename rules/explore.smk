"""Explore: K rollouts of a policy per query and mode, programs executed, answers graded. Sampling and grading are two rules.

Reads a policy and the run's queries; writes results/{run}/{policy}/explore/{mode}/. The dearest artifacts of a run: every
experiment that starts from a policy shares them.
"""


rule sample_rollouts:
    """Rollouts of one policy in one mode."""
    input:
        model="results/{run}/{policy}/model",
        queries="results/{run}/data/queries.parquet",
    output:
        "results/{run}/{policy}/explore/{mode}/rollouts.parquet",
    log:
        "logs/results/{run}/{policy}/explore/{mode}/rollouts.log",
    benchmark:
        "logs/results/{run}/{policy}/explore/{mode}/rollouts.timing.tsv"
    wildcard_constraints:
        run=one_of(set(CONFIG.runs) - set(sharded_runs())),
    conda:
        "../envs/sample.yaml"
    threads: cpus
    resources:
        gpu=gpus,
        nodes=1,
        mem_mb=memory_mb,
        runtime=walltime,
    params:
        python=engine_python,
        samples=number_of_samples,
        first=first_sample,
        rows=queries_per_iteration,
        slice=query_slice,
        seed=policy_seed,
        method=method_name,
        profile=policy_profile,
        settings=explore_settings,
        shard="",
        checkpoints="checkpoints/{run}/{policy}/explore/{mode}",
    shell:
        "exec {params.python} workflow_scripts/sample_rollouts.py --model {input.model:q} --queries {input.queries:q}"
        " --mode {wildcards.mode} --out {output:q} --samples {params.samples} --first-sample {params.first}"
        " --rows {params.rows} --slice {params.slice} --seed {params.seed} --method {params.method} --profile {params.profile} --workers {threads}"
        " --gpus {resources.gpu} {params.shard} --settings {params.settings:q} --checkpoints {params.checkpoints:q} > {log:q} 2>&1"


use rule sample_rollouts as sample_shard with:
    output:
        temp("results/{run}/{policy}/explore/{mode}/shards/{shard}.parquet"),
    log:
        "logs/results/{run}/{policy}/explore/{mode}/shards/{shard}.log",
    benchmark:
        "logs/results/{run}/{policy}/explore/{mode}/shards/{shard}.timing.tsv"
    wildcard_constraints:
        run=one_of(sharded_runs()),
    params:
        shard=shard_option,
        checkpoints="checkpoints/{run}/{policy}/explore/{mode}/{shard}",


rule merge_shards:
    """Rollouts of one policy in one mode, from the jobs that sampled their parts."""
    input:
        shards_of("results/{run}/{policy}/explore/{mode}/shards/{shard}.parquet"),
    output:
        "results/{run}/{policy}/explore/{mode}/rollouts.parquet",
    log:
        "logs/results/{run}/{policy}/explore/{mode}/rollouts.log",
    wildcard_constraints:
        run=one_of(sharded_runs()),
    conda:
        "../envs/analysis.yaml"
    shell:
        "python workflow_scripts/merge_shards.py --shards {input:q} --out {output:q} > {log:q} 2>&1"


rule grade_rollouts:
    """Grades of explored rollouts."""
    input:
        rollouts="results/{run}/{policy}/explore/{mode}/rollouts.parquet",
        queries="results/{run}/data/queries.parquet",
    output:
        "results/{run}/{policy}/explore/{mode}/grades.parquet",
    log:
        "logs/results/{run}/{policy}/explore/{mode}/grades.log",
    benchmark:
        "logs/results/{run}/{policy}/explore/{mode}/grades.timing.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: 1
    params:
        method=method_name,
        settings=section("grading"),
    shell:
        "python workflow_scripts/grade_rollouts.py --rollouts {input.rollouts:q} --queries {input.queries:q} --out {output:q}"
        " --workers {threads} --method {params.method} --settings {params.settings:q} > {log:q} 2>&1"
