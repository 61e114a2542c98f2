"""What a stretch of prose mentions last: its last number, with the fraction, sign, formula or expression that it belongs to."""

import re
from collections.abc import Iterator

from mathcode.responses.amounts import magnified, with_unit
from mathcode.responses.expressions import (
    CURRENCY,
    FRACTION,
    FUNCTION,
    IN_GROUPS,
    NUMBER,
    QUOTIENT,
    RATIO,
    RECURRING,
    REJECTED,
    REMAINDER,
    TIME,
    expression,
)
from mathcode.responses.signs import BELOW, SIGN, plain
from mathcode.responses.values import DATE, INEQUALITY, MATH, bounds, is_formula, settled, stated


def last_value(text: str, question: str = "", place: int | None = None) -> str | None:
    """The last number of a text with the expression it belongs to: a formula's result, a fraction, a sign.

    Args:
        question: text of the question, which may ask for a left side such as m + n.
        place: where another number stands that is meant instead of the last.
    """
    match = None
    for found in _LAST.finditer(text):
        if place is not None and found.start() > place:
            break
        if not denied(text, max(0, found.start() - 24), found.start(), question) and not REJECTED.match(text, found.end()):
            match = found
    if match is None:
        return None
    near = max(0, match.start() - 400)
    for formula in MATH.finditer(text, near):
        if formula.start() <= match.start() and match.end() <= formula.end():
            content = next(group for group in formula.groups() if group is not None)
            if is_formula(content):
                return settled(re.split(r"\\(?:approx|Rightarrow|implies|to)(?![A-Za-z])", content)[0].strip().rstrip("."), question)
    whole = _whole(text, match.start(), match.end(), question)
    if whole is None:
        amount, end = magnified(match.group().strip(), text, match.end(), question)
        whole = f"-{amount}" if BELOW.match(text, end) or _DEGREES_BELOW.match(text, end) else amount
    return plain(whole)


_DEGREES_BELOW = re.compile(r"\s?(?:°C?|degrees?(?: (?:Celsius|Fahrenheit))?)\s+below\s+zero(?![A-Za-z])", re.IGNORECASE)


def equation(text: str, start: int, sign: int, question: str = "") -> tuple[str, int] | None:
    """The equation that a sign of equality stands in, and its end, if it is one of unknowns and states no value: x - y + 1 = 0, not x = 5.

    Args:
        start: of the sentence.
    """
    window = text[start : sign + 200]
    held = next((span for span in _expressions(window, 0, sign - start) if span[0] < sign - start < span[1]), None)
    if held is None:
        return None
    found = window[held[0] : held[1]].strip().rstrip(".,;:")
    return (found, start + held[1]) if _of_unknowns(found, window[: held[0]], question) else None


def _of_unknowns(found: str, before: str, question: str) -> bool:
    """Whether an equation is a line's, a function's or has to be solved: what stands behind its sign is no value."""
    left, _, right = found.partition("=")
    if "=" in right or not re.search(r"[A-Za-z]", left) or settled(found, question) != found:
        return False
    if _ASSIGNED.fullmatch(left.strip() + "="):
        return re.search(r"(?<![A-Za-z])[a-z](?![A-Za-z])", right) is not None and re.search(r"[-+^]", right) is not None
    return right.strip() == "0" or ("x" in left and "y" in left and _CURVES.search(before) is not None)


def _expressions(text: str, start: int, last: int) -> Iterator[tuple[int, int]]:
    """The expressions of a stretch that begin at or before a place."""
    position = start
    while position <= last:
        stop = expression(text, position)
        if stop > position:
            yield position, stop
            position = stop
        else:
            position = _WORD.match(text, position).end()


_LAST = re.compile(
    rf"{SIGN}?(?:{QUOTIENT}|{TIME}|{RATIO}|{IN_GROUPS}|{FRACTION}|{RECURRING}|{CURRENCY}?{NUMBER})"
    rf"(?:{REMAINDER.pattern}|(?:\s?/\s?\d[\d,]*(?![\d/]))?(?:\s?(?:\\?%|‰))?)(?![\d])"
)
_STRUCTURE = re.compile(
    r"\\(?:[dt]?frac|sqrt|pi|cdot|times|begin)(?![A-Za-z])|\^|(?<![mn])[⁰ⁱ-ⁿ¹²³]|±\d|[π√∛∜¼½¾⅐-⅞]|\d[eE][-+]?\d|"
    rf"\A[A-Z]?[(\[][^()\[\]]{{1,60}},[^()\[\]]{{1,60}}[)\]]\Z|\A\\?\{{.{{1,100}}\}}\Z|{FUNCTION}(?![A-Za-z])"
)
"""What tells that a number is but a part of an expression; sums and products in plain signs may be prose."""
_RELATION = re.compile(
    r"(?<![<>!=:])[=≈](?!=)|\\(?:textless|textgreater|lt|gt|leq?(?:slant)?|geq?(?:slant)?|neq?|approx|in|to|Rightarrow|therefore|because)(?![A-Za-z])"
)
_WORD = re.compile(r"[A-Za-z]{2,}|[^A-Za-z]|[A-Za-z]")


