"""Rows of tables: the columns that all open with, intervals and p-values as numbers of a table, and frames of rows.

Shares are in percent, rounded to two decimals.
"""

import math
from collections.abc import Iterable, Mapping

import polars as pl

from mathcode.measures import outcomes
from mathcode.measures.uncertainty import Interval
from mathcode.report import effects
from mathcode.report.index import Item
from mathcode.report.results import Arm, Results


def tabulate(results: Results, items: Iterable[Item]) -> dict[str, pl.DataFrame]:
    """Tables of a run by name, each with the columns of its item.

    Raises:
        ResultsError, TableError: a file of the run is missing or damaged.
    """
    return {item.name: frame(item.load()(results), item.columns) for item in items}


def opening(results: Results, arm: Arm, mode: str, benchmark: str, paper: dict) -> dict:
    """The columns of `columns.OPENING` for a policy in a mode on a benchmark.

    Args:
        paper: published accuracy and code_rate, percent; what is not there is blank.
    """
    verdicts = results.paired([(arm, mode)], benchmark)
    return {
        "experiment": arm.experiment,
        "family": arm.family,
        "iteration": arm.iteration,
        "seeds": len(verdicts),
        "mode": mode,
        "benchmark": benchmark,
        "n": len(verdicts[0]),
        **percent("accuracy", effects.accuracy(results, arm, mode, benchmark)),
        **{name: hundred(effects.rate(results, arm, mode, benchmark, column).value) for name, column in outcomes.CODE_RATES.items()},
        "published_accuracy": paper.get("accuracy"),
        "published_code_rate": paper.get("code_rate"),
        "contaminated": results.seed_scores(arm, mode, benchmark)[0]["contaminated"],
    }


def places(results: Results, benchmarks: list[str] | None = None) -> list[tuple[str, str]]:
    """Every family on every benchmark of the run, or on those named."""
    chosen = results.plan.benchmarks if benchmarks is None else benchmarks
    return [(family, benchmark) for family in results.plan.families for benchmark in chosen]


def percent(name: str, interval: Interval | None, value: str | None = None, factor: float = 100) -> dict[str, float | None]:
    """An interval as columns `value` (by default `name`), name_low and name_high, times `factor`."""
    ends = [None] * 3 if interval is None else [interval.value, interval.low, interval.high]
    names = (value or name, f"{name}_low", f"{name}_high")
    return {column: None if end is None else rounded(factor * end) for column, end in zip(names, ends, strict=True)}


def shares(name: str, interval: Interval | None, factor: float = 100) -> dict[str, float | None]:
    """A measure as columns `name`, name_low and name_high; blank where it is not defined."""
    return percent(name, None if interval is None or math.isnan(interval.value) else interval, factor=factor)


def all_shares(measured: Mapping[str, Interval]) -> dict[str, float | None]:
    """Several measures, each with its interval."""
    return {column: value for name, interval in measured.items() for column, value in shares(name, interval).items()}


def hundred(share: float | None) -> float | None:
    """A share as a percentage of two decimals."""
    return None if share is None else rounded(100 * share)


def rounded(value: float) -> float:
    """Two decimals."""
    return round(float(value), 2) + 0.0  # no "-0.0"


def significant(p_value: float | None) -> float | None:
    """Two significant digits."""
    return None if p_value is None else float(f"{p_value:.2g}")


def frame(rows: list[dict], names: Iterable[str]) -> pl.DataFrame:
    """Rows as a table of these columns; a column that a row lacks is null in it."""
    return pl.DataFrame({column: [row.get(column) for row in rows] for column in names}, strict=False)
