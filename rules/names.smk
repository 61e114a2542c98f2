"""Names that a path may hold: every wildcard matches what is configured and nothing else."""

from mathcode.paths import one_of


def experiment_names():
    return sorted({name for run in CONFIG.runs.values() for name in run.experiments})


def preference_names():
    return sorted({name for run in CONFIG.runs.values() for name in getattr(run, "preferences", ())})


def critic_names():
    return sorted({name for run in CONFIG.runs.values() for name in run.critics})


def case_set_names():
    return sorted({name for run in CONFIG.runs.values() for name in run.case_sets})


PRETRAINED = one_of(name for name, family in CONFIG.families.items() if family.pretrained)
"""Families whose base is trained from random weights."""
CRITIC_JUDGES = rf"(?:{one_of(configuration.CRITIC_JUDGES)})_(?:{one_of(critic_names())})"


def modes_of(*kinds):
    """Pattern of all modes of these kinds: those of the methods, and those that runs add."""
    methods = [*configuration.METHODS.values(), *(CONFIG.method(name) for name in CONFIG.runs)]
    return one_of({mode for method in methods for kind in kinds for mode in getattr(method, kind)})


def runs_of(method):
    """Pattern of the runs of a method: its rules make nothing else."""
    return one_of(name for name, run in CONFIG.runs.items() if run.method == method)


def sharded(stage, methods=tuple(configuration.METHODS)):
    """Runs of methods whose sampling at a stage is split into several jobs."""
    return {name for name, run in CONFIG.runs.items() if run.method in methods and run.resources.of(stage).shards > 1}


def whole(stage, methods=tuple(configuration.METHODS)):
    """Runs of methods whose sampling at a stage is one job."""
    return {name for name, run in CONFIG.runs.items() if run.method in methods} - sharded(stage)


def shards_of(stage, path):
    """Input function: the shards of a sampled file, in order; `path` has the wildcard {shard}."""

    def paths_of_shards(wildcards):
        count = CONFIG.runs[wildcards.run].resources.of(stage).shards
        return [path.replace("{shard}", f"{shard}of{count}") for shard in range(1, count + 1)]

    return paths_of_shards


def shard_option(wildcards):
    """The option that names a shard by its file's name, such as 2of8."""
    return "--shard {} {}".format(*wildcards.shard.split("of"))


wildcard_constraints:
    run=one_of(CONFIG.runs),
    family=one_of(CONFIG.families),
    experiment=one_of(experiment_names()),
    seed=r"[1-9]\d*",
    iteration=r"[1-9]\d?",
    policy=paths.policy_pattern(CONFIG.families, experiment_names(), preference_names()),
    preference=one_of(preference_names()),
    critic=one_of(critic_names()),
    case_set=one_of(case_set_names()),
    pool=one_of([paths.POOL, *settings.POOLS]),
    judge=rf"{one_of(configuration.JUDGES)}|{CRITIC_JUDGES}",
    shard=r"\d+of\d+",
    name=r"[\w.-]+",
    use="queries|sft|pretraining",
    source=one_of(CONFIG.sources.sources),
    dataset=one_of([*CONFIG.sources.queries, *CONFIG.sources.sft]),
    benchmark=one_of(CONFIG.sources.benchmarks),
