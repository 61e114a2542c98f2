"""What the items say that share nothing with the training data, beside what all items say."""

from collections.abc import Mapping

import polars as pl

from mathcode.methods.autocode.report.plan import EM, Plan
from mathcode.paths import START
from mathcode.report.summary import Remark, shown


def remarks(found: Mapping[str, pl.DataFrame], plan: Plan) -> list[Remark]:
    """Of each benchmark that the training data overlap with: how many items do, and what EM gains on the others.

    For the first family; nothing where a run has no EM. A warning where EM gains on all items and loses on those, or the other way round.

    Args:
        found: tables by name, as made by `rows.tabulate`.
    """
    if EM not in plan.experiments:
        return []
    own = found["main"].filter(pl.col("family") == next(iter(plan.families)))
    rows = {(row["benchmark"], row["experiment"], row["mode"]): row for row in own.iter_rows(named=True)}
    return [
        _remark(rows[benchmark, EM, "auto"], [rows[benchmark, START, mode] for mode in plan.labels], plan)
        for benchmark in plan.benchmarks
        if rows[benchmark, EM, "auto"]["contaminated"]
        and all(rows[benchmark, arm, mode]["clean_n"] for arm, mode in [(EM, "auto"), *((START, mode) for mode in plan.labels)])
    ]


def _remark(auto: dict, dictated: list[dict], plan: Plan) -> Remark:
    better = max(dictated, key=lambda row: row["accuracy"])
    gain, clean = (auto[column] - better[column] for column in ("accuracy", "clean_accuracy"))
    place = plan.named(auto["benchmark"])
    text = (
        f"{auto['contaminated']} of the {auto['n']} items of {place} share their text or a run of words with a training row. "
        f"On the other {auto['clean_n']}, {plan.label(EM)} answers {shown(auto['clean_accuracy'])} % right and the start policy told to "
        f"use {plan.labels[better['mode']]} {shown(better['clean_accuracy'])} % (on all: {shown(auto['accuracy'])} and "
        f"{shown(better['accuracy'])} %)."
    )
    return Remark(text, "main", grave=gain * clean < 0)
