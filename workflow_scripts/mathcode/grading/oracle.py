"""The oracle: a judge that compares with the plain values of an answer, which only generated questions have, and not with the gold.

So it is told nothing of the form in which a site wrote its reference. What a program prints is compared value by value, in order; in a
list with commas the exact judge leaves the order open.
"""

import re

from mathcode.grading import equality
from mathcode.grading.judge import Case, RuleJudge, Verdict

_BETWEEN = re.compile(r"[\s,，、]+")


class OracleJudge(RuleJudge):
    """Accepts a case whose answer is the values of its question: all of them, in order, and nothing else."""

    name = "oracle-2"
    compares_with = "values"

    def verdict(self, case: Case) -> Verdict:
        """correct, wrong, or no_answer; the `gold` of the case is the values."""
        return self.compared(case, same_values)


def same_values(values: str, answer: str) -> bool:
    """Whether an answer is these values in this order, separated by blanks or commas, in brackets or not."""
    wanted, given = _separated(values), _separated(answer)
    return len(wanted) == len(given) and all(map(_same, wanted, given))


def _separated(text: str) -> list[str]:
    return _BETWEEN.split(text.strip().strip("()[]").strip())


def _same(wanted: str, given: str) -> bool:
    """Whether two numerals are equal, by the numeric policy of the exact judge, or two words are the same but for capitals.

    What floating point leaves does not count.
    """
    if wanted.isalpha():  # a name, a day of the week
        return wanted.casefold() == given.casefold()
    return equality.numeric_equal(wanted, given) is True
