"""JSON lines in and out, for the programs that are useful alone: one object a line, checked row by row."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from mathcode.core import atomic
from mathcode.core.errors import UserError


class RecordError(UserError):
    """A file of JSON lines does not hold what is expected; the message names file, line and key."""


def read(path: str | Path, keys: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a JSON-lines file; blank lines are skipped, further keys are kept.

    Args:
        keys: what every row must hold, as text ("id" may be a number too); ids may not repeat.

    Raises:
        RecordError: a line is no JSON object, lacks a key, holds something else than text, or repeats an id.
    """
    keys, rows, seen = list(keys), [], {}
    for number, line in _lines(path):
        where = f"{path}: line {number}"
        try:
            row = json.loads(line)
        except ValueError as error:
            raise RecordError(f"{where}: no JSON ({error})") from None
        if not isinstance(row, dict):
            raise RecordError(f"{where}: a JSON object is expected, not {type(row).__name__}")
        for key in keys:
            if key not in row:
                raise RecordError(f"{where}: key '{key}' is missing; every row needs {', '.join(keys)}")
            if not isinstance(row[key], str) and not (key == "id" and isinstance(row[key], int)):
                raise RecordError(f"{where}: key '{key}' must be text, not {type(row[key]).__name__}")
        if "id" in keys and (first := seen.setdefault(row["id"], number)) != number:
            raise RecordError(f"{where}: id '{row['id']}' stands in line {first} already")
        rows.append(row)
    return rows


def write(rows: Iterable[dict], path: str | Path) -> None:
    """Write rows as JSON lines, all or nothing: a killed program leaves no half file."""
    with atomic.writing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _lines(path: str | Path) -> Iterator[tuple[int, str]]:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RecordError(f"{path}: not UTF-8 ({error.reason} at byte {error.start})") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line
