"""The commit written beside a policy is that of this code, or none."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.running import ROOT, run_program

from mathcode import settings
from mathcode.core import provenance


def commit_of(root: Path, **variables: str) -> str:
    look = "from mathcode.core import provenance; print(provenance._commit())"
    done = run_program(sys.executable, "-c", look, cwd=root / "workflow_scripts", PYTHONPATH=str(root / "workflow_scripts"), **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def copy(tmp_path) -> Path:
    """This code as a zip download leaves it, inside the clone of something else."""
    shutil.copytree(ROOT / "workflow_scripts", tmp_path / "other/autocode/workflow_scripts")
    git(tmp_path / "other", "init", "-q")
    git(tmp_path / "other", "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "something else")
    return tmp_path / "other/autocode"


@pytest.mark.stage
@pytest.mark.skipif(not (ROOT / ".git").exists() or not shutil.which("git"), reason="no clone, or no git")
def test_a_clone_names_its_commit():
    told = commit_of(ROOT)
    assert told == provenance._commit()
    assert told.removesuffix("-dirty") == git(ROOT, "rev-parse", "HEAD")


@pytest.mark.stage
@pytest.mark.skipif(not shutil.which("git"), reason="no git")
def test_programs_that_were_changed_since_the_commit_are_told(tmp_path):
    shutil.copytree(ROOT / "workflow_scripts", tmp_path / "workflow_scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / ".gitignore", tmp_path)
    (tmp_path / "README.md").touch()
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "-q", "-m", "all of it")
    head = git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "README.md").write_text("What no program reads.")
    assert commit_of(tmp_path) == head
    with open(tmp_path / "workflow_scripts/train_policy.py", "a") as handle:
        handle.write("# changed\n")
    assert commit_of(tmp_path) == f"{head}-dirty"


@pytest.mark.stage
@pytest.mark.skipif(not shutil.which("git"), reason="no git")
def test_a_copy_does_not_take_the_commit_of_what_it_lies_in(copy):
    assert commit_of(copy) == "None"


@pytest.mark.stage
def test_a_machine_without_git_has_no_commit():
    assert commit_of(ROOT, PATH="/nowhere") == "None"


@pytest.fixture
def policy(tmp_path, monkeypatch) -> Path:
    """A policy with its provenance beside it, as training leaves them."""
    monkeypatch.setattr(provenance, "_commit", lambda: None)
    folder = tmp_path / "seed1/model"
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (folder / name).write_text(name)
    provenance.write(folder.parent / "provenance.json", model=str(folder))
    return folder


def test_provenance_is_the_same_with_known_digests(policy, tmp_path):
    provenance.write(tmp_path / "computed.json", inputs=[str(policy)])
    provenance.write(tmp_path / "known.json", inputs=[str(policy)], known={str(policy): provenance.folder_digest(policy)})
    assert (tmp_path / "computed.json").read_text() == (tmp_path / "known.json").read_text()


def test_only_what_a_program_keeps_is_removed(tmp_path):
    """`--checkpoints .` is somebody's own folder."""
    key, part = settings.fingerprint("asked"), settings.fingerprint("part")
    for folder in ("own", "kept"):
        for name in (key, f"{key}-{part}", f"{key}-{part}-2"):
            (tmp_path / folder / name / "1of2").mkdir(parents=True)
        (tmp_path / folder / f"{key}.jsonl").write_text("[]")
    (tmp_path / "own/notes").mkdir()
    (tmp_path / "own/notes.jsonl").write_text("mine")
    (tmp_path / "own" / key[:8]).write_text("mine")
    for folder in ("own", "kept", "none"):
        provenance.discard(tmp_path / folder)
    assert [path.name for path in tmp_path.iterdir()] == ["own"]
    assert sorted(path.name for path in (tmp_path / "own").iterdir()) == sorted(["notes", "notes.jsonl", key[:8]])
