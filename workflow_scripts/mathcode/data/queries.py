"""Query sets and benchmarks as tables, and deterministic draws of their rows. Readers of records are in `readers`."""

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

import polars as pl

from mathcode import tables
from mathcode.data.readers.english import Query
from mathcode.data.text import CorpusError, canonical, query_id

log = logging.getLogger(__name__)


def training_table(dataset: str, rows: Iterable[tuple[str, Query | str]], expected: int | None = None) -> pl.DataFrame:
    """Table `queries` of a training set: repeats, queries without gold and what its reader leaves out are dropped, and counted in the log.

    Raises:
        CorpusError: no row is left, or not `expected` ones.
    """
    kept: dict[str, dict[str, Any]] = {}
    dropped, contradicted = Counter(), 0
    for _, query in rows:
        if isinstance(query, str):
            dropped[query] += 1
            continue
        name = query_id(dataset, query.question)
        if not query.gold or not query.question.strip():
            dropped["without question or gold"] += 1
        elif name in kept:
            dropped["repeated"] += 1
            contradicted += kept[name]["gold"] != query.gold
        else:
            kept[name] = {"query_id": name, "dataset": dataset, **query._asdict()}
    if contradicted:
        log.warning("%s: %d rows repeat a question with another answer; the first one is kept", dataset, contradicted)
    log.info("%s: %d queries kept; dropped: %s", dataset, len(kept), dict(dropped) or "none")
    return _table(dataset, list(kept.values()), dropped, expected)


def benchmark_table(dataset: str, rows: Iterable[tuple[str, Query | str]], expected: int | None = None) -> pl.DataFrame:
    """Table `queries` of a benchmark: every item of the source, repeats included, but for those its reader leaves out with a reason.

    Raises:
        CorpusError: an item has no gold or no question, or there are not `expected` items.
    """
    items, seen, left_out, golds = [], Counter(), Counter(), defaultdict(set)
    for place, query in rows:
        if isinstance(query, str):
            left_out[query] += 1
            continue
        if not query.gold or not query.question.strip():
            raise CorpusError(f"{place}: benchmark '{dataset}': no {'question' if query.gold else 'gold answer'} can be extracted")
        text = canonical(query.question)
        items.append({"query_id": query_id(dataset, text, seen[text]), "dataset": dataset, **query._asdict()})
        seen[text] += 1
        golds[text].add(query.gold)
    if contradicted := sum(len(stated) > 1 for stated in golds.values()):
        log.warning("%s: %d questions stand there with different answers; each item is judged by its own", dataset, contradicted)
    log.info("%s: %d items, %d of them repeats; left out: %s", dataset, len(items), len(items) - len(seen), dict(left_out) or "none")
    return _table(dataset, items, left_out, expected)


def refuse_lacking(dataset: str, rows: int, dropped: Counter, expected: int | None) -> None:
    """Refuse an empty table, with what became of its rows, and one that has not as many as are expected.

    Raises:
        CorpusError: it is one of these.
    """
    if not rows:
        raise CorpusError(f"'{dataset}' has 0 rows; dropped: {dict(dropped) or 'none, so its source is empty'}")
    if expected is not None and rows != expected:
        raise CorpusError(f"'{dataset}' has {rows} rows, config/sources.yaml says {expected}")


def _table(dataset: str, rows: list[dict[str, Any]], dropped: Counter, expected: int | None) -> pl.DataFrame:
    refuse_lacking(dataset, len(rows), dropped, expected)
    return pl.DataFrame(rows, schema=tables.QUERIES.schema)


def take(frame: pl.DataFrame, rows: int | None) -> pl.DataFrame:
    """`rows` rows drawn by hash, the same ones in the same order whatever the order of `frame`; None: the frame itself.

    Works on the tables `queries` and `sft` (where a query may have several solutions).
    """
    if rows is None:
        return frame
    keys = [column for column in ("query_id", "methodology", "solution") if column in frame.columns]
    return _shuffled(frame, "take", keys).head(rows)


def without_repeats(frame: pl.DataFrame) -> pl.DataFrame:
    """Keep the first row of each question; in the table `sft`, of each pair of question and solution. Order stays."""
    questions = frame["question"].map_elements(canonical, return_dtype=pl.String)
    keys = ["_question"] + [column for column in ("solution",) if column in frame.columns]
    return frame.with_columns(questions.alias("_question")).unique(keys, keep="first", maintain_order=True).drop("_question")


def slice_for_iteration(queries: pl.DataFrame, rows: int, iteration: int, seed: int) -> pl.DataFrame:
    """The n-th slice of `rows` shuffled queries, n = `iteration` from 1; all of them if there are fewer.

    Slices wrap round at the end of the queries. No query comes twice in one slice.
    """
    shuffled = _shuffled(queries, str(seed), ["query_id"])
    rows = min(rows, shuffled.height)
    start = (iteration - 1) * rows
    return shuffled[[(start + offset) % shuffled.height for offset in range(rows)]]


def _shuffled(frame: pl.DataFrame, salt: str, keys: list[str]) -> pl.DataFrame:
    """Rows in the order of a hash of `salt` and the key columns."""
    order = [hashlib.sha256("\n".join((salt, *row)).encode()).hexdigest() for row in frame.select(keys).iter_rows()]
    return frame.with_columns(pl.Series("_order", order, dtype=pl.String)).sort("_order").drop("_order")
