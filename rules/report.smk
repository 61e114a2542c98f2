"""Report: tables, figures, pages to read, and what the HTML report shows of them. CPU only; minutes.

Reads scores, grades, Q-values and training logs of a run: `tabulated`, and `browsed` for the texts behind them; a method lists both
(AutoCode's are in `mathcode.methods.autocode.artifacts`). Writes results/{run}/tables and results/{run}/figures, what the run cost
(it stands with the logs), and two pages: reports/{run}/summary.html, to read first, and the responses behind the numbers.
`snakemake RUN --report reports/RUN.html` puts them into one page that needs no network. Which tables, figures and pages there are
is said once, in the index of the method (`mathcode.methods.*.report.index`); rules are made from it, for the runs that end alike.
"""

from mathcode.report import index


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


for ending, method, tables, runs in endings():
    CSV = [f"results/{{run}}/tables/{table.name}.csv" for table in tables]

    rule:
        """The tables of a run, ours beside the paper's."""
        name:
            f"tabulate_{ending}"
        input:
            results=tabulated,
            benchmarks=benchmarks_of_run,
            published=published(tables),
        output:
            [in_report(path, table, method.name) for path, table in zip(CSV, tables)],
        log:
            "logs/results/{run}/tables.log",
        wildcard_constraints:
            run=runs,
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

    rule:
        """The same tables for a paper."""
        name:
            f"export_latex_{ending}"
        input:
            CSV,
        output:
            [f"results/{{run}}/tables/{table.name}.tex" for table in tables],
        log:
            "logs/results/{run}/tables_latex.log",
        wildcard_constraints:
            run=runs,
        conda:
            "../envs/analysis.yaml"
        resources:
            **asks("report"),
        params:
            method=method_name,
        shell:
            "exec python workflow_scripts/export_latex.py --method {params.method} --tables {input:q} --out {output:q} > {log:q} 2>&1"

    rule:
        """The figures of a run."""
        name:
            f"plot_{ending}"
        input:
            results=tabulated,
            benchmarks=benchmarks_of_run,
        output:
            [in_report(f"results/{{run}}/figures/{figure.name}.svg", figure, method.name) for figure in method.figures],
            for_papers=[f"results/{{run}}/figures/{figure.name}.pdf" for figure in method.figures],
        log:
            "logs/results/{run}/figures.log",
        wildcard_constraints:
            run=runs,
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

    rule:
        """The page to read first: the answer, claims, worked examples, cost, and every table."""
        name:
            f"write_summary_{ending}"
        input:
            tables=CSV,
            costs="logs/results/{run}/costs.csv",
            figure=f"results/{{run}}/figures/{method.figures[0].name}.svg",
            examples=exemplified,
            benchmarks=benchmarks_of_run,
            published=published([method.item("page", "summary")]),
        output:
            in_report("reports/{run}/summary.html", method.item("page", "summary"), method.name),
        log:
            "logs/reports/{run}/summary.log",
        wildcard_constraints:
            run=runs,
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

    rule:
        """The responses behind the numbers, to search and read."""
        name:
            f"browse_{ending}"
        input:
            graded=tabulated,
            responses=browsed,
            benchmarks=benchmarks_of_run,
        output:
            in_report("reports/{run}/responses.html", method.item("page", "responses"), method.name),
        log:
            "logs/reports/{run}/responses.log",
        wildcard_constraints:
            run=runs,
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
