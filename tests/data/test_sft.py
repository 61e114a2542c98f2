import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import public_data

import prepare_sft
from mathcode import settings, tables
from mathcode.data import sft, sources
from mathcode.data.readers import solutions
from mathcode.data.text import CorpusError, last_box, query_id
from mathcode.interpreter.driver import Execution
from mathcode.responses import parse

LIMITS = settings.Interpreter(timeout=10, memory_mb=1024, output_chars=400, preload=["math", "numpy", "sympy"])


class Scripted:
    """Stands in for the interpreter: answers by program text."""

    limits, isolation = LIMITS, "landlock"

    def __init__(self, answers: dict[str, Execution]):
        self.answers = answers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def run(self, programs):
        return [self.answers.get(cells[-1], Execution("error", "", "NameError: unknown")) for cells in programs]


def never():
    raise AssertionError("no program may run")


def build(reader: str, records: list[dict], answers: dict[str, Execution] | None = None):
    placed = [(f"row {row}", record) for row, record in enumerate(records, start=1)]
    return sft.table("set", placed, reader, None, never if answers is None else lambda: Scripted(answers))


def ok(text: str) -> Execution:
    return Execution("ok", text, "")


@pytest.mark.parametrize(
    ("printed", "gold"),
    [("1200.0", "1,200"), ("-0.5", r"-\frac{1}{2}"), ("0.30000000000000004", r"\frac{3}{10}"), ("2e3", "2000"), (" monday\n", "Monday")],
)
def test_printed_values_that_agree(printed, gold):
    assert sft.agrees(printed, gold)


@pytest.mark.parametrize(("printed", "gold"), [("", ""), ("3.01", "3"), ("12", "x"), ("1/0", "1"), ("[3]", "4"), ("__import__('os')", "0")])
def test_printed_values_that_do_not(printed, gold):
    assert not sft.agrees(printed, gold)


@given(st.integers(1, 10**6), st.integers(1, 999))
def test_a_double_agrees_with_its_fraction_and_no_neighbour(above, below):
    assert sft.agrees(repr(above / below), f"{above}/{below}")
    assert not sft.agrees(str(above + 1), str(above))


def test_gsm8k_rationales_lose_their_marks():
    frame = build("gsm8k_rationale", [{"question": "q", "answer": "3 * 4 = <<3*4=12>>12 eggs.\n2 + 1 = 3.\n#### 12"}])
    assert frame["solution"].to_list() == ["3 * 4 = 12 eggs.\n2 + 1 = 3.\nThe answer is \\boxed{12}."]


def test_math_solutions_have_one_box_at_the_end():
    record = {"problem": "q", "level": "1", "type": "Algebra", "solution": "First $\\boxed{3}$.\nSo $\\boxed{\\frac{1}{2}}$."}
    assert build("math_solution", [record])["solution"].to_list() == [
        "First $3$.\nSo $\\frac{1}{2}$.\nThe answer is \\boxed{\\frac{1}{2}}."
    ]


def test_metamath_statement_is_not_doubled():
    record = {"query": "q", "response": "One.\nTwo is 110.\n#### 110\nThe answer is: 110", "type": "GSM_Rephrased"}
    assert build("metamathqa", [record])["solution"].to_list() == ["One.\nTwo is 110.\nThe answer is \\boxed{110}."]


def test_a_final_sentence_that_says_more_is_kept():
    assert sft.conclude("So the answer is 3 + 4 = \\boxed{7}.", "7", " ") == "So the answer is 3 + 4 = 7. The answer is \\boxed{7}."


