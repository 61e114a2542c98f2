"""Report: tables, figures, pages to read, and what the HTML report shows of them. CPU only; minutes.

Reads scores, grades, Q-values and training logs of a run; writes results/{run}/tables and results/{run}/figures, what the run
cost, which stands with its logs, and two pages: reports/{run}/summary.html, to read first, and the responses behind the numbers.
`snakemake RUN --report reports/RUN.html` puts them into one page that needs no network.
"""


rule tabulate_results:
    """The tables of a run, ours beside the paper's."""
    input:
        results=report_inputs,
        published=PUBLISHED,
    output:
        claims=report(
            "results/{run}/tables/claims.csv",
            caption="../reports/captions/claims.rst",
            category="Summary",
            labels={"run": "{run}", "what": "claims (CSV)"},
        ),
        main=report(
            "results/{run}/tables/main.csv",
            caption="../reports/captions/main.rst",
            category="Main results",
            labels={"run": "{run}", "what": "Table 1: main results (CSV)"},
        ),
        ablation=report(
            "results/{run}/tables/ablation.csv",
            caption="../reports/captions/ablation.rst",
            category="Ablations",
            labels={"run": "{run}", "what": "Table 2: ablations (CSV)"},
        ),
        selection=report(
            "results/{run}/tables/selection.csv",
            caption="../reports/captions/selection.rst",
            category="Learned strategy",
            labels={"run": "{run}", "what": "Table 3: selection (CSV)"},
        ),
        dictation=report(
            "results/{run}/tables/dictation.csv",
            caption="../reports/captions/dictation.rst",
            category="Main results",
            labels={"run": "{run}", "what": "Table 4: dictation (CSV)"},
        ),
        sft_sources=report(
            "results/{run}/tables/sft_sources.csv",
            caption="../reports/captions/sft_sources.rst",
            category="Training",
            labels={"run": "{run}", "what": "Table 5: SFT sources (CSV)"},
        ),
        rounds=report(
            "results/{run}/tables/rounds.csv",
            caption="../reports/captions/rounds.rst",
            category="Learned strategy",
            labels={"run": "{run}", "what": "Table 6: rounds (CSV)"},
        ),
        regimes=report(
            "results/{run}/tables/regimes.csv",
            caption="../reports/captions/regimes.rst",
            category="Training",
            labels={"run": "{run}", "what": "training regimes (CSV)"},
        ),
        samples=report(
            "results/{run}/tables/samples.csv",
            caption="../reports/captions/samples.rst",
            category="Main results",
            labels={"run": "{run}", "what": "pass@k and maj@k (CSV)"},
        ),
    log:
        "logs/results/{run}/tables.log",
    conda:
        "../envs/analysis.yaml"
    params:
        plan=plan_json,
        results="results/{run}",
        tables="results/{run}/tables",
    shell:
        "python workflow_scripts/tabulate_results.py --results {params.results:q} --plan {params.plan:q}"
        " --out-dir {params.tables:q} > {log:q} 2>&1"


rule export_latex:
    """The tables for a paper."""
    input:
        [f"results/{{run}}/tables/{table}.csv" for table in TABLES],
    output:
        [f"results/{{run}}/tables/{table}.tex" for table in TABLES],
    log:
        "logs/results/{run}/tables_latex.log",
    conda:
        "../envs/analysis.yaml"
    shell:
        "python workflow_scripts/export_latex.py --tables {input:q} --out {output:q} > {log:q} 2>&1"


