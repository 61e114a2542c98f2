"""One training loop for Code4Math SFT and for RL: resumable, deterministic on a CPU, one or many processes.

The order of the data follows from seed and step alone, so a run killed at any moment and resumed from its last checkpoint
ends with the weights of an uninterrupted one. Checkpoints are undeclared files: Snakemake deletes a failed job's outputs.
"""

import logging
import math
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import torch
from tqdm import tqdm

from mathcode import settings, tables
from mathcode.core import gpu_watch
from mathcode.policies.scoring import token_logprobs
from mathcode.training.batches import batches, by_tokens, fitting
from mathcode.training.checkpoints import folder_by_kind, resume, save
from mathcode.training.examples import Example, TrainingError
from mathcode.training.losses import Compute
from mathcode.training.optimizers import make_optimizers, schedule
from mathcode.training.processes import StopSignal, accelerator_here, in_any_process

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trained:
    """What training ends with. `weights`: the gathered state where FSDP shards it; only the main process writes.

    Checkpoints are kept where `stop` was received: who sent it may take the job for failed, however it ends.
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
    compute: Compute,
    *,
    per: str,
    chosen: settings.Optimizer,
    iteration: int,
    checkpoints: Path,
    seed: int,
    mixed_precision: str = "no",
) -> "Trained":
    """Train and return the model, its gathered weights and its `training_log`.

    Args:
        compute: objective of a micro-batch, summed; `per` says what the sum is divided by: `token` or `response`.
        iteration: picks the learning rate.
        checkpoints: folder keyed by settings and data by the caller; several processes have one beside it, by how they share the work.

    Raises:
        TrainingError: no examples fit, the loss is not finite, a checkpoint cannot be written, or FSDP was asked for and is not what runs.
    """
    usable, accelerator = fitting(examples, chosen.max_tokens), accelerator_here(mixed_precision)
    peak = chosen.learning_rate[min(iteration, len(chosen.learning_rate)) - 1]
    # Together: sharding makes new parameters, and accelerate puts them into the optimizers that it is given with the model.
    model, *optimizers = accelerator.prepare(model, *make_optimizers(model, chosen, peak))
    plan, epoch_steps = batches(usable, chosen, seed), math.ceil(len(usable) / chosen.batch)
    checkpoints = folder_by_kind(checkpoints, accelerator.distributed_type)
    step, rows = resume(accelerator, checkpoints)
    stop = StopSignal()
    model.train()
    silent = not accelerator.is_main_process
    with tqdm(total=len(plan), initial=step, desc="training", unit="step", mininterval=5, disable=silent) as progress:
        while step < len(plan):
            rate = peak * schedule(step, len(plan), chosen)
            row = _step(accelerator, model, optimizers, [usable[index] for index in plan[step]], compute, per, chosen, rate, pad)
            step += 1
            rows.append({"step": step, "epoch": step / epoch_steps, "learning_rate": rate, **row})
            progress.update()
            if not math.isfinite(row["loss"]):
                raise TrainingError(f"the loss is {row['loss']} at step {step}: lower the learning rate")
            stopping = in_any_process(accelerator, stop.received)
            if stopping or (step % chosen.checkpoint_steps == 0 and step < len(plan)):
                save(accelerator, checkpoints, step, rows)
            if stopping:
                log.warning("stopped by a signal at step %d; the next start goes on from here", step)
                sys.exit(143)
    sharded = accelerator.distributed_type.value == "FSDP"
    weights = accelerator.get_state_dict(model) if sharded else None
    frame = pl.DataFrame(rows, schema=tables.TRAINING_LOG.schema)
    return Trained(accelerator.unwrap_model(model), weights, frame, accelerator.is_main_process, stop)


def _step(accelerator, model, optimizers, examples, compute, per, chosen, rate, pad) -> dict:
    """One optimiser step over a batch cut into micro-batches; every process does equally many."""
    order = sorted(range(len(examples)), key=lambda index: (-examples[index].length, index))
    micro = list(by_tokens(order, examples, chosen.micro_batch_tokens))
    total = sum(sum(example.loss_mask) for example in examples) if per == "token" else len(examples)
    world, sums = accelerator.num_processes, {}
    mine = micro[accelerator.process_index :: world]
    rounds = math.ceil(len(micro) / world)
    for number in range(rounds):
        # A process without a micro-batch of its own repeats one with weight 0, so that all take part in the reduction.
        weight = 1.0 if number < len(mine) else 0.0
        indices = mine[number] if number < len(mine) else micro[0]
        # Sharded gradients are summed up in shards of fp32; unsynchronised they would be whole, in every process, and in bf16.
        alone = number < rounds - 1 and not accelerator.is_fsdp2
        with accelerator.no_sync(model) if alone else nullcontext():
            logp, batch = token_logprobs(model, [examples[index] for index in indices], pad)
            loss = compute(logp, batch)
            accelerator.backward(loss.total * (weight * world / total))
        parts = {"loss": loss.total.item(), "policy_loss": loss.policy, "selection_loss": loss.selection, "responses": len(indices)}
        for name, value in {**parts, **loss.metrics}.items():
            sums[name] = sums.get(name, 0.0) + weight * value
    names = sorted(sums)
    reduced = accelerator.reduce(torch.tensor([sums[name] for name in names], dtype=torch.float64, device=accelerator.device))
    sums = dict(zip(names, reduced.tolist(), strict=True))
    norm = accelerator.clip_grad_norm_(model.parameters(), chosen.max_gradient_norm)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        optimizer.zero_grad()
    return _log_row(sums, examples, total, _number(norm))


def _number(norm: torch.Tensor) -> float:
    """The norm of the whole gradient; sharded, a process holds that of its part."""
    return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)


def _log_row(sums: dict[str, float], examples: list[Example], total: int, norm: float) -> dict:
    tokens = max(sums["tokens"], 1.0)
    has_ratio = "ratio" in sums
    return {
        "loss": sums["loss"] / total,
        "policy_loss": sums["policy_loss"] / total,
        "selection_loss": sums["selection_loss"] / sums["responses"],
        **{name: sums[name] / tokens if has_ratio else None for name in ("ratio", "clip_share", "kl_behaviour")},
        "advantage": sum(example.advantage for example in examples) / len(examples) if has_ratio else None,
        "gradient_norm": norm,
        "tokens": int(sums["tokens"]),
    }
