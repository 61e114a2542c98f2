"""Judge: grades of rollouts and responses by a judge, and the scores of an evaluation. CPU only, unless a critic judges; minutes.

Reads rollouts or responses, the queries with their reference answers, and the critic that a judge's name holds; writes
{judge}/grades.parquet beside them, and {judge}/scores.json beside those of an evaluation. Another judge is another path: nothing is
sampled again. GREEDY and SAMPLED are the modes of evaluate.smk, graded together as they were sampled.

Rules judge on CPUs (stage `judge`), a critic scores as training data are scored (stage `score`): each has a rule of its own.
"""

RULE_JUDGES = one_of(configuration.JUDGES)
GRADING = (
    "exec python workflow_scripts/grade_rollouts.py --rollouts {input.rollouts:q} --queries {input.queries:q} --out {output:q}"
    " --judge {wildcards.judge} {params.critic} --method {params.method} --workers {threads} --settings {params.settings:q}"
    " --checkpoints {params.checkpoints:q} > {log:q} 2>&1"
)
"""How a judge grades tables of rollouts."""
SCORING = (
    "exec python workflow_scripts/score_responses.py --grades {input.grades:q} --queries {input.queries:q} {params.rows}"
    " --overlap {input.overlap:q} --out {output:q} > {log:q} 2>&1"
)
"""How an evaluation is scored."""


rule grade_rollouts:
    """Grades of explored rollouts."""
    input:
        rollouts="results/{run}/{policy}/explore/{mode}/{pool}/rollouts.parquet",
        queries="results/{run}/data/{pool}.parquet",
        critic=critic_of_judge,
    output:
        "results/{run}/{policy}/explore/{mode}/{pool}/{judge}/grades.parquet",
    log:
        "logs/results/{run}/{policy}/explore/{mode}/{pool}/{judge}/grades.log",
    benchmark:
        "logs/results/{run}/{policy}/explore/{mode}/{pool}/{judge}/grades.timing.tsv"
    wildcard_constraints:
        judge=RULE_JUDGES,
    conda:
        "../envs/analysis.yaml"
    threads: cores("judge")
    resources:
        **asks("judge"),
    params:
        method=method_name,
        settings=grading("grading"),
        critic=critic_options("--critic-model"),
        checkpoints="checkpoints/{run}/{policy}/explore/{mode}/{pool}/{judge}",
    shell:
        GRADING


use rule grade_rollouts as grade_rollouts_by_critic with:
    """Grades of rollouts by a critic, or by a cascade with one in it."""
    wildcard_constraints:
        judge=CRITIC_JUDGES,
    conda:
        "../envs/train.yaml"
    threads: cores("score")
    resources:
        **asks("score"),


rule grade_responses:
    """Grades of greedy responses to a benchmark."""
    input:
        rollouts=in_each(GREEDY, "results/{run}/{policy}/eval/{mode}/{benchmark}/responses.parquet"),
        queries="data/benchmarks/{benchmark}.parquet",
        critic=critic_of_judge,
    output:
        in_each(GREEDY, "results/{run}/{policy}/eval/{mode}/{benchmark}/{judge}/grades.parquet"),
    log:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}/{judge}/grades.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}/{judge}/grades.timing.tsv"
    wildcard_constraints:
        run=runs_of("autocode"),
        judge=RULE_JUDGES,
    group:
        "grade"
    conda:
        "../envs/analysis.yaml"
    threads: cores("judge")
    resources:
        **asks("judge"),
    params:
        method=method_name,
        settings=grading("evaluation_grading"),
        critic=critic_options("--critic-model"),
        checkpoints="checkpoints/{run}/{policy}/eval/greedy/{benchmark}/{judge}",
    shell:
        GRADING


use rule grade_responses as grade_labels with:
    """Grades of the sampled responses, by rules alone."""
    input:
        rollouts=in_each(SAMPLED, "results/{run}/{policy}/eval/{mode}/{benchmark}/responses.parquet"),
        queries="data/benchmarks/{benchmark}.parquet",
        critic=critic_of_judge,
    output:
        in_each(SAMPLED, "results/{run}/{policy}/eval/{mode}/{benchmark}/{judge}/grades.parquet"),
    log:
        "logs/results/{run}/{policy}/eval/sampled/{benchmark}/{judge}/grades.log",
    benchmark:
        "logs/results/{run}/{policy}/eval/sampled/{benchmark}/{judge}/grades.timing.tsv"
    params:
        checkpoints="checkpoints/{run}/{policy}/eval/sampled/{benchmark}/{judge}",


use rule grade_responses as grade_responses_by_critic with:
    """Grades of greedy responses by a critic."""
    wildcard_constraints:
        run=runs_of("autocode"),
        judge=CRITIC_JUDGES,
    group:
        "grade_by_critic"
    conda:
        "../envs/train.yaml"
    threads: cores("score")
    resources:
        **asks("score"),


rule score_responses:
    """Accuracy, code rates and failures of an evaluation, and how many of its items training data had seen."""
    input:
        grades=in_each(GREEDY, "results/{run}/{policy}/eval/{mode}/{benchmark}/{judge}/grades.parquet"),
        queries="data/benchmarks/{benchmark}.parquet",
        overlap=overlap_with_training,
    output:
        in_each(GREEDY, "results/{run}/{policy}/eval/{mode}/{benchmark}/{judge}/scores.json"),
    log:
        "logs/results/{run}/{policy}/eval/greedy/{benchmark}/{judge}/scores.log",
    wildcard_constraints:
        run=runs_of("autocode"),
    group:
        "grade"
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("judge"),
    params:
        rows=benchmark_rows,
    shell:
        SCORING
