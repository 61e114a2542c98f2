"""Accuracy against programs run: every policy of a run is a point, and some leave others behind."""

import math
from dataclasses import dataclass

from mathcode.measures import uncertainty
from mathcode.measures.uncertainty import Interval
from mathcode.report import effects
from mathcode.report.effects import difference, first
from mathcode.report.results import Arm, Results


@dataclass(frozen=True)
class Point:
    """A policy in a mode: its share of right answers, and the programs that it runs for a response."""

    arm: Arm
    mode: str
    label: str
    accuracy: Interval
    executions: Interval


def points(results: Results, family: str, benchmark: str) -> list[Point]:
    """The start policy dictated to each methodology and free to choose, and every experiment's last policy in auto."""
    start = results.start(family)
    shown = [(start, mode, f"start policy, {label}") for mode, label in {**results.plan.labels, "auto": "auto"}.items()]
    shown += [(results.last(name, family), "auto", results.plan.label(name)) for name in results.experiments]
    return [
        Point(arm, mode, label, effects.accuracy(results, arm, mode, benchmark), _executions(results, arm, mode, benchmark))
        for arm, mode, label in shown
    ]


def left_behind(results: Results, found: list[Point], benchmark: str) -> dict[Point, list[Point]]:
    """For each point those that leave it behind: more accurate with no more programs, or no less accurate with fewer.

    What is called more or fewer has a 95 % interval on that side of 0, on the same items; what is called no more or no less is not
    worse in the mean.
    """
    return {point: [other for other in found if other is not point and _ahead(results, other, point, benchmark)] for point in found}


def _ahead(results: Results, one: Point, other: Point, benchmark: str) -> bool:
    terms = [(one.arm, one.mode), (other.arm, other.mode)]
    accuracy, executions = (
        uncertainty.contrast(results.paired(terms, benchmark, column), difference) for column in ("strict", "executions")
    )
    more = accuracy.value if accuracy.low is None else accuracy.low  # without an end nothing varies
    fewer = executions.value if executions.high is None else executions.high
    return (more > 0 and executions.value <= 0) or (fewer < 0 and accuracy.value >= 0)


def _executions(results: Results, arm: Arm, mode: str, benchmark: str) -> Interval:
    return uncertainty.contrast(results.paired([(arm, mode)], benchmark, "executions"), first).within(0, math.inf)
