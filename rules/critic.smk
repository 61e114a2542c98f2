"""Critics: cases they learn from, and cases on which any judges are compared. CPU jobs, but for what a critic reads.

Reads queries of pools and benchmarks, and graded rollouts where the settings of a critic say so. Writes critics/{critic}/seed{seed}
(cases, training; train.smk trains it), cases/{case_set}.parquet, and what each judge says of them: verdicts.parquet.
"""


rule build_cases:
    """Labelled cases that a critic learns from: its policy's own programs, references in other forms, near misses, attacks."""
    input:
        queries=queries_of_critic,
        rollouts=rollouts_of_critic,
        grades=grades_of_critic,
    output:
        "results/{run}/critics/{critic}/seed{seed}/cases.parquet",
    log:
        "logs/results/{run}/critics/{critic}/seed{seed}/cases.log",
    benchmark:
        "logs/results/{run}/critics/{critic}/seed{seed}/cases.timing.tsv"
    conda:
        "../envs/analysis.yaml"
    threads: cores("judge")
    resources:
        **asks("judge"),
    params:
        settings=lambda wildcards: settings.dumps(critic_of(wildcards).cases),
        grading=section("grading"),
        rollouts=flag("rollouts"),
        grades=flag("grades"),
    shell:
        "exec python workflow_scripts/build_cases.py --queries {input.queries:q} {params.rollouts} {params.grades} --seed {wildcards.seed}"
        " --workers {threads} --settings {params.settings:q} --grading {params.grading:q} --out {output:q} > {log:q} 2>&1"


rule demonstrate_cases:
    """These cases as they are shown to the model that becomes a critic."""
    input:
        cases="results/{run}/critics/{critic}/seed{seed}/cases.parquet",
        model=tokenizer_of_critic,
    output:
        "results/{run}/critics/{critic}/seed{seed}/training.parquet",
    log:
        "logs/results/{run}/critics/{critic}/seed{seed}/training.log",
    conda:
        "../envs/train.yaml"
    resources:
        **asks("estimate"),
    params:
        shown=lambda wildcards: " ".join(
            f"--settings {shlex.quote(settings.dumps(settings.Critic(prompt=shown)))}" for shown in critic_of(wildcards).shown
        ),
    shell:
        "exec python workflow_scripts/demonstrate_cases.py --cases {input.cases:q} --model {input.model:q} {params.shown}"
        " --out {output:q} > {log:q} 2>&1"


rule build_case_set:
    """Cases that judges are compared on: made of benchmarks, or labelled by those who published them."""
    input:
        labelled=labelled_of_case_set,
        queries=queries_of_case_set,
        rollouts=responses_of_case_set,
        grades=grades_of_case_set,
    output:
        "results/{run}/cases/{case_set}.parquet",
    log:
        "logs/results/{run}/cases/{case_set}.log",
    conda:
        "../envs/analysis.yaml"
    threads: cores("judge")
    resources:
        **asks("judge"),
    params:
        settings=lambda wildcards: settings.dumps(case_set_of(wildcards).cases),
        grading=section("evaluation_grading"),
        made_of=lambda wildcards, input: " ".join(flag(kind)(wildcards, input) for kind in ("queries", "rollouts", "grades", "labelled")),
        rows=lambda wildcards: "" if case_set_of(wildcards).rows is None else f"--rows {case_set_of(wildcards).rows}",
    shell:
        "exec python workflow_scripts/build_cases.py {params.made_of} {params.rows} --seed 1"
        " --workers {threads} --settings {params.settings:q} --grading {params.grading:q} --out {output:q} > {log:q} 2>&1"


rule judge_cases:
    """What a judge says of a set of cases."""
    input:
        cases="results/{run}/cases/{case_set}.parquet",
        critic=critic_of_judge,
    output:
        "results/{run}/cases/{case_set}/seed{seed}/{judge}/verdicts.parquet",
    log:
        "logs/results/{run}/cases/{case_set}/seed{seed}/{judge}/verdicts.log",
    benchmark:
        "logs/results/{run}/cases/{case_set}/seed{seed}/{judge}/verdicts.timing.tsv"
    wildcard_constraints:
        judge=RULE_JUDGES,
    priority: 1  # Math-Verify takes half a minute: left for last, it runs alone
    conda:
        "../envs/analysis.yaml"
    threads: cores("judge")
    resources:
        **asks("judge"),
    params:
        settings=grading("evaluation_grading"),
        critic=critic_options("--model"),
        checkpoints="checkpoints/{run}/cases/{case_set}/seed{seed}/{judge}",
    shell:
        "exec python workflow_scripts/judge_cases.py --cases {input.cases:q} --judge {wildcards.judge} {params.critic} --workers {threads}"
        " --settings {params.settings:q} --checkpoints {params.checkpoints:q} --out {output:q} > {log:q} 2>&1"


use rule judge_cases as judge_cases_by_critic with:
    """What a critic says of the cases, with its scores."""
    wildcard_constraints:
        judge=CRITIC_JUDGES,
    conda:
        "../envs/train.yaml"
    threads: cores("score")
    resources:
        **asks("score"),
