"""What a stretch of prose mentions last: its last number, with the fraction, sign, formula or expression that it belongs to."""

import re

from mathcode.responses.amounts import with_unit
from mathcode.responses.expressions import (
    CURRENCY,
    FRACTION,
    MONEY_IN_GROUPS,
    NUMBER,
    QUOTIENT,
    RATIO,
    REJECTED,
    REMAINDER,
    TIME,
    expression,
)
from mathcode.responses.values import MATH, is_formula, settled


def last_value(text: str, question: str = "") -> str | None:
    """The last number of a text with the expression it belongs to: a formula's result, a fraction, a sign."""
    match = None
    for found in _LAST.finditer(text):
        if not _DENIED.search(text, max(0, found.start() - 24), found.start()) and not REJECTED.match(text, found.end()):
            match = found
    if match is None:
        return None
    near = max(0, match.start() - 400)
    for formula in MATH.finditer(text, near):
        if formula.start() <= match.start() and match.end() <= formula.end():
            content = next(group for group in formula.groups() if group is not None)
            if is_formula(content):
                return settled(re.split(r"\\(?:approx|Rightarrow|implies|to)(?![A-Za-z])", content)[0].strip().rstrip("."), question)
    whole = _whole(text, match.start(), match.end()) or match.group().strip()
    return re.sub(r"^[-−]\s?", "-", whole)


_LAST = re.compile(
    rf"(?:(?<![\w)\]}}])[-−](?=[\d$.]))?(?:{QUOTIENT}|{TIME}|{RATIO}|{MONEY_IN_GROUPS}|{FRACTION}|{CURRENCY}?{NUMBER})"
    rf"(?:{REMAINDER.pattern}|(?:\s?/\s?\d[\d,]*(?![\d/]))?(?:\s?\\?%)?)(?![\d])"
)
_STRUCTURE = re.compile(r"\\(?:[dt]?frac|sqrt|pi|cdot|times|begin)(?![A-Za-z])|\^|[π√¼½¾⅐-⅞]|\d[eE][-+]?\d|\A\([^()]{1,60},[^()]{1,60}\)\Z")
"""What tells that a number is but a part of an expression; sums and products in plain signs may be prose."""
_RELATION = re.compile(
    r"(?<![<>!=:])[=≈](?!=)|\\(?:textless|textgreater|lt|gt|leq?(?:slant)?|geq?(?:slant)?|neq?|approx|in|to|Rightarrow|therefore|because)(?![A-Za-z])"
)
_WORD = re.compile(r"[A-Za-z]{2,}|[^A-Za-z]|[A-Za-z]")


def _whole(text: str, start: int, end: int) -> str | None:
    """The expression or the amount in several units that a number belongs to; None where it stands alone."""
    line = text.rfind("\n", max(0, start - 200), start) + 1 or max(0, start - 200)
    window = text[line : end + 200].split("\n")[0]
    start, end, position = start - line, end - line, 0
    while position <= start:
        stop = expression(window, position)
        if stop <= position:
            position = _WORD.match(window, position).end()
            continue
        found = window[position:stop]
        if stop >= end:
            found = _RELATION.split(found)[-1].strip().removeprefix("{}").rstrip(".,;:").strip()
            if not _STRUCTURE.search(found) or re.search(r"(?<![\\A-Za-z{])[A-Za-z]{2,}", found) or not re.search(r"\d", found):
                return None
            return with_unit(found, window, stop)[0] if _FRACTION_END.search(found) else found
        amount, after = with_unit(found, window, stop)
        if after >= end and len(_LAST.findall(amount)) > 1:
            return amount
        position = stop
    return None


_FRACTION_END = re.compile(r"[¼½¾⅐-⅞]\Z")
_DENIED = re.compile(
    r"(?:\bnot|n't|n’t|≠|\\neq?|不是|并非|\b(?:[Rr]eject|[Dd]iscard|[Ee]xclud)(?:e|ed|ing)?|\bexcept|舍去|除了)\s{0,3}\$?(?:[A-Za-z]\s?=\s?)?\Z"
)
