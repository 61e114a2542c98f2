"""Charts about single queries: their Q-values, how a prior stands to what is better, how they spread over code rates.

Each takes panels by row and column, and returns a matplotlib Figure.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mathcode.methods.autocode.report.looks import label_markers, modes
from mathcode.report.canvas import Looks, Place, add_legend, add_title, dot_entry, error_lengths, grid, legend_entries, line_entry
from mathcode.report.charts import Curve

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def value_plane(
    panels: dict[Place, list[tuple[float, float, str | None]]],
    rows: Sequence[str],
    columns: Sequence[str],
    priors: Sequence[float],
    labels: Mapping[str, str],
    title: str,
) -> "Figure":
    """Q-values of each query, CoT against code: a dot per pair of values and label, its area the number of queries.

    `panels[row, column]` holds (q_cot, q_code, label). Dots of one pair stand side by side. For each of `priors`, a share of
    native rollouts that choose code, a line divides what the reference strategy gives to code (above) and to CoT; 0.5 stands
    for equal values. Where `labels` names more methodologies than these two, a column's own stands in the place of code.
    """
    figure, axes = grid(len(rows), len(columns), 3.9, 3.5, sharex=True, sharey=True)
    drawn, markers = modes(labels), label_markers(labels)
    colours = {name: drawn[name][0] for name in labels} | {None: "#9a9a9a"}
    shifts = dict.fromkeys(labels, 0.016) | {"cot": -0.016, None: 0.0}
    other = "code" if len(labels) == 2 else "the other"
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
                axis.scatter(
                    x,
                    y,
                    s=2600 * counts / max(len(points), 1),
                    color=colour,
                    marker=markers[label],
                    alpha=0.75,
                    linewidths=1.2 if label is None else 0,
                    zorder=2,
                )
            axis.set_title(f"{row}\n{column} (n={len(points)})", loc="left")
            axis.set_aspect("equal")
            axis.set_xlim(-0.1, 1.1)
            axis.set_ylim(-0.1, 1.1)
            axis.grid(True, axis="both")
            axis.set_ylabel(f"Q(x, {other}): mean reward" if axis is line[0] else "")
    for axis in axes[-1]:
        axis.set_xlabel("Q(x, CoT): mean reward")
    names = {name: f"label {label}" for name, label in labels.items()} | {None: "no label: never solved"}
    boundaries = [line_entry("#666666", "--", f"equal Q: above it {other} is worth more")]
    if len(priors) > 1:
        boundaries.append(line_entry("#666666", ":", "s* chooses code above, at this prior for code"))
    add_legend(figure, [*(dot_entry(colours[label], name, markers[label]) for label, name in names.items()), *boundaries])
    add_title(figure, title)
    return figure


def reliability(
    panels: dict[Place, list[tuple[Curve, list[int]]]], rows: Sequence[str], columns: Sequence[str], looks: Looks, title: str
) -> "Figure":
    """Share of native rollouts that choose code against how probably code is the better choice; the area of a dot is its queries.

    `panels[row, column]` holds curves, all in [0, 1], and the queries behind each of their points.
    """
    figure, axes = grid(len(rows), len(columns), 3.9, 3.5, sharex=True, sharey=True)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            axis.plot([0, 1], [0, 1], color="#666666", linewidth=0.8, linestyle="--", zorder=1)
            for curve, counts in panels[row, column]:
                drawn = looks.of(curve.experiment)
                y = [point.value for point in curve.y]
                axis.errorbar(
                    curve.x, y, yerr=error_lengths(curve.y), fmt="none", ecolor=drawn["color"], elinewidth=0.8, capsize=1.5, alpha=0.7
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
    add_legend(figure, [*legend_entries(axes), line_entry("#666666", "--", "chooses code as often as it is the better choice")])
    add_title(figure, title)
    return figure


def distributions(
    panels: dict[Place, list[tuple[str, str, np.ndarray]]],
    rows: Sequence[str],
    columns: Sequence[str],
    looks: Looks,
    title: str,
) -> "Figure":
    """Shares of queries by their own code rate: `panels[row, column]` holds (experiment, label, choices of shape (queries, k + 1)),
    the probabilities that 0 to k of k native rollouts choose code."""
    names = ["0", "1-25", "26-50", "51-75", "76-99", "100"]
    figure, axes = grid(len(rows), len(columns), 4.4, 2.6, sharey=True)
    for row, line in zip(rows, axes, strict=True):
        for column, axis in zip(columns, line, strict=True):
            groups = panels[row, column]
            width = 0.8 / max(len(groups), 1)
            for position, (experiment, label, choices) in enumerate(groups):
                bins = _bin(choices.shape[1] - 1)
                shares = np.bincount(bins, weights=choices.mean(axis=0), minlength=len(names))
                places = np.arange(len(names)) + (position - (len(groups) - 1) / 2) * width
                axis.bar(places, 100 * shares, width * 0.92, label=label, **looks.bar(experiment))
            sizes = sorted({len(choices) for _, _, choices in groups})
            axis.set_title(f"{row}\n{column} (n={' or '.join(map(str, sizes)) or 0})", loc="left")
            axis.set_xticks(range(len(names)), names)
            axis.set_ylabel("queries (%)" if axis is line[0] else "")
    for axis in axes[-1]:
        axis.set_xlabel("a query's code rate (% of k native rollouts)")
    add_legend(figure, legend_entries(axes))
    add_title(figure, title)
    return figure


def _bin(k: int) -> np.ndarray:
    """Index of the bar of 0 to k choices of code: none, four quarters without their ends, all. In whole numbers: 11 of 22 is a half."""
    chosen = np.arange(k + 1)
    quarters = np.clip(-(-4 * chosen // k), 1, 4)
    return np.where(chosen == 0, 0, np.where(chosen == k, 5, quarters))
