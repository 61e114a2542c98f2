"""GPUs that no scheduler gives out, shared out among the jobs that run on it side by side.

A job that SLURM started sees its own GPUs. Elsewhere, on a machine without it or within an allocation that holds a whole run, Snakemake
counts them (`--resources gpu=8`) and gives none out, and every job would take the first.
"""

import fcntl
import logging
import os
import random
import tempfile
import time
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

DEVICES = Path("/proc/driver/nvidia/gpus")
"""The driver's folder, which has one folder for each GPU."""
LEASES = Path(tempfile.gettempdir()) / f"mathcode-gpus-{os.getuid()}"
"""A file for each GPU, below a folder of the allocation; who has locked it has the GPU.
The kernel takes the lock away when that process ends, however it ends."""
VISIBLE = "CUDA_VISIBLE_DEVICES"
_DECIDED = "MATHCODE_GPUS_DECIDED"
"""Set where a process, or one that started it, has been given its GPUs."""


def take(count: int) -> None:
    """Let this process, and what it starts, see only GPUs that no other job has taken; wait until so many are free.

    Nothing is done where no more are seen than wanted (a job of SLURM sees its own), or where a launcher has given them out. To be
    called before CUDA is asked for anything.

    Args:
        count: GPUs; at least one is taken, and at most all.
    """
    wanted = max(1, count)
    seen = os.environ[VISIBLE].split(",") if VISIBLE in os.environ else [str(number) for number in range(_present())]
    if "LOCAL_RANK" in os.environ or _DECIDED in os.environ or len(seen) < 2:
        return
    os.environ[_DECIDED] = "1"
    if len(seen) <= wanted and VISIBLE in os.environ:
        return
    wanted, told = min(wanted, len(seen)), False
    folder = LEASES / os.environ.get("SLURM_JOB_ID", "here")  # allocations count their GPUs from 0, each its own
    folder.mkdir(parents=True, exist_ok=True)
    while len(taken := _free(folder, seen, wanted)) < wanted:
        for lease in taken.values():
            os.close(lease)
        if not told:
            log.warning("waiting for %d free GPUs of %d (%s)", wanted, len(seen), folder)
        told = True
        time.sleep(random.uniform(0.5, 1.5))
    for lease in taken.values():
        os.set_inheritable(lease, True)  # a launcher becomes another program, which keeps them
    os.environ |= {VISIBLE: ",".join(taken), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    log.info("GPU %s of %d", os.environ[VISIBLE], len(seen))


def _present() -> int:
    return len(list(DEVICES.iterdir())) if DEVICES.is_dir() else 0


def _free(folder: Path, seen: list[str], wanted: int) -> dict[str, int]:
    """Up to so many GPUs of those seen that nobody has taken, each with the open file that holds its lock."""
    taken = {}
    for name in seen:
        lease = os.open(folder / name, os.O_CREAT | os.O_RDWR, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            taken[name] = lease
            if len(taken) == wanted:
                break
            continue
        os.close(lease)
    return taken
