"""External: response logs of others, measured as our own. CPU only; minutes.

Reads data/external/{name}.jsonl, a file of yours with rows id, question, gold, response and, where they differ, benchmark; writes
results/external/{name}/. Nothing is sampled or executed: programs count as run where the log shows their output.
"""


rule grade_external:
    """Answers, verdicts and code flags of a log."""
    input:
        "data/external/{name}.jsonl",
    output:
        "results/external/{name}/graded.jsonl",
    log:
        "logs/results/external/{name}/graded.log",
    group:
        "grade"
    conda:
        "../envs/analysis.yaml"
    threads: half_of_the_cores(2)
    resources:
        **light(),
    shell:
        "exec python workflow_scripts/grade_responses.py --responses {input:q} --benchmark {wildcards.name:q} --workers {threads}"
        " --out {output:q} > {log:q} 2>&1"


rule tabulate_external:
    """The log in the columns of Table 1."""
    input:
        "results/external/{name}/graded.jsonl",
    output:
        "results/external/{name}/tables/main.csv",
    log:
        "logs/results/external/{name}/tables/main.log",
    group:
        "grade"
    conda:
        "../envs/analysis.yaml"
    resources:
        **light(),
    shell:
        "exec python workflow_scripts/tabulate_external.py --graded {input:q} --name {wildcards.name:q} --out {output:q} > {log:q} 2>&1"
