"""Report, as all methods do, with SIaM's tables, figures and pages."""

SIAM = configuration.METHODS["siam"]
SIAM_TABLES = [f"results/{{run}}/tables/{table.name}.csv" for table in SIAM.tables]


use rule tabulate_results as tabulate_siam with:
    """SIaM's tables of a run."""
    input:
        results=tabulated,
        benchmarks=benchmarks_of_run,
        published=published(SIAM.tables),
    output:
        [in_report(path, table, SIAM.name) for path, table in zip(SIAM_TABLES, SIAM.tables)],
    wildcard_constraints:
        run=runs_of("siam"),
    conda:
        "../../envs/analysis.yaml"


use rule export_latex as export_latex_siam with:
    """The same tables as LaTeX."""
    input:
        SIAM_TABLES,
    output:
        [f"results/{{run}}/tables/{table.name}.tex" for table in SIAM.tables],
    wildcard_constraints:
        run=runs_of("siam"),
    conda:
        "../../envs/analysis.yaml"


use rule plot_figures as plot_siam with:
    """SIaM's figures of a run."""
    output:
        [in_report(f"results/{{run}}/figures/{figure.name}.svg", figure, SIAM.name) for figure in SIAM.figures],
        for_papers=[f"results/{{run}}/figures/{figure.name}.pdf" for figure in SIAM.figures],
    wildcard_constraints:
        run=runs_of("siam"),
    conda:
        "../../envs/analysis.yaml"


use rule write_summary as write_summary_siam with:
    """SIaM's summary page."""
    input:
        tables=SIAM_TABLES,
        costs="logs/results/{run}/costs.csv",
        figure=f"results/{{run}}/figures/{SIAM.figures[0].name}.svg",
        examples=exemplified,
        benchmarks=benchmarks_of_run,
        published=published([SIAM.item("page", "summary")]),
    output:
        in_report("reports/{run}/summary.html", SIAM.item("page", "summary"), SIAM.name),
    wildcard_constraints:
        run=runs_of("siam"),
    conda:
        "../../envs/analysis.yaml"


use rule browse_responses as browse_siam with:
    """SIaM's page of responses, disagreements of judges first."""
    output:
        in_report("reports/{run}/responses.html", SIAM.item("page", "responses"), SIAM.name),
    wildcard_constraints:
        run=runs_of("siam"),
    conda:
        "../../envs/analysis.yaml"
