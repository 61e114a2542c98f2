"""Print the settings of a run, or of a file it makes, as they come out of all layers, each with where its value stands.

    python workflow_scripts/explain_settings.py results/demo/q_rule/tiny/seed1/iter1/model --only estimate train.optimizer

Reads:  config/. An experiment's settings are those of the path, or of --experiment.
Writes: a line a setting to the terminal: key, value, and file and line of it with its comment; `default` where no file sets it.

Layers, the last one on top: the hardware, config.yaml, the method, the run it extends, the run, --override, the experiment.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from mathcode import configuration, paths, settings
from mathcode.core import cli
from mathcode.core.errors import InputError

DEFAULT = "default"


Places = dict[str, str]
"""Where a layer has its values, by key: file, line and the comment behind it."""


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("target", help="name of a run, or a path below results/RUN")
    parser.add_argument("--experiment", help="settings as this experiment has them (default: those of the path, if it is one's)")
    parser.add_argument("--override", help="YAML put over the run's, as behind --config RUN=")
    parser.add_argument("--only", nargs="+", default=[], metavar="KEY", help="sections or keys to print, such as train.optimizer (all)")
    parser.add_argument("--config", default="config", type=Path, help="folder of the settings (config)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    run, experiment = _asked(args.target, args.experiment)
    override = None if args.override is None else yaml.safe_load(args.override)
    config = configuration.load(args.config, {} if override is None else {run: override})
    if run not in config.runs:
        raise InputError(f"no run '{run}'; there are: {', '.join(sorted(config.runs))}")
    chosen = config.runs[run] if experiment is None else config.runs[run].of(experiment)
    lines = [(key, value, where) for key, value, where in _explained(chosen, _layers(args.config, run, override, experiment))]
    wanted = [line for line in lines if not args.only or any(f"{line[0]}.".startswith(f"{key}.") for key in args.only)]
    if not wanted:
        near = settings.meant(args.only[0], {key for line in lines for key in _above(line[0])})
        raise InputError(f"run '{run}' has no setting '{args.only[0]}'{near}")
    widths = [min(48, max(len(line[column]) for line in wanted)) for column in (0, 1)]
    for key, value, where in wanted:
        print(f"{key:<{widths[0]}}  {value:<{widths[1]}}  {where}")
    return 0


def _asked(target: str, experiment: str | None) -> tuple[str, str | None]:
    """Run and experiment that a target names; no experiment where the path belongs to all."""
    parts = Path(target).parts
    if "results" not in parts:
        return target, experiment
    run, *inner = parts[parts.index("results") + 1 :] or [""]
    return run, experiment or (inner[0] if inner and inner[0] not in paths.TAKEN else None)


def _layers(folder: Path, run: str, override: Any, experiment: str | None) -> list[Places]:
    """The layers of a run, the last one on top."""
    found = []
    for where, values in configuration.layers(folder, run, override):
        places = _places(Path(where)) if Path(where).is_file() else {key: where for key, _ in _flat(values)}
        inside = "resources." if Path(where).parent.name == "hardware" else ""
        found.append({inside + key: place for key, place in places.items()})
    if experiment is not None:
        row = f"experiments.{experiment}.settings."
        found += [{key.removeprefix(row): place for key, place in layer.items() if key.startswith(row)} for layer in found]
    return found


def _explained(run: settings.Run, found: list[Places]) -> Iterator[tuple[str, str, str]]:
    """Every setting: key, value as YAML writes it, place."""
    for key, value in _flat(json.loads(settings.dumps(run))):
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
    for key, line in _nodes(yaml.compose(text)):
        comment = lines[line].partition(" #")[2].strip()
        found[key] = f"{path}:{line + 1}" + (f"  # {comment}" if comment else "")
    return found


def _nodes(node: yaml.Node | None, key: str = "") -> Iterator[tuple[str, int]]:
    """Key and line of every value that is no mapping. What `<<` takes over stands where it was written first."""
    if not isinstance(node, yaml.MappingNode):
        if node is not None and key:
            yield key, node.start_mark.line
        return
    merged = [inner for name, inner in node.value if name.value == "<<"]
    for inner in merged:
        yield from _nodes(inner, key)
    for name, inner in node.value:
        if name.value != "<<":
            yield from _nodes(inner, f"{key}.{name.value}" if key else str(name.value))


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no mapping, by its key; an empty mapping is one."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    elif key:
        yield key, value


if __name__ == "__main__":
    cli.run(main)
