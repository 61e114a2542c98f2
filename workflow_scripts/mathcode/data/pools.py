"""Queries divided into disjoint pools: the seed set, what a critic learns from, and rounds of unseen web questions.

Where a question belongs is decided by its text alone: a hash of it is a place on the line from 0 to 1, and each pool takes a part of
that line from its datasets. So rows that are added move none that were there, and a question that stands in two datasets has one place.
If the pools still differ about it, because they take other parts of the two datasets, the first pool in order keeps it.
"""

import logging
import unicodedata
from collections.abc import Mapping

import polars as pl

from mathcode import settings, tables
from mathcode.core.errors import UserError
from mathcode.core.random_streams import share
from mathcode.data import queries
from mathcode.data.text import canonical

log = logging.getLogger(__name__)


class PoolError(UserError):
    """Pools overlap, or one of them is empty."""


def wording(question: str) -> str:
    """What of a question decides its place: letters and digits alone, so that copies with other blanks and marks stay together."""
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", question).casefold()))
    return letters or canonical(question)


def place(question: str) -> float:
    """The place of a question on the line from 0 to 1."""
    return share("pool", wording(question))


def divide(pools: Mapping[str, settings.Pool], datasets: Mapping[str, pl.DataFrame], wanted: str) -> pl.DataFrame:
    """The queries of a pool, table `queries`, in the order of its datasets; not yet cut to its `rows`.

    Args:
        pools: settings of the pool and of those before it, by name.
        datasets: tables `queries` of all that these take, by name.
        wanted: the pool.

    Raises:
        PoolError: two pools take the same part of a dataset, or no query is left.
    """
    try:
        settings.refuse_overlaps(pools)
    except ValueError as error:
        raise PoolError(str(error)) from None
    taken: set[str] = set()
    for name in settings.POOLS[: settings.POOLS.index(wanted)]:
        if name in pools:
            taken |= set(_claimed(pools[name], datasets)["_wording"])
    claimed = _claimed(pools[wanted], datasets)
    own = claimed.filter(~pl.col("_wording").is_in(list(taken)))
    pool = queries.without_repeats(own.drop("_wording"))
    log.info(
        "pool '%s': %d queries; %d left to pools before it, %d repeats", wanted, len(pool), len(claimed) - len(own), len(own) - len(pool)
    )
    if pool.is_empty():
        raise PoolError(f"pool '{wanted}' holds no query: see its part and datasets in `data.pools`")
    return pool


def _claimed(pool: settings.Pool, datasets: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Rows of its datasets in its part of the line, with their wording."""
    start, end = pool.part
    frames = [tables.QUERIES.empty().with_columns(pl.lit("").alias("_wording"))]
    for name in pool.datasets:
        frame = datasets[name]
        inside = pl.Series([start <= place(question) < end for question in frame["question"]], dtype=pl.Boolean)
        wordings = pl.Series("_wording", [wording(question) for question in frame["question"]], dtype=pl.String)
        frames.append(frame.with_columns(wordings).filter(inside))
    return pl.concat(frames)
