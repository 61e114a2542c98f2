"""Functions of wildcards that find what AutoCode's stages read: what belongs to the policy before an iteration."""


def before(wildcards):
    """The policy that an iteration explores and trains on."""
    return paths.Policy(wildcards.experiment, wildcards.family, int(wildcards.seed), int(wildcards.iteration)).before


def model_before(wildcards):
    return paths.in_run(wildcards.run, paths.model(before(wildcards)))


def exploration_before(wildcards):
    """What an experiment uses of the exploration before it, as settings."""
    run, experiment = CONFIG.runs[wildcards.run], run_of(wildcards)
    if run.explore.adaptive and not run.decides_for(experiment):
        refuse(
            f"run '{wildcards.run}' stops sampling once its own labels are decided (explore.adaptive), but experiment"
            f" '{wildcards.experiment}' makes other labels: build that experiment in a run without explore.adaptive"
        )
    return experiment.explore


def rollouts_before(wildcards):
    modes = exploration_before(wildcards).modes
    return [paths.in_run(wildcards.run, paths.rollouts(before(wildcards), mode)) for mode in modes]


def grades_before(wildcards):
    explore = exploration_before(wildcards)
    return [paths.in_run(wildcards.run, paths.rollout_grades(before(wildcards), mode, explore.judge)) for mode in explore.modes]


def demonstrations_to_rehearse(wildcards):
    """What the start policy learned from, where an iteration learns some of it again."""
    if not run_of(wildcards).synthesize.rehearsal:
        return []
    if CONFIG.families[wildcards.family].precondition == "none":
        refuse(f"experiment '{wildcards.experiment}' rehearses SFT demonstrations, and family '{wildcards.family}' has no SFT")
    return [paths.in_run(wildcards.run, paths.of_policy(paths.Policy(paths.START, wildcards.family, int(wildcards.seed)), "training"))]


def with_methodologies(name, *unread):
    """Params function: a section as JSON, and as one key more the methodologies that the run adds to CoT and code, where it does."""

    def as_json(wildcards):
        added = CONFIG.method(wildcards.run).added(CONFIG.runs[wildcards.run])
        return told(getattr(run_of(wildcards), name).model_dump() | added, *unread)

    return as_json


def adaptive_settings(wildcards):
    """When a query is sampled no further: the rule, how labels are made, and what of grading changes a verdict, as JSON."""
    run = CONFIG.runs[wildcards.run]
    grading = run.grading.model_dump(include={"timeout", "extraction"}) | {"max_infrastructure_errors": 1}  # how many is asked later
    return settings.dumps(run.explore.adaptive.model_dump() | {"estimate": run.estimate, "judge": run.explore.judge, "grading": grading})


def added_modes():
    """Modes of evaluation of all methodologies that runs add."""
    methods = [CONFIG.method(name) for name in CONFIG.runs if CONFIG.runs[name].method == "autocode"]
    known = configuration.METHODS["autocode"]
    return {mode for one in methods for mode in (*one.evaluated, *one.sampled)} - {*known.evaluated, *known.sampled}


def benchmark_in_mode(wildcards):
    """The benchmark, if the run evaluates in this mode."""
    method = CONFIG.method(wildcards.run)
    among(wildcards, "mode of evaluation", wildcards.mode, [*method.evaluated, *method.sampled])
    return f"data/benchmarks/{wildcards.benchmark}.parquet"


def sampled_for_labels(wildcards):
    return wildcards.mode in CONFIG.method(wildcards.run).sampled


def samples_in_mode(wildcards):
    """Responses to an item: one if greedy."""
    return CONFIG.runs[wildcards.run].evaluate.selection_samples if sampled_for_labels(wildcards) else 1


def settings_of_mode(wildcards):
    chosen = (lambda run: run.evaluate.selection_sampling) if sampled_for_labels(wildcards) else (lambda run: run.evaluate.sampling)
    return sampling_settings(chosen)(wildcards)
