"""Fill a mirror folder with the raw data and base models of runs, for machines without internet.

    python workflow_scripts/fill_mirror.py laptop paper --out mirror

reads   the runs' settings; each source or model comes from an older mirror, a public address or the hub, the first that has it
writes  OUT/raw/SOURCE with its manifest, and OUT/models/FAMILY with its SHA256SUMS; what OUT holds already is checked and kept

Carry the folder over, and name it there: `snakemake --profile local laptop --config mirror=OUT`. Checksums are verified when it is used.
What a run generates by itself, and models that it builds from scratch, need no mirror.
"""

import logging
import shutil
from pathlib import Path

from mathcode import configuration, settings
from mathcode.configuration import places
from mathcode.core import cli
from mathcode.core.errors import InputError
from mathcode.data import sources
from mathcode.policies import mirrors

log = logging.getLogger(__name__)

GB = 1e9


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("runs", nargs="+", help="runs of config/runs")
    parser.add_argument("--out", required=True, type=Path, help="mirror folder to fill")
    parser.add_argument(
        "--mirror", default="data/mirror", type=Path, help="mirror folder to copy from, where it has something (data/mirror)"
    )
    parser.add_argument("--config", default="config", help="folder of the settings (config)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    config = configuration.load(args.config)
    for run in args.runs:
        configuration.refuse_unknown(run, config.runs, "runs", "run")
    needs = [places.needed(config, run) for run in args.runs]
    raw = sorted({name for names, _ in needs for name in names if config.sources.sources[name].generate is None})
    families = sorted({name for _, names in needs for name in names})
    _say_sizes(raw, families, config, args)
    for name in raw:
        _mirror_source(name, config.sources.sources[name], args)
    for name in families:
        _mirror_model(name, config.families[name], args)
    log.info("%s holds %.2f GB; use it with --config mirror=%s", args.out, _held_gb(args.out), args.out)
    return 0


def _say_sizes(raw: list[str], families: list[str], config: configuration.Config, args) -> None:
    """Say beforehand what is to come.

    Raises:
        InputError: there is no room for it.
    """
    args.out.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(args.out).free / GB
    weights = configuration.costs(args.config).parameters
    sizes = [_missing_gb(name, config.families[name], weights.get(name), args) for name in families]
    coming = sum(size or 0 for size in sizes)
    unknown = f", and models of unknown size ({sizes.count(None)})" if None in sizes else ""
    told = (
        f"{args.out} gets {len(raw)} sources and {len(families)} models: some {coming:.0f} GB of weights are to come{unknown};"
        f" {free:.0f} GB are free"
    )
    if coming > free:
        raise InputError(f"{told}: name another folder with --out, or make room")
    log.info("%s", told)


def _missing_gb(name: str, family: settings.Family, weights: float | None, args) -> float | None:
    """GB of a model that OUT lacks; None: not known before it is here."""
    target, older = mirrors.in_mirror(args.out, name), mirrors.in_mirror(args.mirror, name)
    if (target / mirrors.CHECKSUMS).is_file():
        return 0.0
    if older.is_dir() or family.path:
        whole = _held_gb(older if older.is_dir() else Path(family.path))
    elif weights:
        whole = 2 * weights / GB  # the hub's are bfloat16
    else:
        return None
    return max(whole - _held_gb(target), 0.0)  # a download that was broken off goes on


def _held_gb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / GB


def _mirror_source(name: str, source: settings.Source, args) -> None:
    """One source as `fetch_source.py` would keep it; one that is there is fetched from itself, which checks it.

    Files that no checksum fixes, such as your own, are taken again from where they are: they may have been edited.
    """
    target = args.out / sources.RAW / name
    there = (target / sources.MANIFEST).is_file() and not sources.own_files(source, args.mirror)
    manifest = sources.fetch(name, source, args.out if there else args.mirror, target)
    log.info("%s: %d rows, %s", name, sum(file["rows"] for file in manifest["files"]), "checked" if there else manifest["origin"])


def _mirror_model(name: str, family: settings.Family, args) -> None:
    target, older = mirrors.in_mirror(args.out, name), mirrors.in_mirror(args.mirror, name)
    if (target / mirrors.CHECKSUMS).is_file():
        mirrors.check_origin(target, family.hub, family.revision)
        mirrors.check_checksums(target)
        log.info("%s: checked", name)
        return
    if older.is_dir() or family.path:
        mirrors.copy_policy(older if older.is_dir() else family.path, target)
    else:
        mirrors.write_origin(target, family.hub, family.revision, mirrors.download(name, family.hub, family.revision, target))
    mirrors.write_checksums(target)
    log.info("%s: %s", name, "copied" if older.is_dir() or family.path else "downloaded")


if __name__ == "__main__":
    cli.run(main)
