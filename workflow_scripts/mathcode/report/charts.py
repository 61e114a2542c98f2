"""Figures: one palette, one hand. A mode, an experiment and an alignment class look the same in every figure.

Functions take plain values in percent or points and return a matplotlib Figure; `save` writes an SVG whose bytes depend on
nothing else. matplotlib is imported when a figure is made, not before.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mathcode.measures.uncertainty import Interval
from mathcode.report.canvas import (
    MODES,
    Place,
    canvas,
    dot_handle,
    error_arms,
    legend_below,
    line_handle,
    look,
    patch_handle,
    title_above,
    unique_handles,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


ALIGNMENTS = {"strict": "#007a5a", "allow_code": "#8fd3bf", "misaligned": "#b0b0b0"}

MODE_LABELS = {"cot": "CoT, dictated", "code": "code, dictated", "auto": "auto (nothing dictated)"}
ATTEMPTS = {"1": "#d0d0d0", "2": "#7fb2dd", "3": "#2f74b5", "4+": "#12375f"}

ALIGNMENT_LABELS = {
    "strict": "as the oracle: code iff only code is right",
    "allow_code": "code where both are right",
    "misaligned": "neither",
}


@dataclass(frozen=True)
class Curve:
    """Points of a line_handle with their intervals, and the experiment that decides how it looks."""

    experiment: str
    label: str
    x: list[float]
    y: list[Interval]


@dataclass(frozen=True)
class Bars:
    """One family's accuracy and code rate, percent: one interval per benchmark; groups are the policies, the pale one first."""

    label: str
    benchmarks: list[str]
    accuracy: dict[tuple[str, str], list[Interval]]
    code_rate: dict[str, list[Interval]]
    groups: list[str]


