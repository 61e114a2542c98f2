r"""Query sets and benchmarks: one small reader per record format, gold answers, stable ids, and deterministic draws.

A reader turns one record into a `Query`. Its gold is the reference answer as text: the part after #### (GSM8K), inside the last
\boxed{} (MATH), without unit (ASDiv), without dollar signs. An empty gold means that the source gives none.
"""

import hashlib
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

import polars as pl

from autocode import tables

log = logging.getLogger(__name__)

Record = dict[str, Any]
Row = TypeVar("Row")
_BRACE = re.compile(r"\\[{}\\]|[{}]")
"""A brace; an escaped one is matched too, so that it is passed over."""
_BOX = re.compile(r"\\(?:boxed|fbox|framebox)\s*")


class CorpusError(Exception):
    """A record or a table is not what its declaration promises."""


class Query(NamedTuple):
    """What a reader makes of one record."""

    question: str
    gold: str
    level: str | None = None
    type: str | None = None


# ---------------------------------------------------------------------------------------------- text


def boxes(text: str) -> list[tuple[int, int, str]]:
    r"""Start, end and content of every \boxed{}, \fbox{}, \framebox{} with balanced braces; \boxed 7 counts too."""
    found, position = [], 0
    while match := _BOX.search(text, position):
        start, position = match.span()
        if text[position : position + 1] != "{":
            end = position + len(re.match(r"[^\s$.,;]*", text[position:]).group())
            content = text[position:end]
        elif (end := _closing_brace(text, position)) is None:
            continue
        else:
            content = text[position + 1 : end - 1]
        found.append((start, end, content.strip()))
        position = max(end, position)
    return found


def last_box(text: str) -> str:
    """Content of the last box, or "" without one."""
    found = boxes(text)
    return found[-1][2] if found else ""


def unboxed(text: str) -> str:
    """The text with every box replaced by its content."""
    for start, end, content in reversed(boxes(text)):
        text = text[:start] + content + text[end:]
    return text


def _closing_brace(text: str, opening: int) -> int | None:
    """Position after the brace that closes the one at `opening`."""
    depth = 0
    for match in _BRACE.finditer(text, opening):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0 and match[0] == "}":
            return match.end()
    return None


def without_dollars(text: str) -> str:
    r"""The text without mathematics and currency signs: "$\$ 3040$" is "3040"."""
    return re.sub(r"\\\$\s*|\$", "", text).strip()


def plain(value: Any) -> str:
    """A number as text, whole numbers without decimals: 145.0 is "145"."""
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)


# ------------------------------------------------------------------------------------------- readers


def gsm8k(record: Record) -> Query:
    """GSM8K: the gold follows ####; thousands separators dropped."""
    return Query(record["question"], record["answer"].rpartition("####")[2].strip().replace(",", "") if "####" in record["answer"] else "")


def math(record: Record) -> Query:
    """MATH: the gold is the last box of the solution (the `answer` field of some copies is normalised and may be empty)."""
    return Query(record["problem"], last_box(record["solution"]), record["level"], record["type"])


def math500(record: Record) -> Query:
    """MATH-500: `answer` is the source's own extraction."""
    return Query(record["problem"], record["answer"], f"Level {record['level']}", record["subject"])


def gaokao2023en(record: Record) -> Query:
    """GaoKao 2023 (English): two records hold their answer in the question and none in `answer`; it is moved there."""
    question, gold = record["question"], record["answer"].removesuffix("solution:")
    if not gold:
        question, _, gold = (part.strip() for part in re.split(r"(answers?:)", question, maxsplit=1, flags=re.IGNORECASE))
    return Query(question, without_dollars(gold), None, record["source"])


def olympiadbench(record: Record) -> Query:
    """OlympiadBench, open-ended English mathematics: `final_answer` is a list."""
    return Query(
        record["question"],
        ", ".join(without_dollars(answer) for answer in record["final_answer"]),
        record["answer_type"],
        record["subfield"],
    )


def college_math(record: Record) -> Query:
    """CollegeMath: the gold stands between dollar signs, or not."""
    return Query(record["question"], without_dollars(record["answer"]), None, record["data_topic"])


def asdiv(record: Record) -> Query:
    """ASDiv: body and question; the unit in brackets is dropped from the gold."""
    return Query(
        f"{record['body'].strip()} {record['question'].strip()}",
        re.sub(r"\(.*?\)", "", record["answer"]).strip(),
        None,
        record["solution_type"],
    )


