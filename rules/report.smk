"""Report: tables, figures, pages to read, and what the HTML report shows of them. CPU only; minutes.

Reads scores, grades, Q-values and training logs of a run: `tabulated`, and `browsed` for the texts behind them; a method lists both
(AutoCode's are in `mathcode.methods.autocode.artifacts`). Writes results/{run}/tables and results/{run}/figures, what the run cost
(it stands with the logs), and two pages: reports/{run}/summary.html, to read first, and the responses behind the numbers.
`snakemake RUN --report reports/RUN.html` puts them into one page that needs no network. Which tables, figures and pages there are
is said once, in the index of the method (`mathcode.methods.*.report.index`).
"""

from mathcode.report import index

METHOD = configuration.METHODS["autocode"]
"""Rules cannot have other outputs for each run, so those with a method's items have them of this one."""
TABLES = [f"results/{{run}}/tables/{table.name}.csv" for table in METHOD.tables]


rule tabulate_results:
    """The tables of a run, ours beside the paper's."""
    input:
        results=tabulated,
        benchmarks=benchmarks_of_run,
        published=published(METHOD.tables),
    output:
        [in_report(path, table, METHOD.name) for path, table in zip(TABLES, METHOD.tables)],
    log:
        "logs/results/{run}/tables.log",
    wildcard_constraints:
        run=runs_of("autocode"),
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("report"),
    params:
        method=method_name,
        plan=plan_json,
        results="results/{run}",
        tables="results/{run}/tables",
    shell:
        "exec python workflow_scripts/tabulate_results.py --method {params.method} --results {params.results:q} --plan {params.plan:q}"
        " --benchmarks {input.benchmarks:q} --out-dir {params.tables:q} > {log:q} 2>&1"


rule export_latex:
    """The tables for a paper."""
    input:
        TABLES,
    output:
        [f"results/{{run}}/tables/{table.name}.tex" for table in METHOD.tables],
    log:
        "logs/results/{run}/tables_latex.log",
    wildcard_constraints:
        run=runs_of("autocode"),
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("report"),
    params:
        method=method_name,
    shell:
        "exec python workflow_scripts/export_latex.py --method {params.method} --tables {input:q} --out {output:q} > {log:q} 2>&1"


rule plot_figures:
    """The figures of a run."""
    input:
        results=tabulated,
        benchmarks=benchmarks_of_run,
    output:
        [in_report(f"results/{{run}}/figures/{figure.name}.svg", figure, METHOD.name) for figure in METHOD.figures],
        for_papers=[f"results/{{run}}/figures/{figure.name}.pdf" for figure in METHOD.figures],
    log:
        "logs/results/{run}/figures.log",
    wildcard_constraints:
        run=runs_of("autocode"),
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("report"),
    params:
        method=method_name,
        plan=plan_json,
        results="results/{run}",
        figures="results/{run}/figures",
    shell:
        "exec python workflow_scripts/plot_figures.py --method {params.method} --run {wildcards.run} --results {params.results:q}"
        " --plan {params.plan:q} --benchmarks {input.benchmarks:q} --out-dir {params.figures:q} > {log:q} 2>&1"


rule tabulate_costs:
    """Hours, GPU hours and memory of each stage, when everything has run. It differs between runs, so it stands with the logs."""
    input:
        tabulated,
    output:
        in_report("logs/results/{run}/costs.csv", index.COSTS),
    log:
        "logs/results/{run}/costs.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("report"),
    params:
        method=method_name,
        gpus=gpus_by_stage,
        logs="logs/results/{run}",
    shell:
        "exec python workflow_scripts/tabulate_costs.py --method {params.method} --logs {params.logs:q} --gpus {params.gpus:q}"
        " --out {output:q} > {log:q} 2>&1"


rule write_summary:
    """The page to read first: the answer, claims, worked examples, cost, and every table."""
    input:
        tables=TABLES,
        costs="logs/results/{run}/costs.csv",
        figure=f"results/{{run}}/figures/{METHOD.figures[0].name}.svg",
        examples=exemplified,
        benchmarks=benchmarks_of_run,
        published=published([METHOD.item("page", "summary")]),
    output:
        in_report("reports/{run}/summary.html", METHOD.item("page", "summary"), METHOD.name),
    log:
        "logs/reports/{run}/summary.log",
    wildcard_constraints:
        run=runs_of("autocode"),
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("report"),
    params:
        method=method_name,
        plan=plan_json,
        about=about_json,
        results=lambda wildcards: f"results/{wildcards.run}",
    shell:
        "exec python workflow_scripts/write_summary.py --method {params.method} --run {wildcards.run} --results {params.results:q}"
        " --plan {params.plan:q} --about {params.about:q} --benchmarks {input.benchmarks:q} --tables {input.tables:q}"
        " --costs {input.costs:q} --figure {input.figure:q} --out {output:q} > {log:q} 2>&1"


rule browse_responses:
    """The responses behind the numbers, to search and read."""
    input:
        graded=tabulated,
        responses=browsed,
        benchmarks=benchmarks_of_run,
    output:
        in_report("reports/{run}/responses.html", METHOD.item("page", "responses"), METHOD.name),
    log:
        "logs/reports/{run}/responses.log",
    wildcard_constraints:
        run=runs_of("autocode"),
    conda:
        "../envs/analysis.yaml"
    resources:
        **asks("report"),
    params:
        method=method_name,
        plan=plan_json,
        results="results/{run}",
    shell:
        "exec python workflow_scripts/browse_responses.py --method {params.method} --run {wildcards.run} --results {params.results:q}"
        " --plan {params.plan:q} --benchmarks {input.benchmarks:q} --out {output:q} > {log:q} 2>&1"
