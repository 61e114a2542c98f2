"""Figures: one palette, one hand. A mode, an experiment and an alignment class look the same in every figure.

Functions take plain values in percent or points and return a matplotlib Figure; `save` writes an SVG whose bytes depend on
nothing else. matplotlib is imported when a figure is made, not before.
"""

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mathcode.core import atomic
from mathcode.measures.uncertainty import Interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure


MODES = {"cot": "#0072B2", "code": "#D55E00", "auto": "#009E73"}
"""Colours that the colour-blind tell apart (Okabe and Ito); so are the others."""

_STYLES = {
    "start": ("#444444", "-", "o"),
    "main": ("#009E73", "-", "o"),
    "standard_rl_equal_rollouts": ("#E69F00", "--", "s"),
    "standard_rl": ("#CC79A7", ":", "D"),
    "no_reflection": ("#56B4E9", "-.", "^"),
}
_OTHER_STYLES = [("#000000", "--", "v"), ("#7f7f7f", "-.", "P"), ("#882255", ":", "X"), ("#332288", "-", "*")]

Place = tuple[str, str]
"""A panel's row and column, by their titles."""

_RC = {
    "svg.hashsalt": "autocode",
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
}


@contextmanager
def style() -> Iterator[None]:
    """The matplotlib settings of all figures; make and save figures inside."""
    import matplotlib

    with matplotlib.rc_context(_RC):
        yield


def save(figure: "Figure", path: str | Path) -> None:
    """Write a figure as SVG or PDF, by its path's ending, whole or not at all; equal figures give equal bytes."""
    path = Path(path)
    dateless = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None, "Creator": None, "Producer": None}}
    kind = path.suffix.removeprefix(".")
    with atomic.writing(path) as temporary:
        figure.savefig(temporary, format=kind, metadata=dateless[kind])


def look(experiment: str, all_experiments: Sequence[str]) -> dict:
    """Line style of an experiment, the same in every figure of a run."""
    others = sorted(name for name in all_experiments if name not in _STYLES)
    colour, line, marker = _STYLES.get(experiment) or _OTHER_STYLES[others.index(experiment) % len(_OTHER_STYLES)]
    return {"color": colour, "linestyle": line, "marker": marker}


def canvas(rows: int, columns: int, width: float, height: float, **shared: object) -> tuple["Figure", np.ndarray]:
    """A figure with a grid of axes, each `width` x `height` inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width * columns, height * rows + 0.9))
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def error_arms(values: Sequence[Interval]) -> np.ndarray:
    """Lengths of the two arms of error bars; 0 where there is no interval."""
    ends = [(one.value, one.value) if one.low is None else (one.low, one.high) for one in values]
    return np.array([(max(0.0, one.value - low), max(0.0, high - one.value)) for one, (low, high) in zip(values, ends, strict=True)]).T


def title_above(figure: "Figure", text: str) -> None:
    """A title above all panels, in as many lines as a narrow figure needs."""
    figure.suptitle(textwrap.fill(text, int(10 * figure.get_figwidth())))


def unique_handles(axes: np.ndarray) -> list:
    found = {}
    for axis in axes.flat:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return [(handle, label) for label, handle in found.items()]


def patch_handle(colour: str, label: str, alpha: float = 1.0) -> tuple:
    from matplotlib.patches import Patch

    return Patch(facecolor=colour, alpha=alpha), label


def dot_handle(colour: str, label: str) -> tuple:
    from matplotlib.lines import Line2D

    return Line2D([], [], marker="o", linestyle="", color=colour), label


def line_handle(colour: str, line: str, label: str) -> tuple:
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle=line, color=colour), label


def legend_below(figure: "Figure", handles: list[tuple]) -> None:
    """One legend below all panels, in as many columns as the figure is wide enough for."""
    if handles:
        column_inches = 0.55 + 0.075 * max(len(label) for _, label in handles)
        columns = max(1, min(len(handles), int(figure.get_figwidth() // column_inches)))
        figure.legend([handle for handle, _ in handles], [label for _, label in handles], loc="outside lower center", ncols=columns)
