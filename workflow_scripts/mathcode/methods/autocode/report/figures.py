"""Which numbers of a run go into which figure; how they are drawn is `charts`' and `query_charts`', how they look is `looks`'.

A function makes the figure of its name from the results and the run's name. Bands and bars show 95 % intervals as in the tables:
over seeds and items where there are several seeds, else over items.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mathcode import tables
from mathcode.measures import outcomes, uncertainty
from mathcode.measures.uncertainty import Interval
from mathcode.methods.autocode import selection
from mathcode.methods.autocode.report import comparisons, health, looks, query_charts
from mathcode.methods.autocode.report.frontier import left_behind, points
from mathcode.methods.autocode.report.plan import EM
from mathcode.paths import START
from mathcode.report import charts, effects
from mathcode.report.canvas import Looks
from mathcode.report.charts import Bars, Curve, Dot
from mathcode.report.results import Arm, Results, aligned

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_CURVES = [EM, "standard_rl_equal_rollouts", "standard_rl", "no_reflection"]
"""Experiments whose course is drawn; all of them in a run that is about others."""
_VARIANTS = ["q_rule", "released_objective"]
"""Variants that a run may have beside those, without being about them."""

_POINTS = 60
"""Points a curve of training is thinned to, each the mean of its stretch."""


def accuracy_by_mode(results: Results, run: str) -> "Figure":
    """Accuracy of each mode for the start policy and the last EM policy, and the code rate of auto."""
    families = []
    for family, described in results.plan.families.items():
        arms = {"start policy": results.start(family)}
        if EM in results.plan.experiments:
            arms[f"EM, after {_iterations(results.plan.iterations)}"] = results.last(EM, family)
        benchmarks = results.plan.benchmarks
        accuracy = {
            (group, mode): [effects.accuracy(results, arm, mode, name).scaled(100) for name in benchmarks]
            for group, arm in arms.items()
            for mode in (*results.plan.labels, "auto")
        }
        rates = {group: [effects.code_rate(results, arm, "auto", name).scaled(100) for name in benchmarks] for group, arm in arms.items()}
        ticks = [f"{results.plan.named(name)}\n(n={_items(results, family, name)})" for name in benchmarks]
        families.append(Bars(described.label, ticks, accuracy, rates, list(arms)))
    return charts.accuracy_by_mode(
        families, looks.modes(results.plan.labels), "auto", f"Accuracy by mode, run {run} ({_intervals(results)})"
    )


def frontier(results: Results, run: str) -> "Figure":
    """Accuracy against programs run, a point for every policy; those that another leaves behind are pale."""
    rows, columns = {described.label: family for family, described in results.plan.families.items()}, _columns(results)
    panels = {}
    for row, family in rows.items():
        for column, name in columns.items():
            found = points(results, family, name)
            behind = left_behind(results, found, name)
            panels[row, column] = [
                Dot(
                    point.arm.experiment,
                    point.label,
                    looks.start_markers(results.plan.labels)[point.mode] if point.arm.experiment == START else None,
                    point.executions,
                    point.accuracy.scaled(100),
                    bool(behind[point]),
                )
                for point in found
            ]
    names = ("programs run for a response", "accuracy (% of items)")
    title = f"Accuracy against programs run, run {run} ({_intervals(results)})"
    return charts.dots(panels, list(rows), list(columns), names, _looks(results), title)


def iterations(results: Results, run: str) -> "Figure":
    """Accuracy and code rate of auto over iterations."""
    watched = {"accuracy (%)": effects.accuracy, "code rate (%)": effects.code_rate}
    several = len(results.plan.families) > 1
    panels, rows, columns = {}, [], _columns(results)
    for family, described in results.plan.families.items():
        for words, measure in watched.items():
            row = f"{described.label}\n{words}" if several else words
            rows.append(row)
            for column, name in columns.items():
                panels[row, column] = [_course(results, experiment, family, name, measure) for experiment in _shown(results)]
    title = f"Auto over iterations, run {run} ({_intervals(results)})"
    return charts.curves(panels, rows, list(columns), _looks(results), title)


def alignment(results: Results, run: str) -> "Figure":
    """Stacked classes of correct responses for the start policy and every experiment's last policy, where selection is measured."""
    panels = {}
    for family, described in results.plan.families.items():
        for name in results.plan.selection_benchmarks or results.plan.benchmarks:
            panels[f"{described.label}, {results.plan.named(name)}"] = [
                (
                    results.plan.label(arm.experiment),
                    comparisons.alignment(results, arm, name),
                    f"code rate {100 * effects.code_rate(results, arm, 'auto', name).value:.0f} %",
                )
                for arm in results.evaluated(family)
            ]
    title = f"Alignment of the first methodology among correct responses, run {run} ({_seeds(results)})"
    return charts.stacked_shares(panels, looks.ALIGNMENTS, min(2, len(panels)), "correct responses (%)", title)


