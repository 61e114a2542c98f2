"""The form of responses: fences, rounds, attempts, methodology."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.strategies import LINES, PLAIN, block, responses

from mathcode.methods.autocode.form import FORM
from mathcode.responses import parse, reading
from mathcode.responses.parse import OUTPUT_FENCE, Segment


@given(responses())
def test_segments_join_to_the_text_and_alternate(text):
    parts = parse.segments(text)
    assert "".join(part.text for part in parts) == text
    assert all(part.text for part in parts)
    assert [part.generated for part in parts] == [number % 2 == 0 for number in range(len(parts))]
    shown = [part for part in parts if not part.generated]
    assert 0 <= len(parse.outputs(text)) - len(shown) <= 1  # the last one may be cut off


@given(PLAIN, LINES, PLAIN)
def test_the_model_writes_the_output_fence_and_is_shown_the_rest(before, output, after):
    asked = f"{before}{block('print(1)')}{OUTPUT_FENCE}"
    shown = parse.render_output(output)
    parts = parse.segments(asked + shown + after)
    assert parts[0] == Segment(asked, True)
    assert parts[1].text.startswith(shown)
    assert not parts[1].generated
    assert parse.outputs(asked + shown + after) == [output]


@pytest.mark.parametrize("output", ["```", "a```b", "1\n```\n\\boxed{9}", "````", "```output\n2\n```"])
def test_a_program_cannot_end_its_output_itself(output):
    text = block("print(1)", output) + "So 1."
    assert [part.text for part in parse.segments(text) if part.generated] == [block("print(1)") + OUTPUT_FENCE, "So 1."]
    assert parse.outputs(text) == [output.replace("```", "'''")]


def test_rounds_of_a_response():
    text = f"First.\n{block('x = 1', '')}Then\n{block('print(x)', '1')}So 1."
    assert parse.programs(text) == ["x = 1", "print(x)"]
    assert parse.outputs(text) == ["", "1"]


FENCES = {
    "spaces after the fence": ("```python  \nx\n```", ["x"]),
    "empty program": ("```python\n```", [""]),
    "indented lines kept": ("```python\nif x:\n    y\n```", ["if x:\n    y"]),
    "no closing fence": ("```python\nx", []),
    "left open before another": ("```python\nx\n```python\ny\n```", ["y"]),
    "left open before a hint": (f"```python\nx\n{FORM.hints['code']}\n{block('y')}", ["y"]),
    "other language": ("```bash\nx\n```", []),
    "fence without line end": ("```python x```", []),
}


@pytest.mark.parametrize("name", FENCES)
def test_programs(name):
    text, programs = FENCES[name]
    assert parse.programs(text) == programs


PENDING = {
    "at the output fence": (block("a") + OUTPUT_FENCE, "a"),
    "at the end of the program": ("Hm.\n```python\na\n```", "a"),
    "line end after the program": ("```python\na\n```\n\n", "a"),
    "last of two blocks": (block("a") + "and\n" + block("b") + OUTPUT_FENCE, "b"),
    "second after an output": (block("a", "1") + block("b") + OUTPUT_FENCE, "b"),
    "already has its output": (block("a", "1"), None),
    "box after the program": (block("a") + "So \\boxed{1}", None),
    "text after the program": (block("a") + "So", None),
    "unclosed block": ("```python\na", None),
    "unclosed block before the output fence": ("```python\na\n```output", "a"),
    "second block unclosed": (block("a") + "```python\nb", None),
    "no program": ("The answer is 3.", None),
    "output fence alone": (OUTPUT_FENCE, None),
    "empty": ("", None),
}


@pytest.mark.parametrize("name", PENDING)
def test_pending_program(name):
    text, program = PENDING[name]
    assert parse.pending_programs(text)[-1:] == ([] if program is None else [program])


@given(PLAIN, LINES.filter(str.strip))
def test_a_program_is_pending_until_its_output_is_shown(before, program):
    asked = before + block(program) + OUTPUT_FENCE
    assert parse.pending_programs(asked) == [program]
    assert parse.pending_programs(asked + parse.render_output("1")) == []


@given(st.lists(st.sampled_from(["```python\n", "```", "\n", "a", "```output\n", "print(1)\n"]), max_size=12).map("".join))
def test_pending_programs_are_the_last_of_the_programs(text):
    pending = parse.pending_programs(text)
    assert pending == [] or pending == parse.programs(text)[-len(pending) :]


@given(st.lists(PLAIN, min_size=1, max_size=4), st.sampled_from(sorted(FORM.hints)))
def test_hints_separate_attempts(texts, towards):
    assert FORM.attempts(FORM.hints[towards].join(texts)) == texts


METHODOLOGIES = {
    "CoT cue": (f"{FORM.cues['cot']}\n1 + 1 = 2", "cot"),
    "code cue": (f"{FORM.cues['code']}\n{block('x')}", "code"),
    "cue wins over a fence": (f"{FORM.cues['cot']}\n{block('x')}", "cot"),
    "code cue without a program": (f"{FORM.cues['code']}\nHm.", "code"),
    "white space before the cue": (f"\n {FORM.cues['code']}", "code"),
    "fence without a cue": (f"So:\n{block('x')}", "code"),
    "unclosed fence": ("```python\nx", "code"),
    "text": ("1 + 1 = 2", "cot"),
    "cue not at the start": (f"Well. {FORM.cues['code']}", "cot"),
    "empty": ("", "cot"),
}


@pytest.mark.parametrize("name", METHODOLOGIES)
def test_methodology(name):
    attempt, methodology = METHODOLOGIES[name]
    assert FORM.methodology(attempt) == methodology
    assert FORM.first_methodology(attempt + FORM.hints["cot"] + block("x")) == methodology


def test_released_test_for_code():
    assert reading.read(block("x")).writes_code
    assert reading.read("print(1)").writes_code
    assert not reading.read("I print 1.").writes_code
