"""Grading: the policy of equality, hostile answers, and the table of grades."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import hostile_answers

from mathcode import settings, tables
from mathcode.grading import equality, exact, judge
from mathcode.grading.executes import ExecutesJudge
from mathcode.grading.grades import grade_rollouts
from mathcode.methods.autocode.form import FORM

LIMITS = settings.Grading(timeout=20, workers=2, max_infrastructure_errors=0.0)
PROGRAM = Path(__file__).parents[2] / "workflow_scripts" / "grade_rollouts.py"

EQUAL = [
    ("5", "5"),
    ("5", "5.0"),
    ("5", "+5"),
    ("1000", "1,000"),
    ("11,\\! 111", "11111"),
    ("1{,}000", "1000"),
    ("023", "23"),
    ("18", "\\$18"),
    ("18", "$18$"),
    ("18", "$18."),
    ("18", "18.00"),
    ("50\\%", "50"),
    ("50\\%", "0.5"),
    ("0.5", "50%"),
    ("3:4", "\\frac{3}{4}"),
    ("\\frac12", "0.5"),
    ("\\frac12", "1/2"),
    ("\\dfrac{1}{2}", "\\frac{2}{4}"),
    ("-\\frac{1}{2}", "\\frac{-1}{2}"),
    ("3\\frac{1}{2}", "7/2"),
    ("3\\frac{1}{2}", "3 1/2"),
    ("385000", "385000.00000000006"),
    ("0", "1.1102230246251565e-16"),
    ("\\frac13", "0.333333"),
    ("1.2\\times10^{5}", "120000"),
    ("90^\\circ", "90"),
    ("5", "5\\text{ cm}"),
    ("5", "5 apples"),
    ("9", "9 (apples)"),
    ("5", "x = 5"),
    ("y=2x+1", "2x+1"),
    ("443_5", "443_{5}"),
    ("443_5", "443"),
    ("\\text{Friday}", "friday"),
    ("Ann", "\\text{Ann}"),
    ("\\text{(A)}", "A"),
    ("B", "B. 12 metres"),
    ("B", "(B) 12"),
    ("1,2,3", "3, 2, 1"),
    ("1,2", "[2, 1]"),
    ("\\{1,2\\}", "{2, 1}"),
    ("1, 2", "1 \\text{ and } 2"),
    ("2,3", "2\n3"),
    ("\\{5\\}", "5"),
    ("(1,2)", "(1, 2)"),
    ("\\left(\\frac12,2\\right)", "(0.5, 2)"),
    ("[0,1)", "\\left[0, 1\\right)"),
    ("\\pm 2", "-2, 2"),
    ("1 \\pm \\sqrt{2}", "1-\\sqrt2, 1+\\sqrt2"),
    ("0,\\frac{2\\pi}{3}", "0, 2*pi/3"),
    ("4,-2+3i,-2-3i", "-2-3i, -2+3i, 4"),
    ("\\frac{\\sqrt{3}}{2}", "sqrt(3)/2"),
    ("\\frac{\\pi}{4}", "0.785398163397448"),
    ("2\\sqrt{3}", "\\sqrt{12}"),
    ("x^2+2x+1", "(x+1)^2"),
    ("x^2+2x", "x**2 + 2*x"),
    ("2^{100}", "1267650600228229401496703205376"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}"),
    ("(-\\infty,3]\\cup[5,\\infty)", "(-\\infty, 3] \\cup [5, \\infty)"),
    ("\\frac{1}{2004!}", "1/2004!"),
    ("10", "\\boxed{10}"),
    ("-5", "−5"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "Matrix([[1], [2]])"),
    ("\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "array([[1, 2], [3, 4]])"),
    ("3", "np.float64(3.0)"),
    ("1,2", "FiniteSet(1, 2)"),
    ("10", "\\binom52"),
    ("$48$, $384$", "384, 48"),
    ("\\frac12", "Decimal('0.5')"),
    ("(-\\infty,2]", "(-oo, 2]"),
    ("(-\\infty, 2]", "Interval(-oo, 2)"),
    ("(0,1)", "Interval.open(0, 1)"),
    ("(0,1]", "Interval.Lopen(0, 1)"),
    ("\\emptyset", "EmptySet"),
    ("\\varnothing", "set()"),
    ("3+4i", "(3+4j)"),
    ("\\sin^2t", "sin(t)**2"),
    ("0.\\overline{3}", "1/3"),
    ("0.1\\overline{6}", "\\frac{1}{6}"),
]
DIFFERENT = [
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "Matrix([[1, 2]])"),
    ("3", "np.float64(3.1)"),
    ("48384", "48, 384"),
    ("\\frac12, 3", "{1: 2, 3: 1}"),
    ("3", "np.sqrt(3)"),
    ("(0,1)", "Interval(0, 1)"),
    ("(0,1]", "Interval.Ropen(0, 1)"),
    ("[0,\\infty)", "(0, oo)"),
    ("\\emptyset", "{0}"),
    ("3+4i", "(3-4j)"),
    ("\\sin^2t", "sin(t**2)"),
    ("0.\\overline{36}", "0.36"),
    ("5", "6"),
    ("5", "-5"),
    ("1234567", "1234568"),
    ("1234567", "1234568.0"),
    ("1000000.5", "1000001.5"),
    ("50", "0.5"),
    ("50\\%", "0.5\\%"),
    ("5", "500"),
    ("3:4", "4:3"),
    ("\\frac13", "0.33"),
    ("\\frac13", "333333/1000000"),
    ("\\pi", "3.14"),
    ("0", "0.001"),
    ("1.6e-19", "1.7e-19"),
    ("443_5", "443_6"),
    ("443_5", "123"),
    ("\\text{Friday}", "\\text{Monday}"),
    ("\\text{Friday}", "5"),
    ("Ann", "nAn"),  # a name is no product of variables
    ("B", "C. 12 metres"),
    ("5x", "5"),
    ("4,-2+3i,-2-3i", "4"),
    ("4", "4,-2+3i,-2-3i"),
    ("1,2", "1,2,2"),
    ("1,1,2", "1,2,2"),
    ("(1,2)", "(2,1)"),
    ("[0,1)", "[0,1]"),
    ("(0,1)", "[0,1]"),
    ("0,\\frac{2\\pi}{3}", "0, pi/3"),
    ("\\frac{1}{2004!}", "\\frac{1}{2005!}"),
    ("2^{100}", "1267650600228229401496703205377"),
    ("x^2+2x+1", "(x+2)^2"),
    ("\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{pmatrix} 2 \\\\ 1 \\end{pmatrix}"),
    ("5", ""),
    ("5", "ZeroDivisionError: division by zero"),
    ("5", "the answer"),
    ("5", "1/0"),
    ("\\sqrt{2}", "\\sqrt{3}"),
    ("5", "__import__('os').system('echo 5')"),
]


@pytest.fixture(scope="module")
def grader():
    with exact.Grader(LIMITS) as grader:
        yield grader


@pytest.fixture(scope="module")
def exact_judge():
    with exact.ExactJudge(LIMITS) as judge:
        yield judge


@pytest.fixture(scope="module")
def judged(grader):
    pairs = EQUAL + DIFFERENT
    return dict(zip(pairs, grader.verdicts(pairs), strict=True))


@pytest.mark.parametrize("pair", EQUAL, ids=str)
def test_equal(judged, pair):
    assert judged[pair] == "equal"


@pytest.mark.parametrize("pair", DIFFERENT, ids=str)
def test_different(judged, pair):
    assert judged[pair] == "different"


def test_gold_without_meaning_is_no_wrong_answer(grader):
    assert grader.verdicts([("\\frac{1}{", "7"), ("7", "\\frac{1}{")]) == ["gold_unparsed", "different"]


HOSTILE = [
    "9**9**9",
    "9^{9^{9^9}}",
    "1/" + "9" * 5000,
    "1e999999999",
    "10^{999999999}",
    "{" * 900 + "}" * 900,
    "(" * 400 + "1" + ")" * 400,
    "\\frac{" * 150 + "1" + "}{2}" * 150,
    "\\sqrt{" * 150 + "x" + "}" * 150,
    "factorial(10**9)",
    "1" * 100_000,
    "x" * 999,
    "[" * 100 + "1,2" + "]" * 100,
    ",".join(map(str, range(300))),
    "exec('x=1')",
    "\x00",
    "\ud800",
]


@pytest.mark.stage
def test_hostile_answers_end_as_an_outcome_and_spare_the_next():
    limits = LIMITS.model_copy(update={"timeout": 2.0})
    with exact.Grader(limits) as grader:
        verdicts = grader.verdicts([("\\sqrt{2}", answer) for answer in HOSTILE] + [("\\sqrt{2}", "2^{1/2}")])
    assert set(verdicts[:-1]) <= {"different", "timed_out"}
    assert verdicts[-1] == "equal"


@pytest.mark.parametrize(
    "count", [pytest.param(len(hostile_answers.TEMPLATES), marks=pytest.mark.stage), pytest.param(1000, marks=pytest.mark.full)]
)
def test_many_hostile_answers_end_and_none_is_right(count):
    """With a limit of a second; how long they take with longer ones, `benchmarks/grading.py --hostile` measures."""
    pairs = hostile_answers.pairs(count)
    with exact.Grader(LIMITS.model_copy(update={"timeout": 1.0})) as impatient:
        assert set(impatient.verdicts(pairs)) <= {"different", "timed_out"}


def test_a_long_answer_is_equal_as_text_only(grader):
    long = "x" * 1001
    assert grader.verdicts([(long, long), (long, f"{long} + 0"), ("5", "5" + " + 0" * 400)]) == ["equal", "different", "different"]


EXCESSIVE = ["9**9**9**9", "1000000!", "factorial(factorial(20))", "2^{10^{10}}", "10^{-100000000}", r"\log_{2}(3^{10000007})",
             "(" * 40 + "1" + ")" * 40, r"\binom{1000000000}{5}", "(20!)!", "9^{9!}", "x^x^x^x"]  # fmt: skip
ORDINARY = ["2^{2020}", "10^{100}", "1/2004!", "(n+1)!", r"\binom{10}{3}", "2^{2^{10}}", "x^{2^{10}}", "10^{-6}", "x^{10^9}",
            r"\frac{2007!}{5!}", "e^{e^{2}}", "(5!)^2", "7!!", "((x^2)^3)^4", "a^b^c", "x^{2}y^{3}z^{4}"]  # fmt: skip


@pytest.mark.parametrize("text", EXCESSIVE)
def test_what_nobody_computes_is_not_computed(text):
    assert equality.excessive(text)
    assert exact.quick_verdict("5", text) == "different"
    assert exact.quick_verdict(text, f" {text} ") == "equal"


@pytest.mark.parametrize("text", ORDINARY)
def test_what_people_write_is_computed(text):
    assert not equality.excessive(text)


def test_judging_runs_nothing_an_answer_says(grader, tmp_path):
    mark = tmp_path / "mark"
    code = f"open({str(mark)!r}, 'w').write('x')"
    grader.verdicts([("\\sqrt{2}", answer) for answer in (code, f"(lambda: {code})()", f"[{code} for x in [1]]", f"\\sqrt{{{code}}}")])
    assert not mark.exists()


@pytest.mark.stage
def test_a_broken_latex_parser_stops_the_grader(monkeypatch, tmp_path):
    broken = tmp_path / "symbolic_judge.py"
    broken.write_text(exact._JUDGE_MODULES[1].read_text().replace("\nself_test()\n", "\nparse = lambda *_, **__: []\nself_test()\n"))
    monkeypatch.setattr(exact, "_JUDGE_MODULES", [exact._JUDGE_MODULES[0], broken])
    with exact.Grader(LIMITS) as grader, pytest.raises(judge.GradingError, match="antlr4"):
        grader.verdicts([("\\sqrt{2}", "\\sqrt{3}")])


@pytest.mark.stage
def test_the_driver_never_imports_the_symbolic_engine():
    code = (
        "import sys; from mathcode import settings; from mathcode.grading import exact\n"
        "with exact.Grader(settings.Grading(timeout=20, workers=1, max_infrastructure_errors=0)) as g:\n"
        "    assert g.verdicts([(r'\\sqrt{12}', r'2\\sqrt{3}'), ('1', '1')]) == ['equal', 'equal']\n"
        "print(sorted({'sympy', 'math_verify', 'latex2sympy2_extended', 'torch'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM.parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout == "[]\n"


NUMERALS = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.tuples(st.integers(-99, 99), st.integers(-9, 99)).map(lambda pair: f"\\frac{{{pair[0]}}}{{{pair[1]}}}"),
    st.decimals(-999, 999, places=3).map(lambda value: f"{value}%"),
    st.text(max_size=12),
)


@given(NUMERALS)
def test_numeric_equality_is_reflexive(text):
    assert equality.numeric_equal(text, text) in (True, None)
    assert (equality.numeric_equal(text, text) is None) == (equality.number(text) is None)


@given(NUMERALS, NUMERALS)
def test_numeric_equality_is_symmetric(left, right):
    assert equality.numeric_equal(left, right) == equality.numeric_equal(right, left)


@given(st.integers(-(10**12), 10**12))
def test_integers_are_equal_only_to_themselves(value):
    assert equality.numeric_equal(str(value), f"{value:,}") is True
    assert equality.numeric_equal(str(value), str(value + 1)) is False
    assert equality.numeric_equal(str(value), f"{value + 1}.0") is False


@given(st.text(alphabet="0123456789.,%$\\{}[]()/^_ abxpit\n=", max_size=30), st.text(alphabet="0123456789.,\\{}[]()/^_ ab", max_size=30))
def test_any_text_is_comparable(gold, answer):
    assert exact.quick_verdict(gold, answer) in ("equal", "different", None)
    assert exact.quick_verdict(answer, answer) == "equal"


QUERIES = pl.DataFrame(
    {
        "query_id": ["q1", "q2"],
        "dataset": ["d", "d"],
        "question": ["?", "??"],
        "gold": ["4", "\\sqrt{2}"],
        "level": [None, None],
        "type": [None, None],
        "language": ["en", "en"],
    },
    schema=tables.QUERIES.schema,
)


def rollout(query_id="q1", sample=0, response="\\boxed{4}", rounds=(), **changed) -> dict:
    row = {"query_id": query_id, "mode": "native", "sample": sample, "seed": 1, "prompt": "p", "response": response, "methodology": "cot"}
    row |= {"rounds": list(rounds), "token_ids": [1], "generated": [True], "logprobs": [-0.5], "finish_reason": "stop", "isolation": None}
    return row | changed


def round_(outcome="ok") -> dict:
    return {"text": "t", "program": "print(4)", "output": "4", "result": "4\n", "error": "", "outcome": outcome}


def frame(rows) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=tables.ROLLOUTS.schema)


PROGRAM_TEXT = "Let's write a program.\n```python\nprint(4)\n```\n```output\n4\n```\n"
NO_ROUND = {"text": "t"} | dict.fromkeys(("program", "output", "result", "error", "outcome"))
ROLLOUTS = [
    rollout(sample=0),
    rollout(sample=1, response="\\boxed{5}"),
    rollout(sample=2, response="I do not know."),
    rollout(sample=3, response=PROGRAM_TEXT + "\\boxed{4}", rounds=[round_()], methodology="code"),
    rollout(sample=4, response=PROGRAM_TEXT + "\\boxed{5}", rounds=[round_(), round_("error")], methodology="code"),
    rollout(sample=5, response="\\boxed{4} or \\boxed{3}", rounds=[NO_ROUND]),
    rollout(query_id="q2", sample=0, response="The answer is $2^{1/2}$."),
    rollout(query_id="q2", sample=1, response=PROGRAM_TEXT, rounds=[round_()], methodology="code"),
]


def test_grades_of_rollouts(exact_judge):
    grades = grade_rollouts(frame(ROLLOUTS), QUERIES, exact_judge, FORM, LIMITS)
    assert grades["outcome"].to_list() == ["correct", "wrong", "no_answer", "correct", "wrong", "wrong", "correct", "wrong"]
    assert grades["strict"].to_list() == [outcome == "correct" for outcome in grades["outcome"]]
    assert grades["lenient"].to_list() == [True, False, False, True, False, True, True, False]
    assert grades["answer"].to_list() == ["4", "5", None, "4", "5", "3", "$2^{1/2}$", "4"]
    assert grades["code_executed"].to_list() == [False, False, False, True, True, False, False, True]
    assert grades["code_decides"].to_list() == [False, False, False, True, False, False, False, True]
    assert grades["executions"].to_list() == [0, 0, 0, 1, 2, 0, 0, 1]
    assert grades["programs_failed"].to_list() == [0, 0, 0, 0, 1, 0, 0, 0]
    assert grades["grader"].unique().to_list() == [exact.GRADER]
    assert "math-verify-0" in exact.GRADER


@given(st.permutations(range(len(ROLLOUTS))))
def test_grades_do_not_depend_on_the_order_of_rows(exact_judge, order):
    key = ["query_id", "sample"]
    straight = grade_rollouts(frame(ROLLOUTS), QUERIES, exact_judge, FORM, LIMITS)
    shuffled = grade_rollouts(frame([ROLLOUTS[index] for index in order]), QUERIES, exact_judge, FORM, LIMITS)
    assert shuffled.sort(key).equals(straight.sort(key))


def test_infrastructure_errors_are_no_wrong_answers(exact_judge):
    rows = frame([*ROLLOUTS[:3], rollout(sample=9, rounds=[round_(), round_("infrastructure_error")])])
    grades = grade_rollouts(rows, QUERIES, exact_judge, FORM, LIMITS.model_copy(update={"max_infrastructure_errors": 0.25}))
    assert grades.row(3, named=True)["outcome"] == "infrastructure_error"
    assert not grades["strict"][3]
    assert not grades["lenient"][3]
    with pytest.raises(judge.GradingError, match="1 of 4 rollouts"):
        grade_rollouts(rows, QUERIES, exact_judge, FORM, LIMITS)


def test_the_rules_of_extraction_are_a_setting(exact_judge):
    shown = rollout(response="So \\boxed{3}.\n```python\nprint(text)\n```\n```output\n\\boxed{4}\n```\n", rounds=[round_()])
    answers = [
        grade_rollouts(frame([shown]), QUERIES, exact_judge, FORM, LIMITS.model_copy(update={"extraction": rules}))["answer"].item()
        for rules in ("autocode", "deepseek_math", "qwen2.5_math")
    ]
    assert answers == ["3", "4", "4"]


def test_judges_stand_side_by_side_on_the_same_rollouts(exact_judge):
    """Execution alone accepts a wrong answer that a program printed, and refuses a right one that none did."""
    wrong = rollout(
        response="```python\nprint(5)\n```\n```output\n5\n```\n\\boxed{5}", rounds=[round_() | {"output": "5", "result": "5\n"}]
    )
    rows = frame([rollout(), wrong, rollout(sample=2, rounds=[round_("error")])])
    with ExecutesJudge(LIMITS) as executes:
        graded = {judge.name: grade_rollouts(rows, QUERIES, judge, FORM, LIMITS) for judge in (exact_judge, executes)}
    assert graded[exact.GRADER]["strict"].to_list() == [True, False, True]
    assert graded["executes-1"]["outcome"].to_list() == ["no_answer", "correct", "wrong"]
    assert [frame["grader"].unique().item() for frame in graded.values()] == list(graded)
    assert graded[exact.GRADER]["answer"].to_list() == graded["executes-1"]["answer"].to_list() == ["4", "5", "4"]


def test_an_unknown_query_is_named(exact_judge):
    with pytest.raises(judge.GradingError, match="'q7'"):
        grade_rollouts(frame([rollout(query_id="q7")]), QUERIES, exact_judge, FORM, LIMITS)


def run_program(*words) -> subprocess.CompletedProcess:
    command = [sys.executable, str(PROGRAM), *map(str, words), "--method", "autocode", "--settings", json.dumps(LIMITS.model_dump())]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.stage
def test_program_grades_several_files(tmp_path):
    tables.QUERIES.write(QUERIES[:1], tmp_path / "a.parquet")
    tables.QUERIES.write(QUERIES, tmp_path / "b.parquet")
    for name, rows in (("one", ROLLOUTS[:3]), ("two", ROLLOUTS[3:])):
        tables.ROLLOUTS.write(frame(rows), tmp_path / f"{name}.parquet")
    files = ["--rollouts", tmp_path / "one.parquet", tmp_path / "two.parquet", "--queries", tmp_path / "a.parquet", tmp_path / "b.parquet"]
    outs = [tmp_path / "g1.parquet", tmp_path / "g2.parquet"]
    assert run_program(*files, "--out", *outs).returncode == 0
    graded = pl.concat(tables.GRADES.read(path) for path in outs)
    assert graded["outcome"].to_list() == ["correct", "wrong", "no_answer", "correct", "wrong", "wrong", "correct", "wrong"]

    refused = run_program(*files, "--out", outs[0])
    assert refused.returncode == 1
    assert "--rollouts names 2 files, --out 1" in refused.stderr


@pytest.mark.stage
def test_program_names_the_file_and_the_unknown_query(tmp_path):
    tables.QUERIES.write(QUERIES[:1], tmp_path / "queries.parquet")
    tables.ROLLOUTS.write(frame(ROLLOUTS), tmp_path / "rollouts.parquet")
    words = ["--rollouts", tmp_path / "rollouts.parquet", "--queries", tmp_path / "queries.parquet", "--out", tmp_path / "grades.parquet"]
    refused = run_program(*words)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1
    assert "rollouts.parquet" in refused.stderr
    assert "'q2'" in refused.stderr
    assert not (tmp_path / "grades.parquet").exists()


GOLDEN = Path(__file__).parent / "golden"


def golden_pairs(name: str) -> list[tuple[str, str, str, str]]:
    """Kind, gold, answer and verdict by hand; `\n` before a digit stands for a new line."""
    rows = [line.split("\t") for line in (GOLDEN / name).read_text(encoding="utf-8").splitlines()[1:]]
    return [(kind, gold, re.sub(r"\\n(?=\d)", "\n", answer), verdict) for kind, gold, answer, verdict in rows]


@pytest.mark.parametrize("every", [pytest.param(4, marks=pytest.mark.stage), pytest.param(1, marks=pytest.mark.full)])
@pytest.mark.parametrize("name", ["graded_pairs.tsv", "heldout_pairs.tsv"])
def test_verdicts_agree_with_those_given_by_hand(grader, name, every):
    """The held-out pairs were written after the grader by the policy alone; the forms that programs print were added since."""
    pairs = golden_pairs(name)
    assert len(pairs) >= 300
    assert len({(gold, answer) for _, gold, answer, _ in pairs}) == len(pairs)
    pairs = pairs[::every]
    found = [verdict == "equal" for verdict in grader.verdicts((gold, answer) for _, gold, answer, _ in pairs)]
    wrong = [pair for pair, equal in zip(pairs, found, strict=True) if equal != (pair[3] == "equal")]
    accepted = [pair for pair in wrong if pair[3] == "different"]
    assert len(wrong) <= 0.02 * len(pairs), wrong
    assert len(accepted) <= 0.005 * len(pairs), accepted
