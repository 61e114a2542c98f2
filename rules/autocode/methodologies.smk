"""Evaluate a methodology that a run adds to CoT and code (`methodologies`), mode by mode: the jobs of the others stay as they are.

These rules are those of ../evaluate.smk and ../judge.smk for a single mode: programs, inputs and resources stand there. Greedy responses
and those sampled for labels differ in settings alone.
"""

ADDED = one_of(added_modes())


use rule sample_responses as sample_methodology with:
    """Responses of a policy that is told to use the methodology."""
    input:
        model="results/{run}/{policy}/model",
        queries=benchmark_in_mode,
    output:
        "results/{run}/{policy}/eval/{mode}/{benchmark}/responses.parquet",
    log:
        "logs/results/{run}/{policy}/eval/{mode}/{benchmark}.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/{mode}/{benchmark}.timing.tsv"
    wildcard_constraints:
        run=one_of(whole("evaluate", ["autocode"])),
        mode=ADDED,
    conda:
        "../../envs/sample.yaml"
    params:
        modes=lambda wildcards: wildcards.mode,
        samples=samples_in_mode,
        settings=settings_of_mode,
        checkpoints="checkpoints/{run}/{policy}/eval/{mode}/{benchmark}",


use rule sample_methodology as sample_methodology_shard with:
    """One of so many parts of them."""
    output:
        temp("results/{run}/{policy}/eval/{mode}/{benchmark}/shards/{shard}.parquet"),
    log:
        "logs/results/{run}/{policy}/eval/{mode}/{benchmark}/{shard}.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/{mode}/{benchmark}/{shard}.timing.tsv"
    wildcard_constraints:
        run=one_of(sharded("evaluate", ["autocode"])),
        mode=ADDED,
    conda:
        "../../envs/sample.yaml"
    params:
        shard=shard_option,
        checkpoints="checkpoints/{run}/{policy}/eval/{mode}/{benchmark}/{shard}",


use rule grade_responses as grade_methodology with:
    """Grades of these responses."""
    input:
        rollouts="results/{run}/{policy}/eval/{mode}/{benchmark}/responses.parquet",
        queries="data/benchmarks/{benchmark}.parquet",
        critic=critic_of_judge,
    output:
        "results/{run}/{policy}/eval/{mode}/{benchmark}/{judge}/grades.parquet",
    log:
        "logs/results/{run}/{policy}/eval/{mode}/{benchmark}/{judge}/grades.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/{mode}/{benchmark}/{judge}/grades.timing.tsv"
    wildcard_constraints:
        run=runs_of("autocode"),
        mode=ADDED,
        judge=RULE_JUDGES,
    conda:
        "../../envs/analysis.yaml"
    params:
        checkpoints="checkpoints/{run}/{policy}/eval/{mode}/{benchmark}/{judge}",


use rule grade_methodology as grade_methodology_by_critic with:
    """Grades by a critic."""
    wildcard_constraints:
        run=runs_of("autocode"),
        mode=ADDED,
        judge=CRITIC_JUDGES,
    group:
        "grade_by_critic"
    conda:
        "../../envs/train.yaml"
    threads: cores("score")
    resources:
        **asks("score"),


use rule score_responses as score_methodology with:
    """Accuracy, code rates and failures of these responses."""
    input:
        grades="results/{run}/{policy}/eval/{mode}/{benchmark}/{judge}/grades.parquet",
        queries="data/benchmarks/{benchmark}.parquet",
        overlap=overlap_with_training,
    output:
        "results/{run}/{policy}/eval/{mode}/{benchmark}/{judge}/scores.json",
    log:
        "logs/results/{run}/{policy}/eval/{mode}/{benchmark}/{judge}/scores.log",
    wildcard_constraints:
        run=runs_of("autocode"),
        mode=ADDED,
    conda:
        "../../envs/analysis.yaml"
