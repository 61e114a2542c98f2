"""Policies on disk: Hugging Face folders, loaded, linked, downloaded, and saved whole or not at all."""

import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mathcode.core import atomic, provenance
from mathcode.core.errors import InputError, UserError, first_line, ran_out_of_memory

CHECKSUMS = "SHA256SUMS"
"""File of a mirrored model folder: the checksums of the others."""


class ModelError(UserError):
    """A model folder is missing, incomplete, or not what the settings say."""


def load_tokenizer(folder: str | Path):
    """The tokenizer of a policy folder, with a padding token (the end-of-text token where there is none).

    Raises:
        ModelError: the folder has none that can be read, or one with neither of these tokens.
    """
    require(folder)
    with _reading(folder, "tokenizer"):
        tokenizer = _tokenizer_class(Path(folder)).from_pretrained(str(folder))
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.pad_token_id is None:
        raise ModelError(f"{folder}: its tokenizer has neither pad_token nor eos_token: name them in tokenizer_config.json")
    return tokenizer


@contextmanager
def _reading(folder: str | Path, what: str) -> Iterator[None]:
    """Say in one sentence what of a folder cannot be read: transformers and safetensors raise whatever comes up."""
    try:
        yield
    except Exception as error:
        if ran_out_of_memory(error):
            raise
        sentence = (
            f"{folder}: its {what} cannot be read ({first_line(error)}); the folder must be whole, and transformers must know its kind"
        )
        raise ModelError(sentence) from error


def _tokenizer_class(folder: Path):
    """The class that reads a folder's tokenizer. Where its settings name the general one, nothing is imported that needs torch."""
    described = folder / "tokenizer_config.json"
    if described.is_file() and json.loads(described.read_text(encoding="utf-8")).get("tokenizer_class") == "TokenizersBackend":
        from transformers import TokenizersBackend

        return TokenizersBackend
    from transformers import AutoTokenizer

    return AutoTokenizer


