"""E-step: the policy's prior over methodologies, Q-values, and the reference strategy (v1 Eq. 7, 8; s* after Eq. 8).

The formulas are the paper's for CoT and code; any further methodology that was explored enters them as one term more.
"""

import functools
import math
import operator
from collections.abc import Iterable, Mapping

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


def estimate_q_values(grades: pl.DataFrame) -> pl.DataFrame:
    """Prior and Q-values of each query from graded rollouts (table `grades`, any mix of modes) as table `q_values`.

    prior_code is the share of native rollouts that chose code (Eq. 7). Q(x, c) is the mean reward of the rollouts
    dictated to c (Eq. 8); a rollout that did not comply is no sample of p(y|x, c) and is left out, as is every
    infrastructure error, which says nothing about the answer. Beside it stand the programs that these rollouts ran, on average.
    Values without a rollout are null.
    """
    names = names_with(set(grades["mode"].unique()) - {"native"})
    usable = outcomes.usable(grades).with_columns(reward=pl.col("strict").cast(pl.Float64))
    native = pl.col("mode") == "native"
    complied = pl.col("mode") == pl.col("methodology")
    per_query = usable.group_by("query_id").agg(
        n_native=native.sum().cast(pl.Int32),
        mean_native=pl.col("reward").filter(native).mean(),
        **{f"prior_{name}": (pl.col("methodology") == name).filter(native).cast(pl.Float64).mean() for name in names[1:]},
        **{
            f"{what}_{mode}": value
            for mode in names
            for what, value in {
                "n": (complied & (pl.col("mode") == mode)).sum().cast(pl.Int32),
                "q": pl.col("reward").filter(complied & (pl.col("mode") == mode)).mean(),
                "executions": pl.col("executions").filter(complied & (pl.col("mode") == mode)).cast(pl.Float64).mean(),
            }.items()
        },
    )
    missing = grades.select(pl.col("query_id").unique()).join(per_query, on="query_id", how="anti")
    none = {f"n_{name}": 0 for name in ("native", *names)}
    counts = pl.concat([per_query, missing.with_columns(**none)], how="diagonal_relaxed").sort("query_id")
    columns = q_values_with(names).schema
    return _with_intervals(counts, names).select(pl.col(name).cast(dtype) for name, dtype in columns.items())


def _with_intervals(counts: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Intervals, and the comparison of each methodology with CoT, computed once per distinct pair of counts."""
    columns, found = {}, {}
    for mode in names:
        n = counts[f"n_{mode}"].to_numpy()
        successes = np.rint(counts[f"q_{mode}"].fill_null(0.0).to_numpy() * n)
        low, high = jeffreys_interval(successes, n)
        columns[f"q_{mode}_low"] = [value if total else None for value, total in zip(low.tolist(), n, strict=True)]
        columns[f"q_{mode}_high"] = [value if total else None for value, total in zip(high.tolist(), n, strict=True)]
        found[mode] = list(zip(successes.astype(int).tolist(), n.tolist(), strict=True))
    for mode in names[1:]:
        pairs = list(zip(found[mode], found[names[0]], strict=True))
        known = {pair: probability_code_better(*pair) for pair in set(pairs) if pair[0][1] and pair[1][1]}
        columns[f"p_{mode}_better"] = [known.get(pair) for pair in pairs]
    return counts.with_columns(pl.Series(name, values, dtype=pl.Float64) for name, values in columns.items())


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
    frame = q_values.sort("query_id").select("query_id", **told, **_scores(worth, estimate))
    rows = []
    for row in frame.iter_rows(named=True):
        scores = {name: row[name] for name in names if row[name] is not None}
        prefers = len(scores) >= 2 and any(row[f"q_{name}"] for name in scores)
        best = _highest(scores) if prefers else []
        tied = len(best) > 1
        if tied and math.isinf(estimate.alpha):
            best = _highest({name: row[f"net_{name}"] for name in best})
            scores = {name: float(name == best[0]) for name in best}
        s = shares(scores, estimate.alpha) if best else None
        rows.append(
            {
                "query_id": row["query_id"],
                **{f"s_{name}": None if s is None else s.get(name, 0.0) for name in names},
                "label": None if s is None else _draw(s, row["query_id"], seed),
                "tie": tied,
                "rule": estimate.rule,
                "alpha": estimate.alpha,
            }
        )
    return pl.DataFrame(rows, schema=reference_strategy_with(names).schema)


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
