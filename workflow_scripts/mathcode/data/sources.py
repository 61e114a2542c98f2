"""Raw sources: find them, check them, and read their records.

A source comes from the first of these places that has it: a mirror folder (fetched before, as `raw/NAME` in it, or its files, which come
first where no checksum fixes one), its files' public addresses, its hub dataset, or the generator. What was found is kept as it is beside
a manifest (origin, rows, SHA-256 of the uncompressed bytes), so every later stage knows what it stands on.
"""

import gzip
import hashlib
import json
import logging
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mathcode import settings
from mathcode.core import atomic, json_lines
from mathcode.core.errors import first_line
from mathcode.data import addresses
from mathcode.data.record_files import SourceError, opened, read_records

log = logging.getLogger(__name__)

RAW = "raw"
"""Folder of fetched sources in a mirror."""
FETCHED = Path("data/raw")
"""Folder of fetched sources, from the root of the repository."""
MANIFEST = "manifest.json"
RECORDS = "records.jsonl.gz"
"""Where records of a hub dataset or of the generator are kept."""


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
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise SourceError(f"{path}: damaged gzip file ({error})") from error
