"""Does a policy choose the methodology that works? Selection accuracy against Monte-Carlo labels, and alignment (v1, App. C).

Functions take tables `grades` of native and dictated responses of one policy, or a table `q_values`. Responses without a verdict
are left out.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from mathcode.measures import uncertainty
from mathcode.measures.outcomes import defined, divide, join_queries, usable

ALIGNMENTS = ("strict", "allow_code", "misaligned")
"""Classes of correct responses: as the oracle; code where both work; the rest."""


@dataclass(frozen=True)
class Selection:
    """Selection of the first methodology against Monte-Carlo labels. Shares in [0, 1]; None where nothing can be divided."""

    cot_preferred: int
    code_preferred: int
    unlabelled: int
    recall_cot: float | None
    recall_code: float | None
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


def improvement(auto: float, cot: float, code: float) -> float:
    """Accuracy of auto over the better dictated mode of the same model (App. C)."""
    return auto - max(cot, code)


def selection_labels(cot: pl.DataFrame, code: pl.DataFrame) -> pl.DataFrame:
    """Which methodology each query prefers: argmax of the mean verdict of its sampled dictated rollouts, ties to CoT (App. C).

    As for Q-values (Eq. 8), a rollout that did not comply says nothing about the methodology dictated to it. A query where
    both means are 0, or one has no rollout, has no label.

    Args:
        cot, code: grades of the rollouts dictated to either methodology, several per query.

    Returns:
        Columns query_id, right_cot, n_cot, right_code, n_code (rollouts that are right, and all that count) and label ("cot",
        "code" or null), sorted by query_id.
    """
    counted = pl.concat([cot.select("query_id"), code.select("query_id")]).unique()
    for name, grades in (("cot", cot), ("code", code)):
        complied = usable(grades).filter(pl.col("methodology") == name)
        counts = complied.group_by("query_id").agg(pl.col("strict").sum().alias(f"right_{name}"), pl.len().alias(f"n_{name}"))
        counted = counted.join(counts, on="query_id", how="left")
    counts = [pl.col(f"{what}_{name}").fill_null(0).cast(pl.Int64) for name in ("cot", "code") for what in ("right", "n")]
    both = counted.sort("query_id").select("query_id", *counts)
    preferred = pl.when(_value("code") > _value("cot")).then(pl.lit("code")).otherwise(pl.lit("cot"))
    return both.with_columns(label=pl.when(_value("cot") + _value("code") > 0).then(preferred))


def _value(methodology: str) -> pl.Expr:
    """Mean verdict of counted rollouts; null without any."""
    n = pl.col(f"n_{methodology}")
    return pl.when(n > 0).then(pl.col(f"right_{methodology}") / n)


def certain_labels(labels: pl.DataFrame, level: float = 0.95) -> pl.DataFrame:
    """The labels of `selection_labels` that their few rollouts leave little doubt about: with at least this posterior
    probability (Jeffreys priors) the preferred methodology is the better one."""
    counts = ["right_code", "n_code", "right_cot", "n_cot"]
    labelled = labels.drop_nulls("label")
    known = {row: uncertainty.probability_code_better(row[:2], row[2:]) for row in labelled.select(counts).unique().iter_rows()}
    rows = zip(labelled.select(counts).iter_rows(), labelled["label"], strict=True)
    sure = [known[row] if label == "code" else 1 - known[row] for row, label in rows]
    return labelled.filter(pl.Series(sure, dtype=pl.Float64) >= level)


def selection_indicators(auto: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
    """What `selection_macc` and `selection_accuracy` are means of, for each verdict of a native greedy evaluation.

    Returns:
        query_id; whether its label is cot, or code; whether it was selected so (each); selected right; selected right and
        answered right. All are false where a query has no label.
    """
    rows = join_queries(usable(auto).select("query_id", "methodology", "strict"), labels.select("query_id", "label"))
    prefers = {name: (pl.col("label") == name).fill_null(False) for name in ("cot", "code")}
    chosen = {name: mine & (pl.col("methodology") == name) for name, mine in prefers.items()}
    right = chosen["cot"] | chosen["code"]
    return rows.select(
        "query_id",
        *(mine.alias(f"prefers_{name}") for name, mine in prefers.items()),
        *(mine.alias(f"chose_{name}") for name, mine in chosen.items()),
        right=right,
        answered=right & pl.col("strict"),
    )


def selection_macc(means: np.ndarray) -> np.ndarray:
    """Mean of the two recalls, from means of `selection_indicators`; NaN where a class is empty."""
    return (divide(means[..., 2], means[..., 0]) + divide(means[..., 3], means[..., 1])) / 2


def selection_accuracy(means: np.ndarray) -> np.ndarray:
    """Accuracy among queries with the right selection, from means of `selection_indicators`; NaN where there is none."""
    return divide(means[..., 5], means[..., 4])


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
    rows = join_queries(usable(auto).select("query_id", "methodology"), labels)
    chose_code = (rows["methodology"] == "code").to_numpy()
    n = {name: rows[f"n_{name}"].to_numpy() for name in ("cot", "code")}
    share = {name: rows[f"right_{name}"].to_numpy() / np.maximum(n[name], 1) for name in ("cot", "code")}
    draw_items = np.random.default_rng(uncertainty.BOOTSTRAP_SEED)
    draw = np.random.default_rng([uncertainty.BOOTSTRAP_SEED, seed])
    found = np.empty(resamples)
    for resample in range(resamples):
        items = draw_items.integers(0, rows.height, rows.height)
        right = {name: draw.binomial(n[name][items], share[name][items]) for name in ("cot", "code")}
        value = {name: right[name] / np.maximum(n[name][items], 1) for name in ("cot", "code")}
        labelled = (n["cot"][items] > 0) & (n["code"][items] > 0) & (right["cot"] + right["code"] > 0)
        code, cot = labelled & (value["code"] > value["cot"]), labelled & (value["code"] <= value["cot"])
        counts = [cot.sum(), code.sum(), (cot & ~chose_code[items]).sum(), (code & chose_code[items]).sum()]
        found[resample] = selection_macc(np.array(counts, dtype=float))
    return found


def selection(auto: pl.DataFrame, labels: pl.DataFrame) -> Selection:
    """Selection accuracy (App. C) of a native greedy evaluation against the labels of `selection_labels`.

    Raises:
        MetricsError: a graded query is not among the labelled ones.
    """
    indicators = selection_indicators(auto, labels)
    counts = np.array(indicators.drop("query_id").sum().row(0), dtype=float)
    return Selection(
        cot_preferred=int(counts[0]),
        code_preferred=int(counts[1]),
        unlabelled=int(indicators.height - counts[0] - counts[1]),
        recall_cot=defined(divide(counts[2], counts[0])),
        recall_code=defined(divide(counts[3], counts[1])),
        macc=defined(selection_macc(counts)),
        accuracy_correct_selection=defined(selection_accuracy(counts)),
    )


def alignment(auto: pl.DataFrame, cot: pl.DataFrame, code: pl.DataFrame) -> dict[str, int]:
    """Correct native responses by class of `alignment_classes`."""
    counts = dict(alignment_classes(auto, cot, code)["alignment"].value_counts().iter_rows())
    return {name: counts.get(name, 0) for name in ALIGNMENTS}


def alignment_classes(auto: pl.DataFrame, cot: pl.DataFrame, code: pl.DataFrame) -> pl.DataFrame:
    """Correct native responses by how their first attempt stands to an oracle that wants code only where it is needed.

    The oracle says code where, of the greedy dictated responses of the same policy, only code is right, else CoT. The
    classes (`ALIGNMENTS`): as the oracle says; code although CoT does too, where both are right; everything else. Queries
    without all three verdicts are left out.

    Returns:
        Columns query_id and alignment, sorted by query_id.

    Raises:
        MetricsError: a query of `auto` is missing in `cot` or `code`.
    """
    verdicts = usable(auto).select("query_id", "methodology", "strict")
    for name, grades in (("cot", cot), ("code", code)):
        right = grades.select("query_id", pl.when(pl.col("outcome") != "infrastructure_error").then("strict").alias(name))
        verdicts = join_queries(verdicts, right).drop_nulls(name)
    needs_code = pl.col("code") & ~pl.col("cot")
    uses_code = pl.col("methodology") == "code"
    kind = (
        pl.when(needs_code == uses_code)
        .then(pl.lit("strict"))
        .when(uses_code & pl.col("cot") & pl.col("code"))
        .then(pl.lit("allow_code"))
        .otherwise(pl.lit("misaligned"))
    )
    return verdicts.filter("strict").select("query_id", alignment=kind)
