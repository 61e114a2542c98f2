"""Evaluate, as all methods do, in SIaM's one mode: greedy responses, and samples on which lengths are measured.

These rules are those of ../evaluate.smk and ../judge.smk with other paths: programs, inputs and resources stand there.
Files of benchmarks that a run joins are made by the rules of together.smk.
"""


use rule sample_responses as sample_programs with:
    """Greedy programs, one an item, with what they printed."""
    output:
        "results/{run}/{policy}/eval/code/{benchmark}/responses.parquet",
    log:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}.timing.tsv"
    wildcard_constraints:
        run=alone(whole("evaluate", ["siam"])),
    conda:
        "../../envs/sample.yaml"
    params:
        modes="code",
        checkpoints="checkpoints/{run}/{policy}/eval/greedy/{benchmark}",


use rule sample_programs as sample_lengths with:
    """Sampled responses, on which lengths are measured."""
    output:
        "results/{run}/{policy}/eval/code_sampled/{benchmark}/responses.parquet",
    log:
        "logs/results/{run}/{policy}/eval/sampled/{benchmark}.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/sampled/{benchmark}.timing.tsv"
    conda:
        "../../envs/sample.yaml"
    params:
        modes="code_sampled",
        samples=lambda wildcards: CONFIG.runs[wildcards.run].evaluate.samples,
        settings=sampling_settings(lambda run: run.evaluate.sampled),
        checkpoints="checkpoints/{run}/{policy}/eval/sampled/{benchmark}",


use rule sample_programs as sample_programs_shard with:
    """One of so many parts of the greedy programs."""
    output:
        temp("results/{run}/{policy}/eval/code/{benchmark}/shards/{shard}.parquet"),
    log:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}/{shard}.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}/{shard}.timing.tsv"
    wildcard_constraints:
        run=one_of(sharded("evaluate", ["siam"])),
    conda:
        "../../envs/sample.yaml"
    params:
        shard=shard_option,
        checkpoints="checkpoints/{run}/{policy}/eval/greedy/{benchmark}/{shard}",


use rule sample_lengths as sample_lengths_shard with:
    """One of so many parts of the sampled responses."""
    output:
        temp("results/{run}/{policy}/eval/code_sampled/{benchmark}/shards/{shard}.parquet"),
    log:
        "logs/results/{run}/{policy}/eval/sampled/{benchmark}/{shard}.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/sampled/{benchmark}/{shard}.timing.tsv"
    wildcard_constraints:
        run=one_of(sharded("evaluate", ["siam"])),
    conda:
        "../../envs/sample.yaml"
    params:
        shard=shard_option,
        checkpoints="checkpoints/{run}/{policy}/eval/sampled/{benchmark}/{shard}",


use rule grade_responses as grade_programs with:
    """Grades of greedy programs by rules."""
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
        run=alone(SIAM_RUNS),
        mode="code|code_sampled",
        judge=RULE_JUDGES,
    conda:
        "../../envs/analysis.yaml"
    params:
        checkpoints="checkpoints/{run}/{policy}/eval/{mode}/{benchmark}/{judge}",


use rule grade_programs as grade_programs_by_critic with:
    """Grades of greedy programs by a critic."""
    wildcard_constraints:
        run=alone(SIAM_RUNS),
        mode="code|code_sampled",
        judge=CRITIC_JUDGES,
    group:
        "grade_by_critic"
    conda:
        "../../envs/train.yaml"
    threads: cores("score")
    resources:
        **asks("score"),


use rule score_responses as score_programs with:
    """Accuracy and failures of an evaluation."""
    input:
        grades="results/{run}/{policy}/eval/code/{benchmark}/{judge}/grades.parquet",
        queries="data/benchmarks/{benchmark}.parquet",
        overlap=overlap_with_training,
    output:
        "results/{run}/{policy}/eval/code/{benchmark}/{judge}/scores.json",
    log:
        "logs/results/{run}/{policy}/eval/code/{benchmark}/{judge}/scores.log",
    wildcard_constraints:
        run=alone(SIAM_RUNS),
    conda:
        "../../envs/analysis.yaml"
