"""E-step: the policy's prior over methodologies, Q-values, and the reference strategy (v1 Eq. 7, 8; s* after Eq. 8).

The formulas are the paper's for CoT and code; any further methodology that was explored enters them as one term more.
"""

import functools
import math
import operator
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import polars as pl

from mathcode.core import random_streams
from mathcode.measures import outcomes
from mathcode.measures.uncertainty import jeffreys_interval, probability_code_better
from mathcode.methods.autocode.methodologies import names_with
from mathcode.methods.autocode.settings import Estimate
from mathcode.methods.autocode.tables import q_values_with, reference_strategy_with

GRADES = ("query_id", "mode", "methodology", "outcome", "strict", "executions")
"""Columns of `grades` that the E-step looks at."""


def estimate_q_values(grades: pl.DataFrame | pl.LazyFrame) -> pl.DataFrame:
    """Prior and Q-values of each query from graded rollouts (table `grades`, any mix of modes) as table `q_values`.

    prior_code is the share of native rollouts that chose code (Eq. 7). Q(x, c) is the mean reward of the rollouts
    dictated to c (Eq. 8); a rollout that did not comply is no sample of p(y|x, c) and is left out, as is every
    infrastructure error, which says nothing about the answer. Beside it stand the programs that these rollouts ran, on average.
    Values without a rollout are null. A lazy table is read in parts, so many million rollouts need no memory of their own.
    """
    rows = grades.lazy()
    modes = rows.select(pl.col("mode").unique()).collect(engine="streaming")["mode"]
    names = names_with(set(modes) - {"native"})
    reward, native = pl.col("strict").cast(pl.Float64), outcomes.USABLE & (pl.col("mode") == "native")
    complied = {name: outcomes.USABLE & (pl.col("mode") == name) & (pl.col("methodology") == name) for name in names}
    per_query = rows.group_by("query_id").agg(
        n_native=native.sum(),
        mean_native=reward.filter(native).mean(),
        **{f"prior_{name}": (pl.col("methodology") == name).cast(pl.Float64).filter(native).mean() for name in names[1:]},
        **{f"n_{name}": complied[name].sum() for name in names},
        **{f"q_{name}": reward.filter(complied[name]).mean() for name in names},
        **{f"executions_{name}": pl.col("executions").cast(pl.Float64).filter(complied[name]).mean() for name in names},
    )
    counts = per_query.collect(engine="streaming").sort("query_id")
    columns = q_values_with(names).schema
    return _with_intervals(counts, names).select(pl.col(name).cast(dtype) for name, dtype in columns.items())


