"""Dates in English and Chinese, whole or in parts, read to values that can be compared.

`March 5, 2024`, `5 March 2024`, `the 5th of March, 2024`, `2024-03-05`, `2024/3/5` and 2024年3月5日 are one date. The year or the weekday
may be left out on one side. `3/5/2024` names no certain month: it agrees with its own writing alone, while `25/12/2024` and `12/25/2024`
are certain.
Months and weekdays alone are dates too: `Monday`, `Mon.`, 星期一, 周一, `March`, 3月; 2024年, 5日 and 4号 alone are numbers with units.
A day that no calendar has (`2024-02-30`) is no date.
"""

import re
from dataclasses import dataclass, replace

from mathcode.grading.forms.chinese_numerals import chinese_number
from mathcode.grading.forms.latex_words import plain
from mathcode.grading.forms.numerals import ordinal

_MONTH_NAMES = "january february march april may june july august september october november december"
_DAY_NAMES = "monday tuesday wednesday thursday friday saturday sunday"
_MONTHS = {name[:size]: number for number, name in enumerate(_MONTH_NAMES.split(), 1) for size in (3, len(name))} | {"sept": 9}
_WEEKDAYS = {name[:size]: number for number, name in enumerate(_DAY_NAMES.split(), 1) for size in (3, len(name))}
_WEEKDAYS |= {"tues": 2, "wednes": 3, "thur": 4, "thurs": 4}
_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_CHINESE_WEEKDAY = re.compile("(?:星期|周|礼拜|週)([一二三四五六日天])")
_CHINESE_DATE = re.compile(
    r"(?:(?P<year>\d{4}|[零〇○一二三四五六七八九]{4})年)?(?:(?P<month>\d{1,2}|[一二三四五六七八九十]{1,2})月份?)?(?:(?P<day>\d{1,2}|[一二三四五六七八九十廿]{1,3})[日号])?"
)
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")


@dataclass(frozen=True)
class Date:
    """What a date says: year, month, day of the month, weekday (Monday is 1); or its writing, where day and month cannot be told apart."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    writing: str | None = None

    def agrees(self, other: "Date") -> bool:
        """Whether both can be meant by one answer: all that both say is the same, and only the year or weekday of a day is left out."""
        if (self.month, self.day, self.writing) != (other.month, other.day, other.writing):
            return False
        if self.month is None or self.day is None:
            return (self.year, self.weekday) == (other.year, other.weekday)
        return _same(self.year, other.year) and _same(self.weekday, other.weekday)


def _same(one: int | None, other: int | None) -> bool:
    return one is None or other is None or one == other


def date(text: str) -> Date | None:
    """The date that a whole text names; None for anything else, also for a number alone."""
    text = plain(text)
    if not text:
        return None
    if not text.isascii():
        return _chinese(text.replace(" ", ""))
    if match := _ISO.fullmatch(text):
        return _checked(Date(int(match[1]), int(match[3]), int(match[4])))
    if match := _NUMERIC.fullmatch(text):
        return _numeric(int(match[1]), int(match[3]), int(match[4]))
    return _spelled(text)


def _checked(found: Date) -> Date | None:
    if found.month is not None and not 1 <= found.month <= 12:
        return None
    if found.day is not None and not 1 <= found.day <= (_LENGTHS[found.month - 1] if found.month else 31):
        return None
    leap = found.year is None or (found.year % 4 == 0 and (found.year % 100 != 0 or found.year % 400 == 0))
    return None if (found.month, found.day) == (2, 29) and not leap else found


def _numeric(first: int, second: int, year: int) -> Date | None:
    """`3/5/2024`: certain only where one of the two is above twelve, or both are the same."""
    if first > 12 or first == second:
        return _checked(Date(year, second, first))
    if second > 12:
        return _checked(Date(year, first, second))
    return Date(writing=f"{first}/{second}/{year}") if first and second else None


_ORDERS_TEXT = "W M MD DM MY MDY DMY YMD WMD WDM WMDY WDMY MDW DMW MDYW DMYW"
_ORDERS = frozenset(_ORDERS_TEXT.split())
"""Orders of weekday, month, day and year."""
_LEADING = re.compile(r"(?:on |in )?(?:the (?=\d|[a-z]+(?:st|nd|rd|th)\b))?")


def _spelled(text: str) -> Date | None:
    """`Sunday, March 5, 2024`, `the 5th of March`, `March 2024`, `Mon.`, `9-Jan`."""
    text = _LEADING.sub("", text, count=1)
    text = re.sub(r"(?<=\d) (?=(?:st|nd|rd|th)\b)", "", text)
    text = re.sub(r"(?<=[\da-z])[-/](?=[\da-z])", " ", re.sub(r"(?<=st|nd|rd|th|\d\d|.\d) of (?=[a-z])", " ", text))
    text = re.sub(r"(?<=day) the (?=\d)|(?<=day,) the (?=\d)", " ", text)
    order, found = "", Date()
    for word in (word.strip(",.") for word in text.split()):
        if word in _WEEKDAYS:
            order, found = order + "W", replace(found, weekday=_WEEKDAYS[word])
        elif word in _MONTHS:
            order, found = order + "M", replace(found, month=_MONTHS[word])
        elif re.fullmatch(r"\d{4}", word):
            order, found = order + "Y", replace(found, year=int(word))
        else:
            number = int(word) if word.isdecimal() and len(word) < 3 else ordinal(word)
            if number is None:
                return None
            order, found = order + "D", replace(found, day=number)
    return _checked(found) if order in _ORDERS else None


def _chinese(text: str) -> Date | None:
    weekday = None
    if match := _CHINESE_WEEKDAY.search(text):
        weekday = "一二三四五六日".index(match[1].replace("天", "日")) + 1
        if match.end() != len(text) and text[match.end() :] not in {")", "）"}:
            return None
        text = text[: match.start()].rstrip("(（,，")
    match = _CHINESE_DATE.fullmatch(text)
    if match is None or (not text and weekday is None):
        return None
    year, month, day = (_number(match[name]) for name in ("year", "month", "day"))
    if month is None and (weekday is None or year is not None or day is not None):
        return None  # 2024年 and 5日 are quantities, of years and days
    return _checked(Date(year, month, day, weekday))


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    value = int(text) if text.isdecimal() and text.isascii() else chinese_number(text)
    return None if value is None else int(value)