def rounds(results: Results, run: str) -> "Figure":
    """Methodology attempts of native responses for the start policy and every experiment's last policy."""
    panels = {}
    for family, described in results.plan.families.items():
        for name in results.plan.benchmarks:
            panels[f"{described.label}, {results.plan.named(name)}"] = [_attempts(results, arm, name) for arm in results.evaluated(family)]
    title = f"Methodology attempts in auto, run {run} ({_seeds(results)})"
    alike = "No response makes a second attempt."
    return charts.stacked_shares(panels, looks.ATTEMPTS, min(2, len(panels)), "responses (%)", title, alike)


def _attempts(results: Results, arm: Arm, benchmark: str) -> tuple[str, dict[str, int], str]:
    counts = dict.fromkeys(looks.ATTEMPTS, 0)
    graded = results.seed_grades(arm, "auto", benchmark)
    for grades in graded:
        for attempts, count in outcomes.attempts_histogram(grades).items():
            counts["4+" if attempts > 3 else str(attempts)] += count
    executions = pl.concat([outcomes.usable(grades)["executions"] for grades in graded]).mean()
    return results.plan.label(arm.experiment), counts, f"{executions:.2f} programs run"


def programs(results: Results, run: str) -> "Figure":
    """How far native responses get with a program, from writing it to a right answer."""
    rows = {described.label: family for family, described in results.plan.families.items()}
    columns = _columns(results)
    panels = {}
    for row, family in rows.items():
        for column, name in columns.items():
            arms = [arm for arm in results.evaluated(family) if arm.experiment in (START, *_shown(results))]
            panels[row, column] = [(arm.experiment, results.plan.label(arm.experiment), _steps(results, arm, name)) for arm in arms]
    title = f"From a program to a right answer in auto, run {run} ({_intervals(results)})"
    return charts.funnel(panels, list(rows), list(columns), list(outcomes.FUNNEL), _looks(results), title)


def _steps(results: Results, arm: Arm, benchmark: str) -> list[Interval]:
    taken = aligned([outcomes.steps(grades) for grades in results.seed_grades(arm, "auto", benchmark)])
    return [effects.share([seed[:, step] for seed in taken]).scaled(100) for step in range(len(outcomes.FUNNEL))]


def calibration(results: Results, run: str) -> "Figure":
    """The prior against the probability that code is the better choice, for what EM (and NO_REFL) explored."""
    rows = {described.label: family for family, described in results.plan.families.items()}
    columns = _stages(results)
    panels = {}
    for row, family in rows.items():
        for column, iteration in columns.items():
            curves = []
            for name in [name for name in _shown(results) if name in (EM, "no_reflection")][: 1 if iteration == 1 else None]:
                shown = START if iteration == 1 else name
                if made := _reliability(results, Arm(name, family, iteration), shown):
                    curves.append(made)
            panels[row, column] = curves
    title = f"Does the policy choose code where code is better? Run {run} ({_seeds(results)}, intervals over queries)"
    return query_charts.reliability(panels, list(rows), list(columns), _looks(results), title)


_BINS = [0.0, 0.25, 0.5, 0.75]


def _reliability(results: Results, arm: Arm, shown: str) -> tuple[Curve, list[int]] | None:
    """Queries in bins of their prior (0, four quarters, 1): mean prior, mean probability that code is better, queries."""
    values = pl.concat(
        [results.table(arm, seed, results.plan.q_values).select("prior_code", "p_code_better").drop_nulls() for seed in results.plan.seeds]
    )
    prior = pl.col("prior_code")
    binned = values.with_columns(bin=pl.when(prior == 1).then(5).otherwise(sum((prior > edge).cast(pl.Int32) for edge in _BINS)))
    x, y, counts = [], [], []
    for (_,), part in sorted(binned.group_by("bin"), key=lambda one: one[0]):
        x.append(float(part["prior_code"].mean()))
        y.append(uncertainty.bootstrap_interval(part["p_code_better"].to_numpy().reshape(-1, 1), effects.first, resamples=2000))
        counts.append(part.height)
    return (Curve(shown, results.plan.label(shown), x, y), counts) if x else None


