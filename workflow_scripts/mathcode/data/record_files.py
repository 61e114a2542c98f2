"""Records of raw files of every kind: JSON lines, one JSON list, CSV with a header (each gzip or not), parquet."""

import codecs
import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mathcode.core import json_lines
from mathcode.core.errors import UserError, first_line

csv.field_size_limit(2**31 - 1)  # a solution may be longer than the 131,072 characters that Python allows

_SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".csv", ".csv.gz", ".parquet")
_SEPARATORS = {";": "semicolons", "\t": "tabs"}
_BEGINNING = 2**20
"""Bytes of a JSON list that are read for its first record."""


class SourceError(UserError):
    """A source is missing, damaged, or not what its checksum and row count say."""


class HeaderError(SourceError):
    """The header of a CSV file names no columns."""


def read_records(path: str | Path) -> Iterator[dict[str, Any]]:
    """Records of a file of JSON lines, of one JSON list, of CSV with a header (each gzip or not), or of a parquet file, in order.

    Raises:
        SourceError: naming the file, and the row where there is one.
    """
    path = Path(path)
    if not path.name.endswith(_SUFFIXES):
        raise SourceError(f"{path}: unknown kind of file; known are {', '.join(_SUFFIXES)}")
    with _reading(path):
        for row, record in enumerate(_parsed(path), start=1):
            if not isinstance(record, dict):
                raise SourceError(f"{path}: row {row} is {json_lines.kind(record)}, not a JSON object")
            yield record


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say which file it is that cannot be read."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: damaged gzip file ({error})") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error.strerror or error})") from error


def column_names(path: str | Path) -> list[str]:
    """Names of the columns in the first record of a file, of which no more than the beginning is read (of parquet, what describes it).

    None where it has no record, or where the first record of a JSON list is longer than what is read.

    Raises:
        SourceError: the file cannot be read so far.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        return _described(path)
    if ".json" in path.suffixes:
        with _reading(path):
            return list(_begun(path))
    return list(next(read_records(path), {}))


def _described(path: Path) -> list[str]:
    import polars as pl

    try:
        return list(pl.read_parquet_schema(path))
    except Exception as error:  # as in _parquet
        raise SourceError(f"{path}: not a readable parquet file ({first_line(error)})") from error


def _begun(path: Path) -> dict[str, Any]:
    """The first record of a JSON list; an empty one where it does not end in the part that is read."""
    with opened(path) as file:
        text = file.read(_BEGINNING).decode("utf-8", errors="ignore").removeprefix(json_lines.BYTE_ORDER_MARK).lstrip()
    try:
        record, _ = json.JSONDecoder().raw_decode(text.removeprefix("[").lstrip())
    except (ValueError, RecursionError):
        return {}
    return record if text.startswith("[") and isinstance(record, dict) else {}


def opened(path: Path) -> IO[bytes]:
    """A file for its bytes, uncompressed."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _parsed(path: Path) -> Iterator[Any]:
    if path.suffix == ".parquet":
        yield from _parquet(path)
        return
    if ".csv" in path.suffixes:
        yield from _csv(path)
        return
    with opened(path) as file:
        if ".jsonl" in path.suffixes:
            row = 0
            for number, line in enumerate(file, start=1):
                if line.strip():
                    row += 1
                    yield _json(line, f"{path}: row {row} (line {number})", first=number == 1)
            return
        content = file.read()
    if content.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        lines = path.name.replace(".json", ".jsonl")
        raise SourceError(f"{path}: expected a JSON list of records; a file with one object on each line must be called {lines}")
    value = _json(content, str(path), first=True)
    if not isinstance(value, list):
        raise SourceError(f"{path}: expected a JSON list of records")
    yield from value


def _json(content: bytes, where: str, first: bool) -> Any:
    """What a line or a file holds; its `first` bytes may be a byte order mark."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{where}: not UTF-8 text (byte {error.start + 1}): save the file as UTF-8") from error
    try:
        return json_lines.value(text.removeprefix(json_lines.BYTE_ORDER_MARK) if first else text)
    except ValueError as error:
        raise SourceError(f"{where}: {error}") from error


def _csv(path: Path) -> Iterator[dict[str, str]]:
    """Rows of CSV by the names of its header: every value is a text."""
    unpacked = gzip.open if path.suffix == ".gz" else open
    with unpacked(path, "rt", encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, strict=True)
        try:
            names = next(lines, [])
            _refuse_header(names, path)
            for row, values in enumerate(filter(None, lines), start=1):
                if len(values) != len(names):
                    where = f"{path}: row {row} (line {lines.line_num})"
                    raise SourceError(f"{where}: {len(values)} values, and the header has {len(names)} names")
                yield dict(zip(names, values, strict=True))
        except csv.Error as error:
            raise SourceError(f"{path}: line {lines.line_num}: {error}") from error
        except UnicodeDecodeError as error:
            raise SourceError(f"{path}: not UTF-8 text (after line {lines.line_num}): save the file as UTF-8") from error


def _refuse_header(names: list[str], path: Path) -> None:
    """Refuse a header that does not name each column.

    Raises:
        HeaderError: it does not.
    """
    if len(names) == 1 and (separated := [words for sign, words in _SEPARATORS.items() if sign in names[0]]):
        raise HeaderError(f"{path}: its columns are separated by {separated[0]}: save the file with commas")
    if not all(names):
        ends = ", where the line ends in a comma" if not names[-1] else ""
        raise HeaderError(f"{path}: column {names.index('') + 1} has no name in the header{ends}: name it, or take it away")
    if len(set(names)) < len(names):
        raise HeaderError(f"{path}: the header needs a name of its own for each column: {', '.join(names)}")


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import polars as pl

    if not path.is_file():
        raise SourceError(f"{path}: no such file")
    try:
        frame = pl.read_parquet(path).with_columns(pl.col(pl.Float32).cast(pl.String).cast(pl.Float64))  # 0.1, not 0.10000000149
    except Exception as error:  # polars raises several unrelated types on damaged files
        raise SourceError(f"{path}: not a readable parquet file ({first_line(error)})") from error
    yield from frame.iter_rows(named=True)
