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


def saved(means: np.ndarray) -> np.ndarray:
    """Share by which the first is less than the second; NaN where the second is 0."""
    second = np.asarray(means[..., 1], dtype=float)
    return 1 - np.divide(means[..., 0], second, out=np.full(second.shape, np.nan), where=second > 0)


def share(columns: list[np.ndarray]) -> Interval:
    """Mean of a column of verdicts, one array a seed: Wilson's interval for one seed, over seeds and items for several.

    Several seeds whose verdicts are all alike have Wilson's interval too, as if there were one: more seeds are not more items.
    """
    items = len(columns[0])
    if len(columns) == 1:
        return statistics.wilson_interval(float(columns[0].sum()), items)
    made = statistics.contrast([column.reshape(-1, 1) for column in columns], first).within(0, 1)
    return statistics.wilson_interval(made.value * items, items) if made.low is None else made


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
    dirty = pl.Series(sorted(results.contaminated_items(arm.family, benchmark)), dtype=pl.String)
    graded = [metrics.usable(grades) for grades in results.seed_grades(arm, mode, benchmark)]
    columns = aligned([grades.filter(~pl.col("query_id").is_in(dirty.implode())).select("query_id", "strict") for grades in graded])
    count = len(columns[0])
    return count, share([column[:, 0] for column in columns]) if count else None


@dataclass(frozen=True)
class Compared:
    """A comparison on the same items: its effect (None where it cannot be measured), the two-sided p-value of none (None where
    that is no question), its items."""

    effect: Interval | None
    p_value: float | None
    n: int


def gain(results: Results, family: str, benchmark: str) -> Compared:
    """EM in auto over the dictated mode of the start policy that is better over all seeds and items, CoT where they are level.

    A choice for each seed, or in each resample, would pick what luck favours there, to the disadvantage of EM.
    """
    start = results.start(family)
    cells = results.paired([(results.last(EM, family), "auto"), (start, "cot"), (start, "code")], benchmark)
    better = 1 + int(np.argmax(np.mean([seed[:, 1:].mean(axis=0) for seed in cells], axis=0)))
    pairs = [seed[:, [0, better]] for seed in cells]
    return Compared(statistics.contrast(pairs, difference), statistics.contrast_p_value(pairs, difference), len(cells[0]))


def versus_em(results: Results, arm: Arm, benchmark: str, column: str) -> Compared:
    """A column's mean, arm minus EM after as many iterations, in auto."""
    cells = results.paired([(arm, "auto"), (Arm(EM, arm.family, arm.iteration), "auto")], benchmark, column)
    return Compared(statistics.contrast(cells, difference), statistics.contrast_p_value(cells, difference), len(cells[0]))


def executions_saved(results: Results, family: str, benchmark: str) -> Compared:
    """Share of program executions that EM in auto saves against the start policy dictated to code; None where that has none to save."""
    cells = results.paired([(results.last(EM, family), "auto"), (results.start(family), "code")], benchmark, "executions")
    if not all(seed[:, 1].any() for seed in cells):
        return Compared(None, None, len(cells[0]))
    if not any(seed[:, 0].any() for seed in cells):
        return _all_saved(np.mean(cells, axis=0))
    return Compared(statistics.contrast(cells, saved), statistics.contrast_p_value(cells, saved), len(cells[0]))


def _all_saved(items: np.ndarray) -> Compared:
    """No program ran in auto: Wilson's interval says how many may all the same, and the exact sign test takes items as they are.

    Args:
        items: shape (items, 2), programs run in auto and dictated, means over seeds.
    """
    most = statistics.wilson_interval(0, len(items)).high
    return Compared(Interval(1.0, 1 - most / float(items[:, 1].mean()), 1.0), statistics.sign_test(*items.T), len(items))


def fewest_native(results: Results) -> int:
    """The number of native rollouts of a query with which every policy was explored that was."""
    arms = [arm for family in results.plan.families for name in results.experiments for arm in results.course(name, family)[1:]]
    return min(results.table(arm, seed, "q_values")["n_native"].max() or 0 for arm in arms for seed in results.plan.seeds)


def native_choices(results: Results, arm: Arm, k: int) -> list[np.ndarray]:
    """How often code is chosen in k of the native rollouts that a policy was explored with: so policies explored with more
    rollouts can be compared with others.

    Args:
        arm: the policy that was trained from that exploration.

    Returns:
        For each seed an array of shape (queries with k rollouts, k + 1): the probabilities of 0 to k choices of code.
    """
    return [metrics.choices_of_code(results.table(arm, seed, "q_values"), k) for seed in results.plan.seeds]


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
