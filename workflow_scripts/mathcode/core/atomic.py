"""Files that are written whole or not at all: a killed or failing program leaves no half file, and the old one in its place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside `path`, whose folder is made; it takes the place of `path` if the block ends without error."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        sync(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Wait until a file is on the disk: else, after a loss of power, there may be its name without its bytes."""
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def write_text(path: str | Path, text: str) -> None:
    """Write a text file in UTF-8."""
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
