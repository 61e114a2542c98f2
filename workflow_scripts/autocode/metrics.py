"""What is measured on graded responses: accuracy, code rates, selection accuracy, alignment, attempts (v1, App. C).

All functions take tables `grades`. An infrastructure error says nothing about the model: such rows are left out everywhere
and counted once, in `score`.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from autocode import statistics

OUTCOMES = ("correct", "wrong", "no_answer", "gold_unparsed", "timed_out", "infrastructure_error")

ALIGNMENTS = ("strict", "allow_code", "misaligned")
"""Classes of correct responses: as the oracle; code where both work; the rest."""

DEFINITIONS = {
    "n": "graded responses, infrastructure errors left out",
    "correct": "responses whose last stated answer equals the reference answer",
    "accuracy": "share of correct responses; low and high: 95 % Wilson interval",
    "lenient_accuracy": "share of responses in which any stated answer equals the reference answer",
    "code_rate": "share of responses with at least one executed program",
    "code_written_rate": "share of responses that hold a ```python block or a print( call, executed or not",
    "code_decides_rate": "share of responses whose graded answer is what a program printed",
    "attempts": "responses by number of methodology attempts: 1 + reflective hints in the text",
    "outcomes": "responses by outcome of grading, infrastructure errors included",
    "executions": "programs executed in all responses together",
    "programs_failed": "executed programs that did not end with outcome ok",
    "infrastructure_errors": "responses without a verdict because execution or grading broke; in no other number but `outcomes`",
    "contaminated": "evaluated items that share their text or a run of words with a training row before removal",
    "contaminated_exact": "evaluated items found word for word in a training row before removal",
}
"""One sentence for each number of scores.json. Shares are in [0, 1]."""


class MetricsError(Exception):
    """A number cannot be computed from the grades given; the message says why."""


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


def usable(grades: pl.DataFrame) -> pl.DataFrame:
    """The rows that say something about the model."""
    return grades.filter(pl.col("outcome") != "infrastructure_error")


def score(grades: pl.DataFrame) -> dict:
    """The numbers of scores.json that come from grades alone; keys and meaning in `DEFINITIONS`.

    Raises:
        MetricsError: no row is left without the infrastructure errors.
    """
    rows = usable(grades)
    if rows.is_empty():
        raise MetricsError(f"none of the {grades.height} responses has a verdict: all are infrastructure errors")
    accuracy = statistics.wilson_interval(int(rows["strict"].sum()), rows.height)
    outcomes = dict(grades["outcome"].value_counts().iter_rows())
    return {
        "n": rows.height,
        "correct": int(rows["strict"].sum()),
        "accuracy": accuracy.value,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        "lenient_accuracy": rows["lenient"].mean(),
        **code_rates(rows),
        "attempts": {str(attempts): count for attempts, count in attempts_histogram(rows).items()},
        "outcomes": {outcome: outcomes.get(outcome, 0) for outcome in OUTCOMES},
        "executions": int(rows["executions"].sum()),
        "programs_failed": int(rows["programs_failed"].sum()),
        "infrastructure_errors": grades.height - rows.height,
        "grader": ", ".join(sorted(grades["grader"].unique())),
        "isolation": ", ".join(sorted(grades["isolation"].drop_nulls().unique())) or None,
    }


def code_rates(grades: pl.DataFrame) -> dict[str, float]:
    """The three code rates, shares in [0, 1]: a program was executed, was written, decides the answer."""
    columns = {"code_rate": "code_executed", "code_written_rate": "code_written", "code_decides_rate": "code_decides"}
    return {name: grades[column].mean() for name, column in columns.items()}


def attempts_histogram(grades: pl.DataFrame) -> dict[int, int]:
    """Responses by number of methodology attempts (the paper's rounds, Table 6), in rising order."""
    return dict(sorted(usable(grades)["attempts"].value_counts().iter_rows()))


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
        Columns query_id and label ("cot", "code" or null), sorted by query_id.
    """
    means = [
        usable(grades).filter(pl.col("methodology") == name).group_by("query_id").agg(pl.col("strict").cast(pl.Float64).mean().alias(name))
        for name, grades in (("cot", cot), ("code", code))
    ]
    queries = pl.concat([cot.select("query_id"), code.select("query_id")]).unique().sort("query_id")
    both = queries.join(means[0], on="query_id", how="left").join(means[1], on="query_id", how="left").sort("query_id")
    usable_label = (pl.col("cot") + pl.col("code")) > 0
    preferred = pl.when(pl.col("code") > pl.col("cot")).then(pl.lit("code")).otherwise(pl.lit("cot"))
    return both.select("query_id", label=pl.when(usable_label).then(preferred))


def selection_indicators(auto: pl.DataFrame, labels: pl.DataFrame) -> np.ndarray:
    """For each labelled query of a native greedy evaluation: [prefers CoT, prefers code, and was selected so (each), selected
    right, selected right and answered right]; shape (queries, 6), for `selection_macc` and `selection_accuracy`."""
    rows = _joined(usable(auto).select("query_id", "methodology", "strict"), labels).drop_nulls("label")
    label, chosen = rows["label"].to_numpy(), rows["methodology"].to_numpy()
    right = label == chosen
    answered = right & rows["strict"].to_numpy()
    prefers = [label == name for name in ("cot", "code")]
    return np.stack([*prefers, *(mine & right for mine in prefers), right, answered], axis=1).astype(bool)


def selection_macc(means: np.ndarray) -> np.ndarray:
    """Mean of the two recalls, from means of `selection_indicators`; NaN where a class is empty."""
    return (_ratio(means[..., 2], means[..., 0]) + _ratio(means[..., 3], means[..., 1])) / 2


def selection_accuracy(means: np.ndarray) -> np.ndarray:
    """Accuracy among queries with the right selection, from means of `selection_indicators`; NaN where there is none."""
    return _ratio(means[..., 5], means[..., 4])


def selection(auto: pl.DataFrame, labels: pl.DataFrame) -> Selection:
    """Selection accuracy (App. C) of a native greedy evaluation against the labels of `selection_labels`.

    Raises:
        MetricsError: a graded query is not among the labelled ones.
    """
    indicators = selection_indicators(auto, labels)
    counts = indicators.sum(axis=0).astype(float)
    return Selection(
        cot_preferred=int(counts[0]),
        code_preferred=int(counts[1]),
        unlabelled=usable(auto).height - len(indicators),
        recall_cot=_number(_ratio(counts[2], counts[0])),
        recall_code=_number(_ratio(counts[3], counts[1])),
        macc=_number(selection_macc(counts)),
        accuracy_correct_selection=_number(selection_accuracy(counts)),
    )


def alignment(auto: pl.DataFrame, cot: pl.DataFrame, code: pl.DataFrame) -> dict[str, int]:
    """Correct native responses by how their first attempt stands to an oracle that wants code only where it is needed.

    The oracle says code where, of the greedy dictated responses of the same policy, only code is right, else CoT. The
    classes (`ALIGNMENTS`): as the oracle says; code although CoT does too, where both are right; everything else. Queries
    without all three verdicts are left out.

    Raises:
        MetricsError: a query of `auto` is missing in `cot` or `code`.
    """
    verdicts = usable(auto).select("query_id", "methodology", "strict")
    for name, grades in (("cot", cot), ("code", code)):
        right = grades.select("query_id", pl.when(pl.col("outcome") != "infrastructure_error").then("strict").alias(name))
        verdicts = _joined(verdicts, right).drop_nulls(name)
    needs_code = pl.col("code") & ~pl.col("cot")
    uses_code = pl.col("methodology") == "code"
    kind = (
        pl.when(needs_code == uses_code)
        .then(pl.lit("strict"))
        .when(uses_code & pl.col("cot") & pl.col("code"))
        .then(pl.lit("allow_code"))
        .otherwise(pl.lit("misaligned"))
    )
    counts = dict(verdicts.filter("strict").select(kind.alias("kind"))["kind"].value_counts().iter_rows())
    return {name: counts.get(name, 0) for name in ALIGNMENTS}


def compliance(grades: pl.DataFrame, methodology: str) -> float:
    """Share of responses whose first attempt uses the methodology dictated to them."""
    return float((usable(grades)["methodology"] == methodology).mean())


def _joined(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    if (missing := left.join(right, on="query_id", how="anti")).height:
        raise MetricsError(f"query_id '{missing['query_id'].min()}' was graded in one evaluation of the policy and is missing in another")
    return left.join(right, on="query_id").sort("query_id")


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    whole = np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _number(value: np.ndarray) -> float | None:
    return None if np.isnan(value) else float(value)
