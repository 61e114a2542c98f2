"""Columns that SIaM's tables share: what a row of a policy opens with, and measures whose interval may be missing."""

import math
from collections.abc import Mapping

from mathcode.measures.uncertainty import Interval
from mathcode.methods.siam.report.places import Place, accuracy, cells
from mathcode.report import effects
from mathcode.report.effects import Compared
from mathcode.report.results import Arm, Results
from mathcode.report.rows import percent, rounded, significant


def key(results: Results, arm: Arm) -> dict:
    """The columns that say which policy a row is about."""
    return {
        "policy": results.plan.called(arm),
        "experiment": arm.experiment,
        "family": arm.family,
        "iteration": arm.iteration,
        "preference": arm.preference or None,
        "seeds": len(results.plan.seeds),
    }


def opening(results: Results, arm: Arm, place: Place) -> dict:
    """The columns of `columns.OPENING`: a policy on a part of a benchmark."""
    return {
        **key(results, arm),
        "benchmark": place.benchmark,
        "part": place.part,
        "data": place.data,
        "n": len(cells(results, [arm], [place])[0]),
        "grader": results.judge,
        **shares("accuracy", accuracy(results, arm, place)),
    }


def rate(results: Results, arm: Arm, place: Place, column: str) -> float | None:
    """A share of responses, percent."""
    columns = [seed[:, 0] for seed in cells(results, [arm], [place], column)]
    return rounded(100 * effects.share(columns).value) if len(columns[0]) else None


def shares(name: str, interval: Interval | None, factor: float = 100) -> dict[str, float | None]:
    """A measure as columns `name`, name_low and name_high; blank where it is not defined."""
    return percent(name, None if interval is None or math.isnan(interval.value) else interval, factor=factor)


def all_shares(measured: Mapping[str, Interval]) -> dict[str, float | None]:
    """Several measures, each with its interval."""
    return {column: value for name, interval in measured.items() for column, value in shares(name, interval).items()}


def delta(name: str, found: Compared) -> dict[str, float | None]:
    """A difference in points with its interval and its unadjusted p-value."""
    return shares(name, found.effect) | {f"{name}_p": significant(found.p_value)}
