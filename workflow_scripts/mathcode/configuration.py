"""All of `config/`, merged and validated before a job is planned; and what can be named there: methods, judges and losses.

Merged key by key, lists replaced: `config.yaml` (what all methods share), `methods/<method>.yaml` (a paper's values, each with its
source; a method may leave them to its runs), the run it `extends`, `runs/<run>.yaml`; an experiment's settings come on top
(`settings.Run.of`). What jobs ask for is `hardware/<hardware>.yaml`, with the run over it. An unknown or missing key is an error that
names file and key.
"""

import difflib
import functools
import re
from collections.abc import Collection, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import SerializeAsAny

from mathcode import methods, paths, settings
from mathcode.core.errors import InputError
from mathcode.grading import own
from mathcode.methods.method import Method
from mathcode.paths import Policy
from mathcode.responses import prompts
from mathcode.rollouts.engines import ENGINES
from mathcode.settings import fitting
from mathcode.settings.files import overriding, read_run, read_yaml, said_in, set_elsewhere

METHODS: dict[str, Method] = methods.found()
"""Methods that a run may name."""

JUDGES = own.found() | {
    "exact": "mathcode.grading.exact:ExactJudge",
    "executes": "mathcode.grading.executes:ExecutesJudge",
    "lenient": "mathcode.grading.lenient:LenientJudge",
    "math_verify": "mathcode.grading.baselines:MathVerifyJudge",
    "numeric": "mathcode.grading.baselines:NumericJudge",
    "oracle": "mathcode.grading.oracle:OracleJudge",
    "string": "mathcode.grading.baselines:StringJudge",
}
"""Judges by the name they have in paths, yours among them: module and class, made from the section `grading`."""

CRITIC_JUDGES = {"critic": "mathcode.critic.judge:CriticJudge", "cascade": "mathcode.critic.judge:CascadeJudge"}
"""Judges with a critic, by the first word of their names in paths (`critic_NAME`, `cascade_NAME`): made also from the critic's folder."""

LOSSES = {
    "likelihood": ("mathcode.training.losses:Likelihood", None),
    "label": ("mathcode.training.losses:LabelLikelihood", "mathcode.training.losses:LabelNumbers"),
    "dpo": ("mathcode.training.preferences:DPO", "mathcode.training.preferences:DPONumbers"),
    "orpo": ("mathcode.training.preferences:ORPO", "mathcode.training.preferences:ORPONumbers"),
    "paper": ("mathcode.methods.autocode.objective:Paper", "mathcode.methods.autocode.settings:OffPolicy"),
    "released": ("mathcode.methods.autocode.objective:Released", None),
    "released_first": ("mathcode.methods.autocode.objective:ReleasedFirst", None),
}
"""Losses by name: class, and the section of its numbers (None: it has none)."""


def critic_of(judge: str) -> str | None:
    """The critic that a judge's name holds, as `main` of `cascade_main`; None for a judge without one.

    Raises:
        SettingsError: there is no such judge.
    """
    kind, _, critic = judge.partition("_")
    if judge in JUDGES:
        return None
    if kind not in CRITIC_JUDGES or not re.fullmatch(r"[a-z][a-z0-9_]*", critic):
        known = [*JUDGES, *(f"{kind}_NAME" for kind in CRITIC_JUDGES)]
        raise settings.SettingsError(f"unknown judge '{judge}'; there are: {', '.join(known)}")
    return critic


def make_judge(
    name: str,
    limits: settings.Grading,
    model: str | Path | None = None,
    critic: settings.Critic | None = None,
    kept: Path | None = None,
):
    """A judge (`mathcode.grading.judge.Judge`) by its name in paths, imported when it is asked for.

    Args:
        model: policy folder of the critic in its name.
        critic: how that one judges; None: by its defaults.
        kept: folder in which its scores survive a kill; None: nowhere.

    Raises:
        SettingsError: there is no such judge, or a critic has no model.
    """
    if critic_of(name) is None:
        return _imported(JUDGES[name])(limits)
    if model is None:
        raise settings.SettingsError(f"judge '{name}' needs the model of its critic")
    return _imported(CRITIC_JUDGES[name.partition("_")[0]])(limits, name, model, critic or settings.Critic(), kept)


def make_loss(training: settings.Training):
    """The loss that a training is set to (`mathcode.training.losses.Loss`), imported when it is asked for.

    Raises:
        SettingsError: there is no such loss, or its numbers are not what it takes.
    """
    if training.loss not in LOSSES:
        raise settings.SettingsError(f"unknown loss '{training.loss}'; there are: {', '.join(LOSSES)}")
    kind, numbers = LOSSES[training.loss]
    if numbers is None:
        if training.numbers:
            raise settings.SettingsError(f"loss '{training.loss}' takes no numbers, and '{min(training.numbers)}' was given")
        return _imported(kind)()
    return _imported(kind)(settings.validated(_imported(numbers), training.numbers, f"numbers of loss '{training.loss}'"))


def _imported(path: str) -> type:
    """A class by module:name."""
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)