def accuracy_by_mode(families: Sequence[Bars], title: str) -> "Figure":
    """Accuracy of each mode, the start policy pale and EM full; beside it the code rate of auto."""
    from matplotlib.figure import Figure

    benchmarks = max(len(bars.benchmarks) for bars in families)
    figure = Figure(figsize=(5.0 + 1.9 * benchmarks, 2.9 * len(families) + 1.0))
    axes = figure.subplots(len(families), 2, squeeze=False, width_ratios=[2.2, 1])
    for (left, right), bars in zip(axes, families, strict=True):
        accuracy = [(MODES[mode], group == bars.groups[0], values) for (group, mode), values in bars.accuracy.items()]
        _grouped_bars(left, bars.benchmarks, accuracy, gap_after=len(accuracy) // len(bars.groups))
        rates = [(MODES["auto"], group == bars.groups[0], values) for group, values in bars.code_rate.items()]
        _grouped_bars(right, bars.benchmarks, rates)
        right.tick_params(axis="x", labelrotation=30 if benchmarks > 3 else 0)
        left.set_title(f"{bars.label}: accuracy", loc="left")
        right.set_title("code rate of auto", loc="left")
        left.set_ylabel("accuracy (% of items)")
        right.set_ylabel("responses that ran code (%)")
    legend_below(figure, _mode_handles(families[0].groups))
    title_above(figure, title)
    return figure


def curves(
    panels: dict[Place, list[Curve]], rows: Sequence[str], columns: Sequence[str], experiments: Sequence[str], title: str
) -> "Figure":
    """Lines over iterations with bands; rows are y-axis labels, columns panel titles."""
    width = {1: 5.6, 2: 3.6}.get(len(columns), 2.7)
    figure, axes = canvas(len(rows), len(columns), width, 2.5, sharex=True)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            for curve in panels[row, column]:
                _curve(axis, curve, experiments)
            axis.set_title(column, loc="left")
            axis.set_ylabel(row if axis is line[0] else "")
            axis.margins(x=0.06)
    for axis in axes[-1]:
        axis.set_xlabel("iterations trained")
        axis.xaxis.get_major_locator().set_params(integer=True)
    legend_below(figure, unique_handles(axes))
    title_above(figure, title)
    return figure


def stacked_shares(
    panels: dict[str, list[tuple[str, dict[str, int], str]]], classes: dict[str, tuple[str, str]], columns: int, unit: str, title: str
) -> "Figure":
    """Shares of classes, a bar per policy: `panels[title]` holds (policy, counts by class, a note); `classes` colours and labels."""
    deepest = max(len(bars) for bars in panels.values())
    figure, axes = canvas(-(-len(panels) // columns), columns, 5.6 if columns > 1 else 7.5, 0.5 + 0.46 * deepest)
    for axis, (name, bars) in zip(axes.flat, panels.items(), strict=False):
        for position, (_, counts, note) in enumerate(bars):
            _stack(axis, position, [(counts[name], colour) for name, (colour, _) in classes.items()])
            axis.text(102, position, note, va="center", fontsize=8, color="#444444", clip_on=False)
        names = [textwrap.fill(f"{label} (n={sum(counts.values())})", 30) for label, counts, _ in bars]
        axis.set_yticks(range(len(bars)), names)
        axis.invert_yaxis()
        axis.set_xlim(0, 100)
        axis.grid(False)
        axis.set_title(name, loc="left")
        axis.set_xlabel(unit)
    for axis in list(axes.flat)[len(panels) :]:
        axis.set_visible(False)
    legend_below(figure, [patch_handle(colour, label) for colour, label in classes.values()])
    title_above(figure, title)
    return figure


def value_plane(
    panels: dict[Place, list[tuple[float, float, str | None]]],
    rows: Sequence[str],
    columns: Sequence[str],
    priors: Sequence[float],
    title: str,
) -> "Figure":
    """Q-values of each query, CoT against code: a dot per pair of values and label, its area the number of queries.

    `panels[row, column]` holds (q_cot, q_code, label). Dots of one pair stand side by side. For each of `priors`, a share of
    native rollouts that choose code, a line divides what the reference strategy gives to code (above) and to CoT; 0.5 stands
    for equal values.
    """
    figure, axes = canvas(len(rows), len(columns), 3.9, 3.5, sharex=True, sharey=True)
    colours = {"cot": MODES["cot"], "code": MODES["code"], None: "#9a9a9a"}
    shifts = {"cot": -0.016, "code": 0.016, None: 0.0}
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            points = panels[row, column]
            for prior in priors:
                slope = (1 - prior) / prior
                end = (min(1.06, 1.06 / slope), min(1.06, 1.06 * slope))
                axis.plot([0, end[0]], [0, end[1]], color="#666666", linewidth=0.8, linestyle="--" if prior == 0.5 else ":", zorder=1)
                if len(priors) > 1:
                    axis.text(*end, f"{100 * prior:.0f} %", fontsize=7, color="#666666", ha="left", va="bottom", zorder=1)
            for label, colour in colours.items():
                own = np.array([point[:2] for point in points if point[2] == label]).reshape(-1, 2)
                places, counts = np.unique(own, axis=0, return_counts=True)
                x, y = places[:, 0] + shifts[label], places[:, 1] - shifts[label]
                axis.scatter(x, y, s=2600 * counts / max(len(points), 1), color=colour, alpha=0.75, linewidths=0, zorder=2)
            axis.set_title(f"{row}\n{column} (n={len(points)})", loc="left")
            axis.set_aspect("equal")
            axis.set_xlim(-0.1, 1.1)
            axis.set_ylim(-0.1, 1.1)
            axis.grid(True, axis="both")
            axis.set_ylabel("Q(x, code): mean reward" if axis is line[0] else "")
    for axis in axes[-1]:
        axis.set_xlabel("Q(x, CoT): mean reward")
    names = {"cot": "label CoT", "code": "label code", None: "no label: never solved"}
    boundaries = [line_handle("#666666", "--", "equal Q: above it code is worth more")]
    if len(priors) > 1:
        boundaries.append(line_handle("#666666", ":", "s* chooses code above, at this prior for code"))
    legend_below(figure, [*(dot_handle(colours[label], name) for label, name in names.items()), *boundaries])
    title_above(figure, title)
    return figure


def reliability(
    panels: dict[Place, list[tuple[Curve, list[int]]]], rows: Sequence[str], columns: Sequence[str], experiments: Sequence[str], title: str
) -> "Figure":
    """Share of native rollouts that choose code against how probably code is the better choice; the area of a dot is its queries.

    `panels[row, column]` holds curves, all in [0, 1], and the queries behind each of their points.
    """
    figure, axes = canvas(len(rows), len(columns), 3.9, 3.5, sharex=True, sharey=True)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            axis.plot([0, 1], [0, 1], color="#666666", linewidth=0.8, linestyle="--", zorder=1)
            for curve, counts in panels[row, column]:
                drawn = look(curve.experiment, experiments)
                y = [point.value for point in curve.y]
                axis.errorbar(
                    curve.x, y, yerr=error_arms(curve.y), fmt="none", ecolor=drawn["color"], elinewidth=0.8, capsize=1.5, alpha=0.7
                )
                axis.scatter(curve.x, y, s=[12 + 500 * n / sum(counts) for n in counts], color=drawn["color"], alpha=0.6, linewidths=0)
                axis.plot(curve.x, y, label=curve.label, linewidth=1.2, markersize=3, **drawn)
            axis.set_title(f"{row}\n{column}", loc="left")
            axis.set_aspect("equal")
            axis.set_xlim(-0.06, 1.06)
            axis.set_ylim(-0.06, 1.06)
            axis.grid(True, axis="both")
            axis.set_ylabel("P(code is better), posterior mean" if axis is line[0] else "")
    for axis in axes[-1]:
        axis.set_xlabel("p(code|x): native rollouts that choose code")
    legend_below(figure, [*unique_handles(axes), line_handle("#666666", "--", "chooses code as often as it is the better choice")])
    title_above(figure, title)
    return figure


def funnel(
    panels: dict[Place, list[tuple[str, str, list[Interval]]]],
    rows: Sequence[str],
    columns: Sequence[str],
    steps: Sequence[str],
    experiments: Sequence[str],
    title: str,
) -> "Figure":
    """How far responses get, percent of all of them: `panels[row, column]` holds (experiment, label, a value per step)."""
    most = max(len(bars) for bars in panels.values())
    figure, axes = canvas(len(rows), len(columns), 5.2 if len(columns) < 3 else 3.6, 0.6 + 0.16 * most * len(steps), sharey=True)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            bars = panels[row, column]
            width = 0.82 / max(len(bars), 1)
            for position, (experiment, label, values) in enumerate(bars):
                places = np.arange(len(steps)) + (position - (len(bars) - 1) / 2) * width
                shares = [value.value for value in values]
                axis.barh(places, shares, width * 0.92, color=look(experiment, experiments)["color"], label=label)
                axis.errorbar(shares, places, xerr=error_arms(values), fmt="none", ecolor="#333333", elinewidth=0.7, capsize=1.2)
            axis.set_yticks(range(len(steps)), [textwrap.fill(step, 14) for step in steps])
            axis.set_ylim(len(steps) - 0.5, -0.5)
            axis.grid(True, axis="x")
            axis.grid(False, axis="y")
            axis.set_title(f"{row}\n{column}", loc="left")
            axis.set_xlim(left=0)
    for axis in axes[-1]:
        axis.set_xlabel("responses (%)")
    legend_below(figure, unique_handles(axes))
    title_above(figure, title)
    return figure


def distributions(
    panels: dict[Place, list[tuple[str, str, np.ndarray]]],
    rows: Sequence[str],
    columns: Sequence[str],
    experiments: Sequence[str],
    title: str,
) -> "Figure":
    """Shares of queries by their own code rate: `panels[row, column]` holds (experiment, label, choices of shape (queries, k + 1)),
    the probabilities that 0 to k of k native rollouts choose code."""
    names = ["0", "1-25", "26-50", "51-75", "76-99", "100"]
    figure, axes = canvas(len(rows), len(columns), 4.4, 2.6, sharey=True)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            groups = panels[row, column]
            width = 0.8 / max(len(groups), 1)
            for position, (experiment, label, choices) in enumerate(groups):
                bins = _bin(np.linspace(0, 100, choices.shape[1]))
                shares = np.bincount(bins, weights=choices.mean(axis=0), minlength=len(names))
                places = np.arange(len(names)) + (position - (len(groups) - 1) / 2) * width
                colour = look(experiment, experiments)["color"]
                axis.bar(places, 100 * shares, width * 0.92, color=colour, label=label)
            sizes = sorted({len(choices) for _, _, choices in groups})
            axis.set_title(f"{row}\n{column} (n={' or '.join(map(str, sizes)) or 0})", loc="left")
            axis.set_xticks(range(len(names)), names)
            axis.set_ylabel("queries (%)" if axis is line[0] else "")
    for axis in axes[-1]:
        axis.set_xlabel("a query's code rate (% of k native rollouts)")
    legend_below(figure, unique_handles(axes))
    title_above(figure, title)
    return figure


def training(
    panels: dict[Place, list[tuple[str, str, np.ndarray, np.ndarray]]],
    rows: Sequence[str],
    columns: Sequence[str],
    bounds: Sequence[int],
    experiments: Sequence[str],
    title: str,
) -> "Figure":
    """What is watched while training: `panels[row, column]` holds (experiment, label, x, y); x in iterations trained.

    The last column is the difference of sampled and recomputed log-probabilities: its points are 95th percentiles, on a
    logarithmic scale.
    """
    figure, axes = canvas(len(rows), len(columns), 3.3, 2.5)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            last = axis is line[-1]
            for experiment, label, x, y in panels[row, column]:
                looks = look(experiment, experiments) | ({} if last else {"marker": ""})
                axis.plot(x, y, linewidth=1.1, markersize=4, alpha=0.9, label=label, **looks)
            drawn = np.concatenate([y[np.isfinite(y)] for *_, y in panels[row, column]] or [np.empty(0)])
            if _spreads(drawn) or (last and (drawn > 0).any()):
                axis.set_yscale("log")
            for bound in bounds:
                axis.axvline(bound, color="#bbbbbb", linewidth=0.8, zorder=0)
            if not panels[row, column]:
                axis.text(0.5, 0.5, "not recorded", transform=axis.transAxes, ha="center", color="#777777")
            axis.set_title(f"{row}\n{column}" if axis is line[0] else f"\n{column}", loc="left")
            axis.set_xlim(0, max(bounds, default=0) + 1)
            axis.xaxis.get_major_locator().set_params(integer=True)
    for axis in axes[-1]:
        axis.set_xlabel("iterations trained")
    legend_below(figure, unique_handles(axes))
    title_above(figure, title)
    return figure


def _grouped_bars(axis: "Axes", benchmarks: list[str], series: list[tuple[str, bool, list[Interval]]], gap_after: int = 0) -> None:
    """Bars with intervals; series are (colour, pale, one value per benchmark); a gap after the first `gap_after` of them."""
    slots = [number + (0.6 if gap_after and number >= gap_after else 0) for number in range(len(series))]
    width = 0.84 / (slots[-1] + 1)
    for slot, (colour, pale, values) in zip(slots, series, strict=True):
        x = np.arange(len(benchmarks)) + (slot - slots[-1] / 2) * width
        heights = [value.value for value in values]
        look_ = {"color": colour, "alpha": 0.4} if pale else {"color": colour}
        axis.bar(x, heights, width * 0.9, **look_)
        axis.errorbar(x, heights, yerr=error_arms(values), fmt="none", ecolor="#333333", elinewidth=0.8, capsize=1.5)
    axis.set_xticks(range(len(benchmarks)), benchmarks)
    axis.set_ylim(0, 105)


def _curve(axis: "Axes", curve: Curve, experiments: Sequence[str]) -> None:
    drawn = look(curve.experiment, experiments)
    axis.plot(curve.x, [point.value for point in curve.y], label=curve.label, linewidth=1.6, markersize=4.5, **drawn)
    low, high = ([getattr(point, end) for point in curve.y] for end in ("low", "high"))
    if None not in low:
        axis.fill_between(curve.x, low, high, color=drawn["color"], alpha=0.12, linewidth=0)


def _stack(axis: "Axes", position: int, parts: Sequence[tuple[int, str]]) -> None:
    from matplotlib.colors import to_rgb

    total, left = sum(count for count, _ in parts), 0.0
    for count, colour in parts:
        share = 100 * count / total if total else 0.0
        axis.barh(position, share, left=left, color=colour, height=0.72)
        if share >= 9:
            ink = "white" if sum(to_rgb(colour)) < 1.4 else "black"
            axis.text(left + share / 2, position, f"{share:.0f}", ha="center", va="center", color=ink)
        left += share


def _spreads(values: np.ndarray) -> bool:
    """A few large values would press all others flat."""
    return bool(len(values) and values.min() > 0 and values.max() > 20 * np.median(values))


def _bin(rates: Sequence[float]) -> np.ndarray:
    """Index of a rate's bar: 0, four quarters without their ends, 100."""
    values = np.asarray(rates, dtype=float)
    quarters = 1 + np.clip(np.ceil(values / 25).astype(int) - 1, 0, 3)
    return np.where(values <= 0, 0, np.where(values >= 100, 5, quarters))


def _mode_handles(groups: Sequence[str]) -> list:
    handles = [patch_handle(colour, MODE_LABELS[mode]) for mode, colour in MODES.items()]
    return handles + [patch_handle("#555555", group, 0.4 if number == 0 else 1.0) for number, group in enumerate(groups)]
