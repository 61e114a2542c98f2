"""When two questions are one: cases of every kind, in both directions, and properties over any text."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import public_data

from mathcode.data import sources, wording
from mathcode.data.prompt_frames import without_frame
from mathcode.methods.autocode import dictations
from mathcode.responses import prompts

CASES = [json.loads(line) for line in Path(__file__).with_name("decontamination.jsonl").read_text(encoding="utf-8").splitlines()]
QUESTIONS = [
    "What is 112 + 7?",
    "Solve $x^2 - 5x = 66$ for the larger root.",
    "Let $f(x)=\\frac{x^4}{2}$. Find $f'(2)$.",
    "Tom has 31 pens and loses 4. How many pens has he?",
    "Is (8 - 3) - 2 < 4!, and how many percent is 35% of 900?",
    "小红有 23 个苹果，又买了 5 个，一共有多少个？",
]
DRESS = [
    lambda text: text.upper() if "$" not in text else text,
    lambda text: text.replace(" ", "  "),
    lambda text: text.replace(" ", "\u00a0"),
    lambda text: f"  {text}\n",
    lambda text: text.replace(" ", "\n"),
    lambda text: text.replace("$", ""),
    lambda text: text.replace("$", "$$"),
    lambda text: text.replace("(", "\\left(").replace(")", "\\right)"),
    lambda text: text.replace("\\frac", "\\dfrac"),
    lambda text: text.replace(" = ", " \\,=\\; "),
    lambda text: text.replace("-", "\u2212"),
    lambda text: text.replace("'", "\u2019"),
    lambda text: text.replace("3", "３").replace("+", "＋"),
    lambda text: text.replace(" ", " \u200b"),
    lambda text: f"\u200f{text}\u200e\ufeff",
    lambda text: f"Question: {text}\nAnswer:",
    lambda text: f"{text} Please put your final answer within \\boxed{{}}.",
    lambda text: f"问题：{text}\n答案：",
    lambda text: f"**{text}**",
    lambda text: text.replace("<", "&lt;"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['kind']}: {case['why']}")
def test_questions_that_differ_in_dress_alone_are_one(case):
    same = wording.normalise(case["train"]) == wording.normalise(case["test"])
    assert same == (case["expected"] == "contaminated")


@given(st.sampled_from(QUESTIONS), st.lists(st.sampled_from(range(len(DRESS))), max_size=4, unique=True))
def test_any_dress_over_any_other_changes_nothing(question, chosen):
    dressed = question
    for number in chosen:
        dressed = DRESS[number](dressed)
    assert wording.normalise(dressed) == wording.normalise(question)


@given(st.sampled_from(QUESTIONS), st.data())
def test_no_digit_and_no_sign_can_change_unseen(question, data):
    meant = [place for place, letter in enumerate(question) if letter.isdigit() or letter in "+-=<!%'^"]
    place = data.draw(st.sampled_from(meant))
    other = data.draw(st.sampled_from("0123456789" if question[place].isdigit() else "+-=<%^").filter(lambda one: one != question[place]))
    assert wording.normalise(question[:place] + other + question[place + 1 :]) != wording.normalise(question)
    assert wording.normalise(question[:place] + question[place + 1 :]) != wording.normalise(question)


@given(
    st.text(max_size=80)
    | st.lists(st.sampled_from(["\\frac", "\\text", "{", "}", "1", "x", "**", "'", "^", "&lt;", "Answer:", " "])).map("".join)
)
def test_any_text_has_words_and_one_form(text):
    parts = wording.words(text)
    assert all(parts)
    assert wording.joined(parts) == wording.normalise(text)
    assert "\n" not in wording.normalise(text)


def test_words_carry_the_signs_before_them():
    assert wording.words("What is $3_2 + x^{10}$?") == ["what", "is", "3", "_2", "+x", "^10"]
    assert wording.words("买了99页。") == ["买", "了", "99", "页"]
    assert wording.words("Übung: É (5)") == ["übung", "é", "(5", ")"]
    assert wording.words("?") == wording.words("") == []


def test_a_question_that_is_all_frame_is_kept():
    for text in ("what is the answer?", "answer the question.", "please solve it", "答案", "question:"):
        assert without_frame(text).strip() == text


@pytest.mark.parametrize("profile", prompts.PROFILES)
def test_the_prompts_of_this_repository_are_frames(profile):
    for mode in ("native", "cot", "code"):
        for question in (QUESTIONS[0], QUESTIONS[3], QUESTIONS[5]):
            assert wording.normalise(dictations.render(profile, mode, question)) == wording.normalise(question)


def test_long_texts_end():
    """Texts of 200,000 signs, each built to make a pattern go back: one whose time grew with the square would not end here."""
    pieces = [
        "{",
        "}",
        "{x}",
        "**",
        "'a ",
        "``",
        "please. ",
        "请",
        "&amp",
        "\\frac",
        "1,000",
        "- ",
        "\\left",
        "3.",
        "* ",
        "__",
        "(~",
        "²",
        "<",
        "[/",
    ]
    for piece in pieces:
        assert wording.words(piece * (200_000 // len(piece)) + "1")
        assert wording.words("{" * 50_000 + piece * 1000 + "1" + "}" * 50_000)


@public_data.needed
def test_real_questions_under_dress_and_under_changed_numbers():
    questions = [record["question"] for record in sources.read_records(public_data.FOLDER / "gsm8k/test.jsonl.gz")][::10]
    draw = random.Random(1)
    for question in questions:
        same = wording.normalise(question)
        assert wording.normalise(DRESS[draw.randrange(5)](question)) == same
        place = draw.choice([place for place, letter in enumerate(question) if letter.isdigit()] or [0])
        if question[place].isdigit():
            assert wording.normalise(question[:place] + str((int(question[place]) + 1) % 10) + question[place + 1 :]) != same
