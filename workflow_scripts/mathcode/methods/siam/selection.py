"""Which programs of a policy the next one learns from: accepted by a judge, distinct, so many of a question (docs/paper_map.md)."""

import logging
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import polars as pl

from mathcode.core.random_streams import stream
from mathcode.methods.siam.candidates import Candidate, candidates, distinct, told
from mathcode.methods.siam.settings import Select
from mathcode.methods.siam.tables import ACCEPTED

log = logging.getLogger(__name__)


def select(rollouts: pl.DataFrame, grades: pl.DataFrame, queries: pl.DataFrame, pool: str, chosen: Select, seed: int) -> pl.DataFrame:
    """Table `accepted`, by query and sample; it may be empty.

    Args:
        rollouts, grades, queries: tables of one policy's exploration of a pool, graded by one judge.
        pool: its name.
        seed: draws the programs that `chosen.rows` leaves.

    Raises:
        CandidateError: a rollout has no grade or no query.
    """
    found, without = candidates(rollouts, grades, queries)
    accepted = [one for one in found if accepts(one, chosen.threshold)]
    kept = []
    for _, own in groupby(accepted, key=lambda one: one.query["query_id"]):
        kept += distinct(own, lambda one: one.form)[: chosen.per_question]
    several = len(kept)
    if chosen.rows is not None and several > chosen.rows:
        drawn = {id(one) for one in sorted(kept, key=lambda one: _lot(one, seed))[: chosen.rows]}
        kept = [one for one in kept if id(one) in drawn]
    log.info("%s: %d rollouts; without a program to judge: %s", pool, rollouts.height, told(without))
    log.info("%s: %d of %d programs accepted, %d distinct within the limit, %d kept", pool, len(accepted), len(found), several, len(kept))
    if not kept:
        log.warning("%s: not one program is accepted, so nothing is learnt from this pool", pool)
    return pl.DataFrame([_row(one, pool) for one in kept], schema=ACCEPTED.schema)


def accepts(one: Candidate, threshold: float) -> bool:
    """Whether a candidate is accepted: by the score of a critic, else by the verdict of a rule."""
    return one.accepted if one.score is None else one.score >= threshold


def weights(accepted: Sequence[pl.DataFrame]) -> list[float]:
    """A weight for each row of these tables `accepted`, in order: all types of questions weigh the same, and the mean is 1."""
    types = [kind for frame in accepted for kind in frame["type"]]
    counts = Counter(types)
    return [len(types) / (len(counts) * counts[kind]) for kind in types]


def _lot(one: Candidate, seed: int) -> int:
    return stream(seed, one.query["query_id"], one.program)


def _row(one: Candidate, pool: str) -> dict:
    return {
        **{name: one.query[name] for name in ("query_id", "question", "type", "language")},
        "pool": pool,
        "sample": one.rollout["sample"],
        "program": one.program,
        "result": one.result,
        "judge": one.judge,
        "score": one.score,
        "isolation": one.rollout["isolation"],
    }
