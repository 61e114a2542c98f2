"""Which benchmark items a training set already holds: word for word and sign for sign, or by a shared run of n words.

Questions are compared without their dress (`mathcode.data.wording`), not solutions. A shared run is a hint and no proof: stock phrases
("where m and n are relatively prime positive integers") flag items that nobody has leaked, so exact and n-gram overlap are counted apart.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from mathcode import tables
from mathcode.data import wording

_BASE = np.uint64(0x9E3779B97F4A7C15)
"""Odd, so that every position of a run weighs into its hash."""


@dataclass(frozen=True)
class Fingerprint:
    """Hashes of a list of questions, all uint64: one per question, and one per run of n words with its question's index."""

    texts: np.ndarray
    runs: np.ndarray
    owners: np.ndarray


@dataclass(frozen=True)
class Overlap:
    """Which training rows and which benchmark items are shared: four boolean arrays."""

    rows_exact: np.ndarray
    rows_ngram: np.ndarray
    items_exact: np.ndarray
    items_ngram: np.ndarray


@dataclass(frozen=True)
class Removal:
    """A training row that is removed, and the first benchmark item because of which it is: rows count from 0."""

    row: int
    benchmark: str
    item: int
    overlap: str


@dataclass(frozen=True)
class Comparison:
    """One training set against benchmarks: which rows stay, which do not and why, and rows for the two tables of overlap."""

    keep: np.ndarray
    removed: list[Removal]
    counts: pl.DataFrame
    items: pl.DataFrame


def fingerprint(questions: Iterable[str], n: int) -> Fingerprint:
    """Hash questions and their runs of `n` words, each with the signs before it.

    Hashes are of the text alone, so they agree between processes and machines; two different runs among 10^8 share one
    with a probability of about 10^-3.
    """
    known: dict[str, int] = {}
    texts, words, owners = [], [], []
    for index, question in enumerate(questions):
        parts = wording.words(question)
        texts.append(_hash(wording.joined(parts)))
        for word in parts:
            if word not in known:
                known[word] = _hash(word)
            words.append(known[word])
            owners.append(index)
    runs, run_owners = _runs(np.array(words, dtype=np.uint64), np.array(owners, dtype=np.int64), n)
    return Fingerprint(np.array(texts, dtype=np.uint64), runs, run_owners)


def overlap(training: Fingerprint, benchmark: Fingerprint) -> Overlap:
    """Compare a training set with a benchmark. A question without any word matches nothing."""
    nothing = np.uint64(_hash(""))
    exact = np.setdiff1d(np.intersect1d(training.texts, benchmark.texts), [nothing])
    runs = np.intersect1d(training.runs, benchmark.runs)
    return Overlap(
        rows_exact=_member(training.texts, exact),
        rows_ngram=_holders(training, runs),
        items_exact=_member(benchmark.texts, exact),
        items_ngram=_holders(benchmark, runs),
    )


def compare(dataset: str, use: str, questions: Iterable[str], benchmarks: dict[str, pl.DataFrame], n: int, remove: str) -> Comparison:
    """Compare one training dataset with some benchmarks.

    Args:
        dataset: its name.
        use: "queries" or "sft".
        questions: its questions, row by row.
        benchmarks: tables of the schema `queries`, by name.
        n: words in a run that counts as n-gram overlap.
        remove: "exact", "ngram" for exact and n-gram overlap, or "none".

    Returns:
        A boolean array of the rows to keep, what removes the others, and frames of the tables `overlap_counts` and `overlap_items`.
    """
    training = fingerprint(questions, n)
    keep = np.ones(len(training.texts), dtype=bool)
    removed, counts, items = [], [], [tables.OVERLAP_ITEMS.empty()]
    for name, benchmark in benchmarks.items():
        held = fingerprint(benchmark["question"], n)
        shared = overlap(training, held)
        drop = _removed(shared, remove)
        removed += [Removal(row, name, item, kind) for row, item, kind in _partners(training, held, np.flatnonzero(drop & keep).tolist())]
        keep &= ~drop
        counts.append(
            {
                "dataset": dataset,
                "use": use,
                "benchmark": name,
                "benchmark_items": benchmark.height,
                "exact_items": int(shared.items_exact.sum()),
                "ngram_items": int(shared.items_ngram.sum()),
                "training_rows": len(training.texts),
                "removed_rows": int(drop.sum()),
            }
        )
        items.append(_items(dataset, use, name, benchmark, shared))
    return Comparison(keep, removed, pl.DataFrame(counts, schema=tables.OVERLAP_COUNTS.schema), pl.concat(items))


def _removed(shared: Overlap, remove: str) -> np.ndarray:
    """Training rows that a benchmark removes."""
    if remove == "none":
        return np.zeros(len(shared.rows_exact), dtype=bool)
    return shared.rows_exact | shared.rows_ngram if remove == "ngram" else shared.rows_exact


def _partners(training: Fingerprint, benchmark: Fingerprint, rows: list[int]) -> Iterator[tuple[int, int, str]]:
    """Rows with the first item that has their text, or else a run of theirs; and which of the two it is."""
    if not rows:
        return
    whole = dict(zip(benchmark.texts[::-1].tolist(), range(len(benchmark.texts) - 1, -1, -1), strict=True))
    parts = dict(zip(benchmark.runs[::-1].tolist(), benchmark.owners[::-1].tolist(), strict=True))
    starts = np.searchsorted(training.owners, rows), np.searchsorted(training.owners, rows, side="right")
    for row, start, end in zip(rows, *starts, strict=True):
        item = whole.get(int(training.texts[row]))
        if item is not None:
            yield row, item, "exact"
        else:
            yield row, next(parts[run] for run in training.runs[start:end].tolist() if run in parts), "ngram"


def _items(dataset: str, use: str, name: str, benchmark: pl.DataFrame, shared: Overlap) -> pl.DataFrame:
    flagged = shared.items_exact | shared.items_ngram
    kinds = np.where(shared.items_exact[flagged], "exact", "ngram").tolist()
    columns = {"dataset": dataset, "use": use, "benchmark": name}
    frame = pl.DataFrame({"query_id": benchmark["query_id"].filter(pl.Series(flagged)), "overlap": pl.Series(kinds, dtype=pl.String)})
    return frame.select(*(pl.lit(value).alias(column) for column, value in columns.items()), "query_id", "overlap")


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _runs(words: np.ndarray, owners: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Rolling hash of every run of `n` words that lies inside one question, and whose question it is."""
    count = len(words) - n + 1
    if count <= 0:
        return np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)
    runs = np.zeros(count, dtype=np.uint64)
    for offset in range(n):
        runs *= _BASE  # wraps modulo 2^64
        runs += words[offset : offset + count]
    inside = owners[:count] == owners[n - 1 :]
    return runs[inside], owners[:count][inside]


def _holders(questions: Fingerprint, runs: np.ndarray) -> np.ndarray:
    held = np.zeros(len(questions.texts), dtype=bool)
    held[questions.owners[_member(questions.runs, runs)]] = True
    return held


def _member(values: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """`values` in the sorted array `chosen`; far quicker than np.isin where `chosen` is short."""
    if not len(chosen):
        return np.zeros(len(values), dtype=bool)
    return chosen[np.minimum(np.searchsorted(chosen, values), len(chosen) - 1)] == values