def _with_intervals(counts: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Intervals, and the comparison of each methodology with CoT, computed once for all queries of the same counts."""
    right = {f"right_{name}": (pl.col(f"q_{name}").fill_null(0.0) * pl.col(f"n_{name}")).round().cast(pl.Int64) for name in names}
    counts = counts.with_columns(**right)
    for name in names:
        counts = _for_each(
            counts, [f"right_{name}", f"n_{name}"], lambda right, n: jeffreys_interval(right, n), f"q_{name}_low", f"q_{name}_high"
        )
    first = names[0]
    for name in names[1:]:
        compared = [f"right_{name}", f"n_{name}", f"right_{first}", f"n_{first}"]
        counts = _for_each(counts, compared, _better, f"p_{name}_better")
    return counts


def _for_each(counts: pl.DataFrame, keys: list[str], told: Callable, *columns: str) -> pl.DataFrame:
    """A table with columns that follow from counts: `keys` are right answers and rollouts, in turn; null without a rollout."""
    distinct = counts.select(keys).unique().filter(pl.all_horizontal(pl.col(key) > 0 for key in keys[1::2]))
    values = told(*(distinct[key].to_numpy() for key in keys)) if distinct.height else [[] for _ in columns]
    found = distinct.with_columns(pl.Series(name, value, dtype=pl.Float64) for name, value in zip(columns, values, strict=True))
    return counts.join(found, on=keys, how="left", maintain_order="left")


def _better(*counts: np.ndarray) -> list[list[float]]:
    """The probability that one methodology is better than another, for arrays of their right answers and rollouts."""
    return [[probability_code_better((right, n), (other, m)) for right, n, other, m in zip(*(one.tolist() for one in counts), strict=True)]]


def reference_strategy(q_values: pl.DataFrame, estimate: Estimate, seed: int) -> pl.DataFrame:
    """The reference strategy s*(c|x) and the label drawn from it, as table `reference_strategy`.

    `prior_times_q`: s* proportional to exp(alpha p(c|x) Q(x, c)), the form the reviews quote; `q`: the energy-based reading
    of App. A with the prior dropped, exp(alpha Q(x, c)). With a `price` the Q-value is less by it for every program that a rollout
    dictated to c runs on average (ours). alpha = inf is the hard max; at a tie the higher Q-value decides
    (that none of K native rollouts chose a methodology does not make its prior 0), then the order: CoT, code, others.
    A methodology without a Q-value is not chosen. A query gets no label, and is dropped later, where fewer than two have one,
    or all are 0 (no preference).
    """
    names = _methodologies(q_values)
    worth = {name: pl.col(f"q_{name}") for name in names}
    if estimate.price:
        worth = {name: value - estimate.price * pl.col(f"executions_{name}") for name, value in worth.items()}
    told = {f"q_{name}": pl.col(f"q_{name}") for name in names} | {f"net_{name}": value for name, value in worth.items()}
    frame = q_values.select("query_id", **told, **_scores(worth, estimate))
    values = [column for column in frame.columns if column != "query_id"]
    kinds = frame.group_by(values, maintain_order=True).agg("query_id")  # what follows from the values is worked out once for all alike
    found = pl.DataFrame([_strategy_of(row, names, estimate) for row in kinds.iter_rows(named=True)], schema=_strategy_schema(names))
    rows = kinds.select("query_id").hstack(found).explode("query_id").sort("query_id")
    columns = reference_strategy_with(names).schema
    return (
        _labelled(rows, names, seed)
        .with_columns(rule=pl.lit(estimate.rule), alpha=pl.lit(estimate.alpha))
        .select(pl.col(name).cast(dtype) for name, dtype in columns.items())
    )


def _strategy_schema(names: list[str]) -> dict:
    return {f"s_{name}": pl.Float64 for name in names} | {"tie": pl.Boolean}


def _strategy_of(row: Mapping, names: list[str], estimate: Estimate) -> dict:
    """The reference strategy of the queries with these values, null where nothing is preferred, and whether methodologies tie."""
    scores = {name: row[name] for name in names if row[name] is not None}
    prefers = len(scores) >= 2 and any(row[f"q_{name}"] for name in scores)
    best = _highest(scores) if prefers else []
    tied = len(best) > 1
    if tied and math.isinf(estimate.alpha):
        best = _highest({name: row[f"net_{name}"] for name in best})
        scores = {name: float(name == best[0]) for name in best}
    s = shares(scores, estimate.alpha) if best else None
    return {f"s_{name}": None if s is None else s.get(name, 0.0) for name in names} | {"tie": tied}


def _labelled(rows: pl.DataFrame, names: list[str], seed: int) -> pl.DataFrame:
    """Reference strategies with the label drawn from each; where one methodology has it all, nothing need be drawn."""
    sure = pl.coalesce(pl.when(pl.col(f"s_{name}") == 1.0).then(pl.lit(name)) for name in names)
    labelled = rows.with_columns(label=sure)
    open_ = labelled.filter(pl.col("label").is_null() & pl.col(f"s_{names[0]}").is_not_null())
    if open_.is_empty():
        return labelled
    drawn = [_draw({name: row[f"s_{name}"] for name in names}, row["query_id"], seed) for row in open_.iter_rows(named=True)]
    labels = open_.select("query_id", drawn=pl.Series(drawn, dtype=pl.String))
    joined = labelled.join(labels, on="query_id", how="left", maintain_order="left")
    return joined.with_columns(label=pl.coalesce("label", "drawn")).drop("drawn")


def without_label(q_values: pl.DataFrame, strategy: pl.DataFrame) -> tuple[int, int]:
    """Queries that got no label: those that no dictated rollout answers, and those that lack native or complying rollouts."""
    unlabelled = q_values.join(strategy.filter(pl.col("label").is_null()), on="query_id", how="semi")
    failing = unlabelled.filter(pl.max_horizontal(f"q_{name}" for name in _methodologies(q_values)) == 0).height
    return failing, unlabelled.height - failing


def _methodologies(q_values: pl.DataFrame) -> list[str]:
    """CoT and code, which every table `q_values` has columns of, and what else was explored."""
    return names_with(column[2:] for column in q_values.columns if column.startswith("n_") and column != "n_native")


def _highest(scores: Mapping[str, float]) -> list[str]:
    """Those that tie for the highest score; 2/3 x 1/3 and (1 - 2/3) x 2/3 are a tie, and differ as floats."""
    return [name for name in scores if math.isclose(scores[name], max(scores.values()), rel_tol=1e-9, abs_tol=1e-12)]


def _scores(values: Mapping[str, pl.Expr], estimate: Estimate) -> dict[str, pl.Expr]:
    """What the exponent of s* holds beside alpha, by methodology; null without a Q-value, or without a prior."""
    if estimate.rule == "q":
        return dict(values)
    first, *others = values
    priors = {name: pl.col(f"prior_{name}") for name in others}
    priors[first] = 1 - functools.reduce(operator.add, priors.values())
    return {name: priors[name] * values[name] for name in values}


def shares(scores: Mapping[str, float], alpha: float) -> dict[str, float]:
    """s*(c|x) = exp(alpha score_c) / Z; for alpha = inf 1 for the highest score, the first one of equal ones. They add up to 1."""
    first, *others = scores
    if math.isinf(alpha):
        best = max(scores, key=scores.__getitem__)
        return {name: float(name == best) for name in scores}
    found = {name: 1 / _sum_of_exponentials(scores[name], scores.values(), alpha) for name in others}
    return {first: max(0.0, 1 - math.fsum(found.values()))} | found


def _sum_of_exponentials(score: float, scores: Iterable[float], alpha: float) -> float:
    return math.fsum(math.exp(min(alpha * (other - score), 700.0)) for other in scores)


def _draw(s: Mapping[str, float], query_id: str, seed: int) -> str:
    """c* ~ s*: by the query's own uniform number, so neither order nor neighbours matter."""
    drawn, (first, *others) = random_streams.share(seed, query_id, "reference", 0), s
    for name in others:
        if drawn < s[name]:
            return name
        drawn -= s[name]
    return first
