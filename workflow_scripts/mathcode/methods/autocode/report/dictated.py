"""What the iterations do to what they do not train: responses to a dictated methodology, and cues written twice."""

from collections.abc import Mapping

import polars as pl

from mathcode.methods.autocode.report.plan import EM, Plan
from mathcode.paths import START
from mathcode.report.summary import Remark, shown

UNLEARNED = 5.0
"""Points of accuracy; a policy that loses more of a dictated methodology is warned of."""

REPEATED = 1.0
"""Percent of responses in a mode; a policy that repeats a cue in more of them is warned of."""


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
    return [_dictated(rows, plan), *_repeated({mode: rows[EM, mode] for mode in ("auto", *plan.labels)}, plan)]


def _dictated(rows: Mapping[tuple[str, str], dict], plan: Plan) -> Remark:
    mode = min(plan.labels, key=lambda name: rows[EM, name]["accuracy"] - rows[START, name]["accuracy"])
    before, after = rows[START, mode], rows[EM, mode]
    right = f"{plan.label(EM)} answers {shown(after['accuracy'])} % right and the start policy {shown(before['accuracy'])} %"
    begun = f"{shown(after['compliance'])} and {shown(before['compliance'])} % of their responses begin as told"
    run = f"{shown(after['code_rate'])} and {shown(before['code_rate'])} % run a program"
    lost = before["accuracy"] - after["accuracy"]
    return Remark(f"Told to use {plan.labels[mode]}, {right}; {begun}, {run}.", "dictation", grave=lost > UNLEARNED)


def _repeated(rows: Mapping[str, dict], plan: Plan) -> list[Remark]:
    shares = {mode: row["repeats_cue"] for mode, row in rows.items() if row["repeats_cue"] is not None}
    if not shares or max(shares.values()) <= REPEATED:
        return []
    left = f"{shown(shares['auto'])} % of its responses in auto" if "auto" in shares else ""
    dictated = [f"{shown(share)} % of those dictated to {plan.labels[mode]}" for mode, share in shares.items() if mode != "auto"]
    text = f"{plan.label(EM)} writes a cue too many (a second opening sentence) in {', '.join(filter(None, [left, *dictated]))}."
    return [Remark(text, "dictation", grave=True)]