def _whole(text: str, start: int, end: int, question: str) -> str | None:
    """The expression or the amount in several units that a number belongs to; None where it stands alone."""
    line = text.rfind("\n", max(0, start - 200), start) + 1 or max(0, start - 200)
    window = text[line : end + 200].split("\n")[0]
    start, end = start - line, end - line
    if around := _around(window, start, end):
        return around
    for position, stop in _expressions(window, 0, start):
        found = window[position:stop]
        if (related := _related(window, position, end, found, question)) is not None:
            return related
        if stop >= end:
            found = _RELATION.split(found)[-1].strip().removeprefix("{}").rstrip(".,;:").strip()
            if (
                not _STRUCTURE.search(found)
                or re.search(rf"(?<![\\A-Za-z{{])(?!{FUNCTION}(?![A-Za-z]))[A-Za-z]{{2,}}", found)
                or not re.search(r"\d", found)
            ):
                return None
            return with_unit(found, window, stop)[0] if _FRACTION_END.search(found) else found
        amount, after = with_unit(found, window, stop)
        if after >= end and len(_LAST.findall(amount)) > 1:
            return amount
    return None


def _around(window: str, start: int, end: int) -> str | None:
    """The date or the bounds in words that a number belongs to: March 5, between 3 and 5."""
    for pattern in (DATE, _BOUNDS):
        for found in pattern.finditer(window, max(0, start - 40)):
            if found.start() <= start and found.end() >= end:
                return found.group()
    return None


def _related(window: str, position: int, end: int, found: str, question: str) -> str | None:
    """An inequality, an equation or named values that begin at a place and hold a number up to `end`; None if there are none."""
    whole = found.strip().rstrip(".,;:")
    if position + len(found) >= end and _of_unknowns(whole, window[:position], question):
        return whole
    if window[max(0, position - 1) : position] == "<":  # the tag <b>, no inequality
        return None
    if not _ASSIGNED.match(found) and not (INEQUALITY.search(found) and re.search(r"(?<![A-Za-z])[A-Za-z](?![A-Za-z])", found)):
        return None
    value = stated(window[position:], question)
    if value is None or not value.clear or position + value.length < end:
        return None
    several = value.text.split(", ")
    return value.text if bounds(value.text) or (len(several) > 1 and all(map(_ASSIGNED.match, several))) else None


_BOUNDS = re.compile(rf"\bbetween [$]?[-−]?{NUMBER}[$]? and [$]?[-−]?{NUMBER}")
_ASSIGNED = re.compile(r"\\?[A-Za-z](?:_\{?\w+\}?|[₀-₉])?\s?=")


_CURVES = re.compile(r"\b(?:equation|line|circle|ellipse|hyperbola|parabola|curve|graph)\b|方程|解析式")
_FRACTION_END = re.compile(r"[¼½¾⅐-⅞]\Z")
_DENIED = re.compile(
    r"(?:\bnot|n't|n’t|≠|\\neq?|不是|并非|\b(?:[Rr]eject|[Dd]iscard|[Ee]xclud)(?:e|ed|ing)?|\bexcept|舍去|除了)\s{0,3}\$?(?:[A-Za-z]\s?=\s?)?\Z"
)
_IMPOSSIBLE = re.compile(
    r"(?:(?:\b(?:can)?not|n't|n’t|\bnever)(?:\s(?:be|equal(?: to)?))?|不(?:能|可能|会|应该?)?(?:是|为|等于|选)|"
    r"答案(?:大于|小于|不?超过|不小于|不大于)|\banswer exceeds)"
    r"\s{0,3}\$?(?:[A-Za-z]\s?=\s?)?\Z"
)
_ASKS_FOR_IT = re.compile(r"\b(?:cannot|not|never|impossible|except)\b|n't\b|n’t\b|不", re.IGNORECASE)


def denied(text: str, start: int, end: int, question: str = "") -> bool:
    """Whether a value that begins behind a stretch is none; what cannot be is the answer to a question that asks for it."""
    if _DENIED.search(text, start, end):
        return True
    return _IMPOSSIBLE.search(text, start, end) is not None and not _ASKS_FOR_IT.search(question)
