"""Clean the training sets of a run: join them, without repeats and without questions that overlap with its guard benchmarks.

    python workflow_scripts/decontaminate.py --use queries --training data/queries/gsm8k_train.parquet \\
        --benchmarks data/benchmarks/gsm8k.parquet data/benchmarks/math.parquet --ngram 13 --remove exact --out queries.parquet

reads   tables `queries` or `sft` by --use, and tables `queries` of the benchmarks and of what is kept apart
writes  one table of the same kind; on request also the tables `overlap_counts` and `overlap_items` of these benchmarks, which
        measure_overlap.py makes for any single benchmark
logs    every removed question beside the benchmark question that it overlaps with

The workflow passes the benchmarks of the run's guard (`data.guard`). A benchmark that is only evaluated removes nothing, so adding one
does not make anything train again.
"""

import argparse
import logging
from pathlib import Path

import polars as pl

from mathcode import tables
from mathcode.core import cli, json_lines
from mathcode.core.errors import InputError
from mathcode.core.table_files import Table
from mathcode.data import decontamination, pools, queries

log = logging.getLogger(__name__)


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--use", choices=tables.TRAINING_SETS, required=True, help="what the training sets are for")
    parser.add_argument("--training", nargs="+", required=True, help="training sets, in order")
    parser.add_argument("--benchmarks", nargs="*", default=[], help="benchmarks they are cleaned of")
    parser.add_argument("--ngram", type=int, required=True, help="number of successive words that must be shared to count as overlap")
    parser.add_argument("--remove", choices=["exact", "ngram"], required=True, help="kind of overlap that removes a training row")
    parser.add_argument("--apart", nargs="*", default=[], help="tables of queries whose questions are left out")
    parser.add_argument("--rows", type=int, help="rows to keep, drawn by hash; default: all")
    parser.add_argument("--out", required=True)
    parser.add_argument("--out-contamination", help="also write the table `overlap_counts` to this file")
    parser.add_argument("--out-items", help="also write the table `overlap_items` to this file")
    return parser


def clean(
    paths: list[str], table: Table, guard: dict[str, pl.DataFrame], ngram: int, remove: str
) -> tuple[pl.DataFrame, list[decontamination.Comparison]]:
    """The datasets of a use joined, without contaminated rows and repeats; and one comparison for each."""
    frames, comparisons = [table.empty()], []
    for path in paths:
        frame = table.read(path)
        compared = decontamination.compare(Path(path).stem, table.name, frame["question"], guard, ngram, remove)
        frames.append(frame.filter(pl.Series(compared.keep)))
        comparisons.append(compared)
        for removal in compared.removed:
            item = guard[removal.benchmark].row(removal.item, named=True)
            ours, theirs = json_lines.dumps(frame["question"][removal.row]), json_lines.dumps(item["question"])
            log.info("removed (%s) %s: %s; %s %s: %s", removal.overlap, Path(path).stem, ours, removal.benchmark, item["query_id"], theirs)
        for row in compared.counts.filter(pl.col("removed_rows") > 0).iter_rows(named=True):
            log.info("%(dataset)s (%(use)s): %(removed_rows)d of %(training_rows)d rows removed because of %(benchmark)s", row)
    joined = pl.concat(frames)
    distinct = queries.without_repeats(joined)
    log.info("%s: %d rows; %d repeats between datasets dropped", table.name, joined.height, joined.height - distinct.height)
    return distinct, comparisons


def without(frame: pl.DataFrame, apart: list[pl.DataFrame]) -> pl.DataFrame:
    """Rows whose question is in none of these tables, however blanks and marks are set (`data.pools.wording`)."""
    known = {pools.wording(question) for other in apart for question in other["question"]}
    kept = frame.filter(pl.Series([pools.wording(question) not in known for question in frame["question"]], dtype=pl.Boolean))
    log.info("%d rows left out, whose questions are kept apart", frame.height - kept.height)
    return kept


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    table = tables.TRAINING_SETS[options.use]
    guard = {Path(path).stem: tables.QUERIES.read(path) for path in options.benchmarks}
    joined, compared = clean(options.training, table, guard, options.ngram, options.remove)
    if options.apart:
        joined = without(joined, [tables.QUERIES.read(path) for path in options.apart])
    if joined.is_empty():
        rows = [row for one in compared for row in one.counts.filter(pl.col("removed_rows") > 0).iter_rows(named=True)]
        removed = ", ".join(f"{row['removed_rows']} by {row['benchmark']}" for row in rows) or "none"
        raise InputError(
            f"no row is left in {options.use}; benchmarks removed {removed}: see data.guard and data.remove of the run"
            + (", and data.sft_leaves_out, whose pools removed others" if options.apart else "")
        )
    table.write(queries.take(joined, options.rows), options.out)
    if options.out_contamination:
        tables.OVERLAP_COUNTS.write(pl.concat([one.counts for one in compared]), options.out_contamination)
    if options.out_items:
        tables.OVERLAP_ITEMS.write(pl.concat([one.items for one in compared]), options.out_items)
    return 0


if __name__ == "__main__":
    cli.run(main)
