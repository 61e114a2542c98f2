"""SIaM's part of the page of responses: question, reference, program, result, and every judge's verdict; disagreements come first."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from mathcode import paths, tables
from mathcode.methods.siam.report import arms, evidence
from mathcode.methods.siam.report.evidence import KEY
from mathcode.methods.siam.report.places import PARTS_OF_TESTS, whole
from mathcode.methods.siam.report.plan import MAIN, MODE
from mathcode.methods.siam.tables import ACCEPTED
from mathcode.paths import START
from mathcode.report.browser import Parts, Place, pieces
from mathcode.report.results import Arm, Results, present


def _label(results: Results, arm: Arm) -> str:
    """The paper's name of a policy, and the experiment where several have that name."""
    called = results.plan.called(arm)
    return called if arm.iteration == 0 else f"{called}, {results.plan.label(arm.experiment)}"


def _of_items(results: Results, arm: Arm, seed: int, benchmark: str, _: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Part and family of an item, verdicts of all judges, the critic's score, and how many judges contradict the grader."""
    policy = arm.policy(seed)
    part = pl.when(pl.col("level").is_in(PARTS_OF_TESTS)).then("level").otherwise(pl.lit(whole(results, benchmark)))
    known = results.items(benchmark).select("query_id", "type", part=part)
    told = {judge: results.judged_by(judge).grades(policy, MODE, benchmark) for judge in results.plan.judges}
    return known.join(_compared(told, results.judge).drop("sample"), on="query_id")


def _compared(told: Mapping[str, pl.DataFrame], grader: str) -> pl.DataFrame:
    """Of each program every judge's verdict, the critic's score, and how many judges contradict the grader."""
    known = told[grader].select(KEY)
    for judge, grades in told.items():
        known = known.join(grades.select(*KEY, pl.col("outcome").alias(f"verdict_{judge}")), on=KEY)
        if judge.startswith("critic_") and "score" in grades.columns and "score" not in known.columns:
            known = known.join(grades.select(*KEY, "score"), on=KEY)
    right = pl.col(f"verdict_{grader}") == "correct"
    judges = [judge for judge in told if judge != grader]
    others = [pl.col(f"verdict_{judge}") == "correct" for judge in judges]
    by_critic = [said for judge, said in zip(judges, others, strict=True) if judge.startswith("critic_")]
    nobody, nothing = pl.lit(False), pl.lit(0)
    return known.with_columns(
        disagreements=sum(((said != right).cast(pl.Int32) for said in others), nothing),
        accepted_by=pl.when(pl.any_horizontal(nobody, *others)).then(pl.lit("a judge")),
        critic_refuses=pl.any_horizontal(nobody, *(~said for said in by_critic)),
    )


def _programs(results: Results, arm: Arm, seed: int) -> Place | None:
    """What a selection of main or of M_0 was made of, one program a question: where judges differ, else one that was kept."""
    source = results.plan.pools.get(arm.policy(seed)) if arm.experiment in (START, MAIN) and not arm.preference else None
    if source is None:
        return None
    explorer, pool, judge = source
    responses, asked = (results.root / path for path in (paths.rollouts(explorer, MODE, pool), paths.data(pool)))
    kept = present(results.root / paths.of_policy(arm.policy(seed), ACCEPTED.name), ACCEPTED)
    told = {name: evidence.explored(results, explorer, name, pool) for name in dict.fromkeys((results.judge, judge, "exact"))}
    told = {name: frame for name, frame in told.items() if frame is not None}
    if kept is None or judge not in told or not (responses.is_file() and asked.is_file()):
        return None
    counted = next(iter(told))
    taken = told[judge].filter(evidence.accepts(results, arm, told[judge])).select(*KEY, taken=pl.lit("accepted, not kept"))
    facts = _compared(told, counted).join(kept.select(*KEY, kept=pl.lit("kept")), on=KEY, how="left").join(taken, on=KEY, how="left")
    order = [pl.col("disagreements"), pl.col("kept").is_not_null(), -pl.col("sample")]
    chosen = facts.sort(*order, descending=True).unique("query_id", keep="first", maintain_order=True)
    part = pl.format("{} of {}", pl.coalesce("kept", "taken", pl.lit("refused")), pl.lit(pool))
    return Place(
        name=f"programs for {arm.policy(seed)}",
        questions=tables.QUERIES.read(asked),
        responses=responses,
        grades=told[counted].join(chosen.select(KEY), on=KEY, how="semi"),
        facts=chosen.with_columns(part=part).drop("sample", "kept", "taken"),
        foremost=chosen.select("query_id", rank=pl.col("disagreements").cast(pl.Int64)),
    )


def _foremost(results: Results, benchmark: str) -> pl.DataFrame:
    """Items by the verdicts of the last policies that contradict the grader: the page has them where it cannot have all."""
    frames = []
    for family in results.plan.families:
        for arm in arms.course(results.plan, family)[-2:]:
            for seed in results.plan.seeds:
                frames.append(_of_items(results, arm, seed, benchmark, {}).select("query_id", rank=pl.col("disagreements").cast(pl.Int64)))
    return pl.concat(frames).group_by("query_id").agg(pl.col("rank").sum())


PARTS = Parts(
    modes={MODE: "program"},
    in_words="one program an item, greedy, by the grader that counts",
    colours={MODE: "#00795a"},
    hints=[],
    explored={},
    was_explored=lambda results, arm: False,
    asked=lambda results, arm, seed: pl.DataFrame(),
    of_items=_of_items,
    of_queries=lambda results, arm, seed: pl.DataFrame(),
    script=pieces(Path(__file__).with_name("browser.js")),
    arms=lambda results, family: arms.every(results.plan, family),
    label=_label,
    foremost=_foremost,
    more=_programs,
    alone="programs that it learned from",
    chosen_by="Shown are first the items on which judges disagree most, then others by a hash of their ids, the same for all policies",
)
