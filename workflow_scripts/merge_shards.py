"""Join the shards of sampled rollouts: the rows that one job would have sampled, on a CPU in lockstep byte for byte.

    python workflow_scripts/merge_shards.py --shards shard1.parquet shard2.parquet --out rollouts.parquet

Reads   tables `rollouts`: for each --out all its shards in their order, then those of the next --out.
Writes  tables `rollouts`.
"""

import argparse

from mathcode import tables
from mathcode.core import cli
from mathcode.core.errors import InputError
from mathcode.rollouts.chunks import merged


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--shards", nargs="+", required=True, help="tables of rollouts: the shards of the first --out, then of the next")
    parser.add_argument("--out", nargs="+", required=True, help="tables to write")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    count, rest = divmod(len(args.shards), len(args.out))
    if rest:
        raise InputError(f"{len(args.shards)} shards cannot be shared evenly among {len(args.out)} outputs")
    for number, out in enumerate(args.out):
        paths = args.shards[number * count : (number + 1) * count]
        tables.ROLLOUTS.write(merged(paths), out)
    return 0


if __name__ == "__main__":
    cli.run(main)
