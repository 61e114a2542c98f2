"""What SLURM and Snakemake add to a run: on this machine alone, then through the SLURM profile.

    python benchmarks/slurm_overhead.py --run demo           as root on Debian, with the packages that docs/cluster.md names

Starts a SLURM on this host (one node, accounting), in which as many jobs run at once as the machine has cores. For each stage:
its jobs; the seconds of its programs on this machine and in the jobs; the seconds of the jobs' allocations, in which Snakemake
starts twice more. Then wall time, how much of it no job ran, and whether both ended with the same bytes.
"""

import os
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "workflow"))

import polars as pl
import test_slurm
from support import slurm_cluster
from support.checkout import snakemake
from support.running import ROOT, files, run_program

from mathcode.core import cli
from mathcode.core.errors import InputError
from mathcode.methods.autocode import METHOD
from mathcode.report import costs

STAGES = {
    "train_start": "SFT",
    "sample_rollouts": "exploration",
    "grade_rollouts": "grading of rollouts",
    "group_estimate": "E-step and synthesis",
    "score_logprobs": "log-probabilities",
    "train_policy": "RL",
    "sample_responses": "evaluation",
    "group_grade": "grading of responses",
}
"""How folders of SLURM's logs begin, and the stage of their jobs."""


def main(argv: list[str] | None = None) -> int:
    parser = cli.parser(__doc__)
    parser.add_argument("--run", default="small", help="a run of config/runs, or the small run of the tests (default: small)")
    run = parser.parse_args(argv).run
    if reason := slurm_cluster.missing(accounting=True):
        raise InputError(reason)
    with tempfile.TemporaryDirectory() as place:
        alone, through = (_checkout(Path(place) / name, run) for name in ("alone", "through"))
        started = time.monotonic()
        _ended(snakemake(run, "--profile", "local", cwd=alone))
        wall_alone = time.monotonic() - started
        with slurm_cluster.Cluster(Path(place) / "slurm", accounting=True, nodes=1) as cluster:
            started = time.monotonic()
            command = test_slurm.command("--jobs", str(os.cpu_count()), target=run)
            _ended(run_program(*command, cwd=through, timeout=7200, **test_slurm.on(cluster)))
            wall_through = time.monotonic() - started
            fields = cluster.client("sacct", "-a", "-X", "-n", "-P", "-o", "JobID,Start,End").splitlines()
        jobs = {job: tuple(map(datetime.fromisoformat, ends)) for job, *ends in (line.split("|") for line in fields)}
        _show(_programs(alone, run), _programs(through, run), _allocations(through, jobs))
        busy = _union([(begin.timestamp(), end.timestamp()) for begin, end in jobs.values()])
        print(f"\nwall time: {wall_alone:.0f} s alone, {wall_through:.0f} s through SLURM: {wall_through / wall_alone:.1f} times")
        print(f"no job ran for {wall_through - busy:.0f} s of it: Snakemake plans, submits and looks at the queue")
        made = [files(folder / "results" / run) for folder in (alone, through)]
        print(f"files of results: {len(made[0])}, " + ("the same bytes" if made[0] == made[1] else "DIFFERENT"))
    return 0


def _checkout(folder: Path, run: str) -> Path:
    """A fresh checkout of the tests; theirs generates less data, which is meant for their small run alone."""
    test_slurm.checkout_for(folder)
    if run != "small":
        shutil.copy(ROOT / "config/sources.yaml", folder / "config/sources.yaml")
    return folder


def _ended(done) -> None:
    if done.returncode:
        raise InputError(f"the run failed: {(done.stdout + (done.stderr or ''))[-2000:]}")


def _programs(folder: Path, run: str) -> dict[str, float]:
    """Seconds of the programs of each stage, as Snakemake measured them."""
    stages = {name: stage.jobs for name, stage in METHOD.stages.items()}
    found = dict(costs.tabulate(folder / f"logs/results/{run}", {}, stages).select("stage", 3600 * pl.col("hours")).iter_rows())
    found["E-step and synthesis"] = found.pop("E-step", 0.0) + found.pop("synthesis", 0.0)
    found["evaluation"] += found.pop("evaluation for labels", 0.0)
    return found


def _allocations(folder: Path, jobs: dict[str, tuple[datetime, datetime]]) -> dict[str, list[float]]:
    """Seconds of each allocation of a stage; jobs and their rules are known by the names of SLURM's logs."""
    found = defaultdict(list)
    for log in (folder / "logs/slurm").rglob("*.log"):
        kind = log.relative_to(folder / "logs/slurm").parts[0].removeprefix("rule_")
        stage = next((stage for name, stage in STAGES.items() if kind.startswith(name)), "data, tables, figures, pages")
        begin, end = jobs[log.stem]
        found[stage].append((end - begin).total_seconds())
    return found


def _show(alone: dict[str, float], through: dict[str, float], allocations: dict[str, list[float]]) -> None:
    print(f"{'stage':32s} {'jobs':>5s} {'alone, s':>9s} {'in jobs, s':>11s} {'allocated, s':>13s}")
    for stage in [*STAGES.values(), "data, tables, figures, pages"]:
        programs = [f"{seconds.get(stage, float('nan')):.0f}" for seconds in (alone, through)]
        own = allocations.get(stage, [])
        print(f"{stage:32s} {len(own):5d} {programs[0]:>9s} {programs[1]:>11s} {sum(own):13.0f}")


def _union(spans: list[tuple[float, float]]) -> float:
    """Seconds in which at least one of the spans runs."""
    total, reached = 0.0, 0.0
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


if __name__ == "__main__":
    cli.run(main)
