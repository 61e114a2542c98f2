"""The oracle: a judge that compares with the plain values of an answer, which only generated questions have, and not with the gold.

So it is told nothing of the form in which a site wrote its reference. What a program prints is compared value by value, in order:
`print(16, 11)` separates values by blanks alone, which the exact judge rightly takes for no list, and in a list it leaves the order open.
"""

import re
from collections.abc import Callable, Sequence
from typing import Self

from mathcode import settings
from mathcode.grading import equality
from mathcode.grading.judge import Case, Verdict, shown

_BETWEEN = re.compile(r"[\s,，、]+")


class OracleJudge:
    """Accepts a case whose answer is the values of its question: all of them, in order, and nothing else."""

    name = "oracle-1"
    compares_with = "values"

    def __init__(self, limits: settings.Grading):
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error) -> None:
        pass

    def judge(self, cases: Sequence[Case], progress: Callable[[int], object] | None = None) -> list[Verdict]:
        """A verdict for each case, whose `gold` is the values."""
        if progress:
            progress(len(cases))
        return [_verdict(case) for case in cases]


def same_values(values: str, answer: str) -> bool:
    """Whether an answer is these values in this order, separated by blanks or commas, in brackets or not."""
    wanted, given = _separated(values), _separated(answer)
    return len(wanted) == len(given) and all(map(_same, wanted, given))


def _separated(text: str) -> list[str]:
    return _BETWEEN.split(text.strip().strip("()[]").strip())


def _same(wanted: str, given: str) -> bool:
    """Whether two numerals are equal, by the numeric policy of the exact judge: what floating point leaves does not count."""
    return equality.numeric_equal(wanted, given) is True


def _verdict(case: Case) -> Verdict:
    """By the answer that counts; where that is the end of what a program printed, also by all of that, or by its last line."""
    if case.answer is None:
        return Verdict("no_answer", False, False)
    text = (shown(case) or "").strip()
    accepted = any(same_values(case.gold, one) for one in (case.answer, text, text.rpartition("\n")[2]))
    lenient = accepted or any(same_values(case.gold, answer) for answer in case.stated)
    return Verdict("correct" if accepted else "wrong", accepted, lenient)
