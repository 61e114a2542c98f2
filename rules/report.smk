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
        [in_report("tables", f"results/{{run}}/tables/{table}.csv", *shown) for table, shown in TABLES.items()],
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
        [in_report("figures", f"results/{{run}}/figures/{figure}.svg", *shown) for figure, shown in FIGURES.items()],
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
        in_report("tables", "logs/results/{run}/costs.csv", "Costs", "hours and memory by stage (CSV)"),
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
        in_report("pages", "reports/{run}/summary.html", "Summary", "read first: claims, effects, cost, all tables"),
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
        in_report("pages", "reports/{run}/responses.html", "Responses", "search and read the responses"),
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
