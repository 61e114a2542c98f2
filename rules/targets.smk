"""What a run ends with, and what the programs that report it are told of it."""


def families_of(run):
    return {name: CONFIG.families[name] for name in CONFIG.runs[run].build.families}


def has_sft(run):
    return any("sft" in family.learned_from for family in families_of(run).values())


def tabulated(wildcards):
    """Everything the tables and figures of a run are made of."""
    method = CONFIG.method(wildcards.run)
    needed = method.tabulated(CONFIG.runs[wildcards.run], families_of(wildcards.run))
    return [paths.in_run(wildcards.run, path) for path in needed]


def browsed(wildcards):
    """The texts behind them."""
    method = CONFIG.method(wildcards.run)
    return [paths.in_run(wildcards.run, path) for path in method.browsed(CONFIG.runs[wildcards.run])]


def exemplified(wildcards):
    """What worked examples on the page to read first are taken from."""
    method = CONFIG.method(wildcards.run)
    return [paths.in_run(wildcards.run, path) for path in method.exemplified(CONFIG.runs[wildcards.run])]


def benchmarks_of_run(wildcards):
    return [f"data/benchmarks/{name}.parquet" for name in CONFIG.runs[wildcards.run].build.benchmarks]


def about_json(wildcards):
    """What a run is made of, for the page to read first."""
    run = CONFIG.runs[wildcards.run]
    about = {
        "description": run.description,
        "queries": run.data.queries,
        "sft": run.data.sft if has_sft(wildcards.run) else [],
        "queries_per_iteration": run.explore.queries_per_iteration,
        "samples": run.explore.samples,
        "engine": run.engine.name,
        "hardware": "; ".join(
            f"{stage}: GPUs {ask.gpus * ask.nodes}, cores {ask.cpus}, memory {ask.memory_gb} GB"
            for stage, ask in (("sampling", run.resources.explore), ("training", run.resources.train))
        ),
    }
    return json.dumps(about, sort_keys=True)


def plan_json(wildcards):
    """What a run built, for the programs that make tables and figures."""
    run = CONFIG.runs[wildcards.run]
    shown = {"label", "published", "precondition", "pretrained"}
    families = {name: family.model_dump(include=shown) for name, family in families_of(wildcards.run).items()}
    plan = {
        **{name: getattr(run.build, name) for name in ("seeds", "benchmarks", "iterations")},
        "families": families,
        "names": {name: CONFIG.sources.labels[name] for name in run.build.benchmarks if name in CONFIG.sources.labels},
        "experiments": {name: run.experiments[name].label for name in run.build.experiments},
        **CONFIG.method(wildcards.run).planned(run),
        "sft": run.data.sft if has_sft(wildcards.run) else [],
    }
    return json.dumps(plan, sort_keys=True)


def run_targets(run):
    """What a run ends with."""
    if run in CONFIG.left_out:
        refuse(CONFIG.left_out[run])
    method = CONFIG.method(run)
    return [
        *[paths.in_run(run, paths.table(table.name, kind)) for table in method.tables_of(CONFIG.runs[run]) for kind in ("csv", "tex")],
        *[paths.in_run(run, paths.figure(figure.name, kind)) for figure in method.figures for kind in ("svg", "pdf")],
        *[paths.page(run, page.name) for page in method.pages],
        paths.costs(run),
    ]


def endings():
    """What runs end with: a name, the method, the tables, and the pattern of the runs that end so; figures and pages are the method's."""
    for method in configuration.METHODS.values():
        alike = {}
        for name, run in CONFIG.runs.items():
            if run.method == method.name and method.items:
                alike.setdefault(tuple(method.tables_of(run)), []).append(name)
        for tables, runs in alike.items():
            yield method.name + ("" if tables == tuple(method.tables) else "_judged"), method, tables, one_of(runs)
