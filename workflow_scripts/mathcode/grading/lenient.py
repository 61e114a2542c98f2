"""The lenient judge: the exact one, and beside it a rule that reads the numbers of a reference answer and lets words and units be.

Accepted is what the exact judge accepts, and a result whose numbers are those of the reference: all of them, in order, and no other
one. Digits, fractions, mixed numbers, percentages and Chinese numerals are read; names, units and sentences around them are not. An
expression is not read: its numbers in order do not make it. It is the best rule a critic can be held against, not a check of answers.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from mathcode import settings
from mathcode.grading.exact import GRADER, ExactJudge
from mathcode.grading.forms.characters import fold
from mathcode.grading.forms.names import LISTS, MATRICES, SETS, TUPLES, WRAPPERS
from mathcode.grading.judge import Case, Verdict, shown

MAX_CHARS = 1000
"""A longer text is not read."""

_PLAIN = r"(?:\d{1,3}(?:,\d{3}){1,6}(?![\d,])|\d{1,60})(?:\.\d{1,60})?(?:[eE][+-]?\d{1,2}(?!\d))?|\.\d{1,60}"
_ZH_DIGITS = {
    digit: value for value, digits in enumerate(("零〇", "一", "二两", "三", "四", "五", "六", "七", "八", "九")) for digit in digits
}
_ZH_TENS = {"十": 10, "百": 100, "千": 1000}
_ZH_MYRIADS = {"万": 10**4, "亿": 10**8}
_ZH = r"(?:[零〇一二两三四五六七八九十百万亿]|千(?![克米瓦]))"
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_ENGLISH_SCALE = rf"(?:{'|'.join(_SCALES)})s?\b"
_NUMBER = re.compile(
    r"(?<![A-Za-z_\d.])(?P<sign>(?<![A-Za-z\d_)\]}%])[-−]\s?|负|\b(?:minus|negative)\s)?(?:"
    r"(?P<whole>\d{1,30})(?:(?:\s+|又)(?P<up>\d{1,30})\s?/\s?(?P<down>\d{1,30})"
    r"|\s?\\[dtc]?frac\s?(?:\{(?P<mup>\d{1,30})\}\s?\{(?P<mdown>\d{1,30})\}|(?P<nup>\d)\s?(?P<ndown>\d)(?!\d)))"
    r"|\\[dtc]?frac\s?(?:\{(?P<fup>[-−]?\d{1,30})\}\s?\{(?P<fdown>\d{1,30})\}|(?P<sup>\d)\s?(?P<sdown>\d)(?!\d))"
    r"|百分之(?P<hundredth>\d{1,30}(?:\.\d{1,30})?)"
    rf"|(?P<plain>{_PLAIN})(?:\s?/\s?(?P<over>\d{{1,30}}(?![\d.])))?(?:(?P<scale>[百万亿](?!一)|千(?![克米瓦])|\s{_ENGLISH_SCALE})"
    r"|(?P<half>[个小时天年周]{1,2}半))?(?P<percent>\s?\\?[%％])?"
    rf"|(?P<zhwhole>{_ZH}{{1,20}})又(?P<zhdown>{_ZH}{{1,20}})分之(?P<zhup>{_ZH}{{1,20}})"
    rf"|(?P<zhover>{_ZH}{{1,20}})分之(?P<zhunder>{_ZH}{{1,20}})"
    rf"|(?<![星期周拜])(?P<zh>{_ZH}{{1,20}})(?:点(?P<zhpoint>[零〇一二三四五六七八九]{{1,20}}))?(?![样起般些直定共])"
    r")"
)
_AROUND = (
    (WRAPPERS - {"Poly", "sympify"}) | MATRICES | TUPLES | SETS | LISTS | {"date", "time", "datetime", "tensor", "dict_values", "print"}
)
_VALUES = "|".join(sorted(_AROUND))
"""What programs print around values, which stay what they are."""
_FUNCTIONS = r"(?<![A-Za-z])(?:sqrt|cbrt|log|ln|lg|exp|(?:arc|a)?(?:sin|cos|tan)h?)\s?[\d(]"
_EXPRESSION = re.compile(
    r"\^|√|π|∞|\||!=|\\(?:sqrt|pi|sin|cos|tan|log|ln|pm|mp|le|ge|lt|gt|neq?|overline|bar|dot|infty|[lr]?[vV]ert)(?![A-Za-z])|[±≤≥≠<>]"
    r"|\d\s?!(?![=\w])|[\d)][a-ce-fi-kn-rpu-zIEXYZ](?![A-Za-z])|[\d)]\s?\*?\s?I(?![A-Za-z'’])"
    r"|\d\s[b-cefi-kn-ru-z](?![A-Za-z.'’])(?!\s?[=:])|(?<![A-Za-z])(?:pi|oo|inf|infinity|mod)(?![A-Za-z])"
    r"|[A-Za-z\d)]\s?[*+×·]\s?[A-Za-z\d(\\]|[A-Za-z\d)](?:-|\s-\s)[A-Za-z\d(]|\)\s?[(/]|/\s?\("
    r"|\d\s?/\s?[a-ce-fi-kn-ru-z](?![A-Za-z])|(?<![A-Za-z])[A-Za-z]\s?/\s?\d"
    rf"|(?<![A-Za-z_\d\\])(?!(?:{_VALUES})\()[A-Za-z_]*[A-Za-z]\((?=[^()]*[\d(])|(?<![\w.])\d[\d.]{{0,60}}\((?=[^()]*\d)|{_FUNCTIONS}"
)
"""Letters on the heels of a number, or alone behind a blank, are factors; those left out are units: m, g, h, d, l, s, t. Letters on the
heels of a bracket with a number in it are a function. A minus with a blank before it alone is a sign: `0 -1` are two numbers."""
_TURNED = re.compile(
    r"(?:\b(?:not|never|wrong|incorrect|(?:less|more|fewer|greater|smaller|higher|lower|larger|other) than|at (?:least|most)|up to)\b"
    r"|不[是到足]?|不等于|非|超[过出]|[大小多少高低]于|至[少多]|错误)[\s:：=]{0,3}[$¥]?(?=[-−]?\.?\d|\\[dtc]?frac|[零〇一二两三四五六七八九十百])",
    re.IGNORECASE,
)
"""What denies the number behind it, or compares with it."""
_UNIT_POWER = re.compile(r"(?<=[\d\s{])(?:[ckdm]?m|ft|in|yd|mi|units?|inches|met(?:er|re)s?)\}?\^\{?[23]\}?(?=\s?(?:[,;.)}$]|and|$))")
_RELATIVE, _ABSOLUTE, _NOISE = Fraction(1, 10**6), Fraction(1, 10**4), Fraction(1, 10**9)
"""What rounding may lose of a decimal, and what floating point leaves of an integer."""


@dataclass(frozen=True)
class Read:
    """A number of a text: its value, how it was written, and its place."""

    value: Fraction
    decimal: bool
    percent: bool
    start: int
    end: int


def numbers(text: str) -> list[Read]:
    """The numbers of a text, in order; none of a text that is too long to be an answer."""
    if len(text) > MAX_CHARS:
        return []
    return [read for match in _NUMBER.finditer(_UNIT_POWER.sub(_blank, text)) if (read := _read(match)) is not None]


def _blank(match: re.Match) -> str:
    """As many blanks: the places of what follows stay."""
    return " " * len(match.group())


def _read(match: re.Match) -> Read | None:
    try:
        value = _value(match.groupdict())
    except (ZeroDivisionError, ValueError):
        return None
    found = match.groupdict()
    decimal = any(mark in (found["plain"] or "") for mark in ".eE") or bool(found["zhpoint"])
    percent = bool(found["percent"] or found["hundredth"]) or found["zhover"] == "百"
    if found["zhover"] == "百":
        value *= 100
    return Read(-value if found["sign"] else value, decimal, percent, match.start(), match.end())


def _value(found: dict[str, str | None]) -> Fraction:
    """What the groups of `_NUMBER` say, without sign and per cent."""
    if found["whole"]:
        above, below = (found["up"] or found["mup"] or found["nup"], found["down"] or found["mdown"] or found["ndown"])
        return int(found["whole"]) + Fraction(int(above), int(below))
    if found["hundredth"]:
        return Fraction(found["hundredth"])
    if found["sup"]:
        return Fraction(int(found["sup"]), int(found["sdown"]))
    if found["fup"]:
        return Fraction(int(found["fup"].replace("−", "-")), int(found["fdown"]))
    if found["plain"]:
        value = Fraction(found["plain"].replace(",", ""))
        return (value / int(found["over"] or 1) + Fraction(bool(found["half"]), 2)) * _scale(found["scale"])
    if found["zhwhole"]:
        return _chinese(found["zhwhole"]) + Fraction(_chinese(found["zhup"]), _chinese(found["zhdown"]))
    if found["zhover"]:
        return Fraction(_chinese(found["zhunder"]), _chinese(found["zhover"]))
    whole = _chinese(found["zh"])
    if not found["zhpoint"]:
        return Fraction(whole)
    digits = "".join(str(_ZH_DIGITS[digit]) for digit in found["zhpoint"])
    return whole + Fraction(int(digits), 10 ** len(digits))


def _scale(word: str | None) -> int:
    """What a word behind digits multiplies by: 3 million, 3万."""
    if not word:
        return 1
    return (_ZH_TENS | _ZH_MYRIADS | _SCALES)[word.strip().lower().rstrip("s")]


def _chinese(text: str) -> int:
    """A whole number in Chinese numerals: by place (三十五, 一万零二) or digit by digit (二〇二五).

    Raises:
        ValueError: it is none.
    """
    if all(character in _ZH_DIGITS for character in text):
        return int("".join(str(_ZH_DIGITS[character]) for character in text))
    if text in ("百", "千", "万", "亿"):  # 百分之五; alone it is no number
        return (_ZH_TENS | _ZH_MYRIADS)[text]
    total = section = digit = 0
    for character in text:
        if character in _ZH_DIGITS:
            digit = _ZH_DIGITS[character]
        elif character in _ZH_TENS:
            section += (digit or 1) * _ZH_TENS[character]
            digit = 0
        else:
            unit = _ZH_MYRIADS[character]
            section += digit
            digit = 0
            if not total and not section:
                raise ValueError(f"'{text}' is no number")
            total, section = ((total + section) * unit, 0) if unit > 10**4 else (total + section * unit, 0)
    return total + section + digit


def is_expression(text: str) -> bool:
    """Whether a text computes: a function, a root, a power that is no unit's, a product with a variable, an operator between two things."""
    return bool(_EXPRESSION.search(_UNIT_POWER.sub(_blank, text[:MAX_CHARS])))


