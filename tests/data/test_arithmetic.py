import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode import settings
from mathcode.core.errors import InputError
from mathcode.data import arithmetic

MIX = {"small": 0.2, "big": 0.2, "verbal": 0.3, "bill": 0.3}


def records(split: str, rows: int = 120, **more):
    return arithmetic.generate({"split": split, "rows": rows, "seed": 1, "mix": MIX, **more})


def run(program: str) -> str:
    """What one of our own programs prints (these are not model-written)."""
    printed = []
    exec(program, {"print": lambda value: printed.append(str(value))})
    return "\n".join(printed)


@pytest.mark.parametrize("split", [*arithmetic.SPLITS, "ood"])
def test_programs_print_the_answer_and_reasoning_ends_in_it(split):
    for record in records(split):
        assert run(record["code"]) == record["answer"]
        if record["kind"] != "order":
            assert record["cot"].rstrip(".").split()[-1] == record["answer"]
        else:
            assert record["answer"] in record["cot"]


def test_every_equation_of_the_reasoning_is_true():
    for record in records("test") + records("ood"):
        for left, right in re.findall(r"(\d+ [*+-] \d+) = (\d+)\.", record["cot"]):
            assert eval(left) == int(right), record
        if record["kind"] in ("product", "factory", "person", "easy", "hard"):
            assert " = " in record["cot"]


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_rows_and_mix(rows):
    made = records("train", rows)
    assert len(made) == len({record["question"] for record in made}) == rows
    families = Counter(record["family"] for record in made)
    assert all(abs(families[family] - share * rows) <= 1 for family, share in MIX.items())


def test_same_arguments_same_records_other_seed_other_records():
    assert records("dev") == records("dev")
    other = arithmetic.generate({"split": "dev", "rows": 120, "seed": 2, "mix": MIX})
    assert {record["question"] for record in other} != {record["question"] for record in records("dev")}


def test_a_smaller_set_holds_questions_of_the_larger_one():
    small, large = records("train", 100), records("train", 400)
    assert {record["question"] for record in small} < {record["question"] for record in large}


def test_splits_share_neither_question_nor_numbers():
    """The same operands in the same kind of problem never meet in two splits (weekdays: the same question); `ood` has those of `test`."""

    def problems(split):
        seen = set()
        for record in records(split, 1500):
            if record["kind"] == "weekday":
                seen.add(record["question"])
            elif record["kind"] == "order":
                seen.add(record["cot"])
            else:
                seen.add((record["kind"].replace("person", "factory"), *re.findall(r"\d+", record["question"])))
        return seen

    made = {split: problems(split) for split in (*arithmetic.SPLITS, "ood")}
    for first in made:
        for second in made:
            assert first == second or {first, second} == {"test", "ood"} or not made[first] & made[second], (first, second)


def test_each_family_of_ood_is_shifted_in_a_way_that_no_other_split_has():
    shifts = {
        "small": r"(?:has [6-9] bags of|has [6-9] times as many)",
        "big": r"^(?!A factory)\w+ makes \d{3} ",
        "verbal": r"^(?:\w+ finds|(?:\w+ is (?:older|younger) than \w+\. ){3})",
        "bill": r"at 10 dollars",
    }
    assert all(re.search(shifts[record["family"]], record["question"]) for record in records("ood", 400))
    for split in arithmetic.SPLITS:
        assert not [record for record in records(split, 1000) if re.search(shifts[record["family"]], record["question"])], split


@given(st.tuples(st.text(), st.integers(), st.integers()))
def test_every_problem_has_one_split(key):
    assert arithmetic.split_of(key) in arithmetic.SPLITS
    assert arithmetic.split_of(key) == arithmetic.split_of(tuple(key))


def test_code_share_decides_the_demonstrations():
    share = {"small": 1.0, "big": 0.5, "verbal": 0.0}
    made = records("sft", 2000, code_share=share)
    programs = Counter(record["family"] for record in made if record["demo"] == "code")
    total = Counter(record["family"] for record in made)
    assert programs["small"] == total["small"]
    assert programs["verbal"] == programs["bill"] == 0
    assert 0.4 < programs["big"] / total["big"] < 0.6
    assert all("demo" not in record for record in records("train"))


def test_a_family_with_too_few_questions_is_refused():
    with pytest.raises(InputError, match=r"family 'verbal' has only \d+ distinct questions in split 'dev', 50000 are wanted"):
        arithmetic.generate({"split": "dev", "rows": 50000, "seed": 1, "mix": {"verbal": 1.0}})


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"split": "exam"}, "split"),
        ({"rows": 0}, "rows"),
        ({"mix": {"giant": 1.0}}, "mix.giant"),
        ({"speed": 3}, "speed"),
        ({"mix": {"big": -1.0}}, "mix"),
    ],
)
def test_wrong_arguments_are_named(change, key):
    with pytest.raises(settings.SettingsError, match=key):
        arithmetic.generate({"split": "dev", "rows": 5, "seed": 1, "mix": MIX} | change)
