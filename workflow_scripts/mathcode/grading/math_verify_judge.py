"""Judges pairs of answers by Math-Verify; preloaded into the interpreter's workers by `mathcode.grading.baselines`."""

import logging

from math_verify import parse, verify

logging.disable(logging.CRITICAL)  # it logs every text that it cannot read


def verdicts(*texts: str) -> str:
    """One letter for each pair of reference answer and answer, which stand one after the other: `=` equal, `/` different."""
    return "".join("=" if equal(gold, answer) else "/" for gold, answer in zip(texts[::2], texts[1::2], strict=True))


def equal(gold: str, answer: str) -> bool:
    """Its verdict on two answers, given as the LaTeX that it looks for. What it stumbles over is not equal.

    Its own limits of time are off: the process that this runs in is killed at the judge's.
    """
    try:
        wanted, given = (parse(f"${text}$", parsing_timeout=None) for text in (gold, answer))
        return bool(verify(wanted, given, timeout_seconds=None))
    except Exception:  # what sympy raises
        return False


def warm_up() -> None:
    """Read every kind of thing once: its parser learns its grammar as it reads, and a forked process would begin anew."""
    for gold, answer in ((r"\frac{1}{2}", "0.5"), ("(1, 2]", r"\{1, 2\}"), ("x = 3", "3"), (r"\sqrt{2} + x^2", "2 apples"), ("YES", "a b")):
        equal(gold, answer)


warm_up()
