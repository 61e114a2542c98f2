"""Raw sources: find them, check them, and read their records.

A source comes from the first of these places that has it: a mirror folder (fetched before, as `raw/NAME` in it, or its files, which come
first where no checksum fixes one), its files' public addresses, its hub dataset, or the generator. What was found is kept as it is beside
a manifest (origin, rows, SHA-256 of the uncompressed bytes), so every later stage knows what it stands on.
"""

import csv
import gzip
import hashlib
import json
import logging
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from mathcode import settings
from mathcode.core import atomic, json_lines
from mathcode.core.errors import UserError, first_line
from mathcode.data import addresses

log = logging.getLogger(__name__)

RAW = "raw"
"""Folder of fetched sources in a mirror."""
FETCHED = Path("data/raw")
"""Folder of fetched sources, from the root of the repository."""
MANIFEST = "manifest.json"
RECORDS = "records.jsonl.gz"
"""Where records of a hub dataset or of the generator are kept."""

_SUFFIXES = (".jsonl", ".jsonl.gz", ".json", ".json.gz", ".csv", ".csv.gz", ".parquet")
_BEGINNING = 2**20
"""Bytes of a JSON list that are read for its first record."""


class SourceError(UserError):
    """A source is missing, damaged, or not what its checksum and row count say."""


class _NotHereError(Exception):
    """This place does not have the source; another one may."""


