"""The commit written beside a policy is that of this code, or none."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import ROOT, run_program

from mathcode.core import provenance


def commit_of(root: Path, **variables: str) -> str:
    look = "from mathcode.core import provenance; print(provenance._commit())"
    done = run_program(sys.executable, "-c", look, cwd=root / "workflow_scripts", PYTHONPATH=str(root / "workflow_scripts"), **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def copy(tmp_path) -> Path:
    """This code as a zip download leaves it, inside the clone of something else."""
    shutil.copytree(ROOT / "workflow_scripts", tmp_path / "other/autocode/workflow_scripts")
    for words in (["init", "-q"], ["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "something else"]):
        subprocess.run(["git", "-C", str(tmp_path / "other"), *words], check=True)
    return tmp_path / "other/autocode"


@pytest.mark.stage
@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="no clone, or no git")
def test_a_clone_names_its_commit():
    head = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert commit_of(ROOT) == provenance._commit() == head.stdout.strip()


@pytest.mark.stage
@pytest.mark.skipif(not shutil.which("git"), reason="no git")
def test_a_copy_does_not_take_the_commit_of_what_it_lies_in(copy):
    assert commit_of(copy) == "None"


@pytest.mark.stage
def test_a_machine_without_git_has_no_commit():
    assert commit_of(ROOT, PATH="/nowhere") == "None"
