import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mathcode.core import atomic


def test_a_file_appears_whole_in_a_new_folder(tmp_path):
    path = tmp_path / "new/file.txt"
    with atomic.writing(path) as temporary:
        temporary.write_text("half")
        assert not path.exists()
    assert path.read_text() == "half"
    atomic.write_text(path, "é")
    assert path.read_bytes() == "é".encode()
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic.writing(path) as temporary:
        _fail_half_way(temporary)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from mathcode.core import atomic
with atomic.writing(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.stage
def test_what_a_killed_writer_left_goes_with_the_next_one(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(atomic.__file__).parents[2]))
    path = tmp_path / "figure.svg"
    subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    atomic.write_text(tmp_path / "figure", "a name that begins alike")
    assert len(list(tmp_path.iterdir())) == 2
    atomic.write_text(path, "whole")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "figure", path]


@pytest.mark.stage
def test_a_folder_that_a_killed_process_left_goes_and_that_of_a_living_or_foreign_one_stays(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    here = socket.gethostname()
    left, living, foreign = (
        tmp_path / f".model.{name}.tmp" for name in (f"{here}.{dead.pid}", f"{here}.{os.getppid()}", f"another.{dead.pid}")
    )
    for folder in (left, living, foreign):
        folder.mkdir()
        (folder / "weights").write_text("half")
    made = atomic.unfinished(tmp_path / "model")
    assert sorted(tmp_path.iterdir()) == sorted([living, foreign])
    assert made.parent == tmp_path
    assert str(os.getpid()) in made.name
    assert not made.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_told_with_the_file(tmp_path):
    with pytest.raises(OSError, match=r"No space left on device: '.*/scores\.json'"), atomic.writing(tmp_path / "scores.json"):
        Path("/dev/full").write_text("rest")


def _fail_half_way(temporary):
    temporary.write_text("half")
    raise FileNotFoundError
