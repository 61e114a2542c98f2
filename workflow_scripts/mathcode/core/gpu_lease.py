"""GPUs of a machine without a scheduler, shared out among the jobs that run on it side by side.

SLURM tells a job which GPUs are its own. Without it Snakemake counts them (`--resources gpu=8`) and gives none out, and every job would
take the first.
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
"""A file for each GPU; who has locked it has the GPU. The kernel takes the lock away when that process ends, however it ends."""
VISIBLE = "CUDA_VISIBLE_DEVICES"


def take(count: int) -> None:
    """Let this process, and what it starts, see only GPUs that no other job has taken; wait until so many are free.

    Nothing is done where a scheduler, a launcher of several processes or a person has said which are seen, or where there are fewer
    than two. To be called before CUDA is asked for anything.

    Args:
        count: GPUs; at least one is taken, and at most all.
    """
    present = len(list(DEVICES.iterdir())) if DEVICES.is_dir() else 0
    if present < 2 or not {VISIBLE, "SLURM_JOB_ID", "LOCAL_RANK"}.isdisjoint(os.environ):
        return
    LEASES.mkdir(exist_ok=True)
    wanted, told = min(max(1, count), present), False
    while len(taken := _free(present, wanted)) < wanted:
        for lease in taken.values():
            os.close(lease)
        if not told:
            log.warning("waiting for %d free GPUs of %d (%s)", wanted, present, LEASES)
        told = True
        time.sleep(random.uniform(0.5, 1.5))
    for lease in taken.values():
        os.set_inheritable(lease, True)  # a launcher becomes another program, which keeps them
    os.environ |= {VISIBLE: ",".join(map(str, taken)), "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    log.info("GPU %s of %d", os.environ[VISIBLE], present)


def _free(present: int, wanted: int) -> dict[int, int]:
    """Up to so many GPUs that nobody has taken, each with the open file that holds its lock."""
    taken = {}
    for number in range(present):
        lease = os.open(LEASES / str(number), os.O_CREAT | os.O_RDWR, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            taken[number] = lease
            if len(taken) == wanted:
                break
            continue
        os.close(lease)
    return taken
