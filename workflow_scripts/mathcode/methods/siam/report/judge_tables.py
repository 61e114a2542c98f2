"""The rows of SIaM's tables about judges on labelled cases: the critic beside the rules, attacks, languages. Shares are in percent."""

import polars as pl

from mathcode.methods.siam.artifacts import RULES
from mathcode.methods.siam.report import evidence, numbers
from mathcode.methods.siam.report.claims import NOT_TESTABLE
from mathcode.methods.siam.report.evidence import NOT_ATTACK
from mathcode.methods.siam.report.published import NOT_AVAILABLE
from mathcode.report import effects
from mathcode.report.results import Results
from mathcode.report.rows import hundred

IS_ATTACK = pl.col("origin") == evidence.ATTACK


def make_critic(results: Results) -> list[dict]:
    """Every judge on every case set: all cases that are no attack, then by the type of the reference answer."""
    rows = []
    for case_set, judge, seeds in _judged(results, NOT_ATTACK):
        rows.append(_key(results, case_set, judge) | {"answer_type": "all"} | _measured(seeds))
        for kind in sorted(seeds[0]["answer_type"].unique()) if seeds else []:
            own = [frame.filter(pl.col("answer_type") == kind) for frame in seeds]
            rows.append(_key(results, case_set, judge) | {"answer_type": kind} | _measured(own))
    return rows


def make_attacks(results: Results) -> list[dict]:
    """Of every kind of attack the share that a judge holds to be right."""
    rows = []
    for case_set, judge, seeds in _judged(results, IS_ATTACK):
        kinds = ["all", *sorted(seeds[0]["variant"].drop_nulls().unique())] if seeds else ["all"]
        for kind in kinds:
            own = [frame if kind == "all" else frame.filter(pl.col("variant") == kind) for frame in seeds]
            rows.append(_key(results, case_set, judge) | {"attack": kind} | _fooled(own))
    return rows


def make_crosslingual(results: Results) -> list[dict]:
    """Every critic by the language of the test cases, beside the languages that it learned from."""
    rows = []
    for case_set, judge, seeds in _judged(results, NOT_ATTACK):
        if (critic := judge.removeprefix("critic_")) not in results.plan.critics or judge == critic:
            continue
        tested = sorted(seeds[0]["language"].unique()) if seeds else []
        learned = evidence.learned_languages(results, critic)
        for language in tested:
            own = [frame.filter(pl.col("language") == language) for frame in seeds]
            rows.append(
                _key(results, case_set, judge)
                | {"learned_from": ", ".join(learned) if learned else "not known", "language": language}
                | _measured(own)
                | {"verdict": NOT_TESTABLE if len(tested) < 2 or not learned else None}
            )
    return rows


def _judged(results: Results, wanted: pl.Expr):
    """(case set, judge, cases with its verdicts of every seed); no frame where the run lacks them, nothing where a set has no such case."""
    for case_set in results.plan.case_sets:
        for judge in results.plan.case_judges:
            seeds = [frame.filter(wanted) for frame in evidence.cases(results, case_set, judge) or []]
            if not seeds or not seeds[0].is_empty():
                yield case_set, judge, seeds


def _key(results: Results, case_set: str, judge: str) -> dict:
    kind, _, critic = judge.partition("_")
    words = {"critic": "by itself", "cascade": "asked where the strict rule refuses"}
    label = (
        f"{results.plan.critics[critic]}; {words[kind]}" if kind in words and critic in results.plan.critics else RULES.get(judge, judge)
    )
    return {"case_set": case_set, "judge": judge, "label": label, "seeds": len(results.plan.seeds), "published": NOT_AVAILABLE}


def _measured(seeds: list[pl.DataFrame]) -> dict:
    if not seeds or seeds[0].is_empty():
        return {"n": 0}
    by_rule = hundred((seeds[0]["labelled_by"] == "exact").mean())
    return {"n": seeds[0].height, "yes": int(seeds[0]["true"].sum()), "by_rule": by_rule} | numbers.all_shares(evidence.measured(seeds))


def _fooled(seeds: list[pl.DataFrame]) -> dict:
    if not seeds or seeds[0].is_empty():
        return {"n": 0}
    columns = [frame["accepted"].to_numpy().astype(float) for frame in seeds]
    return {"n": len(columns[0])} | numbers.shares("accepted", effects.share(columns))
