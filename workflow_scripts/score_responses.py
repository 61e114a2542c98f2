"""Score evaluated responses: accuracy, pass@k, maj@k, code rates, attempts, failures, and how many items training data had seen.

    python workflow_scripts/score_responses.py --grades grades.parquet --queries data/benchmarks/gsm8k.parquet \\
        --overlap results/laptop/data/overlap/sft/gsm8k/items.parquet --out scores.json

Reads:  tables `grades`; tables `queries`, their benchmarks, one for all or one for each; the benchmarks' tables `overlap_items` for the
        policy's training data.
Writes: scores.json, the i-th for the i-th table of grades; every key is explained under its key `definitions`.

Every evaluated item must have a grade. If a run evaluates only a drawn part of a benchmark (`benchmark_rows`), give --rows: without it
as many items are expected as were graded, those drawn first, so missing items go unnoticed if they were drawn last.
"""

import argparse
import logging

import polars as pl

from mathcode import tables
from mathcode.core import cli, provenance
from mathcode.core.errors import InputError
from mathcode.data import queries
from mathcode.grading import votes
from mathcode.measures import outcomes, pass_at_k

log = logging.getLogger(__name__)


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--grades", nargs="+", required=True, help="tables of grades")
    parser.add_argument("--queries", nargs="+", required=True, help="the benchmark that was evaluated, or one for each table of grades")
    parser.add_argument("--overlap", nargs="+", required=True, help="items of these benchmarks that overlap with training data")
    parser.add_argument("--rows", type=int, help="items of each benchmark that were drawn for evaluation")
    parser.add_argument("--out", nargs="+", required=True, help="scores.json to write, one per table of grades")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if len(args.grades) != len(args.out):
        raise InputError(f"--grades names {len(args.grades)} tables, --out {len(args.out)} files")
    args.queries *= len(args.grades) if len(args.queries) == 1 else 1
    if len(args.queries) != len(args.grades):
        raise InputError("give one --queries for all --grades, or one for each")
    overlap = pl.concat([tables.OVERLAP_ITEMS.read(path, allow_empty=True) for path in args.overlap])
    records = [_score(path, benchmark, overlap, args.rows) for path, benchmark in zip(args.grades, args.queries, strict=True)]
    for record, out in zip(records, args.out, strict=True):
        provenance.write_json(out, record)
    return 0


def _score(path: str, benchmark: str, overlap: pl.DataFrame, rows: int | None) -> dict:
    grades = tables.GRADES.read(path)
    items = queries.take(tables.QUERIES.read(benchmark), rows or grades["query_id"].n_unique())["query_id"]
    _check_complete(grades, items, path, benchmark)
    try:
        scores = outcomes.score(grades)
    except outcomes.MetricsError as error:
        raise InputError(f"{path}: {error}") from error
    seen = overlap.filter(pl.col("query_id").is_in(items.implode()))
    exact = seen.filter(pl.col("overlap") == "exact")
    tallied = pass_at_k.tallies(grades, votes.equal)
    k = int(grades["query_id"].value_counts()["count"].max())
    chosen = pass_at_k.by_query(tallied, k)
    left_out = items.len() - chosen.height
    log.info("%s: %d items with %d samples that have a verdict; %d with fewer are in no pass@k", path, chosen.height, k, left_out)
    return scores | {
        "k": k,
        "pass_at_k": chosen["pass_at_k"].mean(),
        "maj_at_k": chosen["maj_at_k"].mean(),
        "left_out": left_out,
        "contaminated": seen["query_id"].n_unique(),
        "contaminated_exact": exact["query_id"].n_unique(),
        "versions": provenance.versions(),
        "definitions": outcomes.DEFINITIONS,
    }


def _check_complete(grades: pl.DataFrame, items: pl.Series, path: str, benchmark: str) -> None:
    """Every item was graded equally often, and nothing else was."""
    graded = grades["query_id"]
    if missing := sorted(set(items) - set(graded)):
        count = f"{len(missing)} of {len(items)} are missing"
        raise InputError(f"{path}: no grade for item '{missing[0]}' of {benchmark} ({count}; see --rows)")
    if unknown := sorted(set(graded) - set(items)):
        raise InputError(f"{path}: query_id '{unknown[0]}' is none of the items of {benchmark} that were to be evaluated")
    if (repeated := grades.filter(grades.select("query_id", "sample").is_duplicated())).height:
        raise InputError(f"{path}: item '{repeated['query_id'].min()}' is graded twice for one sample")
    samples = graded.value_counts().sort("count", "query_id")
    item, fewest = samples.row(0)
    if fewest != samples["count"][-1]:
        raise InputError(f"{path}: item '{item}' has {fewest} grades, others have {samples['count'][-1]}")


if __name__ == "__main__":
    cli.run(main)
