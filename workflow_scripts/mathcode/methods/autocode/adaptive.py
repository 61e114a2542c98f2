"""Adaptive sampling: a query is sampled no further once the label of its reference strategy is decided. Ours; the paper samples K.

Rollouts come in rounds. After each, the label that K rollouts of every mode would give is predicted from those there are: the native ones
still to come choose code, and the dictated ones are right, as often as a Beta posterior with Jeffreys' prior says (beta-binomial,
independent of each other). A query whose label, as it is, is the final one with the asked certainty gets no more.
A rollout is the same whether more follow or not: adaptive sampling leaves rollouts out and changes none.
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from mathcode import settings
from mathcode.grading import grades as grading
from mathcode.grading.judge import Judge
from mathcode.methods.autocode import estimation
from mathcode.methods.autocode.form import FORM
from mathcode.methods.autocode.methodologies import DECIDING, PAPER
from mathcode.methods.autocode.settings import Adaptive, Estimate

_LABELS = tuple(PAPER)
_ROUNDING = 1e-9


class Told(Adaptive):
    """What a sampling job is told: when to stop, and how labels and grades are made."""

    estimate: Estimate
    judge: str
    grading: settings.Grading


def rounds(samples: range, chosen: Adaptive) -> list[range]:
    """The indices of each round: the first ones, then a step at a time."""
    ends = [*range(samples.start + chosen.first, samples.stop, chosen.step), samples.stop]
    return [range(start, end) for start, end in zip([samples.start, *ends], ends, strict=False)]


def parse(text: str, workers: int) -> Told:
    """What `--adaptive` says; so many processes judge answers.

    Raises:
        SettingsError: it is something else.
    """
    told = settings.parse(Told, text, "--adaptive")
    return told.model_copy(update={"grading": told.grading.model_copy(update={"workers": workers})})


class Rounds:
    """Which queries are sampled further, round by round."""

    def __init__(self, told: Told, judge: Judge):
        """
        Args:
            judge: the one that `told` names, open.
        """
        self._told, self._judge = told, judge

    def sample(
        self, queries: pl.DataFrame, samples: range, sampled: Callable[[pl.DataFrame, range], Sequence[pl.DataFrame]]
    ) -> list[pl.DataFrame]:
        """All rounds: a table `rollouts` for each of DECIDING, sorted by query and sample.

        Args:
            queries: table `queries`.
            samples: indices of the K rollouts of a query and mode.
            sampled: makes rollouts of some queries with some of these indices, a table for each of DECIDING.

        Raises:
            GradingError: a rollout of none of the queries.
        """
        made: list[Sequence[pl.DataFrame]] = []
        graded: list[pl.DataFrame] = []
        for indices in rounds(samples, self._told):
            made.append(sampled(queries, indices))
            if queries.is_empty() or indices.stop == samples.stop:
                break
            rollouts = pl.concat(made[-1])
            graded.append(self._grades(rollouts, queries))
            seen = pl.concat(graded).join(queries, on="query_id", how="semi")
            looked = decisions(estimation.estimate_q_values(seen), samples.stop - indices.stop, self._told, self._told.estimate)
            open_ = looked.filter(~pl.col("decided")).join(rollouts.filter(pl.col("token_ids").list.len() > 0), on="query_id", how="semi")
            queries = queries.join(open_, on="query_id", how="semi")  # one whose prompt is too long is never answered
            if queries.is_empty():
                break
        return [pl.concat(frames[place] for frames in made).sort("query_id", "sample") for place, _ in enumerate(DECIDING)]

    def _grades(self, rollouts: pl.DataFrame, queries: pl.DataFrame) -> pl.DataFrame:
        """Grades of a round. A rollout without a verdict decides nothing."""
        return grading.grade_rollouts(rollouts, queries, self._judge, FORM, self._told.grading).select(estimation.GRADES)


def decisions(q_values: pl.DataFrame, left: int, chosen: Adaptive, estimate: Estimate) -> pl.DataFrame:
    """The table of `certainties`, and whether each label is decided."""
    return certainties(q_values, left, estimate).with_columns(decided=pl.col("certainty") >= chosen.certainty - _ROUNDING)


def certainties(q_values: pl.DataFrame, left: int, estimate: Estimate) -> pl.DataFrame:
    """How certain the label of each query is, if it gets `left` rollouts more of each mode, all of which comply.

    Args:
        q_values: table `q_values` of the rollouts so far.

    Returns:
        Columns query_id, label (null: none) and certainty: the probability that K rollouts give the same one.
    """
    rows = []
    for row in q_values.iter_rows(named=True):
        counts = [
            (round((row[share] or 0.0) * row[n]), row[n])
            for share, n in (("prior_code", "n_native"), ("q_cot", "n_cot"), ("q_code", "n_code"))
        ]
        now = _label(tuple(counts), estimate)
        rows.append((row["query_id"], None if now < 0 else _LABELS[now], _probability(now, tuple(counts), left, estimate)))
    return pl.DataFrame(rows, schema={"query_id": pl.String, "label": pl.String, "certainty": pl.Float64}, orient="row")


@functools.cache
def _probability(label: int, counts: tuple[tuple[int, int], ...], left: int, estimate: Estimate) -> float:
    """P(final label is this one), over all final counts of native code, right CoT and right code."""
    from scipy.stats import betabinom

    final = _labels(tuple(n + left for _, n in counts), estimate)
    ahead = [betabinom(left, yes + 0.5, n - yes + 0.5).pmf(np.arange(left + 1)) for yes, n in counts]
    reached = final[tuple(slice(yes, yes + left + 1) for yes, _ in counts)]
    return float(np.einsum("i,j,k,ijk->", *ahead, (reached == label).astype(float)))


def _label(counts: tuple[tuple[int, int], ...], estimate: Estimate) -> int:
    return int(_labels(tuple(n for _, n in counts), estimate)[tuple(yes for yes, _ in counts)])


@functools.lru_cache(maxsize=1024)
def _labels(totals: tuple[int, int, int], estimate: Estimate) -> np.ndarray:
    """The label for every count of native code, right CoT and right code out of these totals: its place in _LABELS, -1 for none.

    The E-step itself makes them, so there is one rule for labels. A run whose labels are drawn (finite alpha), or depend on how many
    programs ran (a price), is refused: these counts do not decide them.
    """
    counts = np.stack(np.meshgrid(*(np.arange(n + 1) for n in totals), indexing="ij")).reshape(3, -1)
    shares = [found / n if n else np.full(found.shape, np.nan) for found, n in zip(counts, totals, strict=True)]
    frame = pl.DataFrame(
        {
            "query_id": [f"{place:09d}" for place in range(counts.shape[1])],
            **{f"n_{mode}": np.full(counts.shape[1], n) for mode, n in zip(DECIDING, totals, strict=True)},
            "prior_code": shares[0],
            "q_cot": shares[1],
            "q_code": shares[2],
        }
    ).with_columns(pl.col("prior_code", "q_cot", "q_code").fill_nan(None))
    found = estimation.reference_strategy(frame, estimate, seed=1)["label"]
    return np.array([-1 if label is None else _LABELS.index(label) for label in found]).reshape([n + 1 for n in totals])
