"""Rewards: what is run, what is read, what a judge sees; in other people's trainers: test_rewards_elsewhere.py."""

import re
import tempfile

import pytest
from support.library_page import BLOCKS, run
from support.running import ROOT

from mathcode import settings
from mathcode.core.errors import InputError
from mathcode.grading.executes import ExecutesJudge
from mathcode.grading.rewards import Reward
from mathcode.interpreter.driver import Interpreter
from mathcode.policies import folders, scratch

pytestmark = pytest.mark.stage

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
        with pytest.raises(InputError, match=r"the data have no column 'reference'; .*: Reward\(gold=\.\.\.\)"):
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


def test_the_first_examples(tmp_path):
    assert "[1.0, 1.0, 0.0]" in run(BLOCKS["python"][0], tmp_path)
    assert "[1.0]" in run(BLOCKS["python"][1], tmp_path)


def test_a_critic_rewards_as_any_judge_does(tmp_path):
    """What the page shows, with an untrained critic: asked where the exact judge refuses, and only there."""
    size = {
        "vocabulary": 300,
        "hidden": 32,
        "intermediate": 64,
        "layers": 1,
        "heads": 2,
        "positions": 512,
        "rope_theta": 1e3,
        "initializer_range": 0.05,
    }
    model, tokenizer = scratch.build(settings.Scratch(**size), ["How far? 2 km"], [" YES", " NO"], 1)
    folders.save_policy(model, tokenizer, tmp_path / "critic")
    example = (
        BLOCKS["python"][4].replace("results/siam_demo/critics/main/seed1/model", "critic").replace('"config"', repr(str(ROOT / "config")))
    )
    said = re.compile(r"^(correct|wrong) (\S+)$", re.MULTILINE)
    assert 0 < float(said.search(run(example, tmp_path))[2]) < 1
    assert said.search(run(example.replace("2 km by road", "2 km"), tmp_path)).groups() == ("correct", "1.0")
