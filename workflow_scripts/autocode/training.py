"""One training loop for Code4Math SFT and for RL: resumable, deterministic on a CPU, one or many processes.

The order of the data follows from seed and step alone, so a run killed at any moment and resumed from its last checkpoint
ends with the weights of an uninterrupted one. Checkpoints are undeclared files: Snakemake deletes a failed job's outputs.
"""

import json
import logging
import math
import os
import pickle
import random
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import polars as pl
import torch
from torch.nn import functional
from tqdm import tqdm

from autocode import gpu_watch, objective, settings, tables, whole

log = logging.getLogger(__name__)

IGNORED = -100
"""cross_entropy's label for positions without a loss."""

WAIT = timedelta(hours=1)
"""How long processes wait for each other: one writes the checkpoint of a large model alone, longer than NCCL's ten minutes."""


class TrainingError(Exception):
    """Nothing to train on, a loss that is no number, a checkpoint that cannot be written, or sharding that is not to be had."""


@dataclass(frozen=True)
class Example:
    """A prompt and its response as tokens. Masks and behaviour log-probabilities (None: there is none) run over the response."""

    prompt_ids: list[int]
    response_ids: list[int]
    loss_mask: list[bool]
    selection_mask: list[bool]
    advantage: float = 0.0
    reward: float = 0.0
    behaviour: list[float | None] | None = None

    @property
    def length(self) -> int:
        return len(self.prompt_ids) + len(self.response_ids)


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


def token_logprobs(model, examples: list[Example], pad: int) -> tuple[torch.Tensor, objective.Batch]:
    """Log-probability of every response token under the model, shape [B, T] (T: longest response), and the padded masks."""
    device = next(model.parameters()).device
    width = max(example.length for example in examples)
    longest = max(len(example.response_ids) for example in examples)
    ids = torch.full((len(examples), width), pad)
    attention = torch.zeros_like(ids)
    labels = torch.full((len(examples), width), IGNORED)
    for row, example in enumerate(examples):
        start, end = len(example.prompt_ids), example.length
        ids[row, :end] = torch.tensor(example.prompt_ids + example.response_ids)
        attention[row, :end] = 1
        labels[row, start:end] = ids[row, start:end]
    logits = model(input_ids=ids.to(device), attention_mask=attention.to(device)).logits[:, :-1]
    flat = -functional.cross_entropy(
        logits.float().flatten(0, 1), labels[:, 1:].to(device).flatten(), ignore_index=IGNORED, reduction="none"
    ).view(len(examples), width - 1)
    # Response token t of a row stands at prompt length + t, and is predicted one position earlier.
    offsets = torch.tensor([len(example.prompt_ids) for example in examples])[:, None] - 1 + torch.arange(longest)
    logp = flat.gather(1, offsets.clamp(max=width - 2).to(device))
    behaviour = [example.behaviour or [] for example in examples]
    batch = objective.Batch(
        loss_mask=_padded([example.loss_mask for example in examples], longest, torch.bool, device),
        selection_mask=_padded([example.selection_mask for example in examples], longest, torch.bool, device),
        behaviour=_padded([[value or 0.0 for value in row] for row in behaviour], longest, torch.float32, device),
        has_behaviour=_padded([[value is not None for value in row] for row in behaviour], longest, torch.bool, device),
        advantage=torch.tensor([example.advantage for example in examples], dtype=torch.float32, device=device),
        reward=torch.tensor([example.reward for example in examples], dtype=torch.float32, device=device),
    )
    return logp, batch


@gpu_watch.watched()
def score(model, examples: list[Example], pad: int, micro_batch_tokens: int, label: str) -> list[list[float]]:
    """Teacher forcing: the log-probability of each loss token of each example, in the examples' order."""
    order = sorted(range(len(examples)), key=lambda index: (examples[index].length, index))
    scored: dict[int, list[float]] = {}
    model.eval()
    with torch.inference_mode(), tqdm(total=len(examples), desc=label, unit="response", mininterval=5) as progress:
        for indices in _by_tokens(order, examples, micro_batch_tokens):
            logp, batch = token_logprobs(model, [examples[index] for index in indices], pad)
            for row, index in enumerate(indices):
                scored[index] = logp[row][batch.loss_mask[row]].tolist()
            progress.update(len(indices))
    return [scored[index] for index in range(len(examples))]


