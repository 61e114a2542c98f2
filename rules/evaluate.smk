"""Evaluate: any policy, in any mode, on every benchmark of its run. Sampling and grading are two rules.

Reads a policy and benchmarks; writes results/{run}/{policy}/eval/{mode}/{benchmark}/. One job per policy covers all modes and
benchmarks of the run, since loading the model costs more than a benchmark: asking for one of the files makes its siblings.
Rule outputs must be listed, and runs differ in their benchmarks, so each run has its own copy of these rules.
"""


def evaluation_settings(run, sampling):
    """Params function: what the responses of an evaluation depend on."""

    def as_json(wildcards):
        chosen = CONFIG.runs[run]
        return settings.dumps({"sampling": getattr(chosen.evaluate, sampling), **running_of(chosen, wildcards)})

    return as_json


def evaluation_files(run, modes, benchmarks, name, folder="eval"):
    """Paths of one file per mode and benchmark of a policy; a shard has a folder of its own."""
    return [f"results/{run}/{{policy}}/{folder}/{mode}/{benchmark}/{name}" for mode in modes for benchmark in benchmarks]


def evaluation_queries(modes, benchmarks):
    """The benchmark table behind each of `evaluation_files`."""
    return [f"data/benchmarks/{benchmark}.parquet" for _ in modes for benchmark in benchmarks]


def row_limit(run):
    """The option that says how many items of each benchmark the run evaluates; nothing when it is all of them."""
    rows = CONFIG.runs[run].evaluate.benchmark_rows
    return "" if rows is None else f"--rows {rows}"


def evaluation_modes(modes, benchmarks):
    return [mode for mode in modes for _ in benchmarks]


EVALUATIONS = [
    (run, kind, modes, benchmarks, sampling, samples)
    for run, chosen in CONFIG.runs.items()
    for kind, modes, benchmarks, sampling, samples in [
        ("greedy", EVAL_MODES, chosen.build.benchmarks, "sampling", 1),
        ("sampled", SELECTION_MODES, chosen.evaluate.selection_benchmarks, "selection_sampling", chosen.evaluate.selection_samples),
    ]
    if benchmarks
]

for run, kind, modes, benchmarks, sampling, samples in EVALUATIONS:
    hardware = CONFIG.runs[run].hardware
    sharded = hardware.shards > 1
    folder = f"eval/shards/{kind}/{{shard}}" if sharded else "eval"
    job = folder if sharded else f"eval/{kind}"

    rule:
        name:
            f"sample_responses_{run}_{kind}"
        input:
            model=f"results/{run}/{{policy}}/model",
            benchmarks=[f"data/benchmarks/{benchmark}.parquet" for benchmark in benchmarks],
        output:
            [temp(path) if sharded else path for path in evaluation_files(run, modes, benchmarks, "responses.parquet", folder)],
        log:
            f"logs/results/{run}/{{policy}}/{job}.log",
        benchmark:
            f"logs/results/{run}/{{policy}}/{job}.timing.tsv"
        conda:
            "../envs/sample.yaml"
        threads: hardware.cpus
        resources:
            gpu=hardware.gpus,
            nodes=1,
            mem_mb=memory_mb_of(hardware),
            runtime=walltime_of(hardware),
        params:
            python=CONFIG.runs[run].engine.python,
            queries=evaluation_queries(modes, benchmarks),
            modes=evaluation_modes(modes, benchmarks),
            rows=row_limit(run),
            samples=samples,
            seed=policy_seed,
            method=CONFIG.runs[run].method,
            profile=policy_profile,
            settings=evaluation_settings(run, sampling),
            shard=shard_option if sharded else "",
            checkpoints=f"checkpoints/{run}/{{policy}}/{job}",
        shell:
            "exec {params.python} workflow_scripts/sample_rollouts.py --model {input.model:q} --queries {params.queries:q}"
            " {params.rows} --mode {params.modes} --out {output:q} --samples {params.samples} --seed {params.seed}"
            " --method {params.method} --profile {params.profile} --workers {threads} --gpus {resources.gpu} {params.shard} --settings {params.settings:q}"
            " --checkpoints {params.checkpoints:q} > {log:q} 2>&1"

    if sharded:

        rule:
            name:
                f"merge_responses_{run}_{kind}"
            input:
                sum((shards_in(run, path) for path in evaluation_files(run, modes, benchmarks, "responses.parquet", folder)), []),
            output:
                evaluation_files(run, modes, benchmarks, "responses.parquet"),
            log:
                f"logs/results/{run}/{{policy}}/eval/{kind}.log",
            conda:
                "../envs/analysis.yaml"
            shell:
                "python workflow_scripts/merge_shards.py --shards {input:q} --out {output:q} > {log:q} 2>&1"

    rule:
        name:
            f"grade_responses_{run}_{kind}"
        input:
            rollouts=evaluation_files(run, modes, benchmarks, "responses.parquet"),
            queries=[f"data/benchmarks/{benchmark}.parquet" for benchmark in benchmarks],
        output:
            evaluation_files(run, modes, benchmarks, "grades.parquet"),
        log:
            f"logs/results/{run}/{{policy}}/eval/{kind}_grades.log",
        benchmark:
            f"logs/results/{run}/{{policy}}/eval/{kind}_grades.timing.tsv"
        group:
            "grade"
        conda:
            "../envs/analysis.yaml"
        threads: 1
        params:
            method=CONFIG.runs[run].method,
            settings=settings.dumps(CONFIG.runs[run].evaluation_grading),
        shell:
            "python workflow_scripts/grade_rollouts.py --rollouts {input.rollouts:q} --queries {input.queries:q}"
            " --out {output:q} --workers {threads} --method {params.method} --settings {params.settings:q} > {log:q} 2>&1"

    rule:
        name:
            f"score_responses_{run}_{kind}"
        input:
            grades=evaluation_files(run, modes, benchmarks, "grades.parquet"),
            benchmarks=[f"data/benchmarks/{benchmark}.parquet" for benchmark in benchmarks],
            contaminated=contaminated_items(run),
        output:
            evaluation_files(run, modes, benchmarks, "scores.json"),
        log:
            f"logs/results/{run}/{{policy}}/eval/{kind}_scores.log",
        group:
            "grade"
        conda:
            "../envs/analysis.yaml"
        params:
            queries=evaluation_queries(modes, benchmarks),
            rows=row_limit(run),
        shell:
            "python workflow_scripts/score_responses.py --grades {input.grades:q} --queries {params.queries:q}"
            " {params.rows} --items {input.contaminated:q} --out {output:q} > {log:q} 2>&1"
