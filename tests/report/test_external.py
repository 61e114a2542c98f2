"""Response logs of others, from a file of theirs to the columns of Table 1."""

import csv
import json

import pytest
from support.checkout import copied, snakemake
from support.running import run_program

PROGRAM = "Let's write a program.\n```python\nprint(6)\n```\n```output\n6\n```\nThe answer is \\boxed{6}."
LOG = [
    {"id": 1, "question": "2 * 3?", "gold": "6", "response": PROGRAM},
    {"id": 2, "question": "2 * 3?", "gold": "6", "response": "It is \\boxed{6}, no, \\boxed{7}."},
    {"id": 3, "question": "2 * 3?", "gold": "6", "response": "```python\nprint(6)\n```", "benchmark": "other"},
    {"id": 4, "question": "2 * 3?", "gold": "6", "response": "I pass."},
]


@pytest.mark.workflow
def test_a_log_becomes_a_table_by_naming_its_file(tmp_path):
    folder = copied(tmp_path / "checkout")
    (folder / "data/external").mkdir()
    (folder / "data/external/theirs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in LOG))
    done = snakemake("results/external/theirs/tables/main.csv", "--profile", "local", cwd=folder)
    assert done.returncode == 0, done.stdout[-3000:]
    with (folder / "results/external/theirs/tables/main.csv").open() as handle:
        mine, other = csv.DictReader(handle)
    assert [mine[key] for key in ("experiment", "family", "benchmark", "n")] == ["external", "theirs", "theirs", "3"]
    assert (mine["accuracy"], mine["lenient_accuracy"], mine["code_rate"]) == ("33.33", "66.67", "33.33")
    assert (mine["code_decides_rate"], mine["contaminated"], mine["seeds"]) == ("33.33", "", "")
    assert (other["benchmark"], other["n"], other["code_rate"], other["code_written_rate"]) == ("other", "1", "0.0", "100.0")


@pytest.mark.stage
def test_rows_without_a_benchmark_need_the_option(tmp_path):
    (tmp_path / "in.jsonl").write_text(json.dumps(LOG[0]))
    done = run_program("python", "workflow_scripts/grade_responses.py", "--responses", tmp_path / "in.jsonl", "--out", tmp_path / "o.jsonl")
    assert done.returncode == 1
    assert "line 1: key 'benchmark' is missing" in done.stderr


@pytest.mark.stage
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there is no response to tabulate"),
        ('{"id": 1, "benchmark": "b", "outcome": "correct"}', "row 1 has no key 'strict'"),
        (
            json.dumps({"id": 1, "benchmark": "b", "outcome": "infrastructure_error"} | dict.fromkeys(["strict", "lenient"], False)
            | dict.fromkeys(["code_executed", "code_written", "code_decides"], False)),
            "none of the 1 responses to b has a verdict",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_tabulated_is_one_sentence(tmp_path, text, sentence):
    (tmp_path / "graded.jsonl").write_text(text)
    options = ("--graded", tmp_path / "graded.jsonl", "--name", "theirs", "--out", tmp_path / "main.csv")
    done = run_program("python", "workflow_scripts/tabulate_external.py", *options)
    assert done.returncode == 1
    assert sentence in done.stderr
    assert done.stderr.startswith("tabulate_external.py: ")
    assert not (tmp_path / "main.csv").exists()
