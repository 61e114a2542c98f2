"""Rows of the table of pass@k and maj@k: every choice of k samples of a query is looked at."""

from collections import Counter
from itertools import combinations

import numpy as np
from scipy import stats

from support.recomputed.cells import cells, mean
from support.recomputed.finished_run import Run, usable
from support.recomputed.intervals import cut, interval, named

EXPLORED = "explored queries"


def place_of_samples(row: dict) -> str:
    if row["benchmark"] == EXPLORED:
        return f"explore/{'native' if row['mode'] == 'auto' else row['mode']}/queries/exact"
    return f"eval/{row['mode']}_sampled/{row['benchmark']}/exact"


def numbers_of_samples(run: Run, row: dict) -> list[int]:
    """Powers of two below the most samples that a query has for every seed, and that number."""
    most = min(max(map(len, answers(rows).values())) for rows in run.graded(row, place_of_samples(row)))
    return [k for k in (1, 2, 4, 8, 16, 32, 64) if k < most] + [most]


def answers(rows: list[dict]) -> dict[str, list]:
    """The answers to each query, right ones all alike."""
    found: dict[str, list] = {}
    for one in usable(rows):
        found.setdefault(one["query_id"], []).append(True if one["strict"] else one["answer"])
    return found


def samples_row(run: Run, row: dict) -> dict:
    shares, graded = [], run.graded(row, place_of_samples(row))
    for rows in graded:
        choices = {query: list(combinations(given, row["k"])) for query, given in answers(rows).items() if len(given) >= row["k"]}
        shares.append(
            {query: {"pass": np.mean([True in one for one in some]), "maj": np.mean([*map(vote, some)])} for query, some in choices.items()}
        )
    common = set.intersection(*map(set, shares))
    if row["benchmark"] == EXPLORED and (len(shares) == 1 or len(common) < min(map(len, shares)) / 2):  # queries of their own
        found = {name: nested([np.array([one[name] for one in seed.values()]) for seed in shares]) for name in ("pass", "maj")}
        queries = len({query for seed in shares for query in seed})
    else:
        found = {name: interval(cells(name, shares), mean) for name in ("pass", "maj")}
        queries = len(common)
    return {
        "seeds": len(run.plan["seeds"]),
        "queries": queries,
        "left_out": len({one["query_id"] for rows in graded for one in rows}) - queries,
        **named("pass", cut(found["pass"]), "pass_at_k"),
        **named("maj", cut(found["maj"]), "maj_at_k"),
    }


def nested(seeds: list[np.ndarray]) -> list:
    """Value, low and high in percent where seeds have queries of their own: over seeds; one seed: over its queries."""
    if len(seeds) == 1:
        return interval(seeds[0][None, :, None], mean)
    means = [100 * one.mean() for one in seeds]
    return [np.mean(means), *stats.t.interval(0.95, len(means) - 1, loc=np.mean(means), scale=stats.sem(means))]


def vote(chosen: tuple) -> float:
    """The part of the right answer among those given most often; no answer is no vote."""
    votes = Counter(answer for answer in chosen if answer is not None)
    winners = [answer for answer, count in votes.items() if count == max(votes.values())]
    return winners.count(True) / len(winners) if winners else 0.0
