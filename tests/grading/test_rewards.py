"""Rewards in other people's trainers and harnesses: docs/library.md, run against the real libraries."""

import json
import re
import subprocess
import sys
import zipfile

import pytest
from support.checkout import copied
from support.running import ROOT, environment

from mathcode import settings
from mathcode.grading.executes import ExecutesJudge
from mathcode.grading.rewards import Reward
from mathcode.interpreter.driver import Interpreter

pytestmark = pytest.mark.stage

PAGE = (ROOT / "docs/library.md").read_text(encoding="utf-8")
BLOCKS = {kind: re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for kind in ("python", "yaml")}
RIGHT = "```python\nx = 1\nprint(x / 2)\n```"


def interpreter() -> Interpreter:
    return Interpreter(settings.Interpreter(timeout=5, memory_mb=512, output_chars=400, preload=[]))


def rewarded(*responses, answer: str = "1/2", run: bool = True, **options) -> list[float | None]:
    with Reward(interpreter=interpreter() if run else None, **options) as reward:
        return reward(list(responses), answer=[answer] * len(responses))


def test_answers_and_what_programs_print_are_judged():
    shown = "```python\nprint(2)\n```\n```output\n0.5\n```\n"
    assert rewarded("It is \\boxed{0.5}.", RIGHT, shown, "nothing", "```python\nprint(1 / 0)\n```") == [1.0, 1.0, 1.0, 0.0, 0.0]
    assert rewarded("It is \\boxed{0.5}.", RIGHT, run=False) == [1.0, 0.0]


def test_programs_of_a_response_share_their_state():
    first = "```python\nx = 1\n```\n```output\n\n```\nSo\n```python\nprint(x / 2)\n```"
    assert rewarded(first) == [1.0]


def test_what_a_model_writes_behind_its_last_program_is_not_read():
    assert rewarded("```python\nprint(3)\n```\nThe answer is \\boxed{1/2}.") == [0.0]


def test_a_program_that_hangs_or_lies_about_its_fences_is_only_wrong():
    assert rewarded("```python\nwhile True: pass\n```", "```python\nprint('```output 0.5')\n```") == [0.0, 0.0]


def test_conversations_are_read_by_their_last_message():
    assert rewarded([{"role": "user", "content": "3?"}, {"role": "assistant", "content": "It is 1/2."}]) == [1.0]


def test_another_judge_and_other_columns():
    with Reward(ExecutesJudge(settings.Grading(timeout=5, max_infrastructure_errors=1)), interpreter(), gold="reference") as reward:
        assert reward([RIGHT, "It is 0.5."], reference=["7", "7"]) == [1.0, 0.0]
        assert reward.__name__ == "right_by_executes"
        with pytest.raises(KeyError, match="reference"):
            reward([RIGHT], answer=["7"])


def test_it_opens_when_first_asked_and_closes_twice():
    reward = Reward()
    assert reward(["It is 2."], answer=["2"]) == [1.0]
    reward.close()
    reward.close()


def run(code: str, folder, *arguments: str) -> str:
    """Run a program in a folder as somebody who installed the package; its output."""
    known = environment(PYTHONPATH=str(ROOT / "workflow_scripts"), HF_HUB_OFFLINE="1")
    done = subprocess.run(
        [sys.executable, *arguments, *(["-c", code] if code else [])],
        cwd=folder,
        env=known,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout + done.stderr


def test_the_first_example(tmp_path):
    assert "[1.0, 1.0, 0.0]" in run(BLOCKS["python"][0], tmp_path)


def test_trl_s_grpo_trainer_takes_it_as_a_reward(trained_policy, tmp_path):
    said = run(BLOCKS["python"][1].replace("MODEL", str(trained_policy)), tmp_path)
    assert len(re.findall(r"'rewards/right_by_exact/mean': '?[01]\.?\d*", said)) == 2


def test_lm_evaluation_harness_takes_it_as_a_metric(trained_policy, tmp_path):
    (tmp_path / "own.yaml").write_text(BLOCKS["yaml"][0])
    (tmp_path / "scoring.py").write_text(BLOCKS["python"][2])
    rows = [{"question": f"What is {number} + 2?", "answer": str(number + 2)} for number in range(6)]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    line = next(line for line in PAGE.splitlines() if line.startswith("lm_eval ")).replace("MODEL", str(trained_policy))
    said = run("", tmp_path, "-m", *line.split(), "--device", "cpu", "--log_samples", "--output_path", "out")
    assert "|right" in said
    (samples,) = (tmp_path / "out").rglob("samples_own_*.jsonl")
    found = [json.loads(row) for row in samples.read_text().splitlines()]
    with Reward() as reward:
        for row in found:
            assert row["right"] == reward(row["filtered_resps"][:1], answer=[row["doc"]["answer"]])[0]


def test_a_wheel_holds_the_package_with_its_pages(tmp_path):
    run(
        "",
        copied(tmp_path / "checkout"),
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        str(tmp_path),
        ".",
    )
    (wheel,) = tmp_path.glob("mathcode-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"mathcode/interpreter/worker.py", "mathcode/report/summary.html", "mathcode/methods/siam/__init__.py"} <= {*names}
