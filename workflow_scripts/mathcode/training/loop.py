"""The one training loop, for every loss: resumable, deterministic on a CPU, one or many processes.

The order of the data follows from seed and step alone, so a run killed at any moment and resumed from its last checkpoint
ends with the weights of an uninterrupted one.
"""

import logging
import math
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import torch
from tqdm import tqdm

from mathcode import settings, tables
from mathcode.core import gpu_watch
from mathcode.policies.micro_batches import shared_out
from mathcode.policies.scoring import token_logprobs
from mathcode.training.batches import Unit, batches, fitting, length, units
from mathcode.training.checkpoints import Checkpoints
from mathcode.training.examples import Example, TrainingError
from mathcode.training.losses import Loss, Part, batch_of, mean_chosen_tokens
from mathcode.training.optimizers import make_optimizers, schedule
from mathcode.training.processes import StopSignal, accelerator_here, in_any_process
from mathcode.training.tracking import Tracking

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """What training ends with. `weights`: the gathered state where FSDP shards it; only the main process writes.

    If `stop` received a signal, the checkpoints are kept however training ends: whoever sent it may count the job as failed.
    """

    model: object
    weights: dict | None
    log: pl.DataFrame
    is_main_process: bool
    stop: "StopSignal"


@gpu_watch.watched()
def train(
    model,
    pad: int,
    examples: list[Example],
    loss: Loss,
    *,
    chosen: settings.Optimizer,
    iteration: int,
    checkpoints: Path,
    seed: int,
    mixed_precision: str = "no",
) -> "Trained":
    """Train and return the model, its gathered weights and its `training_log`.

    Args:
        pad: token id that fills up shorter rows.
        loss: what is minimised; it says whether its sum is divided by the batch's loss tokens, responses or pairs.
        iteration: picks the learning rate, the first one up to iteration 1.
        checkpoints: folder keyed by settings and data by the caller.

    Raises:
        TrainingError: nothing fits, loss or gradient is not finite, a checkpoint cannot be written, or FSDP is asked for and not running.
    """
    name = _name(checkpoints)
    usable, accelerator = fitting(units(examples, loss.per), chosen.max_tokens), accelerator_here(mixed_precision, name)
    peak = chosen.learning_rate[min(max(iteration, 1), len(chosen.learning_rate)) - 1]
    # Together: sharding makes new parameters, and accelerate puts them into the optimizers that it is given with the model.
    model, *optimizers = accelerator.prepare(model, *make_optimizers(model, chosen, peak))
    plan = batches([length(unit) for unit in usable], chosen, seed)
    epoch_steps = math.ceil(len(usable) / chosen.batch)
    kept = Checkpoints(checkpoints, accelerator, model, optimizers)
    step, rows = kept.resume()
    saved, stop = time.monotonic(), StopSignal()
    model.train()
    shown = {"initial": step, "desc": "training", "unit": "step", "mininterval": 5, "disable": not accelerator.is_main_process}
    with Tracking(accelerator, name, len(plan), step) as told, tqdm(total=len(plan), **shown) as progress:
        while step < len(plan):
            rate = peak * schedule(step, len(plan), chosen)
            batch = [usable[index] for index in plan[step]]
            with _told_of(step + 1):
                row = _step(accelerator, model, optimizers, batch, loss, chosen, rate, pad)
            step += 1
            row |= {"step": step, "epoch": step / epoch_steps, "learning_rate": rate}
            rows.append(row | {"parts": [part for part in row["parts"] if part["name"] in loss.parts]})
            progress.update()
            told.step(row, sum(example.length for unit in batch for example in unit))
            due = time.monotonic() - saved >= 60 * chosen.checkpoint_minutes
            # The clock of the main process decides, so that all of them save, or none; a checkpoint is settled by all, or fails in all.
            stopping, saving, written = in_any_process(accelerator, stop.received, due and accelerator.is_main_process, kept.written())
            if written:
                kept.settle()
            if stopping or (saving and step < len(plan)):
                kept.save(step, rows)
                saved = time.monotonic()
            if stopping:
                kept.settle()
                log.warning("stopped by a signal at step %d; the next start goes on from here", step)
                sys.exit(143)
        kept.settle()
    return _trained(accelerator, model, rows, stop)


@contextmanager
def _told_of(step: int) -> Iterator[None]:
    """Say at which step a number was not finite."""
    try:
        yield
    except FloatingPointError as error:
        raise TrainingError(f"{error} at step {step}: lower the learning rate") from None


