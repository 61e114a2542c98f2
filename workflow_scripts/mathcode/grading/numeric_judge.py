"""Judges the pairs of answers that take real numbers to tell apart; preloaded into the interpreter's workers by `mathcode.grading.exact`.

Only here are the expressions that a model wrote evaluated, to a fixed number of digits, in a forked process that is killed at its
limit. On import it tests itself: a worker whose arithmetic is wrong does not start.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from mathcode.grading import equality


def verdicts(*texts: str) -> str:
    """One letter for each pair of reference answer and answer, which stand one after the other: `=` equal, `/` different."""
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return "".join("=" if equality.numerically_equal(gold, answer) else "/" for gold, answer in pairs)


def self_test() -> None:
    """Refuse to serve with an arithmetic that errs."""
    golden = {
        (r"\frac{\sqrt{3}}{2}", r"\sin 60^\circ"): True,
        (r"\log_{2} 3", r"\frac{\ln 3}{\ln 2}"): True,
        (r"\sqrt{2}+\sqrt{3}", r"\sqrt{5+2\sqrt{6}}"): True,
        (r"2\sin x\cos x", r"\sin 2x"): True,
        (r"\sin x", r"\cos x"): False,
        (r"e^{x}", r"e^{-x}"): False,
        (r"\ln |x|", r"\ln x"): False,
    }
    for (gold, answer), expected in golden.items():
        if equality.numerically_equal(gold, answer) is not expected:
            raise RuntimeError(f"the arithmetic misjudges {gold} against {answer}")


self_test()
