"""GPUs of a machine without a scheduler: each job has its own."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from support.running import ROOT

from mathcode.core import gpu_lease

TAKE = """
import os, sys, time
from pathlib import Path
from mathcode.core import gpu_lease
gpu_lease.DEVICES, gpu_lease.LEASES = Path(sys.argv[1]), Path(sys.argv[2])
gpu_lease.take(int(sys.argv[3]))
print(os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
if len(sys.argv) > 4:
    os.execvp("sleep", ["sleep", "99"])  # as the launcher of a training becomes another program
time.sleep(99)
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine with four GPUs; a function that starts a job there, and says which GPUs it sees."""
    for number in range(4):
        (tmp_path / "devices" / f"0000:{number}").mkdir(parents=True)
    for name in ("CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", "LOCAL_RANK", "MATHCODE_GPUS_DECIDED"):
        monkeypatch.delenv(name, raising=False)
    jobs = []

    def start(count: int, *more: str) -> tuple[subprocess.Popen, str]:
        words = [sys.executable, "-c", TAKE, tmp_path / "devices", tmp_path / "leases", str(count), *more]
        environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow_scripts")}
        jobs.append(subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return jobs[-1], jobs[-1].stdout.readline().strip()

    yield start
    for job in jobs:
        job.kill()
        job.wait()


@pytest.mark.stage
def test_jobs_side_by_side_see_different_gpus_and_leave_them_when_killed(machine):
    first, seen = machine(1)
    assert seen == "0"
    assert machine(2, "exec")[1] == "1,2"
    assert machine(1)[1] == "3"
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert machine(1)[1] == "0"


@pytest.mark.stage
def test_a_job_waits_until_enough_gpus_are_free(machine):
    blocker, _ = machine(3)
    threading.Timer(2, blocker.kill).start()
    waiting, seen = machine(2)
    assert seen == "0,1"
    assert blocker.poll() is not None
    waiting.kill()
    assert "waiting for 2 free GPUs of 4" in waiting.stderr.read()


@pytest.mark.stage
@pytest.mark.parametrize("name", ["CUDA_VISIBLE_DEVICES", "LOCAL_RANK"])
def test_what_somebody_else_has_given_out_is_left_alone(machine, monkeypatch, name):
    """A process of a launcher, and a job of SLURM or of a person, which sees no more than it wants."""
    monkeypatch.setenv(name, "7")
    assert machine(1)[1] == ("7" if name == "CUDA_VISIBLE_DEVICES" else "None")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    assert machine(2)[1] == machine(2)[1] == "4,5"


@pytest.mark.stage
def test_jobs_within_an_allocation_share_out_what_it_sees(machine, monkeypatch):
    """`salloc --gpus 3`, and Snakemake with the local profile in it: three jobs of one GPU, and the fourth waits."""
    monkeypatch.setenv("SLURM_JOB_ID", "12")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5,6")
    assert [machine(1)[1] for _ in range(3)] == ["4", "5", "6"]
    monkeypatch.setenv("SLURM_JOB_ID", "13")  # on the same node, where the first one of another allocation may be called so too
    assert machine(1)[1] == "4"


@pytest.mark.stage
def test_what_a_job_starts_keeps_to_its_gpus(machine, monkeypatch):
    """A replica of a sampling job sees two GPUs for one engine, which the job has leased; it asks for no further lease."""
    monkeypatch.setenv("MATHCODE_GPUS_DECIDED", "1")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    assert machine(1)[1] == machine(1)[1] == "0,1"


def test_where_there_is_one_gpu_or_none_nothing_is_done(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(gpu_lease, "LEASES", tmp_path / "leases")
    monkeypatch.setattr(gpu_lease, "DEVICES", tmp_path / "none")
    gpu_lease.take(1)
    (tmp_path / "one/0000:1").mkdir(parents=True)
    monkeypatch.setattr(gpu_lease, "DEVICES", tmp_path / "one")
    gpu_lease.take(1)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    assert not (tmp_path / "leases").exists()
