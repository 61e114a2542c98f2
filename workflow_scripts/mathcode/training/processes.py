"""The processes of a training: how they meet and share a model, and how they are told to stop."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta

import torch

from mathcode import settings
from mathcode.core import gpu_lease, parent
from mathcode.policies import kernels
from mathcode.training import tracking
from mathcode.training.examples import TrainingError

WAIT = timedelta(hours=1)
"""How long processes wait for each other: one writes the checkpoint of a large model alone, longer than NCCL's ten minutes."""


def join_processes(family: settings.Family, chosen: settings.Optimizer) -> None:
    """Meet the other processes of a launch, where there are any, and fix the number of threads. Called before a model is loaded:
    a process that has met others knows whether it needs the weights (`mathcode.policies.folders`).

    Raises:
        TrainingError: full sharding was asked for, and what is to be trained cannot be.
    """
    from accelerate import PartialState

    if asked_to_shard() and family.lora:
        raise TrainingError("LoRA adapters cannot be merged where the weights are sharded (FSDP): train this family on one GPU of one node")
    if asked_to_shard() and chosen.optimizer == "muon":
        raise TrainingError("optimizer muon needs whole matrices, which full sharding (FSDP) cuts: take adamw, or one GPU of one node")
    if "LOCAL_RANK" in os.environ:
        parent.end_with_launcher()
    gpu_lease.take(1)  # alone; a launcher has taken those of all its processes
    kernels.spare_memory()
    PartialState(cpu=not torch.cuda.is_available(), timeout=WAIT)
    kernels.use(chosen.kernels, chosen.threads)  # afterwards: where processes meet on CPUs, accelerate chooses a number by the machine


def accelerator_here(mixed_precision: str, name: str):
    """Accelerate on what there is, with the trackers that are wanted, which know the training by `name`.

    On CPUs accelerate silently keeps the whole model in each process even if sharding was asked for; that is refused.
    """
    from accelerate import Accelerator

    tracked = {"log_with": names, "project_dir": tracking.FOLDER / name} if (names := tracking.wanted()) else {}
    accelerator = Accelerator(mixed_precision=mixed_precision, cpu=not torch.cuda.is_available(), **tracked)
    if accelerator.is_fsdp2 and mixed_precision == "bf16":
        accelerator.state.fsdp_plugin.mixed_precision_policy = bf16_shards()
    kind = accelerator.distributed_type.value
    if asked_to_shard() and kind != "FSDP":
        raise TrainingError(f"full sharding (FSDP) was asked for, and accelerate chose {kind} on this machine")
    return accelerator


def bf16_shards():
    """How shards compute in bf16: gradients are summed up in fp32, and what the model returns stays as it is.

    accelerate would round both to bf16, and what the model returns here are log-probabilities (`policies.scoring`): -6.00 and -6.01
    would be one number.
    """
    from torch.distributed.fsdp import MixedPrecisionPolicy

    return MixedPrecisionPolicy(param_dtype=torch.bfloat16, reduce_dtype=torch.float32, output_dtype=None)


def is_first() -> bool:
    """Whether this is the first process of a launch, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def from_the_first(make: Callable[[], str]) -> str:
    """What the first process of a launch makes, for all of them; the others wait. Called once they have met."""
    from accelerate.utils import broadcast_object_list

    return broadcast_object_list([make() if is_first() else None])[0]


def asked_to_shard() -> bool:
    """Whether `accelerate launch` was told to shard (config/accelerate/fsdp2.yaml)."""
    return os.environ.get("ACCELERATE_USE_FSDP", "false").lower() == "true"


def in_any_process(accelerator, *flags: bool) -> list[bool]:
    """For each flag, whether it is set in any process. All must act alike: if only some saved, they would wait for each other for ever."""
    numbers = accelerator.reduce(torch.tensor(flags, dtype=torch.float32, device=accelerator.device))
    return [number > 0 for number in numbers.tolist()]


class StopSignal:
    """SIGTERM (walltime, preemption) is remembered, so that the running step ends and a checkpoint is written."""

    def __init__(self):
        self.received = False
        signal.signal(signal.SIGTERM, self._receive)

    def _receive(self, *_):
        self.received = True
