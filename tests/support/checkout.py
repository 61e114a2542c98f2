"""Copies of the repository in which Snakemake plans and runs, with a run `smoke` that has every stage at its smallest."""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from support.running import ROOT, environment, run_program

SNAKEMAKE = (sys.executable, "-m", "snakemake")
WARM_SNAKEMAKE = ("python", *SNAKEMAKE[1:])
"""The same as a fork of a warm process, in `environment()`. Not where its process group is killed: a fork has another."""

BIN = str(Path(sys.executable).parent)

SMOKE = """
extends: demo
description: "Smoke: every stage, as small as it goes"
build: {experiments: [main, standard_rl_equal_rollouts]}
data: {sft_rows: 1500}
start: {optimizer: {epochs: 3, micro_batch_tokens: 4096}}
explore: {queries_per_iteration: 24, samples: 2}
engine: {chunk_rows: 16}
train: {optimizer: {epochs: 1, batch: 4, checkpoint_minutes: 0}}
evaluate: {benchmark_rows: 12, selection_samples: 2}
"""


def snakemake(*arguments: str, cwd: Path = ROOT, **more: str) -> subprocess.CompletedProcess:
    """Run snakemake; both outputs in stdout."""
    done = run_program(*WARM_SNAKEMAKE, *arguments, cwd=cwd, timeout=1500, **more)
    done.stdout += done.stderr
    return done


def killed_on_the_way(run: str, folder: Path, draw: random.Random, kills: int) -> None:
    """Start a run on one core and kill it with all its jobs, several times; unlocked each time.

    Each time it is killed in the midst of a job, after so many others that some are left for the next time, however fast the machine.
    """
    command, told = [*SNAKEMAKE, run, "--cores", "1", "--rerun-incomplete"], folder / "killed.log"
    for left in range(kills, 0, -1):
        with told.open("w") as log:
            started = subprocess.Popen(command, cwd=folder, env=environment(), stdout=log, stderr=log, start_new_session=True)
            (jobs,) = _wait_for(r"^total +(\d+)", told, started)[:1]
            done = draw.randint(0, int(jobs) // (left + 1))
            _wait_for(r"^(?:local)?rule ", told, started, done + 1)
            time.sleep(draw.uniform(0, 2))
            os.killpg(started.pid, signal.SIGKILL)
        assert started.wait() == -signal.SIGKILL
        unlocked = snakemake("--unlock", cwd=folder)
        assert unlocked.returncode == 0, unlocked.stdout


def _wait_for(pattern: str, log: Path, program: subprocess.Popen, times: int = 1) -> list[str]:
    """What a pattern finds in the log of a program, once it is there so many times."""
    while len(found := re.findall(pattern, log.read_text(), re.MULTILINE)) < times:
        assert program.poll() is None, log.read_text()[-2000:]
        time.sleep(0.1)
    return found


def planned(*arguments: str, cwd: Path = ROOT) -> Counter:
    """Jobs of a dry run, by rule."""
    done = snakemake(*arguments, "-n", "--quiet", "rules", cwd=cwd)
    assert done.returncode == 0, done.stdout[-2000:]
    return jobs_of(done.stdout)


def jobs_of(printed: str) -> Counter:
    """Jobs that a dry run has printed, by rule."""
    if "Nothing to be done" in printed:
        return Counter()
    table = printed.split("\njob ")[1].split("\ntotal ")[0]
    return Counter({name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)})


def copied(folder: Path) -> Path:
    """The repository's files, without what was built, in another place; with a run `smoke`."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / "config/runs/smoke.yaml").write_text(SMOKE)
    sources = (folder / "config/sources.yaml").read_text()
    assert sources.count("rows: 28000") == 3
    (folder / "config/sources.yaml").write_text(sources.replace("rows: 28000", "rows: 1500"))
    return folder