def test_straight_line_programs_are_printed_run_and_checked():
    records = [
        {"question": "good", "answer_cot": "v1 = 4 ; v2 = 2\nv3 = v1 / v2", "answer_value": "2"},
        {"question": "wrong", "answer_cot": "v1 = 3", "answer_value": "2"},
        {"question": "foreign", "answer_cot": "v1 = If[2]", "answer_value": "2"},
        {"question": "no variable", "answer_cot": "v1 = 2\nv1", "answer_value": "2"},
    ]
    answers = {"v1 = 4 ; v2 = 2\nv3 = v1 / v2\nprint(v3)": ok("2.0\n"), "v1 = 3\nprint(v1)": ok("3\n")}
    frame = build("straight_line", records, answers)
    assert frame["question"].to_list() == ["good"]
    assert frame["methodology"].to_list() == ["code"]
    expected = "```python\nv1 = 4 ; v2 = 2\nv3 = v1 / v2\nprint(v3)\n```\n```output\n2.0\n```\nThe answer is \\boxed{2}."
    assert frame["solution"].to_list() == [expected]
    assert parse.programs(expected) == [records[0]["answer_cot"] + "\nprint(v3)"]
    assert parse.outputs(expected) == ["2.0"]


def test_interleaved_responses_run_again_round_by_round():
    first = "First:\n```python\na = 1\nprint(a)\n```\n```output\nold\n```\n"
    response = first + "Then:\n```python\nprint(a + 1)\n```\n```output\n2\n```\nThe answer is $\\boxed{2}$."
    record = {"dataset": "d", "gt": "2", "messages": [{"content": "q"}, {"content": response}]}
    frame = build("tora", [record], {"a = 1\nprint(a)": ok("1"), "print(a + 1)": ok("2")})
    assert frame["solution"].to_list() == [response.replace("old", "1").replace("$\\boxed{2}$", "\\boxed{2}")]


def test_a_symbolic_answer_needs_the_recorded_output():
    record = {"prompt": "<|user|>\nq\n<|assistant|>\n", "completion": "```python\np\n```\n```output\nx**2\n```\nIt is $\\boxed{x^2}$."}
    assert build("mmos", [record], {"p": ok("x**2")})["gold"].to_list() == ["x^2"]
    with pytest.raises(CorpusError, match="'set' has 0 rows"):
        build("mmos", [record], {"p": ok("x**3")})


def test_openmath_last_expression_is_printed():
    text = "Run:\n<llm-code>\na = 3\na * 2\n</llm-code>\n<llm-code-output>\n6\n</llm-code-output>\nSo \\boxed{6}."
    record = {"question": "q", "expected_answer": "6", "generated_solution": text, "is_correct": True, "dataset": "gsm8k"}
    frame = build("openmathinstruct1", [record, record | {"is_correct": False}], {"a = 3\nprint(a * 2)": ok("6")})
    assert frame.height == 1
    assert "print(a * 2)\n```\n```output\n6\n```\nSo 6.\nThe answer is \\boxed{6}." in frame["solution"][0]


@pytest.mark.parametrize("last", ["a = 3", "    a", "for x in y: z()", "a += 1", "# a", "import os", "return a", "a ="])
def test_what_is_no_expression_is_left(last):
    assert solutions.printing(f"a = 1\n{last}") == f"a = 1\n{last}"


@pytest.mark.parametrize("last", ["a", "f(a)", "a == 1", "sorted(x)[0]", "sorted(a, reverse=True)", "max(\n    a,\n    2,\n)", "'π'"])
@pytest.mark.parametrize("behind", ["", "  # the answer", "\n# done", "\n"])
def test_a_bare_expression_is_printed(last, behind):
    assert solutions.printing(f"a = 1\n{last}{behind}") == f"a = 1\nprint({last}){behind}"


def test_a_program_that_prints_is_left():
    assert solutions.printing("a = 1\nprint(a)\na") == "a = 1\nprint(a)\na"


def test_mathinstruct_parts_and_program_requests():
    records = [
        {"source": "data/CoT/gsm_train.json", "instruction": "q1", "output": "One. The answer is 7"},
        {"source": "data/PoT/gsm_gpt4.json", "instruction": "q2 is it? Let's write a Python program.", "output": "print(5)"},
        {"source": "data/CoT/TheoremQA.json", "instruction": "q3", "output": "The answer is 1"},
    ]
    frame = build("mathinstruct", records, {"print(5)": ok("5\n")})
    assert frame.select("question", "gold", "methodology").rows() == [("q1", "7", "cot"), ("q2 is it?", None, "code")]
    assert frame["solution"][0] == "One. The answer is \\boxed{7}."
    assert frame["solution"][1].endswith("5\n```\nThe answer is \\boxed{5}.")