def fetch(name: str, source: settings.Source, mirror: str | Path | None, out: str | Path) -> dict[str, Any]:
    """Put a source under `out`, complete and checked, or leave `out` untouched.

    Args:
        name: the source's name, for messages and the manifest.
        source: what `config/sources.yaml` says of it.
        mirror: folder with copies of public files, laid out as their `path` says, or of fetched sources (`raw/NAME`); None: there is none.
        out: folder to make; an older one is replaced.

    Returns:
        The manifest.

    Raises:
        SourceError: no place has the source, or what it has is damaged or unexpected.
    """
    out = Path(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = atomic.unfinished(out)
    staging.mkdir()
    try:
        origin, files = _obtain(name, source, Path(mirror) if mirror else None, staging)
        manifest = {"source": name, "license": source.license, "origin": origin, "files": files}
        (staging / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        shutil.rmtree(out, ignore_errors=True)
        os.replace(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


def read_source(folder: str | Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """All records of a fetched source, each with the words that name its place ("path: row 3").

    Raises:
        SourceError: the folder was not made by `fetch`, or a file in it is damaged or short.
    """
    folder = Path(folder)
    for entry in _manifest(folder, "name", "rows")["files"]:
        name, rows = entry["name"], entry["rows"]
        count = 0
        for count, record in enumerate(read_records(folder / name), start=1):
            yield f"{folder / name}: row {count}", record
        if count != rows:
            raise SourceError(f"{folder / name}: {count} rows, its manifest says {rows}")


def own_files(source: settings.Source, mirror: str | Path | None) -> list[Path]:
    """Files of a source in the mirror folder that no checksum fixes, such as your own: edited since, they are newer than any copy."""
    return [path for file in source.files if mirror and file.sha256 is None and (path := Path(mirror, file.path)).is_file()]


def at_hand(name: str, source: settings.Source, mirror: str | Path | None, fetched: str | Path = FETCHED) -> dict[Path, int | None]:
    """Files on this machine that hold the records of a source, all and in order, each with its rows where a manifest says them.

    They are the source as it was fetched, else its copy in the mirror folder, else its files there; these come first where no checksum
    fixes one of them. None where it is not here.

    Raises:
        SourceError: a manifest cannot be read.
    """
    files = [Path(mirror) / file.path for file in source.files] if mirror else []
    mirrored = dict.fromkeys(files) if all(map(Path.is_file, files)) else {}
    if mirrored and own_files(source, mirror):
        return mirrored
    for folder in (Path(fetched) / name, *([Path(mirror) / RAW / name] if mirror else [])):
        if (folder / MANIFEST).is_file():
            return {folder / entry["name"]: entry["rows"] for entry in _manifest(folder, "name", "rows")["files"]}
    return mirrored


def count_rows(name: str, source: settings.Source, mirror: str | Path | None, fetched: str | Path = FETCHED) -> int | None:
    """Rows of a source whose files are on this machine, counted where no manifest says them; None where it is not here.

    Raises:
        SourceError: one of the files, or a manifest, cannot be read.
    """
    found = at_hand(name, source, mirror, fetched)
    return sum(sum(1 for _ in read_records(path)) if rows is None else rows for path, rows in found.items()) if found else None


def _manifest(folder: Path, *keys: str) -> dict[str, Any]:
    """The manifest of a fetched source; each of its files has these keys."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        _ = [entry[key] for entry in manifest["files"] for key in keys]
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"no readable manifest of a fetched source ({type(error).__name__}): remove the folder, and it is fetched again"
        raise SourceError(f"{path}: {reason}") from error
    return manifest


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
    with _opened(path) as file:
        text = file.read(_BEGINNING).decode("utf-8", errors="ignore").removeprefix(json_lines.BYTE_ORDER_MARK).lstrip()
    try:
        record, _ = json.JSONDecoder().raw_decode(text.removeprefix("[").lstrip())
    except (ValueError, RecursionError):
        return {}
    return record if text.startswith("[") and isinstance(record, dict) else {}


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _parsed(path: Path) -> Iterator[Any]:
    if path.suffix == ".parquet":
        yield from _parquet(path)
        return
    if ".csv" in path.suffixes:
        yield from _csv(path)
        return
    with _opened(path) as file:
        if ".jsonl" in path.suffixes:
            row = 0
            for number, line in enumerate(file, start=1):
                if line.strip():
                    row += 1
                    yield _json(line, f"{path}: row {row} (line {number})", first=number == 1)
            return
        value = _json(file.read(), str(path), first=True)
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
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, strict=True)
        try:
            names = next(lines, [])
            if len(set(names)) < len(names) or not all(names):
                raise SourceError(f"{path}: the header needs a name of its own for each column: {', '.join(names)}")
            for row, values in enumerate(filter(None, lines), start=1):
                if len(values) != len(names):
                    where = f"{path}: row {row} (line {lines.line_num})"
                    raise SourceError(f"{where}: {len(values)} values, and the header has {len(names)} names")
                yield dict(zip(names, values, strict=True))
        except csv.Error as error:
            raise SourceError(f"{path}: line {lines.line_num}: {error}") from error
        except UnicodeDecodeError as error:
            raise SourceError(f"{path}: not UTF-8 text (after line {lines.line_num}): save the file as UTF-8") from error


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    import polars as pl

    if not path.is_file():
        raise SourceError(f"{path}: no such file")
    try:
        frame = pl.read_parquet(path).with_columns(pl.col(pl.Float32).cast(pl.String).cast(pl.Float64))  # 0.1, not 0.10000000149
    except Exception as error:  # polars raises several unrelated types on damaged files
        raise SourceError(f"{path}: not a readable parquet file ({first_line(error)})") from error
    yield from frame.iter_rows(named=True)


def _obtain(name: str, source: settings.Source, mirror: Path | None, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """Try the places in turn; origin and description of the files put into `folder`."""
    if source.generate is not None:
        described = _keep_records(_generated(source.generate, name), folder, source.rows, name)
        return f"generated with {json.dumps(source.generate, sort_keys=True)}", [described]
    failures = []
    for place in (_from_copy, _from_mirror, _from_addresses, _from_hub):
        try:
            return place(name, source, mirror, folder)
        except _NotHereError as reason:
            failures += [str(reason)] * bool(str(reason))
    raise SourceError(f"source '{name}' cannot be fetched: {'; '.join(failures)}")


def _generated(arguments: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Records of the generator that the arguments name; `arithmetic` where they name none."""
    from mathcode.data import arithmetic, arithmetic_forms

    generators = {"arithmetic": arithmetic.generate, "arithmetic_forms": arithmetic_forms.generate}
    chosen = arguments.get("generator", "arithmetic")
    if chosen not in generators:
        raise SourceError(f"source '{name}': no generator '{chosen}'; there are: {', '.join(generators)}")
    return generators[chosen]({key: value for key, value in arguments.items() if key != "generator"})


def _from_copy(name: str, source: settings.Source, mirror: Path | None, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """A source that another machine has fetched, checked against its manifest and against what is configured now."""
    if mirror is None or own_files(source, mirror) or not (mirror / RAW / name / MANIFEST).is_file():
        raise _NotHereError
    manifest = _manifest(mirror / RAW / name, "name", "rows", "sha256")
    for position, entry in enumerate(manifest["files"]):
        copy = mirror / RAW / name / entry["name"]
        shutil.copyfile(copy, folder / entry["name"])
        _check(
            folder / entry["name"], settings.SourceFile(path=entry["name"], rows=entry["rows"], sha256=entry["sha256"]), str(copy), MANIFEST
        )
        if len(source.files) == len(manifest["files"]) and not manifest.get("origin", "").startswith("hub"):
            _check(folder / entry["name"], source.files[position], str(copy))
    return manifest.get("origin", "mirror"), manifest["files"]


def _from_mirror(name: str, source: settings.Source, mirror: Path | None, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    if not source.files:
        raise _NotHereError("it has no mirrored file")
    if mirror is None:
        raise _NotHereError(f"no mirror folder is configured (it would hold {', '.join(file.path for file in source.files)})")
    for file in source.files:
        if not (mirror / file.path).is_file():
            raise _NotHereError(f"mirror: no file {mirror / file.path}")
    for file in source.files:
        shutil.copyfile(mirror / file.path, folder / file.name)
    described = [_check(folder / file.name, file, str(mirror / file.path)) for file in source.files]
    return f"mirror: {', '.join(file.path for file in source.files)}", described


def _from_addresses(name: str, source: settings.Source, mirror: Path | None, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    if not source.files or not all(file.url for file in source.files):
        raise _NotHereError("no public address is configured")
    described = []
    for file in source.files:
        target = folder / file.name.removesuffix(".gz")  # an address may end in anything; what it gives is not compressed
        try:
            addresses.download(file.url, target)
        except addresses.AddressError as error:
            raise _NotHereError(str(error)) from error
        log.info("fetched %s", file.url)
        described.append(_check(target, file, file.url))
    return f"address: {', '.join(file.url for file in source.files)}", described


def _from_hub(name: str, source: settings.Source, mirror: Path | None, folder: Path) -> tuple[str, list[dict[str, Any]]]:
    if source.hub is None:
        raise _NotHereError("it has no hub dataset")
    place = f"{source.hub} at {source.revision or 'its newest revision'}"
    try:
        from datasets import load_dataset

        parts = [
            load_dataset(source.hub, subset.strip() or None, split=source.split, revision=source.revision)
            for subset in (source.subset or "").split(",")
        ]
    except Exception as error:  # the client raises many unrelated types; each means that the hub did not give it
        raise _NotHereError(f"hub dataset {place}: {first_line(error)}") from error
    records = (record for part in parts for record in part)
    return f"hub: {place}, {source.subset or 'default'}, {source.split}", [_keep_records(records, folder, source.rows, name)]


def _keep_records(records: Iterable[dict[str, Any]], folder: Path, rows: int | None, name: str) -> dict[str, Any]:
    """Write records as JSON lines; gzip without a date, so that equal records make equal bytes."""
    digest, count = hashlib.sha256(), 0
    with open(folder / RECORDS, "wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
        for record in records:
            line = (json_lines.dumps(record, default=str) + "\n").encode()
            digest.update(line)
            file.write(line)
            count += 1
    if count == 0 or (rows is not None and count != rows):
        raise SourceError(f"source '{name}' has {count} rows" + (f", config/sources.yaml says {rows}" if rows else ""))
    return {"name": RECORDS, "rows": count, "sha256": digest.hexdigest()}


def _check(path: Path, expected: settings.SourceFile, place: str, said_by: str = "config/sources.yaml") -> dict[str, Any]:
    """Compare a file with its checksum and row count; its description for the manifest."""
    try:
        sha256 = _sha256(path)
        if expected.sha256 is not None and sha256 != expected.sha256:
            raise SourceError(
                f"{place}: SHA-256 of the uncompressed bytes is {sha256}, {said_by} says {expected.sha256}; copy the file again"
            )
        rows = sum(1 for _ in read_records(path))
    except SourceError as error:
        raise SourceError(str(error).replace(str(path), place)) from error
    if rows != (expected.rows or rows) or not rows:
        raise SourceError(f"{place}: {rows} rows" + (f", {said_by} says {expected.rows}" if expected.rows else "; it is empty"))
    return {"name": path.name, "rows": rows, "sha256": sha256}


def _sha256(path: Path) -> str:
    """Of the uncompressed bytes, so that a recompressed copy is the same source."""
    try:
        with _opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: damaged gzip file ({error})") from error