rule plot_figures:
    """The figures of a run."""
    input:
        report_inputs,
    output:
        accuracy_by_mode=report(
            "results/{run}/figures/accuracy_by_mode.svg",
            caption="../reports/captions/accuracy_by_mode.rst",
            category="Main results",
            labels={"run": "{run}", "what": "accuracy by mode"},
        ),
        iterations=report(
            "results/{run}/figures/iterations.svg",
            caption="../reports/captions/iterations.rst",
            category="Ablations",
            labels={"run": "{run}", "what": "auto over iterations"},
        ),
        alignment=report(
            "results/{run}/figures/alignment.svg",
            caption="../reports/captions/alignment.rst",
            category="Learned strategy",
            labels={"run": "{run}", "what": "alignment"},
        ),
        q_values=report(
            "results/{run}/figures/q_values.svg",
            caption="../reports/captions/q_values.rst",
            category="Learned strategy",
            labels={"run": "{run}", "what": "Q-values and labels"},
        ),
        calibration=report(
            "results/{run}/figures/calibration.svg",
            caption="../reports/captions/calibration.rst",
            category="Learned strategy",
            labels={"run": "{run}", "what": "calibration of the prior"},
        ),
        rounds=report(
            "results/{run}/figures/rounds.svg",
            caption="../reports/captions/rounds_figure.rst",
            category="Learned strategy",
            labels={"run": "{run}", "what": "rounds"},
        ),
        programs=report(
            "results/{run}/figures/programs.svg",
            caption="../reports/captions/programs.rst",
            category="Learned strategy",
            labels={"run": "{run}", "what": "from a program to a right answer"},
        ),
        code_rate_distribution=report(
            "results/{run}/figures/code_rate_distribution.svg",
            caption="../reports/captions/code_rate_distribution.rst",
            category="Learned strategy",
            labels={"run": "{run}", "what": "code rate by query"},
        ),
        training_health=report(
            "results/{run}/figures/training_health.svg",
            caption="../reports/captions/training_health.rst",
            category="Training",
            labels={"run": "{run}", "what": "training health"},
        ),
        for_papers=[f"results/{{run}}/figures/{figure}.pdf" for figure in FIGURES],
    log:
        "logs/results/{run}/figures.log",
    conda:
        "../envs/analysis.yaml"
    params:
        plan=plan_json,
        results="results/{run}",
        figures="results/{run}/figures",
    shell:
        "python workflow_scripts/plot_figures.py --run {wildcards.run} --results {params.results:q} --plan {params.plan:q}"
        " --out-dir {params.figures:q} > {log:q} 2>&1"


rule tabulate_costs:
    """Hours, GPU hours and memory of each stage, when everything has run. It differs between runs, so it stands with the logs."""
    input:
        report_inputs,
    output:
        report(
            "logs/results/{run}/costs.csv",
            caption="../reports/captions/costs.rst",
            category="Costs",
            labels={"run": "{run}", "what": "hours and memory by stage (CSV)"},
        ),
    log:
        "logs/results/{run}/costs.log",
    conda:
        "../envs/analysis.yaml"
    params:
        gpus=gpus_by_stage,
        logs="logs/results/{run}",
    shell:
        "python workflow_scripts/tabulate_costs.py --logs {params.logs:q} --gpus {params.gpus:q} --out {output:q} > {log:q} 2>&1"


rule write_summary:
    """The page to read first: claims, effects, cost, and every table."""
    input:
        tables=[f"results/{{run}}/tables/{table}.csv" for table in TABLES],
        costs="logs/results/{run}/costs.csv",
        figure="results/{run}/figures/accuracy_by_mode.svg",
        published="data/published/discrepancies.csv",
    output:
        report(
            "reports/{run}/summary.html",
            caption="../reports/captions/summary.rst",
            category="Summary",
            labels={"run": "{run}", "what": "read first: claims, effects, cost, all tables"},
        ),
    log:
        "logs/reports/{run}/summary.log",
    conda:
        "../envs/analysis.yaml"
    params:
        plan=plan_json,
        about=about_json,
    shell:
        "python workflow_scripts/write_summary.py --run {wildcards.run} --plan {params.plan:q} --about {params.about:q}"
        " --tables {input.tables:q} --costs {input.costs:q} --figure {input.figure:q} --out {output:q} > {log:q} 2>&1"


rule browse_responses:
    """The responses behind the numbers, to search and read."""
    input:
        graded=report_inputs,
        responses=response_inputs,
        benchmarks=benchmarks_of_run,
    output:
        report(
            "reports/{run}/responses.html",
            caption="../reports/captions/responses.rst",
            category="Responses",
            labels={"run": "{run}", "what": "search and read the responses"},
        ),
    log:
        "logs/reports/{run}/responses.log",
    conda:
        "../envs/analysis.yaml"
    params:
        plan=plan_json,
        results="results/{run}",
    shell:
        "python workflow_scripts/browse_responses.py --run {wildcards.run} --results {params.results:q} --plan {params.plan:q}"
        " --benchmarks {input.benchmarks:q} --out {output:q} > {log:q} 2>&1"
