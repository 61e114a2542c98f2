"""Make the tables of a run: main, ablation, selection, dictation, sft_sources, rounds, regimes, samples, claims.

    python workflow_scripts/tabulate_results.py --results results/demo --plan "$PLAN" --out-dir results/demo/tables

Reads:  the run's scores, grades, Q-values, SFT pairs and contamination; data/published of the repository.
Writes: {table}.csv for each table; their columns are explained in autocode.columns.
        Nothing is written unless every table could be made.
"""

import argparse
from pathlib import Path

from mathcode.core import atomic, cli
from mathcode.methods.autocode.report import tables
from mathcode.report import results


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--results", required=True, help="folder of the run's results")
    parser.add_argument("--plan", required=True, help="JSON of what the run built")
    parser.add_argument("--out-dir", required=True, type=Path, help="folder of the tables")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    plan = results.parse_plan(args.plan)
    made = tables.tabulate(results.Results(args.results, plan))
    texts = {f"{name}.csv": frame.write_csv() for name, frame in made.items()}
    for name, text in texts.items():
        atomic.write_text(args.out_dir / name, text)
    return 0


if __name__ == "__main__":
    cli.run(main)
