"""Join the training sets of a run for one use, remove what its benchmarks hold, and count what was found.

    python workflow_scripts/decontaminate.py --use sft --training data/sft/gsm8k_cot.parquet data/sft/svamp_cot.parquet \\
        --benchmarks data/benchmarks/gsm8k.parquet --ngram 13 --remove exact --rows 30000 \\
        --out sft.parquet --out-contamination sft_contamination.parquet --out-items sft_contaminated_items.parquet

Reads:  tables `queries` or `sft` (--use), and benchmarks; a dataset's name is its file's name.
Writes: the joined table without contaminated rows and without repeats between datasets (the first one listed keeps the question),
        cut to --rows drawn rows; tables `contamination` and `contaminated_items`.
"""

import argparse
import logging
from pathlib import Path

import polars as pl

from mathcode import tables
from mathcode.core import cli
from mathcode.core.errors import InputError
from mathcode.core.table_files import Table
from mathcode.data import decontamination, queries

log = logging.getLogger(__name__)

TRAINING_SETS = {table.name: table for table in (tables.QUERIES, tables.SFT)}


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--use", choices=TRAINING_SETS, required=True, help="what the training sets are for")
    parser.add_argument("--training", nargs="+", required=True, help="training sets, in order")
    parser.add_argument("--benchmarks", nargs="+", required=True, help="benchmarks of the run")
    parser.add_argument("--ngram", type=int, required=True, help="words in a run that counts as overlap")
    parser.add_argument("--remove", choices=["exact", "ngram"], required=True, help="which overlap removes a training row")
    parser.add_argument("--rows", type=int, help="rows to keep, drawn by hash; default: all")
    parser.add_argument("--out", required=True)
    parser.add_argument("--out-contamination", required=True)
    parser.add_argument("--out-items", required=True)
    return parser


def clean(
    paths: list[str], table: Table, benchmarks: dict[str, pl.DataFrame], ngram: int, remove: str
) -> tuple[pl.DataFrame, list[decontamination.Comparison]]:
    """The datasets of a use joined, without contaminated rows and repeats; and one comparison per dataset."""
    frames, comparisons = [table.empty()], []
    for path in paths:
        frame = table.read(path)
        compared = decontamination.compare(Path(path).stem, table.name, frame["question"], benchmarks, ngram, remove)
        frames.append(frame.filter(pl.Series(compared.keep)))
        comparisons.append(compared)
    joined = pl.concat(frames)
    distinct = queries.without_repeats(joined)
    log.info("%s: %d rows; %d repeats between datasets dropped", table.name, joined.height, joined.height - distinct.height)
    return distinct, comparisons


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    table = TRAINING_SETS[options.use]
    benchmarks = {Path(path).stem: tables.QUERIES.read(path) for path in options.benchmarks}
    joined, compared = clean(options.training, table, benchmarks, options.ngram, options.remove)
    if joined.is_empty():
        raise InputError(f"no row is left in {options.use} after decontamination; see --remove and --ngram")
    contamination = pl.concat([comparison.contamination for comparison in compared])
    table.write(queries.take(joined, options.rows), options.out)
    tables.CONTAMINATION.write(contamination, options.out_contamination)
    tables.CONTAMINATED_ITEMS.write(pl.concat([comparison.items for comparison in compared]), options.out_items)
    for row in contamination.filter(pl.col("exact_items") > 0).iter_rows(named=True):
        log.info("%(dataset)s (%(use)s): %(exact_items)d of %(benchmark_items)d items of %(benchmark)s word for word", row)
    return 0


if __name__ == "__main__":
    cli.run(main)
