"""Programs that are useful alone: their contract on real files, the README's own commands, and bad input."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import ROOT

pytestmark = pytest.mark.stage

PROGRAMS = [
    {"id": "a", "program": "print(1 + 1)"},
    {"id": 2, "program": "1 / 0"},
    {"id": "c", "program": "while True: pass"},
    {"id": "d", "program": "x = bytearray(10 ** 10)"},
    {"id": "e", "program": "while True: print('x' * 10 ** 6)"},
    {"id": "f", "program": "print('é')"},
]
PAIRS = [
    {"id": 1, "gold": "\\frac{1}{2}", "answer": "0.5"},
    {"id": 2, "gold": "x^2 + 2x + 1", "answer": "(x+1)^2"},
    {"id": 3, "gold": "5", "answer": "6"},
    {"id": 4, "gold": "\\frac{", "answer": "6"},
    {"id": 5, "gold": "5", "answer": ""},
]
CODE = "Let's write a program.\n```python\nprint(2 * 3)\n```\n```output\n6\n```\nThe answer is \\boxed{6}."
RESPONSES = [
    {"id": "a", "question": "2 * 3?", "gold": "6", "response": CODE, "benchmark": "b"},
    {"id": "b", "question": "2 * 3?", "gold": "6", "response": "It is \\boxed{6}, no, \\boxed{7}.", "benchmark": "b"},
    {"id": "c", "question": "2 * 3?", "gold": "6", "response": "Who knows?", "benchmark": "b"},
]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def save(rows: list[dict], path: Path) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run(*words, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *map(str, words)], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the README's commands make of three small files."""
    folder = tmp_path_factory.mktemp("lines")
    (folder / "workflow_scripts").symlink_to(ROOT / "workflow_scripts")
    for name, rows in (("programs", PROGRAMS), ("pairs", PAIRS), ("responses", RESPONSES)):
        save(rows, folder / f"{name}.jsonl")
    commands = re.findall(r"^python (workflow_scripts/\w+\.py .*\.jsonl)$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        extra = ["--timeout", "1"] if "execute" in command else []
        done = run(*shlex.split(command), *extra, cwd=folder)
        assert done.returncode == 0, done.stderr
    return folder


def test_programs_end_as_they_should_in_their_order(folder):
    rows = lines(folder / "executed.jsonl")
    assert [list(row) for row in rows] == [["id", "outcome", "stdout", "error", "seconds"]] * len(PROGRAMS)
    assert [row["id"] for row in rows] == [row["id"] for row in PROGRAMS]
    assert [row["outcome"] for row in rows] == ["ok", "error", "timed_out", "memory", "output_limit", "ok"]
    assert [row["stdout"] for row in rows] == ["2\n", "", "", "", "", "é\n"]
    assert rows[1]["error"] == "ZeroDivisionError: division by zero"
    assert all(row["seconds"] > 0 for row in rows)


def test_pairs_are_judged_in_their_order(folder):
    rows = lines(folder / "graded.jsonl")
    assert [list(row) for row in rows] == [["id", "verdict", "outcome", "seconds"]] * len(PAIRS)
    assert [(row["id"], row["verdict"], row["outcome"]) for row in rows] == [
        (1, "equal", "ok"), (2, "equal", "ok"), (3, "different", "ok"), (4, "different", "gold_unparsed"), (5, "different", "ok"),
    ]  # fmt: skip


def test_responses_are_graded_whole(folder):
    first, second, third = lines(folder / "graded_responses.jsonl")
    assert first == {
        "id": "a", "benchmark": "b", "answer": "6", "strict": True, "lenient": True, "outcome": "correct", "methodology": "code",
        "rounds": [{"program": "print(2 * 3)", "output": "6"}], "code_written": True, "code_executed": True, "code_decides": True,
        "no_output": 0, "released": True, "run_on": 0,
    }  # fmt: skip
    assert (second["answer"], second["strict"], second["lenient"], second["outcome"]) == ("7", False, True, "wrong")
    assert (third["answer"], third["strict"], third["outcome"], third["methodology"]) == (None, False, "no_answer", "cot")


BAD = {
    "no JSON": ("{", "line 1: no JSON"),
    "no object": ("[1]", "line 1: a JSON object is expected, not a list"),
    "missing key": ('{"id": 1}', "line 1: key 'program' is missing; every row needs id, program"),
    "no text": ('{"id": 1, "program": 5}', "line 1: key 'program' must be text, not a number"),
    "repeated": ('{"id": 1, "program": ""}\n\n{"id": 1, "program": ""}', "line 3: id 1 stands in line 1 already"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_one_sentence_that_names_file_and_line(tmp_path, name):
    text, sentence = BAD[name]
    (tmp_path / "in.jsonl").write_text(text)
    done = run("workflow_scripts/execute_programs.py", "--programs", tmp_path / "in.jsonl", "--out", tmp_path / "out.jsonl")
    assert done.returncode == 1
    assert done.stderr.startswith(f"execute_programs.py: {tmp_path / 'in.jsonl'}: {sentence}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out.jsonl").exists()


def test_bad_limits_and_missing_files_are_one_sentence(tmp_path):
    rows = save(PROGRAMS[:1], tmp_path / "in.jsonl")
    for words, part in [
        (["--programs", rows, "--timeout", "0"], "--timeout: input should be greater than 0"),
        (["--programs", rows, "--workers", "0"], "--workers: input should be greater than or equal to 1"),
        (["--programs", tmp_path / "none.jsonl"], "none.jsonl"),
    ]:
        done = run("workflow_scripts/execute_programs.py", *words, "--out", tmp_path / "out.jsonl")
        assert done.returncode == 1
        assert part in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["execute_programs", "grade_answers", "grade_responses"])
def test_no_rows_are_no_rows(tmp_path, name):
    flag = {"execute_programs": "--programs", "grade_answers": "--pairs", "grade_responses": "--responses"}[name]
    (tmp_path / "in.jsonl").write_text("")
    done = run(f"workflow_scripts/{name}.py", flag, tmp_path / "in.jsonl", "--out", tmp_path / "out.jsonl")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.jsonl").read_text() == ""
