"""Measure which items of a benchmark the training sets of a run hold, before anything is removed.

    python workflow_scripts/measure_overlap.py --use sft --training data/sft/gsm8k_cot.parquet --benchmark data/benchmarks/gsm8k.parquet \\
        --ngram 13 --remove none --out-items items.parquet --out-counts counts.parquet

reads   tables `queries` or `sft` by --use, and the table `queries` of a benchmark
writes  table `overlap_items`: the items, by training set; table `overlap_counts`: how many they are, and how many rows they remove
"""

import argparse
import logging
from pathlib import Path

import polars as pl

from mathcode import tables
from mathcode.core import cli
from mathcode.data import decontamination

log = logging.getLogger(__name__)


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--use", choices=tables.TRAINING_SETS, required=True, help="what the training sets are for")
    parser.add_argument("--training", nargs="+", required=True, help="training sets, in order")
    parser.add_argument("--benchmark", required=True, help="its table of items; its name is the file's")
    parser.add_argument("--ngram", type=int, required=True, help="words in a run that counts as overlap")
    parser.add_argument(
        "--remove", choices=["exact", "ngram", "none"], required=True, help="which overlap removes a training row; none: not in the guard"
    )
    parser.add_argument("--out-items", required=True)
    parser.add_argument("--out-counts", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    table, benchmark = tables.TRAINING_SETS[options.use], {Path(options.benchmark).stem: tables.QUERIES.read(options.benchmark)}
    compared = [
        decontamination.compare(Path(path).stem, table.name, table.read(path)["question"], benchmark, options.ngram, options.remove)
        for path in options.training
    ]
    counts = pl.concat([comparison.counts for comparison in compared])
    tables.OVERLAP_COUNTS.write(counts, options.out_counts)
    tables.OVERLAP_ITEMS.write(pl.concat([comparison.items for comparison in compared]), options.out_items)
    for row in counts.filter(pl.col("exact_items") > 0).iter_rows(named=True):
        log.info("%(dataset)s (%(use)s): %(exact_items)d of %(benchmark_items)d items of %(benchmark)s word for word", row)
    return 0


if __name__ == "__main__":
    cli.run(main)
