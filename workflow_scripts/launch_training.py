"""Start the processes of a training on this node: one for each GPU. Over several nodes the rules run this on each, through srun.

    python workflow_scripts/launch_training.py --gpus 8 workflow_scripts/train_policy.py ...
    srun ... python workflow_scripts/launch_training.py --nodes 2 --gpus 8 workflow_scripts/train_policy.py ...

reads   on several nodes: SLURM's variables of the job step, which tell how many nodes there are and which one this is. All processes
        meet at the first node, on a port derived from the job's number; MASTER_ADDR and MASTER_PORT take precedence if they are set
writes  what the training program writes. Its processes shard the model as config/accelerate/fsdp2.yaml says; without GPUs there is
        one process per node, and the processes share their gradients
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Mapping

from mathcode.core import cli, gpu_lease
from mathcode.core.errors import InputError

PORTS = range(20_000, 50_000)
LAUNCH = (sys.executable, "-m", "accelerate.commands.launch")
"""As `accelerate launch`, in the environment of this Python, whatever PATH says."""


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--nodes", type=int, default=1, help="nodes that train together")
    parser.add_argument("--gpus", type=int, required=True, help="GPUs of a node; 0: train on CPUs")
    parser.add_argument("--config", default="config/accelerate/fsdp2.yaml", help="configuration of accelerate, for GPUs")
    parser.add_argument("program", nargs=argparse.REMAINDER, help="a training program and its arguments")
    return parser


def on_one_node(gpus: int, config: str, program: list[str]) -> list[str]:
    """The launcher's command line; port 0 is any that is free.

    Raises:
        InputError: there is no program, or there are no GPUs.
    """
    if not program:
        raise InputError("no program to start was named")
    if not gpus:
        raise InputError("--gpus 0 on one node is one process: start the program itself")
    return [*LAUNCH, "--config_file", config, "--main_process_port", "0", "--num_processes", str(gpus), *program]


def on_each_node(gpus: int, config: str, program: list[str], step: Mapping[str, str], first_host: str) -> list[str]:
    """The launcher's command line on this node of several.

    Args:
        step: environment of the job step.
        first_host: where all meet.

    Raises:
        InputError: this is no job step, or there is no program.
    """
    try:
        nodes, rank, job = (int(step[f"SLURM_{name}"]) for name in ("NNODES", "NODEID", "JOB_ID"))
    except KeyError as error:
        raise InputError(f"{error.args[0]} is not set: start this through srun") from None
    if not program:
        raise InputError("no program to start was named")
    port = step.get("MASTER_PORT", str(PORTS[job % len(PORTS)]))
    if gpus:
        machines = ("--num_machines", str(nodes), "--machine_rank", str(rank), "--num_processes", str(nodes * gpus))
        meeting = ("--main_process_ip", first_host, "--main_process_port", port)
        return [*LAUNCH, "--config_file", config, *machines, *meeting, *program]
    machines = (f"--nnodes={nodes}", f"--node_rank={rank}", "--nproc_per_node=1")
    return [sys.executable, "-m", "torch.distributed.run", *machines, f"--master_addr={first_host}", f"--master_port={port}", *program]


def first_host(step: Mapping[str, str]) -> str:
    """MASTER_ADDR, or the first node of the job."""
    if "MASTER_ADDR" in step or "SLURM_NODELIST" not in step:
        return step.get("MASTER_ADDR", "")
    listed = subprocess.run(["scontrol", "show", "hostnames", step["SLURM_NODELIST"]], capture_output=True, text=True, check=True)
    return listed.stdout.split()[0]


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if (several := os.environ.get("SLURM_STEP_NUM_NODES", "1")) not in ("1", str(args.nodes)):
        raise InputError(f"this job step has {several} nodes, and each would train a model of its own: give --nodes {several}")
    if args.nodes == 1:
        words = on_one_node(args.gpus, args.config, args.program)
    else:
        words = on_each_node(args.gpus, args.config, args.program, os.environ, first_host(os.environ))
    gpu_lease.take(args.gpus)
    os.execvp(words[0], words)  # signals reach the launcher itself, and it ends with Snakemake as this program does


if __name__ == "__main__":
    cli.run(main)
