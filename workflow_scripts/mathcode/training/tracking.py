"""What a training tells while it runs: a line a minute in its log, and the numbers of every step to trackers.

Trackers are named by the environment variable MATHCODE_TRACK, since they belong to the observer, not to the run: no artifact
depends on them, and setting it reruns nothing.
"""

import logging
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from mathcode.training.examples import TrainingError

log = logging.getLogger(__name__)

VARIABLE = "MATHCODE_TRACK"
FOLDER = Path("logs/tracked")
"""Where trackers that write files write them."""
NAMED = ("wandb", "trackio", "swanlab")
"""Trackers that show a run by a name; others keep it in a folder."""
EVERY = 60.0
"""Seconds between two lines of the log."""


def wanted() -> list[str]:
    """Trackers that the environment names, comma-separated, as accelerate calls them: tensorboard, trackio, wandb ...

    Raises:
        TrainingError: accelerate knows none of that name, or its package is not installed.
    """
    from accelerate.tracking import get_available_trackers
    from accelerate.utils import LoggerType

    named = [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]
    known = [kind.value for kind in LoggerType if kind.value != "all"]
    installed = {getattr(kind, "value", kind) for kind in get_available_trackers()} if named else set()
    for name in named:
        if name not in known:
            raise TrainingError(f"{VARIABLE} names '{name}'; there are: {', '.join(known)}")
        if name not in installed:
            raise TrainingError(f"{VARIABLE} names '{name}', whose package is not installed: pip install {name}, or leave it out")
    return named


class Tracking:
    """One training as its onlookers see it.

    Args:
        name: path of what is trained and a key of its settings, such as demo/main/tiny/seed1/iter1/9f75af50.
        steps: of the whole training; `done`: those before this start.
    """

    def __init__(self, accelerator, name: str, steps: int, done: int):
        self._accelerator, self._steps = accelerator, steps
        self._told = time.monotonic()
        self._tokens = 0
        if accelerator.log_with:
            after = {"tensorboard": {"purge_step": done + 1}}  # a start after a kill repeats steps: they are shown once
            accelerator.init_trackers("mathcode", init_kwargs=after | {kind: {"name": name} for kind in NAMED})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        """Let trackers write what they hold, however the training ends."""
        for tracker in self._accelerator.trackers:
            tracker.finish()

    def step(self, row: Mapping[str, Any], tokens: int) -> None:
        """Tell of a step: a row of the table `training_log`, among its parts what the loss has for onlookers alone, and how many tokens
        went through the model, prompts included."""
        self._tokens += tokens
        now = time.monotonic()
        if self._accelerator.trackers:
            self._accelerator.log(_numbers(row), step=row["step"])
        if now - self._told >= EVERY and self._accelerator.is_main_process:
            rate = self._tokens / (now - self._told)
            self._accelerator.log({"tokens_per_second": rate}, step=row["step"])
            parts = "".join(f", {part['name']} {part['value']:.4g}" for part in row["parts"] if "/" not in part["name"])
            log.info(
                "step %d of %d: loss %.4g, learning rate %.3g, %.0f tokens/s, %.0f tokens a response%s",
                *(row["step"], self._steps, row["loss"], row["learning_rate"], rate, _tokens_per_response(row), parts),
            )
            self._told, self._tokens = now, 0


def _numbers(row: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a step, by name."""
    shown = {name: row[name] for name in ("loss", "learning_rate", "gradient_norm", "epoch")}
    return shown | {part["name"]: part["value"] for part in row["parts"]} | {"tokens_per_response": _tokens_per_response(row)}


def _tokens_per_response(row: Mapping[str, Any]) -> float:
    """Those that the loss looks at."""
    return row["tokens"] / row["responses"]
