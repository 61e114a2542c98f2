"""Turn a fetched source into a checked table of queries: a training set or a benchmark.

    python workflow_scripts/prepare_queries.py --raw data/raw/gsm8k_test --dataset gsm8k --kind benchmark \\
        --settings '{"source": "gsm8k_test", "reader": "gsm8k", "rows": 1319}' --out data/benchmarks/gsm8k.parquet

Reads:  the folder of a fetched source.
Writes: table `queries`. A training set drops repeated questions and queries without gold; a benchmark keeps every item and
        refuses one without gold.
"""

import argparse

from mathcode import settings, tables
from mathcode.core import cli
from mathcode.data import queries, sources, text
from mathcode.data.readers import query_readers


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--raw", required=True, help="folder of the fetched source")
    parser.add_argument("--dataset", required=True, help="name of the dataset or benchmark")
    parser.add_argument("--kind", required=True, choices=["training", "benchmark"])
    parser.add_argument("--settings", required=True, help="the dataset as JSON, as in config/sources.yaml")
    parser.add_argument("--out", required=True, help="table to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    dataset = settings.parse(settings.Dataset, options.settings)
    build = queries.benchmark_table if options.kind == "benchmark" else queries.training_table
    rows = text.read_all(sources.read_source(options.raw), query_readers(dataset), dataset.reader)
    tables.QUERIES.write(build(options.dataset, rows, dataset.rows), options.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
