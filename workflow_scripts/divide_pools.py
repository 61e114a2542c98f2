"""Take one pool of queries out of the datasets of a run, disjoint from the pools before it, and clean it as training data.

    python workflow_scripts/divide_pools.py --pool web1 --queries data/queries/talscq_en.parquet data/queries/ape210k.parquet \\
        --pools '{"critic": {"datasets": ["ape210k"]}, "web1": {"datasets": ["talscq_en"], "part": [0, 0.5]}}' \\
        --benchmarks data/benchmarks/math.parquet --ngram 13 --remove exact --out web1.parquet

Reads:  tables `queries` of the datasets, and of the benchmarks of the run's guard.
Writes: table `queries`.

--pools describes only this pool and those before it, so changing or adding a later pool leaves the earlier ones as they are.
"""

import argparse
import json
import logging
from pathlib import Path

import polars as pl

from mathcode import settings, tables
from mathcode.core import cli
from mathcode.core.errors import InputError
from mathcode.data import decontamination, pools, queries

log = logging.getLogger(__name__)


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--pool", required=True, choices=settings.POOLS, help="the pool to write")
    parser.add_argument("--pools", required=True, help="this pool and those before it as JSON, as in data.pools of a run")
    parser.add_argument("--queries", nargs="+", required=True, help="tables of the datasets that these pools draw from")
    parser.add_argument("--benchmarks", nargs="*", default=[], help="benchmarks the pool is cleaned of")
    parser.add_argument("--ngram", type=int, required=True, help="number of successive words that must be shared to count as overlap")
    parser.add_argument("--remove", choices=["exact", "ngram"], required=True, help="which overlap removes a query")
    parser.add_argument("--out", required=True, help="table to write")
    return parser


def _described(text: str, wanted: str) -> dict[str, settings.Pool]:
    """The pools of the command line."""
    try:
        described = json.loads(text)
    except ValueError as error:
        raise InputError(f"--pools is not JSON: {error}") from None
    if not isinstance(described, dict) or wanted not in described:
        raise InputError(f"--pools does not describe pool '{wanted}'")
    return {name: settings.validated(settings.Pool, pool, f"--pools: pool '{name}'") for name, pool in described.items()}


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    described = _described(options.pools, options.pool)
    datasets = {Path(path).stem: tables.QUERIES.read(path) for path in options.queries}
    for name, pool in described.items():
        if lacking := [dataset for dataset in pool.datasets if dataset not in datasets]:
            raise InputError(f"--queries has no dataset '{lacking[0]}', which pool '{name}' takes")
    pool = pools.divide(described, datasets, options.pool)
    guard = {Path(path).stem: tables.QUERIES.read(path) for path in options.benchmarks}
    compared = decontamination.compare(options.pool, "queries", pool["question"], guard, options.ngram, options.remove)
    kept = pool.filter(pl.Series(compared.keep))
    log.info("pool '%s': %d queries removed because of the guard", options.pool, len(pool) - len(kept))
    if kept.is_empty():
        raise InputError(f"no query is left in pool '{options.pool}' after decontamination; see --remove and --ngram")
    tables.QUERIES.write(queries.take(kept, described[options.pool].rows), options.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
