"""Times of day in English and Chinese; lengths of time and dates stand in `durations` and `dates`, and can be had here too.

`1:30 p.m.`, `13:30`, 下午1点30分 and `half past one in the afternoon` are one time. A time from 1 to 12 that says neither half of the day
(`1:30`) agrees with both halves said in twelve hours (`1:30 p.m.`), as a unit may be left out, but not with `13:30`, which is written
otherwise. Noon is 12 p.m., midnight 12 a.m., and so are 0:00 and 24:00. `12:00` alone may be either.
三点五 is the number 3.5 and no time; 三点十五, 三点五分 and 三点半 are times. `3.30` is a decimal, `3.30 p.m.` is a time.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction

from mathcode.grading.forms.chinese_numerals import chinese_number
from mathcode.grading.forms.dates import Date, date
from mathcode.grading.forms.durations import Duration, duration
from mathcode.grading.forms.latex_words import plain
from mathcode.grading.forms.numerals import english_number

__all__ = ["Clock", "Date", "Duration", "Moment", "agree", "clock", "date", "duration", "moment", "readings"]


@dataclass(frozen=True)
class Clock:
    """A time of day: `hour` as a day of 24 hours counts, or as it is written if the half of the day is not said."""

    hour: int
    minute: int
    second: int = 0
    half_said: bool = True
    twelve: bool = field(default=False, compare=False)
    """Written with a half of the day (`1:30 p.m.`), so that 1:30 may stand for it."""

    def agrees(self, other: "Clock") -> bool:
        """Whether both can be meant by one answer; see the head of this module."""
        if (self.minute, self.second) != (other.minute, other.second):
            return False
        if self.half_said == other.half_said:
            return self.hour == other.hour
        said, bare = (self, other) if self.half_said else (other, self)
        if said.twelve:
            return (said.hour - bare.hour) % 12 == 0
        return said.hour == bare.hour or (bare.hour == 12 and said.hour == 0)


_HALF = r"(?P<half>a\.? ?m\.?|p\.? ?m\.?|noon|midnight|in the morning|in the afternoon|in the evening|at night)"
_CLOCK = re.compile(
    rf"(?:at )?(?P<hour>\d{{1,2}})(?:(?P<mark>[:.]) ?(?P<minute>\d\d)(?: ?: ?(?P<second>\d\d))?)?(?P<oclock> o'? ?clock)? ?(?:{_HALF})?"
)
_SPOKEN = re.compile(
    r"(?:(?P<part>[a-z -]+?)(?P<said> minutes?)? (?P<side>past|after|to|before|till) )?"
    rf"(?P<hour>[a-z]+|\d{{1,2}})(?P<oclock> o'? ?clock)? ?(?:{_HALF})?"
)
_APART = re.compile(r"(?<=\d) : ?(?=\d\d)")
"""`9 : 30` may be a ratio; `9 : 30 p.m.` is a time."""
_CHINESE_HALVES = {
    "凌晨": 0,
    "清晨": 0,
    "早上": 0,
    "早晨": 0,
    "上午": 0,
    "中午": 1,
    "下午": 12,
    "傍晚": 12,
    "晚上": 12,
    "夜里": 12,
    "晚": 12,
    "夜晚": 12,
}
_CHINESE_CLOCK = re.compile(
    rf"(?P<half>{'|'.join(_CHINESE_HALVES)})? ?(?P<hour>\d{{1,2}}|[零〇一二两三四五六七八九十]{{1,3}})"
    r"(?: ?(?P<mark>[点點时時:]) ?(?:(?P<minute>\d{1,2}|[零〇一二三四五六七八九十]{1,3}) ?(?P<fen>分?)(?: ?(?P<second>\d{1,2}) ?秒)?"
    r"|(?P<word>半|整|正|一刻|三刻|钟))?)"
)


def clock(text: str) -> Clock | None:
    """The time of day that a whole text names; None for anything else."""
    text = plain(text)
    if text in {"noon", "midday", "12 noon", "正午", "中午"}:
        return Clock(12, 0, twelve=True)
    if text in {"midnight", "12 midnight", "午夜", "半夜"}:
        return Clock(0, 0, twelve=True)
    if match := _CLOCK.fullmatch(_APART.sub(":", text) if text[-1:] in {"m", "."} else text):
        return _english_clock(match)
    if match := _SPOKEN.fullmatch(text):
        return _spoken_clock(match)
    if match := _CHINESE_CLOCK.fullmatch(text):
        return _chinese_clock(match)
    return None


def _english_clock(match: re.Match) -> Clock | None:
    said = match["half"] is not None
    if match["minute"] is None and not said and match["oclock"] is None:
        return None
    if match["mark"] == "." and not said:
        return None  # a decimal
    if match["oclock"] and match["minute"]:
        return None
    minute, second = int(match["minute"] or 0), int(match["second"] or 0)
    return _placed(int(match["hour"]), minute, second, match["half"])


def _placed(hour: int, minute: int, second: int, half: str | None) -> Clock | None:
    """A time from the hour as it is written and the half of the day, if that is said."""
    if minute > 59 or second > 59 or hour > 24 or (hour == 24 and minute + second):
        return None
    if half is None:
        return Clock(hour, minute, second, half_said=False) if 1 <= hour <= 12 else Clock(hour % 24, minute, second)
    if half in {"noon", "midnight"}:
        return Clock(12 if half == "noon" else 0, minute, second, twelve=True) if hour == 12 and not minute + second else None
    if not 1 <= hour <= 12:
        afternoon = half[0] == "p" or "afternoon" in half or "evening" in half
        return Clock(hour % 24, minute, second) if afternoon == (hour >= 12) and "night" not in half else None
    late = half[0] == "p" or half in {"in the afternoon", "in the evening"} or (half == "at night" and hour != 12 and hour >= 5)
    return Clock(hour % 12 + 12 * late, minute, second, twelve=True)


def _spoken_clock(match: re.Match) -> Clock | None:
    """`half past two`, `a quarter to five`, `ten past six`, `three o'clock`, `nine in the morning`."""
    hour = int(match["hour"]) if match["hour"].isdecimal() else english_number(match["hour"])
    if hour is None or not 1 <= hour <= 12 or Fraction(hour).denominator > 1:
        return None
    part = match["part"]
    if part is None:
        return _placed(int(hour), 0, 0, match["half"]) if match["oclock"] or match["half"] else None
    minutes = {"half": 30, "quarter": 15, "a quarter": 15}.get(part, english_number(part))
    if minutes is None or not 0 < minutes < 60 or Fraction(minutes).denominator > 1:
        return None
    if (match["said"] and part[-1] in "fr" and part != "four") or (part == "half" and match["side"] not in {"past", "after"}):
        return None
    if match["side"] == "to" and not (match["said"] or "quarter" in part or match["oclock"] or match["half"]):
        return None  # ten to five is a ratio or a range
    if match["side"] in {"past", "after"}:
        return _placed(int(hour), int(minutes), 0, match["half"])
    time = _placed(int(hour), 0, 0, match["half"])
    if time is None or not time.half_said:
        return _placed(int(hour - 1) or 12, 60 - int(minutes), 0, None)
    return Clock((time.hour - 1) % 24, 60 - int(minutes), 0, twelve=True)


def _chinese_clock(match: re.Match) -> Clock | None:
    """下午3点, 15时30分, 三点半, 9点一刻, 早上8:05; 三点五 is the number 3.5 and no time."""
    hour, word = _small(match["hour"]), match["word"]
    minute = _small(match["minute"]) if match["minute"] else {"半": 30, "一刻": 15, "三刻": 45}.get(word, 0)
    if hour is None or minute is None:
        return None
    if match["mark"] == ":" and (not match["half"] or match["minute"] is None or not re.fullmatch(r"\d\d", match["minute"])):
        return None
    if match["minute"] and not match["fen"] and match["mark"] != ":" and len(match["minute"]) < 2:
        return None
    if match["mark"] in "时時" and word == "钟":
        return None
    second = int(match["second"] or 0)
    half = match["half"]
    if half is None:
        return _placed(hour, minute, second, None)
    if minute > 59 or second > 59 or hour > 24:
        return None
    start = _CHINESE_HALVES[half]
    if hour > 12:
        return Clock(hour % 24, minute, second) if start else None
    if half == "中午":
        return Clock(hour if hour >= 10 else hour + 12, minute, second, twelve=True)
    if half in {"晚上", "夜里", "晚", "夜晚"} and hour == 12:
        return Clock(0, minute, second, twelve=True)
    if half in {"夜里", "晚上"} and hour < 5:
        return Clock(hour, minute, second, twelve=True) if half == "夜里" else None
    return Clock(hour % 12 + start, minute, second, twelve=True)


def _small(text: str) -> int | None:
    if text.isdecimal() and text.isascii():
        return int(text)
    value = chinese_number(text.lstrip("零〇") or "零")
    return int(value) if value is not None and value.denominator == 1 else None


@dataclass(frozen=True)
class Moment:
    """A time of day on a date."""

    date: Date
    clock: Clock

    def agrees(self, other: "Moment") -> bool:
        """Whether both the dates and the times of day agree."""
        return self.date.agrees(other.date) and self.clock.agrees(other.clock)


def moment(text: str) -> Moment | None:
    """A date and a time of day in either order: `3 p.m. on March 5`, `March 5 at 3 p.m.`, 3月5日下午3点; None for anything else."""
    text = plain(text)
    words = re.sub(r"(?<=[日号])(?=.)", " ", text).split() if not text.isascii() else text.split()
    for place in range(1, min(len(words), 12)):
        one, other = " ".join(words[:place]).removesuffix(","), " ".join(words[place:])
        for day, time in ((one, other.removeprefix("at ")), (other.removeprefix("on "), one)):
            found, hour = date(day), clock(time)
            if found is not None and hour is not None and (found.day is not None or found.weekday is not None):
                return Moment(found, hour)
    return None


def readings(text: str) -> tuple[Moment | Date | Clock | Duration, ...]:
    """All that a whole text can mean as a time: 17时20分 is a time of day and a length of time; empty for what is no time."""
    return tuple(value for read in (moment, date, clock, duration) if (value := read(text)) is not None)


def agree(one: tuple[Moment | Date | Clock | Duration, ...], other: tuple[Moment | Date | Clock | Duration, ...]) -> bool:
    """Whether two texts can mean the same time: some reading of one agrees with a reading of its kind of the other."""
    return any(type(left) is type(right) and left.agrees(right) for left in one for right in other)
