"""Processes below a worker, found and killed from outside, where the worker itself no longer does it."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

SWEEPS = 20
"""How often what is left is looked for: what forks while it is stopped is found by the next look."""


def kill(process: int) -> None:
    """Kill everything that descends from a worker that does not answer: without namespaces its death would not end them.

    All are stopped before one is killed, so that a program which forks faster than it is killed does not get ahead. The worker lives
    on meanwhile: what loses its parent becomes its child and is found again.
    """
    for _ in range(SWEEPS):
        stopped: set[int] = set()
        while fresh := below(process) - stopped:
            _signal(fresh, signal.SIGSTOP)
            stopped |= fresh
        if not stopped:
            return
        _signal(stopped, signal.SIGKILL)
        time.sleep(0.05)


def below(process: int) -> set[int]:
    """Living processes below a process, by what the kernel lists of children."""
    found, waiting = set(), [process]
    while waiting:
        for listed in Path(f"/proc/{waiting.pop()}/task").glob("*/children"):
            with suppress(OSError):
                fresh = set(map(int, listed.read_text().split())) - found
                found |= fresh
                waiting += fresh
    return {one for one in found if lives(one)}


def lives(process: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def _signal(processes: set[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)
