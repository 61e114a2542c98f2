"""One process a folder of checkpoints, whatever becomes of the one before."""

import logging
import os
import signal
import socket
import subprocess
import sys

import pytest
from support.running import ROOT

from mathcode.core import holding

HOLD = """
import sys, time
from pathlib import Path
from mathcode.core import holding
with holding.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(99)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that holds `tmp_path / "kept"`."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow_scripts")}
    started = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path / "kept"], env=environment, stdout=subprocess.PIPE, text=True)
    assert started.stdout.readline() == "held\n"
    yield started
    started.kill()
    started.wait()


@pytest.mark.stage
def test_a_second_process_is_told_who_works_there_until_that_one_is_killed(holder, tmp_path, monkeypatch):
    monkeypatch.setattr(holding, "WAIT_SECONDS", 0.3)
    for _ in range(2):
        with pytest.raises(holding.HeldError) as told, holding.held(tmp_path / "kept"):
            pass
    assert f"{tmp_path / 'kept'}: process {holder.pid} on {socket.gethostname()} is working here" in str(told.value)
    monkeypatch.undo()
    holder.send_signal(signal.SIGKILL)  # and not waited for
    with holding.held(tmp_path / "kept"):
        assert (tmp_path / "kept" / holding.HOLDER).read_text() == f"process {os.getpid()} on {socket.gethostname()}"


def test_nothing_is_left_of_it_but_what_was_saved(tmp_path):
    with holding.held(tmp_path / "a" / "kept"):
        pass
    assert [*tmp_path.rglob("*")] == [tmp_path / "a"]
    with holding.held(tmp_path / "kept"):
        (tmp_path / "kept" / "chunk").touch()
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["chunk"]


def test_a_folder_may_be_removed_while_it_is_held(tmp_path):
    with holding.held(tmp_path / "kept"):
        (tmp_path / "kept" / holding.HOLDER).unlink()
        (tmp_path / "kept").rmdir()
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_was_removed_and_is_held_by_another_is_left_to_it(tmp_path):
    with holding.held(tmp_path / "kept"):
        (tmp_path / "kept" / holding.HOLDER).unlink()
        (tmp_path / "kept").rmdir()
        (tmp_path / "kept").mkdir()
        (tmp_path / "kept" / holding.HOLDER).write_text("process 1 on another")
    assert (tmp_path / "kept" / holding.HOLDER).read_text() == "process 1 on another"


def test_a_file_system_without_locks_is_told_and_goes_on(tmp_path, monkeypatch, caplog):
    def no_locks(*_):
        raise OSError(holding.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(holding.fcntl, "flock", no_locks)
    with caplog.at_level(logging.WARNING), holding.held(tmp_path / "kept"):
        assert (tmp_path / "kept").is_dir()
    assert "no locks" in caplog.text
