"""Turn a fetched source into cases for judges, labelled by those who published it.

    python workflow_scripts/prepare_cases.py --raw data/raw/answer_judge --dataset answer_judge \\
        --settings '{"source": "answer_judge", "reader": "answer_judge"}' --out data/cases/answer_judge.parquet

Reads:  the folder of a fetched source.
Writes: table `cases`; what was left out, and why, is counted in the log.
"""

import argparse

from mathcode import settings, tables
from mathcode.core import cli
from mathcode.critic import labelled
from mathcode.data import sources, text
from mathcode.data.readers import case_readers


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--raw", required=True, help="folder of the fetched source")
    parser.add_argument("--dataset", required=True, help="name of the set of cases")
    parser.add_argument("--settings", required=True, help="the set as JSON, as under `cases` in config/sources.yaml")
    parser.add_argument("--out", required=True, help="table to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    dataset = settings.parse(settings.Dataset, options.settings)
    read = text.read_all(sources.read_source(options.raw), case_readers(dataset), dataset.reader)
    tables.CASES.write(labelled.table(options.dataset, read, dataset.rows), options.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
