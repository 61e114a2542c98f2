"""What graded responses say by themselves: accuracy, code rates, steps from a program to its answer, attempts, compliance.

Functions take tables `grades`. An infrastructure error says nothing about the model: such rows are left out everywhere
and counted once, in `score`. At the end stand what measures over several evaluations are made of.
"""

import numpy as np
import polars as pl

from mathcode.core.errors import UserError
from mathcode.measures import uncertainty

OUTCOMES = ("correct", "wrong", "no_answer", "gold_unparsed", "timed_out", "infrastructure_error")

DEFINITIONS = {
    "n": "graded responses, infrastructure errors left out",
    "correct": "responses whose last stated answer equals the reference answer",
    "accuracy": "share of correct responses; low and high: 95 % interval by Wilson; bootstrap over items where they have several",
    "lenient_accuracy": "share of responses in which any stated answer equals the reference answer",
    "code_rate": "share of responses with at least one executed program",
    "code_written_rate": "share of responses that hold a program or a print( call, executed or not",
    "code_decides_rate": "share of responses whose graded answer is what a program printed",
    "attempts": "responses by number of methodology attempts: 1 + reflective hints in the text",
    "outcomes": "responses by outcome of grading, infrastructure errors included",
    "executions": "programs executed in all responses together",
    "programs_failed": "executed programs that did not end with outcome ok",
    "infrastructure_errors": "responses without a verdict because execution or grading broke; in no other number but `outcomes`",
    "k": "samples of an item that pass@k and maj@k choose: all there are",
    "pass_at_k": "share of items with a correct response among k",
    "maj_at_k": "share of items whose most frequent answer among k is correct: equal answers are one, responses without an answer "
    "do not vote, ties count by parts",
    "left_out": "items with fewer than k responses that have a verdict: in neither of the two",
    "contaminated": "evaluated items that share their text or a run of words with a training row before removal",
    "contaminated_exact": "evaluated items found word for word in a training row before removal",
}
"""One sentence for each number of scores.json. Shares are in [0, 1]."""


class MetricsError(UserError):
    """A number cannot be computed from the grades given; the message says why."""


USABLE = pl.col("outcome") != "infrastructure_error"
"""Whether a row says something about the model."""


def usable(grades: pl.DataFrame) -> pl.DataFrame:
    """The rows that say something about the model."""
    return grades.filter(USABLE)


def score(grades: pl.DataFrame) -> dict:
    """The numbers of scores.json that come from grades alone; keys and meaning in `DEFINITIONS`.

    Raises:
        MetricsError: no row is left without the infrastructure errors.
    """
    rows = usable(grades)
    if rows.is_empty():
        raise MetricsError(f"none of the {grades.height} responses has a verdict: all are infrastructure errors")
    accuracy = _accuracy(rows)
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


def _accuracy(rows: pl.DataFrame) -> uncertainty.Interval:
    """Wilson's interval; where an item has several responses, which are alike, a bootstrap over items of their sums."""
    per_item = rows.group_by("query_id").agg(pl.col("strict").sum(), pl.len()).sort("query_id")
    if per_item.height == rows.height:
        return uncertainty.wilson_interval(int(rows["strict"].sum()), rows.height)
    return uncertainty.bootstrap_interval(per_item.select("strict", "len").to_numpy(), lambda means: means[..., 0] / means[..., 1])


CODE_RATES = {"code_rate": "code_executed", "code_written_rate": "code_written", "code_decides_rate": "code_decides"}
"""The three code rates, and the column of `grades` that each is the mean of."""


def code_rates(grades: pl.DataFrame) -> dict[str, float]:
    """`CODE_RATES`, shares in [0, 1]."""
    return {name: grades[column].mean() for name, column in CODE_RATES.items()}


FUNNEL = {
    "wrote a program": pl.col("code_written"),
    "ran one": pl.col("code_executed"),
    "none of them failed": pl.col("programs_failed") == 0,
    "its output is the answer": pl.col("code_decides"),
    "and that is right": pl.col("strict"),
}
"""Steps from writing a program to a right answer; a response takes a step if it took all before."""


def steps(grades: pl.DataFrame) -> pl.DataFrame:
    """Which steps of `FUNNEL` each response with a verdict took: query_id and a column of true and false for each."""
    rows, so_far = usable(grades), pl.lit(True)
    taken = {}
    for step, expression in FUNNEL.items():
        so_far = so_far & expression
        taken[step] = so_far
    return rows.select("query_id", **taken)


def attempts_histogram(grades: pl.DataFrame) -> dict[int, int]:
    """Responses by number of methodology attempts (the paper's rounds, Table 6), in rising order."""
    return dict(sorted(usable(grades)["attempts"].value_counts().iter_rows()))


def compliance(grades: pl.DataFrame, methodology: str) -> float:
    """Share of responses whose first attempt uses the methodology dictated to them."""
    return float((usable(grades)["methodology"] == methodology).mean())


def corrections(grades: pl.DataFrame) -> tuple[int, int, int]:
    """Responses that tried again; of these, those whose first attempt was wrong and the last right, and those the other way round."""
    again = usable(grades).filter(pl.col("first_right").is_not_null())
    recovered = again.filter(~pl.col("first_right"), pl.col("strict")).height
    return again.height, recovered, again.filter(pl.col("first_right"), ~pl.col("strict")).height


def repeats_cue(grades: pl.DataFrame) -> float | None:
    """Share of responses with more cues than attempts; None where nothing is known of cues."""
    return usable(grades).select((pl.col("cues") > pl.col("attempts")).mean()).item()


def join_queries(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Two evaluations side by side, sorted by query_id; `right` may hold more queries.

    Raises:
        MetricsError: a query of `left` is missing in `right`.
    """
    if (missing := left.join(right, on="query_id", how="anti")).height:
        raise MetricsError(f"query_id '{missing['query_id'].min()}' was graded in one evaluation of the policy and is missing in another")
    return left.join(right, on="query_id").sort("query_id")


def divide(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Elementwise quotient, of the shape of `whole`; NaN where that is 0."""
    whole = np.asarray(whole, dtype=float)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def defined(value: np.ndarray) -> float | None:
    """A single value as a float; None for NaN."""
    return None if np.isnan(value) else float(value)
