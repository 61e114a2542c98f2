"""Draw the figures of a run: those that the index of its method lists.

    python workflow_scripts/plot_figures.py --method autocode --run demo --results results/demo --plan "$PLAN" \\
        --out-dir results/demo/figures

Reads:  what the run measured, below --results; the benchmarks, if the method reports parts of them separately.
Writes: {figure}.svg and, for papers, {figure}.pdf for each; equal results give equal bytes.
        Nothing is written unless every figure could be drawn.
"""

import argparse
from pathlib import Path

from mathcode.configuration import METHODS
from mathcode.core import cli
from mathcode.methods import method_of


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--method", required=True, help=f"whose figures they are: {', '.join(METHODS)}")
    parser.add_argument("--run", required=True, help="name of the run, for titles")
    parser.add_argument("--results", required=True, help="folder of the run's results")
    parser.add_argument("--plan", required=True, help="JSON of what the run built")
    parser.add_argument(
        "--benchmarks", nargs="+", type=Path, default=[], help="tables of the benchmarks, in the plan's order; some methods need them"
    )
    parser.add_argument("--out-dir", required=True, type=Path, help="folder of the figures")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    from mathcode.report import canvas

    method = method_of(args.method)
    found = method.report.results(args.results, args.plan, args.benchmarks)
    with canvas.style(salt=method.name):
        drawn = {item.name: item.load()(found, args.run) for item in method.figures}
        for name, figure in drawn.items():
            for kind in ("svg", "pdf"):
                canvas.save(figure, args.out_dir / f"{name}.{kind}")
    return 0


if __name__ == "__main__":
    cli.run(main)
