"""What tables, figures and claims measure of a run's policies, each with its 95 % interval. Shares are in [0, 1].

Several seeds: intervals are over seeds and items. One seed: over items alone, and they say nothing about the next seed.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from autocode import metrics, statistics
from autocode.results import EM, MODES, Arm, Results, aligned
from autocode.statistics import Interval


def first(means: np.ndarray) -> np.ndarray:
    """The mean of the first column."""
    return means[..., 0]


def difference(means: np.ndarray) -> np.ndarray:
    """First minus second."""
    return means[..., 0] - means[..., 1]


def over_better(means: np.ndarray) -> np.ndarray:
    """First minus the larger of the other two."""
    return means[..., 0] - np.maximum(means[..., 1], means[..., 2])


def saved(means: np.ndarray) -> np.ndarray:
    """Share by which the first is less than the second; NaN where the second is 0."""
    second = np.asarray(means[..., 1], dtype=float)
    return 1 - np.divide(means[..., 0], second, out=np.full(second.shape, np.nan), where=second > 0)


def share(columns: list[np.ndarray]) -> Interval:
    """Mean of a column of verdicts, one array a seed: Wilson's interval for one seed, over seeds and items for several."""
    if len(columns) == 1:
        (verdicts,) = columns
        return statistics.wilson_interval(int(verdicts.sum()), len(verdicts))
    return statistics.contrast([column.reshape(-1, 1) for column in columns], first).within(0, 1)


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
    dirty = pl.Series(sorted(results.contaminated_items(benchmark)), dtype=pl.String)
    graded = [metrics.usable(grades) for grades in results.seed_grades(arm, mode, benchmark)]
    columns = aligned([grades.filter(~pl.col("query_id").is_in(dirty.implode())).select("query_id", "strict") for grades in graded])
    count = len(columns[0])
    return count, share([column[:, 0] for column in columns]) if count else None


@dataclass(frozen=True)
class Compared:
    """A comparison on the same items: its effect, the two-sided p-value of none (None where that is no question), its items."""

    effect: Interval
    p_value: float | None
    n: int


def gain(results: Results, family: str, benchmark: str) -> Compared:
    """EM in auto over the better dictated mode of the start policy."""
    start = results.start(family)
    cells = results.paired([(results.last(EM, family), "auto"), (start, "cot"), (start, "code")], benchmark)
    return Compared(statistics.contrast(cells, over_better), statistics.contrast_p_value(cells, over_better), len(cells[0]))


def versus_em(results: Results, arm: Arm, benchmark: str, column: str) -> Compared:
    """A column's mean, arm minus EM after as many iterations, in auto."""
    cells = results.paired([(arm, "auto"), (Arm(EM, arm.family, arm.iteration), "auto")], benchmark, column)
    return Compared(statistics.contrast(cells, difference), statistics.contrast_p_value(cells, difference), len(cells[0]))


def executions_saved(results: Results, family: str, benchmark: str) -> Compared:
    """Share of program executions that EM in auto saves against the start policy dictated to code."""
    cells = results.paired([(results.last(EM, family), "auto"), (results.start(family), "code")], benchmark, "executions")
    if any(seed[:, 1].sum() == 0 for seed in cells):  # there was nothing to save
        return Compared(Interval(0.0), 1.0, len(cells[0]))
    return Compared(statistics.contrast(cells, saved), statistics.contrast_p_value(cells, saved), len(cells[0]))


def selection_labels(results: Results, arm: Arm, benchmark: str) -> list[pl.DataFrame]:
    """Monte-Carlo labels of every seed."""
    sampled = [results.seed_grades(arm, f"{name}_sampled", benchmark) for name in ("cot", "code")]
    return [metrics.selection_labels(*pair) for pair in zip(*sampled, strict=True)]


def selection_macc(pairs: list[tuple[pl.DataFrame, pl.DataFrame]]) -> Interval | None:
    """Selection mAcc of (native grades, labels) of each seed; None where a seed has no item of a class."""
    if any(metrics.selection(*pair).macc is None for pair in pairs):
        return None
    indicators = aligned([metrics.selection_indicators(*pair) for pair in pairs])
    return statistics.contrast(indicators, metrics.selection_macc).within(0, 1)


def alignment(results: Results, arm: Arm, benchmark: str) -> dict[str, int]:
    """Alignment classes of correct native responses, summed over seeds."""
    evaluations = zip(*(results.seed_grades(arm, mode, benchmark) for mode in MODES), strict=True)
    counts = [metrics.alignment(*grades) for grades in evaluations]
    return {name: sum(count[name] for count in counts) for name in metrics.ALIGNMENTS}
