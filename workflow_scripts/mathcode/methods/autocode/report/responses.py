"""AutoCode's part of the page of responses: three modes side by side, labels and alignment, and what EM made of a query's rollouts."""

import json
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from mathcode.methods.autocode import selection
from mathcode.methods.autocode.artifacts import JUDGE
from mathcode.methods.autocode.methodologies import all_of, form_of
from mathcode.methods.autocode.report.looks import modes
from mathcode.methods.autocode.report.plan import EM, Plan
from mathcode.paths import START
from mathcode.report.browser import Parts, pieces
from mathcode.report.results import Arm, Results


def _was_explored(results: Results, arm: Arm) -> bool:
    return EM in results.plan.experiments and arm.experiment in (START, EM) and arm.iteration < results.plan.iterations


def _next(arm: Arm) -> Arm:
    """The policy that was trained from an exploration: Q-values and strategy stand with it."""
    return Arm(EM, arm.family, arm.iteration + 1)


def _asked(results: Results, arm: Arm, seed: int) -> pl.DataFrame:
    return results.table(_next(arm), seed, results.plan.q_values).select("query_id")


def _of_items(results: Results, arm: Arm, seed: int, benchmark: str, graded: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Alignment of right answers; labels where selection is measured."""
    known = selection.alignment_classes(**graded)
    labelled = arm.experiment == START or arm.iteration == results.plan.iterations
    if benchmark in results.plan.selection_benchmarks and labelled:
        sampled = {name: results.grades(arm.policy(seed), f"{name}_sampled", benchmark) for name in results.plan.labels}
        known = known.join(selection.selection_labels(**sampled), on="query_id", how="full", coalesce=True)
    return known


def _of_queries(results: Results, arm: Arm, seed: int) -> pl.DataFrame:
    """Prior, Q-values and the reference strategy."""
    names, others = list(results.plan.labels), list(results.plan.labels)[1:]
    columns = [f"{what}_{name}" for what, known in {"prior": others, "q": names, "n": names}.items() for name in known]
    values = results.table(_next(arm), seed, results.plan.q_values).select("query_id", *columns)
    shares = (f"s_{name}" for name in others)
    strategy = results.table(_next(arm), seed, results.plan.reference_strategy).select("query_id", "label", *shares, "tie")
    return values.join(strategy, on="query_id")


def parts(plan: Plan) -> Parts:
    """What the page needs to know of a run with these methodologies."""
    names = plan.labels
    return Parts(
        modes={"auto": "auto: nothing dictated"} | {name: f"{label} dictated" for name, label in names.items()},
        in_words=f"{' / '.join(['auto', *names.values()])} dictated",
        colours={mode: colour for mode, (colour, *_) in modes(names).items()} | {"auto": "#00795a"},  # as text green is darker
        hints=list(form_of(all_of(plan.methodologies)).hints.values()),
        explored={"auto": "native"} | {name: name for name in names},
        was_explored=_was_explored,
        asked=_asked,
        of_items=_of_items,
        of_queries=_of_queries,
        script=_script(list(names.items())[2:], plan.reward),
    )


def _script(added: list[tuple[str, str]], reward: str) -> dict[str, str]:
    """The page's script; of each further methodology what it says of CoT and code. Where another judge than the one whose verdicts the
    page shows made the Q-values, they say so."""
    script = pieces(Path(__file__).with_name("browser.js"))
    for name, label in added:
        script["filters"] += f"\n  {json.dumps(f'auto wrong where {label} is right')}: item => wrong(item.auto) && right(item.{name}),"
        for known, title, value in [
            (f"right_{name}", f"sampled, right by {label}", f"`${{item.right_{name}}} of ${{item.n_{name}}}`"),
            (f"prior_{name}", f"prior p({label}|x)", f"item.prior_{name}"),
            (f"q_{name}", f"Q(x, {label})", f"`${{item.q_{name}}} over ${{item.n_{name}}} rollouts`"),
            (f"s_{name}", f"reference strategy s*({label}|x)", f"item.s_{name}"),
        ]:
            script["facts"] += f"\n    if (item.{known} !== undefined) add({json.dumps(title)}, {value});"
    if reward != JUDGE:
        script["facts"] = script["facts"].replace(" rollouts`", f" rollouts, rewarded by {reward}`")
    return script
