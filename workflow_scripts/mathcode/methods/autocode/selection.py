"""Does a policy choose the methodology that works? Selection accuracy against Monte-Carlo labels, and alignment (v1, App. C).

Functions take tables `grades` of native and dictated responses of one policy, or a table `q_values`. Responses without a verdict
are left out. Whatever compares CoT with code takes as many further methodologies as a run has.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from mathcode.measures import uncertainty
from mathcode.measures.outcomes import defined, divide, join_queries, usable
from mathcode.methods.autocode.methodologies import names_with

ALIGNMENTS = ("strict", "allow_code", "misaligned")
"""Classes of correct responses: as the oracle; code where both work; the rest."""


@dataclass(frozen=True)
class Selection:
    """Selection of the first methodology against Monte-Carlo labels, counts and recalls by methodology.

    Shares in [0, 1]; None where nothing can be divided.
    """

    preferred: dict[str, int]
    unlabelled: int
    recall: dict[str, float | None]
    macc: float | None
    accuracy_correct_selection: float | None


def choices_of_code(q_values: pl.DataFrame, k: int) -> np.ndarray:
    """How often code is chosen among k of a query's native rollouts: exact probabilities, without drawing any.

    Args:
        q_values: table `q_values`; queries with fewer than k graded native rollouts are left out.

    Returns:
        Shape (queries, k + 1): the probabilities of 0 to k choices of code.
    """
    from scipy.stats import hypergeom

    rows = q_values.filter(pl.col("n_native") >= k).select("n_native", (pl.col("prior_code") * pl.col("n_native")).round().cast(pl.Int64))
    n, code = rows.to_numpy().T.reshape(2, -1, 1)
    return hypergeom.pmf(np.arange(k + 1), n, code, k)


def one_choice(q_values: pl.DataFrame, names: Sequence[str], k: int) -> np.ndarray:
    """How likely k of a query's native rollouts all choose the same methodology: exact, without drawing any.

    Args:
        q_values: table `q_values`; queries with fewer than k graded native rollouts are left out.
        names: all methodologies, the one first that has no column of its own.

    Returns:
        Shape (queries,).
    """
    from scipy.special import comb

    rows = q_values.filter(pl.col("n_native") >= k)
    n = rows["n_native"].to_numpy()
    chosen = [(rows[f"prior_{name}"] * rows["n_native"]).round().to_numpy() for name in names[1:]]
    alike = sum(comb(count, k) for count in [n - sum(chosen), *chosen])
    return alike / comb(n, k)


def improvement(auto: float, *dictated: float) -> float:
    """Accuracy of auto over the best dictated mode of the same model (App. C)."""
    return auto - max(dictated)


def selection_labels(cot: pl.DataFrame, code: pl.DataFrame, **added: pl.DataFrame) -> pl.DataFrame:
    """Which methodology each query prefers: argmax of the mean verdict of its sampled dictated rollouts, ties to CoT (App. C).

    As for Q-values (Eq. 8), a rollout that did not comply says nothing about the methodology dictated to it. A query where
    all means are 0, or fewer than two have a rollout, has no label.

    Args:
        cot, code, added: grades of the rollouts dictated to each methodology, several per query.

    Returns:
        Columns query_id, right_cot, n_cot, right_code, n_code (rollouts that are right, and all that count; so for what is added)
        and label (its name or null), sorted by query_id.
    """
    dictated = {"cot": cot, "code": code} | added
    counted = pl.concat([grades.select("query_id") for grades in dictated.values()]).unique()
    for name, grades in dictated.items():
        complied = usable(grades).filter(pl.col("methodology") == name)
        counts = complied.group_by("query_id").agg(pl.col("strict").sum().alias(f"right_{name}"), pl.len().alias(f"n_{name}"))
        counted = counted.join(counts, on="query_id", how="left")
    counts = [pl.col(f"{what}_{name}").fill_null(0).cast(pl.Int64) for name in dictated for what in ("right", "n")]
    all_counts = counted.sort("query_id").select("query_id", *counts)
    n, right = (np.array([all_counts[f"{what}_{name}"].to_numpy() for name in dictated]) for what in ("n", "right"))
    names = [*dictated, None]  # the last one for -1
    return all_counts.with_columns(pl.Series("label", [names[index] for index in _preferred(n, right)], dtype=pl.String))


def _preferred(n: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The rule of labels: index of the highest mean verdict, the first of equal ones; -1 where there is no label.

    Args:
        n, right: rollouts that count, and those that are right, of shape (methodologies, queries).
    """
    value = np.where(n > 0, right / np.maximum(n, 1), -1.0)
    known = ((n > 0).sum(axis=0) > 1) & (right.sum(axis=0) > 0)
    return np.where(known, value.argmax(axis=0), -1)


