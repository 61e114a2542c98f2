"""The lenient rule: numbers of the reference, all, in order; what it reads, what it leaves to others."""

import random
import time
from fractions import Fraction

import pytest

from mathcode import settings
from mathcode.critic import rewriting
from mathcode.grading import lenient
from mathcode.grading.judge import Case, shown

SAME = [
    ("35 dollars", "35"),
    ("x = 16, y = 11", "16 11"),
    ("16 and 11", "(16, 11)"),
    ("2 hours 15 minutes", "2\n15"),
    ("2小时15分", "2 15"),
    ("三十五元", "35"),
    ("三十五", "35.0"),
    ("十六和十一", "16 11"),
    ("一又四分之一", "1.25"),
    ("四分之五千克", "1.25"),
    ("百分之五", "0.05"),
    ("负三", "-3"),
    ("一点二五", "1.25"),
    ("一万零二", "10002"),
    ("二〇二五年", "2025"),
    ("5万", "50000"),
    ("1 1/4 kg", "1.25"),
    ("\\frac{5}{4}", "1.25"),
    ("125%", "1.25"),
    ("1,234 books", "1234"),
    ("35 m^2", "35"),
    ("35\\text{ cm}^2", "35"),
    ("16 m and 15 m^2", "16 15"),
    ("答案是-5。", "-5"),
    ("about 0.333333", "0.33333333"),
    ("3.5千米", "3.5"),
    ("3.5", "3½ hours"),
    ("3.5", "3个半小时"),
    ("300", "3百"),
    ("3000000", "3 million"),
    ("36", "3 dozen"),
    ("-5", "–5"),
    ("-5", "minus 5"),
    ("1.5", "1\\frac12"),
    ("0.75", "\\frac34"),
    ("0.2", "百分之20"),
    ("7/3", "2又1/3"),
    ("18", "一共有18个"),
    ("0, -1", "0 -1"),
    ("5", "5m"),
    ("60", "60 km/h"),
    ("3", "$3/hour"),
    ("16 11", "(np.int64(16), np.int64(11))"),
    ("16, 11", "x=16 y=11"),
    ("16 11", "Matrix([[16], [11]])"),
    ("5", "total cost (USD): 5"),
    ("3", "3 a day"),
    ("\\left(\\frac12, 3\\right)", "1/2 3"),
    ("2.5", "2.5000000001"),
    ("3", "3.0000000001"),
    ("at least 5", "至少5个"),
    ("about 5", "5"),
    ("25 boxes, 2 over", "25 2"),
    ("-5", "零下5度"),
    ("0.5", "五成"),
    ("0.8", "八折"),
    ("0.85", "85折"),
    ("0.025", "25‰"),
    ("150", "一百五"),
    ("35000", "3万5千"),
    ("1/3", "3分之1"),
    ("2.5", "两个半小时"),
    ("0.5", "一半"),
    ("5", "There are no apples left, so the total is 5."),
]
OTHER = [
    ("5", "5!"),
    ("1\\frac12", "1"),
    ("2", "2k"),
    ("3", "x>3"),
    ("1,2", "(x-1)(x-2)"),
    ("5, 3", "5-3"),
    ("5", "\\pm 5"),
    ("2", "\\overline{2}"),
    ("1", "一共"),
    ("3", "3 million"),
    ("3", "3 dozen"),
    ("3", "3½ hours"),
    ("3", "3百"),
    ("3", "3个半小时"),
    ("10", "10³"),
    ("5", "minus 5"),
    ("5", "–5"),
    ("35", "36"),
    ("35", "-35"),
    ("16 and 11", "11 16"),
    ("16 and 11", "16"),
    ("35", "12, 35, 7"),
    ("thirty-five", "35"),
    ("星期三", "3"),
    ("三十五", "305"),
    ("1.25", "125"),
    ("2x+3", "2 3"),
    ("\\sqrt{2}", "2"),
    ("3^2", "3 2"),
    ("x^2+1", "1"),
    ("m^2+1", "1"),
    ("5 x^2", "5"),
    ("2 * 3", "2 3"),
    ("5", "sqrt(5)"),
    ("5", "log(5)"),
    ("5", "sin 5"),
    ("5", "factorial(5)"),
    ("5", "f(g(5))"),
    ("5", "Mod(x, 5)"),
    ("5, 4", "Fraction(5, 4)"),
    ("3", "Interval(3, oo)"),
    ("3", "(-∞, 3)"),
    ("5", "|-5|"),
    ("5", "x != 5"),
    ("5", "5/x"),
    ("5", "x / 5"),
    ("5, 3", "(5)/(3)"),
    ("1, 1/2", "1(1/2)"),
    ("5", "5 x"),
    ("5", "5 pi"),
    ("5", "5I"),
    ("5", "5*I"),
    ("1000000", "1000001.0"),
    ("3", "3.000001"),
    ("1234567.5", "1234567.6"),
    ("5", "not 5"),
    ("5", "more than 5"),
    ("5", "at least $5"),
    ("5", "不到5"),
    ("5", "至少5个"),
    ("5", "不是：5"),
    ("5", "5 (rejected)"),
    ("5", "5（舍去）"),
    ("5", "5 is wrong"),
    ("5", "5不对"),
    ("5", "5 or more"),
    ("5", "5 at most"),
    ("5", "5以上"),
    ("5", "5 squared"),
    ("5", "5 tenths"),
    ("5", "5 below zero"),
    ("5", "twice 5"),
    ("5", "half of 5"),
    ("5", "under 5"),
    ("5", "over 5"),
    ("2.5", "两个半圆"),
    ("5", "isn't 5"),
    ("5", "no 5"),
    ("5", "5th"),
    ("5", "第五名"),
    ("3", "3D"),
    ("3", "三角形"),
    ("1", "唯一"),
    ("1", "一半"),
    ("0", "零件"),
    ("5", "五成"),
    ("8", "八折"),
    ("25", "25‰"),
    ("105", "一百五"),
    ("3", "三个半小时"),
    ("", ""),
    ("apples", "apples"),
    ("1000", "1" * 2000),
]


