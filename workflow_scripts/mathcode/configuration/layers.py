"""The files and options that a run is put together from, and the run that they make."""

import difflib
import functools
from pathlib import Path
from typing import Any

from mathcode import settings
from mathcode.configuration.named import METHODS, refuse_unknown
from mathcode.settings.files import overriding, read_run, read_yaml, said_in


def layers(folder: Path, run: str, override: Any = None, option: str | None = None) -> list[tuple[str, dict]]:
    """What the settings of a run are put together from, the last one on top: (file, or option of a command line; its values).

    Args:
        option: of a command line, which gives the override; None: Snakemake's.

    Raises:
        SettingsError: a file cannot be read, or the run does not say its method.
    """
    where = folder / "runs" / f"{run}.yaml"
    own = read_run(where)
    if override is not None:
        option = option or f"--config {run}"
        own.append((option, overriding(option, override)))
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


def run_of(found: list[tuple[str, dict]], folder: Path) -> settings.Run:
    """The run that layers make; the one that says what is wrong is named in errors, and a method's file that is missing."""
    merged = _merged(found)
    try:
        return settings.validated(METHODS[merged["method"]].run, merged, functools.partial(said_in, found))
    except settings.SettingsError as error:
        if not (path := _of_method(folder, merged["method"])).is_file():
            raise settings.SettingsError(f"{path}: no such file, and without it {error}") from None
        raise
