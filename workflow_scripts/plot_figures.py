"""Draw the figures of a run.

    python workflow_scripts/plot_figures.py --run demo --results results/demo --plan "$PLAN" --out-dir results/demo/figures

Reads:  the run's scores.json, grades.parquet, q_values.parquet, reference_strategy.parquet, training_log.parquet, logprobs.parquet.
Writes: {figure}.svg and, for papers, {figure}.pdf for each; equal results give equal bytes.
        Nothing is written unless every figure could be drawn.
"""

import argparse
from pathlib import Path

from mathcode.core import cli
from mathcode.report import results


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--run", required=True, help="name of the run, for titles")
    parser.add_argument("--results", required=True, help="folder of the run's results")
    parser.add_argument("--plan", required=True, help="JSON of what the run built")
    parser.add_argument("--out-dir", required=True, type=Path, help="folder of the figures")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    from mathcode.methods.autocode.report import figures
    from mathcode.report import canvas

    found = results.Results(args.results, results.parse_plan(args.plan))
    with canvas.style():
        drawn = {name: draw(found, args.run) for name, draw in figures.FIGURES.items()}
        for name, figure in drawn.items():
            for kind in ("svg", "pdf"):
                canvas.save(figure, args.out_dir / f"{name}.{kind}")
    return 0


if __name__ == "__main__":
    cli.run(main)
