"""A training program as `accelerate launch` with config/accelerate/fsdp2.yaml starts it, on CPUs.

    python -m torch.distributed.run --standalone --nproc_per_node 2 tests/support/sharded_training.py train_policy ...

accelerate shards on GPUs only. Here it is made to take the processes for such, and all that follows is its own: sharding and gathered
weights. Checkpoints are written while training goes on, as on GPUs. What a process has read of the weights is said on its standard error.
"""

import importlib
import os
import sys
from pathlib import Path

import safetensors.torch
import torch
from accelerate import DistributedType, PartialState
from accelerate.commands import launch
from accelerate.utils.launch import prepare_multi_gpu_env

from mathcode.core import cli
from mathcode.policies import folders
from mathcode.training.checkpoints import Checkpoints

CONFIG = Path(__file__).parents[2] / "config/accelerate/fsdp2.yaml"


def launch_environment() -> dict[str, str]:
    """What the launcher tells its processes about sharding."""
    asked = launch.launch_command_parser().parse_args(["--config_file", str(CONFIG), "--num_processes", "2", "program.py"])
    told = prepare_multi_gpu_env(launch._validate_launch_command(asked)[0])
    return {name: value for name, value in told.items() if name.startswith(("FSDP_", "ACCELERATE_"))}


def take_cpus_for_gpus() -> None:
    begin = PartialState.__init__

    def begin_on_cpus(state, *args, **options):
        begin(state, *args, **options)
        if state.distributed_type == DistributedType.MULTI_CPU:
            state.distributed_type = DistributedType.MULTI_GPU

    PartialState.__init__ = begin_on_cpus


def overlap_checkpoints() -> None:
    begin = Checkpoints.__init__

    def begin_overlapped(checkpoints, *given):
        begin(checkpoints, *given)
        checkpoints.overlapped = True

    Checkpoints.__init__ = begin_overlapped


def say_what_was_read() -> None:
    load = folders.load_policy

    def load_and_say(folder, dtype):
        model = load(folder, dtype)
        stored, held = safetensors.torch.load_file(Path(folder) / "model.safetensors"), model.state_dict()
        read = all(torch.equal(held[name], weight) for name, weight in stored.items())
        print(f"process {os.environ['RANK']} has {'the weights' if read else 'no weights'}", file=sys.stderr)
        return model

    folders.load_policy = load_and_say


if __name__ == "__main__":
    os.environ |= launch_environment()
    take_cpus_for_gpus()
    overlap_checkpoints()
    say_what_was_read()
    sys.argv = sys.argv[1:]
    cli.run(importlib.import_module(sys.argv[0]).main)
