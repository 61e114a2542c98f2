"""What a run built, as a list of SHA-256: to see after a change that nothing changed.

    python tests/manifest.py results/demo > before.txt
    python tests/manifest.py results/demo --compare before.txt
    python tests/manifest.py results/demo --compare ../before/results/demo --map eval/=evaluate/ --columns

reads     every .parquet, .safetensors, .csv and .svg under the folder; links are followed; provenance and timings are left out
prints    without --compare a line a file, digest and path, sorted by path; with it every file that is not identical, and the counts
exits     0; with --compare 1 if anything differs or is only in one; 2 if there is nothing to read
"""

import argparse
import hashlib
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import polars as pl

SUFFIXES = {".parquet", ".safetensors", ".csv", ".svg"}
LEFT_OUT = re.compile(r"provenance|timing|costs\.csv$")


class ManifestError(Exception):
    """Something that cannot be read or compared."""


def files(folder: Path) -> dict[str, Path]:
    """Files that count, by path inside the folder."""
    found = (Path(place) / name for place, _, names in os.walk(folder, followlinks=True) for name in names)
    kept = {str(path.relative_to(folder)): path for path in found if path.suffix in SUFFIXES and not LEFT_OUT.search(path.name)}
    if not kept:
        raise ManifestError(f"{folder}: no file of {', '.join(sorted(SUFFIXES))} is here")
    return dict(sorted(kept.items()))


def digest(path: Path) -> str:
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def digests(place: Path) -> dict[str, str]:
    """Digest by path, of a folder or as a manifest lists them."""
    if place.is_dir():
        return {name: digest(path) for name, path in files(place).items()}
    if not place.is_file():
        raise ManifestError(f"{place}: no such folder or manifest")
    lines = [line.split("  ", 1) for line in place.read_text(encoding="utf-8").splitlines()]
    if not lines or any(len(line) != 2 or not re.fullmatch(r"[0-9a-f]{64}", line[0]) for line in lines):
        raise ManifestError(f"{place}: no manifest; its lines are a SHA-256, two blanks and a path")
    return {name: value for value, name in lines}


def renamed(name: str, rules: Sequence[tuple[str, str]]) -> str:
    for pattern, replacement in rules:
        name = re.sub(pattern, replacement, name)
    return name


def same_columns(one: Path, other: Path) -> str | None:
    """Why two tables differ in the columns both have; None: they do not."""
    left, right = pl.read_parquet(one), pl.read_parquet(other)
    shared = [name for name in left.columns if name in right.columns]
    if not shared:
        return "no column in both"
    if left.height != right.height:
        return f"{left.height} rows, {right.height} in the other"
    changed = [name for name in shared if not left[name].equals(right[name], check_dtypes=True)]
    return f"differs in {', '.join(changed)}" if changed else None


def compare(folder: Path, other: Path, rules: Sequence[tuple[str, str]] = (), columns: bool = False) -> dict[str, list[str]]:
    """Paths of `folder`, after `rules`, held against another folder or a manifest of one: by verdict."""
    if columns and not other.is_dir():
        raise ManifestError(f"{other}: --columns compares tables, so both must be folders")
    names = {renamed(name, rules): name for name in files(folder)}
    if len(names) != len(files(folder)):
        raise ManifestError("--map gives one name to two files")
    theirs = digests(other)
    found = {"identical": [], "equal in shared columns": [], "differs": [], "only here": [], "only there": sorted({*theirs} - {*names})}
    for name, own in sorted(names.items()):
        if name not in theirs:
            found["only here"].append(name)
        elif digest(folder / own) == theirs[name]:
            found["identical"].append(name)
        elif columns and name.endswith(".parquet"):
            why = same_columns(folder / own, other / name)
            found["differs" if why else "equal in shared columns"].append(f"{name}: {why}" if why else name)
        else:
            found["differs"].append(name)
    return found


def rule(text: str) -> tuple[str, str]:
    pattern, sign, replacement = text.partition("=")
    if not sign:
        raise argparse.ArgumentTypeError(f"'{text}' is not PATTERN=REPLACEMENT")
    try:
        re.compile(pattern)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"'{pattern}' is no regular expression: {error}") from error
    return pattern, replacement


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder of results")
    parser.add_argument("--compare", type=Path, metavar="OTHER", help="another folder, or a file this program printed")
    mapping = "regular expressions that turn paths of FOLDER into those of OTHER, applied in order"
    parser.add_argument("--map", type=rule, nargs="+", default=[], metavar="PATTERN=REPLACEMENT", help=mapping)
    parser.add_argument("--columns", action="store_true", help="parquet files that differ: compare the columns both have")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    try:
        if args.compare is None:
            for name, path in files(args.folder).items():
                print(f"{digest(path)}  {name}")
            return 0
        found = compare(args.folder, args.compare, args.map, args.columns)
    except (ManifestError, OSError, pl.exceptions.PolarsError) as error:
        print(f"manifest.py: {error}", file=sys.stderr)
        return 2
    for verdict in ("equal in shared columns", "differs", "only here", "only there"):
        for name in found[verdict]:
            print(f"{verdict}: {name}")
    print(", ".join(f"{len(names)} {verdict}" for verdict, names in found.items() if names))
    return int(any(found[verdict] for verdict in ("differs", "only here", "only there")))


if __name__ == "__main__":
    sys.exit(main())
