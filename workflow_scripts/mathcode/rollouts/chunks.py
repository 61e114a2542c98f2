"""Chunks of rollouts: the rows sampled together, which of them a job takes, and those kept from an earlier start.

A chunk's rows do not change with the number of jobs or with a kill, so neither do its batches.
"""

import logging
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from mathcode import tables
from mathcode.core import table_files
from mathcode.core.errors import UserError

log = logging.getLogger(__name__)


class RolloutError(UserError):
    """Too many programs of rollouts could not be run."""


def parts_of_shard(rows: list[int], number: int, shards: int, chunk_rows: int) -> list[slice]:
    """Which rows of each table one of `shards` jobs samples, counted from 1; `rows` are the tables' sizes.

    The chunks of all tables are lined up, and each job takes an equal stretch of the line. So the rows it samples of a table are in order,
    and shards are joined by concatenation. The tokens of a row do not depend on its neighbours, but the last bits of its
    log-probabilities do, so chunks are never split.

    Raises:
        RolloutError: there is no such shard.
    """
    if not 1 <= number <= shards:
        raise RolloutError(f"there is no shard {number} of {shards}")
    chunks = [math.ceil(count / chunk_rows) for count in rows]
    first, last = (sum(chunks) * end // shards for end in (number - 1, number))
    taken, before = [], 0
    for count in chunks:
        start, stop = (min(max(end - before, 0), count) for end in (first, last))
        taken.append(slice(start * chunk_rows, stop * chunk_rows))
        before += count
    return taken


def check_infrastructure(chunks: Mapping[Path, pl.DataFrame], accepted: float) -> None:
    """Refuse rollouts with too many programs that could not be run; their chunks are forgotten, so that a new start repeats them.

    Args:
        chunks: by the file each is kept in.
    """
    broken = {
        path: chunk.filter(pl.col("rounds").list.eval(pl.element().struct.field("outcome") == "infrastructure_error").list.any()).height
        for path, chunk in chunks.items()
    }
    rows = sum(map(len, chunks.values()))
    if sum(broken.values()) > accepted * rows:
        for path in (path for path, count in broken.items() if count):
            path.unlink()
        raise RolloutError(
            f"programs of {sum(broken.values())} of {rows} rollouts could not be run, above the accepted share {accepted:g} "
            "(interpreter.max_infrastructure_errors); fix the machine and start again: only the chunks of these rollouts are sampled again"
        )


def chunk_path(checkpoints: Path, number: int) -> Path:
    return checkpoints / f"chunk-{number:05d}.parquet"


def sampled_before(path: Path) -> pl.DataFrame | None:
    """A chunk of an earlier start; one that a lost node left damaged is none."""
    try:
        return tables.ROLLOUTS.read(path) if path.is_file() else None
    except table_files.TableError as error:
        log.warning("sampled again: %s", error)
        return None


def merged(paths: Sequence[str | Path]) -> pl.DataFrame:
    """The shards of a table `rollouts` in their order, as one.

    Raises:
        RolloutError: a rollout stands in two of them.
    """
    joined = pl.concat([tables.ROLLOUTS.read(path, allow_empty=True) for path in paths])
    if (twice := joined.filter(joined.select("query_id", "sample").is_duplicated())).height:
        raise RolloutError(f"{paths[0]}: query '{twice['query_id'][0]}' has sample {twice['sample'][0]} in two shards")
    return joined
