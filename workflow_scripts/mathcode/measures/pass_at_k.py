"""Several samples of a query: is one of k right (pass@k), is the answer that k give most often right (maj@k)?

Both are unbiased: the mean over all choices of k among the n samples there are, without drawing any. So the order of samples says
nothing: where answers are given equally often, each counts as its share.
"""

import functools
from collections import Counter
from collections.abc import Callable
from itertools import combinations
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


Equal = Callable[[str, str], bool]
"""Whether two answers are one, in whatever order they are given."""


def tallies(grades: pl.DataFrame, equal: Equal) -> pl.DataFrame:
    """How the samples of each query in one mode voted; responses without a verdict are left out.

    Right answers are one answer, however they are written, and so are wrong ones that are `equal`. A sample without an answer has no vote.

    Returns:
        Columns query_id, n (samples), right, and wrong (samples of each wrong answer, rising), sorted by query_id.
    """
    rows = outcomes.usable(grades)
    counted = rows.group_by("query_id").agg(pl.len().alias("n"), pl.col("strict").sum().alias("right"))
    stated = rows.filter(~pl.col("strict") & (pl.col("answer").fill_null("").str.strip_chars() != ""))
    wrong: dict[str, dict[str, int]] = {}
    for query, answer, count in stated.group_by("query_id", "answer").len().sort("query_id", "answer").iter_rows():
        wrong.setdefault(query, {})[answer] = count
    found = [(*row, _sizes(wrong.get(row[0], {}), equal)) for row in counted.sort("query_id").iter_rows()]
    return pl.DataFrame(found, schema={"query_id": pl.String, "n": pl.Int64, "right": pl.Int64, "wrong": pl.List(pl.Int64)}, orient="row")


def _sizes(counts: dict[str, int], equal: Equal) -> list[int]:
    """Samples of each answer, those of equal ones together; answers that a third is equal to are equal."""
    group = {answer: answer for answer in counts}
    for one, other in combinations(counts, 2):
        if group[one] != group[other] and equal(one, other):
            left, joined = group[other], group[one]
            group = {answer: joined if held == left else held for answer, held in group.items()}
    sizes: Counter[str] = Counter()
    for answer, count in counts.items():
        sizes[group[answer]] += count
    return sorted(sizes.values())


def by_query(tallied: pl.DataFrame, k: int) -> pl.DataFrame:
    """pass@k and maj@k of each query with at least `k` samples; queries with fewer are left out, not filled up.

    Args:
        tallied: as `tallies` makes it.

    Returns:
        Columns query_id, pass_at_k and maj_at_k, sorted by query_id.
    """
    found = [
        (query, pass_at_k(n, right, k), majority_at_k(n, right, tuple(wrong), k))
        for query, n, right, wrong in tallied.filter(pl.col("n") >= k).select("query_id", "n", "right", "wrong").iter_rows()
    ]
    return pl.DataFrame(found, schema={"query_id": pl.String, "pass_at_k": pl.Float64, "maj_at_k": pl.Float64}, orient="row")
