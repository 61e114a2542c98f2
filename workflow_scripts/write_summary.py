"""Write the page to read first: the answer, the paper's claims with verdict and effect, worked examples, the cost, and every table.

    python workflow_scripts/write_summary.py --method autocode --run demo --results results/demo --plan "$PLAN" --about "$ABOUT" \\
        --benchmarks data/benchmarks/arithmetic_test.parquet --tables results/demo/tables/*.csv --costs logs/results/demo/costs.csv \\
        --figure results/demo/figures/frontier.svg --out reports/demo/summary.html

reads   the tables of tabulate_results.py and tabulate_costs.py, one figure, and the responses that worked examples are taken from
writes  one HTML page that needs no network; it holds hours and memory, so it differs from run to run
"""

import argparse
from pathlib import Path

import polars as pl

from mathcode import settings
from mathcode.configuration import METHODS
from mathcode.core import atomic, cli
from mathcode.core.errors import InputError
from mathcode.methods import method_of
from mathcode.report import summary


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--method", required=True, help=f"whose run it is: {', '.join(METHODS)}")
    parser.add_argument("--run", required=True, help="name of the run, for titles")
    parser.add_argument("--results", required=True, type=Path, help="folder of the run, for worked examples")
    parser.add_argument("--plan", required=True, help="JSON of what the run built")
    parser.add_argument("--benchmarks", required=True, nargs="+", type=Path, help="tables `queries` of the benchmarks, in the plan's order")
    parser.add_argument("--about", required=True, help="JSON of what it was made of")
    parser.add_argument("--tables", required=True, nargs="+", type=Path, help="CSV files, each named after its table")
    parser.add_argument("--costs", required=True, type=Path, help="CSV file with the costs")
    parser.add_argument("--figure", required=True, type=Path, help="SVG to show above the claims")
    parser.add_argument("--out", required=True, type=Path, help="page to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    method = method_of(args.method)
    results = method.report.results(args.results, args.plan, args.benchmarks)
    about = settings.parse(summary.About, args.about, "--about")
    tables = {path.stem: _read(path) for path in args.tables}
    if missing := sorted({item.name for item in method.tables_of(results.plan)} - set(tables)):
        raise InputError(f"--tables: the table '{missing[0]}' is missing")
    figure = args.figure.read_text(encoding="utf-8")
    page = method.item("page", "summary").load()(tables, _read(args.costs), figure, results, about, args.run)
    atomic.write_text(args.out, page)
    return 0


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_csv(path, infer_schema_length=None)
    except pl.exceptions.PolarsError as error:
        raise InputError(f"{path}: not a table ({error})") from error


if __name__ == "__main__":
    cli.run(main)
