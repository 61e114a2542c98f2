"""A job ends with the Snakemake that started it, and with nobody else."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.running import environment

pytestmark = pytest.mark.stage

JOB = """
import sys, time
from mathcode.core import cli
def main():
    print("started", flush=True)
    time.sleep(60)
cli.run(main)
"""

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
print(child.pid, flush=True)
time.sleep(60)
"""


def running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(("name", "ends"), [("snakemake", True), ("bash_of_mine", False)])
def test_a_job_ends_with_its_snakemake_however_that_ends(tmp_path, name, ends):
    """kill -9 of the parent alone, which is how a machine out of memory ends one."""
    parent = tmp_path / name
    parent.write_text(PARENT)
    started = subprocess.Popen([sys.executable, parent, JOB], env=environment(), stdout=subprocess.PIPE, text=True, start_new_session=True)
    job = int(started.stdout.readline())
    try:
        assert started.stdout.readline() == "started\n"
        started.kill()
        started.wait()
        limit = time.monotonic() + (20 if ends else 1)
        while running(job) and time.monotonic() < limit:
            time.sleep(0.05)
        assert running(job) != ends
    finally:
        if running(job):
            os.kill(job, signal.SIGKILL)
