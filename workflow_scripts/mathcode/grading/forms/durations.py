"""Lengths of time in English and Chinese, in one part or in several, as exact seconds and months.

`2 h 30 min`, `2.5 hours`, `150 minutes`, `two and a half hours`, `an hour and a half`, 2小时30分, 两个半小时. Parts go from large to small.
Days and weeks are seconds; months and years are months, for they have no fixed number of days.
One part with a single letter (`5m`, `2h`) is no length of time, for the letter may be a variable; two are (`2h 30m`).
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from mathcode.grading.forms.chinese_numerals import chinese_number
from mathcode.grading.forms.latex_words import plain
from mathcode.grading.forms.numerals import english_number
from mathcode.grading.forms.unit_names import NAMES
from mathcode.grading.forms.units import Unit, unit


@dataclass(frozen=True)
class Duration:
    """A length of time in exact seconds, and apart from them in months, which have no fixed number of days."""

    seconds: Fraction
    months: Fraction = Fraction(0)

    def agrees(self, other: "Duration") -> bool:
        """Whether both are equally long."""
        return self == other

    def measured(self) -> tuple[Fraction, Unit] | None:
        """A number and its unit, seconds or months, beside which a quantity can be held; None where it has both."""
        if self.seconds and self.months:
            return None
        number, name = (self.months, "month") if self.months else (self.seconds, "second")
        found = unit(name)
        return None if found is None else (number, found)


_NUMBER = r"\d+ \d+/\d+|\d+/\d+|\d+(?:\.\d+)?|\.\d+|\d* ?\\[dt]?frac ?\{\d+\} ?\{\d+\}"
_PART = re.compile(rf"(?P<number>{_NUMBER}) ?(?P<name>[a-z]+\.?|个?[\u3400-\u9fff]{{1,3}}?(?=$|[ \d,]|零))(?:,? and |, ?| |零)?")
_LETTERS = {"d": "day", "h": "hour", "m": "minute", "s": "second"}
_WORDS = re.compile(
    r"(?P<number>[a-z0-9/. -]+?) "
    r"(?P<name>(?:second|minute|hour|day|week|fortnight|month|year|decade)s?)(?P<more> and (?:a half|a quarter))?"
)
_OF_CHINESE = re.compile(
    r"(?P<number>(?:\d+ )?\d+/\d+|\d*\\[dt]?frac\{\d+\}\{\d+\}|[\d.]+"
    r"|[零〇一二两三四五六七八九十百千万半又分之点]+)(?P<half>个半)?(?P<name>个月|个?(?:小时|钟头|星期|礼拜|季度|世纪)|分钟?|秒钟?|时|天|周|年|岁|刻钟?)[零又]?"
)


def duration(text: str) -> Duration | None:
    """The length of time that a whole text names, in one part or in several, from large to small; None for anything else."""
    text = plain(text)
    if not text:
        return None
    if not text.isascii():
        return _chinese_duration(re.sub(r"(?<!\d) | (?!\d)", "", text))
    text = re.sub(r"(?<=[a-z.]) (?:and|&) (?=\d)", " ", text)
    parts, place = [], 0
    while place < len(text):
        match = _PART.match(text, place)
        if match is None:
            return _spoken_duration(text)
        parts.append((_number(match["number"]), match["name"]))
        place = match.end()
    letters = [name for _, name in parts if name in _LETTERS]
    if text[-1] in ", " or (letters and len(parts) < 2):
        return None
    return _summed([(number, _LETTERS.get(name, name)) for number, name in parts])


def _number(text: str) -> Fraction | None:
    match = re.fullmatch(r"(\d+(?= |\\))? ?(?:\\[dt]?frac ?\{(\d+)\} ?\{(\d+)\}|(\d+)/(\d+))", text)
    if not match:
        return Fraction(text)
    above, below = int(match[2] or match[4]), int(match[3] or match[5])
    return int(match[1] or 0) + Fraction(above, below) if below and (not match[1] or above < below) else None


def _summed(parts: list[tuple[Fraction | None, str]]) -> Duration | None:
    """The sum of parts that become smaller; None if one of them is no time."""
    seconds, months, ceiling = Fraction(0), Fraction(0), None
    for number, name in parts:
        found = unit(name, strict=False)
        if found is None or number is None:
            return None
        kinds = dict(found.readings)
        factor = kinds.get((("time", 1),)) or kinds.get((("month", 1),), Fraction(0)) * 10**7
        if not factor or (ceiling is not None and factor >= ceiling):
            return None
        ceiling = factor
        if (("time", 1),) in kinds:
            seconds += number * factor
        else:
            months += number * factor / 10**7
    return Duration(seconds, months)


def _spoken_duration(text: str) -> Duration | None:
    """`half an hour`, `an hour and a half`, `two and a half hours`, `two hours and thirty minutes`."""
    parts = []
    for piece in re.split(r",? and (?=[a-z0-9-]+ (?:second|minute|hour|day|week|month)s?\b)|, ", text):
        match = _WORDS.fullmatch(piece)
        if not match:
            return None
        words = match["number"]
        if words in {"half an", "half a"}:
            number = Fraction(1, 2)
        elif words in {"a quarter of an", "quarter of an", "three quarters of an"}:
            number = Fraction(3 if words[0] == "t" else 1, 4)
        else:
            number = Fraction(1) if words in {"a", "an"} else english_number(words)
            number = _number(words) if number is None and re.fullmatch(_NUMBER, words) else number
        if number is None:
            return None
        more = {None: 0, " and a half": Fraction(1, 2), " and a quarter": Fraction(1, 4)}[match["more"]]
        if more and number.denominator > 1:
            return None
        parts.append((number + more, match["name"]))
    return _summed(parts)


def _chinese_duration(text: str) -> Duration | None:
    """2小时30分, 两个半小时, 3个月; 6月7日 is a date."""
    parts, place = [], 0
    while place < len(text):
        match = _OF_CHINESE.match(text, place)
        if match is None:
            return None
        words = match["number"]
        number = _number(words) if re.fullmatch(_NUMBER, words) else chinese_number(words)
        if number is None or match["name"] not in NAMES:
            return None
        parts.append((number + (Fraction(1, 2) if match["half"] else 0), match["name"]))
        place = match.end()
    return _summed(parts)
