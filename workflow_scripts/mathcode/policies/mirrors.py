"""Base models from elsewhere: downloaded from the hub, kept in a mirror folder with their checksums, linked or copied."""

import json
import os
import shutil
from pathlib import Path

from mathcode.core import atomic, provenance
from mathcode.core.errors import InputError, first_line
from mathcode.policies.folders import ModelError, require

CHECKSUMS = "SHA256SUMS"
"""File of a mirrored model folder: the checksums of the others."""
ORIGIN = "origin.json"
"""File of a mirrored model folder: which model of the hub it is."""
WEIGHTS = ("*.safetensors", "pytorch_model*.bin")
"""Files of weights: those that are looked for first, and those of models that have none of these."""


def link_policy(source: str | Path, folder: str | Path) -> None:
    """Make `folder` a policy that is `source` unchanged: a folder of links, no copied weights."""
    require_whole(source)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(Path(source).iterdir()):
        if file.name in (CHECKSUMS, ORIGIN):
            continue
        target = folder / file.name
        target.unlink(missing_ok=True)
        target.symlink_to(os.path.relpath(file.resolve(), folder.resolve()))


def copy_policy(source: str | Path, folder: str | Path) -> None:
    """Copy a policy folder whole, whose files may be links, after a look at its checksums."""
    require_whole(source)
    check_checksums(source)
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = atomic.unfinished(folder)
    shutil.copytree(source, unfinished)
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.replace(folder)


def in_mirror(mirror: str | Path, family: str) -> Path:
    """The folder of a family's base model in a mirror folder."""
    return Path(mirror) / "models" / family


def download(family: str, hub: str | None, revision: str | None, folder: str | Path) -> str:
    """Download a family's hub model at a revision: settings, tokenizer and weights, safetensors or where there are none PyTorch's.

    Returns:
        The commit that the revision was.

    Raises:
        InputError: the family, which has no local folder, names no hub model either.
        ModelError: the hub cannot be reached, has no such model or revision, or no weights in it.
    """
    if not hub:
        raise InputError(f"family '{family}' names neither a local folder (path) nor a hub model (hub)")
    from httpx2 import HTTPError
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import GatedRepoError, HFValidationError, LocalEntryNotFoundError

    try:
        commit = HfApi().model_info(hub, revision=revision).sha  # without a network: an error, not the part that is there already
        for weights in WEIGHTS:
            snapshot_download(
                hub, revision=commit, local_dir=str(folder), allow_patterns=["*.json", "*.model", "*.txt", "*.jinja", weights]
            )
            if any(Path(folder).glob(weights)):
                require_whole(folder)
                break
        else:
            raise ModelError(f"{hub} at {revision or 'its newest revision'} has no weights: no *.safetensors and no pytorch_model*.bin")
    except GatedRepoError as error:
        raise ModelError(
            f"{hub} is a gated model: accept its licence at {constants.ENDPOINT}/{hub}, and put a token of that account into HF_TOKEN"
        ) from error
    except (HTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(
            f"{hub} at {revision or 'its newest revision'} cannot be downloaded from the hub ({first_line(error)});"
            " name a local folder instead: key 'path' in config/families.yaml"
        ) from error
    shutil.rmtree(Path(folder) / ".cache", ignore_errors=True)
    return commit


def write_checksums(folder: str | Path) -> None:
    """Write the SHA-256 of every file of a folder beside them, as `sha256sum` does: `sha256sum -c` checks them too."""
    files = [file for file in sorted(Path(folder).iterdir()) if file.is_file() and file.name != CHECKSUMS]
    atomic.write_text(Path(folder) / CHECKSUMS, "".join(f"{provenance.file_digest(file)}  {file.name}\n" for file in files))


def check_checksums(folder: str | Path) -> None:
    """Compare the files of a folder with their checksums, where it has any.

    Raises:
        ModelError: a file is missing, or not what it was.
    """
    listed = Path(folder) / CHECKSUMS
    for line in filter(str.strip, listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []):
        expected, _, name = line.partition(" ")
        name = name[1:]  # behind a second blank, or the star of a file that was read as binary
        if not (Path(folder) / name).is_file():
            raise ModelError(f"{listed}: there is no file {name}: copy the folder again, whole")
        if provenance.file_digest(Path(folder) / name) != expected:
            raise ModelError(f"{Path(folder) / name}: not the file whose checksum is in {CHECKSUMS}: copy it again")


def write_origin(folder: str | Path, hub: str, revision: str | None, commit: str) -> None:
    """Write beside a downloaded model which one it is: its hub id, the revision that was asked for, and the commit that this was."""
    told = {"hub": hub, "revision": revision, "commit": commit}
    atomic.write_text(Path(folder) / ORIGIN, json.dumps(told, indent=2) + "\n")


def check_origin(folder: str | Path, hub: str | None, revision: str | None) -> None:
    """Compare a mirrored model with what the settings name, where it was downloaded.

    Raises:
        ModelError: it is another model, or another revision of it, or nothing says which.
    """
    origin = Path(folder) / ORIGIN
    if not hub or not origin.is_file():
        return
    try:
        kept = json.loads(origin.read_text(encoding="utf-8"))
        _ = kept["hub"], kept["revision"], kept["commit"]
    except (ValueError, LookupError, TypeError) as error:
        raise ModelError(f"{origin}: it does not say which model this is: remove the folder, and fill the mirror again") from error
    if kept["hub"] != hub or revision not in (None, kept["revision"], kept["commit"]):
        raise ModelError(
            f"{folder} holds {kept['hub']} at {kept['commit']}, and the settings name {hub} at {revision or 'its newest revision'}:"
            " remove the folder, and fill the mirror again"
        )


def require_whole(folder: str | Path) -> None:
    """Refuse a folder that holds no model, or a part of one.

    Raises:
        ModelError: there is no config.json, no weights, or not every file that an index of the weights names.
    """
    require(folder)
    weights = [pattern for pattern in WEIGHTS if any(Path(folder).glob(pattern)) or any(Path(folder).glob(f"{pattern}.index.json"))]
    if not weights:
        raise ModelError(f"{folder}: no weights here ({' or '.join(WEIGHTS)}): download or copy the model again, whole")
    for index in sorted(Path(folder).glob(f"{weights[0]}.index.json")):
        for name in _named(index):
            if not (index.parent / name).is_file():
                raise ModelError(f"{index}: there is no file {name}: download or copy the model again, whole")


def _named(index: Path) -> list[str]:
    """The files that an index of weights names."""
    try:
        return sorted({*json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()})
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise ModelError(f"{index}: no readable index of weights: download or copy the model again, whole") from error
