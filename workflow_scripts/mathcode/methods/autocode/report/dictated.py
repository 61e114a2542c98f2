"""What the iterations do to what they do not train: responses to a dictated methodology, and cues written twice."""

from collections.abc import Mapping

import polars as pl

from mathcode.methods.autocode.report.plan import EM, Plan
from mathcode.paths import START
from mathcode.report.summary import Remark, shown

UNLEARNED = 5.0
"""Points of accuracy; a policy that loses more of a dictated methodology is warned of."""

REPEATED = 1.0
"""Percent of native responses; a policy that repeats a cue in more of them is warned of."""


def remarks(found: Mapping[str, pl.DataFrame], plan: Plan) -> list[Remark]:
    """How well EM still follows the dictated methodology that it lost most of, and how often it writes a cue twice.

    For the first family on the first benchmark; nothing where a run has no EM.

    Args:
        found: tables by name, as made by `rows.tabulate`.
    """
    if EM not in plan.experiments:
        return []
    place = (pl.col("family") == next(iter(plan.families))) & (pl.col("benchmark") == plan.benchmarks[0])
    rows = {(row["experiment"], row["mode"]): row for row in found["dictation"].filter(place).iter_rows(named=True)}
    return [_dictated(rows, plan), *_repeated(rows[EM, "auto"], plan)]


def _dictated(rows: Mapping[tuple[str, str], dict], plan: Plan) -> Remark:
    mode = min(plan.labels, key=lambda name: rows[EM, name]["accuracy"] - rows[START, name]["accuracy"])
    before, after = rows[START, mode], rows[EM, mode]
    right = f"the start policy answers {shown(before['accuracy'])} % right and {plan.label(EM)} {shown(after['accuracy'])} %"
    begun = f"{shown(before['compliance'])} and {shown(after['compliance'])} % of their responses begin as dictated"
    lost = before["accuracy"] - after["accuracy"]
    return Remark(f"Dictated to {plan.labels[mode]}, {right}; {begun}.", "dictation", grave=lost > UNLEARNED)


def _repeated(row: dict, plan: Plan) -> list[Remark]:
    if row["repeats_cue"] is None or row["repeats_cue"] <= REPEATED:
        return []
    text = f"In auto, {plan.label(EM)} writes a cue too many in {shown(row['repeats_cue'])} % of its responses."
    return [Remark(text, "dictation", grave=True)]
