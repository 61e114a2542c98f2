"""Attacks: the table is whole, and no attack gives the reference answer."""

import random

import pytest

from mathcode.critic import attacks, cases
from mathcode.critic.attacks import Target
from mathcode.grading import lenient

TARGETS = [
    Target("How many dollars are 2 + 3?", "5 dollars", "print(2 + 3)", "12"),
    Target("5", "5", "print(5)", "5"),
    Target("Which day follows Monday?", "Tuesday", "print('Tuesday')", "35"),
    Target("周长和面积？", "周长16，面积15", "print(16, 15)", "三十五"),
]
DEMANDED = {
    "empty", "blank", "stop", "colon", "comma", "solution", "thought", "opener", "opener_zh", "question", "unit", "traceback", "yes",
    "order", "random_digits", "other_answer", "many_numbers", "cut", "endless", "fields",
}  # fmt: skip


def test_the_table_is_whole():
    assert {*attacks.ATTACKS} >= DEMANDED


@pytest.mark.parametrize("name", attacks.ATTACKS)
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.gold)
def test_no_attack_is_right(name, target):
    for seed in range(5):
        text = attacks.attack(name, target, random.Random(seed))
        assert text == attacks.attack(name, target, random.Random(seed))
        if text is not None:
            assert text.strip() != target.gold
            assert not lenient.same_numbers(target.gold, text)


def test_what_would_be_right_is_no_attack():
    draw = random.Random(1)
    assert attacks.attack("question", TARGETS[1], draw) is None
    assert attacks.attack("other_answer", TARGETS[1], draw) is None
    assert attacks.attack("program", TARGETS[1], draw) is None
    assert attacks.attack("unit", TARGETS[0], draw) == "dollars"
    assert "5 dollars" in attacks.attack("many_numbers", TARGETS[0], draw)


def test_a_judge_is_shown_the_last_line():
    row = {"question": "q", "gold": "5", "program": "p", "result": "1\n5 \n", "ended": "ok"}
    assert cases.as_case(row).answer == "5"
    assert cases.as_case(row | {"result": " \n"}).answer is None
    assert cases.as_case(row | {"ended": "error"}).answer is None
