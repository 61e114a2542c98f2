"""Equality of answers: the written policy in pairs, and properties that hold for all texts."""

import json
import random
import re
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support import generated_answers

from mathcode.grading import equality, exact
from mathcode.grading.forms import reading
from mathcode.grading.forms.names import FUNCTIONS

GOLDEN = Path(__file__).parent / "golden"


def equal(gold: str, answer: str) -> bool:
    """The verdict of both arithmetics, as the judge gives it."""
    found = equality.equal(gold, answer)
    return equality.numerically_equal(gold, answer) if found is None else found


def golden_pairs(name: str) -> list[tuple[str, str, bool, str]]:
    """Gold, answer, verdict by hand and reason; in tables `\n` before a digit stands for a new line."""
    lines = (GOLDEN / name).read_text(encoding="utf-8").splitlines()
    if name.endswith(".jsonl"):
        rows = map(json.loads, lines)
        return [(row["gold"], row["answer"], row["equal"], row.get("why", "")) for row in rows]
    cells = [line.split("\t") for line in lines[1:]]
    return [(gold, re.sub(r"\\n(?=\d)", "\n", answer), verdict == "equal", kind) for kind, gold, answer, verdict in cells]


@pytest.mark.parametrize("name", ["forms.jsonl", "graded_pairs.tsv", "heldout_pairs.tsv"])
def test_verdicts_agree_with_those_given_by_hand(name):
    pairs = golden_pairs(name)
    assert len(pairs) >= 300
    assert len({pair[:2] for pair in pairs}) == len(pairs)
    assert [pair for pair in pairs if equal(*pair[:2]) is not pair[2]] == []


@pytest.mark.parametrize("count", [pytest.param(200, id="200"), pytest.param(10_000, marks=pytest.mark.full, id="10000")])
@pytest.mark.parametrize("form", generated_answers.FORMS)
def test_generated_pairs_of_each_form(form, count):
    wrong = [pair for pair in generated_answers.pairs(form, count) if equal(*pair[:2]) is not pair[2]]
    assert wrong == []


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, "Mod", "root", "max", "min"}))
def test_a_function_of_too_few_or_too_many_arguments_is_no_value(name):
    for count in range(5):
        called = f"{name}({', '.join('2345'[:count])})"
        assert equal("977", called) is False
        assert equal(called, "977") is False
    assert equal("977", f"\\{name} 5") is False


def test_a_measure_without_its_second_unit_is_no_error():
    assert equal("150 seconds", "2 min 30") is False


PIECES = ["\\frac", "\\sqrt", "\\pm", "\\le", "\\cup", "\\text{", "\\begin{pmatrix}", "\\end{pmatrix}", "\\left(", "\\infty", "\\\\",
          "Matrix", "Interval", " or ", "cm", "√", "½", "三", "\ud800"]  # fmt: skip
SIGNS = st.sampled_from([*"0123456789.,%$\\{}[]()/^_ abxpit\n=+-*!|<>&;:'", *PIECES])
TEXTS = st.one_of(st.lists(SIGNS, max_size=20).map("".join), st.text(max_size=20))


@settings(max_examples=400)
@given(TEXTS)
def test_every_text_is_read_and_equal_to_itself(text):
    reading.read(equality.normalise(text))
    assert equality.equal(text, text) is bool(text.strip())


@settings(max_examples=400)
@given(TEXTS, TEXTS)
def test_any_two_texts_are_compared(gold, answer):
    assert equal(gold, answer) in (True, False)
    assert exact.quick_verdict(gold, answer) in ("equal", "different", "gold_unparsed", None)


FORMED = st.tuples(st.sampled_from(list(generated_answers.FORMS)), st.integers(0, 10**6)).map(
    lambda one: generated_answers.FORMS[one[0]](random.Random(one[1]))
)
ONE_SIDED = {"values", "pair", "assignments", "choice", "length"}
"""Forms with a rule for the side of the reference answer: brackets of lists, options, bare letters as units."""
DRESSES = [
    "${}$",
    "$${}$$",
    r"\({}\)",
    r"\[{}\]",
    r"\boxed{{{}}}",
    "**{}**",
    "`{}`",
    " {} ",
    "{}.",
    "Answer: {}",
    "答案：{}",
    r"$\boxed{{{}}}$.",
]


@given(FORMED, st.sampled_from(DRESSES))
def test_dress_says_nothing(made, dress):
    gold, same, other = made
    bare = [text.replace("\\$", "") for text in made]
    assume(not any("**" in text or "$" in text or text.endswith(".") for text in bare))  # no one could tell these from the dress
    assert equal(gold, dress.format(gold)) is True
    assert equal(gold, dress.format(same)) is equal(gold, same)
    assert equal(gold, dress.format(other)) is False


@given(st.sampled_from([name for name in generated_answers.FORMS if name not in ONE_SIDED]), st.integers(0, 10**6))
def test_equality_is_symmetric(form, seed):
    gold, same, other = generated_answers.FORMS[form](random.Random(seed))
    assert equal(same, gold) is True
    assert equal(other, gold) is False


