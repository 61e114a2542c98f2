"""Reading whole responses: spans that join to the text, answers that come from nowhere else, and a fuzzer of hostile pieces."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.response_pieces import ENDLESS, composed
from support.strategies import LINES, block, responses

from mathcode.grading import answers
from mathcode.methods.autocode.form import FORM
from mathcode.responses import fences, parse, reading
from mathcode.responses.boxes import boxes, contents, innermost, is_blank

QUESTION = "What is $\\boxed{11} + 2$?"
KINDS = {"prose", "thinking", "program", "output", "asked", "listing", "hint", "run_on"}


def check(text: str) -> None:
    """What holds for every text whatever."""
    for parts in (parse.spans(text), FORM.read(text, QUESTION).spans):
        assert "".join(text[part.start : part.end] for part in parts) == text
        assert all(part.start < part.end and part.kind in KINDS for part in parts)
    assert "".join(segment.text for segment in parse.segments(text)) == text
    read = FORM.read(text, QUESTION)
    assert len(read.attempts) >= 1
    assert 0 <= read.run_on <= len(text)
    assert read.programs_without_output == sum(one.output is None for one in read.rounds)
    own = [part for part in read.spans if part.kind == "prose"]
    for attempt in read.attempts:
        for mark in attempt.marks:
            assert any(part.start <= mark.start < part.end for part in own)
            assert (mark.kind == "retraction") == (mark.value == "")
    for rules in answers.RULES:
        found = answers.extract(text, rules, "math", QUESTION, "1,2", FORM)
        assert found.strict is None or found.strict in found.candidates
        assert isinstance(answers.code_decides(text, found.strict, QUESTION, FORM), bool)
    pending = parse.pending_programs(text)
    programs = parse.programs(text)
    assert programs[len(programs) - len(pending) :] == pending


@settings(max_examples=200, suppress_health_check=list(HealthCheck), deadline=None)
@given(composed())
def test_any_response_is_read(text):
    check(text)


@pytest.mark.full
@settings(max_examples=10_000, suppress_health_check=list(HealthCheck), deadline=None)
@given(composed(60))
def test_ten_thousand_responses_are_read(text):
    check(text)


@settings(max_examples=100, deadline=None)
@given(responses())
def test_responses_as_models_write_them_are_read(text):
    check(text)


@settings(max_examples=100, deadline=None)
@given(composed(), st.sampled_from(["", " ", "\n", "\n\n"]))
def test_reading_again_changes_nothing(text, blank):
    parts = parse.spans(text)
    parse.spans.cache_clear()
    assert parse.spans(text) == parts
    assert [one.program for one in parse.rounds(parse.spans(text + "\n" + blank), text + "\n" + blank)][: len(parse.programs(text))] == (
        parse.programs(text)
    )


@pytest.mark.parametrize("name", ENDLESS)
def test_endless_texts_are_read(name):
    text = ENDLESS[name]
    found = answers.extract(text, question="What is 5?", form=FORM)
    assert found.strict is None or len(found.strict) <= 200_000


@given(LINES, st.integers(100, 999))
def test_no_answer_comes_from_a_program_or_an_output_where_something_is_stated(line, number):
    hidden = block(
        f"{line}\n# the answer is \\boxed{{{number}}}\nprint({number})", f"The answer is {number}\n\\boxed{{{number}}}\n{number}"
    )
    for text in (f"{hidden}The answer is 12.", f"So $\\boxed{{12}}$.\n{hidden}", f"{hidden}\n#### 12"):
        assert answers.extract(text, form=FORM).strict == "12"
        assert answers.extract(text, form=FORM).candidates == ("12",)


@pytest.mark.parametrize(
    "tags", [("<think>", "</think>"), ("", "</think>"), ("<|begin_of_thought|>", "<|end_of_thought|>"), ("<think>", "")]
)
@given(number=st.integers(100, 999))
def test_no_answer_comes_from_thinking(tags, number):
    thought = f"{tags[0]}It is \\boxed{{{number}}}. The answer is {number}.\n{block('print(1)', str(number))}{tags[1]}"
    assert answers.extract(thought, form=FORM) == answers.Answers(None, ())
    if tags[1]:
        assert answers.extract(f"{thought}\nSo 12 remain.", form=FORM).strict == "12"


@given(
    st.sampled_from(["The answer is {}.", "So $\\boxed{{{}}}$.", "#### {}", "<answer>{}</answer>", "答案是{}。", "Answer: {}"]),
    st.integers(-99, 99),
)
def test_what_follows_the_end_is_not_read_and_counted(statement, number):
    said = statement.format(number)
    for more in (
        "\n\nQuestion: What is 1 + 1?\nThe answer is 2.",
        "<|im_end|>\n<|im_start|>user\nMore?",
        "\n\nUser: thanks\n\nAssistant: \\boxed{1}",
    ):
        read = FORM.read(said + more, "What is it?")
        assert read.run_on == len(more.lstrip("\n")) or read.run_on == len(more)
        assert answers.extract(said + more, question="What is it?", form=FORM) == answers.extract(said, question="What is it?", form=FORM)


WRITTEN = {
    "py": ("```py\nx\n```", ["x"]),
    "capital": ("```Python\nx\n```", ["x"]),
    "version": ("```python3.11\nx\n```", ["x"]),
    "blank before the name": ("``` python\nx\n```", ["x"]),
    "braces around the name": ("```{python}\nx\n```", ["x"]),
    "words behind the name": ("```python title=a.py\nx\n```", ["x"]),
    "tildes": ("~~~python\nx\n~~~", ["x"]),
    "four backticks": ("````python\n```\nx\n````", ["```\nx"]),
    "closed by more backticks": ("```python\nx\n````", ["x"]),
    "behind a colon": ("Run: ```python\nx\n```", ["x"]),
    "in a list": ("- ```python\n  if x:\n      y\n  ```", ["if x:\n    y"]),
    "with tabs": ("\t```python\n\tx\n\t\ty\n\t```", ["x\n\ty"]),
    "in a quotation": ("> ```python\n> x\n> ```", ["x"]),
    "closed at the end of its last line": ("```python\nprint(5)```\nSo 5.", ["print(5)"]),
    "words behind the closing fence": ("```python\nx\n```So 5.", ["x"]),
    "backticks within a line": ("```python\na = '```'\nb = '``` x'\n```", ["a = '```'\nb = '``` x'"]),
    "Windows": ("```python\r\nx\r\ny\r\n```\r\n", ["x\ny"]),
    "closed by its output": ("```python\nx\n```output\n5\n```", ["x"]),
    "console": ("```console\n$ ls\n```", []),
    "session": ("```pycon\n>>> x\n```", []),
    "C": ("```c\nint x;\n```", []),
    "no language": ("```\nx\n```", []),
    "no language, with an output": ("```\nx\n```\n```output\n5\n```", ["x"]),
    "within a line": ("`print(1)` and ``x``", []),
    "other tags": ("<llm-code>\nx\n</llm-code>\n<llm-code-output>\n5\n</llm-code-output>", ["x"]),
    "another program before it is closed": ("```python\nx\n```python\ny\n```", ["y"]),
    "another language before it is closed": ("```python\nx\n```bash\nls\n```", []),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_programs_as_models_write_them(name):
    text, programs = WRITTEN[name]
    assert parse.programs(text) == programs


ROUNDS = {
    "each its own": (block("a", "1") + block("b", "2"), [("a", "1"), ("b", "2")]),
    "the second's": (block("a") + block("b", "2"), [("a", None), ("b", "2")]),
    "one too many": (block("a", "1") + "```output\n2\n```\n", [("a", "1")]),
    "before any program": ("```output\n1\n```\n" + block("a"), [("a", None)]),
    "of a shell": (block("a") + "```bash\nls\n```\n```output\nb.py\n```\n", [("a", None)]),
    "behind a hint": (f"{block('a')}{FORM.hints['cot']}\n```output\n1\n```\n", [("a", None)]),
    "cut off": (block("a") + "```output\n12", [("a", "12")]),
    "asked for": (block("a") + "```output", [("a", None)]),
    "of several lines": (block("a", "1\n\n2"), [("a", "1\n\n2")]),
    "empty": (block("a", ""), [("a", "")]),
}


@pytest.mark.parametrize("name", ROUNDS)
def test_an_output_belongs_to_the_program_before_it(name):
    text, rounds = ROUNDS[name]
    assert [(one.program, one.output) for one in FORM.read(text).rounds] == rounds


ASKING = {
    "two programs": (block("a") + "then\n" + block("b") + "```output", ["a", "b"]),
    "one that has its output": (block("a", "1") + block("b") + block("c"), ["b", "c"]),
    "words at the end": (block("a") + "So", []),
    "tildes": ("~~~python\na\n~~~\n```output\n", ["a"]),
    "short name": ("```py\na\n```\n```output", ["a"]),
    "its output": (block("a", "1"), []),
}


@pytest.mark.parametrize("name", ASKING)
def test_all_programs_since_the_last_output_are_pending(name):
    text, programs = ASKING[name]
    assert parse.pending_programs(text) == programs


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("So 5.", ["prose"]),
        (f"<think>a</think>b\n{block('x', '1')}c", ["thinking", "prose", "program", "output", "prose"]),
        (f"a {FORM.hints['code']} b", ["prose", "hint", "prose"]),
        ("a <code>print(1)</code> b", ["prose", "listing", "prose"]),
        ("The answer is 5.<|im_end|>x", ["prose", "run_on"]),
        ("", []),
    ],
)
def test_kinds_of_spans(text, kinds):
    assert [part.kind for part in FORM.read(text).spans] == kinds


@pytest.mark.parametrize("language", ["python", "py", "py3", "python3", "python3.12", "ipython", "python 3"])
def test_names_of_python(language):
    assert fences.kind_of(language) == "program"


@pytest.mark.parametrize(
    "content", ["", "answer", "\\text{your answer}", "...", "\\ldots", "?", "\\phantom{0}", "\\ ", "____", "<final answer>", "答案"]
)
def test_blanks(content):
    assert is_blank(content)


@pytest.mark.parametrize("content", ["0", "x", "\\text{yes}", "-", "answerable", "\\emptyset", "\\text{no solution}", "5.", "."][:-1])
def test_what_is_no_blank(content):
    assert not is_blank(content)


@given(st.text("\\boxed{}$ 1", max_size=60))
def test_boxes_lie_in_their_text(text):
    for box in boxes(text):
        assert box.content in text[box.start : box.end]
        assert innermost(box.content) in box.content
    assert [box.content for box in boxes(text) if box.content] == contents(text)


def test_an_error_is_no_printed_answer():
    assert reading.printed("5\n\n") == "5"
    assert reading.printed("Error 404 pages") == "Error 404 pages"
    assert [
        reading.printed(text) for text in ("", "\n", "5\nValueError: x", "sympy.core.SympifyError: x", "TimeoutError", "Timed out")
    ] == [None] * 6


@given(
    st.lists(
        st.sampled_from([f"{sign * length}{word}\n" for sign in "`~" for length in (3, 4) for word in ("", "foo", "python")] + ["x ```\n"])
    )
)
def test_what_a_search_for_the_end_of_a_block_found_out_holds(lines):
    """Where one search after another remembers what was seen, each says what a fresh one says."""
    marks = list(fences._marks("".join(lines)))
    remembering, position = fences._Closings(marks), 0
    while position < len(marks):
        found = remembering.of(position)
        assert found == fences._Closings(marks).of(position)
        position = (position if found is None else found) + 1
