"""AutoCode's part of the page of responses: three modes side by side, labels and alignment, and what EM made of a query's rollouts."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from mathcode.methods.autocode import selection
from mathcode.methods.autocode.form import HINTS
from mathcode.methods.autocode.report.plan import EM
from mathcode.methods.autocode.tables import Q_VALUES, REFERENCE_STRATEGY
from mathcode.paths import START
from mathcode.report.browser import Parts, pieces
from mathcode.report.results import Arm, Results


def _was_explored(results: Results, arm: Arm) -> bool:
    return EM in results.plan.experiments and arm.experiment in (START, EM) and arm.iteration < results.plan.iterations


def _next(arm: Arm) -> Arm:
    """The policy that was trained from an exploration: Q-values and strategy stand with it."""
    return Arm(EM, arm.family, arm.iteration + 1)


def _asked(results: Results, arm: Arm, seed: int) -> pl.DataFrame:
    return results.table(_next(arm), seed, Q_VALUES).select("query_id")


def _of_items(results: Results, arm: Arm, seed: int, benchmark: str, graded: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Alignment of right answers; labels where selection is measured."""
    known = selection.alignment_classes(*(graded[mode] for mode in ("auto", "cot", "code")))
    labelled = arm.experiment == START or arm.iteration == results.plan.iterations
    if benchmark in results.plan.selection_benchmarks and labelled:
        sampled = (results.grades(arm.policy(seed), f"{mode}_sampled", benchmark) for mode in ("cot", "code"))
        known = known.join(selection.selection_labels(*sampled), on="query_id", how="full", coalesce=True)
    return known


def _of_queries(results: Results, arm: Arm, seed: int) -> pl.DataFrame:
    """Prior, Q-values and the reference strategy."""
    values = results.table(_next(arm), seed, Q_VALUES).select("query_id", "prior_code", "q_cot", "q_code", "n_cot", "n_code")
    strategy = results.table(_next(arm), seed, REFERENCE_STRATEGY).select("query_id", "label", "s_code", "tie")
    return values.join(strategy, on="query_id")


PARTS = Parts(
    modes={"auto": "auto: nothing dictated", "cot": "CoT dictated", "code": "code dictated"},
    in_words="auto / CoT / code dictated",
    colours={"cot": "#0072B2", "code": "#D55E00", "auto": "#00795a"},  # green as text is darker than in figures
    hints=list(HINTS.values()),
    explored={"auto": "native", "cot": "cot", "code": "code"},
    was_explored=_was_explored,
    asked=_asked,
    of_items=_of_items,
    of_queries=_of_queries,
    script=pieces(Path(__file__).with_name("browser.js")),
)
