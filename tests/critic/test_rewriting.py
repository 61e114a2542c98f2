"""Forms keep the value, near misses do not: both against independent readings."""

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.critic import rewriting
from mathcode.grading import lenient
from mathcode.grading.exact import quick_verdict

whole = st.integers(-9999, 99_999).map(Fraction)
broken = st.builds(Fraction, st.integers(-400, 400), st.sampled_from([2, 3, 4, 5, 8, 10]))
kinds = st.one_of(st.tuples(whole), st.tuples(broken), st.tuples(whole, whole), st.tuples(whole, whole, whole))
WORDS = {"words", "words_unit", "words_sentence", "fraction_words", "several_words"}


def plain(values) -> str:
    return " ".join(f"{value.numerator}/{value.denominator}" if value.denominator > 1 else str(value) for value in values)


@given(kinds, st.sampled_from(sorted({*rewriting.FORMS} - WORDS)), st.integers(0, 9))
def test_the_lenient_rule_reads_every_form_back_but_words(values, form, seed):
    text = rewriting.FORMS[form](values, random.Random(seed))
    assert text is None or lenient.same_numbers(text, plain(values)), text


READABLE = [
    "plain",
    "assigned",
    "math",
    "boxed",
    "point_zero",
    "thousands",
    "fraction",
    "fraction_latex",
    "mixed",
    "several_and",
    "several_comma",
]


@given(kinds, st.sampled_from(READABLE))
def test_the_exact_rule_reads_plain_forms_back(values, form):
    text = rewriting.FORMS[form](values, random.Random(1))
    ours = ", ".join(f"{value.numerator}/{value.denominator}" if value.denominator > 1 else str(value) for value in values)
    assert text is None or quick_verdict(text, ours) == "equal", (text, ours)


@given(kinds, st.sampled_from(sorted(rewriting.NEAR_MISSES)), st.sampled_from(sorted(rewriting.FORMS)), st.integers(0, 99))
def test_a_near_miss_has_another_value(values, name, form, seed):
    draw = random.Random(seed)
    text = rewriting.FORMS[form](values, draw)
    other = rewriting.missed(name, values, form, draw)
    if text is None or other is None:
        return
    assert other != values
    if form not in WORDS:
        assert not lenient.same_numbers(text, plain(other)), (text, other)
    if form not in rewriting.ORDERED:
        assert sorted(other) != sorted(values)


def test_a_program_may_have_divided():
    draw = random.Random(1)
    printed = [rewriting.printed((Fraction(35),), draw) for _ in range(400)]
    assert {*printed} == {"35", "35.0"}
    assert 70 < printed.count("35.0") < 130


@given(kinds, st.integers(0, 9))
def test_what_is_printed_is_the_value(values, seed):
    printed = rewriting.printed(values, random.Random(seed))
    assert lenient.same_numbers(plain(values), printed)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (0, "zero", "零"),
        (13, "thirteen", "十三"),
        (35, "thirty-five", "三十五"),
        (105, "one hundred and five", "一百零五"),
        (110, "one hundred and ten", "一百一十"),
        (1010, "one thousand and ten", "一千零一十"),
        (-40, "minus forty", "负四十"),
        (10_002, "ten thousand and two", "一万零二"),
        (2_300_000, "two million three hundred thousand", "二百三十万"),
    ],
)
def test_numbers_in_words(value, english, chinese):
    assert (rewriting.english(value), rewriting.chinese(value)) == (english, chinese)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("35", (35,)),
        ("-1.25", (Fraction(-5, 4),)),
        ("16 and 11", (16, 11)),
        ("(16, 11)", (16, 11)),
        ("$\\frac{5}{4}$", (Fraction(5, 4),)),
        ("三十五", (35,)),
        ("35 dollars", None),
        ("2x", None),
        ("B", None),
        ("50%", None),  # two values are meant
        ("1 2 3 4 5", None),
        ("", None),
    ],
)
def test_references_that_can_be_rewritten(text, values):
    assert rewriting.values_of(text) == values


def test_drawn_values_have_all_lengths_and_keep_their_kind():
    draw = random.Random(1)
    some = [rewriting.drawn((Fraction(35), Fraction(5, 4)), 9999, draw) for _ in range(400)]
    lengths = [len(str(whole)) for whole, _ in some]
    assert all(70 < lengths.count(length) < 130 for length in (1, 2, 3, 4))
    assert all(whole.denominator == 1 < broken.denominator for whole, broken in some)
    assert max(whole for whole, _ in (rewriting.drawn((Fraction(35), Fraction(1)), 12, draw) for _ in range(99))) <= 12


def test_nobody_writes_long_fractions():
    draw = random.Random(1)
    for form in ("fraction", "fraction_latex"):
        assert rewriting.FORMS[form]((Fraction(997, 25),), draw) is None
        assert rewriting.FORMS[form]((Fraction(97, 25),), draw)


def test_every_form_and_every_near_miss_can_be_had():
    draw = random.Random(1)
    some = [(Fraction(1234),), (Fraction(5, 4),), (Fraction(16), Fraction(11))]
    assert {name for name, form in rewriting.FORMS.items() if not any(form(values, draw) for values in some)} == set()
    assert {name for name in rewriting.NEAR_MISSES if not any(rewriting.missed(name, values, "tuple", draw) for values in some)} == set()
    assert rewriting.FORMS["words"]((Fraction(5, 4),), draw) is None
    assert rewriting.FORMS["boxed"]((Fraction(35),), draw) == "\\boxed{35}"