@pytest.mark.parametrize(("gold", "answer"), SAME)
def test_the_same_numbers(gold, answer):
    assert lenient.same_numbers(gold, answer)


@pytest.mark.parametrize(("gold", "answer"), OTHER)
def test_other_numbers(gold, answer):
    assert not lenient.same_numbers(gold, answer)


def test_every_whole_number_is_read_back_from_chinese_numerals():
    draw = random.Random(1)
    for value in [*range(20_010), *(draw.randrange(10**9) for _ in range(3000))]:
        text = rewriting.chinese(value)
        assert [read.value for read in lenient.numbers(text)] == [Fraction(value)], text


@pytest.mark.parametrize(
    "piece", ["1,", "1" * 999, "\\frac{", "-", "一", "万", "亿万", "1 1/", "百分之", "1.", "1e", "x^", "a(", "a", "5(", "not ", "|"]
)
def test_hostile_texts_are_read_at_once(piece):
    text = (piece * 1000)[: lenient.MAX_CHARS]
    start = time.process_time()
    lenient.same_numbers(text, text)
    assert time.process_time() - start < 2  # a pattern that is not linear takes minutes


@pytest.mark.parametrize(
    ("answer", "result", "ended", "expected"),
    [
        ("11", "16\n11\n", "ok", "16\n11"),
        ("5", "16\n11\n", "ok", "5"),  # the response states something else than it printed
        (None, "16", "ok", "16"),
        ("5", None, None, "5"),
        ("5", "Traceback 5", "error", "5"),
        (None, "", "ok", None),
    ],
)
def test_what_a_case_answers_with(answer, result, ended, expected):
    assert shown(Case("q", "5", answer, (answer,) if answer else (), "print(5)", result, ended)) == expected


@pytest.mark.stage
def test_the_judge_accepts_what_either_rule_does():
    cases = [
        Case("q", "1/2", "0.5", ("0.5",), "print(1/2)", "0.5", "ok"),  # exact
        Case("q", "十六和十一", "11", ("11",), "print(16)\nprint(11)", "16\n11", "ok"),
        Case("q", "thirty-five", "35", ("35",), "print(35)", "35", "ok"),  # exact: it reads number words
        Case("q", "十六和十一", "11", ("11",), "print(16)\nprint(11)", "16\n11", "error"),
        Case("q", "三十五元", "35", ("35",)),
        Case("q", "35", None),
    ]
    with lenient.LenientJudge(settings.Grading(timeout=20, workers=1, max_infrastructure_errors=0.0)) as judge:
        verdicts = judge.judge(cases)
        assert judge.judge(cases[::-1])[::-1] == verdicts
    assert [verdict.accepted for verdict in verdicts] == [True, True, True, False, True, False]
    assert verdicts[-1].outcome == "no_answer"
    assert {verdict.score for verdict in verdicts} == {None}
    assert judge.name.startswith("lenient-3/exact-")
