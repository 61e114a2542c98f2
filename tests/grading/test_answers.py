"""Extraction of answers from responses."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.grading.answers import code_decides, extract, released
from mathcode.methods.autocode.form import FORM
from mathcode.responses.boxes import contents as boxes


def program(source: str, output: str) -> str:
    return f"```python\n{source}\n```\n```output\n{output}\n```\n"


CASES = {
    "one box": ("So \\boxed{4}.", "4"),
    "last box": ("\\boxed{3}, no: \\boxed{4}", "4"),
    "nested box": ("\\boxed{\\frac{1}{\\sqrt{2}}}", "\\frac{1}{\\sqrt{2}}"),
    "box with set": ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
    "fbox": ("\\fbox{4}", "4"),
    "spaced box": ("\\boxed {4}", "4"),
    "open box": ("The answer is 5. \\boxed{4", "5"),
    "empty box": ("\\boxed{} 7", "7"),
    "box before sentence": ("\\boxed{4}. The answer is 5.", "5"),
    "sentence": ("The answer is 5.", "5"),
    "sentence with decimal": ("The answer is: 3.14. Good.", "3.14"),
    "sentence with math": ("Therefore the answer is $\\frac{1}{2}$.", "\\frac{1}{2}"),
    "several options in brackets": ("The correct answers are (A) and (C).", "A, C"),
    "several options without a blank": ("The answer is A,B.", "A, B"),
    "several options in Chinese": ("答案：A、C", "A, C"),
    "an option before a reason that names others": ("The answer is (A), since B and C fail.", "A"),
    "sentence with money in math": ("The answer is $\\$1,200$.", "\\$1,200"),
    "chinese sentence": ("所以答案是：12。", "12"),
    "last sentence": ("The answer is 5.\nNo, the final answer is 6", "6"),
    "output": (program("print(8)", "8"), "8"),
    "last output": (program("print(8)", "8") + program("print(9)", "9") + "Done, I have 2 values.", "9"),
    "last line of output": (program("print(8)\nprint(9)", "8\n9"), "9"),
    "sentence before output": (program("print(8)", "8") + "The answer is 7.", "7"),
    "box before output": (program("print(8)", "8") + "\\boxed{7}", "7"),
    "box in output": (program("print('\\\\boxed{3}')", "\\boxed{3}") + "\\boxed{4}", "4"),
    "box in output after": ("\\boxed{4}\n" + program("print(1)", "\\boxed{3}"), "4"),
    "box in program": ("\\boxed{4}\n```python\nprint('\\\\boxed{3}')\n```", "4"),
    "number": ("We get 3 and then -1,234.5 in all", "-1,234.5"),
    "number of last attempt": (f"It is 3. {FORM.hints['code']} It is 4.", "4"),
    "no number in last attempt": (f"It is 3. {FORM.hints['code']} Well.", None),
    "number of program": ("Hm.\n```python\nprint(5)\n```", None),
    "nothing": ("I do not know", None),
    "empty": ("", None),
}


@pytest.mark.parametrize("name", CASES)
def test_strict_answer(name):
    response, answer = CASES[name]
    assert extract(response, form=FORM).strict == answer


OTHERS = {
    "minerva": ("\\boxed{3} Final Answer: The final answer is $4$. I hope it is correct.", "4", "4"),
    "last box": ("\\boxed{3} and \\boxed{4}", "4", "4"),
    "sentence": ("The answer is: 5.\nBye 6", "5", "5"),
    "box in output": ("\\boxed{4}\n" + program("print(1)", "\\boxed{3}"), "3", "3"),
    "output": (program("print(8)", "8") + "I think that is all.", "8", "8"),
    "output and number": (program("print(8)", "8") + "That took 2 steps.", "8", "2"),
    "chinese": ("答案是 12\n共3步", "3", "12"),
    "number": ("1,234 apples", "1234", "1234"),
    "decimal": ("it is -.5", "-.5", "-.5"),
    "nothing": ("I do not know", None, None),
    "empty": ("", None, None),
}


@pytest.mark.parametrize("name", OTHERS)
def test_rules_of_other_harnesses(name):
    response, deepseek_math, qwen = OTHERS[name]
    assert extract(response, "deepseek_math", "gsm8k", gold="4").strict == deepseek_math
    assert extract(response, "qwen2.5_math", "gsm8k", gold="4").strict == qwen


LISTS = {
    "two boxes for two items": ("\\boxed{3}, \\boxed{1} and \\boxed{2}", "", "1,2", "1, 2"),
    "two boxes for a point": ("\\boxed{1} and \\boxed{(1,2)}", "", "(1,2)", "(1,2)"),
    "a box twice": ("\\boxed{1} \\boxed{2} \\boxed{2}", "", "1,2", "1, 2"),
    "and": ("\\boxed{1 \\text{ and } 2}", "", "1,2", "1, 2"),
    "commas asked for": ("\\boxed{1, 2}", "Give them separated by commas.", "1,2", "1, 2"),
    "commas in brackets": ("\\boxed{(1, 2)}", "Give them separated by commas.", "(1,2)", "(1, 2)"),
}


@pytest.mark.parametrize("name", LISTS)
def test_several_boxes_may_be_one_list(name):
    response, question, gold, answer = LISTS[name]
    assert extract(response, "deepseek_math", "math", question, gold).strict == answer


def test_candidates_are_all_boxes_of_the_model_itself():
    response = "\\boxed{3}" + program("print(1)", "\\boxed{9}") + "\\boxed{4} \\boxed{3}"
    assert extract(response).strict == "3"
    assert extract(response).candidates == ("3", "4")
    assert extract("The answer is 5").candidates == ("5",)
    assert extract("none").candidates == ()


DECISIONS = {
    "no program": ("\\boxed{4}", False),
    "no box": (program("print(4)", "4"), True),
    "same box": (program("print(4)", "4") + "\\boxed{4}", True),
    "same number": (program("print(4)", "4.0") + "\\boxed{\\frac{8}{2}}", True),
    "same last line": (program("print(4)", "1\n4") + "\\boxed{4}", True),
    "other box": (program("print(4)", "4") + "\\boxed{5}", False),
    "repeats an earlier output": (program("print(4)", "4") + program("print(5)", "5") + "\\boxed{4}", False),
    "error": (program("1/0", "ZeroDivisionError: division by zero") + "\\boxed{4}", False),
    "not executed": ("```python\nprint(4)\n```\n\\boxed{4}", False),
    "silent program": (program("x = 1", "") + "\\boxed{4}", False),
    "nothing at all": (program("x = 1", ""), False),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_code_decides(name):
    response, decides = DECISIONS[name]
    assert code_decides(response, extract(response).strict) is decides


@given(st.text(alphabet="{}\\a1", max_size=40))
def test_boxes_of_any_text_end(text):
    assert all(box in text for box in boxes("\\boxed{" + text))


@given(st.recursive(st.just("1"), lambda inner: inner.map(lambda text: f"\\frac{{{text}}}{{2}}"), max_leaves=8))
def test_a_box_gives_its_content_back(content):
    assert boxes(f"so \\boxed{{{content}}} and that") == [content]


@given(st.text(max_size=60))
def test_only_stated_boxes_count(output):
    response = program("print(text)", output.replace("`", "'")) + "Done: \\boxed{4}"
    assert extract(response) == extract(program("print(text)", "") + "Done: \\boxed{4}")


GOLDEN = {
    row["id"]: row
    for row in map(json.loads, (Path(__file__).parent / "golden" / "responses.jsonl").read_text(encoding="utf-8").splitlines())
}
"""Responses of kinds that public evaluations are known to read wrong: what they answer, why, and after which report if there is one."""


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_responses(name):
    row = GOLDEN[name]
    read = FORM.read(row["response"], row["question"])
    found = extract(row["response"], question=row["question"], form=FORM)
    assert found.strict == row["answer"], row["why"]
    told = {
        "methodology": FORM.first_methodology(row["response"]),
        "rounds": [{"program": one.program, "output": one.output} for one in read.rounds],
        "code_written": read.writes_code,
        "code_executed": any(one.output is not None for one in read.rounds),
        "code_decides": code_decides(row["response"], found.strict, row["question"], FORM),
    }
    for key, value in told.items():
        if key == "rounds":
            wanted = row.get(key, value)
            assert len(value) == len(wanted)
            assert all(
                str(one[part]).rstrip() == str(given_[part]).rstrip() for one, given_ in zip(value, wanted, strict=True) for part in given_
            )
        else:
            assert value == row.get(key, value), row["why"]
    assert (read.run_on > 0) == (row["kind"] == "run_on" and row.get("run_on", read.run_on > 0)) or row["kind"] in (
        "control_tokens",
        "thinking",
    )


def test_a_withdrawn_right_answer_still_counts_as_boxed():
    row = GOLDEN["taken_back-04"]
    assert row["gold"] in extract(row["response"], form=FORM).candidates


def test_what_the_released_program_counts():
    wrong_box = program("print(350)", "350.0") + "Joanne gathered $\\boxed{150}$ apples."
    assert released(wrong_box, form=FORM) == ("150", "350.0")
    assert released("\\boxed{3} or \\boxed{4}", form=FORM) == ("3", "4")
    assert released("nothing", form=FORM) == ()
