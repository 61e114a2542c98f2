"""All of `config/`, merged and validated before a job is planned; and what can be named there: methods, judges and losses.

Merged key by key, lists replaced: `config.yaml` (what all methods share), `methods/<method>.yaml` (a paper's values, each with its
source; a method may leave them to its runs), the run it `extends`, `runs/<run>.yaml`; an experiment's settings come on top
(`settings.Run.of`). What jobs ask for is `hardware/<hardware>.yaml`, with the run over it. An unknown or missing key is an error that
names file and key.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mathcode import settings
from mathcode.configuration import checks
from mathcode.configuration.config import Config
from mathcode.configuration.layers import layers, run_of
from mathcode.configuration.named import CRITIC_JUDGES, JUDGES, LOSSES, METHODS, critic_of, make_judge, make_loss, refuse_unknown
from mathcode.grading import own
from mathcode.settings.files import read_yaml

__all__ = ["CRITIC_JUDGES", "JUDGES", "LOSSES", "METHODS", "Config", "costs", "critic_of", "layers", "load", "partitions"]
__all__ += ["make_judge", "make_loss", "refuse_unknown"]


def load(
    folder: str | Path = "config",
    overrides: Mapping[str, Any] | None = None,
    mirror: str | None = None,
    tolerant: bool = False,
    option: str | None = None,
) -> Config:
    """Read, merge and validate everything under `folder`.

    Args:
        overrides: settings put over those of a run, by its name; runs that extend it do not take them over.
        mirror: folder of files to fetch, or "" for none: then columns that are named must be in those files that are here; None: no
            file is looked at.
        tolerant: a run that is wrong is left out and said why (`Config.left_out`), unless it has an override: others can go on.
        option: of a command line, which gives the overrides; None: Snakemake's `--config RUN`.

    Raises:
        SettingsError: naming the file and the key, or the override.
    """
    own.refuse_unusable(JUDGES)
    folder, overrides = Path(folder), overrides or {}
    if not (folder / "runs").is_dir():
        raise settings.SettingsError(f"{folder.absolute()} is not a folder of settings: start from the repository's own folder")
    files = _files_of_runs(folder / "runs")
    for name in overrides:
        refuse_unknown(name, files, option or f"--config {name}", "run")
    found, runs, wrong = {}, {}, {}
    for name, file in files.items():
        try:
            _refuse_misnamed(file)
            found[name] = layers(folder, name, overrides.get(name), option)
            runs[name] = run_of(found[name], folder)
        except settings.SettingsError as error:
            wrong[name] = error
    families = _families(folder / "families.yaml")
    sources = settings.validated(settings.Sources, read_yaml(folder / "sources.yaml"), str(folder / "sources.yaml"))
    config = settings.validated(Config, {"runs": runs, "families": families, "sources": sources}, str(folder))
    checks.check_shared(config, folder)
    for name in runs:
        try:
            where = f"{files[name]}" + (f" with {option or f'--config {name}'}" if name in overrides else "")
            checks.check_run(config, name, found[name], where)
        except settings.SettingsError as error:
            wrong[name] = error
    for name in sorted(wrong, key=lambda name: (_extends(files[name]), name)):  # where it stands, not taken over
        if not tolerant or name in overrides:
            raise wrong[name]
    if mirror is not None:
        from mathcode.data.readers import columns

        columns.refuse_missing(sources, mirror, str(folder / "sources.yaml"))
    good = {name: run for name, run in config.runs.items() if name not in wrong}
    return config.model_copy(update={"runs": good, "left_out": {name: str(error) for name, error in wrong.items()}})


def _files_of_runs(folder: Path) -> dict[str, Path]:
    """The files of a folder that are runs, by name; those with another ending too, to be refused."""
    files = {path.stem: path for path in folder.glob("*.yaml")}
    files |= {path.name if path.stem in files else path.stem: path for path in folder.glob("*.yml")}
    return dict(sorted(files.items()))


def _refuse_misnamed(run: Path) -> None:
    if run.suffix != ".yaml":
        raise settings.SettingsError(f"{run}: runs are files that end in .yaml: rename it")
    if sentence := settings.misnamed(run.stem):
        raise settings.SettingsError(f"{run}: {sentence}: rename the file")


def _families(path: Path) -> dict[str, settings.Family]:
    """The families of a file.

    Raises:
        SettingsError: one has no name, or a key of it is wrong.
    """
    found = {}
    for name, value in read_yaml(path).items():
        if name == path.stem and isinstance(value, dict) and "label" not in value:
            raise settings.SettingsError(f"{path}: take away the line '{name}:', and begin the names of families at the left margin")
        if sentence := settings.misnamed(str(name)):
            raise settings.SettingsError(f"{path}: {sentence}")
        found[name] = settings.validated(settings.Family, value, f"{path}: family '{name}'")
    return found


def _extends(run: Path) -> bool:
    return re.search("^extends:", run.read_text(encoding="utf-8", errors="replace"), re.MULTILINE) is not None


def costs(folder: str | Path = "config") -> settings.Costs:
    """What estimates of costs rest on.

    Raises:
        SettingsError: naming the file and the key.
    """
    path = Path(folder) / "costs.yaml"
    return settings.validated(settings.Costs, read_yaml(path), str(path))


def partitions(path: str | Path) -> settings.Partitions:
    """Where a cluster's jobs are sent to; `path` is named in errors.

    Raises:
        SettingsError: naming the file and the key.
    """
    return settings.validated(settings.Partitions, read_yaml(Path(path)), str(path))
