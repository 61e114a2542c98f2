"""Programs of the project as users start them: a real model fine-tuned and evaluated, and the run `demo` through Snakemake."""

import csv
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import sampling
import steps

from mathcode.core import parent

ROOT = Path(__file__).parents[2]
REHEARSAL = """
extends: demo
description: "Rehearsal: one start policy, trained and evaluated on a handful of rows"
data: {sft_rows: 200}
start: {optimizer: {epochs: 1}}
engine: {chunk_rows: 16}
evaluate: {benchmark_rows: 8}
"""
WRITTEN = {"data", "reports", "results", "logs", "checkpoints"}
"""Folders that a run writes to."""


class NotInstalled(Exception):
    """A package that this part needs is not here."""


class Failed(Exception):
    """A program ended with an error."""


def real(job) -> dict:
    """LoRA SFT of a real model on generated problems, greedy responses before and after, and how many are right."""
    from mathcode import configuration, settings, tables

    folder, profile = (Path(job.model), job.profile) if job.model else (job.policy("0.5b"), "plain")  # a rehearsal: the taught one
    work = job.work / "real"
    rows, chosen = (24 if job.tiny else 512), steps.optimizer(job.shapes["0.5b"], 16, 8192, rate=1e-4)
    run = configuration.load(ROOT / "config").runs["laptop"]
    tables.SFT.write(sampling.pairs(rows), work / "sft.parquet")
    tables.QUERIES.write(sampling.queries(8 if job.tiny else 128), work / "test.parquet")
    start = settings.dumps(sampling.start_settings(chosen.model_copy(update={"batch": 4 if job.tiny else 32})))
    training = settings.dumps(settings.Training(loss="likelihood", optimizer=chosen))
    made = ("--out", work / "training.parquet", "--profile", profile, "--seed", 1, "--settings", start)
    program(job, "demonstrate_solutions", "--sft", work / "sft.parquet", "--model", folder, *made)
    out = {name: work / "trained" / name for name in ("model", "log", "settings", "provenance")}
    shutil.rmtree(work / "trained", ignore_errors=True)
    flags = [word for name, path in out.items() for word in (f"--out-{name}", path)]
    flags += ["--family", settings.dumps(_family(profile)), "--settings", training, "--seed", 1, "--checkpoints", work / "checkpoints"]
    seconds = program(job, "train_policy", "--training", work / "training.parquet", "--model", folder, *flags)
    told = {"train_seconds": seconds, "model": folder.name}
    for name, policy in (("before", folder), ("after", out["model"])):
        told[f"sample_seconds_{name}"] = _sample(job, name, policy, profile, run)
    responses, grades = ([work / f"{name}{ending}.parquet" for name in ("before", "after")] for ending in ("", "_grades"))
    judged = ("--queries", work / "test.parquet", "--method", "autocode", "--settings", settings.dumps(run.grading))
    program(job, "grade_rollouts", "--rollouts", *responses, "--out", *grades, *judged)
    before, after = (tables.GRADES.read(path)["strict"] for path in grades)
    return told | {"rows": len(before), "right_percent_before": 100 * before.mean(), "right_percent_after": 100 * after.mean()}


def _family(profile: str):
    from mathcode import settings

    lora = settings.Lora(**steps.LORA)
    return settings.Family(label="real", precondition="sft", prompt=profile, lora=lora, train_dtype="bfloat16", mixed_precision="no")


def _sample(job, name: str, policy: Path, profile: str, run) -> float:
    """Greedy responses in mode `code` by the transformers engine; seconds."""
    from mathcode import settings

    work, engine = job.work / "real", {"name": "transformers", "dtype": "bfloat16", "chunk_rows": 128, "threads": 2}
    limits = {"max_new_tokens": 40 if job.tiny else 320}
    told = {
        "engine": run.engine.model_copy(update=engine),
        "sampling": run.evaluate.sampling.model_copy(update=limits),
        "interpreter": run.interpreter.model_copy(update={"isolation": "process", "preload": []}),
    }
    where = ("--queries", work / "test.parquet", "--mode", "code", "--out", work / f"{name}.parquet", "--checkpoints", work / "chunks")
    how = ("--samples", 1, "--seed", 1, "--method", "autocode", "--profile", profile, "--settings", settings.dumps(told))
    return program(job, "sample_rollouts", "--model", policy, *where, *how, "--workers", min(16, os.cpu_count() or 1))


