"""Turn a fetched source into SFT pairs whose programs have run and print the reference answer.

    python workflow_scripts/prepare_sft.py --raw data/raw/gsm8k_train --dataset gsm8k_cot --workers 2 \\
        --settings '{"source": "gsm8k_train", "reader": "gsm8k_rationale"}' --out data/sft/gsm8k_cot.parquet \\
        --interpreter '{"timeout": 10, "memory_mb": 1024, "output_chars": 400, "preload": ["numpy", "sympy"]}'

Reads:  the folder of a fetched source.
Writes: table `sft`; what was left out, and why, is counted in the log.
"""

import argparse

from mathcode import settings, tables
from mathcode.core import cli
from mathcode.data import sft, sources
from mathcode.data.readers import sft_readers
from mathcode.interpreter.driver import Interpreter


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--raw", required=True, help="folder of the fetched source")
    parser.add_argument("--dataset", required=True, help="name of the SFT dataset")
    parser.add_argument("--settings", required=True, help="the dataset as JSON, as in config/sources.yaml")
    parser.add_argument("--interpreter", required=True, help="how programs run, as JSON: the section interpreter of config/sources.yaml")
    parser.add_argument("--workers", type=cli.positive, default=1, help="programs run at a time; the result does not depend on it")
    parser.add_argument("--out", required=True, help="table to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    dataset = settings.parse(settings.Dataset, options.settings)
    limits = settings.parse(settings.Interpreter, options.interpreter, "--interpreter").model_copy(update={"workers": options.workers})
    records, readers = sources.read_source(options.raw), sft_readers(dataset)
    if dataset.take is not None:
        chosen = sft.questions_drawn(options.dataset, records, dataset.reader, dataset.take, readers)
        records = sft.of_questions(options.dataset, sources.read_source(options.raw), dataset.reader, chosen, readers)
    pairs = sft.table(options.dataset, records, dataset.reader, dataset.rows, lambda: Interpreter(limits), readers)
    tables.SFT.write(pairs, options.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
