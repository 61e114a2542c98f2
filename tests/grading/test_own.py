"""A judge of one's own is found by its file; one that could not grade is refused with its file's name."""

import sys

import pytest

from mathcode.grading import own
from mathcode.settings import SettingsError

JUDGE = """
from mathcode.grading.judge import RuleJudge, Verdict

class Judge(RuleJudge):
    name = "yes-1"

    def verdict(self, case):
        return Verdict("correct", True, True)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(own, "__path__", [str(tmp_path)])
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(f"{own.__name__}.")]:
        del sys.modules[name]


def test_a_file_is_a_judge(folder):
    (folder / "yes.py").write_text(JUDGE)
    assert own.found() == {"yes": "mathcode.grading.own.yes:Judge"}
    own.refuse_unusable(own.found() | {"exact": "mathcode.grading.exact:ExactJudge"})


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("exact", JUDGE, "a judge cannot be called 'exact'"),
        ("critic_mine", JUDGE, "a judge cannot be called 'critic_mine'"),
        ("Mine", JUDGE, "a judge cannot be called 'Mine'"),
        ("mine", "import nothing_of_this_name", "cannot be imported: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("mine", "class Judge(", "cannot be imported: SyntaxError"),
        ("mine", JUDGE.replace("Judge(", "Mine("), "has no class `Judge`"),
        ("mine", JUDGE.replace("    name =", "    title ="), "has no class `Judge` with a `name`"),
        ("mine", JUDGE.replace("def verdict", "def verdikt"), "its class `Judge` has no method `verdict`"),
        ("mine", "class Judge:\n    name = 'yes-1'\n", "has no class `Judge` with a `name` and a method `judge`"),
    ],
)
def test_what_could_not_grade_is_refused(folder, name, text, said):
    (folder / f"{name}.py").write_text(text)
    with pytest.raises(SettingsError, match=f"^{folder}/{name}.py: .*") as refused:
        own.refuse_unusable(own.found() | {"exact": "mathcode.grading.exact:ExactJudge"})
    assert said in str(refused.value)
