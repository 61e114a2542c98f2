"""Settings as they are written: YAML files, runs that extend others, values from a command line."""

import functools
import re
from pathlib import Path
from typing import Any

import yaml

from mathcode.settings.section import SettingsError, meant


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Refuses a key that stands twice, of which YAML would keep the last. The first base is eight times as fast on these files, and
    every planning of a job reads them all."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        if not hasattr(node, "own_keys"):  # the first time: later those that `<<` brings are among them
            node.own_keys = set()
            for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
                if (key.tag, key.value) in node.own_keys:
                    told = f"key '{key.value}' stands here for the second time"
                    raise yaml.constructor.ConstructorError(None, None, told, key.start_mark)
                node.own_keys.add((key.tag, key.value))
        super().flatten_mapping(node)


def overriding(option: str, value: Any) -> dict:
    """A run's values from a command line, where an option gives them.

    Raises:
        SettingsError: they are no keys and values.
    """
    if not isinstance(value, dict):
        raise SettingsError(f"{option}: expected keys and values, as in {option}='{{explore: {{samples: 2}}}}'")
    return _typed(value)


def _typed(value: Any) -> Any:
    """Settings from a command line, on which every number is a text until it is read as YAML."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    try:
        read = yaml.safe_load(value) if isinstance(value, str) else value
    except yaml.YAMLError:
        return value
    return read if isinstance(read, int | float | list | None) else value  # a sentence with a colon is a text all the same


def read_run(path: Path, extending: tuple[Path, ...] = ()) -> list[tuple[str, dict]]:
    """A run's own values, above those of the run it `extends`: (file, its values).

    Raises:
        SettingsError: a file cannot be read, or the runs go round in a circle.
    """
    value = read_yaml(path)
    own = {key: inner for key, inner in value.items() if key != "extends"}
    if (extended := value.get("extends")) is None:
        return [(str(path), own)]
    other, chain = path.parent / f"{extended}.yaml", (*extending, path)
    if other in chain or not other.is_file():
        runs = [file.stem for file in path.parent.glob("*.yaml")]
        said = f"circular: '{extended}'" if other in chain else f"there is no run '{extended}'{meant(str(extended), runs)}"
        raise SettingsError(f"{path}: key 'extends': {said}")
    return [*read_run(other, chain), (str(path), own)]


def said_in(found: list[tuple[str, dict]], key: str) -> str:
    """Which of some layers, the last one on top, sets a key; the top one if none does.

    Of `build.seeds.0` that is who sets the list, of `data.pools.*.datasets` who sets any pool.
    """
    named = re.split(r"\.(?:\d+$|\*)", key)[0]
    return next((where for where, values in reversed(found) if named in values or _says(values, named)), found[-1][0])


def set_elsewhere(found: list[tuple[str, dict]], key: str | None) -> str:
    """Words that name which of some layers, the last one on top, sets a key, if that is not the top one; none where no key is given."""
    saying = [where for where, values in found if key and _says(values, key)]
    return f" ({key} is set in {saying[-1]})" if saying and saying[-1] != found[-1][0] else ""


def _says(values: Any, key: str) -> bool:
    """Whether values have a key, given as sections and name joined by dots."""
    for part in key.split("."):
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True


def read_yaml(path: Path) -> dict:
    """The keys and values of a file.

    Raises:
        SettingsError: there is none, or it holds something else.
    """
    if not path.is_file():
        raise SettingsError(f"{path}: no such file")
    try:
        value = _parsed(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(value, dict):
        raise SettingsError(f"{path}: expected keys and values")
    return value


@functools.lru_cache(maxsize=64)
def _parsed(text: str) -> Any:
    """The values of a file, which nobody changes: most files are shared by several runs."""
    return yaml.load(text, Loader=_Loader)
