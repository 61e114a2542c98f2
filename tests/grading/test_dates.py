"""Dates, and moments of a date and a time of day: what is read, in both languages, and what agrees with what."""

import calendar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.grading.forms.times import date, moment

ONE_DATE = [
    [
        "March 5, 2024",
        "5 March 2024",
        "the 5th of March, 2024",
        "2024-03-05",
        "2024/3/5",
        "2024年3月5日",
        "Mar. 5, 2024",
        "二〇二四年三月五日",
    ],
    ["25/12/2023", "12/25/2023", "December 25, 2023", "25 Dec 2023", "2023年12月25号", "12月25日", "25th December"],
    ["Monday", "Mon.", "MONDAY", "星期一", "周一", "礼拜一", r"\text{Monday}"],
    ["Sunday", "星期日", "星期天", "周日", "Sun"],
    ["January", "Jan", "1月", "一月", "1月份"],
    ["May", "5月"],
    ["9-Jan", "January 9", "9th January", "9^{th} January", "1月9日", r"January 9\textsuperscript{th}", "on January 9"],
    ["Tuesday, March 5, 2024", "March 5, 2024", "3月5日星期二", "2024年3月5日(星期二)"],
]
OTHER_DATES = [
    ("2024-03-05", "2024-05-03"),
    ("March 5", "March 6"),
    ("March 5, 2024", "March 5, 2023"),
    ("Monday", "Tuesday"),
    ("January", "June"),
]
OTHER_DATES += [
    ("3/5/2024", "March 5, 2024"),
    ("3/5/2024", "5/3/2024"),
    ("March", "March 5"),
    ("星期三", "星期四"),
    ("March", "March 2024"),
]
OTHER_DATES += [("Monday, March 4", "Tuesday, March 4"), ("Saturday", "Sunday")]
NO_DATE = [
    "",
    "5",
    "2024",
    "3/4",
    "2024-02-30",
    "2023-02-29",
    "13/13/2024",
    "Monday Tuesday",
    "March March",
    "March 32",
    "星期",
    "周八",
    "一",
    "marching",
]
NO_DATE += [
    "1-2",
    "0/5/2024",
    "March 5 or 6",
    "the",
    "10-20-30",
    "5 5 March",
    "2024-3",
    "3:30",
    "第一",
    "月",
    "Monday morning",
    "2024年5日",
    "2024年",
    "4号",
    "5日",
    "-March",
]


@pytest.mark.parametrize("texts", ONE_DATE, ids=lambda texts: texts[0])
def test_one_date_in_many_writings(texts):
    for one in texts:
        for other in texts:
            assert date(one).agrees(date(other)), (one, other)


@pytest.mark.parametrize(("one", "other"), OTHER_DATES)
def test_different_dates_differ(one, other):
    assert not date(one).agrees(date(other))
    assert not date(other).agrees(date(one))


@pytest.mark.parametrize("text", NO_DATE)
def test_these_are_no_dates(text):
    assert date(text) is None


def test_a_date_that_is_not_certain_agrees_with_its_own_writing():
    assert date("3/5/2024").agrees(date("3-5-2024"))
    assert date("4/4/2024").agrees(date("April 4, 2024"))


@given(st.dates(), st.dates())
def test_dates_agree_in_all_writings_and_only_with_themselves(one, other):
    def writings(day):
        name = calendar.month_name[day.month]
        year = f"{day.year:04}"
        return [
            f"{year}-{day.month:02}-{day.day:02}",
            f"{name} {day.day}, {year}",
            f"{day.day} {name} {year}",
            f"{year}年{day.month}月{day.day}日",
        ]

    for ours in writings(one):
        assert all(date(ours).agrees(date(theirs)) == (one == other) for theirs in writings(other))
        assert all(date(ours).agrees(date(same)) for same in writings(one))


ONE_MOMENT = [
    ["3 p.m. on March 5", "March 5 at 3 p.m.", "3月5日下午3点", "15:00, March 5", "March 5, 3:00 PM", "3 pm 5th March"],
    [r"8 : 13 A.M. on June 26\textsuperscript{th}", "June 26, 8:13 am", "6月26日 上午8时13分"],
    ["Monday at noon", "12 noon on Monday", "星期一 正午"],
]


@pytest.mark.parametrize("texts", ONE_MOMENT, ids=lambda texts: texts[0])
def test_one_moment_in_many_writings(texts):
    for one in texts:
        for other in texts:
            assert moment(one).agrees(moment(other)), (one, other)


@pytest.mark.parametrize(
    "text", ["March 5", "3 p.m.", "March at noon", "noon on", "5 at 3", "3 p.m. on March 5 and 6", "", "3 : 15 on 4", "9 : 30"]
)
def test_these_are_no_moments(text):
    assert moment(text) is None


def test_moments_differ_by_date_or_time():
    assert not moment("3 p.m. on March 5").agrees(moment("4 p.m. on March 5"))
    assert not moment("3 p.m. on March 5").agrees(moment("3 p.m. on March 6"))
