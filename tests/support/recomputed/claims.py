"""Rows of the table of claims: effect, interval, p-value before and after Holm, verdict."""

import math
from functools import cache

from statsmodels.stats.multitest import multipletests

from support.recomputed.agreement import Significant
from support.recomputed.cells import against_better, cells, difference, mean, saved
from support.recomputed.finished_run import Run
from support.recomputed.intervals import cut, interval, p_value
from support.recomputed.keys import KEYS

NO_REFL, RIVAL = "no_reflection", "standard_rl_equal_rollouts"

CLAIMS = {
    "EM (auto) is more accurate than the better dictated mode of the start policy, points": ("strict", against_better, "above"),
    "EM (auto) runs fewer programs than the start policy dictated to code, percent saved": ("executions", saved, "above"),
    "EM runs code on some queries and not on others: code rate inside 5-95 %": ("code_executed", mean, "inside"),
    "EM is more accurate than standard RL at equal rollouts, points": ("strict", RIVAL, "above"),
    "EM is more accurate than EM without self-reflective synthesis (NO_REFL), points": ("strict", NO_REFL, "above"),
}
"""Each claim: the column of grades it is about, its statistic or the experiment EM is compared with, and what supports it."""


def claim_cells(run: Run, row: dict) -> tuple:
    column, about, _ = CLAIMS[row["claim"]]
    last = row | {"experiment": "main", "iteration": run.plan["iterations"], "mode": "auto"}
    if isinstance(about, str):
        return cells(column, run.verdicts(last), run.verdicts(last, experiment=about)), difference
    modes = {against_better: ("cot", "code"), saved: ("code",), mean: ()}[about]
    found = cells(column, run.verdicts(last), *run.start(row, *modes))
    return (against_better(found), difference) if about is against_better else (found, about)


@cache
def p_values(run: Run) -> dict[tuple, tuple[float, float]]:
    """The p-value of each claim that is tested, and the same by Holm for all of them, by the claim's key."""
    tested = [row for row in run.table("claims").iter_rows(named=True) if CLAIMS[row["claim"]][2] != "inside"]
    plain = [p_value(*claim_cells(run, row)) for row in tested]
    adjusted = multipletests(plain, method="holm")[1]
    keys = [tuple(row[name] for name in KEYS["claims"]) for row in tested]
    return dict(zip(keys, zip(plain, adjusted, strict=True), strict=True))


def claims_row(run: Run, row: dict) -> dict:
    numbers, statistic = claim_cells(run, row)
    judged = CLAIMS[row["claim"]][2]
    found = interval(numbers, statistic, wilson=judged == "inside")
    tests = [Significant(float(p)) for p in p_values(run).get(tuple(row[name] for name in KEYS["claims"]), ())] or [None, None]
    return {
        "seeds": len(run.plan["seeds"]),
        **dict(zip(("value", "low", "high"), cut(found) if judged == "inside" else found, strict=True)),
        "n": numbers.shape[1],
        **dict(zip(("p_value", "adjusted_p"), tests, strict=True)),
        "verdict": "not resolved" if (row["p_value"] or 0) > 0.05 else verdict(judged, row["low"], row["high"]),
    }


def verdict(judged: str, low: float, high: float) -> str:
    """What an interval says; its ends are compared as well, so those of the table do."""
    least, most = {"above": (0, math.inf), "inside": (5, 95)}[judged]
    if least < low and high < most:
        return "supported"
    return "contradicted" if high < least or low > most else "not resolved"
