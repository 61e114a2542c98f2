"""One sampling job on several GPUs: copies of the program side by side, each with an engine of its own and a part of the rows.

A part is a shard, made of whole chunks, so what they sample together is what one process would sample, byte for byte.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mathcode.core import gpu_lease, parent
from mathcode.core.errors import UserError


class ReplicaError(UserError):
    """A copy of the program failed."""


def count(gpus: int, tensor_parallel: int) -> int:
    """Engines that a job's GPUs are enough for; one where it has none."""
    return max(1, gpus // tensor_parallel)


def part_of(shard: Sequence[int], replica: int, replicas: int) -> tuple[int, int]:
    """Which shard a replica, counted from 1, samples of a job that samples one itself."""
    number, shards = shard
    return (number - 1) * replicas + replica, shards * replicas


def visible_gpus(replica: int, replicas: int, gpus: int) -> str:
    """CUDA_VISIBLE_DEVICES of a replica: its share of those the job sees (of the first `gpus` where nothing is said), in order.

    Raises:
        ReplicaError: it sees fewer than it was promised, and a replica would be left without.
    """
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = seen.split(",") if seen else [str(number) for number in range(gpus)]
    if len(devices) < min(gpus, replicas):
        raise ReplicaError(f"--gpus {gpus}: this job sees {len(devices)} of them (CUDA_VISIBLE_DEVICES={seen})")
    size = max(1, len(devices) // replicas)
    return ",".join(devices[(replica - 1) * size : replica * size])


def run(commands: dict[int, Sequence[str]], replicas: int, gpus: int) -> None:
    """Run the copies side by side until all have ended. When this process ends, for whatever reason, so do they.

    Args:
        commands: by number of the replica, from 1; one that has nothing left to do is missing.

    Raises:
        ReplicaError: one failed; the others are stopped, and what they had finished is kept.
    """
    gpu_lease.take(gpus)
    devices = {number: os.environ | {"CUDA_VISIBLE_DEVICES": visible_gpus(number, replicas, gpus)} for number in commands}
    started = {
        number: subprocess.Popen(command, env=devices[number], preexec_fn=parent.end_with_it) for number, command in commands.items()
    }
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        while True:
            states = {number: process.poll() for number, process in started.items()}
            if failed := [number for number, state in states.items() if state]:
                raise ReplicaError(f"replica {failed[0]} of {replicas} failed; its error message is above")
            if None not in states.values():
                return
            time.sleep(0.1)
    finally:
        for process in started.values():
            process.terminate()
        for process in started.values():
            process.wait()
        signal.signal(signal.SIGTERM, before)


def files(folder: Path, outputs: Sequence[str], replicas: int) -> list[list[Path]]:
    """For each replica the files of its parts of the outputs."""
    return [
        [folder / f"{replica}of{replicas}" / f"{number}.parquet" for number, _ in enumerate(outputs)] for replica in range(1, replicas + 1)
    ]
