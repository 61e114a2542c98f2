"""Charts that SIaM alone draws, of plain numbers: distributions of lengths, a threshold's precision, calibration, scores, gains by family.

Each takes panels by title, and returns a matplotlib Figure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mathcode.measures.uncertainty import Interval
from mathcode.report.canvas import Looks, add_legend, add_title, error_lengths, grid, legend_entries, logarithmic

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Gains:
    """Of families of questions the share of references that the strict rule refuses (percent), and what an experiment gained (points)."""

    experiment: str
    label: str
    refused: list[float]
    gained: list[Interval]


def _panels(titles: Sequence[str], width: float = 4.6, height: float = 3.2) -> tuple["Figure", list["Axes"]]:
    """A row or two of panels with titles; what a last row leaves over is hidden."""
    columns = min(3, max(1, len(titles)))
    figure, axes = grid(max(1, -(-len(titles) // columns)), columns, width, height)
    flat = list(axes.flat)
    for axis, title in zip(flat, titles, strict=False):
        axis.set_title(title, loc="left")
    for axis in flat[len(titles) :]:
        axis.set_visible(False)
    return figure, flat[: len(titles)]


def _finish(figure: "Figure", axes: Sequence["Axes"], title: str) -> "Figure":
    for axis in axes:
        if not axis.has_data():
            axis.text(0.5, 0.5, "not measured in this run", transform=axis.transAxes, ha="center", color="#777777")
    add_legend(figure, legend_entries(np.array(axes, dtype=object)))
    add_title(figure, title)
    return figure


def lengths(panels: Mapping[str, Mapping[str, np.ndarray]], looks: Mapping[str, dict], title: str) -> "Figure":
    """Share of responses of at most so many tokens: a line for each policy."""
    figure, axes = _panels(list(panels))
    for axis, lines in zip(axes, panels.values(), strict=True):
        for label, tokens in lines.items():
            ordered = np.sort(tokens)
            shares = 100 * np.arange(1, len(ordered) + 1) / len(ordered)
            axis.plot(ordered, shares, drawstyle="steps-post", label=label, linewidth=1.6, **looks[label] | {"marker": ""})
        axis.set_xlabel("tokens of a response, its end included")
        axis.set_ylabel("responses (%)")
        axis.set_ylim(0, 102)
    return _finish(figure, axes, title)


def thresholds(
    panels: Mapping[str, tuple[Mapping[str, pl.DataFrame], Mapping[str, tuple[float, float]]]], looks: Mapping[str, dict], title: str
) -> "Figure":
    """Precision against the share of cases accepted: a line for each critic as its threshold moves, a marker for each rule."""
    figure, axes = _panels(list(panels))
    for axis, (curves, rules) in zip(axes, panels.values(), strict=True):
        for label, curve in curves.items():
            drawn = curve.drop_nulls("precision").sort("accepted_share")
            x, colour = 100 * drawn["accepted_share"].to_numpy(), looks[label]["color"]
            axis.plot(x, 100 * drawn["precision"].to_numpy(), label=label, linewidth=1.3, markersize=4, **looks[label])
            axis.fill_between(
                x, 100 * drawn["precision_low"].to_numpy(), 100 * drawn["precision_high"].to_numpy(), color=colour, alpha=0.12, linewidth=0
            )
        for label, (share, precision) in rules.items():
            axis.plot([100 * share], [100 * precision], label=label, **looks[label] | {"linestyle": ""})
        axis.set_xlabel("cases accepted (%)")
        axis.set_ylabel("precision (%)")
    return _finish(figure, axes, title)


def reliability(panels: Mapping[str, Mapping[str, pl.DataFrame]], looks: Mapping[str, dict], title: str) -> "Figure":
    """Share of right cases against the mean score of a bin, with 95 % intervals; the area of a dot is its number of cases."""
    figure, axes = _panels(list(panels), width=4.0, height=3.6)
    for axis, curves in zip(axes, panels.values(), strict=True):
        for label, bins in curves.items():
            x, y = bins["mean_score"].to_numpy(), bins["share_yes"].to_numpy()
            ends = np.array([np.maximum(0, y - bins["share_low"].to_numpy()), np.maximum(0, bins["share_high"].to_numpy() - y)])
            look = looks[label]
            axis.errorbar(x, y, yerr=ends, color=look["color"], linestyle=look["linestyle"], linewidth=1.1, elinewidth=0.8, capsize=1.5)
            sizes = 12 + 120 * bins["n"].to_numpy() / bins["n"].sum()
            axis.scatter(x, y, s=sizes, color=look["color"], marker=look["marker"], label=label)
            axis.plot([0, 1], [0, 1], linestyle="--", color="#999999", linewidth=0.8, zorder=0)
        axis.set_xlabel("score of the critic, P(YES)")
        axis.set_ylabel("share of right cases")
    return _finish(figure, axes, title)


def scores(panels: Mapping[str, Mapping[str, np.ndarray]], looks: Mapping[str, tuple[str, str]], title: str) -> "Figure":
    """How scores spread, by classes of cases: each class as percent of its own cases, on a logarithmic scale."""
    figure, axes = _panels(list(panels))
    edges = np.linspace(0, 1, 21)
    for axis, classes in zip(axes, panels.values(), strict=True):
        for label, values in classes.items():
            counts, _ = np.histogram(values, edges)
            shares = 100 * counts / max(1, len(values))
            axis.stairs(shares, edges, label=label, color=looks[label][0], linestyle=looks[label][1], linewidth=1.5)
        if classes:
            logarithmic(axis, "symlog", linthresh=1)
        axis.set_xlabel("score of the critic, P(YES)")
        axis.set_ylabel("cases of the class (%)")
    return _finish(figure, axes, title)


def gains(panels: Mapping[str, Sequence[Gains]], looks: Looks, title: str) -> "Figure":
    """Gain of families of questions against the share of their references that the strict rule refuses; a point for each family."""
    figure, axes = _panels(list(panels))
    for axis, drawn in zip(axes, panels.values(), strict=True):
        for place, one in enumerate(drawn):
            look = looks.of(one.experiment)
            x = np.array(one.refused) + 0.8 * (place - (len(drawn) - 1) / 2)
            axis.errorbar(
                x,
                [gain.value for gain in one.gained],
                yerr=error_lengths(one.gained),
                linestyle="",
                marker=look["marker"],
                color=look["color"],
                markersize=4,
                elinewidth=0.7,
                label=one.label,
            )
        axis.axhline(0, color="#999999", linewidth=0.8, zorder=0)
        axis.set_xlabel("references of the family that the strict rule refuses (%)")
        axis.set_ylabel("gain over M_0 (points)")
    return _finish(figure, axes, title)
