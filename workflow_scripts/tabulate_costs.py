"""Add up what the jobs of a run took: hours, GPU hours, processor hours and memory of each stage.

    python workflow_scripts/tabulate_costs.py --method autocode --logs logs/results/demo --gpus '{"RL": 1}' \\
        --out logs/results/demo/costs.csv

reads   the *.timing.tsv that Snakemake writes beside the logs
writes  a CSV file, one row per stage and their sum; the columns are explained in mathcode.report.costs
"""

import argparse
import json
from pathlib import Path

from mathcode.configuration import METHODS
from mathcode.core import atomic, cli
from mathcode.core.errors import InputError
from mathcode.methods import method_of
from mathcode.report import costs


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--method", required=True, help=f"whose stages the jobs belong to: {', '.join(METHODS)}")
    parser.add_argument("--logs", required=True, type=Path, help="folder of the run's logs")
    parser.add_argument("--gpus", default="{}", help="JSON: GPUs that a job of each stage asks for; a stage that is left out has none")
    parser.add_argument("--out", required=True, type=Path, help="table to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    try:
        gpus = json.loads(args.gpus)
    except json.JSONDecodeError as error:
        raise InputError(f"--gpus is not JSON ({error})") from None
    stages = {name: stage.jobs for name, stage in method_of(args.method).stages.items()}
    if unknown := sorted(set(gpus) - set(stages)):
        raise InputError(f"--gpus: there is no stage '{unknown[0]}'; there are: {', '.join(stages)}")
    atomic.write_text(args.out, costs.tabulate(args.logs, gpus, stages).write_csv())
    return 0


if __name__ == "__main__":
    cli.run(main)
