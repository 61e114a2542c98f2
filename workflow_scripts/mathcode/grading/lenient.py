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
from mathcode.grading.forms.chinese_numerals import chinese_number
from mathcode.grading.forms.names import LISTS, MATRICES, SETS, TUPLES, WRAPPERS
from mathcode.grading.forms.numerals import FRACTION_WORDS
from mathcode.grading.forms.turning import turns
from mathcode.grading.judge import Case, Verdict, shown

MAX_CHARS = 1000
"""A longer text is not read."""

_PLAIN = r"(?:\d{1,3}(?:,\d{3}){1,6}(?![\d,])|\d{1,60})(?:\.\d{1,60})?(?:[eE][+-]?\d{1,2}(?!\d))?|\.\d{1,60}"
_DIGIT = "[零〇一二两三四五六七八九]"
_ZH = r"(?:[零〇一二两三四五六七八九十百万亿]|千(?![克米瓦]))"
_CHINESE = rf"{_ZH}{{1,20}}(?:点{_DIGIT}{{1,20}})?"
_SAID = (
    rf"(?:(?:{_ZH}{{1,20}}|\d{{1,9}})又)?(?:{_ZH}{{1,20}}|\d{{1,9}})分之(?:{_CHINESE}|\d{{1,30}}(?:\.\d{{1,30}})?)"
    rf"|\d{{1,9}}[千万亿](?:\d[千百十万]){{1,4}}\d?"
    rf"|(?:\d{{1,2}}(?:\.\d)?|{_DIGIT}{{1,2}})(?:折|成(?![为了人长功员本分立绩]){_DIGIT}?)"
    rf"|一半|{_ZH}{{1,3}}个半(?!圆|径)|半(?=[个小天年周千公米斤元])"
    rf"|(?<![星期周拜统唯再])(?!零[件头]){_CHINESE}(?![样起般些直定共]|角[形函]|边形)"
)
"""Numbers as Chinese says them, with characters and digits: `chinese_number` reads them."""
_MULTIPLES = {"百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_ENGLISH_SCALE = rf"(?:{'|'.join(_SCALES)})s?\b"
_NUMBER = re.compile(
    r"(?<![A-Za-z_\d.])(?P<sign>(?<![A-Za-z\d_)\]}%])[-−]\s?|负|零下|\b(?:minus|negative)\s)?(?:"
    rf"(?P<said>{_SAID})"
    r"|(?P<whole>\d{1,30})(?:(?:\s+|又)(?P<up>\d{1,30})\s?/\s?(?P<down>\d{1,30})"
    r"|\s?\\[dtc]?frac\s?(?:\{(?P<mup>\d{1,30})\}\s?\{(?P<mdown>\d{1,30})\}|(?P<nup>\d)\s?(?P<ndown>\d)(?!\d)))"
    r"|\\[dtc]?frac\s?(?:\{(?P<fup>[-−]?\d{1,30})\}\s?\{(?P<fdown>\d{1,30})\}|(?P<sup>\d)\s?(?P<sdown>\d)(?!\d))"
    rf"|(?P<plain>{_PLAIN})(?:\s?/\s?(?P<over>\d{{1,30}}(?![\d.])))?(?:(?P<scale>[百万亿](?!一)|千(?![克米瓦])|\s{_ENGLISH_SCALE})"
    r"|(?P<half>[个小时天年周]{1,2}半))?(?P<percent>\s?\\?[%％‰])?"
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
_CLAUSE = re.compile(r"[,;.!?，。；！？\n]")
_WORD = re.compile(r"[A-Za-z'’]+|[\u3400-\u9fff]")
_NEAR = 4
"""How many words, or Chinese characters, before and behind a number can turn it."""
_ABOUT = re.compile(r"\b(?:about|around|approx\w*|roughly)\b|大?约", re.IGNORECASE)
"""What says that a number is rounded does not make it another one."""
_LEFT = re.compile(r"\bover\s*$")
"""`2 over` are left; `over 2` are more."""
_PLACED = re.compile(rf"第\s?(?:\d|{_DIGIT}|十)|\d(?:st|nd|rd|th|D)\b|\d\s(?:tens|{'|'.join(sorted(FRACTION_WORDS))})\b", re.IGNORECASE)
"""Ordinals and places of a numeral: first, 3D, tenths."""
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
    """The numbers of a text, in order; none of a text that is too long to be an answer, or in which one is not understood."""
    if len(text) > MAX_CHARS:
        return []
    reads = [_read(match) for match in _NUMBER.finditer(_UNIT_POWER.sub(_blank, text))]
    return [read for read in reads if read] if None not in reads else []


def _blank(match: re.Match) -> str:
    """As many blanks: the places of what follows stay."""
    return " " * len(match.group())


def _read(match: re.Match) -> Read | None:
    found = match.groupdict()
    try:
        value = chinese_number(found["said"]) if found["said"] else _value(found)
    except (ZeroDivisionError, ValueError):
        return None
    if value is None:
        return None
    percent = (found["percent"] or "").strip("\\ ")
    hundredths = (found["said"] or "").startswith("百分之")
    value *= 100 if hundredths else Fraction(1, 1000) if percent == "‰" else 1
    decimal = any(mark in (found["plain"] or "") for mark in ".eE") or "点" in (found["said"] or "")
    return Read(-value if found["sign"] else value, decimal, hundredths or percent in ("%", "％"), match.start(), match.end())


def _value(found: dict[str, str | None]) -> Fraction:
    """What the groups of `_NUMBER` say of digits, without sign and per cent."""
    if found["whole"]:
        above, below = (found["up"] or found["mup"] or found["nup"], found["down"] or found["mdown"] or found["ndown"])
        return int(found["whole"]) + Fraction(int(above), int(below))
    if found["sup"]:
        return Fraction(int(found["sup"]), int(found["sdown"]))
    if found["fup"]:
        return Fraction(int(found["fup"].replace("−", "-")), int(found["fdown"]))
    value = Fraction(found["plain"].replace(",", ""))
    return (value / int(found["over"] or 1) + Fraction(bool(found["half"]), 2)) * _scale(found["scale"])


def _scale(word: str | None) -> int:
    """What a word behind digits multiplies by: 3 million, 3万."""
    return (_MULTIPLES | _SCALES)[word.strip().lower().rstrip("s")] if word else 1


def _turned(text: str, found: list[Read]) -> bool:
    """Whether words near a number, in its clause, deny it, compare with it or compute with it."""
    if _PLACED.search(text):
        return True
    ends = [0, *(read.end for read in found)]
    starts = [*(read.start for read in found), len(text)]
    between = [text[end:start] for end, start in zip(ends, starts, strict=True)]
    before = [_WORD.findall(_CLAUSE.split(part)[-1])[-_NEAR:] for part in between[:-1]]
    behind = [_WORD.findall(_LEFT.sub("", _CLAUSE.split(part)[0]))[:_NEAR] for part in between[1:]]
    return any(turns(_ABOUT.sub("", re.sub("(?<=[\u3400-\u9fff]) ", "", " ".join(near)))) for near in (*before, *behind))


def is_expression(text: str) -> bool:
    """Whether a text computes: a function, a root, a power that is no unit's, a product with a variable, an operator between two things."""
    return bool(_EXPRESSION.search(_UNIT_POWER.sub(_blank, text[:MAX_CHARS])))


def same_numbers(gold: str, answer: str) -> bool:
    """Whether an answer holds the numbers of a reference answer, all of them, in order, and no other one."""
    if max(len(gold), len(answer)) > MAX_CHARS:
        return False
    gold, answer = fold(gold), fold(answer)
    if is_expression(gold) or is_expression(answer):
        return False
    wanted, given = numbers(gold), numbers(answer)
    if not wanted or len(wanted) != len(given) or _turned(gold, wanted) != _turned(answer, given):
        return False
    return all(map(same, wanted, given))


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

    name = f"lenient-3/{GRADER}"

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
