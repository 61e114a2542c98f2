"""JSON lines in and out: one object a line, checked row by row, and written so that any reader can read them.

The programs that are useful alone read their rows here. `value` and `kind` are for whoever else reads JSON that is not ours.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from mathcode.core import atomic
from mathcode.core.errors import UserError

BYTE_ORDER_MARK = "\ufeff"
_DIGITS = 4300
"""Digits of the largest whole number that Python makes of text."""
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")
"""Written as escapes: half a surrogate pair is no UTF-8, and some readers end a line at the others or drop them."""
_KINDS = {str: "text", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object", type(None): "null"}


class RecordError(UserError):
    """A file of JSON lines does not hold what is expected; the message names file, line and key."""


class _Long(float):
    """A whole number of more digits than Python reads: whoever needs its digits needs it as text."""


def read(path: str | Path, keys: Iterable[str], optional: Iterable[str] = ()) -> list[dict[str, str]]:
    """Rows of a JSON-lines file in UTF-8; blank lines and a byte order mark are skipped, further keys are kept.

    Args:
        keys: what every row must hold, as text ("id" may be a whole number too); ids may not repeat.
        optional: what must be text where a row holds it.

    Raises:
        RecordError: a line is no JSON object, lacks a key, holds something else than text, or repeats an id or a key.
    """
    keys, rows, seen = list(keys), [], {}
    for number, line in _lines(path):
        where = f"{path}: line {number}"
        try:
            row = value(line)
        except ValueError as error:
            raise RecordError(f"{where}: {error}; every line must be one JSON object") from None
        if not isinstance(row, dict):
            raise RecordError(f"{where}: a JSON object is expected, not {kind(row)}")
        for key in [*keys, *(key for key in optional if key in row)]:
            if key not in row:
                raise RecordError(f"{where}: key '{key}' is missing; every row needs {', '.join(keys)}")
            if not isinstance(row[key], str) and not (key == "id" and type(row[key]) is int):
                raise RecordError(f"{where}: key '{key}' must be text, not {kind(row[key])}")
        if "id" in keys and (first := seen.setdefault(row["id"], number)) != number:
            raise RecordError(f"{where}: id {dumps(row['id'])} stands in line {first} already")
        rows.append(row)
    return rows


def write(rows: Iterable[dict], path: str | Path) -> None:
    """Write rows as JSON lines, all or nothing: a killed program leaves no half file."""
    with atomic.writing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            file.write(dumps(row) + "\n")


def dumps(content: Any, default: Callable[[Any], Any] | None = None) -> str:
    """JSON on one line, readable where it can be; what breaks readers is escaped, and reads as what it was.

    Args:
        default: makes something that JSON knows of a value that it does not.
    """
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(content, ensure_ascii=False, default=default))


def value(text: str) -> Any:
    """What a JSON text holds.

    Raises:
        ValueError: it is no JSON, nested too deeply, or an object of it has a key twice; the message is half a sentence.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_whole)
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON ({error.msg.removesuffix(' at')} at character {error.pos + 1})") from None
    except RecursionError:
        raise ValueError("no JSON (nested too deeply)") from None


def kind(content: Any) -> str:
    """What a JSON value is, in words."""
    return _KINDS.get(type(content), "a number" if isinstance(content, float) else type(content).__name__)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, content in pairs:
        if name in made:
            raise ValueError(f"key '{name}' stands twice")
        made[name] = content
    return made


def _whole(digits: str) -> int | _Long:
    return int(digits) if len(digits) <= _DIGITS else _Long(digits)


def _lines(path: str | Path) -> Iterator[tuple[int, str]]:
    content = Path(path).read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RecordError(f"{path}: line {line}: not UTF-8 ({error.reason} at byte {error.start + 1})") from None
    for number, line in enumerate(text.removeprefix(BYTE_ORDER_MARK).split("\n"), start=1):
        if line.strip():
            yield number, line
