"""What the items say that share nothing with the training data, beside what all items say."""

from collections.abc import Mapping

import polars as pl

from mathcode.methods.autocode.report.plan import EM, Plan
from mathcode.report.summary import Remark, interval, shown


def remarks(found: Mapping[str, pl.DataFrame], plan: Plan) -> list[Remark]:
    """Of each benchmark that the training data overlap with: how many items do, and what EM gains on the others.

    For the first family; nothing where a run has no EM. A warning where EM gains on all items and loses on those, or the other way round.

    Args:
        found: tables by name, as made by `rows.tabulate`.
    """
    if EM not in plan.experiments:
        return []
    ours = {"family": next(iter(plan.families)), "experiment": EM, "mode": "auto"}
    rows = {row["benchmark"]: row for row in found["main"].filter(**ours).iter_rows(named=True)}
    told = [rows[benchmark] for benchmark in plan.benchmarks]
    return [_remark(row, plan) for row in told if row["contaminated"] and row["clean_gain"] is not None]


def _remark(auto: dict, plan: Plan) -> Remark:
    text = (
        f"{auto['contaminated']} of the {auto['n']} items of {plan.named(auto['benchmark'])} share their text or a run of words with a "
        f"training row. On the other {auto['clean_n']}, {plan.label(EM)} answers {shown(auto['clean_accuracy'])} % right; against "
        "the better dictated mode of the start policy that is "
        f"{_points(auto, 'clean_gain', 'clean_gain')} there, and {_points(auto, 'gain_over_start', 'gain')} on all items."
    )
    return Remark(text, "main", grave=auto["gain_over_start"] * auto["clean_gain"] < 0)


def _points(row: dict, value: str, name: str) -> str:
    ends = {end: row[f"{name}_{end}"] for end in ("low", "high")}
    return f"{'+' if row[value] > 0 else ''}{shown(row[value])} points{interval(ends)}"
