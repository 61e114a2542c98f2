"""Evaluate: a policy on a benchmark, in every mode of its method at once, since loading a model costs more than a benchmark. GPU jobs.

Reads a policy and a benchmark; writes results/{run}/{policy}/eval/{mode}/{benchmark}/responses.parquet. Asking for one mode makes its
siblings; another benchmark is another job. Modes are `auto`, `cot` and `code` (greedy), `cot_sampled` and `code_sampled`: AutoCode's.
Those of a methodology that a run adds are sampled by rules of its own (rules/autocode/methodologies.smk).
A method with others takes these rules over (rules/siam/evaluate.smk).

A run whose hardware says `shards` samples in that many jobs, each a file of shards/, which are then merged.
"""

GREEDY = list(configuration.METHODS["autocode"].evaluated)
SAMPLED = list(configuration.METHODS["autocode"].sampled)
SAMPLING = (
    "exec {params.python:q} workflow_scripts/sample_rollouts.py --model {input.model:q} --queries {input.queries:q}"
    " {params.rows} --mode {params.modes} --out {output:q} --samples {params.samples} --seed {params.seed}"
    " --method {params.method} --profile {params.profile:q} --workers {threads} --gpus {resources.gpu} {params.shard}"
    " --settings {params.settings:q} --checkpoints {params.checkpoints:q} > {log:q} 2>&1"
)
"""How responses are sampled, here and for benchmarks that are joined (siam/together.smk)."""


rule sample_responses:
    """Greedy responses of a policy to a benchmark."""
    input:
        model="results/{run}/{policy}/model",
        queries="data/benchmarks/{benchmark}.parquet",
    output:
        in_each(GREEDY, "results/{run}/{policy}/eval/{mode}/{benchmark}/responses.parquet"),
    log:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}.timing.tsv"
    wildcard_constraints:
        run=one_of(whole("evaluate", ["autocode"])),
    conda:
        "../envs/sample.yaml"
    threads: cores("evaluate")
    resources:
        **asks("evaluate"),
    params:
        python=engine_python,
        modes=GREEDY,
        rows=benchmark_rows,
        samples=1,
        seed=policy_seed,
        method=method_name,
        profile=prompt_profile,
        settings=sampling_settings(lambda run: run.evaluate.sampling),
        shard="",
        checkpoints="checkpoints/{run}/{policy}/eval/greedy/{benchmark}",
    shell:
        SAMPLING


use rule sample_responses as sample_labels with:
    """Sampled responses in each dictated mode: what AutoCode's selection accuracy is measured on."""
    output:
        in_each(SAMPLED, "results/{run}/{policy}/eval/{mode}/{benchmark}/responses.parquet"),
    log:
        "logs/results/{run}/{policy}/eval/sampled/{benchmark}.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/sampled/{benchmark}.timing.tsv"
    params:
        modes=SAMPLED,
        samples=lambda wildcards: CONFIG.runs[wildcards.run].evaluate.selection_samples,
        settings=sampling_settings(lambda run: run.evaluate.selection_sampling),
        checkpoints="checkpoints/{run}/{policy}/eval/sampled/{benchmark}",


use rule sample_responses as sample_responses_shard with:
    """One of so many parts of the greedy responses."""
    output:
        [temp(path) for path in in_each(GREEDY, "results/{run}/{policy}/eval/{mode}/{benchmark}/shards/{shard}.parquet")],
    log:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}/{shard}.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}/{shard}.timing.tsv"
    wildcard_constraints:
        run=one_of(sharded("evaluate", ["autocode"])),
    params:
        shard=shard_option,
        checkpoints="checkpoints/{run}/{policy}/eval/greedy/{benchmark}/{shard}",


use rule sample_labels as sample_labels_shard with:
    """One of so many parts of the sampled responses."""
    output:
        [temp(path) for path in in_each(SAMPLED, "results/{run}/{policy}/eval/{mode}/{benchmark}/shards/{shard}.parquet")],
    log:
        "logs/results/{run}/{policy}/eval/sampled/{benchmark}/{shard}.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/sampled/{benchmark}/{shard}.timing.tsv"
    wildcard_constraints:
        run=one_of(sharded("evaluate", ["autocode"])),
    params:
        shard=shard_option,
        checkpoints="checkpoints/{run}/{policy}/eval/sampled/{benchmark}/{shard}",


rule merge_responses:
    """Responses of one policy in one mode, from the jobs that sampled their parts."""
    input:
        shards_of("evaluate", "results/{run}/{policy}/eval/{mode}/{benchmark}/shards/{shard}.parquet"),
    output:
        "results/{run}/{policy}/eval/{mode}/{benchmark}/responses.parquet",
    log:
        "logs/results/{run}/{policy}/eval/{mode}/{benchmark}/merge.log",
    wildcard_constraints:
        run=one_of(sharded("evaluate")),
        mode=modes_of("evaluated", "sampled"),
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("judge"),
    shell:
        "exec python workflow_scripts/merge_shards.py --shards {input:q} --out {output:q} > {log:q} 2>&1"
