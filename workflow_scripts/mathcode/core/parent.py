"""Processes that end with the one that started them."""

import ctypes
import os
import signal
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded here: a process that has just been forked loads nothing


def end_with_it(by: int = signal.SIGTERM) -> None:
    """This process gets a signal when its parent ends, for whatever reason. On Linux; elsewhere nothing happens."""
    try:
        _LIBC.prctl(_PR_SET_PDEATHSIG, by)
    except AttributeError:
        return


def end_with_snakemake() -> None:
    """A job that Snakemake itself started ends with it: left alone, it would work in the same folder as the job of the next start.

    A program that a person started, or SLURM, has another parent and is left to them.
    """
    if _is_snakemake(os.getppid()):
        end_with_launcher()


def end_with_launcher() -> None:
    """This process ends with the one that started it, even if that is killed: alone, it would keep GPUs that count as free."""
    parent = os.getppid()
    end_with_it()
    if os.getppid() != parent:  # it ended before it could be asked
        os.kill(os.getpid(), signal.SIGTERM)


def _is_snakemake(process: int) -> bool:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return any(Path(os.fsdecode(word)).name == "snakemake" for word in words[:3])
