"""The programs of `workflow_scripts/`: their help, their names, and what they say to bad settings."""

import argparse
import importlib
import importlib.machinery
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest
from support.running import ROOT, program, run_program

PROGRAMS = sorted(path.stem for path in (ROOT / "workflow_scripts").glob("*.py"))
FAMILY = '{"label": "tiny", "precondition": "sft", "prompt": "plain", "train_dtype": "float32"}'


def required(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if action.required]


def arguments(name: str) -> argparse.ArgumentParser:
    return importlib.import_module(name).arguments()


def start(name: str, *words: str, monkeypatch) -> object:
    """Run a program in this process; its exit status."""
    path = str(ROOT / "workflow_scripts" / f"{name}.py")
    monkeypatch.setattr(sys, "argv", [path, *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(path, run_name="__main__")
    return ended.value.code


def example(name: str) -> list[str]:
    """The words of the command line in a program's docstring."""
    lines = importlib.import_module(name).__doc__.replace("\\\n", "").splitlines()
    (command,) = [line for line in lines if line.startswith(f"    python workflow_scripts/{name}.py ")]
    return shlex.split(command)[2:]


def test_there_are_programs():
    assert {"sample_rollouts", "train_policy", "tabulate_results"} <= set(PROGRAMS)


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_shows_the_docstring_and_its_example(name, monkeypatch, capsys):
    assert start(name, "--help", monkeypatch=monkeypatch) == 0
    shown = capsys.readouterr().out
    assert importlib.import_module(name).__doc__.strip() in shown
    assert f"python workflow_scripts/{name}.py" in shown
    assert re.search(r"^reads\b", shown, re.MULTILINE | re.IGNORECASE)
    assert re.search(r"\bwrites\b", shown, re.IGNORECASE)


@pytest.mark.parametrize("name", ["build_cases", "grade_rollouts", "judge_cases", "prepare_sft", "sample_rollouts"])
def test_no_workers_are_refused(name, capsys):
    with pytest.raises(SystemExit):
        arguments(name).parse_args(["--workers", "0"])
    assert "argument --workers: 0 is not a whole number above 0" in capsys.readouterr().err


@pytest.mark.stage
@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("*.py")), ids=lambda path: path.stem)
def test_benchmarks_can_be_started_and_show_their_help(path):
    done = run_program(sys.executable, str(path), "--help", PYTHONPATH="")
    assert done.returncode == 0, done.stderr
    assert f"python benchmarks/{path.name}" in done.stdout


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_example_is_a_command_line_the_program_takes(name):
    parser = arguments(name)
    parser.error = lambda message: pytest.fail(f"{name}: {message}")
    parser.parse_args(example(name))


@pytest.mark.parametrize("folder", ["workflow_scripts", "tests"])
def test_no_file_hides_an_installed_module(folder):
    ours = {str(ROOT / "workflow_scripts"), str(ROOT / "tests"), str(ROOT), ""}
    elsewhere = [path for path in sys.path if path not in ours and Path(path).resolve() != ROOT]
    for path in (ROOT / folder).glob("*.py"):
        if path.stem != "conftest":
            assert path.stem not in sys.stdlib_module_names
            assert importlib.machinery.PathFinder.find_spec(path.stem, elsewhere) is None


JSON = [
    (name, flag)
    for name in PROGRAMS
    for flag in ("--settings", "--family", "--source", "--plan")
    if f'"{flag}"' in (ROOT / "workflow_scripts" / f"{name}.py").read_text(encoding="utf-8")
]


def value(action: argparse.Action, folder: Path) -> str:
    """Something a required flag takes; files lie in `folder` and are not there."""
    if action.choices:
        return next(iter(action.choices))
    known = {"family": FAMILY, "method": "autocode"}
    return "1" if action.type is int else known.get(action.dest, str(folder / action.dest))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("{", " is not JSON: .+"), ('{"nonsense": 1}', ": key '.+': .+"), ("[]", ": expected keys and values")],
)
@pytest.mark.parametrize(("name", "flag"), JSON)
def test_bad_settings_give_one_sentence_and_no_output(name, flag, text, sentence, tmp_path, monkeypatch, capsys):
    words = {action.option_strings[0]: value(action, tmp_path) for action in required(arguments(name))} | {flag: text}
    assert start(name, *(word for pair in words.items() for word in pair), monkeypatch=monkeypatch) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(rf"{name}\.py: {flag}{sentence}\n", said.err)
    assert list(tmp_path.iterdir()) == []


def test_json_flags_were_found():
    assert {"--settings", "--family", "--source", "--plan"} == {flag for _, flag in JSON}
    assert {"sample_rollouts", "estimate_strategy", "synthesize_responses", "train_policy"} <= {name for name, _ in JSON}


@pytest.mark.stage
def test_a_missing_table_is_one_sentence_from_the_command_line_too(tmp_path):
    words = ["--out-q-values", tmp_path / "q.parquet", "--out-strategy", tmp_path / "s.parquet", "--seed", 1]
    words += ["--grades", tmp_path / "absent.parquet", "--settings", '{"rule": "q", "alpha": "inf"}']
    ended = run_program(*program("estimate_strategy", *words))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == f"estimate_strategy.py: {tmp_path / 'absent.parquet'}: no such file; it should hold the table 'grades'\n"
    assert list(tmp_path.iterdir()) == []


def test_a_defect_keeps_its_traceback(monkeypatch):
    from mathcode.core import cli

    def broken():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cli.run(broken)


def test_ctrl_c_is_one_sentence(monkeypatch, capsys):
    from mathcode.core import cli

    def stopped():
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["/somewhere/chat_with_policy.py"])
    with pytest.raises(SystemExit) as ended:
        cli.run(stopped)
    assert ended.value.code == 130
    assert capsys.readouterr().err == "chat_with_policy.py: interrupted\n"


def test_a_full_disk_is_one_sentence(monkeypatch, capsys):
    from mathcode.core import cli

    def full():
        raise OSError(28, "No space left on device", "training.parquet")

    monkeypatch.setattr(sys, "argv", ["/somewhere/train_policy.py"])
    with pytest.raises(SystemExit) as ended:
        cli.run(full)
    assert ended.value.code == 1
    assert capsys.readouterr().err == "train_policy.py: [Errno 28] No space left on device: 'training.parquet'\n"
