import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.data import answer_forms, number_words
from mathcode.data.answer_forms import KNOWN, UNSEEN, Answer, number

KINDS = ("whole", "part", "two")
FINITE = (1, 2, 4, 5, 8, 10, 20)


def answer(kind: str, *values: Fraction | int, language: str = "en") -> Answer:
    units = {"en": ("boxes", "pieces"), "zh": ("盒", "个")}[language]
    labelled = {"en": "{0} boxes, {1} over", "zh": "{0}盒余{1}"}[language] if kind == "two" else ""
    return Answer(kind, tuple(map(Fraction, values)), units, labelled, language)


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        (0, "zero", "零"),
        (10, "ten", "十"),
        (15, "fifteen", "十五"),
        (35, "thirty-five", "三十五"),
        (100, "one hundred", "一百"),
        (105, "one hundred and five", "一百零五"),
        (110, "one hundred and ten", "一百一十"),
        (119, "one hundred and nineteen", "一百一十九"),
        (1005, "one thousand and five", "一千零五"),
        (1050, "one thousand and fifty", "一千零五十"),
        (1375, "one thousand three hundred and seventy-five", "一千三百七十五"),
        (10_001, "ten thousand and one", "一万零一"),
        (20_300, "twenty thousand three hundred", "二万零三百"),
        (-7, "minus seven", "负七"),
        (Fraction(1, 2), "one half", "二分之一"),
        (Fraction(3, 5), "three fifths", "五分之三"),
        (Fraction(5, 4), "one and one quarter", "一又四分之一"),
        (Fraction(33, 10), "three and three tenths", "三又十分之三"),
        (Fraction(1, 7), None, None),
        (100_000, None, None),
    ],
)
def test_numbers_in_words(value, english, chinese):
    assert (number_words.english(value), number_words.chinese(value)) == (english, chinese)


@given(st.integers(0, number_words.LARGEST), st.integers(0, number_words.LARGEST))
def test_different_numbers_have_different_words(one, other):
    for words in (number_words.english, number_words.chinese):
        assert (words(one) == words(other)) == (one == other)


@pytest.mark.parametrize(
    ("value", "written"), [(Fraction(5, 4), "1.25"), (Fraction(-1, 20), "-0.05"), (Fraction(7), "7"), (Fraction(1, 3), "1/3")]
)
def test_digits(value, written):
    assert number(value) == written


@given(st.integers(-(10**6), 10**6), st.sampled_from(FINITE))
def test_digits_say_the_value(numerator, divisor):
    assert Fraction(number(Fraction(numerator, divisor))) == Fraction(numerator, divisor)


@pytest.mark.parametrize(
    ("given_answer", "form", "written"),
    [
        (answer("whole", 35), "unit", "35 boxes"),
        (answer("whole", 35, language="zh"), "unit", "35盒"),
        (answer("whole", 35), "equation", "x = 35"),
        (answer("whole", 35), "decimal", "35.0"),
        (answer("whole", 35), "sentence", "The answer is 35."),
        (answer("whole", 35, language="zh"), "sentence", "答案是35。"),
        (answer("whole", 35), "words_unit", "thirty-five boxes"),
        (answer("whole", 35), "numerals_unit", "三十五元"),
        (answer("whole", 35), "unit_in_brackets", "35 (boxes)"),
        (answer("whole", 35), "it_is", "it is thirty-five"),
        (answer("part", Fraction(5, 4)), "fraction", "5/4"),
        (answer("part", Fraction(5, 4)), "latex", r"\frac{5}{4}"),
        (answer("part", Fraction(5, 4)), "mixed", "1 1/4 boxes"),
        (answer("part", Fraction(5, 4)), "percent", "125%"),
        (answer("part", Fraction(5, 4)), "words", "one and one quarter"),
        (answer("part", Fraction(5, 4)), "numerals", "一又四分之一"),
        (answer("part", Fraction(5, 4)), "ratio", "5 : 4"),
        (answer("part", Fraction(5, 4), language="zh"), "about", "约1.25盒"),
        (answer("part", Fraction(997, 4)), "fraction", None),
        (answer("part", Fraction(3, 4)), "mixed", None),
        (answer("part", 7), "percent", None),
        (answer("part", 7), "words", "seven"),
        (answer("two", 16, 11), "plain", "16, 11"),
        (answer("two", 16, 11), "tuple", "(16, 11)"),
        (answer("two", 16, 11), "equations", "x = 16, y = 11"),
        (answer("two", 16, 11), "units", "16 boxes and 11 pieces"),
        (answer("two", 16, 11), "words", "sixteen and eleven"),
        (answer("two", 16, 11), "numerals", "十六和十一"),
        (answer("two", 16, 11), "labelled", "16 boxes, 11 over"),
        (answer("two", 16, 11, language="zh"), "labelled", "16盒余11"),
    ],
)
def test_a_form(given_answer, form, written):
    forms = {**KNOWN[given_answer.kind], **UNSEEN[given_answer.kind]}
    assert forms[form](given_answer) == written


def test_known_and_unseen_forms_share_no_name():
    for kind in KINDS:
        assert not KNOWN[kind].keys() & UNSEEN[kind].keys()


SITES = st.sampled_from(["plain", "digits", "words", "known", "unseen"])


@given(SITES, st.booleans(), st.sampled_from(KINDS), st.integers(1, 9999), st.sampled_from(FINITE), st.sampled_from(["en", "zh"]))
def test_every_answer_can_be_written_everywhere(site, free, kind, numerator, divisor, language):
    values = (numerator, numerator % 60) if kind == "two" else (Fraction(numerator, divisor if kind == "part" else 1),)
    given_answer = answer(kind, *values, language=language)
    form, written = answer_forms.write(given_answer, site, free, "q")
    assert written
    assert "None" not in written
    assert (form, written) == answer_forms.write(given_answer, site, free, "q")
    assert form in KNOWN[kind] or site == "unseen"
    if site == "plain":
        assert written == ", ".join(map(number, given_answer.values))


def test_free_families_of_a_wordy_site_hardly_write_digits():
    written = [answer_forms.write(answer("two", 16, 11), "words", True, row)[1] for row in range(500)]
    assert sum(bool(re.search(r"\d", text)) for text in written) < 75
    plain = [answer_forms.write(answer("whole", 35), "words", False, row)[1] for row in range(500)]
    assert all("35" in text for text in plain)


@given(st.dictionaries(st.text(min_size=1), st.floats(0.01, 10), min_size=1, max_size=5), st.integers())
def test_a_pick_is_one_of_the_names(weights, seed):
    assert answer_forms.pick(weights, seed) in weights