def certain_labels(labels: pl.DataFrame, level: float = 0.95) -> pl.DataFrame:
    """The labels of `selection_labels` that their few rollouts leave little doubt about: with at least this posterior
    probability (Jeffreys priors) the preferred methodology is better than any other that was sampled."""
    names, labelled = _names(labels), labels.drop_nulls("label")
    sure = np.ones(labelled.height)
    for first, second in itertools.combinations(names, 2):
        counts = [f"right_{second}", f"n_{second}", f"right_{first}", f"n_{first}"]
        rows = labelled.filter((pl.col(f"n_{first}") > 0) & (pl.col(f"n_{second}") > 0)).select(counts)
        known = {row: uncertainty.probability_code_better(row[:2], row[2:]) for row in rows.unique().iter_rows()}
        better = [
            1.0 if probability is None or label not in (first, second) else probability if label == second else 1 - probability
            for probability, label in zip(map(known.get, labelled.select(counts).iter_rows()), labelled["label"], strict=True)
        ]
        sure = np.minimum(sure, better)
    return labelled.filter(pl.Series(sure >= level, dtype=pl.Boolean))


def _names(labels: pl.DataFrame) -> list[str]:
    """The methodologies that labels are of."""
    return names_with(column.removeprefix("n_") for column in labels.columns if column.startswith("n_"))


