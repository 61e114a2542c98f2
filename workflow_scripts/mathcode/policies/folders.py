"""Policies on disk: Hugging Face folders, loaded, and saved whole or not at all."""

import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mathcode.core import atomic, garbage
from mathcode.core.errors import UserError, first_line, ran_out_of_memory


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
        model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=getattr(torch, dtype))
    garbage.collect_as_usual()
    return model


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


def require(folder: str | Path) -> None:
    if not (Path(folder) / "config.json").is_file():
        raise ModelError(f"{folder}: no model here (config.json is missing)")