def same_numbers(gold: str, answer: str) -> bool:
    """Whether an answer holds the numbers of a reference answer, all of them, in order, and no other one."""
    if max(len(gold), len(answer)) > MAX_CHARS:
        return False
    gold, answer = fold(gold), fold(answer)
    if is_expression(gold) or is_expression(answer) or bool(_TURNED.search(gold)) != bool(_TURNED.search(answer)):
        return False
    wanted, given = numbers(gold), numbers(answer)
    return bool(wanted) and len(wanted) == len(given) and all(map(same, wanted, given))


def same(first: Read, second: Read) -> bool:
    """Whether two numbers are the same: exactly, to six digits where one has a decimal point and none is whole; per cent both ways."""
    if first.percent == second.percent:
        return _close(first.value, second.value, first.decimal or second.decimal)
    plain, percent = (second, first) if first.percent else (first, second)
    return any(_close(plain.value, value, plain.decimal or percent.decimal) for value in (percent.value, percent.value / 100))


def _close(first: Fraction, second: Fraction, decimal: bool) -> bool:
    if first == second or not decimal:
        return first == second
    size = max(abs(first), abs(second))
    limit = _NOISE * size if 1 in (first.denominator, second.denominator) else min(_RELATIVE * size, _ABSOLUTE)
    return abs(first - second) <= limit


class LenientJudge:
    """Accepts what the exact judge accepts, and results with the numbers of the reference answer."""

    name = f"lenient-2/{GRADER}"

    def __init__(self, limits: settings.Grading):
        self._exact = ExactJudge(limits)

    def __enter__(self) -> Self:
        self._exact.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._exact.__exit__(*error)

    def judge(self, cases: Sequence[Case], progress: Callable[[int], object] | None = None) -> list[Verdict]:
        """A verdict for each case, in order.

        Raises:
            GradingError: the exact judge does not work.
        """
        exact = self._exact.judge(cases, progress)
        return [
            verdict if verdict.accepted or not _rescued(case) else Verdict("correct", True, True)
            for case, verdict in zip(cases, exact, strict=True)
        ]


def _rescued(case: Case) -> bool:
    return case.ended in (None, "ok") and any(same_numbers(case.gold, text) for text in _texts(case))


def _texts(case: Case) -> Iterator[str]:
    """What is read of a case: all that its program printed, and the last line of that; or the answer it states."""
    if (text := shown(case)) is not None:
        yield text
        yield next((line for line in reversed(text.splitlines()) if line.strip()), "")