class Config(settings.Section):
    """All of `config/`."""

    runs: dict[settings.Name, SerializeAsAny[settings.Run]]
    families: dict[settings.Name, settings.Family]
    sources: settings.Sources

    def method(self, run: str) -> Method:
        """The method of a run."""
        return methods.method_of(METHODS[self.runs[run].method].told(self.runs[run]))

    def gpus(self, run: str) -> dict[str, int]:
        """GPUs of a job of each stage that may have any, under the stage's name in tables of costs."""
        asked = {name: self.runs[run].resources.of(stage.asks) for name, stage in self.method(run).stages.items() if stage.asks}
        return {name: ask.gpus * ask.nodes for name, ask in asked.items()}


def located(model: Path, config: Config) -> tuple[str, Policy]:
    """Run and policy of a policy folder, results/RUN/POLICY/model.

    Raises:
        InputError: it is no policy of a run that is configured.
    """
    for path in (model.absolute(), model.resolve()):  # `results` may be a link to another disk, and so may the folder itself
        found = re.search(r".*/results/(\w+)/([\w/]+)/model/?$", path.as_posix())
        try:
            run, policy = (found[1], Policy.parse(found[2])) if found else ("", None)
        except ValueError:
            continue
        if policy is not None and run in config.runs and policy.family in config.families:
            return run, policy
    raise InputError(f"{model}: no policy of a configured run; such a folder is results/RUN/POLICY/model")


def policy_pattern(config: Config, run: str) -> str:
    """Regular expression of the paths of a run's policies."""
    chosen = config.runs[run]
    return paths.policy_pattern(config.families, chosen.experiments, getattr(chosen, "preferences", ()))


def how_to_build(config: Config, run: str, policy: Policy) -> str:
    """The command that makes a policy of a run, in words; for one that no rule makes, that there is none."""
    if re.fullmatch(policy_pattern(config, run), str(policy)) and (policy.iteration or policy.experiment in config.method(run).kinds):
        return f"build it with: snakemake --profile local {paths.in_run(run, paths.model(policy))}"
    return f"run '{run}' makes no policy '{policy}': the Snakefile lists, at its top, the paths that exist"


def needed(config: Config, run: str) -> tuple[list[str], list[str]]:
    """What a run is made of: raw sources, and families whose base model is fetched, each sorted by name."""
    chosen, sources = config.runs[run], config.sources
    case_sets = [chosen.case_sets[name] for name in getattr(chosen.build, "case_sets", chosen.case_sets)]
    benchmarks = {*chosen.build.benchmarks, *chosen.data.guard, *(name for row in case_sets for name in row.queries)}
    queries = {*chosen.data.explored}
    families = {*chosen.build.families, *(row.family for row in chosen.critics.values())}
    solutions = {*chosen.data.sft, *chosen.data.pretraining}
    labelled = {name for row in case_sets for name in row.labelled}
    groups = [(sources.benchmarks, benchmarks), (sources.queries, queries), (sources.sft, solutions), (sources.cases, labelled)]
    raw = {group[name].source for group, names in groups for name in names}
    return sorted(raw), sorted(name for name in families if not config.families[name].scratch)


def load(folder: str | Path = "config", overrides: Mapping[str, Any] | None = None, mirror: str | None = None) -> Config:
    """Read, merge and validate everything under `folder`.

    Args:
        overrides: settings put over those of a run, by its name; runs that extend it do not take them over.
        mirror: folder of files to fetch, or "" for none: then columns that are named must be in those files that are here; None: no
            file is looked at.

    Raises:
        SettingsError: naming the file and the key, or the override.
    """
    own.refuse_unusable(JUDGES)
    folder = Path(folder)
    if not (folder / "runs").is_dir():
        raise settings.SettingsError(f"{folder.absolute()} is not a folder of settings: start from the repository's own folder")
    for misnamed in sorted((folder / "runs").glob("*.yml")):
        raise settings.SettingsError(f"{misnamed}: runs are files that end in .yaml: rename it")
    # Runs that extend others come last: what is wrong is found where it stands, not where it is taken over.
    files = sorted((folder / "runs").glob("*.yaml"), key=lambda path: ("extends" in read_yaml(path), path))
    runs = {path.stem: _run(layers(folder, path.stem), folder) for path in files}
    for name, value in (overrides or {}).items():
        refuse_unknown(name, runs, f"--config {name}", "run")
        runs[name] = _run(layers(folder, name, value), folder)
    families = {
        name: settings.validated(settings.Family, value, f"{folder / 'families.yaml'}: family '{name}'")
        for name, value in read_yaml(folder / "families.yaml").items()
    }
    sources = settings.validated(settings.Sources, read_yaml(folder / "sources.yaml"), str(folder / "sources.yaml"))
    config = settings.validated(Config, {"runs": runs, "families": families, "sources": sources}, str(folder))
    _check_names(config, folder, overrides or {})
    if mirror is not None:
        from mathcode.data.readers import columns

        columns.refuse_missing(sources, mirror, str(folder / "sources.yaml"))
    return config


def costs(folder: str | Path = "config") -> settings.Costs:
    """What estimates of costs rest on.

    Raises:
        SettingsError: naming the file and the key.
    """
    path = Path(folder) / "costs.yaml"
    return settings.validated(settings.Costs, read_yaml(path), str(path))


