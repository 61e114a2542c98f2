"""Judges of others that a critic is held against: the same text, the same float, and Math-Verify as its users run it."""

import math
from importlib import metadata
from pathlib import Path

from mathcode.grading.exact import ExactJudge, Grader
from mathcode.grading.judge import Case, RuleJudge, Verdict

MAX_CHARS = 1000
"""Math-Verify is not given a longer text, over which it takes seconds."""


class StringJudge(RuleJudge):
    """Accepts an answer whose text is the reference answer's, blanks around it aside."""

    name = "string-1"

    def verdict(self, case: Case) -> Verdict:
        """correct, wrong, or no_answer."""
        return self.compared(case, lambda gold, answer: gold.strip() == answer.strip())


class NumericJudge(RuleJudge):
    """Accepts an answer that Python reads as the float that the reference answer is: what most evaluation scripts do."""

    name = "numeric-1"

    def verdict(self, case: Case) -> Verdict:
        """correct, wrong, or no_answer."""
        return self.compared(case, _same_float)


def _same_float(gold: str, answer: str) -> bool:
    """Whether both are numerals and equal to six digits; thousands separators, dollar and per cent signs aside."""
    try:
        wanted, given = (float(text.strip().strip("$%").replace(",", "")) for text in (gold, answer))
    except ValueError:
        return False
    return math.isclose(wanted, given, rel_tol=1e-6)


class MathVerifyGrader(Grader):
    """Math-Verify with its own settings, in killable processes: it evaluates what a model wrote, and `9**9**9` never ends."""

    module = Path(__file__).with_name("math_verify_judge.py")

    def quick(self, gold: str, answer: str) -> str | None:
        """A text that is too long for an answer is none; nothing else is decided here."""
        return "different" if max(len(gold), len(answer)) > MAX_CHARS else None

    def named(self, gold: str, equal: bool) -> str:
        """It does not tell a reference that it cannot read from a wrong answer."""
        return "equal" if equal else "different"


class MathVerifyJudge(ExactJudge):
    """Accepts what Math-Verify accepts. It is not symmetric: the reference answer stands first."""

    name = f"math_verify-{metadata.version('math-verify')}"
    grader = MathVerifyGrader

    def accepts_output(self, case: Case) -> bool:
        """Never: it is given what stands as the answer, as its users give it."""
        return False
