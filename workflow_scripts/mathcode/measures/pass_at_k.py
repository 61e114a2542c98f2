"""Several samples of a query: is one of k right (pass@k), is the answer that k give most often right (maj@k)?

Both are unbiased: the mean over all choices of k among the n samples there are, without drawing any.
"""

import functools
from math import comb

import polars as pl

from mathcode.measures import outcomes


def pass_at_k(n: int, right: int, k: int) -> float:
    """Share of the choices of `k` among `n` samples that hold a right one (Chen et al. 2021, arXiv 2107.03374, Eq. 1).

    Raises:
        ValueError: `k` is not between 1 and `n`.
    """
    if not 1 <= k <= n:
        raise ValueError(f"{k} of {n} samples cannot be chosen")
    return 1 - comb(n - right, k) / comb(n, k)


@functools.lru_cache(maxsize=100_000)
def majority_at_k(n: int, right: int, wrong: tuple[int, ...], k: int) -> float:
    """Share of the choices of `k` among `n` samples in which the right answer is given most often; ties count by parts.

    Args:
        n: samples, those without an answer included; they do not vote.
        right: samples with the right answer.
        wrong: samples of each distinct wrong answer, sorted.

    Raises:
        ValueError: `k` is not between 1 and `n`, or there are more answers than samples.
    """
    silent = n - right - sum(wrong)
    if not 1 <= k <= n or silent < 0:
        raise ValueError(f"{k} of {n} samples cannot be chosen, {right} right and {sum(wrong)} wrong")
    won = 0.0
    for votes in range(1, min(right, k) + 1):
        for (chosen, level), ways in _below(wrong, votes, k - votes).items():
            won += comb(right, votes) * ways * comb(silent, k - votes - chosen) / (level + 1)
    return won / comb(n, k)


def _below(groups: tuple[int, ...], votes: int, most: int) -> dict[tuple[int, int], int]:
    """Ways to choose from groups so that none gives more than `votes`: by samples chosen and groups that give just as many."""
    ways = {(0, 0): 1}
    for size in groups:
        grown: dict[tuple[int, int], int] = {}
        for (chosen, level), count in ways.items():
            for more in range(min(size, votes, most - chosen) + 1):
                key = chosen + more, level + (more == votes)
                grown[key] = grown.get(key, 0) + count * comb(size, more)
        ways = grown
    return ways


def by_query(grades: pl.DataFrame, k: int) -> pl.DataFrame:
    """pass@k and maj@k of each query with at least `k` verdicts, from its graded samples in one mode.

    Right answers count as one answer, however they are written; wrong ones are told apart by their text.

    Returns:
        Columns query_id, pass_at_k and maj_at_k, sorted by query_id.
    """
    rows = outcomes.usable(grades)
    right = pl.col("strict").sum().alias("right")
    tallies = rows.group_by("query_id").agg(pl.len().alias("n"), right).filter(pl.col("n") >= k)
    answers = rows.filter(~pl.col("strict")).drop_nulls("answer").group_by("query_id", "answer").len()
    wrong = answers.group_by("query_id").agg(pl.col("len").sort().alias("wrong"))
    counted = tallies.join(wrong, on="query_id", how="left").sort("query_id")
    found = [
        (query, pass_at_k(n, correct, k), majority_at_k(n, correct, tuple(others or ()), k))
        for query, n, correct, others in counted.select("query_id", "n", "right", "wrong").iter_rows()
    ]
    return pl.DataFrame(found, schema={"query_id": pl.String, "pass_at_k": pl.Float64, "maj_at_k": pl.Float64}, orient="row")
