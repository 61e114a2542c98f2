"""scores.json: what one policy reaches in one mode on one benchmark."""

import polars as pl

from autocode import metrics, provenance, statistics


class ScoreError(Exception):
    """Grades that do not belong to the benchmark they are scored against."""


def score(grades: pl.DataFrame, benchmark: pl.DataFrame, items: pl.DataFrame, name: str) -> dict:
    """Counts, rates with Wilson intervals, outcomes, contamination, versions and definitions of one table of grades.

    Args:
        items: table `contaminated_items`; counted are the evaluated items that any training row overlapped with.
        name: what to call the grades in an error.

    Raises:
        ScoreError: a graded query is not in the benchmark.
    """
    strangers = grades.join(benchmark, on="query_id", how="anti")
    if len(strangers):
        raise ScoreError(f"{name}: query '{strangers['query_id'][0]}' is not in benchmark '{benchmark['dataset'][0]}'")
    graded = metrics.usable(grades)
    n, correct = len(graded), int(graded["strict"].sum())
    low, high = statistics.wilson(correct, n)
    evaluated = set(grades["query_id"])
    found = items.filter(pl.col("query_id").is_in(evaluated) & (pl.col("benchmark") == benchmark["dataset"][0]))
    return {
        "n": n,
        "correct": correct,
        "accuracy": metrics.rate(graded, "strict"),
        "accuracy_low": low,
        "accuracy_high": high,
        "lenient_accuracy": metrics.rate(graded, "lenient"),
        "code_rate": metrics.rate(graded, "code_executed"),
        "code_written_rate": metrics.rate(graded, "code_written"),
        "code_decides_rate": metrics.rate(graded, "code_decides"),
        "code_first_rate": (graded["methodology"] == "code").mean() if n else None,
        "attempts": _counts(graded["attempts"]),
        "outcomes": _counts(grades["outcome"]),
        "executions": int(grades["executions"].sum()),
        "programs_failed": int(grades["programs_failed"].sum()),
        "contaminated_exact": found.filter(pl.col("overlap") == "exact")["query_id"].n_unique(),
        "contaminated": found["query_id"].n_unique(),
        "grader": grades["grader"][0],
        "versions": provenance.versions(),
        "definitions": metrics.DEFINITIONS,
    }


def _counts(series: pl.Series) -> dict[str, int]:
    return {str(value): count for value, count in sorted(series.value_counts().iter_rows())}
