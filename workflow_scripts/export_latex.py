"""Turn tables of a run into LaTeX, one file for each.

    python workflow_scripts/export_latex.py --method autocode --tables results/demo/tables/main.csv --out results/demo/tables/main.tex

reads   CSV files as tabulate_results.py writes them
writes  one `tabular` for each (package booktabs); \\input it inside a table environment
"""

import argparse
from pathlib import Path

import polars as pl

from mathcode.configuration import METHODS
from mathcode.core import atomic, cli
from mathcode.core.errors import InputError
from mathcode.methods import method_of
from mathcode.report import latex


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--method", required=True, help=f"whose tables they are: {', '.join(METHODS)}")
    parser.add_argument("--tables", nargs="+", required=True, help="CSV files")
    parser.add_argument("--out", nargs="+", required=True, type=Path, help="files to write, one for each table")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if len(args.tables) != len(args.out):
        raise InputError("give one --out for each of --tables")
    known = method_of(args.method).report.columns
    for path, out in zip(args.tables, args.out, strict=True):
        try:
            frame = pl.read_csv(path, infer_schema_length=None)
        except pl.exceptions.PolarsError as error:
            raise InputError(f"{path}: not a table ({error})") from error
        atomic.write_text(out, latex.render(frame, known))
    return 0


if __name__ == "__main__":
    cli.run(main)
