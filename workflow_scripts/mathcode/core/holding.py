"""One process a folder of checkpoints: a second one would write over what the first has saved.

A Snakemake that is killed leaves jobs behind, and its next start begins the same ones.
"""

import contextlib
import errno
import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mathcode.core.errors import UserError

log = logging.getLogger(__name__)

HOLDER = "holder"
"""File in a held folder that is locked, and says by whom. The kernel takes the lock away when that process ends, however it ends."""

WAIT_SECONDS = 20.0
"""For a process that was killed and is not gone yet, or that saves what it has."""


class HeldError(UserError):
    """Another process works in this folder."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Be the only process that works in a folder, which is made; wait a little for one that is about to end.

    Where a file system knows no locks, this is logged and not enforced.

    Raises:
        HeldError: another process does; the sentence says which, and where.
    """
    path = folder / HOLDER
    with _locked(path) as file:
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        try:
            yield
        finally:
            if _is_at(file, path):  # else this folder was removed meanwhile, and may be another process's by now
                path.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    folder.rmdir()  # if nothing was saved


def _locked(path: Path) -> IO[str]:
    """The file, open and locked until it is closed."""
    end = time.monotonic() + WAIT_SECONDS
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 (closed by who is given it)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            who = file.read() or "another process"
            file.close()
            if time.monotonic() > end:
                told = f"{path.parent}: {who} is working here, perhaps left over by a killed Snakemake: wait for it to end, or stop it"
                raise HeldError(told) from None
            time.sleep(0.1)
            continue
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            log.warning("%s: this file system has no locks (%s): nothing keeps a second process away", path.parent, error.strerror)
            return file
        if _is_at(file, path):
            return file
        file.close()  # who held it has just left and taken the file along


def _is_at(file: IO[str], path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    return False