def q_values(results: Results, run: str) -> "Figure":
    """Q-values of CoT against code, with the reference label, for each E-step of EM."""
    experiment = EM if EM in results.plan.experiments else results.experiments[0]
    rows = {described.label: family for family, described in results.plan.families.items()}
    _, *others = labels = results.plan.labels
    columns = {
        f"E-step {iteration}" + (f", {labels[name]}" if len(others) > 1 else ""): (iteration, name)
        for iteration in _trained(results)
        for name in others
    }
    panels = {
        (row, column): _labelled_values(results, Arm(experiment, family, iteration), name)
        for row, family in rows.items()
        for column, (iteration, name) in columns.items()
    }
    title = f"Q-values and reference labels, run {run} ({_seeds(results)})"
    rules = {
        results.table(Arm(experiment, family, 1), results.plan.seeds[0], results.plan.reference_strategy)["rule"].first()
        for family in rows.values()
    }
    priors = [0.25, 0.5, 0.75] if rules == {"prior_times_q"} and len(others) == 1 else [0.5]
    return query_charts.value_plane(panels, list(rows), list(columns), priors, labels, title)


def code_rate_distribution(results: Results, run: str) -> "Figure":
    """How queries spread over code rates of native exploration, before training and after each iteration but the last.

    Policies explored with more rollouts would look less polarised: all are shown by as many.
    """
    k = comparisons.fewest_native(results)
    rows = {described.label: family for family, described in results.plan.families.items()}
    columns = _stages(results)
    panels = {}
    for row, family in rows.items():
        for column, iteration in columns.items():
            shown = _shown(results)[:1] if iteration == 1 else _shown(results)
            panels[row, column] = [
                (START if iteration == 1 else name, results.plan.label(START if iteration == 1 else name), choices)
                for name in shown
                if k and len(choices := _choices(results, Arm(name, family, iteration), k))
            ]
    title = f"Code rate query by query, native exploration, k = {k}, run {run} ({_seeds(results)})"
    return query_charts.distributions(panels, list(rows), list(columns), _looks(results), title)


def _choices(results: Results, arm: Arm, k: int) -> np.ndarray:
    """Probabilities of 0 to k choices of code, for the queries of all seeds that a policy was explored with."""
    seeds = [selection.choices_of_code(values, k) for values in comparisons.native_rollouts(results, arm)]
    return np.concatenate([np.zeros((0, k + 1)), *seeds])


def training_health(results: Results, run: str) -> "Figure":
    """Importance ratio, clipping, KL, advantage, selection loss; and how far recomputed log-probabilities are from the sampled ones.

    Dotted: the bounds that the table of this name judges the worst steps by.
    """
    watched = {
        "mean importance ratio": ("ratio", 1.0),
        "ratios outside the clip range (%)": ("clip_share", 100.0),
        "KL to the behaviour policy (nats/token)": ("kl_behaviour", 1.0),
        "mean advantage of a batch": ("advantage", 1.0),
        "selection loss (nats)": ("selection_loss", 1.0),
    }
    difference = "|recomputed - sampled|, 95th pct."
    rows = {described.label: family for family, described in results.plan.families.items()}
    panels = {}
    for row, family in rows.items():
        for column, (name, factor) in watched.items():
            drawn = [(experiment, *_watched(results, experiment, family, name)) for experiment in _shown(results)]
            panels[row, column] = [(experiment, results.plan.label(experiment), x, factor * y) for experiment, x, y in drawn if len(x)]
        drawn = [(experiment, *_differences(results, experiment, family)) for experiment in _shown(results)]
        panels[row, difference] = [(experiment, results.plan.label(experiment), x, y) for experiment, x, y in drawn if len(x)]
    title = f"Training health, run {run} ({_seeds(results)})"
    judged = {bound.part: [end for end in (bound.low, bound.high) if 0 < end < math.inf] for bound in health.bounds(results.plan.health)}
    bounds = {column: judged[part] for column, (part, _) in watched.items() if part in judged}
    return charts.training(panels, list(rows), [*watched, difference], _trained(results)[:-1], _looks(results), title, bounds)