def test_svamp_rationales_that_point_elsewhere_are_left_out(caplog):
    caplog.set_level("INFO")
    good = {"question": "q", "answer_cot": "3 + 4 = 7.\n\nTherefore, the answer is <7>.", "answer_value": "7.0"}
    pointing = {"question": "p", "answer_cot": "This was answered above. The answer is <7>.", "answer_value": "7.0"}
    frame = build("svamp_rationale", [good, pointing, good | {"answer_value": "8.0"}])
    assert frame["solution"].to_list() == ["3 + 4 = 7. The answer is \\boxed{7}."]
    assert "'no reasoning': 1" in caplog.text
    assert "'states another answer': 1" in caplog.text


def test_generated_demonstrations_do_not_run():
    records = [
        {"question": "q", "answer": "3", "family": "small", "cot": "1 + 2 = 3.", "code": "print(1 + 2)", "demo": demo}
        for demo in ("cot", "code")
    ]
    frame = build("arithmetic", records)
    assert frame["solution"].to_list() == [
        "1 + 2 = 3. The answer is \\boxed{3}.",
        "```python\nprint(1 + 2)\n```\n```output\n3\n```\nThe answer is \\boxed{3}.",
    ]


def test_a_broken_machine_is_not_a_wrong_program():
    with pytest.raises(CorpusError, match="machine"):
        build(
            "straight_line",
            [{"question": "q", "answer_cot": "v = 2", "answer_value": "2"}],
            {"v = 2\nprint(v)": Execution("infrastructure_error", "", "")},
        )


def test_bad_records_are_named():
    with pytest.raises(CorpusError, match="row 1: key 'answer_value' is missing"):
        build("straight_line", [{"question": "q", "answer_cot": "v = 2"}])
    with pytest.raises(CorpusError, match="row 1: the question is empty"):
        build("gsm8k_rationale", [{"question": " ", "answer": "#### 2"}])


def test_one_solution_of_a_drawn_question_stands_for_each_methodology():
    def record(question: str, program: str) -> tuple[str, dict]:
        return "place", {"question": question, "answer_cot": program, "answer_value": "1"}

    records = [record("a", f"x = {number}\nanswer = x") for number in range(9)]
    records += [record("b", "answer = 3"), record("c", "answer = 4")]
    chosen = {query_id("set", name) for name in "ab"}
    drawn = sft.of_questions("set", records, "straight_line", chosen)
    assert [kept["question"] for _, kept in drawn] == ["a", "b"]
    again = sft.of_questions("set", records[::-1], "straight_line", chosen)
    assert [kept for _, kept in again] == [kept for _, kept in drawn][::-1]  # whatever the order


@pytest.mark.stage
@public_data.needed
def test_program_draws_questions_runs_programs_and_writes_equal_bytes(tmp_path):
    record = {"path": "sft/svamp_train_python.json.gz", "rows": 3043}
    sources.fetch("svamp", settings.Source(license="", files=[record]), public_data.FOLDER, tmp_path / "raw")
    written = []
    for workers in ("1", "2"):
        out = tmp_path / f"{workers}.parquet"
        arguments = ["--raw", str(tmp_path / "raw"), "--dataset", "svamp_python", "--workers", workers, "--out", str(out)]
        arguments += ["--interpreter", settings.dumps(LIMITS)]
        prepare_sft.main([*arguments, "--settings", '{"source": "svamp", "reader": "svamp_program", "take": 30}'])
        written.append(out.read_bytes())
    assert written[0] == written[1]
    frame = tables.SFT.read(out)
    assert 25 <= frame["query_id"].n_unique() <= 30
    for row in frame.iter_rows(named=True):
        assert sft.agrees(parse.outputs(row["solution"])[-1], row["gold"])
        assert last_box(row["solution"]) == row["gold"]
