"""Worked examples of selection: a program accepted rightly, one refused rightly, and one on which selecting judge and grader differ."""

import polars as pl

from mathcode import paths, tables
from mathcode.measures import outcomes
from mathcode.methods.siam.artifacts import exemplary
from mathcode.methods.siam.report import evidence
from mathcode.methods.siam.report.evidence import KEY
from mathcode.methods.siam.report.plan import MODE
from mathcode.report.browser import by_lot
from mathcode.report.examples import Example, Examples, written
from mathcode.report.results import Arm, Results

_KINDS = {
    "accepted rightly": (True, True),
    "refused rightly": (False, False),
    "accepted wrongly": (True, False),
    "refused wrongly": (False, True),
}
"""By what the selecting judge and the grader say; of the last two one is shown."""


def worked(results: Results) -> Examples:
    """Of the first family and seed: what the last round of main learned from, or M_0 where a run has no main."""
    plan = results.plan
    policy = exemplary(list(plan.experiments), list(plan.families), plan.seeds, plan.iterations)
    arm = Arm(policy.experiment, policy.family, policy.iteration)
    called, source = plan.called(arm), plan.pools.get(str(policy))
    told = _told(results, arm, *source) if source else None
    if told is None:
        return Examples(f"Programs that {called} learned from.", [], ["This run left no judged programs."])
    _, pool, judge = source
    rule = (
        f"Programs for questions of {pool}, from which those that {called} learned from were chosen by {judge}; {results.judge} says what "
        "is right. Each is the first of its kind by a hash of the question's id, then by the number of the sample."
    )
    chosen = {title: _first(told, kind) for title, kind in _KINDS.items()}
    differing = [title for title in ("accepted wrongly", "refused wrongly") if chosen[title]]
    shown = [title for title in _KINDS if chosen[title] and title not in differing[1:]]
    missing = [f"No program was {title}." for title in ("accepted rightly", "refused rightly") if not chosen[title]]
    missing += [] if differing else [f"On no program do {judge} and {results.judge} differ."]
    return Examples(rule, [_example(results, title, chosen[title], source) for title in shown], missing)


def _told(results: Results, arm: Arm, explorer: str, pool: str, judge: str) -> pl.DataFrame | None:
    """Of each program whether it was accepted, with its score, and whether the grader calls it right; no broken verdicts."""
    by = [evidence.explored(results, explorer, who, pool) for who in (judge, results.judge)]
    if any(frame is None for frame in by):
        return None
    said, true = map(outcomes.usable, by)
    score = pl.col("score") if "score" in said.columns else pl.lit(None, pl.Float64).alias("score")
    return said.select(*KEY, score, accepted=evidence.accepts(results, arm, said)).join(true.select(*KEY, right="strict"), on=KEY)


def _first(told: pl.DataFrame, kind: tuple[bool, bool]) -> dict | None:
    accepted, right = kind
    rows = told.filter(accepted=accepted, right=right).rows(named=True)
    return min(rows, key=lambda row: (by_lot(row["query_id"]), row["sample"]), default=None)


def _example(results: Results, title: str, row: dict, source: list[str]) -> Example:
    explorer, pool, judge = source
    programs = tables.ROLLOUTS.scan(results.root / paths.rollouts(explorer, MODE, pool))
    response = programs.filter(query_id=row["query_id"], sample=row["sample"]).collect().row(0, named=True)
    item = tables.QUERIES.read(results.root / paths.data(pool)).filter(query_id=row["query_id"]).row(0, named=True)
    scored = "" if row["score"] is None else f" (score {row['score']:.2f})"
    verdict = f"{judge}: {'accepted' if row['accepted'] else 'refused'}{scored}; {results.judge}: {'right' if row['right'] else 'wrong'}"
    parts = [("question", item["question"]), ("reference", item["gold"]), *written(response["rounds"])]
    return Example(
        title.capitalize(), f"{pool}, {row['query_id']}, sample {row['sample']}", parts, verdict, row["accepted"] == row["right"]
    )