def schedule(step: int, total: int, chosen: settings.Optimizer) -> float:
    """Multiplier of the peak learning rate at optimiser step `step` (from 0) of `total`."""
    warmup = max(1, math.ceil(chosen.warmup * total)) if chosen.warmup else 0
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, total - warmup)
    if chosen.schedule == "constant":
        return 1.0
    if chosen.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    if chosen.schedule == "linear":
        return 1 - done
    return 1.0 if done < 0.3 else 1 - 0.99 * (done - 0.3) / 0.7  # flat_linear: 30 % flat, then down to 1 %


def batches(examples: list[Example], chosen: settings.Optimizer, seed: int) -> list[list[int]]:
    """The batches of the whole training, as example indices: epochs shuffled by seed, neighbours of similar length together."""
    result: list[list[int]] = []
    epoch = 0
    wanted = max(1, math.ceil(chosen.epochs * math.ceil(len(examples) / chosen.batch)))
    while len(result) < wanted:
        shuffler = random.Random(f"{seed}/{epoch}")
        order = list(range(len(examples)))
        shuffler.shuffle(order)
        window = 16 * chosen.batch  # sorting inside windows saves most padding and keeps batches random
        order = [
            index
            for start in range(0, len(order), window)
            for index in sorted(order[start : start + window], key=lambda index: examples[index].length)
        ]
        cut = [order[start : start + chosen.batch] for start in range(0, len(order), chosen.batch)]
        shuffler.shuffle(cut)
        result += cut
        epoch += 1
    return result[:wanted]


def join_processes(family: settings.Family, chosen: settings.Optimizer) -> None:
    """Meet the other processes of a launch, where there are any, and fix the number of threads. Called before a model is loaded:
    a process that has met others knows whether it needs the weights (`models.load_policy`).

    Raises:
        TrainingError: full sharding was asked for, and what is to be trained cannot be.
    """
    from accelerate import PartialState

    if _asked_to_shard() and family.lora:
        raise TrainingError("LoRA adapters cannot be merged where the weights are sharded (FSDP): train this family on one GPU of one node")
    if _asked_to_shard() and chosen.optimizer == "muon":
        raise TrainingError("optimizer muon needs whole matrices, which full sharding (FSDP) cuts: take adamw, or one GPU of one node")
    PartialState(cpu=not torch.cuda.is_available(), timeout=WAIT)
    torch.set_num_threads(chosen.threads)  # afterwards: where processes meet on CPUs, accelerate chooses a number by the machine


Compute = Callable[[torch.Tensor, objective.Batch], objective.Loss]


def sft_loss(logp: torch.Tensor, batch: objective.Batch) -> objective.Loss:
    """The SFT likelihood in the form of the other objectives."""
    total = objective.likelihood(logp, batch.loss_mask)
    cue = -torch.where(batch.selection_mask, logp.detach(), 0.0).sum().item()
    return objective.Loss(total, total.item(), cue, {"tokens": float(batch.loss_mask.sum().item())})


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
    usable, accelerator = _fitting(examples, chosen.max_tokens), _accelerator(mixed_precision)
    peak = chosen.learning_rate[min(iteration, len(chosen.learning_rate)) - 1]
    # Together: sharding makes new parameters, and accelerate puts them into the optimizers that it is given with the model.
    model, *optimizers = accelerator.prepare(model, *_optimizers(model, chosen, peak))
    plan, epoch_steps = batches(usable, chosen, seed), math.ceil(len(usable) / chosen.batch)
    checkpoints = _by_kind(checkpoints, accelerator.distributed_type)
    step, rows = _resume(accelerator, checkpoints)
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
            stopping = _any_process(accelerator, stop.received)
            if stopping or (step % chosen.checkpoint_steps == 0 and step < len(plan)):
                _save(accelerator, checkpoints, step, rows)
            if stopping:
                log.warning("stopped by a signal at step %d; the next start goes on from here", step)
                sys.exit(143)
    sharded = accelerator.distributed_type.value == "FSDP"
    weights = accelerator.get_state_dict(model) if sharded else None
    frame = pl.DataFrame(rows, schema=tables.schema("training_log"))
    return Trained(accelerator.unwrap_model(model), weights, frame, accelerator.is_main_process, stop)


