"""Where policies are compared: benchmarks, and the parts of a benchmark that ask for different things."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mathcode.measures import outcomes, uncertainty
from mathcode.methods.siam.report.plan import MODE
from mathcode.report import effects
from mathcode.report.effects import Compared, difference
from mathcode.report.results import Arm, Results, aligned

PARTS_OF_TESTS = ("seed", "outside", "reworded", "harder")
"""Parts of a generated test, as `level` names them: the seed's families of questions, other families, other words, harder structures."""
IN, OUT = "in domain", "out of domain"
"""The part that a benchmark without parts is, as the run says (`evaluate.in_domain`)."""
OUT_OF_DOMAIN = ("outside", OUT)
"""Parts on which claims about generalisation are tested. Other words and harder structures are shown and claimed nothing of."""
GENERATED = "generated: the gap between families is engineered"
PUBLIC = "public"


@dataclass(frozen=True)
class Place:
    """A benchmark or a part of it: query_id of its items, None for all."""

    benchmark: str
    part: str
    items: frozenset[str] | None

    @property
    def data(self) -> str:
        """A warning where the questions are made, and with them the gap that filters differ by."""
        return PUBLIC if self.items is None else GENERATED


def places(results: Results, benchmark: str | None = None) -> list[Place]:
    """Every part of every benchmark of the run, or of one."""
    found = []
    for name in results.plan.benchmarks if benchmark is None else [benchmark]:
        levels = dict(results.items(name).select("query_id", "level").iter_rows())
        parts = [part for part in PARTS_OF_TESTS if part in levels.values()]
        found += [Place(name, part, frozenset(query for query, level in levels.items() if level == part)) for part in parts]
        found += [] if parts else [Place(name, whole(results, name), None)]
    return found


def whole(results: Results, benchmark: str) -> str:
    """What a benchmark without parts is as a whole: in the seed set's domain, or out of it."""
    return IN if benchmark in results.plan.in_domain else OUT


def out_of_domain(results: Results) -> list[Place]:
    """Where claims about generalisation are tested."""
    return [place for place in places(results) if place.part in OUT_OF_DOMAIN]


def cells(results: Results, arms: Sequence[Arm], chosen: Sequence[Place], column: str = "strict") -> list[np.ndarray]:
    """A column of grades of several policies on the items of all these places, one array (items, policies) a seed; no item of no place."""
    found = [[np.empty((0, len(arms)))] * len(results.plan.seeds)]
    found += [results.paired([(arm, MODE) for arm in arms], place.benchmark, column, place.items) for place in chosen]
    return [np.concatenate(parts) for parts in zip(*found, strict=True)]


def verdict_pairs(results: Results, arm: Arm, place: Place, judge: str, against: str) -> list[np.ndarray]:
    """Verdicts of two judges on the same greedy responses: an array (items, 2) a seed."""
    wanted = pl.lit(True) if place.items is None else pl.col("query_id").is_in(sorted(place.items))
    seeds = []
    for seed in results.plan.seeds:
        frames = [results.judged_by(one).grades(arm.policy(seed), MODE, place.benchmark) for one in (judge, against)]
        told = [outcomes.usable(frame).select("query_id", "strict") for frame in frames]
        seeds.append(told[0].join(told[1], on="query_id", suffix="_against").filter(wanted))
    return aligned(seeds)


def compared(results: Results, first: Arm, second: Arm, chosen: Sequence[Place]) -> Compared:
    """First minus second on the same items of these places."""
    pairs = cells(results, [first, second], chosen)
    if not len(pairs[0]):
        return Compared(None, None, 0)
    return Compared(uncertainty.contrast(pairs, difference), uncertainty.contrast_p_value(pairs, difference), len(pairs[0]))


def accuracy(results: Results, arm: Arm, place: Place) -> uncertainty.Interval | None:
    """Share of right answers of a policy; None where no item has a verdict."""
    columns = [seed[:, 0] for seed in cells(results, [arm], [place])]
    return effects.share(columns) if len(columns[0]) else None