def load_policy(folder: str | Path, dtype: str):
    """The causal language model of a policy folder, in `dtype` (a torch type name), on the CPU.

    Where it is about to be sharded, the first process of a launch alone reads weights, which accelerate hands on to the others.

    Raises:
        ModelError: the folder holds no such model, or not all of it.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.integrations import is_fsdp_enabled

    require(folder)
    if is_fsdp_enabled() and os.environ.get("RANK", "0") != "0":
        return _without_weights(folder, getattr(torch, dtype))
    with _reading(folder, "language model"):
        return AutoModelForCausalLM.from_pretrained(str(folder), dtype=getattr(torch, dtype))


def _without_weights(folder: str | Path, dtype):
    """The model of a policy folder with memory set aside for its weights and not touched, so that no page of it is taken.

    transformers (5.19) would read them in every process and then write zeros over them: as much memory as the weights, in each.
    """
    import torch
    from accelerate import init_empty_weights
    from transformers import AutoConfig, AutoModelForCausalLM

    with init_empty_weights():  # parameters alone: buffers are no part of what is handed on
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(str(folder)), dtype=dtype)
    for module in model.modules():
        for name, weight in list(module.named_parameters(recurse=False)):
            setattr(module, name, torch.nn.Parameter(torch.empty_like(weight, device="cpu"), weight.requires_grad))
    model.tie_weights()
    return model


def refuse_beyond(folder: str | Path, tokens: int, setting: str) -> None:
    """Refuse a setting that asks for longer texts than a policy was made for.

    Raises:
        ModelError: its config.json cannot be read, or allows fewer tokens (where positions are stretched, nothing is refused).
    """
    require(folder)
    with _reading(folder, "config.json"):
        described = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    stretched = any("factor" in (described.get(key) or {}) for key in ("rope_scaling", "rope_parameters"))
    positions = described.get("max_position_embeddings")
    if positions is not None and not stretched and tokens > positions:
        raise ModelError(f"{folder}: {setting} is {tokens}, and the model has {positions} positions (config.json): lower the setting")


def count_weights(folder: str | Path) -> int | None:
    """Numbers in the safetensors of a model folder, by their headers alone; None where it has no such file.

    Raises:
        ModelError: a file's header cannot be read.
    """
    from safetensors import safe_open

    files, count = sorted(Path(folder).glob("model*.safetensors")), 0
    for path in files:
        with _reading(folder, path.name), safe_open(path, framework="numpy") as weights:
            names = weights.keys()
            count += sum(math.prod(weights.get_slice(name).get_shape()) for name in names)
    return count if files else None


def end_tokens(model, tokenizer) -> set[int]:
    """Every token id that ends a response: the tokenizer's, and those the model's generation settings add."""
    listed = model.generation_config.eos_token_id
    listed = listed if isinstance(listed, list) else [listed]
    return {token for token in [tokenizer.eos_token_id, *listed] if token is not None}


def save_policy(model, tokenizer, folder: str | Path, weights: dict | None = None, dtype: str | None = None) -> None:
    """Write weights (adapters merged), settings and tokenizer to `folder`, which appears only when complete.

    `weights` stand for the model's own where those are spread over processes. A tied matrix, which they name twice, is written once.
    They are written as `dtype`, such as "bfloat16", half the size of float32; None: as they are.

    Raises:
        ModelError: the folder could not be written.
    """
    from safetensors import SafetensorError

    folder = Path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = atomic.unfinished(folder)
        try:
            _write(model, tokenizer, temporary, weights, dtype)
            for file in temporary.iterdir():  # before whoever wrote it deletes the checkpoints
                atomic.sync(file)
            shutil.rmtree(folder, ignore_errors=True)  # Snakemake makes the folder of a directory() output beforehand
            os.replace(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{folder}: the policy could not be written ({error})") from error


def _write(model, tokenizer, folder: Path, weights: dict | None, dtype: str | None) -> None:
    """The files of `save_policy`."""
    import torch

    merged = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
    merged.config.use_cache = True
    if dtype is not None:
        weights = {name: weight.to(getattr(torch, dtype)) for name, weight in (weights or merged.state_dict()).items()}
    if weights is not None:
        weights = {name: weight for name, weight in weights.items() if name not in merged.all_tied_weights_keys}
    merged.save_pretrained(folder, state_dict=weights)
    if dtype is not None:  # else it would tell whoever loads it the type of the model in memory
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        (folder / "config.json").write_text(json.dumps(settings | {"dtype": dtype}, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    tokenizer.save_pretrained(folder)


def link_policy(source: str | Path, folder: str | Path) -> None:
    """Make `folder` a policy that is `source` unchanged: a folder of links, no copied weights."""
    require(source)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(Path(source).iterdir()):
        if file.name == CHECKSUMS:
            continue
        target = folder / file.name
        target.unlink(missing_ok=True)
        target.symlink_to(os.path.relpath(file.resolve(), folder.resolve()))


def copy_policy(source: str | Path, folder: str | Path) -> None:
    """Copy a policy folder whole, whose files may be links, after a look at its checksums."""
    require(source)
    check_checksums(source)
    shutil.copytree(source, folder, dirs_exist_ok=True)


def in_mirror(mirror: str | Path, family: str) -> Path:
    """The folder of a family's base model in a mirror folder."""
    return Path(mirror) / "models" / family


def download(family: str, hub: str | None, revision: str | None, folder: str | Path) -> None:
    """Download a family's hub model at a revision: settings, tokenizer and weights, safetensors or where there are none PyTorch's.

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
        for weights in ("*.safetensors", "pytorch_model*.bin"):
            snapshot_download(
                hub, revision=commit, local_dir=str(folder), allow_patterns=["*.json", "*.model", "*.txt", "*.jinja", weights]
            )
            if any(Path(folder).glob(weights)):
                require_whole(folder, weights)
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
    for line in listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []:
        expected, _, name = line.partition("  ")
        if not (Path(folder) / name).is_file():
            raise ModelError(f"{listed}: there is no file {name}: copy the folder again, whole")
        if provenance.file_digest(Path(folder) / name) != expected:
            raise ModelError(f"{Path(folder) / name}: not the file whose checksum is in {CHECKSUMS}: copy it again")


def require_whole(folder: str | Path, weights: str) -> None:
    """Refuse a model whose weights, `*.safetensors` or the like, are in several files, some of which are missing.

    Raises:
        ModelError: a file that its index names is not there.
    """
    for index in sorted(Path(folder).glob(f"{weights}.index.json")):
        for name in sorted({*json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()}):
            if not (index.parent / name).is_file():
                raise ModelError(f"{index}: there is no file {name}: download or copy the model again, whole")


def require(folder: str | Path) -> None:
    if not (Path(folder) / "config.json").is_file():
        raise ModelError(f"{folder}: no model here (config.json is missing)")
