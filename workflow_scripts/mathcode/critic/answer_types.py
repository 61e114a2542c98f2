"""What kind of answer a reference is: the strata in which a critic is measured."""

import re

from mathcode.grading import lenient

ANSWER_TYPES = ("integer", "decimal", "fraction", "percent", "several", "choice", "expression", "text")
_CHOICE = re.compile(r"\(?[A-E]\)?\.?")
_MATHEMATICS = re.compile(r"[\\^=√π<>≤≥]|[\d)]\s?[A-Za-z](?![A-Za-z])|\b[A-Za-z]\b\s?[-+*/]")

_HYPHEN = re.compile(r"(?<=[A-Za-z]{2})-(?=[A-Za-z]{2})")
"""What stands between two words is no minus."""


def answer_type(gold: str) -> str:
    """The type of a reference answer, one of ANSWER_TYPES."""
    text = gold.strip().strip("$").strip()
    if _CHOICE.fullmatch(text):
        return "choice"
    if lenient.is_expression(_HYPHEN.sub(" ", text)):
        return "expression"
    read = lenient.numbers(text)
    if len(read) > 1:
        return "several"
    if len(read) == 1:
        number = read[0]
        return "percent" if number.percent else "decimal" if number.decimal else "integer" if number.value.denominator == 1 else "fraction"
    return "expression" if _MATHEMATICS.search(text[: lenient.MAX_CHARS]) else "text"
