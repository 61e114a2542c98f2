"""How busy the GPUs were while a stage ran: a look every ten seconds, one line for each GPU in the stage's log at the end.

A GPU that idles half of the time is paid in full; the table of costs cannot show that, this line can.
"""

import logging
import os
import shutil
import subprocess
import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

log = logging.getLogger(__name__)

QUERY = ("nvidia-smi", "--query-gpu=index,utilization.gpu,memory.used", "--format=csv,noheader,nounits")


@contextmanager
def watched(seconds: float = 10) -> Iterator[None]:
    """Look at the GPUs of this job every so many seconds; where there are none, or in a second process of a launch, do nothing."""
    if not shutil.which(QUERY[0]) or os.environ.get("LOCAL_RANK", "0") != "0":
        yield
        return
    looks, over = [], threading.Event()
    watch = threading.Thread(target=_look, args=(looks, over, seconds), daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()
        for line in summary(looks):
            log.info(line)


def _look(looks: list[str], over: threading.Event, seconds: float) -> None:
    """One short call a look: a program that kept running would outlive a stage that is killed."""
    mine = [f"--id={ids}"] if (ids := os.environ.get("CUDA_VISIBLE_DEVICES")) else []
    while True:
        with suppress(OSError, subprocess.SubprocessError):
            looks += subprocess.run([*QUERY, *mine], capture_output=True, text=True, timeout=30, check=True).stdout.splitlines()
        if over.wait(seconds):
            return


def summary(lines: Iterable[str]) -> list[str]:
    """A sentence for each GPU, from lines `index, percent busy, MiB used`; what cannot be read (`[N/A]`) is left out."""
    seen: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for line in lines:
        index, *numbers = (part.strip() for part in line.split(","))
        try:
            busy, memory = map(float, numbers)
        except ValueError:
            continue
        seen[index].append((busy, memory))
    return [
        f"GPU {index}: {sum(busy for busy, _ in looks) / len(looks):.0f} % busy on average, "
        f"{max(memory for _, memory in looks) / 1024:.1f} GiB at most ({len(looks)} looks)"
        for index, looks in sorted(seen.items())
    ]