def selection_indicators(auto: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """What `selection_macc` and `selection_accuracy` are means of, for each verdict of a native greedy evaluation.

    Returns:
        query_id; whether its label is cot, or code; whether it was selected so (each; so for further methodologies); selected
        right; selected right and answered right. All are false where a query has no label.
    """
    names = _names(labels)
    rows = join_queries(usable(auto).select("query_id", "methodology", "strict"), labels.select("query_id", "label"))
    prefers = {name: (pl.col("label") == name).fill_null(False) for name in names}
    chosen = {name: mine & (pl.col("methodology") == name) for name, mine in prefers.items()}
    right = pl.any_horizontal(*chosen.values())
    return rows.select(
        "query_id",
        *(mine.alias(f"prefers_{name}") for name, mine in prefers.items()),
        *(mine.alias(f"chose_{name}") for name, mine in chosen.items()),
        right=right,
        answered=right & pl.col("strict"),
    )


def selection_macc(means: np.ndarray) -> np.ndarray:
    """Mean of the recalls, from means of `selection_indicators`; NaN where a class is empty."""
    return _recalls(means[..., :-2]).mean(axis=-1)


def _recalls(means: np.ndarray) -> np.ndarray:
    """Of each methodology, from means of whether it is preferred, then of whether it was chosen so: the last axis is halved."""
    preferred, chosen = np.split(means, 2, axis=-1)
    return divide(chosen, preferred)


def selection_accuracy(means: np.ndarray) -> np.ndarray:
    """Accuracy among queries with the right selection, from means of `selection_indicators`; NaN where there is none."""
    return divide(means[..., -1], means[..., -2])


def resampled_maccs(pairs: list[tuple[pl.DataFrame, pl.DataFrame]], resamples: int = 2000) -> np.ndarray:
    """Selection mAcc with items drawn anew, and for each item its sampled rollouts too, so that labels change as well.

    Labels rest on some ten rollouts a methodology. What is drawn follows the rule of `selection_labels`. Noise in labels
    pulls mAcc towards 50, and these draws have it twice: they say how firm the number is, not where it would be without.

    Args:
        pairs: native grades and labels of each seed, of the same items; a draw of items is the same for all seeds.

    Returns:
        Shape (resamples,), the mean over seeds of each draw; NaN where a class of labels came out empty.
    """
    return np.mean([_resampled_maccs(*pair, seed, resamples) for seed, pair in enumerate(pairs)], axis=0)


def _resampled_maccs(auto: pl.DataFrame, labels: pl.DataFrame, seed: int, resamples: int) -> np.ndarray:
    names = _names(labels)
    rows = join_queries(usable(auto).select("query_id", "methodology"), labels)
    chose = np.array([(rows["methodology"] == name).to_numpy() for name in names])
    n, right = (np.array([rows[f"{what}_{name}"].to_numpy() for name in names]) for what in ("n", "right"))
    share = right / np.maximum(n, 1)
    draw_items = np.random.default_rng(uncertainty.BOOTSTRAP_SEED)
    draw = np.random.default_rng([uncertainty.BOOTSTRAP_SEED, seed])
    found = np.empty(resamples)
    for resample in range(resamples):
        items = draw_items.integers(0, rows.height, rows.height)
        drawn = np.array([draw.binomial(total[items], chance[items]) for total, chance in zip(n, share, strict=True)])
        prefers = _preferred(n[:, items], drawn) == np.arange(len(names))[:, None]
        counts = np.concatenate([prefers.sum(axis=1), (prefers & chose[:, items]).sum(axis=1)])
        found[resample] = _recalls(counts.astype(float)).mean()
    return found


def selection(auto: pl.DataFrame, labels: pl.DataFrame) -> Selection:
    """Selection accuracy (App. C) of a native greedy evaluation against the labels of `selection_labels`.

    Raises:
        MetricsError: a graded query is not among the labelled ones.
    """
    names, indicators = _names(labels), selection_indicators(auto, labels)
    counts = np.array(indicators.drop("query_id").sum().row(0), dtype=float)
    preferred = {name: int(count) for name, count in zip(names, counts, strict=False)}
    return Selection(
        preferred=preferred,
        unlabelled=indicators.height - sum(preferred.values()),
        recall={name: defined(recall) for name, recall in zip(names, _recalls(counts[:-2]), strict=True)},
        macc=defined(selection_macc(counts)),
        accuracy_correct_selection=defined(selection_accuracy(counts)),
    )


def alignment(auto: pl.DataFrame, cot: pl.DataFrame, code: pl.DataFrame, **added: pl.DataFrame) -> dict[str, int]:
    """Correct native responses by class of `alignment_classes`."""
    counts = dict(alignment_classes(auto, cot, code, **added)["alignment"].value_counts().iter_rows())
    return {name: counts.get(name, 0) for name in ALIGNMENTS}


def alignment_classes(auto: pl.DataFrame, cot: pl.DataFrame, code: pl.DataFrame, **added: pl.DataFrame) -> pl.DataFrame:
    """Correct native responses by how their first attempt stands to an oracle that wants code only where it is needed.

    The oracle says code where, of the greedy dictated responses of the same policy, only code is right, else CoT. The
    classes (`ALIGNMENTS`): as the oracle says; code although CoT does too, where both are right; everything else. A further
    methodology counts as code does: it is wanted where it is right and CoT is not. Queries without all verdicts are left out.

    Returns:
        Columns query_id and alignment, sorted by query_id.

    Raises:
        MetricsError: a query of `auto` is missing in those of a methodology.
    """
    verdicts = usable(auto).select("query_id", "methodology", "strict")
    dictated = {"cot": cot, "code": code} | added
    for name, grades in dictated.items():
        right = grades.select("query_id", pl.when(pl.col("outcome") != "infrastructure_error").then("strict").alias(name))
        verdicts = join_queries(verdicts, right).drop_nulls(name)
    others = [name for name in dictated if name != "cot"]
    uses_cot = pl.col("methodology") == "cot"
    cot_does = pl.col("cot") | ~pl.any_horizontal(*others)
    own_is_right = pl.any_horizontal(*((pl.col("methodology") == name) & pl.col(name) for name in others))
    kind = (
        pl.when((uses_cot & cot_does) | (own_is_right & ~pl.col("cot")))
        .then(pl.lit("strict"))
        .when(own_is_right)
        .then(pl.lit("allow_code"))
        .otherwise(pl.lit("misaligned"))
    )
    return verdicts.filter("strict").select("query_id", alignment=kind)
