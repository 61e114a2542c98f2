"""Charts of plain numbers, in percent or points: bars by mode, curves over iterations, stacked shares, funnels, training.

Each takes panels by row and column, and returns a matplotlib Figure. How experiments and modes look is the caller's to say.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mathcode.measures.uncertainty import Interval
from mathcode.report.canvas import (
    Looks,
    Place,
    add_legend,
    add_title,
    error_lengths,
    grid,
    hatched,
    legend_entries,
    logarithmic,
    patch_entry,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Curve:
    """Points of a line with their intervals, and the experiment that decides how it looks."""

    experiment: str
    label: str
    x: list[float]
    y: list[Interval]


@dataclass(frozen=True)
class Dot:
    """A point with its intervals, and the experiment that decides how it looks; a marker of its own, if any; pale or full."""

    experiment: str
    label: str
    marker: str | None
    x: Interval
    y: Interval
    pale: bool


@dataclass(frozen=True)
class Bars:
    """One family's accuracy and code rate, percent: one interval per benchmark; groups are the policies, the pale one first."""

    label: str
    benchmarks: list[str]
    accuracy: dict[tuple[str, str], list[Interval]]
    code_rate: dict[str, list[Interval]]
    groups: list[str]


def accuracy_by_mode(families: Sequence[Bars], modes: Mapping[str, tuple[str, str, str]], free: str, title: str) -> "Figure":
    """Accuracy of each mode, the first policy pale and the other full; beside it the code rate of one mode.

    Args:
        modes: colour, label and hatch of each mode.
        free: the mode in which the policy chooses how to answer.
    """
    from matplotlib.figure import Figure

    benchmarks = max(len(bars.benchmarks) for bars in families)
    figure = Figure(figsize=(5.0 + 1.9 * benchmarks, 2.9 * len(families) + 1.0))
    axes = figure.subplots(len(families), 2, squeeze=False, width_ratios=[2.2, 1])
    for (left, right), bars in zip(axes, families, strict=True):
        accuracy = [(modes[mode], group == bars.groups[0], values) for (group, mode), values in bars.accuracy.items()]
        _grouped_bars(left, bars.benchmarks, accuracy, gap_after=len(accuracy) // len(bars.groups))
        rates = [(modes[free], group == bars.groups[0], values) for group, values in bars.code_rate.items()]
        _grouped_bars(right, bars.benchmarks, rates)
        right.tick_params(axis="x", labelrotation=30 if benchmarks > 3 else 0)
        left.set_title(f"{bars.label}: accuracy", loc="left")
        right.set_title(f"code rate of {free}", loc="left")
        left.set_ylabel("accuracy (% of items)")
        right.set_ylabel("responses that ran code (%)")
    add_legend(figure, _mode_entries(modes, families[0].groups))
    add_title(figure, title)
    return figure


def curves(panels: dict[Place, list[Curve]], rows: Sequence[str], columns: Sequence[str], looks: Looks, title: str) -> "Figure":
    """Lines over iterations with bands; rows are y-axis labels, columns panel titles."""
    width = {1: 5.6, 2: 3.6}.get(len(columns), 2.7)
    figure, axes = grid(len(rows), len(columns), width, 2.5, sharex=True)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            for curve in panels[row, column]:
                _curve(axis, curve, looks)
            axis.set_title(column, loc="left")
            axis.set_ylabel(row if axis is line[0] else "")
            axis.margins(x=0.06)
    for axis in axes[-1]:
        axis.set_xlabel("iterations trained")
        axis.xaxis.get_major_locator().set_params(integer=True)
    add_legend(figure, legend_entries(axes))
    add_title(figure, title)
    return figure


def dots(
    panels: dict[Place, list[Dot]], rows: Sequence[str], columns: Sequence[str], names: tuple[str, str], looks: Looks, title: str
) -> "Figure":
    """Points with bars both ways; a dotted line joins the full ones from left to right. `names`: what x and y are."""
    figure, axes = grid(len(rows), len(columns), 5.6 if len(columns) == 1 else 4.2, 3.2)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            for dot in panels[row, column]:
                look = looks.of(dot.experiment)
                x, y = [dot.x.value], [dot.y.value]
                bars = {"xerr": error_lengths([dot.x]), "yerr": error_lengths([dot.y]), "elinewidth": 0.9, "capsize": 2}
                shown = {"color": look["color"], "marker": dot.marker or look["marker"], "alpha": 0.35 if dot.pale else 1.0}
                axis.errorbar(x, y, **bars, **shown, linestyle="", label=dot.label)
            full = sorted((dot.x.value, dot.y.value) for dot in panels[row, column] if not dot.pale)
            axis.plot(*zip(*full, strict=True), linestyle=":", color="#888888", zorder=1)
            axis.set_title(f"{row}\n{column}" if len(rows) > 1 else column, loc="left")
            axis.set_xlabel(names[0])
            axis.set_ylabel(names[1] if axis is line[0] else "")
            axis.set_xlim(left=min(0.0, axis.get_xlim()[0]))
    add_legend(figure, legend_entries(axes))
    add_title(figure, title)
    return figure


def stacked_shares(
    panels: dict[str, list[tuple[str, dict[str, int], str]]],
    classes: dict[str, tuple[str, str, str]],
    columns: int,
    unit: str,
    title: str,
    alike: str = "",
) -> "Figure":
    """Shares of classes, a bar per policy: `panels[title]` holds (policy, counts by class, a note); `classes` colour, label, hatch.

    Args:
        alike: words in place of the bars of a panel in which all are of the first class; empty: its bars are drawn.
    """
    _, *others = classes
    said = {name: alike if not any(counts[other] for _, counts, _ in bars for other in others) else "" for name, bars in panels.items()}
    deepest = max(len(bars) for bars in panels.values())
    figure, axes = grid(-(-len(panels) // columns), columns, 5.6 if columns > 1 else 7.5, 0.5 + 0.46 * deepest)
    for axis, (name, bars) in zip(axes.flat, panels.items(), strict=False):
        for position, (_, counts, note) in enumerate(bars):
            if not said[name]:
                _stack(axis, position, [(counts[one], colour, hatch) for one, (colour, _, hatch) in classes.items()])
            axis.text(102, position, note, va="center", fontsize=8, color="#444444", clip_on=False)
        names = [textwrap.fill(f"{label} (n={sum(counts.values())})", 30) for label, counts, _ in bars]
        axis.set_yticks(range(len(bars)), names)
        axis.invert_yaxis()
        axis.set_xlim(0, 100)
        axis.grid(False)
        axis.set_title(name, loc="left")
        if said[name]:
            axis.set_ylim(len(bars) - 0.5, -0.5)
            axis.set_xticks([])
            axis.text(0.5, 0.5, textwrap.fill(said[name], 20), transform=axis.transAxes, ha="center", va="center")
        else:
            axis.set_xlabel(unit)
    for axis in list(axes.flat)[len(panels) :]:
        axis.set_visible(False)
    if not all(said.values()):
        add_legend(figure, [patch_entry(colour, label, hatch=hatch) for colour, label, hatch in classes.values()])
    add_title(figure, title)
    return figure


def funnel(
    panels: dict[Place, list[tuple[str, str, list[Interval]]]],
    rows: Sequence[str],
    columns: Sequence[str],
    steps: Sequence[str],
    looks: Looks,
    title: str,
) -> "Figure":
    """How far responses get, percent of all of them: `panels[row, column]` holds (experiment, label, a value per step)."""
    most = max(len(bars) for bars in panels.values())
    figure, axes = grid(len(rows), len(columns), 5.2 if len(columns) < 3 else 3.6, 0.6 + 0.16 * most * len(steps), sharey=True)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            bars = panels[row, column]
            width = 0.82 / max(len(bars), 1)
            for position, (experiment, label, values) in enumerate(bars):
                places = np.arange(len(steps)) + (position - (len(bars) - 1) / 2) * width
                shares = [value.value for value in values]
                axis.barh(places, shares, width * 0.92, label=label, **looks.bar(experiment))
                axis.errorbar(shares, places, xerr=error_lengths(values), fmt="none", ecolor="#333333", elinewidth=0.7, capsize=1.2)
            axis.set_yticks(range(len(steps)), [textwrap.fill(step, 14) for step in steps])
            axis.set_ylim(len(steps) - 0.5, -0.5)
            axis.grid(True, axis="x")
            axis.grid(False, axis="y")
            axis.set_title(f"{row}\n{column}", loc="left")
            axis.set_xlim(left=0)
    for axis in axes[-1]:
        axis.set_xlabel("responses (%)")
    add_legend(figure, legend_entries(axes))
    add_title(figure, title)
    return figure


def training(
    panels: dict[Place, list[tuple[str, str, np.ndarray, np.ndarray]]],
    rows: Sequence[str],
    columns: Sequence[str],
    ends: Sequence[int],
    looks: Looks,
    title: str,
    bounds: Mapping[str, Sequence[float]],
) -> "Figure":
    """What is watched while training: `panels[row, column]` holds (experiment, label, x, y); x in iterations trained.

    The last column is the difference of sampled and recomputed log-probabilities: its points are 95th percentiles, on a
    logarithmic scale.

    Args:
        ends: where an iteration ends and another one begins.
        bounds: what the curves of a column may not cross, by its title.
    """
    figure, axes = grid(len(rows), len(columns), 3.3, 2.5)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            last = axis is line[-1]
            for experiment, label, x, y in panels[row, column]:
                drawn_as = looks.of(experiment) | ({} if last else {"marker": ""})
                axis.plot(x, y, linewidth=1.1, markersize=4, alpha=0.9, label=label, **drawn_as)
            for bound in bounds.get(column, ()):
                axis.axhline(bound, color="#000000", linestyle=(0, (1, 1)), linewidth=1.2, label="bound of the settings")
            _scale(
                axis, np.concatenate([y[np.isfinite(y)] for *_, y in panels[row, column]] or [np.empty(0)]), bounds.get(column, ()), last
            )
            for end in ends:
                axis.axvline(end, color="#bbbbbb", linewidth=0.8, zorder=0)
            if not panels[row, column]:
                axis.text(0.5, 0.5, "not recorded", transform=axis.transAxes, ha="center", color="#777777")
            axis.set_title(f"{row}\n{column}" if axis is line[0] else f"\n{column}", loc="left")
            axis.set_xlim(0, max(ends, default=0) + 1)
            axis.xaxis.get_major_locator().set_params(integer=True)
    for axis in axes[-1]:
        axis.set_xlabel("iterations trained")
    add_legend(figure, legend_entries(axes))
    add_title(figure, title)
    return figure


def _scale(axis: "Axes", drawn: np.ndarray, bounds: Sequence[float], logarithmically: bool) -> None:
    """The y axis of what was watched: logarithmic where a few values or a bound would press the others flat."""
    if _spreads(np.concatenate([drawn, bounds])) or (logarithmically and (drawn > 0).any()):
        logarithmic(axis)
        if drawn.max(initial=0) < 10 * drawn.min(initial=np.inf):
            axis.yaxis.set_minor_formatter("{x:g}")  # within a power of ten no other tick may have a label
    elif bounds and drawn.max(initial=0) > 20 * max(bounds):
        logarithmic(axis, "symlog", linthresh=max(bounds))
        axis.set_ylim(bottom=min(0.0, drawn.min()))


def _grouped_bars(
    axis: "Axes", benchmarks: list[str], series: list[tuple[tuple[str, str, str], bool, list[Interval]]], gap_after: int = 0
) -> None:
    """Bars with intervals; series are (look of the mode, pale, one value per benchmark); a gap after the first `gap_after` of them."""
    slots = [number + (0.6 if gap_after and number >= gap_after else 0) for number in range(len(series))]
    width = 0.84 / (slots[-1] + 1)
    for slot, ((colour, _, hatch), pale, values) in zip(slots, series, strict=True):
        x = np.arange(len(benchmarks)) + (slot - slots[-1] / 2) * width
        heights = [value.value for value in values]
        drawn = {"color": colour, **hatched(hatch)} | ({"alpha": 0.4} if pale else {})
        axis.bar(x, heights, width * 0.9, **drawn)
        axis.errorbar(x, heights, yerr=error_lengths(values), fmt="none", ecolor="#333333", elinewidth=0.8, capsize=1.5)
    axis.set_xticks(range(len(benchmarks)), benchmarks)
    axis.set_ylim(0, 105)


def _curve(axis: "Axes", curve: Curve, looks: Looks) -> None:
    drawn = looks.of(curve.experiment)
    axis.plot(curve.x, [point.value for point in curve.y], label=curve.label, linewidth=1.6, markersize=4.5, **drawn)
    low, high = ([getattr(point, end) for point in curve.y] for end in ("low", "high"))
    if None not in low:
        axis.fill_between(curve.x, low, high, color=drawn["color"], alpha=0.12, linewidth=0)


def _stack(axis: "Axes", position: int, parts: Sequence[tuple[int, str, str]]) -> None:
    from matplotlib.colors import to_rgb

    total, left = sum(count for count, *_ in parts), 0.0
    for count, colour, hatch in parts:
        share = 100 * count / total if total else 0.0
        axis.barh(position, share, left=left, color=colour, height=0.72, **hatched(hatch))
        if share >= 9:
            ink = "white" if sum(to_rgb(colour)) < 1.4 else "black"
            axis.text(
                left + share / 2,
                position,
                f"{share:.0f}",
                ha="center",
                va="center",
                color=ink,
                bbox={"facecolor": colour, "linewidth": 0, "pad": 1.5},
            )
        left += share


def _spreads(values: np.ndarray) -> bool:
    """A few large values would press all others flat."""
    return bool(len(values) and values.min() > 0 and values.max() > 20 * np.median(values))


def _mode_entries(modes: Mapping[str, tuple[str, str, str]], groups: Sequence[str]) -> list[tuple]:
    entries = [patch_entry(colour, label, hatch=hatch) for colour, label, hatch in modes.values()]
    return entries + [patch_entry("#555555", group, 0.4 if number == 0 else 1.0) for number, group in enumerate(groups)]
