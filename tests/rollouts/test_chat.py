"""The program that talks to a policy."""

import re
import shutil
import subprocess
import sys

import pytest
from support.running import ROOT, environment, program, run_program

import chat_with_policy
import publish_policy
from mathcode import configuration
from mathcode.configuration import places
from mathcode.core.errors import InputError


@pytest.fixture
def place(trained_policy, tmp_path):
    """A policy where a run keeps one."""
    return shutil.copytree(trained_policy, tmp_path / "results/demo/main/tiny/seed1/iter1/model")


@pytest.mark.stage
def test_it_answers_line_by_line_and_says_what_ran(place):
    command = program("chat_with_policy", place, "--mode", "code", python=sys.executable)  # not warm: tqdm reads its variable when imported
    asked = "What is 3 + 4?\nWhat is 5 + 5?\n"
    done = subprocess.run(command, cwd=ROOT, env=environment(), input=asked, capture_output=True, text=True, timeout=300, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(lines) == 2
    assert all("answer: " in line and " ran" in line for line in lines)
    assert done.stderr.count("question> ") == 3
    alone = run_program(*command, "--question", "What is 3 + 4?")
    assert alone.returncode == 0, alone.stderr[-2000:]
    assert done.stdout.startswith(alone.stdout)
    assert "%|" not in alone.stderr


def test_what_a_program_prints_commands_no_terminal():
    printed = "5\n\tok \x1b]0;title\x07\x1b[2J \u202egnp.exe 圆"
    assert chat_with_policy._printable(printed) == r"5" + "\n\tok " + r"\x1b]0;title\x07\x1b[2J \u202egnp.exe 圆"


def test_a_policy_is_found_where_results_is_a_link_and_below_another_results(tmp_path):
    config, policy = configuration.load(ROOT / "config"), "start/tiny/seed1/model"
    stored = tmp_path / "scratch/out"
    stored.mkdir(parents=True)
    (tmp_path / "results").symlink_to(stored)
    for place in (tmp_path / "results/demo", tmp_path / "results/mine/results/demo"):
        run, found = places.located(place / policy, config)
        assert (run, str(found)) == ("demo", "start/tiny/seed1")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("demo/main/tiny/seed9/iter9", "build it with: snakemake --profile local results/demo/main/tiny/seed9/iter9/model"),
        ("demo/start/llama31/seed1", "build it with: snakemake --profile local results/demo/start/llama31/seed1/model"),
        ("siam_demo/seeded/tiny_siam/seed1", "build it with: snakemake --profile local results/siam_demo/seeded/tiny_siam/seed1/model"),
        ("siam_demo/main/tiny_siam/seed1/iter1/dpo_1", "build it with: snakemake --profile local results/siam_demo/main/tiny_siam/"),
        ("demo/seeded/tiny/seed1", "run 'demo' makes no policy 'seeded/tiny/seed1'"),
        ("demo/mian/tiny/seed1/iter1", "run 'demo' makes no policy 'mian/tiny/seed1/iter1'"),
        ("demo/main/tiny/seed1/iter1/dpo_1", "run 'demo' makes no policy 'main/tiny/seed1/iter1/dpo_1'"),
    ],
)
@pytest.mark.parametrize("ask", [chat_with_policy, publish_policy], ids=["chat", "publish"])
def test_a_policy_that_was_not_trained_yet_comes_with_the_command_that_trains_it(tmp_path, monkeypatch, ask, path, said):
    """One that no rule makes for this run gets no command."""
    monkeypatch.chdir(ROOT)
    more = ["--question", "?"] if ask is chat_with_policy else ["--out", str(tmp_path / "card.md")]
    model = tmp_path / "results" / path / "model"
    with pytest.raises(InputError, match=re.escape(str(model)) + ": no .*; " + re.escape(said)):
        ask.main([str(model), *more])


@pytest.mark.parametrize(
    "path", ["results/demo/model", "results/other/start/tiny/seed1/model", "results/demo/start/tinny/seed1/model", "."]
)
def test_what_is_no_policy_of_a_run_is_one_sentence(tmp_path, path):
    with pytest.raises(InputError, match="no policy of a configured run; such a folder is results/RUN/POLICY/model"):
        places.located(tmp_path / path, configuration.load(ROOT / "config"))
