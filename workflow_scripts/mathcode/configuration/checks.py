"""Every name that `config/` uses exists, and what its sections say together is valid: a slip is found before any job starts."""

from collections.abc import Collection
from pathlib import Path

from mathcode import paths, settings
from mathcode.configuration.config import Config
from mathcode.configuration.named import METHODS, critic_of, refuse_unknown
from mathcode.responses import prompts
from mathcode.rollouts.engines import ENGINES
from mathcode.settings import fitting
from mathcode.settings.files import said_in, set_elsewhere


def check_shared(config: Config, folder: Path) -> None:
    """Data and families: every name they use exists.

    Raises:
        SettingsError: naming the file and the key.
    """
    from mathcode.data.readers import case_readers, query_readers, sft_readers  # programs import this module too, and do not read data

    sources = config.sources
    groups = [(sources.queries, query_readers), (sources.benchmarks, query_readers)]
    for group, known in [*groups, (sources.sft, sft_readers), (sources.cases, case_readers)]:
        for name, dataset in group.items():
            where = f"{folder / 'sources.yaml'}: '{name}'"
            refuse_unknown(dataset.source, sources.sources, where, "source")
            try:
                readers = known(dataset)
            except settings.SettingsError as error:
                raise settings.SettingsError(f"{where}: {error}") from None
            refuse_unknown(dataset.reader, readers, where, "reader")
    for name, family in config.families.items():
        where = f"{folder / 'families.yaml'}: family '{name}'"
        _check_frame(family.prompt, f"{where}: key 'prompt'")
        if family.scratch and family.precondition == "none":
            raise settings.SettingsError(f"{where}: key 'precondition' must be 'sft': a model built from scratch has learned nothing yet")
        if family.pretrained and not family.scratch:
            raise settings.SettingsError(f"{where}: key 'pretrained' is for models built from scratch (key 'scratch')")


def check_run(config: Config, name: str, found: list[tuple[str, dict]], where: str) -> None:
    """A run: every name it uses exists, and what it says fits together.

    Args:
        found: its layers.
        where: its file, and the option that changes it.

    Raises:
        SettingsError: naming the file that says it, or the option.
    """
    run = config.runs[name]
    for key, kind, known in _named(config, run):
        for value in settings.names_at(run, key):
            if value not in known:
                refuse_unknown(value, known, said_in(found, key), kind)
    try:
        _check_settings(run)
        _check_fit(config, run)
    except settings.SettingsError as error:
        raise settings.SettingsError(f"{where}: {error}{set_elsewhere(found, error.key)}") from None
    _check_critics(config, run, where)


_BENCHMARKS = ("build.benchmarks", "data.guard", "case_sets.*.queries")
_BENCHMARKS += ("evaluate.in_domain", "evaluate.together", "evaluate.selection_benchmarks")


def _named(config: Config, run: settings.Run) -> list[tuple[str, str, Collection[str]]]:
    """Keys of a run that name something: the key, what it names, and what there is. A star stands for each row."""
    sources = config.sources
    return [
        ("engine.name", "engine", ENGINES),
        ("build.families", "family", config.families),
        ("build.experiments", "experiment", run.experiments),
        *((key, "benchmark", sources.benchmarks) for key in _BENCHMARKS),
        ("data.queries", "query dataset", sources.queries),
        ("data.pools.*.datasets", "query dataset", sources.queries),
        ("data.sft", "SFT dataset", sources.sft),
        ("data.pretraining", "SFT dataset", sources.sft),
        ("case_sets.*.labelled", "set of labelled cases", sources.cases),
    ]


def _check_frame(prompt: str, where: str) -> None:
    """A prompt profile that there is, or a frame that holds the question once."""
    try:
        prompts.profile(prompt)
    except prompts.PromptError as error:
        raise settings.SettingsError(f"{where}: {error}{settings.meant(prompt, prompts.PROFILES)}") from None


def _check_critics(config: Config, run: settings.Run, where: str) -> None:
    """Judges that a run names exist, and so does what critics are made of; none of them goes on from itself."""
    for key, judge in METHODS[run.method].judges(run).items():
        try:
            critic = critic_of(judge)
        except settings.SettingsError as error:
            raise settings.SettingsError(f"{where}: {key}: {error}") from None
        if critic:
            refuse_unknown(critic, run.critics, f"{where}: {key}", "critic")
    for name, row in run.critics.items():
        key = f"{where}: key 'critics.{name}"
        refuse_unknown(row.family, config.families, f"{key}.family'", "family")
        for pool in row.pools:
            refuse_unknown(pool, run.data.pools, f"{key}.pools'", "pool")
        for place, shown in [*enumerate(row.shown), ("judge.prompt", row.judge.prompt)]:
            if shown.frame != "none":
                _check_frame(shown.frame, f"{key}.{f'shown.{place}' if isinstance(place, int) else place}.frame'")
        if len({shown.frame for shown in row.shown}) > 1:
            raise settings.SettingsError(f"{key}.shown': all ways to show a case must have the same frame")
        if row.judge.prompt not in row.shown:
            raise settings.SettingsError(
                f"{key}.judge.prompt' is none of the ways of 'shown': the critic would not have learned to read it"
            )
        before = [name]
        while (origin := run.critics[before[-1]].origin) is not None:
            refuse_unknown(origin, run.critics, f"{where}: key 'critics.{before[-1]}.origin'", "critic")
            if origin in before:
                raise settings.SettingsError(f"{key}.origin': circular: {' <- '.join([*before, origin])}")
            if run.critics[origin].family != row.family:
                raise settings.SettingsError(
                    f"{key}.origin': '{origin}' is of another family; a critic can only go on from one with the same tokens"
                )
            before.append(origin)


def _check_settings(run: settings.Run) -> None:
    """What sections of a run say together is valid, experiment by experiment."""
    method = METHODS[run.method]
    _ = run.evaluation_grading  # validated where it is made
    for kind, rows, taken in (("experiment", run.experiments, paths.TAKEN), ("preference", getattr(run, "preferences", {}), paths.PARTS)):
        if used := {*rows} & taken:
            raise settings.SettingsError(f"no {kind} may be called '{min(used)}': that name stands for something else in paths")
    for experiment, row in run.experiments.items():
        run.of(experiment)
        if shared := set(row.settings) - method.per_experiment:
            raise settings.SettingsError(
                f"experiment '{experiment}' may not override '{min(shared)}', which all experiments share;"
                f" it may override {', '.join(sorted(method.per_experiment))}"
            )
    method.check(run)


def _check_fit(config: Config, run: settings.Run) -> None:
    """What a run asks of its models and machines, they can do."""
    method, families = METHODS[run.method], {name: config.families[name] for name in run.build.families}
    of_critics = {row.family: config.families[row.family] for row in run.critics.values() if row.family in config.families}
    fitting.check_families(run, families, of_critics, begins_with_sft=paths.SEEDED in method.kinds)
    fitting.check_sampling(run)
    optimizers = [*method.optimizers(run), *(critic.optimizer for critic in run.critics.values())]
    fitting.check_sharding(run, families | of_critics, optimizers)
