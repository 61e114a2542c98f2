"""The SLURM profile on a real SLURM: a run through it ends with the bytes of a run on one machine, whatever is lost on the way."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
from support import slurm_cluster
from support.checkout import snakemake
from support.running import ROOT, environment, files, run_program
from support.slurm_profile import checkout_for, command, edited, on

from mathcode import configuration, settings

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(bool(slurm_cluster.missing(accounting=True)), reason=str(slurm_cluster.missing(accounting=True))),
]

SMALL = """
extends: demo
description: "Small: one experiment, one iteration, every stage"
build: {experiments: [main], iterations: 1, benchmarks: [arithmetic_test]}
data: {sft_rows: 1500}
start: {optimizer: {epochs: 18, micro_batch_tokens: 4096, checkpoint_minutes: 0.02, threads: 1}}  # SLURM looks at walltimes every 30 s
explore: {queries_per_iteration: 24, samples: 2}
engine: {chunk_rows: 16}
train: {optimizer: {epochs: 30, batch: 4, checkpoint_minutes: 0.01}}  # long enough to be preempted, and to lose its node
evaluate: {benchmark_rows: 12, selection_benchmarks: []}
resources: {explore: {gpus: 1}, evaluate: {gpus: 1}, score: {gpus: 1}, start: {gpus: 1}, train: {gpus: 1}}
"""
SHARDED_STEPS = ROOT / "tests/support/sharded_steps.py"


@pytest.fixture(scope="module")
def local_folder(tmp_path_factory) -> Path:
    """Checkout with the small run, made on this machine alone."""
    folder = checkout_for(tmp_path_factory.mktemp("local") / "checkout", SMALL)
    done = snakemake("small", "--profile", "local", cwd=folder)
    assert done.returncode == 0, done.stdout[-4000:]
    return folder


@pytest.fixture(scope="module")
def local(local_folder) -> dict[str, bytes]:
    return files(local_folder / "results/small")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with slurm_cluster.Cluster(tmp_path_factory.mktemp("slurm"), accounting=True) as started:
        yield started


def begin(folder: Path, cluster: slurm_cluster.Cluster, target: str = "small") -> subprocess.Popen:
    with (folder / "terminal.txt").open("a") as terminal:
        return subprocess.Popen(
            command(target=target), cwd=folder, env=environment(**on(cluster)), stdout=terminal, stderr=terminal, start_new_session=True
        )


def wait_for(what: Callable[[], object], started: subprocess.Popen, folder: Path, seconds: float = 400):
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert started.poll() is None, (folder / "terminal.txt").read_text()[-4000:]
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def job(cluster: slurm_cluster.Cluster, rule: str) -> list[str] | None:
    """Number and node of the running job of a rule."""
    lines = [line.split("|") for line in cluster.client("squeue", "-h", "-t", "R", "-o", "%A|%N|%k").splitlines()]
    return next((line[:2] for line in lines if rule in line[2]), None)


def next_job(cluster: slurm_cluster.Cluster, rule: str, before: list[str] | None = None) -> Callable[[], list[str] | None]:
    """Looks for the running job of a rule after the one before."""
    return lambda: found if (found := job(cluster, rule)) and found[0] != (before or [None])[0] else None


def written_since(folder: Path, start: float) -> bool:
    """Whether a training below a folder has written a checkpoint since a moment."""
    with suppress(FileNotFoundError):  # a newer one was written, and this one removed
        return any(path.stat().st_mtime > start for path in folder.glob("*/step*/.metadata"))
    return False


def test_a_run_that_loses_jobs_a_node_and_snakemake_itself_ends_with_the_bytes_of_a_local_run(local, cluster, tmp_path):
    folder = checkout_for(tmp_path / "checkout", SMALL)
    edited(folder, r"^  train_policy:$", "  train_policy:\n    slurm_partition: spare", 1)
    kept = folder / "checkpoints/small"
    trained = folder / "results/small/start/tiny/seed1/model/model.safetensors"

    started, lost = begin(folder, cluster), None
    for end in ("now", "now+9minutes"):  # a walltime; one that comes near, of which the profile lets SLURM warn the job
        lost, since = wait_for(next_job(cluster, "train_start", lost), started, folder), time.time()
        wait_for(lambda since=since: written_since(kept / "start/tiny/seed1", since), started, folder)
        cluster.client("scontrol", "update", f"JobId={lost[0]}", f"EndTime={end}")
    wait_for(next_job(cluster, "train_start", lost), started, folder)
    os.killpg(started.pid, signal.SIGINT)
    assert started.wait(timeout=120) != 0
    cluster.wait_until_idle(60)  # it cancelled its jobs
    assert not trained.exists()

    started = begin(folder, cluster)
    wait_for(lambda: list(kept.glob("start/tiny/seed1/explore/*/*/*/chunk-*.parquet")), started, folder)
    assert "resumed from step" in (folder / "logs/results/small/start/tiny/seed1/model.log").read_text()
    first = trained.stat().st_mtime_ns

    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    cluster.wait_until_idle()
    refused = run_program(*command(), cwd=folder, **on(cluster))
    assert refused.returncode != 0
    assert "--unlock" in refused.stdout + refused.stderr
    unlocked = run_program(*command("--unlock"), cwd=folder, **on(cluster))
    assert unlocked.returncode == 0, unlocked.stderr

    started = begin(folder, cluster)
    preempted = wait_for(next_job(cluster, "train_policy"), started, folder)  # in a partition that gives no grace time
    everything = ("--partition=urgent", "--nodes=2", "--exclusive", f"--account={slurm_cluster.ACCOUNT}", "--output=/dev/null")
    cluster.client("sbatch", *everything, "--wrap=true")
    lost = wait_for(next_job(cluster, "train_policy", preempted), started, folder)
    cluster.fail_node(lost[1])
    again = wait_for(next_job(cluster, "train_policy", lost), started, folder)
    assert again[1] != lost[1]
    cluster.start_node(lost[1])
    assert started.wait(timeout=1500) == 0, (folder / "terminal.txt").read_text()[-4000:]

    assert files(folder / "results/small") == local
    assert trained.stat().st_mtime_ns == first  # done once
    ended = dict(line.split("|") for line in cluster.client("sacct", "-a", "-X", "-n", "-P", "-o", "JobID,State").splitlines())
    assert {"TIMEOUT", "NODE_FAIL"} <= set(ended.values())
    assert ended[preempted[0]] == "PREEMPTED"
    assert "gres/gpu=1" in cluster.client("sacct", "-a", "-X", "-n", "-P", "-o", "AllocTRES%80")
    assert list((folder / "logs/slurm/rule_train_policy").rglob("*.log"))


def test_two_clones_on_a_cluster_without_accounting_work_with_the_lines_the_profile_names(tmp_path):
    target, started = "data/benchmarks/arithmetic_test.parquet", []
    folders = [checkout_for(tmp_path / name, SMALL, accounting=False) for name in ("one", "other")]
    with slurm_cluster.Cluster(tmp_path / "slurm", accounting=False) as cluster:
        for folder in folders:
            started.append(begin(folder, cluster, target))
        for folder, one in zip(folders, started, strict=True):
            assert one.wait(timeout=300) == 0, (folder / "terminal.txt").read_text()[-4000:]
    for folder in folders:
        assert list((folder / "logs/slurm/rule_prepare_benchmark").rglob("*.log"))
    one, other = (files(folder / "data") for folder in folders)
    assert target.removeprefix("data/") in one
    assert one == other


def test_jobs_run_with_the_settings_they_were_submitted_with(tmp_path):
    """Settings are edited, to nonsense, while the job waits in the queue."""
    folder = checkout_for(tmp_path / "checkout", SMALL, accounting=False)
    with slurm_cluster.Cluster(tmp_path / "slurm", accounting=False) as cluster:
        partitions = cluster.client("sinfo", "-h", "-o", "%R").split()
        for name in partitions:
            cluster.client("scontrol", "update", f"PartitionName={name}", "State=DOWN")
        started = begin(folder, cluster, "data/benchmarks/arithmetic_test.parquet")
        wait_for(lambda: cluster.client("squeue", "-h", "-t", "PD"), started, folder)
        (folder / "config/runs/next.yaml").write_text("extends: [")
        (folder / "config/sources.yaml").write_text("nonsense")
        for name in partitions:
            cluster.client("scontrol", "update", f"PartitionName={name}", "State=UP")
        assert started.wait(timeout=300) == 0, (folder / "terminal.txt").read_text()[-4000:]


def test_two_nodes_share_the_weights_and_take_the_steps_of_one(cluster, local_folder):
    """Full sharding over two nodes, one process each, on the data and the policy of the local run."""
    place = local_folder / "results/small"
    arguments = [
        str(place / "main/tiny/seed1/iter1"),
        str(place / "start/tiny/seed1/model"),
        settings.dumps(configuration.load(ROOT / "config").runs["demo"].train),
    ]
    alone = run_program(sys.executable, str(SHARDED_STEPS), *arguments)
    assert alone.returncode == 0, alone.stderr[-2000:]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    meeting = ["--nnodes=2", "--nproc_per_node=1", "--rdzv_backend=c10d", "--rdzv_id=test", f"--rdzv_endpoint=127.0.0.1:{port}"]
    launch = [sys.executable, "-m", "torch.distributed.run", *meeting, str(SHARDED_STEPS), *arguments]
    both = ["srun", "--nodes=2", "--ntasks-per-node=1", "--time=5", f"--account={slurm_cluster.ACCOUNT}", *launch]
    shared = run_program(*both, **on(cluster))
    assert shared.returncode == 0, shared.stderr[-2000:]
    one, two = json.loads(alone.stdout), json.loads(shared.stdout)
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-5, abs=1e-5)
    assert two["weights"] == pytest.approx(one["weights"], rel=1e-4)


def test_the_rules_train_over_two_nodes_and_take_the_steps_of_one(cluster, local_folder):
    """RL by the rule itself, a process on each node, gradients shared."""
    runs = local_folder / "results"
    (local_folder / "config/runs/two_nodes.yaml").write_text(SMALL.replace("train: {gpus: 1}", "train: {nodes: 2}"))
    shutil.copytree(runs / "small", runs / "two_nodes")
    trained = runs / "two_nodes/main/tiny/seed1/iter1"
    shutil.rmtree(trained / "model")
    wanted = str((trained / "model").relative_to(local_folder))

    def on_two_nodes() -> int:
        given = cluster.client("sacct", "-a", "-X", "-n", "-P", "-o", "AllocTRES%80")
        return given.count("cpu=2,mem=8000M,node=2")  # of each node a core and 4 GB, as config/hardware/laptop.yaml says

    before, meeting = on_two_nodes(), {"MASTER_ADDR": "127.0.0.1"}
    done = run_program(*command("--allowed-rules", "train_policy", target=wanted), cwd=local_folder, timeout=1500, **on(cluster), **meeting)
    log = local_folder / "logs" / f"{wanted}.log"
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:] + (log.read_text()[-3000:] if log.exists() else "")
    one, two = (pl.read_parquet(runs / run / "main/tiny/seed1/iter1/training_log.parquet") for run in ("small", "two_nodes"))
    assert two["tokens"].to_list() == one["tokens"].to_list()
    first = slice(15)  # later steps add up what the first ones round
    assert two["loss"].to_list()[first] == pytest.approx(one["loss"].to_list()[first], rel=1e-3, abs=1e-4)
    assert on_two_nodes() == before + 1
