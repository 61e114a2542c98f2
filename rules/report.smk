"""Report: tables, figures, and the summary page of a run, shown by `snakemake RUN --report FILE.html`.

Reads scores, grades, Q-values and training logs; writes results/{run}/tables and results/{run}/figures. CPU, seconds.
"""


def description(wildcards):
    return CONFIG.runs[wildcards.run].description


rule tabulate_results:
    """All tables of a run, and the page to read first."""
    input:
        results=report_inputs,
        published="data/published/by_policy.csv",
    output:
        summary=report(
            "results/{run}/tables/summary.html",
            caption="../reports/captions/summary.rst",
            category="Summary",
            labels={"run": "{run}", "what": "claims and all tables"},
        ),
        main=report(
            "results/{run}/tables/main.csv",
            caption="../reports/captions/main.rst",
            category="Tables",
            labels={"run": "{run}", "what": "main results (Table 1)"},
        ),
        ablation=report(
            "results/{run}/tables/ablation.csv",
            caption="../reports/captions/ablation.rst",
            category="Tables",
            labels={"run": "{run}", "what": "ablations (Table 2)"},
        ),
        selection=report(
            "results/{run}/tables/selection.csv",
            caption="../reports/captions/selection.rst",
            category="Tables",
            labels={"run": "{run}", "what": "selection accuracy (Table 3)"},
        ),
        dictation=report(
            "results/{run}/tables/dictation.csv",
            caption="../reports/captions/dictation.rst",
            category="Tables",
            labels={"run": "{run}", "what": "every policy in every mode (Table 4)"},
        ),
        sft_sources=report(
            "results/{run}/tables/sft_sources.csv",
            caption="../reports/captions/sft_sources.rst",
            category="Tables",
            labels={"run": "{run}", "what": "SFT sources (Table 5)"},
        ),
        rounds=report(
            "results/{run}/tables/rounds.csv",
            caption="../reports/captions/rounds.rst",
            category="Tables",
            labels={"run": "{run}", "what": "self-correction rounds (Table 6)"},
        ),
        claims=report(
            "results/{run}/tables/claims.csv",
            caption="../reports/captions/claims.rst",
            category="Tables",
            labels={"run": "{run}", "what": "the paper's claims"},
        ),
    log:
        "logs/results/{run}/tables.log",
    conda:
        "../envs/analysis.yaml"
    params:
        plan=plan_json,
        description=description,
    shell:
        "python workflow_scripts/tabulate_results.py --results results/{wildcards.run} --plan {params.plan:q} --published data/published"
        " --title {wildcards.run} --description {params.description:q} --out-dir results/{wildcards.run}/tables > {log:q} 2>&1"


rule plot_figures:
    """All figures of a run."""
    input:
        report_inputs,
    output:
        accuracy_by_mode=report(
            "results/{run}/figures/accuracy_by_mode.svg",
            caption="../reports/captions/accuracy_by_mode.rst",
            category="Figures",
            labels={"run": "{run}", "what": "accuracy and code rate by mode"},
        ),
        iterations=report(
            "results/{run}/figures/iterations.svg",
            caption="../reports/captions/iterations.rst",
            category="Figures",
            labels={"run": "{run}", "what": "curves over iterations"},
        ),
        alignment=report(
            "results/{run}/figures/alignment.svg",
            caption="../reports/captions/alignment.rst",
            category="Figures",
            labels={"run": "{run}", "what": "alignment with the oracle"},
        ),
        q_values=report(
            "results/{run}/figures/q_values.svg",
            caption="../reports/captions/q_values.rst",
            category="Figures",
            labels={"run": "{run}", "what": "Q-values and reference labels"},
        ),
        code_rate_distribution=report(
            "results/{run}/figures/code_rate_distribution.svg",
            caption="../reports/captions/code_rate_distribution.rst",
            category="Figures",
            labels={"run": "{run}", "what": "code rate over queries"},
        ),
        training_health=report(
            "results/{run}/figures/training_health.svg",
            caption="../reports/captions/training_health.rst",
            category="Figures",
            labels={"run": "{run}", "what": "training health"},
        ),
    log:
        "logs/results/{run}/figures.log",
    conda:
        "../envs/analysis.yaml"
    params:
        plan=plan_json,
    shell:
        "python workflow_scripts/plot_figures.py --results results/{wildcards.run} --plan {params.plan:q}"
        " --out-dir results/{wildcards.run}/figures > {log:q} 2>&1"
