"""Columns that SIaM's tables share: what a row of a policy opens with, and measures whose interval may be missing."""

from mathcode.methods.siam.report.places import Place, accuracy, cells
from mathcode.report import effects
from mathcode.report.effects import Compared
from mathcode.report.results import Arm, Results
from mathcode.report.rows import rounded, shares, significant


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


def delta(name: str, found: Compared) -> dict[str, float | None]:
    """A difference in points with its interval and its unadjusted p-value."""
    return shares(name, found.effect) | {f"{name}_p": significant(found.p_value)}