@given(st.integers(-(10**60), 10**60), st.integers(1, 10**60))
@example(2**53, 1)
def test_different_integers_are_never_equal(value, difference):
    assert equal(str(value), str(value + difference)) is False
    assert equal(str(value), f"{value + difference}.0") is False
    assert equal(str(value), f"{value:,}") is True


@given(st.integers(10**6, 10**14), st.integers(6, 12))
def test_an_integer_is_no_rounding_in_scientific_notation(value, digits):
    printed = f"{value:.{digits - 1}e}"
    assert equal(str(value), printed) is (Fraction(printed) == value)


@given(st.fractions(), st.fractions())
def test_fractions_are_equal_if_they_are(left, right):
    texts = [f"\\frac{{{value.numerator}}}{{{value.denominator}}}" for value in (left, right)]
    assert equal(*texts) is (left == right)


@given(st.decimals(-999, 999, places=3), st.decimals(-999, 999, places=3))
def test_short_decimals_are_equal_if_they_are(left, right):
    assert equal(str(left), str(right)) is (left == right)
    assert equal(f"{left}%", f"{right}%") is (left == right)


@given(st.fractions(-1000, 1000, max_denominator=997))
def test_what_a_double_prints_is_its_value(value):
    printed = repr(value.numerator / value.denominator)
    assert equal(f"\\frac{{{value.numerator}}}{{{value.denominator}}}", printed) is True


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=1e-300, max_value=1e300))
def test_no_number_is_zero(value):
    assert equal(repr(value), "0") is False
    assert equal(repr(value), repr(value * 1.001)) is False


NUMERALS = st.one_of(
    st.integers().map(str), st.floats().map(repr), st.decimals(-999, 999, places=3).map("{}%".format), st.text(max_size=12)
)


@given(NUMERALS, NUMERALS)
def test_numeric_equality_is_symmetric_and_knows_numerals(left, right):
    """But beside a zero: what floating point leaves of a reference answer of zero is zero, and no reference answer is."""
    numbers = [equality.number(text) for text in (left, right)]
    assert (equality.numeric_equal(left, left) is None) == (numbers[0] is None)
    assume(None in numbers or all(number.value for number in numbers))
    assert equality.numeric_equal(left, right) == equality.numeric_equal(right, left)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.5", Fraction(2469, 2)),
        ("three million", 3 * 10**6),
        ("3 1/2", Fraction(7, 2)),
        ("25%", 25),
        ("3:4", Fraction(3, 4)),
        ("12 apples", 12),
    ],
)
def test_numbers_are_read(text, value):
    assert equality.number(text).value == value


@pytest.mark.parametrize("text", ["48, 384", "x", "", "1/0", "5 or 6", "Friday", "2\\sqrt{3}", "9 was rejected"])
def test_what_is_no_number(text):
    assert equality.number(text) is None


EXCESSIVE = [
    "9**9**9**9", "1000000!", "factorial(factorial(20))", "2^{10^{10}}", "10^{-100000000}", r"\log_{2}(3^{10000007})", "1e999999999",
    "(" * 40 + "1" + ")" * 40, r"\binom{1000000000}{500000000}", "(20!)!", "9^{9!}", "1" * 1001, r"\cos(10^{50})", "`" * 40_000,
    "{" * 40_000, "$" * 40_000, "(" * 999, r"\frac" * 150, "1," * 450, r"\pm" * 300 + "1", "+".join(["x^{99}"] * 120),
    "[" * 990, "x=" + "]" * 900, "{x|" * 200 + "}" * 200, "2^" * 494 + "21", "9^9^" * 200 + "9",
    "5(2/3)" * 160, "x=1,y=2 or " * 90, "a:" * 480 + "b=1", "(x<1)|" * 160, "((x<1)|" * 140, "P(" * 490, "5 (" * 330, "A选项" * 300,
]  # fmt: skip


@pytest.mark.parametrize("text", EXCESSIVE, ids=lambda text: text[:20])
def test_what_nobody_computes_is_equal_as_text_alone(text):
    assert equal("5", text) is False
    assert equal("x+1", text) is False
    assert equal(text, f" {text} ") is True


@pytest.mark.parametrize(
    ("gold", "answer"),
    [
        ("2^{2020}", "4^{1010}"),
        ("10^{100}", "10**100"),
        ("x^{10^9}", r"x^{1000000000}"),
        (r"\frac{2007!}{2006!}", "2007"),
        ("(a+b)^{60}", "(b+a)^{60}"),
    ],
)
def test_large_powers_are_compared_without_multiplying_out(gold, answer):
    assert equal(gold, answer) is True
    assert equal(gold, f"{answer}+1") is False


def test_a_long_answer_is_equal_as_text_only():
    long = "x" * 1001
    assert equal(long, long) is True
    assert equal(long, f"{long} + 0") is False
    assert equal("5", "5" + " + 0" * 400) is False


def test_a_gold_that_cannot_be_read_is_told():
    assert not equality.understood(r"\frac{1}{")
    assert equality.understood("no solution")
    assert equality.understood("3")
    assert equality.understood("C.12")
