"""Make the tables of a run: those that the index of its method lists.

    python workflow_scripts/tabulate_results.py --method autocode --results results/demo --plan "$PLAN" --out-dir results/demo/tables

Reads:  what the run measured, below --results; data/published of the repository; the benchmarks, if the method reports parts of them
        separately.
Writes: {table}.csv for each table; summary.html explains their columns.
        Nothing is written unless every table could be made.
"""

import argparse
from pathlib import Path

from mathcode.configuration import METHODS
from mathcode.core import atomic, cli
from mathcode.methods import method_of
from mathcode.report import rows


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--method", required=True, help=f"whose tables they are: {', '.join(METHODS)}")
    parser.add_argument("--results", required=True, help="folder of the run's results")
    parser.add_argument("--plan", required=True, help="JSON of what the run built")
    parser.add_argument(
        "--benchmarks", nargs="+", type=Path, default=[], help="tables of the benchmarks, in the plan's order; some methods need them"
    )
    parser.add_argument("--out-dir", required=True, type=Path, help="folder of the tables")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    method = method_of(args.method)
    found = method.report.results(args.results, args.plan, args.benchmarks)
    made = rows.tabulate(found, method.tables_of(found.plan))
    texts = {f"{name}.csv": frame.write_csv() for name, frame in made.items()}
    for name, text in texts.items():
        atomic.write_text(args.out_dir / name, text)
    return 0


if __name__ == "__main__":
    cli.run(main)
