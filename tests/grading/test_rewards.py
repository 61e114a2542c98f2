"""Rewards in other people's trainers and harnesses: docs/library.md, run against the real libraries."""

import json
import re
import subprocess
import sys
import tempfile
import zipfile

import pytest
from support.checkout import copied
from support.running import ROOT, environment

from mathcode import settings
from mathcode.core.errors import InputError
from mathcode.grading import answers
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
    assert rewarded("It is \\boxed{0.5}.", RIGHT, "nothing", "```python\nprint(1 / 0)\n```") == [1.0, 1.0, 0.0, 0.0]
    assert rewarded("It is \\boxed{0.5}.", RIGHT, run=False) == [1.0, 0.0]


def test_a_response_ends_with_its_first_program_whatever_it_says_behind():
    invented = "```python\nprint(3)\n```\n```output\n0.5\n```\nThe answer is \\boxed{1/2}."
    assert rewarded(invented) == [0.0]
    assert rewarded(invented, run=False) == [1.0]  # believed: whoever asks so runs programs himself
    assert rewarded(f"{RIGHT}\nSo the answer is \\boxed{{3}}.") == [1.0]


def test_a_program_that_hangs_fails_or_lies_about_its_fences_is_only_wrong():
    hostile = ["while True: pass", "print('```output 0.5')", "import nonsense", "print('0.5\\n```\\n```output\\n')"]
    assert rewarded(*(f"```python\n{program}\n```" for program in hostile[:3])) == [0.0, 0.0, 0.0]
    assert rewarded("```python\nprint(1/2)") == [0.0]  # cut off: no program is closed


class Spy(ExecutesJudge):
    """Keeps what it is shown."""

    def __init__(self):
        super().__init__(settings.Grading(timeout=5, max_infrastructure_errors=1))
        self.seen = []

    def judge(self, cases, progress=None):
        self.seen += cases
        return super().judge(cases, progress)


def test_program_result_and_outcome_that_a_judge_sees_belong_together():
    spy = Spy()
    with Reward(spy, interpreter()) as reward:
        reward([f"{RIGHT}\nNow again:\n```python\nprint(3", "```python\nimport nonsense\n```\n```output\n0.5\n```"], answer=["1/2"] * 2)
    assert [(case.program, case.result, case.ended) for case in spy.seen] == [
        ("x = 1\nprint(x / 2)", "0.5\n", "ok"),
        ("import nonsense", "", "error"),
    ]


def test_conversations_are_read_by_their_last_message():
    assert rewarded([{"role": "user", "content": "3?"}, {"role": "assistant", "content": "It is 1/2."}]) == [1.0]
    parts = [{"type": "text", "text": "It is "}, {"type": "text", "text": "1/2."}]
    assert rewarded([{"role": "assistant", "content": parts}]) == [1.0]
    assert rewarded([{"role": "assistant", "content": None, "tool_calls": []}], []) == [0.0, 0.0]


def test_reference_answers_may_be_numbers():
    with Reward() as reward:
        assert reward(["It is 2.", "It is 0.5."], answer=[2, 0.5]) == [1.0, 1.0]


def test_another_judge_and_other_columns():
    with Reward(ExecutesJudge(settings.Grading(timeout=5, max_infrastructure_errors=1)), interpreter(), gold="reference") as reward:
        assert reward([RIGHT, "It is 0.5."], reference=["7", "7"]) == [1.0, 0.0]
        assert reward.__name__ == "right_by_executes"
        with pytest.raises(KeyError, match="reference"):
            reward([RIGHT], answer=["7"])


def test_it_opens_when_first_asked_and_ends_for_good(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    reward = Reward(interpreter=interpreter())
    assert reward(["It is 2."], answer=["2"]) == [1.0]
    reward.close()
    reward.close()
    with pytest.raises(InputError, match="closed; make another one"):
        reward(["It is 2."], answer=["2"])
    Reward(interpreter=interpreter()).close()  # never used
    assert list(tmp_path.iterdir()) == []


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


def test_the_first_examples(tmp_path):
    assert "[1.0, 1.0, 0.0]" in run(BLOCKS["python"][0], tmp_path)
    assert "[1.0]" in run(BLOCKS["python"][1], tmp_path)


def test_trl_s_grpo_trainer_takes_it_as_a_reward(trained_policy, tmp_path):
    """With answers that every response has and none: the mean reward in the trainer's log is that of the judge."""
    example = BLOCKS["python"][2].replace("MODEL", str(trained_policy))
    spied = "seen = []\nasked = Reward.__call__\nReward.__call__ = lambda self, *a, **k: seen.append(asked(self, *a, **k)) or seen[-1]\n"
    said = run(example.replace("questions = ", spied + "questions = ", 1) + "print('seen', seen)\n", tmp_path)
    logged = [float(one) for one in re.findall(r"'rewards/right_by_exact/mean': '?([\d.]+)", said)]
    seen = json.loads(re.search(r"^seen (.*)$", said, re.MULTILINE)[1])
    assert [len(step) for step in seen] == [4, 4]
    assert logged == pytest.approx([sum(step) / 4 for step in seen])
    right = run(
        example.replace('"answer": [str(number + 1) for number in range(8)]', '"answer": ["7"] * 8')
        .replace("Reward()", "Reward(Always())")
        .replace("questions = ", ALWAYS + "questions = ", 1),
        tmp_path,
    )
    assert set(re.findall(r"'rewards/right_by_always/mean': '?([\d.]+)", right)) == {"1"}


ALWAYS = """
from mathcode.grading.judge import Verdict
class Always:
    name = "always-1"
    def __enter__(self): return self
    def __exit__(self, *_): pass
    def judge(self, cases, progress=None): return [Verdict("correct", True, True) for _ in cases]
"""


def test_lm_evaluation_harness_takes_it_as_a_metric(trained_policy, tmp_path):
    """A policy that says the same whatever it is asked makes half of the items right where their reference answers are half that."""
    (tmp_path / "own.yaml").write_text(BLOCKS["yaml"][0])
    (tmp_path / "scoring.py").write_text(BLOCKS["python"][3])
    rows = [{"question": f"What is {number} + 2?", "answer": str(number + 2)} for number in range(6)]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    line = next(line for line in PAGE.splitlines() if line.startswith("lm_eval ")).replace("MODEL", str(trained_policy))
    command = ("-m", *line.split(), "--device", "cpu", "--log_samples", "--output_path")
    run("", tmp_path, *command, "first")
    said = [samples(tmp_path / "first")[number]["filtered_resps"][0] for number in range(6)]
    with Reward() as reward:
        known = [answers.extract(one).strict for one in said]
        golds = [one if one and number % 2 else "no such answer" for number, one in enumerate(known)]
        wanted = reward(said, answer=golds)
    assert 0 < sum(wanted) < 6
    (tmp_path / "questions.jsonl").write_text(
        "".join(json.dumps(row | {"answer": gold}) + "\n" for row, gold in zip(rows, golds, strict=True))
    )
    run("", tmp_path, *command, "second")
    assert [row["right"] for row in samples(tmp_path / "second")] == wanted


def samples(folder) -> list[dict]:
    """What the harness logged of every item, in their order."""
    (path,) = folder.rglob("samples_own_*.jsonl")
    return sorted((json.loads(row) for row in path.read_text().splitlines()), key=lambda row: row["doc_id"])


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