def layers(folder: Path, run: str, override: Any = None) -> list[tuple[str, dict]]:
    """What the settings of a run are put together from, the last one on top: (file, or option of a command line; its values).

    Raises:
        SettingsError: a file cannot be read, or the run does not say its method.
    """
    where = folder / "runs" / f"{run}.yaml"
    own = read_run(where)
    if override is not None:
        own.append((f"--config {run}", overriding(run, override)))
    said = _merged(own)
    if "method" not in said:
        if misspelt := difflib.get_close_matches("extends", said, n=1):
            raise settings.SettingsError(f"{where}: there is no key '{misspelt[0]}'; did you mean 'extends'?")
        raise settings.SettingsError(f"{where}: key 'method' is missing: it names the method of the run; there are: {', '.join(METHODS)}")
    refuse_unknown(said["method"], METHODS, f"{where}: key 'method'", "method")
    shared = [folder / "config.yaml", *filter(Path.is_file, [_of_method(folder, said["method"])])]
    found = [*((str(path), read_yaml(path)) for path in shared), *own]
    machine = folder / "hardware" / f"{(hardware := _merged(found).get('hardware'))}.yaml"
    refuse_unknown(hardware, [path.stem for path in (folder / "hardware").glob("*.yaml")], f"{own[-1][0]}: key 'hardware'", "hardware")
    return [(str(machine), {"resources": read_yaml(machine)}), *found]


def _of_method(folder: Path, method: str) -> Path:
    """The values that runs of a method share; where there is none, its runs hold all themselves."""
    return folder / "methods" / f"{method}.yaml"


def _merged(found: list[tuple[str, dict]]) -> dict:
    return functools.reduce(settings.merge, [values for _, values in found], {})


def _run(found: list[tuple[str, dict]], folder: Path) -> settings.Run:
    """The run that layers make; the one that says what is wrong is named in errors, and a method's file that is missing."""
    merged = _merged(found)
    try:
        return settings.validated(METHODS[merged["method"]].run, merged, functools.partial(said_in, found))
    except settings.SettingsError as error:
        if not (path := _of_method(folder, merged["method"])).is_file():
            raise settings.SettingsError(f"{path}: no such file, and without it {error}") from None
        raise


def _check_names(config: Config, folder: Path, overrides: Mapping[str, Any]) -> None:
    """Every name a run uses exists, so a typo is found before any job starts."""
    from mathcode.data.readers import case_readers, query_readers, sft_readers  # programs import this module too, and do not read data

    sources = config.sources
    groups = [(sources.queries, query_readers), (sources.benchmarks, query_readers)]
    for group, known in [*groups, (sources.sft, sft_readers), (sources.cases, case_readers)]:
        for name, dataset in group.items():
            where = f"{folder / 'sources.yaml'}: '{name}'"
            refuse_unknown(dataset.source, sources.sources, where, "source")
            if known is sft_readers and dataset.columns and dataset.columns.solution is None:
                raise settings.SettingsError(f"{where}: key 'columns.solution' is missing: SFT data need a column of solutions")
            refuse_unknown(dataset.reader, known(dataset), where, "reader")
    for name, family in config.families.items():
        where = f"{folder / 'families.yaml'}: family '{name}'"
        _check_frame(family.prompt, f"{where}: key 'prompt'")
        if family.scratch and family.precondition == "none":
            raise settings.SettingsError(f"{where}: key 'precondition' must be 'sft': a model built from scratch has learned nothing yet")
        if family.pretrained and not family.scratch:
            raise settings.SettingsError(f"{where}: key 'pretrained' is for models built from scratch (key 'scratch')")
    for name, run in config.runs.items():
        where = f"{folder / 'runs' / name}.yaml" + (f" with --config {name}" if name in overrides else "")
        for key, kind, known in _named(config, run):
            for value in settings.names_at(run, key):
                if value not in known:
                    refuse_unknown(value, known, said_in(layers(folder, name, overrides.get(name)), key), kind)
        try:
            _check_settings(run)
            _check_fit(config, run)
        except settings.SettingsError as error:
            elsewhere = set_elsewhere(layers(folder, name, overrides.get(name)), error.key)
            raise settings.SettingsError(f"{where}: {error}{elsewhere}") from None
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
    fitting.check_families(run, families, begins_with_sft=paths.SEEDED in method.kinds)
    fitting.check_sampling(run)
    optimizers = [*method.optimizers(run), *(critic.optimizer for critic in run.critics.values())]
    trained = families | {row.family: config.families[row.family] for row in run.critics.values() if row.family in config.families}
    fitting.check_sharding(run, trained, optimizers)


def refuse_unknown(name: str, known: Collection[str], where: str, kind: str) -> None:
    """Raise SettingsError for a name that is none of those known, with the nearest one or all of them."""
    if name not in known:
        there = f"there are: {', '.join(sorted(known))}" if known else "there is none"
        said = settings.meant(str(name), known) or f"; {there}"
        raise settings.SettingsError(f"{where}: unknown {kind} '{name}'{said}")
