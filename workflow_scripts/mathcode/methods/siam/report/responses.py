"""SIaM's part of the page of responses: question, reference, program, result, and every judge's verdict; disagreements come first."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from mathcode.methods.siam.report import arms
from mathcode.methods.siam.report.places import ALL, PARTS_OF_TESTS
from mathcode.methods.siam.report.plan import MODE
from mathcode.report.browser import Parts, pieces
from mathcode.report.results import Arm, Results


def _label(results: Results, arm: Arm) -> str:
    """The paper's name of a policy, and the experiment where several have that name."""
    called = results.plan.called(arm)
    return called if arm.iteration == 0 else f"{called}, {results.plan.label(arm.experiment)}"


def _of_items(results: Results, arm: Arm, seed: int, benchmark: str, _: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Part and family of an item, verdicts of all judges, the critic's score, and how many judges contradict the grader."""
    policy = arm.policy(seed)
    part = pl.when(pl.col("level").is_in(PARTS_OF_TESTS)).then("level").otherwise(pl.lit(ALL))
    known = results.items(benchmark).select("query_id", "type", part=part)
    for judge in results.plan.judges:
        told = results.judged_by(judge).grades(policy, MODE, benchmark)
        known = known.join(told.select("query_id", pl.col("outcome").alias(f"verdict_{judge}")), on="query_id")
        if judge.startswith("critic_") and "score" in told.columns and "score" not in known.columns:
            known = known.join(told.select("query_id", "score"), on="query_id")
    right = pl.col(f"verdict_{results.judge}") == "correct"
    others = [pl.col(f"verdict_{judge}") == "correct" for judge in results.plan.judges[1:]]
    by_critic = [said for judge, said in zip(results.plan.judges[1:], others, strict=True) if judge.startswith("critic_")]
    nobody, nothing = pl.lit(False), pl.lit(0)
    return known.with_columns(
        disagreements=sum(((said != right).cast(pl.Int32) for said in others), nothing),
        accepted_by=pl.when(pl.any_horizontal(nobody, *others)).then(pl.lit("a judge")),
        critic_refuses=pl.any_horizontal(nobody, *(~said for said in by_critic)),
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
    chosen_by="Shown are first the items on which judges disagree most, then others by a hash of their ids, the same for all policies",
)
