"""What `print(a, b)` prints is the values of the reference in order, for the exact judge; Math-Verify is asked as its users ask it."""

import pytest

from mathcode import settings
from mathcode.grading.baselines import MathVerifyJudge
from mathcode.grading.exact import ExactJudge
from mathcode.grading.judge import Case

LIMITS = settings.Grading(timeout=20, max_infrastructure_errors=0.0)

ACCEPTED = [
    ("22, 9", "22 9\n"),
    ("22 and 9", "22 9"),
    ("22和9", "22 9"),
    ("22、9", "22 9"),
    ("22 chickens and 9 rabbits", "22 9"),
    ("鸡22只，兔9只", "22 9"),
    ("x=22, y=9", "22 9"),
    ("22 km, 9 km", "22 9"),
    ("1/2, 3", "0.5 3"),
    ("1/2, 3", "1/2 3"),
    ("22, 9", "22\n9\n"),
    ("22, 9", "the way there\n22 9"),
    ("-1, 0.5, 7", "-1 0.5 7"),
]
REFUSED = [
    ("22, 9", "9 22"),  # a list says nothing of order with commas; printed values stand in the order that was asked for
    ("22, 9", "22 9 1"),
    ("22, 9, 1", "22 9"),
    ("(22, 9)", "22 9"),  # a point, or an interval
    ("{22, 9}", "22 9"),
    ("23", "2 3"),
    ("22, 9", "22 + 9"),
    ("22, 9", "22 9 rejected"),
    ("7, 22, 9", "7\n22 9\n1"),
]


def verdict(judge, gold: str, printed: str, ended: str = "ok"):
    answer = printed.strip().rpartition("\n")[2]
    return judge.judge([Case("", gold, answer, (answer,), "print()", printed, ended)])[0]


@pytest.fixture(scope="module")
def exact():
    with ExactJudge(LIMITS) as judge:
        yield judge


@pytest.mark.parametrize(("gold", "printed"), ACCEPTED)
def test_values_that_are_printed_in_their_order_are_right(exact, gold, printed):
    found = verdict(exact, gold, printed)
    assert (found.outcome, found.accepted, found.lenient) == ("correct", True, True)


@pytest.mark.parametrize(("gold", "printed"), REFUSED)
def test_other_values_order_or_words_are_not(exact, gold, printed):
    assert verdict(exact, gold, printed).outcome == "wrong"


def test_only_the_output_of_a_program_that_ended_well_is_read_so(exact):
    assert verdict(exact, "22, 9", "22 9", "error").outcome == "wrong"
    (stated,) = exact.judge([Case("", "22, 9", "22 9", ("22 9",), None, None, None)])
    (elsewhere,) = exact.judge([Case("", "22, 9", "4", ("4",), "print()", "22 9", "ok")])
    assert (stated.outcome, elsewhere.outcome) == ("wrong", "wrong")


@pytest.mark.stage
def test_math_verify_is_given_what_stands_as_the_answer():
    with MathVerifyJudge(LIMITS) as judge:
        assert verdict(judge, "22 chickens and 9 rabbits", "22 9").outcome == "wrong"