def svamp(record: Record) -> Query:
    """SVAMP: body and question; some bodies lack their full stop."""
    body = record["Body"].strip()
    return Query(
        f"{body if body.endswith('.') else body + '.'} {record['Question'].strip()}", plain(record["Answer"]), None, record["Type"]
    )


def mawps(record: Record) -> Query:
    """MAWPS: input and numeric target."""
    return Query(record["input"], plain(record["target"]), None, record["type"])


def cmath(record: Record) -> Query:
    """CMATH: Chinese primary school; the level is the grade."""
    return Query(record["question"], record["answer"], str(record["grade"]))


def aime24(record: Record) -> Query:
    """AIME 2024: answers have leading zeros."""
    return Query(record["problem"], str(int(record["answer"])))


def amc23(record: Record) -> Query:
    """AMC 2023: numeric answers."""
    return Query(record["question"], plain(record["answer"]))


def arithmetic(record: Record) -> Query:
    """Questions of `autocode.arithmetic`."""
    return Query(record["question"], record["answer"], record["kind"], record["family"])


READERS: dict[str, Callable[[Record], Query]] = {
    reader.__name__: reader
    for reader in (gsm8k, math, math500, gaokao2023en, olympiadbench, college_math, asdiv, svamp, mawps, cmath, aime24, amc23, arithmetic)
}


def read_all(records: Iterable[tuple[str, Record]], readers: dict[str, Callable[[Record], Row]], name: str) -> Iterator[tuple[str, Row]]:
    """Apply the reader called `name` to records that come with their place.

    Raises:
        CorpusError: no such reader, or a record lacks a key or holds something else there; names file, row and key.
    """
    if name not in readers:
        raise CorpusError(f"no reader '{name}'; there are: {', '.join(readers)}")
    for place, record in records:
        try:
            yield place, readers[name](record)
        except KeyError as error:
            raise CorpusError(f"{place}: key {error} is missing (reader '{name}')") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise CorpusError(f"{place}: reader '{name}' cannot read it ({error})") from error


# ------------------------------------------------------------------------------------------- tables


def canonical(question: str) -> str:
    """The question as ids see it: one Unicode form, single blanks. Signs stay, since 2 + 3 is not 2 - 3."""
    return " ".join(unicodedata.normalize("NFC", question).split())


def query_id(dataset: str, question: str, occurrence: int = 0) -> str:
    """Stable id of a question of a dataset: 16 hexadecimal digits; repeats inside a benchmark differ by `occurrence`."""
    parts = [dataset, canonical(question)] + ([str(occurrence)] if occurrence else [])
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def training_queries(dataset: str, rows: Iterable[tuple[str, Query]], expected: int | None = None) -> pl.DataFrame:
    """Table `queries` of a training set: repeated questions and queries without gold are dropped, and counted in the log.

    Raises:
        CorpusError: no row is left, or not `expected` ones.
    """
    kept: dict[str, dict[str, Any]] = {}
    dropped = Counter()
    for _, query in rows:
        name = query_id(dataset, query.question)
        if not query.gold or not query.question.strip():
            dropped["without question or gold"] += 1
        elif name in kept:
            dropped["repeated"] += 1
        else:
            kept[name] = {"query_id": name, "dataset": dataset, **query._asdict()}
    log.info("%s: %d queries kept; dropped: %s", dataset, len(kept), dict(dropped) or "none")
    return _table(dataset, list(kept.values()), expected)


def benchmark(dataset: str, rows: Iterable[tuple[str, Query]], expected: int | None = None) -> pl.DataFrame:
    """Table `queries` of a benchmark: every item of the source, repeats included.

    Raises:
        CorpusError: an item has no gold or no question, or there are not `expected` items.
    """
    items, seen = [], Counter()
    for place, query in rows:
        if not query.gold or not query.question.strip():
            raise CorpusError(f"{place}: benchmark '{dataset}': no {'question' if query.gold else 'gold answer'} can be extracted")
        text = canonical(query.question)
        items.append({"query_id": query_id(dataset, text, seen[text]), "dataset": dataset, **query._asdict()})
        seen[text] += 1
    log.info("%s: %d items, %d of them repeats", dataset, len(items), len(items) - len(seen))
    return _table(dataset, items, expected)


def _table(dataset: str, rows: list[dict[str, Any]], expected: int | None) -> pl.DataFrame:
    if not rows or (expected is not None and len(rows) != expected):
        raise CorpusError(f"'{dataset}' has {len(rows)} rows, config/sources.yaml says {expected or 'at least one'}")
    return pl.DataFrame(rows, schema=tables.schema("queries"))


# -------------------------------------------------------------------------------------------- draws


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
