"""Checkpoints of a training: written beside the last one, then put in its place, so that a kill leaves one of the two whole.

They are undeclared files, since Snakemake deletes a failed job's outputs; removing them costs nothing but the way to where they were.
"""

import json
import logging
import os
import pickle
import shutil
from pathlib import Path

from mathcode.core import atomic
from mathcode.training.examples import TrainingError

log = logging.getLogger(__name__)


def folder_by_kind(checkpoints: Path, kind) -> Path:
    """Folder for checkpoints of this kind of sharing (accelerate's DistributedType): none can load what another has saved."""
    return checkpoints if kind.value == "NO" else checkpoints.with_name(f"{checkpoints.name}-{kind.value.lower()}")


def resume(accelerator, checkpoints: Path) -> tuple[int, list[dict]]:
    """Load the last complete checkpoint, if any: its step and log."""
    complete = [folder for name in ("latest", "old") if ((folder := checkpoints / name) / "progress.json").is_file()]
    if not complete:
        return 0, []
    latest = complete[0]
    try:
        accelerator.load_state(str(latest))
        progress = json.loads((latest / "progress.json").read_text())
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:  # what torch and json say of damaged files
        raise TrainingError(f"{latest}: the checkpoint cannot be read ({error}); remove this folder to train from the start") from error
    log.info("resumed from step %d (%s)", progress["step"], latest)
    return progress["step"], progress["rows"]


def save(accelerator, checkpoints: Path, step: int, rows: list[dict]) -> None:
    """Write a checkpoint beside the last one, then put it in its place: a kill leaves one of the two whole."""
    fresh, latest, old = checkpoints / "fresh", checkpoints / "latest", checkpoints / "old"
    if accelerator.is_main_process:
        if not latest.exists() and old.exists():
            os.replace(old, latest)
        shutil.rmtree(fresh, ignore_errors=True)
    accelerator.wait_for_everyone()
    try:
        accelerator.save_state(str(fresh), safe_serialization=False)
    except (OSError, RuntimeError) as error:  # torch says of a full disk that positions in its file are not as expected
        free = shutil.disk_usage(checkpoints).free // 2**20
        raise TrainingError(
            f"{fresh}: the checkpoint of step {step} could not be written, {free} MiB of space are left ({error}); the one before it stays"
        ) from error
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        for file in filter(Path.is_file, fresh.rglob("*")):
            atomic.sync(file)
        atomic.write_text(fresh / "progress.json", json.dumps({"step": step, "rows": rows}))
        shutil.rmtree(old, ignore_errors=True)
        if latest.exists():
            os.replace(latest, old)
        os.replace(fresh, latest)
        shutil.rmtree(old, ignore_errors=True)
    accelerator.wait_for_everyone()
