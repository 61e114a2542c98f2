"""E-step: the policy's prior over methodologies, Q-values, and the reference strategy (v1 Eq. 7, 8; s* after Eq. 8)."""

import logging
import math

import numpy as np
import polars as pl

from mathcode import tables
from mathcode.core import random_streams
from mathcode.measures import outcomes
from mathcode.measures.uncertainty import jeffreys_interval, probability_code_better
from mathcode.methods.autocode.settings import Estimate
from mathcode.methods.autocode.tables import Q_VALUES, REFERENCE_STRATEGY

log = logging.getLogger(__name__)


GRADES = ("query_id", "mode", "methodology", "outcome", "strict")
"""Columns of `grades` that the E-step looks at."""


def estimate_q_values(grades: pl.DataFrame) -> pl.DataFrame:
    """Prior and Q-values of each query from graded rollouts (table `grades`, any mix of modes) as table `q_values`.

    prior_code is the share of native rollouts that chose code (Eq. 7). Q(x, c) is the mean reward of the rollouts
    dictated to c (Eq. 8); a rollout that did not comply is no sample of p(y|x, c) and is left out, as is every
    infrastructure error, which says nothing about the answer. Values without a rollout are null.
    """
    usable = outcomes.usable(grades).with_columns(reward=pl.col("strict").cast(pl.Float64))
    native = pl.col("mode") == "native"
    complied = pl.col("mode") == pl.col("methodology")
    per_query = usable.group_by("query_id").agg(
        n_native=native.sum().cast(pl.Int32),
        mean_native=pl.col("reward").filter(native).mean(),
        prior_code=(pl.col("methodology") == "code").filter(native).cast(pl.Float64).mean(),
        **{
            f"{what}_{mode}": value
            for mode in tables.METHODOLOGIES
            for what, value in {
                "n": (complied & (pl.col("mode") == mode)).sum().cast(pl.Int32),
                "q": pl.col("reward").filter(complied & (pl.col("mode") == mode)).mean(),
            }.items()
        },
    )
    missing = grades.select(pl.col("query_id").unique()).join(per_query, on="query_id", how="anti")
    counts = pl.concat([per_query, missing.with_columns(n_native=0, n_cot=0, n_code=0)], how="diagonal_relaxed").sort("query_id")
    return _with_intervals(counts).select(pl.col(name).cast(dtype) for name, dtype in Q_VALUES.schema.items())


def _with_intervals(counts: pl.DataFrame) -> pl.DataFrame:
    """Intervals and the comparison, computed once per distinct pair of counts."""
    columns = {}
    for mode in tables.METHODOLOGIES:
        n = counts[f"n_{mode}"].to_numpy()
        successes = np.rint(counts[f"q_{mode}"].fill_null(0.0).to_numpy() * n)
        low, high = jeffreys_interval(successes, n)
        columns[f"q_{mode}_low"] = [value if total else None for value, total in zip(low.tolist(), n, strict=True)]
        columns[f"q_{mode}_high"] = [value if total else None for value, total in zip(high.tolist(), n, strict=True)]
        columns[f"k_{mode}"] = successes.astype(int).tolist()
    keys = list(zip(columns.pop("k_code"), counts["n_code"], columns.pop("k_cot"), counts["n_cot"], strict=True))
    known = {key: probability_code_better(key[:2], key[2:]) for key in set(keys) if key[1] and key[3]}
    columns["p_code_better"] = [known.get(key) for key in keys]
    return counts.with_columns(pl.Series(name, values, dtype=pl.Float64) for name, values in columns.items())


def reference_strategy(q_values: pl.DataFrame, estimate: Estimate, seed: int) -> pl.DataFrame:
    """The reference strategy s*(c|x) and the label drawn from it, as table `reference_strategy`.

    `prior_times_q`: s* proportional to exp(alpha p(c|x) Q(x, c)), the form the reviews quote; `q`: the energy-based reading
    of App. A with the prior dropped, exp(alpha Q(x, c)). alpha = inf is the hard max; at a tie the higher Q-value decides
    (that none of K native rollouts chose a methodology does not make its prior 0), then CoT. A query gets no label, and is
    dropped later, where a Q-value is missing or both are 0 (no preference).
    """
    if estimate.rule == "prior_times_q":
        scores = [(1 - pl.col("prior_code")) * pl.col("q_cot"), pl.col("prior_code") * pl.col("q_code")]
    else:
        scores = [pl.col("q_cot"), pl.col("q_code")]
    frame = q_values.sort("query_id").select("query_id", "q_cot", "q_code", score_cot=scores[0], score_code=scores[1])
    rows, lacking, failing = [], 0, 0
    for query_id, q_cot, q_code, score_cot, score_code in frame.iter_rows():
        lacks = None in (score_cot, score_code)
        fails = not lacks and q_cot == q_code == 0
        lacking, failing = lacking + lacks, failing + fails
        tied = not (lacks or fails) and score_cot == score_code
        if tied and math.isinf(estimate.alpha):
            score_cot, score_code = q_cot, q_code
        s_code = None if lacks or fails else code_probability(score_cot, score_code, estimate.alpha)
        rows.append(
            {
                "query_id": query_id,
                "s_cot": None if s_code is None else 1 - s_code,
                "s_code": s_code,
                "label": None if s_code is None else _draw(s_code, query_id, seed),
                "tie": tied,
                "rule": estimate.rule,
                "alpha": estimate.alpha,
            }
        )
    log.info(
        "%d of %d queries labelled; without a label: %d that lack native or complying rollouts, %d that no dictated rollout answers",
        *(len(rows) - lacking - failing, len(rows), lacking, failing),
    )
    return pl.DataFrame(rows, schema=REFERENCE_STRATEGY.schema)


def code_probability(score_cot: float, score_code: float, alpha: float) -> float:
    """s*(code|x) = exp(alpha score_code) / Z; for alpha = inf 1 iff code scores strictly higher (ties to CoT)."""
    if math.isinf(alpha):
        return float(score_code > score_cot)
    return 1 / (1 + math.exp(min(alpha * (score_cot - score_code), 700.0)))


def _draw(s_code: float, query_id: str, seed: int) -> str:
    """c* ~ s*: by the query's own uniform number, so neither order nor neighbours matter."""
    return "code" if random_streams.share(seed, query_id, "reference", 0) < s_code else "cot"
