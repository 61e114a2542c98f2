"""What all figures share: a style, how experiments look, a grid of axes, titles and legends, and files of the same bytes each time.

matplotlib is imported when a figure is made, not before.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mathcode.core import atomic
from mathcode.measures.uncertainty import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_OTHER_STYLES = [("#000000", "--", "v"), ("#7f7f7f", "-.", "P"), ("#882255", ":", "X"), ("#332288", "--", "*")]
"""Colour, line and marker of experiments that a method gives none; colours are told apart by the colour-blind."""

_HATCHES = {"-": "", "--": "///", "-.": "xxx", ":": "---"}
"""Hatch of a bar by the line of its experiment. All hatches are lines: one of dots takes 150 kB of an SVG, one of lines 0.7."""

Place = tuple[str, str]
"""A panel's row and column, by their titles."""

_RC = {
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#e2e2e2",
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "text.parse_math": False,  # a label may hold dollars
}


@contextmanager
def style(salt: str) -> Iterator[None]:
    """The matplotlib settings of all figures; make and save figures inside.

    Args:
        salt: what the ids inside an SVG are made of, beside its content.
    """
    import matplotlib

    with matplotlib.rc_context(_RC | {"svg.hashsalt": salt}):
        yield


def save(figure: "Figure", path: str | Path) -> None:
    """Write a figure as SVG or PDF, by its path's ending, whole or not at all; equal figures give equal bytes."""
    path = Path(path)
    dateless = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None, "Creator": None, "Producer": None}}
    kind = path.suffix.removeprefix(".")
    with atomic.writing(path) as temporary:
        figure.savefig(temporary, format=kind, metadata=dateless[kind])


@dataclass(frozen=True)
class Looks:
    """How the experiments of a run are drawn, the same in every figure.

    Attributes:
        styles: colour, line and marker of the experiments that a method draws in a way of their own.
        experiments: all that the run may draw.
    """

    styles: Mapping[str, tuple[str, str, str]]
    experiments: Sequence[str]

    def bar(self, experiment: str) -> dict[str, str | float]:
        """Colour and hatch, as matplotlib's `bar` takes them."""
        look = self.of(experiment)
        return {"color": look["color"]} | hatched(_HATCHES[look["linestyle"]])

    def of(self, experiment: str) -> dict[str, str]:
        """Colour, line style and marker, as matplotlib's `plot` takes them."""
        others = sorted(name for name in self.experiments if name not in self.styles)
        colour, line, marker = self.styles.get(experiment) or _OTHER_STYLES[others.index(experiment) % len(_OTHER_STYLES)]
        return {"color": colour, "linestyle": line, "marker": marker}


def hatched(hatch: str) -> dict[str, str | float]:
    """A hatch for a bar, in white, so that bars can be told apart in grey; '' is none."""
    return {"hatch": hatch, "edgecolor": "white", "linewidth": 0.0} if hatch else {}


def grid(rows: int, columns: int, width: float, height: float, **shared: object) -> tuple["Figure", np.ndarray]:
    """A figure with a grid of axes, each `width` x `height` inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * columns, height * rows + 0.9))
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def logarithmic(axis, scale: str = "log", **settings) -> None:
    """A logarithmic y axis, whose ticks are written as plain numbers: 0.01, 100."""
    axis.set_yscale(scale, **settings)
    axis.yaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_minor_formatter("")


def error_lengths(values: Sequence[Interval]) -> np.ndarray:
    """Lengths of error bars below and above each value, shape (2, values); 0 where there is no interval."""
    ends = [(one.value, one.value) if one.low is None else (one.low, one.high) for one in values]
    return np.array([(max(0.0, one.value - low), max(0.0, high - one.value)) for one, (low, high) in zip(values, ends, strict=True)]).T


def add_title(figure: "Figure", text: str) -> None:
    """A title above all panels, in as many lines as a narrow figure needs."""
    figure.suptitle(textwrap.fill(text, int(10 * figure.get_figwidth())))


def legend_entries(axes: np.ndarray) -> list[tuple]:
    """(handle, label) of everything drawn with a label, each label once."""
    found = {}
    for axis in axes.flat:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return [(handle, label) for label, handle in found.items()]


def patch_entry(colour: str, label: str, alpha: float = 1.0, hatch: str = "") -> tuple:
    """A filled box of a legend, and its label."""
    from matplotlib.patches import Patch

    return Patch(facecolor=colour, alpha=alpha, **hatched(hatch)), label


def dot_entry(colour: str, label: str, marker: str = "o") -> tuple:
    """A dot of a legend, and its label."""
    from matplotlib.lines import Line2D

    return Line2D([], [], marker=marker, linestyle="", color=colour), label


def line_entry(colour: str, line: str, label: str) -> tuple:
    """A line of a legend, and its label."""
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle=line, color=colour), label


def add_legend(figure: "Figure", entries: list[tuple]) -> None:
    """One legend below all panels, in as many columns as the figure is wide enough for."""
    if entries:
        column_inches = 0.55 + 0.075 * max(len(label) for _, label in entries)
        columns = max(1, min(len(entries), int(figure.get_figwidth() // column_inches)))
        figure.legend([handle for handle, _ in entries], [label for _, label in entries], loc="outside lower center", ncols=columns)
