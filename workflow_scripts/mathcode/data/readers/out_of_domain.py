"""Readers of English benchmarks far from GSM8K and MATH: algebra drills, theorems, university sciences, examinations by choice."""

import re
from collections.abc import Callable

from mathcode.data.readers.english import Query
from mathcode.data.readers.options import with_options
from mathcode.data.text import Record

_SORTED = re.compile(r"\A-?\d+(?: -?\d+)+\Z")


def deepmind(record: Record) -> Query | str:
    """1,000 items of DeepMind Mathematics, one of the four sets of its file; sorted numbers become a list, whose order counts."""
    query = _of_set(record, "deepmind")
    return query if isinstance(query, str) else query._replace(gold=_SORTED.sub(_listed, query.gold))


def simuleq(record: Record) -> Query | str:
    """SimulEq: the gold is one of the two unknowns that many of its questions ask for."""
    return _of_set(record, "simuleq")


def numglue(record: Record) -> Query | str:
    """NumGLUE: numbers, and words where a statement is to be judged; type is the source's."""
    return _of_set(record, "numglue")


def aqua(record: Record) -> Query | str:
    """AQuA-RAT: multiple choice, the gold is a letter."""
    query = _of_set(record, "aqua")
    return query if isinstance(query, str) else query._replace(question=with_options(query.question, record["options"]))


def theoremqa(record: Record) -> Query | str:
    """TheoremQA, without the items that need a picture; lists are JSON, truth is true or false."""
    return "needs its picture" if record["picture"] else Query(record["question"], record["answer"], record["kind"], record["topic"])


def scibench(record: Record) -> Query:
    """SciBench: the gold is a number without its unit, so the question says the unit, which may hold a power of ten."""
    unit = record["unit"].strip()
    question = f"{record['question']} The unit of the answer is {unit}." if unit else record["question"]
    return Query(question, record["answer"].strip(), record["level"], record["topic"])


def mmlu_stem(record: Record) -> Query:
    """The mathematics and sciences of MMLU: multiple choice, the gold is a letter."""
    options = ["None" if isinstance(option, float) else option for option in record["options"]]  # pandas took the word for no value
    return Query(with_options(record["question"], options), record["answer"], None, record["topic"])


READERS: dict[str, Callable[[Record], Query | str]] = {
    reader.__name__: reader for reader in (deepmind, simuleq, numglue, aqua, theoremqa, scibench, mmlu_stem)
}


def _of_set(record: Record, name: str) -> Query | str:
    if record["id"].partition(":")[0] != name:
        return "of another set"
    return Query(record["question"], record["answer"].strip(), None, record.get("topic"))


def _listed(found: re.Match) -> str:
    return f"[{found[0].replace(' ', ', ')}]"
