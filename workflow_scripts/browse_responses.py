"""Make the page that shows the responses behind a run's numbers. It needs no network.

    python workflow_scripts/browse_responses.py --method autocode --run demo --results results/demo --plan "$PLAN" \\
        --benchmarks data/benchmarks/arithmetic_test.parquet data/benchmarks/arithmetic_ood.parquet \\
        --out reports/demo/responses.html

reads   the run's queries; responses.parquet and grades.parquet of every evaluation; rollouts and grades of what was explored,
        and what the method made of them
writes  one HTML page of at most --megabytes: of each benchmark the first --items by a hash of their ids, the same for every
        policy, and fewer where they do not fit
"""

import argparse
from pathlib import Path

from mathcode.configuration import METHODS
from mathcode.core import atomic, cli
from mathcode.core.errors import InputError
from mathcode.methods import method_of


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--method", required=True, help=f"whose run it is: {', '.join(METHODS)}")
    parser.add_argument("--run", required=True, help="name of the run, for the title")
    parser.add_argument("--results", required=True, help="folder of the run's results")
    parser.add_argument("--plan", required=True, help="JSON of what the run built")
    parser.add_argument("--benchmarks", required=True, nargs="+", type=Path, help="tables of the benchmarks, in the plan's order")
    parser.add_argument("--items", type=int, default=200, help="items of a benchmark at most (default: 200)")
    parser.add_argument("--megabytes", type=float, default=12, help="size of the page at most (default: 12)")
    parser.add_argument("--out", required=True, type=Path, help="page to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if args.items < 1:
        raise InputError(f"--items {args.items}: there must be at least one")
    method = method_of(args.method)
    found = method.report.results(args.results, args.plan, args.benchmarks)
    page = method.item("page", "responses").load()(found, args.run, found.benchmarks, args.items, int(args.megabytes * 1e6))
    atomic.write_text(args.out, page)
    return 0


if __name__ == "__main__":
    cli.run(main)
