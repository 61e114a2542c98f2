"""Whether policies correct themselves: how many responses try again, and what becomes of them."""

from collections.abc import Mapping

import polars as pl

from mathcode.methods.autocode.report.plan import Plan
from mathcode.paths import START
from mathcode.report.summary import Remark, shown

NAMED = 3
"""Policies that the remark names, those that try again most; the table has them all."""


def remark(found: Mapping[str, pl.DataFrame], plan: Plan) -> Remark:
    """What share of the responses in auto try again, and how many of these are repaired and spoiled, policy by policy.

    For the first family on the first benchmark, named where the run has others. It is a warning where a policy spoils more than it
    repairs.

    Args:
        found: tables by name, as made by `rows.tabulate`.
    """
    family, benchmark = next(iter(plan.families)), plan.benchmarks[0]
    everywhere = found["rounds"].filter(pl.col("experiment") != START)
    trained = everywhere.filter((pl.col("family") == family) & (pl.col("benchmark") == benchmark))
    trying = trained.filter(pl.col("tried_again") > 0).sort("tried_again", descending=True, maintain_order=True)
    named = [plan.families[family].label] * (len(plan.families) > 1) + [plan.named(benchmark)] * (len(plan.benchmarks) > 1)
    where = f"{', '.join(named)}: " if named else ""
    if not (tried := everywhere["tried_again"].sum()):
        none = f"of {_responses(everywhere):,} responses in auto none makes a second attempt"
        return Remark(f"No trained policy corrects itself: {none}.", "rounds")
    if trying.is_empty():
        none = f"of {_responses(trained):,} responses in auto of trained policies none makes a second attempt"
        return Remark(f"{where}{none}, of all others {tried:,} do.", "rounds")
    told = [_told(row, plan) for row in trying.head(NAMED).iter_rows(named=True)]
    more = trying.height - NAMED
    left = [f"so {'do' if more > 1 else 'does'} {more} more"] * (more > 0)
    worse = not trying.filter(pl.col("harmed") > pl.col("recovered")).is_empty()
    return Remark(f"{where}{'; '.join([*told, *left])}.", "rounds", grave=worse)


def _responses(rounds: pl.DataFrame) -> int:
    return (rounds["n"] * rounds["seeds"]).sum()


def _told(row: Mapping, plan: Plan) -> str:
    share = 100 * row["tried_again"] / (row["n"] * row["seeds"])
    became = f"{shown(row['recovered'])} % of these end right after a wrong attempt, {shown(row['harmed'])} % wrong after a right one"
    return f"{plan.label(row['experiment'])} tries again in {shown(share)} % of its responses in auto: {became}"
