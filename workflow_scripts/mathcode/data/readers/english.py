r"""Readers of English query sets and benchmarks: one small function per record format.

A reader turns one record into a `Query`. Its gold is the reference answer as text: the part after #### (GSM8K), inside the last
\boxed{}, or inside all of them where several answers are asked for (MATH), without unit (ASDiv), without dollar signs. An empty gold
means that the source gives none.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from mathcode.data.readers.record_types import NUMBER, TEXT, TEXT_OR_NULL, TEXT_OR_NUMBER, TEXTS, reads
from mathcode.data.text import Record, plain, without_dollars
from mathcode.responses.boxes import boxes

_SEVERAL = re.compile(r"\b(?:separated by (?:comma|semicolon)|(?:find|list|give|enter) all\b)", re.IGNORECASE)
"""What a question of MATH says that asks for several answers."""
_ACCEPTED = re.compile(r"\$?\s+is also (?:an )?accept(?:ed|able)")
"""What a solution of MATH says of a box that is not the answer it arrived at."""


class Query(NamedTuple):
    """What a reader makes of one record."""

    question: str
    gold: str
    level: str | None = None
    type: str | None = None
    language: str = "en"
    values: str | None = None
    """The plain values of the answer, comma-separated, where a generator knows them."""


@reads(question=TEXT, answer=TEXT)
def gsm8k(record: Record) -> Query:
    """GSM8K: the gold follows ####; thousands separators dropped."""
    return Query(record["question"], record["answer"].rpartition("####")[2].strip().replace(",", "") if "####" in record["answer"] else "")


@reads(problem=TEXT, solution=TEXT, level=TEXT_OR_NULL, type=TEXT_OR_NULL)
def math(record: Record) -> Query:
    """MATH: the gold is what the solution boxes (the `answer` field of some copies is normalised and may be empty)."""
    return Query(record["problem"], _boxed(record["problem"], record["solution"]), record["level"], record["type"])


def _boxed(problem: str, solution: str) -> str:
    """The last box of a solution; all of them where each holds one of several answers."""
    found = [box.content for box in boxes(solution) if not _ACCEPTED.match(solution, box.end)]
    return ", ".join(dict.fromkeys(found) if _SEVERAL.search(problem) else found[-1:])


@reads(problem=TEXT, answer=TEXT, level=TEXT_OR_NUMBER, subject=TEXT_OR_NULL)
def math500(record: Record) -> Query:
    """MATH-500: `answer` is the source's own extraction."""
    return Query(record["problem"], record["answer"], f"Level {record['level']}", record["subject"])


@reads(question=TEXT, answer=TEXT, source=TEXT_OR_NULL)
def gaokao2023en(record: Record) -> Query:
    """GaoKao 2023 (English): two records hold their answer in the question and none in `answer`; it is moved there."""
    question, gold = record["question"], record["answer"].removesuffix("solution:")
    if not gold:
        question, _, gold = (part.strip() for part in re.split(r"(answers?:)", question, maxsplit=1, flags=re.IGNORECASE))
    return Query(question, without_dollars(gold), None, record["source"])


@reads(question=TEXT, final_answer=TEXTS, answer_type=TEXT_OR_NULL, subfield=TEXT_OR_NULL)
def olympiadbench(record: Record) -> Query:
    """OlympiadBench, open-ended English mathematics: `final_answer` is a list."""
    return Query(
        record["question"],
        ", ".join(without_dollars(answer) for answer in record["final_answer"]),
        record["answer_type"],
        record["subfield"],
    )


@reads(question=TEXT, answer=TEXT, data_topic=TEXT_OR_NULL)
def college_math(record: Record) -> Query:
    """CollegeMath: the gold stands between dollar signs, or not."""
    return Query(record["question"], without_dollars(record["answer"]), None, record["data_topic"])


@reads(body=TEXT, question=TEXT, answer=TEXT, solution_type=TEXT_OR_NULL)
def asdiv(record: Record) -> Query:
    """ASDiv: body and question; the unit in brackets, which holds no digit, is dropped from the gold."""
    return Query(
        f"{record['body'].strip()} {record['question'].strip()}",
        re.sub(r"\([^()\d]*\)", "", record["answer"]).strip(),
        None,
        record["solution_type"],
    )


@reads(Body=TEXT, Question=TEXT, Answer=NUMBER, Type=TEXT_OR_NULL)
def svamp(record: Record) -> Query:
    """SVAMP: body and question; some bodies lack their full stop."""
    body = record["Body"].strip()
    return Query(
        f"{body if body.endswith('.') else body + '.'} {record['Question'].strip()}", plain(record["Answer"]), None, record["Type"]
    )


@reads(input=TEXT, target=NUMBER, type=TEXT_OR_NULL)
def mawps(record: Record) -> Query:
    """MAWPS: input and numeric target."""
    return Query(record["input"], plain(record["target"]), None, record["type"])


@reads(question=TEXT, answer=TEXT, grade=TEXT_OR_NUMBER)
def cmath(record: Record) -> Query:
    """CMATH: Chinese primary school; the level is the grade."""
    return Query(record["question"], record["answer"], str(record["grade"]), language="zh")


@reads(problem=TEXT, answer=NUMBER)
def aime24(record: Record) -> Query:
    """AIME 2024: answers have leading zeros."""
    return Query(record["problem"], plain(record["answer"]))


@reads(question=TEXT, answer=NUMBER)
def amc23(record: Record) -> Query:
    """AMC 2023: numeric answers."""
    return Query(record["question"], plain(record["answer"]))


@reads(question=TEXT, answer=TEXT, kind=TEXT, family=TEXT)
def arithmetic(record: Record) -> Query:
    """Questions of `mathcode.data.arithmetic`."""
    return Query(record["question"], record["answer"], record["kind"], record["family"])


READERS: dict[str, Callable[[Record], Query]] = {
    reader.__name__: reader
    for reader in (gsm8k, math, math500, gaokao2023en, olympiadbench, college_math, asdiv, svamp, mawps, cmath, aime24, amc23, arithmetic)
}
