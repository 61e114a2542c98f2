"""Files that are written whole or not at all: a killed or failing program leaves no half file, and the old one in its place."""

import errno
import os
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`, whose folder is made; it takes the place of `path` if the block ends without error."""
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "this is a folder: name a file", str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = unfinished(path)
    try:
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
    except OSError as error:
        if error.filename is None and error.errno is not None:  # a full disk does not say where
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def unfinished(path: Path) -> Path:
    """Where this process makes the file or folder `path` until it is whole: a hidden name beside it, of this process alone.

    What processes of this machine left there when they were killed is removed. They are known by host and process number, so
    containers that write to one folder must not share a hostname.
    """
    start = f".{path.name}.{socket.gethostname()}."
    leftover = re.compile(rf"{re.escape(start)}(\d+)\.tmp")
    for entry in path.parent.iterdir():
        if (found := leftover.fullmatch(entry.name)) and not _lives(int(found[1])):
            _remove(entry)
    return path.with_name(f"{start}{os.getpid()}.tmp")


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it lives, and is another user's
        return True
    return process != os.getpid()  # what has our own number is an earlier process's


def sync(path: Path) -> None:
    """Wait until a file is on the disk: else, after a loss of power, there may be its name without its bytes."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
