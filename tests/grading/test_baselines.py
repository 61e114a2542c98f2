"""The judges of others: what each accepts, and that none of them hangs."""

import pytest

from mathcode import settings
from mathcode.configuration import make_judge
from mathcode.grading.judge import Case

LIMITS = settings.Grading(timeout=5, workers=1, max_infrastructure_errors=0.0)


def case(gold: str, answer: str | None, result: str | None = None) -> Case:
    ended = None if result is None else "ok"
    return Case("q", gold, answer, () if answer is None else (answer,), "print()" if result else None, result, ended)


@pytest.mark.parametrize(
    ("judge", "gold", "answer", "result", "outcome"),
    [
        ("string", " 35", "35 ", None, "correct"),
        ("string", "35", "35.0", None, "wrong"),
        ("string", "16 11", "11", "16 11", "correct"),  # what was printed, whole
        ("string", "35", None, None, "no_answer"),
        ("numeric", "35", "35.0", None, "correct"),
        ("numeric", "1,000", "1000", None, "correct"),
        ("numeric", "$35", "35", None, "correct"),
        ("numeric", "35 dollars", "35", None, "wrong"),  # no numeral
        ("numeric", "1e999", "1e99", None, "wrong"),
        ("numeric", "nan", "nan", None, "wrong"),
        ("numeric", "35", "36", None, "wrong"),
        ("numeric", "35", "35", "note\n35", "correct"),
        ("numeric", "x", "x", None, "wrong"),
    ],
)
def test_a_rule_accepts(judge, gold, answer, result, outcome):
    with make_judge(judge, LIMITS) as made:
        (verdict,) = made.judge([case(gold, answer, result)])
    assert verdict.outcome == outcome
    assert verdict.accepted == (outcome == "correct")
    assert verdict.score is None


@pytest.mark.stage
def test_math_verify_judges_as_it_does_and_ends_at_the_limit():
    asked = {
        (r"\frac{1}{2}", "0.5"): "correct",
        ("35", "36"): "wrong",
        (r"\{1,2\}", r"\{2,1\}"): "correct",
        ("thirty-five", "35"): "wrong",  # it reads no words
        ("5", "9^{9^{9^{9}}}"): "timed_out",
        ("7", "7"): "correct",
    }
    with make_judge("math_verify", settings.Grading(timeout=3, workers=1, max_infrastructure_errors=0.0)) as made:
        verdicts = made.judge([case(*pair) for pair in asked])
    assert made.name.startswith("math_verify-")
    assert [verdict.outcome for verdict in verdicts] == list(asked.values())