def _fitting(examples: list[Example], max_tokens: int) -> list[Example]:
    """Those that are short enough and have something to learn."""
    usable = [example for example in examples if example.length <= max_tokens and any(example.loss_mask)]
    log.info("%d of %d responses fit into %d tokens", len(usable), len(examples), max_tokens)
    if not usable:
        raise TrainingError(f"none of {len(examples)} responses fits into max_tokens = {max_tokens}")
    return usable


def _accelerator(mixed_precision: str):
    """Accelerate on what there is; on CPUs it shares a model whole without a word where sharding was asked for: that is refused."""
    from accelerate import Accelerator

    accelerator = Accelerator(mixed_precision=mixed_precision, cpu=not torch.cuda.is_available())
    kind = accelerator.distributed_type.value
    if _asked_to_shard() and kind != "FSDP":
        raise TrainingError(f"full sharding (FSDP) was asked for, and accelerate chose {kind} on this machine")
    return accelerator


def _step(accelerator, model, optimizers, examples, compute, per, chosen, rate, pad) -> dict:
    """One optimiser step over a batch cut into micro-batches; every process does equally many."""
    order = sorted(range(len(examples)), key=lambda index: (-examples[index].length, index))
    micro = list(_by_tokens(order, examples, chosen.micro_batch_tokens))
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


def _optimizers(model, chosen: settings.Optimizer, rate: float) -> list[torch.optim.Optimizer]:
    """AdamW, or Muon on the blocks' matrices and AdamW on the rest."""
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    if chosen.optimizer == "adamw":
        return [torch.optim.AdamW([parameter for _, parameter in trained], lr=rate, weight_decay=chosen.weight_decay)]
    matrices = [parameter for name, parameter in trained if parameter.ndim == 2 and ".layers." in name]
    inside = {id(parameter) for parameter in matrices}
    rest = [parameter for _, parameter in trained if id(parameter) not in inside]
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=chosen.weight_decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=rate, weight_decay=chosen.weight_decay),
    ]


def _asked_to_shard() -> bool:
    """Whether `accelerate launch` was told to shard (config/accelerate/fsdp2.yaml)."""
    return os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def _by_kind(checkpoints: Path, kind) -> Path:
    """Folder for checkpoints of this kind of sharing (accelerate's DistributedType): none can load what another has saved."""
    return checkpoints if kind.value == "NO" else checkpoints.with_name(f"{checkpoints.name}-{kind.value.lower()}")


def _resume(accelerator, checkpoints: Path) -> tuple[int, list[dict]]:
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


def _save(accelerator, checkpoints: Path, step: int, rows: list[dict]) -> None:
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
            whole.sync(file)
        whole.write_text(fresh / "progress.json", json.dumps({"step": step, "rows": rows}))
        shutil.rmtree(old, ignore_errors=True)
        if latest.exists():
            os.replace(latest, old)
        os.replace(fresh, latest)
        shutil.rmtree(old, ignore_errors=True)
    accelerator.wait_for_everyone()


def _any_process(accelerator, flag: bool) -> bool:
    """Whether it is so in any process: they save together, or wait for each other for ever."""
    return accelerator.reduce(torch.tensor(float(flag), device=accelerator.device)).item() > 0


class StopSignal:
    """SIGTERM (walltime, preemption) is remembered, so that the running step ends and a checkpoint is written."""

    def __init__(self):
        self.received = False
        signal.signal(signal.SIGTERM, self._receive)

    def _receive(self, *_):
        self.received = True


def _by_tokens(order: list[int], examples: list[Example], limit: int):
    """Cut an order of examples into micro-batches of at most `limit` padded tokens (a longer example stands alone)."""
    current: list[int] = []
    widest = 0
    for index in order:
        widest_with = max(widest, examples[index].length)
        if current and widest_with * (len(current) + 1) > limit:
            yield current
            current, widest_with = [], examples[index].length
        current.append(index)
        widest = widest_with
    if current:
        yield current


def _padded(rows: list[list], width: int, dtype: torch.dtype, device) -> torch.Tensor:
    out = torch.zeros((len(rows), width), dtype=dtype)
    for row, values in enumerate(rows):
        if values:
            out[row, : len(values)] = torch.tensor(values, dtype=dtype)
    return out.to(device)
