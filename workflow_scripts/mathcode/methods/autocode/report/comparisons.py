"""Comparisons that AutoCode's tables, figures and claims share: with EM, with the start policy, with labels and with an oracle.

Shares are in [0, 1], with 95 % intervals.
Several seeds: intervals are over seeds and items. One seed: over items alone, and they say nothing about the next seed.
"""

import math
from collections.abc import Collection

import numpy as np
import polars as pl

from mathcode.measures import uncertainty
from mathcode.measures.uncertainty import Interval
from mathcode.methods.autocode import selection
from mathcode.methods.autocode.estimation import estimate_q_values
from mathcode.methods.autocode.report.plan import EM
from mathcode.report.effects import Compared, difference, saved
from mathcode.report.results import Arm, Results, aligned


def gain(results: Results, family: str, benchmark: str, items: Collection[str] | None = None) -> Compared:
    """EM in auto over the dictated mode of the start policy that is better over all seeds and items, CoT where they are level.

    A choice for each seed, or in each resample, would pick what luck favours there, to the disadvantage of EM.

    Args:
        items: query_id of the items that count; None: all.
    """
    start = results.start(family)
    dictated = [(start, name) for name in results.plan.labels]
    cells = results.paired([(results.last(EM, family), "auto"), *dictated], benchmark, items=items)
    if not len(cells[0]):
        return Compared(None, None, 0)
    better = 1 + int(np.argmax(np.mean([seed[:, 1:].mean(axis=0) for seed in cells], axis=0)))
    pairs = [seed[:, [0, better]] for seed in cells]
    return Compared(uncertainty.contrast(pairs, difference), uncertainty.contrast_p_value(pairs, difference), len(cells[0]))


def versus_em(results: Results, arm: Arm, benchmark: str, column: str) -> Compared:
    """A column's mean, arm minus EM after as many iterations, in auto."""
    cells = results.paired([(arm, "auto"), (Arm(EM, arm.family, arm.iteration), "auto")], benchmark, column)
    return Compared(uncertainty.contrast(cells, difference), uncertainty.contrast_p_value(cells, difference), len(cells[0]))


def executions_saved(results: Results, family: str, benchmark: str) -> Compared:
    """Share of program executions that EM in auto saves against the start policy dictated to code; None where that has none to save."""
    cells = results.paired([(results.last(EM, family), "auto"), (results.start(family), "code")], benchmark, "executions")
    if not all(seed[:, 1].any() for seed in cells):
        return Compared(None, None, len(cells[0]))
    if not any(seed[:, 0].any() for seed in cells):
        return _all_saved(np.mean(cells, axis=0))
    return Compared(uncertainty.contrast(cells, saved).within(-math.inf, 1), uncertainty.contrast_p_value(cells, saved), len(cells[0]))


def _all_saved(items: np.ndarray) -> Compared:
    """No program ran in auto: Wilson's interval says how many may all the same, and the exact sign test takes items as they are.

    Args:
        items: shape (items, 2), programs run in auto and dictated, means over seeds.
    """
    most = uncertainty.wilson_interval(0, len(items)).high
    return Compared(Interval(1.0, 1 - most / float(items[:, 1].mean()), 1.0), uncertainty.sign_test(*items.T), len(items))


def fewest_native(results: Results) -> int:
    """The number of native rollouts of a query with which every policy was explored that was."""
    arms = [arm for family in results.plan.families for name in results.experiments for arm in results.course(name, family)[1:]]
    most = min(results.table(arm, seed, results.plan.q_values)["n_native"].max() or 0 for arm in arms for seed in results.plan.seeds)
    return results.plan.everywhere(most)


def native_rollouts(results: Results, arm: Arm) -> list[pl.DataFrame]:
    """Table `q_values` of every seed: how often each methodology was chosen in the native rollouts that a policy was explored with.

    Where sampling stopped once a label was decided, only the first rollouts count, which every query has: that code was chosen, and
    how often, has a part in when it stopped. Of these EM's alone are at hand; others have no table.

    Args:
        arm: the policy that was trained from that exploration.
    """
    if results.plan.adaptive is None:
        return [results.table(arm, seed, results.plan.q_values) for seed in results.plan.seeds]
    if EM not in results.experiments or (arm.experiment != EM and arm.iteration > 1):
        return []
    explorer = results.start(arm.family) if arm.iteration == 1 else Arm(EM, arm.family, arm.iteration - 1)
    return [estimate_q_values(frame.with_columns(mode=pl.lit("native"))) for frame in first_rollouts(results, explorer, "native")]


def first_rollouts(results: Results, arm: Arm, mode: str) -> list[pl.DataFrame]:
    """Grades of the rollouts by which EM explored a policy, for every seed; of adaptive sampling those that it took in any case.

    Where iterations explore the same queries, samples of a later one do not begin at 0 (`artifacts.samples`).
    """
    first = results.plan.adaptive.first if results.plan.adaptive else None
    place = pl.col("sample") - pl.col("sample").min()
    return [frame if first is None else frame.filter(place < first) for frame in results.explored(arm, mode)]


def selection_labels(results: Results, arm: Arm, benchmark: str) -> list[pl.DataFrame]:
    """Monte-Carlo labels of every seed."""
    sampled = {name: results.seed_grades(arm, f"{name}_sampled", benchmark) for name in results.plan.labels}
    return [selection.selection_labels(**dict(zip(sampled, grades, strict=True))) for grades in zip(*sampled.values(), strict=True)]


def selection_macc(pairs: list[tuple[pl.DataFrame, pl.DataFrame]]) -> Interval | None:
    """Selection mAcc of (native grades, labels) of each seed; None where a seed has no item of a class."""
    if any(selection.selection(*pair).macc is None for pair in pairs):
        return None
    indicators = aligned([selection.selection_indicators(*pair) for pair in pairs])
    return uncertainty.contrast(indicators, selection.selection_macc).within(0, 1)


def alignment(results: Results, arm: Arm, benchmark: str) -> dict[str, int]:
    """Alignment classes of correct native responses, summed over seeds."""
    graded = {mode: results.seed_grades(arm, mode, benchmark) for mode in ("auto", *results.plan.labels)}
    counts = [selection.alignment(**dict(zip(graded, grades, strict=True))) for grades in zip(*graded.values(), strict=True)]
    return {name: sum(count[name] for count in counts) for name in selection.ALIGNMENTS}
