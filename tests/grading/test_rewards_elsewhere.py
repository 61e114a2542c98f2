"""Rewards in TRL's trainer and in lm-evaluation-harness: docs/library.md, run against the real libraries; and the package as a wheel."""

import json
import re
import zipfile

import pytest
from support.checkout import copied
from support.library_page import BLOCKS, PAGE, run

from mathcode.grading import answers
from mathcode.grading.rewards import Reward

pytestmark = pytest.mark.full


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
