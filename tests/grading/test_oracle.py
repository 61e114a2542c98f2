"""The judge `oracle`: values of generated questions, one by one and in order."""

import polars as pl
import pytest

from mathcode import configuration, settings, tables
from mathcode.data import arithmetic, arithmetic_forms
from mathcode.grading.grades import grade_rollouts
from mathcode.grading.judge import Case, GradingError
from mathcode.grading.oracle import OracleJudge, same_values
from mathcode.responses.form import PLAIN

LIMITS = settings.Grading(timeout=20, workers=1, max_infrastructure_errors=0)
ALL = {"ordinary": 0.46, "reworded": 0.27, "harder": 0.27}


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ("16, 11", "16 11"),
        ("16, 11", "16, 11"),
        ("16, 11", "(16, 11)"),
        ("16, 11", "[16,11]"),
        ("16, 11", "16\n11\n"),
        ("16", "16.0"),
        ("0.3", "0.30000000000000004"),
        ("2.5, 3", "2.5 3"),
        ("1/3", "0.3333333333333333"),
        ("Sunday", "Sunday"),
        ("Gus", "gus"),
    ],
)
def test_the_same_values(values, answer):
    assert same_values(values, answer)


@pytest.mark.parametrize(
    ("values", "answer"),
    [
        ("16, 11", "11 16"),
        ("16, 11", "16"),
        ("16, 11", "1611"),
        ("16, 11", "16 11 27"),
        ("16, 11", "16 and 11"),
        ("16", "16 16"),
        ("16", "-16"),
        ("2.5", "2.51"),
        ("16", ""),
        ("16", "nan"),
        ("16", "1e999999999"),
        ("", ""),
        ("Sunday", "Monday"),
        ("Sunday", "Sunday Monday"),
        ("Eve", "Evelyn"),
        ("Eve", "3"),
        ("3", "Eve"),
    ],
)
def test_other_values(values, answer):
    assert not same_values(values, answer)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("programs", ["right", "believed"])
def test_exactly_the_right_programs_of_the_generator_are_accepted(programs, language):
    """Every family, variant and mistake; the form of the reference says nothing."""
    arguments = {"split": "base", "rows": 1400, "seed": 1, "variants": ALL, "site": "words", "programs": programs, "language": language}
    records = arithmetic_forms.generate(arguments)
    assert len({(record["family"], record["variant"], record["right"]) for record in records}) == 42 * (1 + (programs == "believed"))
    cases = [
        Case("?", ", ".join(record["values"]), record["printed"], (record["printed"],), "print()", record["printed"] + "\n", "ok")
        for record in records
    ]
    with OracleJudge(LIMITS) as judge:
        verdicts = judge.judge(cases)
    assert [verdict.accepted for verdict in verdicts] == [record["right"] for record in records]
    assert {verdict.outcome for verdict in verdicts} == {"right": {"correct"}, "believed": {"correct", "wrong"}}[programs]


def test_every_right_answer_of_the_arithmetic_generator_is_accepted():
    """Names and days of the week too."""
    mix = {"small": 0.25, "big": 0.25, "verbal": 0.25, "bill": 0.25}
    records = arithmetic.generate({"split": "train", "rows": 600, "seed": 1, "mix": mix})
    answers = [record["answer"] for record in records]
    assert any(answer.isalpha() for answer in answers)
    assert all(same_values(answer, answer) for answer in answers)


def test_what_of_a_case_is_compared():
    def verdict(answer, result=None, ended="ok", stated=()):
        return OracleJudge(LIMITS).judge([Case("?", "16, 11", answer, stated, "print()", result, ended)])[0]

    assert verdict("16 11", "looking\n16 11\n").accepted
    assert verdict("11", "16\n11\n").accepted
    assert verdict("16 11", "The answer is 16 11\n").accepted
    assert not verdict("3", "16 11\n").accepted
    assert not verdict("11", "16\n11\n", ended="error").accepted
    assert verdict(None, "16 11\n").outcome == "no_answer"
    assert verdict("3", stated=("16 11", "3")).lenient


def graded(values: str | None, judge) -> pl.DataFrame:
    query = {"query_id": "q1", "dataset": "d", "question": "?", "gold": "sixteen and eleven", "language": "en", "values": values}
    printed = {"text": "t", "program": "print(16, 11)", "output": "16 11", "result": "16 11\n", "error": None, "outcome": "ok"}
    row = dict.fromkeys(tables.ROLLOUTS.columns) | {"query_id": "q1", "mode": "code", "sample": 0, "methodology": "code"}
    row |= {"response": "```python\nprint(16, 11)\n```\n```output\n16 11\n```\n", "rounds": [printed], "finish_reason": "stop"}
    frames = (pl.DataFrame([one], schema=table.schema) for one, table in ((row, tables.ROLLOUTS), (query, tables.QUERIES)))
    return grade_rollouts(*frames, judge, PLAIN, LIMITS)


def test_rollouts_are_graded_by_values_and_not_by_the_gold():
    with configuration.make_judge("oracle", LIMITS) as judge:
        grades = graded("16, 11", judge)
        assert grades.select("answer", "outcome", "strict", "grader").row(0) == ("16 11", "correct", True, "oracle-2")
        assert graded("16, 12", judge)["outcome"].item() == "wrong"
        with pytest.raises(GradingError, match=r"^judge 'oracle' needs the values of query 'q1', which only generated data have$"):
            graded(None, judge)