def _trained(accelerator, model, rows: list[dict], stop: StopSignal) -> "Trained":
    sharded = accelerator.distributed_type.value == "FSDP"
    weights = accelerator.get_state_dict(model) if sharded else None
    frame = pl.DataFrame(rows, schema=tables.TRAINING_LOG.schema)
    return Trained(accelerator.unwrap_model(model), weights, frame, accelerator.is_main_process, stop)


def _name(checkpoints: Path) -> str:
    """What is trained and how, by its folder of checkpoints: checkpoints/demo/main/tiny/seed1/iter1/KEY, of the key eight signs."""
    *parts, key = checkpoints.parts
    places = [place for place, part in enumerate(parts) if part == "checkpoints"]
    return "/".join([*(parts[places[-1] + 1 :] if places else parts[-1:]), key[:8]])


def _step(accelerator, model, optimizers, batch: list[Unit], loss: Loss, chosen: settings.Optimizer, rate: float, pad: int) -> dict:
    """One optimiser step over a batch cut into micro-batches; every process does equally many.

    Raises:
        FloatingPointError: in all processes, before any weight is changed: the loss or its gradient is not finite.
    """
    world, sums = accelerator.num_processes, _Sums()
    micro = shared_out([length(unit) for unit in batch], chosen.micro_batch_tokens, len(batch[0]), world)
    examples = [example for unit in batch for example in unit]
    tokens, chosen_tokens = sum(sum(example.loss_mask) for example in examples), mean_chosen_tokens(examples)
    total = {"token": tokens, "response": len(examples), "pair": len(batch)}[loss.per]
    mine = micro[accelerator.process_index :: world]
    rounds = math.ceil(len(micro) / world)
    for number in range(rounds):
        # A process without a micro-batch of its own repeats one with weight 0, so that all take part in the reduction.
        weight = 1.0 if number < len(mine) else 0.0
        shown = [example for index in (mine[number] if number < len(mine) else micro[0]) for example in batch[index]]
        # Sharded gradients are summed up in shards of fp32; unsynchronised they would be whole, in every process, and in bf16.
        alone = number < rounds - 1 and not accelerator.is_fsdp2
        with accelerator.no_sync(model) if alone else nullcontext():
            logp = token_logprobs(model, shown, pad)
            found = loss(logp, batch_of(shown, logp.device, chosen_tokens))
            accelerator.backward(found.value * (weight * world / total))
        sums.add(weight, {"loss": (found.value.detach(), 0.0), **found.parts})
    value, parts = sums.over_all_processes(accelerator)
    norm = _number(accelerator.clip_grad_norm_(model.parameters(), chosen.max_gradient_norm))
    for name, number in (("loss", value / total), ("gradient's norm", norm)):
        if not math.isfinite(number):
            raise FloatingPointError(f"the {name} is {number}")
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()
    described = [{"name": name, "value": parts[name]} for name in (*loss.parts, *loss.watched) if name in parts]
    measured = {"gradient_norm": norm, "tokens": tokens, "responses": len(examples), "parts": described}
    return {"loss": value / total, **measured}


class _Sums:
    """The loss of a step and its parts, each a sum and a count, over the micro-batches of all processes.

    Nothing is read before the last micro-batch: a GPU would have nothing to do meanwhile.
    """

    def __init__(self):
        self._found: list[tuple[float, str, Part]] = []

    def add(self, weight: float, found: dict[str, Part]) -> None:
        """Those of a micro-batch; weight 0: another process has counted it."""
        self._found += [(weight, name, numbers) for name, numbers in found.items()]

    def over_all_processes(self, accelerator) -> tuple[float, dict[str, float]]:
        """The summed loss, and the mean of every part that anything was counted for."""
        fetched = iter(_read([number for *_, pair in self._found for number in pair]))
        kept: dict[str, tuple[float, float]] = {}
        for weight, name, _ in self._found:
            value, count = kept.get(name, (0.0, 0.0))
            kept[name] = value + weight * next(fetched), count + weight * next(fetched)
        names = sorted(kept)
        numbers = torch.tensor([kept[name] for name in names], dtype=torch.float64, device=accelerator.device)
        sums = dict(zip(names, accelerator.reduce(numbers).tolist(), strict=True))
        value, _ = sums.pop("loss")
        return value, {name: summed / count for name, (summed, count) in sums.items() if count}


def _read(numbers: Sequence[torch.Tensor | float]) -> list[float]:
    """Numbers, those that are tensors fetched from their device together; double, so that none is rounded."""
    tensors = [number.double() for number in numbers if isinstance(number, torch.Tensor)]
    fetched = iter(torch.stack(tensors).tolist())
    return [next(fetched) if isinstance(number, torch.Tensor) else number for number in numbers]


def _number(norm: torch.Tensor) -> float:
    """The norm of the whole gradient; sharded, a process holds that of its part."""
    return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)
