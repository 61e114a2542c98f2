"""Judges on labelled cases: what each said of them, its measures, and the rows of the tables about them. Shares are in percent.

What a run did not leave is None: such columns are blank, and the rest of the table is there.
"""

from collections.abc import Iterator, Sequence
from functools import cache, reduce

import numpy as np
import polars as pl

from mathcode import paths, tables
from mathcode.measures import agreement, outcomes
from mathcode.measures.uncertainty import Interval
from mathcode.report import case_judges, effects
from mathcode.report.case_judges import RULES, verdicts
from mathcode.report.results import Results, present
from mathcode.report.rows import all_shares, hundred, shares
from mathcode.responses import references

ATTACK = "attack"
"""Origin of cases that try to pass; they have a table of their own and are in no other number."""
NOT_ATTACK = pl.col("origin") != ATTACK
IS_ATTACK = pl.col("origin") == ATTACK


def cases(results: Results, case_set: str, judge: str) -> list[pl.DataFrame] | None:
    """Cases with what a judge says of them, for every seed, the same cases in the same order; None without its verdicts."""
    made = present(results.root / paths.cases(case_set), tables.CASES)
    seeds = results.plan.seeds
    said = [present(results.root / verdicts(case_set, seed, judge, seeds), tables.VERDICTS) for seed in seeds]
    if made is None or any(frame is None for frame in said):
        return None
    told = [outcomes.usable(frame).select("case_id", "outcome", "accepted", "score") for frame in said]
    common = reduce(lambda left, right: left.join(right, on="case_id", how="semi"), told)
    known = made.join(common, on="case_id", how="semi").sort("case_id").with_columns(true=pl.col("label") == "YES")
    return [known.join(frame, on="case_id").sort("case_id") for frame in told]


def measured(seeds: Sequence[pl.DataFrame]) -> dict[str, Interval]:
    """All measures of a judge on its cases, one frame of `cases` a seed: over cases for one seed, over seeds and cases for several."""
    true = seeds[0]["true"].to_numpy()
    scored = all(frame["score"].null_count() == 0 for frame in seeds)
    said = [frame["accepted"].to_numpy() for frame in seeds]
    if len(seeds) == 1:
        return agreement.classification(said[0], true, seeds[0]["score"].to_numpy() if scored else None)
    found = {name: one.within(*agreement.range_of(name)) for name, one in agreement.classification_over_seeds(said, true).items()}
    if scored:
        scores = [frame["score"].to_numpy() for frame in seeds]
        found |= {"auroc": agreement.auroc_over_seeds(scores, true), **agreement.calibration(scores, true)}
    return found


def make_critic(results: Results) -> list[dict]:
    """Every judge on every case set: all cases that are no attack, then by the type of the reference answer."""

    @cache
    def learned(critic: str) -> list[set[str]]:
        return [{references.same_text(gold) for gold in frame["gold"]} for frame in taught(results, critic)]

    rows = []
    for case_set, judge, seeds in judgements(results, NOT_ATTACK):
        kinds = sorted(seeds[0]["answer_type"].unique()) if seeds else []
        for kind in ("all", *kinds):
            own = seeds if kind == "all" else [frame.filter(pl.col("answer_type") == kind) for frame in seeds]
            met = _taught_references(learned(judge.partition("_")[2]), own)
            rows.append(key(results, case_set, judge) | {"answer_type": kind} | measures_of(own) | met)
    return rows


def _taught_references(known: list[set[str]], seeds: list[pl.DataFrame]) -> dict:
    """The share of cases whose reference is among those that a judge's critic learned from, mean over seeds."""
    if not known or not seeds or seeds[0].is_empty():
        return {}
    met = [[references.same_text(gold) in golds for gold in frame["gold"]] for golds, frame in zip(known, seeds, strict=True)]
    return {"taught_references": hundred(float(np.mean(met)))}


def taught(results: Results, critic: str) -> list[pl.DataFrame]:
    """Distinct (gold, language) of the cases that a critic learned from, those before it included, for every seed; empty where the run
    does not say."""
    found = []
    for seed in results.plan.seeds:
        files = [results.root / case_judges.taught(name, seed) for name in results.plan.critic_lines.get(critic, [])]
        if not files or not all(file.is_file() for file in files):
            return []
        columns = ["gold", "language", "split"]
        learned = pl.concat([tables.CASES.read(file, columns=columns).filter(pl.col("split") == "train") for file in files])
        found.append(learned.select("gold", "language").unique(maintain_order=True))
    return found


def make_attacks(results: Results) -> list[dict]:
    """Of every kind of attack the share that a judge holds to be right."""
    rows = []
    for case_set, judge, seeds in judgements(results, IS_ATTACK):
        kinds = ["all", *sorted(seeds[0]["variant"].drop_nulls().unique())] if seeds else ["all"]
        for kind in kinds:
            own = [frame if kind == "all" else frame.filter(pl.col("variant") == kind) for frame in seeds]
            rows.append(key(results, case_set, judge) | {"attack": kind} | fooled(own))
    return rows


def judgements(results: Results, wanted: pl.Expr) -> Iterator[tuple[str, str, list[pl.DataFrame]]]:
    """(case set, judge, cases with its verdicts of every seed); no frame where the run lacks them, nothing where a set has no such case."""
    for case_set in results.plan.case_sets:
        for judge in results.plan.case_judges:
            seeds = [frame.filter(wanted) for frame in cases(results, case_set, judge) or []]
            if not seeds or not seeds[0].is_empty():
                yield case_set, judge, seeds


def key(results: Results, case_set: str, judge: str) -> dict:
    """The columns that say what a row is about."""
    kind, _, critic = judge.partition("_")
    words = {"critic": "by itself", "cascade": "asked where the strict rule refuses"}
    label = (
        f"{results.plan.critics[critic]}; {words[kind]}" if kind in words and critic in results.plan.critics else RULES.get(judge, judge)
    )
    return {"case_set": case_set, "judge": judge, "label": label, "seeds": len(results.plan.seeds)}


def measures_of(seeds: list[pl.DataFrame]) -> dict:
    """Columns on cases that a judge was right or wrong about."""
    if not seeds or seeds[0].is_empty():
        return {"n": 0}
    by_rule = hundred((seeds[0]["labelled_by"] == "exact").mean())
    return {"n": seeds[0].height, "yes": int(seeds[0]["true"].sum()), "by_rule": by_rule} | all_shares(measured(seeds))


def fooled(seeds: list[pl.DataFrame]) -> dict:
    """Columns on attacks that it accepted."""
    if not seeds or seeds[0].is_empty():
        return {"n": 0}
    columns = [frame["accepted"].to_numpy().astype(float) for frame in seeds]
    return {"n": len(columns[0])} | shares("accepted", effects.share(columns))
