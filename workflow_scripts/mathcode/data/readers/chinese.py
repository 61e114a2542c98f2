r"""Readers of Chinese query sets and benchmarks: school word problems, GSM8K in translation, and the university entrance exam.

Golds stay in the source's own form: Ape210K writes (11/20), 5((7)/(10)) for 5 7/10, 20%, and now and then a sum that nobody worked
out, 160/(1-20%). To read them is the judge's work, and a reason to have one that learns.
"""

import re
from collections.abc import Callable

from mathcode.data.readers.english import Query
from mathcode.data.readers.options import with_options
from mathcode.data.text import Record, without_dollars

CHINESE = "zh"


def ape210k(record: Record) -> Query:
    """Ape210K: primary school word problems."""
    return Query(record["question"], record["answer"].strip(), language=CHINESE)


def math23k(record: Record) -> Query:
    """Math23K: primary school word problems; fractions in brackets, percentages as such."""
    return Query(record["question"], record["answer"].strip(), language=CHINESE)


def cmath1098(record: Record) -> Query:
    """CMATH, the part of 1,098 items; "grade 2" is level 2, as in its part of 600."""
    return Query(record["question"], record["answer"].strip(), record["level"].removeprefix("grade "), language=CHINESE)


def mgsm_zh(record: Record) -> Query:
    """MGSM: 250 questions of GSM8K test in Chinese; thousands separators dropped, as in GSM8K."""
    return Query(record["question"], record["answer"].strip().replace(",", ""), language=CHINESE)


def gaokao_fill_in(record: Record) -> Query:
    """Gaps to fill in of the entrance exam, from AGIEval; several answers are separated by semicolons."""
    return Query(record["question"], without_dollars(record["answer"]), type=record["origin"], language=CHINESE)


def gaokao_choice(record: Record) -> Query:
    """Multiple choice of the entrance exam, from AGIEval; the gold is a letter."""
    return Query(with_options(record["question"], record["options"]), record["answer"], type=record["origin"], language=CHINESE)


def gaokaobench_choice(record: Record) -> Query | str:
    """GAOKAO-Bench, multiple choice: options stand in the question, the gold is a letter or several."""
    return _gaokaobench(record, "choice")


def gaokaobench_fill_in(record: Record) -> Query | str:
    """GAOKAO-Bench, gaps to fill in: intervals, equations, several values; two ways to write a value are separated by ##."""
    query = _gaokaobench(record, "fill_in")
    return query if isinstance(query, str) else query._replace(gold=_mended(query.gold))


def gaokaobench_open_ended(record: Record) -> Query | str:
    """GAOKAO-Bench, worked problems: the gold is a whole solution with its parts (1), (2)."""
    return _gaokaobench(record, "open_ended")


READERS: dict[str, Callable[[Record], Query | str]] = {
    reader.__name__: reader
    for reader in (
        ape210k,
        math23k,
        cmath1098,
        mgsm_zh,
        gaokao_fill_in,
        gaokao_choice,
        gaokaobench_choice,
        gaokaobench_fill_in,
        gaokaobench_open_ended,
    )
}


def _gaokaobench(record: Record, kind: str) -> Query | str:
    if record["kind"] != kind:
        return "of another kind"
    gold = record["answer"].strip() if kind == "open_ended" else without_dollars(record["answer"]).removesuffix(".").strip()
    return Query(record["question"].strip(), gold, record["year"], kind, CHINESE)


def _mended(gold: str) -> str:
    """A gold without what its transcription left in it: a gap behind a decimal point, a brace that closes nothing."""
    gold = re.sub(r"(?<=\d\.) (?=\d)", "", re.sub(r"\s*\\#\s*\\#\s*", " or ", gold))
    return gold.removesuffix("}") if gold.count("}") > gold.count("{") else gold
