"""A table of results as LaTeX for a paper: booktabs rules, intervals beside their values, nothing that is empty."""

import polars as pl

from mathcode.report.columns import Columns

_SPECIAL = str.maketrans({char: f"\\{char}" for char in "&%$#_{}"} | {"~": r"\textasciitilde{}", "^": r"\^{}", "\\": r"\textbackslash{}"})


def render(frame: pl.DataFrame, known: Columns) -> str:
    """A `tabular` with the columns of a table that hold anything.

    Text stands left, numbers right, with two decimals. An interval stands behind its value, in brackets, and has no columns of its
    own. Needs the package booktabs.

    Args:
        known: which columns hold the ends of intervals, and how many digits there are to show.
    """
    ends = known.ends()
    columns = [name for name in frame.columns if name not in ends and not frame[name].is_null().all()]
    alignment = "".join("l" if frame.schema[name] == pl.String else "r" for name in columns)
    head = " & ".join(escape(name.replace("_", " ")) for name in columns)
    body = "\n".join(" & ".join(_cell(name, row, known) for name in columns) + r" \\" for row in frame.iter_rows(named=True))
    return f"\\begin{{tabular}}{{{alignment}}}\n\\toprule\n{head} \\\\\n\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n"


def escape(text: str) -> str:
    """Text whose characters mean themselves in LaTeX."""
    return text.translate(_SPECIAL)


def _cell(name: str, row: dict, known: Columns) -> str:
    value = row[name]
    if value is None:
        return ""
    if isinstance(value, str):
        return escape(value)
    low, high = (row.get(end) for end in known.intervals.get(name, (None, None)))
    interval = "" if low is None or high is None else f" {{\\scriptsize [{_number(name, low, known)}, {_number(name, high, known)}]}}"
    return _number(name, value, known) + interval


def _number(column: str, value: float, known: Columns) -> str:
    return known.digits(column, value, 2).replace("-", "$-$")
