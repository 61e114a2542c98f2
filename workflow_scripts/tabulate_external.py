"""Put graded responses of others into the columns of Table 1, so that published claims can be read by our definitions.

    python workflow_scripts/tabulate_external.py --graded graded.jsonl --name autocode_deepseek --out main.csv

reads   JSON lines as grade_responses.py writes them
writes  a CSV file, a row for each benchmark; what a log cannot tell (training seeds, contamination) is blank
"""

import argparse
from pathlib import Path

import polars as pl

from mathcode.configuration import METHODS
from mathcode.core import atomic, cli, json_lines, table_files
from mathcode.core.errors import InputError
from mathcode.measures import outcomes, uncertainty

GRADED = {
    "benchmark": pl.String,
    "outcome": pl.String,
    **dict.fromkeys(("strict", "lenient", "code_executed", "code_written", "code_decides"), pl.Boolean),
}


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--graded", required=True, help="JSON lines written by grade_responses.py")
    parser.add_argument("--name", required=True, help="what the log is called, for the column family")
    parser.add_argument("--method", choices=METHODS, default="autocode", help="whose main table has the columns (%(default)s)")
    parser.add_argument("--out", required=True, type=Path, help="table to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    rows = json_lines.read(args.graded, ["id", "benchmark", "outcome"])
    if not rows:
        raise InputError(f"{args.graded}: there is no response to tabulate")
    for number, row in enumerate(rows, 1):
        if missing := [name for name in GRADED if name not in row]:
            raise InputError(f"{args.graded}: row {number} has no key '{missing[0]}'; write the file with grade_responses.py")
        if wrong := [name for name, held in GRADED.items() if held == pl.Boolean and not isinstance(row[name], bool)]:
            raise InputError(f"{args.graded}: row {number}: key '{wrong[0]}' must be true or false, not {json_lines.kind(row[wrong[0]])}")
        row |= {"benchmark": table_files.storable(row["benchmark"]), "outcome": table_files.storable(row["outcome"])}
    graded = pl.DataFrame([{name: row[name] for name in GRADED} for row in rows], schema=GRADED)
    columns = METHODS[args.method].item("table", "main").columns
    table = [
        dict.fromkeys(columns) | _row(args.name, benchmark, part)
        for (benchmark,), part in graded.group_by("benchmark", maintain_order=True)
    ]
    atomic.write_text(args.out, pl.DataFrame(table).select(columns).write_csv())
    return 0


def _row(name: str, benchmark: str, graded: pl.DataFrame) -> dict:
    sound = outcomes.usable(graded)
    if sound.is_empty():
        raise InputError(f"none of the {graded.height} responses to {benchmark} has a verdict")
    accuracy = uncertainty.wilson_interval(int(sound["strict"].sum()), sound.height)
    shares = {
        "accuracy": accuracy.value,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        "lenient_accuracy": sound["lenient"].mean(),
        **outcomes.code_rates(sound),
    }
    return {
        "experiment": "external",
        "family": name,
        "mode": "auto",
        "benchmark": benchmark,
        "n": sound.height,
        "infrastructure_errors": graded.height - sound.height,
        **{column: round(100 * share, 2) for column, share in shares.items()},
    }


if __name__ == "__main__":
    cli.run(main)