def demo(job) -> dict:
    """The run `demo` through Snakemake, in a folder of its own, and its verdicts beside those of another machine.

    Killed, it goes on from the jobs that had ended.
    """
    if importlib.util.find_spec("snakemake") is None:
        raise NotInstalled("snakemake is not installed")
    folder, cores = job.work / f"demo{'-tiny' * job.tiny}", os.cpu_count() or 1
    _checkout(folder, job.tiny)
    target = "results/rehearsal/start/tiny/seed1/eval/auto/arithmetic_test/exact/scores.json" if job.tiny else "demo"
    words = ["-m", "snakemake", target, "--cores", str(cores), "--rerun-incomplete", "--nolock", "--rerun-triggers", "mtime"]
    seconds = _run([sys.executable, *words], folder, job.work / "demo.log")
    told = {"demo_seconds": seconds, "cores": cores}
    return told | (verdicts(folder / "results/demo/tables/claims.csv", job.claims) if not job.tiny else {})


def _checkout(folder: Path, tiny: bool) -> None:
    """A folder in which Snakemake runs: links to the repository's files, and results of its own."""
    own = [ROOT / "data/published", ROOT / "reports/captions"]
    for path in [*own, *(path for path in ROOT.iterdir() if path.name not in WRITTEN and not path.name.startswith("."))]:
        link = folder / path.relative_to(ROOT)
        link.parent.mkdir(parents=True, exist_ok=True)
        if tiny and path.name == "config":
            shutil.copytree(path, link, dirs_exist_ok=True)
            (link / "runs/rehearsal.yaml").write_text(REHEARSAL, encoding="utf-8")
        elif not link.is_symlink():
            link.symlink_to(path.resolve())


def verdicts(ours: Path, others: str | None) -> dict:
    """How many claims of a run have the verdict that they had elsewhere (table `claims.csv`), and which have not."""
    found = _claims(ours)
    if others is None:
        return {"claims": len(found), "verdicts": {" ".join(claim): verdict for claim, verdict in found.items()}}
    known = _claims(Path(others))
    moved = {claim: (known.get(claim, "none"), verdict) for claim, verdict in found.items() if known.get(claim) != verdict}
    said = [f"{' '.join(claim)}: {before} there, {verdict} here" for claim, (before, verdict) in moved.items()]
    return {"claims": len(found), "same_verdicts": len(found) - len(moved), "moved": said}


def _claims(path: Path) -> dict[tuple[str, ...], str]:
    with open(path, encoding="utf-8", newline="") as handle:
        return {tuple(row[name] for name in ("claim", "family", "benchmark")): row["verdict"] for row in csv.DictReader(handle)}


def program(job, name: str, *words: object) -> float:
    """Run a program of `workflow_scripts/` to its end; seconds."""
    return _run([sys.executable, str(ROOT / "workflow_scripts" / f"{name}.py"), *map(str, words)], job.work, job.work / "programs.log")


def _run(command: list[str], folder: Path, log: Path) -> float:
    """Run a command, which ends when this process does.

    Raises:
        Failed: with its last words.
    """
    begun = time.monotonic()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with open(log, "ab") as handle:
        told = {"cwd": folder, "env": os.environ | {"PATH": path, "HF_HUB_OFFLINE": "1"}, "stdout": handle, "stderr": handle}
        handle.write(f"== {' '.join(command)}\n".encode())
        handle.flush()
        done = subprocess.run(command, check=False, preexec_fn=parent.end_with_it, **told)
    if done.returncode:
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        raise Failed(f"{Path(command[1]).name} {command[2] if command[1] == '-m' else ''}".strip() + f" failed: {' '.join(last)} ({log})")
    return time.monotonic() - begun
