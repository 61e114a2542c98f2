"""Compare finished runs, or policies, with the first of them: which claims come out differently, and what changed on the same items.

    python workflow_scripts/compare_runs.py results/demo results/mine --out-dir comparison

In place of the folder of a run you can give the folder of a policy, such as results/demo/main/tiny/seed1/iter2.

Reads:  tables `grades`, settings.json and tables/claims.csv below each folder; evaluations found in only one of the two are skipped.
Writes: policies.csv, claims.csv, settings.csv, and comparison.html with all three.

Responses are paired by item and, if the runs share seeds, by seed. Runs that share no seed are paired in the order of their seeds: first
with first, second with second, and so on.
"""

import argparse
import logging
from pathlib import Path

from mathcode.core import atomic, cli
from mathcode.core.errors import InputError
from mathcode.report import comparison


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of runs or policies; the others are compared with the first")
    parser.add_argument("--out-dir", required=True, type=Path, help="folder to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if models := [folder for folder in args.folders if folder.name == "model"]:
        raise InputError(f"{models[0]} holds weights: name the folder of the policy, {models[0].parent}")
    if len(args.folders) < 2:
        raise InputError("one folder was named; a comparison needs two or more")
    named = dict(zip(_names(args.folders), args.folders, strict=True))
    if len(named) < len(args.folders):
        raise InputError("a folder was named twice")
    compared = comparison.compare(named)
    for name, frame in compared.items():
        atomic.write_text(args.out_dir / f"{name}.csv", frame.write_csv())
    atomic.write_text(args.out_dir / "comparison.html", comparison.render(compared, list(named)))
    logging.info("%d evaluations compared; open %s in a browser", compared["policies"].height, args.out_dir / "comparison.html")
    return 0


def _names(folders: list[Path]) -> list[str]:
    """The last parts of the paths, as many as tell them apart."""
    for parts in range(1, max(len(folder.resolve().parts) for folder in folders)):
        names = ["/".join(folder.resolve().parts[-parts:]) for folder in folders]
        if len({*names}) == len({folder.resolve() for folder in folders}):
            return names
    return [str(folder) for folder in folders]


if __name__ == "__main__":
    cli.run(main)
