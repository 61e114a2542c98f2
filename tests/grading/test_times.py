"""Times of day and lengths of time: what is read, in both languages, and what agrees with what; limits of all that reads time."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.grading.forms.times import agree, clock, date, duration, moment, readings

ONE_TIME = [
    [
        "1:30 p.m.",
        "1:30 PM",
        "13:30",
        "1:30pm",
        "half past one in the afternoon",
        "下午1点30分",
        "下午一点半",
        "13时30分",
        r"1:30 \text{ p.m.}",
    ],
    ["9 pm", r"9\text{pm}", "9:00 p.m.", "nine at night", "9 o'clock in the evening", "晚上9时", "下午9点", "21:00", "at 9:00 PM"],
    ["7:20 am", "7.20 a.m.", "早上7:20", "上午7时20分", "twenty past seven in the morning"],
    ["noon", "12 noon", "12:00 p.m.", "中午12点", "正午"],
    ["midnight", "12:00 a.m.", "0:00", "24:00", "晚上12点", "午夜"],
    ["2:30", "half past two", "2点半", "两点半", "2时30分", "两点三十分"],
    ["4:45", "a quarter to five", "quarter to five", "4点三刻", "fifteen minutes to five"],
    ["6:10", "ten past six", "ten minutes after six", "6点10分"],
    ["3:00", "3 o'clock", "three o'clock", "3点", "三点整"],
    ["0:30", "0时30分"],
]
AGREE = [("1:30", "1:30 p.m."), ("1:30", "1:30 a.m."), ("12:00", "noon"), ("12:00", "midnight"), ("三点半", "下午三点半"), ("8:00", "8 am")]
DIFFER = [
    ("12:00", "1:00"),
    ("8:00", "4:00"),
    ("0:30", "0:45"),
    ("7:20 am", "7:20 pm"),
    ("上午9时", "下午9时"),
    ("1:30", "13:30"),
    ("5:15 p.m.", "10:30 p.m."),
]
DIFFER += [
    ("noon", "midnight"),
    ("12:00 a.m.", "12:00 p.m."),
    ("12:30", "0:31"),
    ("1:30", "2:30 p.m."),
    ("1:30:05", "1:30:06"),
    ("half past two", "quarter past two"),
]
NO_CLOCK = [
    "",
    "9",
    "3.30",
    "3:5",
    "25:00",
    "1:60",
    "24:01",
    "13:00 am",
    "0 pm",
    "2:0:1",
    "four",
    "quarter past",
    "half to two",
    "三点五",
    "am",
    "x:30",
    "ten to five",
    "two to one",
    "quarter minutes to two",
]
NO_CLOCK += [
    "noon or midnight",
    "3:30 p.m. or 4",
    "-3:30",
    "1:2:3",
    "12:00 x",
    "thirty past two in",
    "十",
    "点",
    "3点70分",
    "25点",
    "seventy past two",
]


@pytest.mark.parametrize("texts", ONE_TIME, ids=lambda texts: texts[0])
def test_one_time_of_day_in_many_writings(texts):
    for one in texts:
        for other in texts:
            assert clock(one).agrees(clock(other)), (one, other)


@pytest.mark.parametrize(("one", "other"), AGREE)
def test_the_half_of_the_day_may_be_left_out(one, other):
    assert clock(one).agrees(clock(other))
    assert clock(other).agrees(clock(one))


@pytest.mark.parametrize(("one", "other"), DIFFER)
def test_different_times_differ(one, other):
    assert not clock(one).agrees(clock(other))
    assert not clock(other).agrees(clock(one))


@pytest.mark.parametrize("text", NO_CLOCK)
def test_these_are_no_times_of_day(text):
    assert clock(text) is None


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 23), st.integers(0, 59))
def test_times_agree_in_all_writings_and_only_with_themselves(hour, minute, other_hour, other_minute):
    def writings(hour, minute):
        half, twelve = "p.m." if hour >= 12 else "a.m.", hour % 12 or 12
        chinese = (
            "凌晨" if hour < 6 else "上午" if hour < 12 else "中午" if hour == 12 else "下午"
        ) + f"{twelve if hour else 0}时{minute}分"
        twenty_four = [f"{hour}:{minute:02}"] if hour == 0 or hour > 12 else []
        return [f"{twelve}:{minute:02} {half}", f"{twelve}.{minute:02}{half[0]}m", chinese, *twenty_four]

    ours, theirs = writings(hour, minute), writings(other_hour, other_minute)
    same = (hour, minute) == (other_hour, other_minute)
    for one in ours:
        assert all(clock(one).agrees(clock(other)) for other in ours)
        assert all(clock(one).agrees(clock(other)) == same for other in theirs)


ONE_LENGTH = [
    (
        9000,
        [
            "2 h 30 min",
            "2 hours 30 minutes",
            "2.5 hours",
            "150 minutes",
            "2h30min",
            "2 hrs 30 mins",
            "two and a half hours",
            "2小时30分",
            "两个半小时",
        ],
    ),
    (
        9000,
        [
            "2 hours and 30 minutes",
            "two hours and thirty minutes",
            r"2\rm h30\rm min",
            r"2 \frac{1}{2} hours",
            "2 1/2 hours",
            "2h 30m",
            "2时30分",
        ],
    ),
    (
        9000,
        [
            r"2 \text{ h } 30 \text{ min}",
            "2 hours, 30 minutes",
            "2 hr. 30 min.",
            r"2\frac{1}{2}\text{ hours}",
            "2小时30分钟",
            "二又二分之一小时",
        ],
    ),
    (5400, ["an hour and a half", "one and a half hours", "90 min", "一个半小时", "1.5小时", "1 hour 30 min", "90分钟", "一小时三十分"]),
    (1800, ["half an hour", "30 minutes", "半小时", "半个小时", "三十分钟", r"\frac{1}{2} hour"]),
    (900, ["a quarter of an hour", "15 minutes", "一刻钟", "15分"]),
    (5025, ["1 h 23 min 45 s", "1小时23分45秒", "1 hour, 23 minutes and 45 seconds"]),
    (777_600, ["1 week, 2 days", "9 days", "9天", "1周2天"]),
]


@pytest.mark.parametrize(("seconds", "texts"), ONE_LENGTH, ids=lambda value: value[0] if isinstance(value, list) else str(value))
def test_one_length_of_time_in_many_writings(seconds, texts):
    for text in texts:
        assert (duration(text).seconds, duration(text).months) == (seconds, 0), text


@pytest.mark.parametrize(
    ("text", "months"), [("1 year 3 months", 15), ("2年3个月", 27), ("half a year", 6), ("2 years", 24), ("1 century", 1200)]
)
def test_months_and_years_are_no_days(text, months):
    assert (duration(text).seconds, duration(text).months) == (0, months)


NO_DURATION = [
    "",
    "5",
    "5m",
    "2h",
    "5 apples",
    "3 hours 2 days",
    "2 hours 30",
    "minutes",
    "2 meters",
    "2 hours or 3 hours",
    "2 hours 3 hours",
    "x hours",
]
NO_DURATION += [
    "2:30",
    "hours 2",
    "2 hours,",
    "1/0 hours",
    "3分之2",
    "两天三小时四",
    "5 dollars",
    "小时",
    "-",
    "two",
    "h",
    "2 hours and",
    "三个",
    "5元3角",
]


@pytest.mark.parametrize("text", NO_DURATION)
def test_these_are_no_lengths_of_time(text):
    assert duration(text) is None


@given(st.integers(0, 99), st.integers(0, 59), st.integers(0, 59))
def test_lengths_of_time_are_exact(hours, minutes, seconds):
    total = Fraction(hours * 3600 + minutes * 60 + seconds)
    for form in (
        "{} hours {} minutes {} seconds",
        "{}h{}min{}s",
        "{} hr, {} min and {} sec",
        "{}小时{}分{}秒",
        r"{}\text{{h}} {}\text{{m}} {}\text{{s}}",
    ):
        assert duration(form.format(hours, minutes, seconds)).seconds == total


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("17时20分", "17小时20分钟", True),
        ("17时20分", "5:20 p.m.", True),
        ("17小时20分钟", "5:20 p.m.", False),
        ("half an hour", "30 min", True),
        ("3 p.m. on June 3", "June 3, 15:00", True),
        ("Monday", "3 p.m.", False),
        ("June 3", "3 p.m. on June 3", False),
        ("apples", "apples", False),
    ],
)
def test_texts_agree_in_one_of_their_readings(one, other, same):
    assert agree(readings(one), readings(other)) is agree(readings(other), readings(one)) is same


def test_a_length_of_time_is_a_quantity_of_one_unit():
    number, found = duration("an hour and a half").measured()
    assert (number, found.name) == (5400, "second")
    assert duration("2 years").measured()[1].name == "month"
    assert duration("1 year 3 days").measured() is None


PIECES_TEXT = (
    "1 2 12 30 2024 : / - . , am p.m. noon half past quarter to o'clock hour hours h min m s and a March Monday the of 5th st "
    "年 月 日 号 点 时 分 秒 半 小时 分钟 个 下午 上午 星期 周 一 三 十 零 又 分之 \\text{ } ^{ \\frac{1}{2} ~"
)
PIECES = st.sampled_from(PIECES_TEXT.split())


@given(
    st.lists(PIECES, max_size=9).map(" ".join) | st.lists(PIECES, max_size=9).map("".join) | st.text(st.characters(exclude_categories=()))
)
def test_no_text_raises(text):
    for read in (clock, date, moment):
        assert read(text) is None or read(text).agrees(read(text))
    assert duration(text) is None or duration(text).seconds >= 0


@pytest.mark.parametrize(
    "text", ["1 hour " * 50_000, "a" * 100_000, "1" * 100_000, "半" * 100_000, "March " * 50_000, ":" * 100_000, "a and " * 50_000]
)
def test_there_is_a_limit_of_length(text):
    assert [read(text) for read in (clock, duration, date, moment)] == [None] * 4
