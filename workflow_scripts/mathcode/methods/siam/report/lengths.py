"""How long responses are: tokens up to and including the end of text, greedy and sampled, and their difference between two policies."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from mathcode.measures import lengths as response_lengths
from mathcode.measures import outcomes, uncertainty
from mathcode.methods.siam.report import evidence
from mathcode.methods.siam.report.places import Place
from mathcode.methods.siam.report.plan import MODE, SAMPLED
from mathcode.report.effects import Compared, difference, first
from mathcode.report.results import Arm, Results, aligned
from mathcode.report.rows import rounded, shares


def columns(results: Results, arm: Arm, place: Place) -> dict:
    """Mean with its interval, median, 95th percentile, cut and endless responses, greedy and sampled; greedy ones by verdict too."""
    made = {}
    for name, mode in (("length", MODE), ("sampled", SAMPLED)):
        if found := evidence.lengths(results, arm, mode, place.benchmark, place.items):
            made |= _mean(f"{name}_mean", found) | {f"{name}_{what}": value for what, value in _summary(pl.concat(found)).items()}
    return made | _by_verdict(results, arm, place)


def _mean(name: str, found: list[pl.DataFrame]) -> dict[str, float | None]:
    """Mean tokens with an interval; an item counts by the mean of its samples."""
    seeds = aligned([frame.group_by("query_id").agg(pl.col("tokens").mean()) for frame in found])
    return shares(name, uncertainty.contrast(seeds, first), 1) if len(seeds[0]) else {}


def _summary(frame: pl.DataFrame) -> dict[str, float]:
    if frame.is_empty():
        return {}
    found = response_lengths.summary(frame["tokens"].to_list(), frame["ended"].to_list(), frame["cut"].to_list())
    shares = {"cut", "endless"}
    return {name: rounded(100 * value if name in shares else value) for name, value in found.items()}


def _by_verdict(results: Results, arm: Arm, place: Place) -> dict[str, float | None]:
    found = evidence.lengths(results, arm, MODE, place.benchmark, place.items)
    if not found:
        return {}
    graded = [outcomes.usable(results.grades(arm.policy(seed), MODE, place.benchmark)) for seed in results.plan.seeds]
    joined = pl.concat(frame.join(grades.select("query_id", "strict"), on="query_id") for frame, grades in zip(found, graded, strict=True))
    means = {name: joined.filter(pl.col("strict") == right)["tokens"].mean() for name, right in (("right", True), ("wrong", False))}
    return {f"length_{name}": None if value is None else rounded(value) for name, value in means.items()}


def deltas(results: Results, arm: Arm, before: Arm, place: Place) -> dict:
    """Mean tokens of a policy minus those of another, on the same items, greedy and sampled."""
    found = {name: lengthened(results, arm, before, [place], mode) for name, mode in (("length", MODE), ("sampled", SAMPLED))}
    return {column: value for name, one in found.items() for column, value in shares(f"{name}_delta", one.effect, 1).items()}


def lengthened(results: Results, arm: Arm, before: Arm, chosen: Sequence[Place], mode: str) -> Compared:
    """Tokens of one policy minus those of another; an item counts by the mean of its samples."""
    parts = []
    for place in chosen:
        both = [evidence.lengths(results, one, mode, place.benchmark, place.items) for one in (arm, before)]
        if None in both:
            return Compared(None, None, 0)
        parts.append(aligned([_means(*pair) for pair in zip(*both, strict=True)]))
    pairs = [np.concatenate(seeds) for seeds in zip(*parts, strict=True)]
    if not pairs or not len(pairs[0]):
        return Compared(None, None, 0)
    return Compared(uncertainty.contrast(pairs, difference), uncertainty.contrast_p_value(pairs, difference), len(pairs[0]))


def runs_on(results: Results, arm: Arm, chosen: Sequence[Place], mode: str) -> bool:
    """Whether any response of a policy there was cut at the limit of tokens, or has no end of text."""
    found = [evidence.lengths(results, arm, mode, place.benchmark, place.items) or [] for place in chosen]
    return any((~frame["ended"]).any() for seeds in found for frame in seeds)


def _means(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    by_item = [frame.group_by("query_id").agg(pl.col("tokens").mean()) for frame in (first, second)]
    return by_item[0].join(by_item[1], on="query_id", suffix="_before")