def _looks(results: Results) -> Looks:
    return Looks(looks.EXPERIMENTS, list(results.plan.experiments))


def _shown(results: Results) -> list[str]:
    about_others = set(results.plan.experiments) - {*_CURVES, *_VARIANTS}
    known = [name for name in _CURVES if name in results.plan.experiments]
    return results.experiments if about_others or not known else known


def _trained(results: Results) -> list[int]:
    return list(range(1, results.plan.iterations + 1))


def _stages(results: Results) -> dict[str, int]:
    """The policies that were explored, in words, and the iteration that explored them."""
    return {"start policy" if iteration == 1 else f"after {_iterations(iteration - 1)}": iteration for iteration in _trained(results)}


def _iterations(count: int) -> str:
    return f"{count} iteration{'s' if count > 1 else ''}"


def _seeds(results: Results) -> str:
    count = len(results.plan.seeds)
    return f"{count} seeds" if count > 1 else "1 seed"


def _intervals(results: Results) -> str:
    return f"{_seeds(results)}, 95 % intervals over {'seeds and items' if len(results.plan.seeds) > 1 else 'items'}"


def _columns(results: Results) -> dict[str, str]:
    """Benchmarks by what stands above their column: one for all families, which may lack different items."""
    counts = {name: sorted({_items(results, family, name) for family in results.plan.families}) for name in results.plan.benchmarks}
    return {
        f"{results.plan.named(name)} (n={'-'.join(map(str, dict.fromkeys((found[0], found[-1]))))})": name for name, found in counts.items()
    }


def _items(results: Results, family: str, benchmark: str) -> int:
    return min(score["n"] for score in results.seed_scores(results.start(family), "auto", benchmark))


def _course(results: Results, experiment: str, family: str, benchmark: str, measure: Callable[..., Interval]) -> Curve:
    arms = results.course(experiment, family)
    points = [measure(results, arm, "auto", benchmark).scaled(100) for arm in arms]
    return Curve(experiment, results.plan.label(experiment), [arm.iteration for arm in arms], points)


def _labelled_values(results: Results, arm: Arm, other: str) -> list[tuple[float, float, str | None]]:
    """(q_cot, that of the other, label) of every query of every seed that has both values."""
    points = []
    for seed in results.plan.seeds:
        labels = results.table(arm, seed, results.plan.reference_strategy).select("query_id", "label")
        values = results.table(arm, seed, results.plan.q_values).select("query_id", "q_cot", f"q_{other}").drop_nulls()
        points += values.join(labels, on="query_id", how="left").sort("query_id").select("q_cot", f"q_{other}", "label").rows()
    return points


def _watched(results: Results, experiment: str, family: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """A part of the loss in the training logs, iterations end to end and seeds averaged; x in iterations trained."""
    x, y = [], []
    for iteration in _trained(results):
        logs = [results.table(Arm(experiment, family, iteration), seed, tables.TRAINING_LOG) for seed in results.plan.seeds]
        log = pl.concat([_part(log, part) for log in logs])
        bins = log.group_by(bin=(pl.col("place") * _POINTS).ceil()).agg(pl.col("place", "value").mean()).sort("bin")
        if len(bins):  # a gap keeps iterations apart
            x += [*(bins["place"] + iteration - 1), iteration]
            y += [*bins["value"], np.nan]
    return np.array(x), np.array(y)


def _part(log: pl.DataFrame, name: str) -> pl.DataFrame:
    """Of a training log: how far the training was (`place`, 0 to 1), and the named part of the loss there (`value`)."""
    placed = log.select("parts", place=pl.col("step") / pl.col("step").max()).explode("parts").unnest("parts")
    return placed.filter(name=name).select("place", "value").drop_nulls()


def _differences(results: Results, experiment: str, family: str) -> tuple[np.ndarray, np.ndarray]:
    """95th percentile, over responses, of |recomputed - sampled| log-probability; one point an iteration, in its middle."""
    x, y = [], []
    for iteration in _trained(results):
        frames = [results.table(Arm(experiment, family, iteration), seed, tables.LOGPROBS) for seed in results.plan.seeds]
        values = pl.concat([frame["sampled_difference"] for frame in frames]).drop_nulls()
        if len(values):
            x.append(iteration - 0.5)
            y.append(float(values.quantile(0.95)))
    return np.array(x), np.array(y)
