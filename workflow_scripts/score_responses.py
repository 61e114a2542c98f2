"""Score evaluated responses: accuracy, code rates, attempts, failures, and how many items training data had seen.

    python workflow_scripts/score_responses.py --grades grades.parquet --queries data/benchmarks/gsm8k.parquet \\
        --items results/laptop/data/sft_contaminated_items.parquet --out scores.json

Reads:  tables `grades` and `queries` (the benchmark's items; its name is its file's name), the tables `contaminated_items` of the run.
Writes: scores.json, the i-th for the i-th grades and queries; every key is explained under its key `definitions`.

Every evaluated item must have a grade. A run may evaluate a drawn part of a benchmark (`benchmark_rows`): without --rows as many
items are expected as were graded, namely those drawn first, so only the very last drawn item could go missing unnoticed.
"""

import argparse
from pathlib import Path

import polars as pl

from mathcode import tables
from mathcode.core import cli, provenance
from mathcode.core.errors import InputError
from mathcode.data import queries
from mathcode.measures import outcomes


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--grades", nargs="+", required=True, help="tables of grades")
    parser.add_argument("--queries", nargs="+", required=True, help="the benchmark of each table of grades")
    parser.add_argument("--items", nargs="+", required=True, help="tables of contaminated items")
    parser.add_argument("--rows", type=int, help="items of each benchmark that were drawn for evaluation")
    parser.add_argument("--out", nargs="+", required=True, help="scores.json to write, one per table of grades")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if not len(args.grades) == len(args.queries) == len(args.out):
        raise InputError("give one --queries and one --out for each of --grades")
    contaminated = pl.concat([tables.CONTAMINATED_ITEMS.read(path, allow_empty=True) for path in args.items])
    records = [_score(*paths, contaminated, args.rows) for paths in zip(args.grades, args.queries, strict=True)]
    for record, out in zip(records, args.out, strict=True):
        provenance.write_json(out, record)
    return 0


def _score(path: str, benchmark: str, contaminated: pl.DataFrame, rows: int | None) -> dict:
    grades = tables.GRADES.read(path)
    items = queries.take(tables.QUERIES.read(benchmark), rows or grades["query_id"].n_unique())["query_id"]
    _check_complete(grades, items, path, benchmark)
    try:
        scores = outcomes.score(grades)
    except outcomes.MetricsError as error:
        raise InputError(f"{path}: {error}") from error
    seen = contaminated.filter(pl.col("benchmark") == Path(benchmark).stem, pl.col("query_id").is_in(items.implode()))
    exact = seen.filter(pl.col("overlap") == "exact")
    return scores | {
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
