"""Explore adaptively: in a run with `explore.adaptive` one job samples all modes of a policy, and a query no further once its label is
decided (`mathcode.methods.autocode.adaptive`). GPU jobs.

Reads what explore.smk reads, and writes the same files for the modes native, CoT and code; others stay with that rule.
The rule repeats that one: one more param there would sample finished runs again.
"""

DECIDING = configuration.METHODS["autocode"].deciding
ADAPTIVE_RUNS = {name for name, run in CONFIG.runs.items() if run.method == "autocode" and run.explore.adaptive}


rule sample_until_decided:
    """Rollouts of one policy in all modes that decide a label, no more than that takes."""
    input:
        model="results/{run}/{policy}/model",
        queries=pool_of_queries,
    output:
        in_each(DECIDING, "results/{run}/{policy}/explore/{mode}/{pool}/rollouts.parquet"),
    log:
        "logs/results/{run}/{policy}/explore/adaptive/{pool}/rollouts.log",
    benchmark:
        "logs/results/{run}/{policy}/explore/adaptive/{pool}/rollouts.timing.tsv"
    wildcard_constraints:
        run=one_of(whole("explore") & ADAPTIVE_RUNS),
    conda:
        "../../envs/sample.yaml"
    threads: cores("explore")
    resources:
        **asks("explore"),
    params:
        python=engine_python,
        modes=DECIDING,
        samples=rollouts_of_a_query_in(DECIDING[0]),
        slice=query_slice,
        seed=policy_seed,
        method=method_name,
        profile=prompt_profile,
        settings=sampling_settings(lambda run: run.explore.sampling),
        adaptive=adaptive_settings,
        shard="",
        checkpoints="checkpoints/{run}/{policy}/explore/adaptive/{pool}",
    shell:
        "exec {params.python:q} workflow_scripts/sample_rollouts.py --model {input.model:q} --queries {input.queries:q}"
        " --mode {params.modes} --out {output:q} {params.samples} {params.slice} --seed {params.seed}"
        " --method {params.method} --profile {params.profile:q} --workers {threads} --gpus {resources.gpu} {params.shard}"
        " --settings {params.settings:q} --adaptive {params.adaptive:q} --checkpoints {params.checkpoints:q} > {log:q} 2>&1"


use rule sample_until_decided as sample_until_decided_shard with:
    """The same for a part of the queries."""
    output:
        [temp(path) for path in in_each(DECIDING, "results/{run}/{policy}/explore/{mode}/{pool}/shards/{shard}.parquet")],
    log:
        "logs/results/{run}/{policy}/explore/adaptive/{pool}/shards/{shard}.log",
    benchmark:
        "logs/results/{run}/{policy}/explore/adaptive/{pool}/shards/{shard}.timing.tsv"
    wildcard_constraints:
        run=one_of(sharded("explore") & ADAPTIVE_RUNS),
    params:
        shard=shard_option,
        checkpoints="checkpoints/{run}/{policy}/explore/adaptive/{pool}/{shard}",


ruleorder: sample_until_decided > sample_rollouts
ruleorder: sample_until_decided_shard > sample_rollouts_shard
