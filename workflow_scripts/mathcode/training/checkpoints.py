"""Checkpoints of a training, by torch.distributed.checkpoint: each process writes its share, on GPUs while training goes on.

They are undeclared files, since Snakemake deletes a failed job's outputs; removing them costs nothing but the way to where they were.
That package takes a second to import, so only a training that needs it does.
"""

import json
import logging
import pickle
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch.distributed

from mathcode.core.errors import ran_out_of_memory
from mathcode.training.examples import TrainingError
from mathcode.training.processes import WAIT

log = logging.getLogger(__name__)

_STEP = re.compile(r"step(\d+)")


class Checkpoints:
    """The checkpoints of one training, each in a folder `stepN`. A checkpoint is complete once its `.metadata` is there, which is written
    last; only then are earlier ones removed, so a kill leaves a complete one.

    They hold the weights that are trained (LoRA: not the base), the optimizers' moments, and the log so far. Training can go on from them
    with another number of processes, and another way of sharing the weights, than those that wrote them.
    """

    def __init__(self, folder: Path, accelerator, model, optimizers):
        self.folder, self._model = folder, model
        self._optimizers = [prepared.optimizer for prepared in optimizers]
        self._is_first = accelerator.is_main_process
        # From a GPU the state is copied to the host, and written from there meanwhile. On a CPU the copy would take the memory twice.
        self.overlapped = accelerator.device.type != "cpu"
        # Processes meet in a group of their own: what a thread sends must not mix with what training sends.
        group = torch.distributed.new_group(backend="gloo", timeout=WAIT) if torch.distributed.is_initialized() else None
        self._met = {"process_group": group, "no_dist": group is None}
        self._writing = None
        if group is None:
            warnings.filterwarnings("ignore", message="torch.distributed is disabled")  # said each time by a process that is alone

    def resume(self) -> tuple[int, list[dict]]:
        """Load the last whole checkpoint, if any: its step and log.

        Raises:
            TrainingError: it cannot be read.
        """
        step = self._by_the_first(max(self._whole(), default=0))  # others may not see a new folder of a network file system yet
        if not step:
            return 0, []
        from torch.distributed import checkpoint
        from torch.distributed.checkpoint.state_dict import set_state_dict

        latest, state = self._folder(step), self._state([])
        damaged = OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError  # what torch and json say of damaged files
        try:
            checkpoint.load(state, checkpoint_id=latest, **self._met)
            rows = json.loads(state["log"])
        except (checkpoint.CheckpointException, *damaged) as error:
            told = f"{latest}: the checkpoint cannot be read ({_said(error)}); remove this folder to go on without it"
            raise TrainingError(told) from error
        weights, moments = state["weights"], state["moments"]
        set_state_dict(self._model, self._optimizers, model_state_dict=weights, optim_state_dict=moments, options=_trained())
        log.info("resumed from step %d (%s)", step, latest)
        return step, rows

    def save(self, step: int, rows: list[dict]) -> None:
        """Write a checkpoint, or begin to. One at a time: an earlier one is waited for.

        Raises:
            TrainingError: this one or the earlier one cannot be written.
        """
        from torch.distributed import checkpoint

        self.settle()
        folder = self._folder(step)
        with _told_of(folder):
            write = checkpoint.async_save if self.overlapped else checkpoint.save
            written = write(self._state(rows), storage_writer=checkpoint.FileSystemWriter(folder), **self._met)
        if self.overlapped:
            self._writing = folder, written
        else:
            self._keep_only(folder)

    def written(self) -> bool:
        """Whether this process has written its share of what was begun, or failed to. Then all should settle together."""
        return self._writing is not None and self._writing[1].done()

    def settle(self) -> None:
        """Wait for what was begun, if anything, and remove the checkpoints before it.

        Raises:
            TrainingError: it could not be written.
        """
        if self._writing is None:
            return
        (folder, written), self._writing = self._writing, None
        with _told_of(folder):
            written.result()
        self._keep_only(folder)

    def _state(self, rows: list[dict]) -> dict:
        from torch.distributed.checkpoint.state_dict import get_state_dict

        weights, moments = get_state_dict(self._model, self._optimizers, options=_trained())
        # torch leaves out frozen weights by their first name alone, and tied ones have two: of these one is enough.
        names = {name.removeprefix("module.") for name, _ in self._model.named_parameters(remove_duplicate=False)}
        kept = {name.removeprefix("module.") for name, weight in self._model.named_parameters() if weight.requires_grad}
        weights = {name: weights[name] for name in weights if name in kept or name not in names}
        return {"weights": weights, "moments": moments, "log": json.dumps(rows)}

    def _folder(self, step: int) -> Path:
        return self.folder / f"step{step}"

    def _whole(self) -> list[int]:
        """Steps of the whole checkpoints."""
        return [int(found[1]) for path in self.folder.glob("step*/.metadata") if (found := _STEP.fullmatch(path.parent.name))]

    def _by_the_first(self, value: int) -> int:
        """What the first process says."""
        said = [value]
        if self._met["process_group"] is not None:
            torch.distributed.broadcast_object_list(said, src=0, group=self._met["process_group"])
        return said[0]

    def _keep_only(self, folder: Path) -> None:
        if self._is_first:
            for other in self.folder.iterdir():
                if other != folder and _STEP.fullmatch(other.name):
                    shutil.rmtree(other, ignore_errors=True)


def _trained():
    """Frozen weights are left out, and so must not be missed."""
    from torch.distributed.checkpoint.state_dict import StateDictOptions

    return StateDictOptions(ignore_frozen_params=True, strict=False)


@contextmanager
def _told_of(folder: Path) -> Iterator[None]:
    """What goes wrong in writing a checkpoint, as one sentence."""
    from torch.distributed import checkpoint

    try:
        yield
    except (checkpoint.CheckpointException, OSError, RuntimeError) as error:  # of a full disk torch says that positions are not as expected
        if ran_out_of_memory(error):
            raise
        free = shutil.disk_usage(next(parent for parent in folder.absolute().parents if parent.exists())).free // 2**20
        raise TrainingError(
            f"{folder}: the checkpoint could not be written, {free} MiB of space are left ({_said(error)}); the one before it stays"
        ) from error


def _said(error: BaseException) -> str:
    """One line of an error; torch wraps those of all processes in one with their tracebacks."""
    causes = [cause for cause, _ in error.failures.values()] if hasattr(error, "failures") else [error]
    return " ".join(str(causes[0]).split()) or type(causes[0]).__name__
