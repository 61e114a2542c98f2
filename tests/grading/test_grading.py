"""Grading: the policy of equality, hostile answers, and the table of grades."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import hostile_answers

from mathcode import settings, tables
from mathcode.grading import exact, judge
from mathcode.grading.executes import ExecutesJudge
from mathcode.grading.grades import grade_rollouts
from mathcode.interpreter.driver import cut
from mathcode.measures import outcomes
from mathcode.methods.autocode.form import FORM

LIMITS = settings.Grading(timeout=20, workers=2, max_infrastructure_errors=0.0)
PROGRAM = Path(__file__).parents[2] / "workflow_scripts" / "grade_rollouts.py"


@pytest.fixture(scope="module")
def grader():
    with exact.Grader(LIMITS) as grader:
        yield grader


@pytest.fixture(scope="module")
def exact_judge():
    with exact.ExactJudge(LIMITS) as judge:
        yield judge


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


def test_judging_runs_nothing_an_answer_says(grader, tmp_path):
    mark = tmp_path / "mark"
    code = f"open({str(mark)!r}, 'w').write('x')"
    grader.verdicts([("\\sqrt{2}", answer) for answer in (code, f"(lambda: {code})()", f"[{code} for x in [1]]", f"\\sqrt{{{code}}}")])
    assert not mark.exists()


@pytest.mark.stage
def test_an_arithmetic_that_errs_stops_the_grader(monkeypatch, tmp_path):
    broken = tmp_path / "numeric_judge.py"
    right = exact.Grader.module.read_text().replace("parents[2]", f"parents[0] / {str(exact.Grader.module.parents[2])!r}")
    broken.write_text(right.replace('r"\\sin 60^\\circ"): True', 'r"\\sin 60^\\circ"): False'))
    monkeypatch.setattr(exact.Grader, "module", broken)
    with exact.Grader(LIMITS) as grader, pytest.raises(judge.GradingError, match="misjudges"):
        grader.verdicts([("\\sin x", "\\cos x")])


@pytest.mark.stage
def test_a_pair_that_hangs_costs_its_own_verdict_alone(monkeypatch, tmp_path):
    slow = tmp_path / "numeric_judge.py"
    right = exact.Grader.module.read_text().replace("parents[2]", f"parents[0] / {str(exact.Grader.module.parents[2])!r}")
    slow.write_text(right.replace("    pairs = zip", "    while any('hang' in text for text in texts):\n        pass\n    pairs = zip"))
    monkeypatch.setattr(exact.Grader, "module", slow)
    pairs = [("2^{1/3}", "\\sqrt[3]{2}"), ("\\sin x_{hang}", "\\cos x_{hang}"), ("\\sin x", "\\cos x")]
    with exact.Grader(LIMITS.model_copy(update={"timeout": 1.0})) as grader:
        assert grader.verdicts(pairs) == ["equal", "timed_out", "different"]


@pytest.mark.stage
def test_the_driver_never_imports_the_symbolic_engine():
    code = (
        "import sys; from mathcode import settings; from mathcode.grading import exact\n"
        "with exact.Grader(settings.Grading(timeout=20, workers=1, max_infrastructure_errors=0)) as g:\n"
        "    assert g.verdicts([(r'\\sin 60^\\circ', r'\\frac{\\sqrt{3}}{2}'), ('1', '1')]) == ['equal', 'equal']\n"
        "print(sorted({'sympy', 'math_verify', 'mpmath', 'torch'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": str(PROGRAM.parent)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout == "[]\n"


QUERIES = pl.DataFrame(
    {
        "query_id": ["q1", "q2"],
        "dataset": ["d", "d"],
        "question": ["?", "??"],
        "gold": ["4", "\\sqrt{2}"],
        "level": [None, None],
        "type": [None, None],
        "language": ["en", "en"],
        "values": [None, None],
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
    assert grades["answer"].to_list() == ["4", "5", None, "4", "5", "4 or 3", "2^{1/2}", "4"]
    assert grades["code_executed"].to_list() == [False, False, False, True, True, False, False, True]
    assert grades["code_decides"].to_list() == [False, False, False, True, False, False, False, True]
    assert grades["executions"].to_list() == [0, 0, 0, 1, 2, 0, 0, 1]
    assert grades["programs_failed"].to_list() == [0, 0, 0, 0, 1, 0, 0, 0]
    assert grades["grader"].unique().to_list() == [exact.GRADER]


def test_an_answer_in_an_output_is_read_from_all_of_it(exact_judge):
    """The model was shown the two ends of a long one; so was who grades by a published order."""
    printed = "".join(f"step {number}\n" for number in range(9)) + f"{' + '.join('1' * 40)} and so on: 4"
    shown = cut(printed, 60, "...")
    text = f"```python\nprint(4)\n```\n```output\n{shown}\n```\n"
    rows = frame([rollout(response=text, rounds=[round_() | {"output": shown, "result": printed + "\n"}])])
    whole = grade_rollouts(rows, QUERIES, exact_judge, FORM, LIMITS).row(0, named=True)
    assert (whole["answer"], whole["code_decides"]) == (printed.splitlines()[-1], True)
    published = LIMITS.model_copy(update={"extraction": "qwen2.5_math"})
    assert printed.splitlines()[-1] != grade_rollouts(rows, QUERIES, exact_judge, FORM, published)["answer"][0]


def test_the_first_of_several_attempts_is_judged_too(exact_judge):
    """By its own answer and by its own programs; a hint that leads nowhere is a second attempt all the same."""
    hints, program = FORM.hints, PROGRAM_TEXT.replace("4", "5").replace("print(5)", "print(4)")
    rows = [
        rollout(sample=0, response=f"\\boxed{{5}}\n{hints['code']}\n{PROGRAM_TEXT}\\boxed{{4}}", rounds=[round_()]),
        rollout(sample=1, response=f"{PROGRAM_TEXT}\\boxed{{4}}\n{hints['cot']}\n\\boxed{{5}}", rounds=[round_()]),
        rollout(sample=2, response=f"{program}\\boxed{{5}}\n{hints['code']}\n{program}\\boxed{{5}}", rounds=[round_(), round_()]),
        rollout(sample=3),
    ]
    grades = grade_rollouts(frame(rows), QUERIES, exact_judge, FORM, LIMITS)
    assert grades["first_right"].to_list() == [False, True, False, None]
    assert grades["strict"].to_list() == [True, False, False, True]
    assert outcomes.corrections(grades) == (3, 1, 1)


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


def test_the_judge_gives_the_verdicts_of_the_policy(grader):
    """As `test_equality` in one process; here what needs real numbers is judged elsewhere."""
    rows = [json.loads(line) for line in (Path(__file__).parent / "golden/forms.jsonl").read_text(encoding="utf-8").splitlines()]
    found = grader.verdicts((row["gold"], row["answer"]) for row in rows)
    assert [row for row, verdict in zip(rows, found, strict=True) if (verdict == "equal") is not row["equal"]] == []


class Scoring:
    """A judge that scores every case 0.75, as a critic does."""

    name = "scoring-1"

    def judge(self, cases, progress=None) -> list[judge.Verdict]:
        return [judge.Verdict("correct", True, True, 0.75) for _ in cases]


def test_grades_keep_a_score_unless_nothing_is_known_of_the_response():
    rows = frame([rollout(), rollout(sample=1, rounds=[round_("infrastructure_error"), round_()])])
    grades = grade_rollouts(rows, QUERIES, Scoring(), FORM, LIMITS.model_copy(update={"max_infrastructure_errors": 0.5}))
    assert grades["score"].to_list() == [0.75, None]
