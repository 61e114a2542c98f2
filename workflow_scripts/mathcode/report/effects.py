"""Effects: accuracy and rates of a run's policies with their 95 % intervals, and statistics that compare two. Shares are in [0, 1].

Several seeds: intervals are over seeds and items. One seed: over items alone, and they say nothing about the next seed.
"""

from dataclasses import dataclass

import numpy as np

from mathcode.measures import outcomes, uncertainty
from mathcode.measures.uncertainty import Interval
from mathcode.report.results import Arm, Results


def first(means: np.ndarray) -> np.ndarray:
    """The mean of the first column."""
    return means[..., 0]


def difference(means: np.ndarray) -> np.ndarray:
    """First minus second."""
    return means[..., 0] - means[..., 1]


def saved(means: np.ndarray) -> np.ndarray:
    """Share by which the first is less than the second; NaN where the second is 0."""
    return 1 - outcomes.divide(means[..., 0], means[..., 1])


def share(columns: list[np.ndarray]) -> Interval:
    """Mean of a column of verdicts, one array a seed: Wilson's interval for one seed, over seeds and items for several.

    Several seeds whose verdicts are all alike have Wilson's interval too, as if there were one.
    """
    items = len(columns[0])
    if len(columns) == 1:
        return uncertainty.wilson_interval(float(columns[0].sum()), items)
    made = uncertainty.contrast([column.reshape(-1, 1) for column in columns], first).within(0, 1)
    return uncertainty.or_wilson(made, items)


def rate(results: Results, arm: Arm, mode: str, benchmark: str, column: str) -> Interval:
    """Share of greedy responses for which a true-or-false column of `grades` is true."""
    return share([seed[:, 0] for seed in results.paired([(arm, mode)], benchmark, column)])


def accuracy(results: Results, arm: Arm, mode: str, benchmark: str) -> Interval:
    """Share of right answers, strict, greedy."""
    return rate(results, arm, mode, benchmark, "strict")


def code_rate(results: Results, arm: Arm, mode: str, benchmark: str) -> Interval:
    """Share of responses with at least one executed program."""
    return rate(results, arm, mode, benchmark, "code_executed")


def clean_accuracy(results: Results, arm: Arm, mode: str, benchmark: str) -> tuple[int, Interval | None]:
    """Items with a verdict that are not contaminated, and the accuracy on them; None where there is none."""
    columns = [seed[:, 0] for seed in results.paired([(arm, mode)], benchmark, items=results.clean_items(arm, mode, benchmark))]
    count = len(columns[0])
    return count, share(columns) if count else None


@dataclass(frozen=True)
class Compared:
    """A comparison on the same items: its effect (None where it cannot be measured), the two-sided p-value of none (None where
    that is no question), its items."""

    effect: Interval | None
    p_value: float | None
    n: int
