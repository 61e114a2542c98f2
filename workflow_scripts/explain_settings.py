"""Print the settings of a run, or of a file it makes, after all layers are merged, each with the file and line that set it.

    python workflow_scripts/explain_settings.py results/demo/q_rule/tiny/seed1/iter1/model --only estimate train.optimizer

Reads:  config/. If the path belongs to an experiment or a preference, their settings are applied; --experiment names an experiment.
Writes: one line per setting to the terminal: its key, its value, and the file and line that set it with the comment there; `default` if
        no file sets it.

Layers, the last one on top: the hardware, config.yaml, the method, the run it extends, the run, --override, the experiment, the
preference.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from mathcode import configuration, paths, settings
from mathcode.configuration import places
from mathcode.core import cli
from mathcode.core.errors import InputError

DEFAULT = "default"


Places = dict[str, str]
"""Where a layer has its values, by key: file, line and the comment behind it."""


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("target", help="name of a run, or a path below results/RUN")
    parser.add_argument("--experiment", help="show the settings of this experiment (default: the one that the path belongs to, if any)")
    parser.add_argument("--override", help="YAML that overrides settings of the run, in the form that --config RUN= takes")
    parser.add_argument("--only", nargs="+", default=[], metavar="KEY", help="sections or keys to print, such as train.optimizer (all)")
    parser.add_argument("--config", default="config", type=Path, help="folder of the settings (config)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    run, experiment, preference = _asked(args.target)
    experiment = args.experiment or experiment
    override = None if args.override is None else settings.parse_yaml(args.override, "--override")
    config = configuration.load(args.config, {} if override is None else {run: override}, option="--override")
    configuration.refuse_unknown(run, config.runs, "target", "run")
    _refuse_unmade(args.target, config, run)
    chosen = config.runs[run] if experiment is None else config.runs[run].of(experiment)
    if preference:
        if not hasattr(chosen, "preferring"):
            raise InputError(f"{args.target}: method {chosen.method} has no preferences, so no '{preference}'")
        chosen = chosen.preferring(preference)
    rows = [f"experiments.{experiment}"] * bool(experiment) + [f"preferences.{preference}"] * bool(preference)
    lines = list(_explained(chosen, _layers(args.config, run, override, rows)))
    wanted = [line for line in lines if not args.only or any(f"{line[0]}.".startswith(f"{key}.") for key in args.only)]
    for key in args.only:
        if not any(f"{line[0]}.".startswith(f"{key}.") for line in lines):
            near = settings.meant(key, {above for line in lines for above in _above(line[0])})
            raise InputError(f"run '{run}' has no setting '{key}'{near}")
    widths = [min(48, max(len(line[column]) for line in wanted)) for column in (0, 1)]
    for key, value, where in wanted:
        print(f"{key:<{widths[0]}}  {value:<{widths[1]}}  {where}")
    return 0


def _refuse_unmade(target: str, config: configuration.Config, run: str) -> None:
    """Refuse a path of a policy whose family, seed, iteration or preference is none.

    Raises:
        InputError: it is one.
    """
    inside = target.rpartition(f"results/{run}/")[2].strip("/")
    chosen = config.runs[run]
    of_policy = "results/" in target and "/" in inside and inside.split("/")[0] in chosen.experiments
    if of_policy and not re.match(rf"(?:{places.policy_pattern(config, run)})(?:/|$)", inside):
        families = ", ".join(chosen.build.families)
        raise InputError(f"{target}: run '{run}' makes no such policy: they are EXPERIMENT/FAMILY/seedN/iterN, of the families {families}")


def _asked(target: str) -> tuple[str, str | None, str | None]:
    """Run, experiment and preference that a target names; the last two are None where the path belongs to all."""
    parts = Path(target).parts
    if len(parts) == 1 and parts[0] not in ("results", "reports"):
        return target, None, None
    top = next((name for name in ("results", "reports") if name in parts[:-1]), None)
    if top is None:
        raise InputError(f"{target}: no run makes it; name a run, or a path below results/RUN or reports/RUN")
    run, *inner = parts[len(parts) - parts[::-1].index(top) :] or [""]
    if top == "reports":
        return run.removesuffix(".html"), None, None
    if not inner or inner[0] in paths.TAKEN:
        return run, None, None
    further = inner[4] if len(inner) > 4 and inner[4] not in paths.PARTS and "." not in inner[4] else None
    return run, inner[0], further


def _layers(folder: Path, run: str, override: Any, rows: list[str]) -> list[Places]:
    """The layers of a run, the last one on top: those of its files, then of the rows (an experiment, a preference) in them."""
    found = []
    for where, values in configuration.layers(folder, run, override, "--override"):
        places = _places(Path(where)) if Path(where).is_file() else {key: where for key, _ in _flat(values)}
        inside = "resources." if Path(where).parent.name == "hardware" else ""
        found.append({inside + key: place for key, place in places.items()})
    files = list(found)
    for row in rows:
        opening = f"{row}.settings."
        found += [{key.removeprefix(opening): place for key, place in layer.items() if key.startswith(opening)} for layer in files]
    return found


def _explained(run: settings.Run, found: list[Places]) -> Iterator[tuple[str, str, str]]:
    """Every setting: key, value as YAML writes it, place."""
    for key, value in _flat(settings.everything(run)):
        places = [layer[key] for layer in found if key in layer]
        yield key, json.dumps(value, ensure_ascii=False), places[-1] if places else DEFAULT


def _above(key: str) -> Iterator[str]:
    """A key, then what it stands in, from the inside out."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        yield ".".join(parts[:length])


def _places(path: Path) -> Places:
    """File, line and comment of every value of a YAML file, by its key."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = {}
    for key, name, value in _nodes(yaml.compose(text)):
        line, end = name.start_mark.line, value.end_mark
        behind = end.column if value.start_mark.line == end.line == line else name.end_mark.column  # else it stands below, or is an alias
        comment = lines[line][behind:].partition(" #")[2].strip()
        found[key] = f"{path}:{line + 1}" + (f"  # {comment}" if comment else "")
    return found


def _nodes(node: yaml.Node | None, key: str = "", name: yaml.Node | None = None) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """Every value that is no mapping, or an empty one: its key, the key's last name, the value. What `<<` takes over stands where it
    was written first."""
    if not isinstance(node, yaml.MappingNode) or not node.value:
        if name is not None:
            yield key, name, node
        return
    merged = [inner for name, inner in node.value if name.value == "<<"]
    for inner in merged:  # the first of several wins, so it comes last
        for other in reversed(inner.value) if isinstance(inner, yaml.SequenceNode) else [inner]:
            yield from _nodes(other, key)
    for name, inner in node.value:
        if name.value != "<<":
            yield from _nodes(inner, f"{key}.{name.value}" if key else str(name.value), name)


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no mapping, by its key; an empty mapping is one."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    elif key:
        yield key, value


if __name__ == "__main__":
    cli.run(main)
