"""Policies on disk: Hugging Face folders, loaded, built from scratch, saved whole or not at all."""

import hashlib
import os
import re
import shutil
import string
from pathlib import Path

from autocode import settings
from autocode.transcript import CODE_FENCE, CUES, HINTS, OUTPUT_FENCE


class ModelError(Exception):
    """A model folder is missing, incomplete, or not what the settings say."""


END_OF_TEXT = "<|end|>"
PAD = "<|pad|>"


def load_tokenizer(folder: str | Path):
    """The tokenizer of a policy folder, with a padding token (the end-of-text token where there is none)."""
    from transformers import AutoTokenizer

    _require(folder)
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_policy(folder: str | Path, dtype: str):
    """The causal language model of a policy folder, in `dtype` (a torch type name), on the CPU.

    Where it is about to be sharded, the first process of a launch alone reads weights, which accelerate hands on to the others.
    """
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.integrations import is_fsdp_enabled

    _require(folder)
    if is_fsdp_enabled() and os.environ.get("RANK", "0") != "0":
        return _without_weights(folder, getattr(torch, dtype))
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


def end_tokens(model, tokenizer) -> set[int]:
    """Every token id that ends a response: the tokenizer's, and those the model's generation settings add."""
    listed = model.generation_config.eos_token_id
    listed = listed if isinstance(listed, list) else [listed]
    return {token for token in [tokenizer.eos_token_id, *listed] if token is not None}


def build_tokenizer(texts: list[str], vocabulary: int):
    """A small byte-free BPE tokenizer for a model built from scratch, trained on `texts`.

    Digits stand alone, and every fixed phrase of a response (cues, hints, fences, the answer sentence) is one token, so
    the decision between the methodologies is exactly one token.
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
    from tokenizers.decoders import Fuse
    from transformers import PreTrainedTokenizerFast

    phrases = [*CUES.values(), *HINTS.values(), f"{CODE_FENCE}\n", OUTPUT_FENCE, "\n```\n", "The answer is \\boxed{", "}."]
    alphabet = sorted({character for text in texts for character in text} | set(string.printable[:95]) | {"\n"})
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r" ?\d| ?[A-Za-z]+|\n| ?[^\sA-Za-z\d]| "), behavior="isolated")
    tokenizer.decoder = Fuse()
    trainer = trainers.BpeTrainer(
        vocab_size=max(vocabulary - len(phrases), len(alphabet) + 2),
        special_tokens=[PAD, END_OF_TEXT],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    pieces = _without_phrases(texts, phrases)
    tokenizer.train_from_iterator(pieces, trainer)
    tokenizer.add_tokens(phrases)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token=END_OF_TEXT, pad_token=PAD, clean_up_tokenization_spaces=False, padding_side="left"
    )


def build_policy(scratch: settings.Scratch, vocabulary: int, end: int, pad: int, seed: int):
    """A randomly initialised Llama of the given size (fp32), seeded."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=scratch.hidden,
        intermediate_size=scratch.intermediate,
        num_hidden_layers=scratch.layers,
        num_attention_heads=scratch.heads,
        num_key_value_heads=scratch.heads,
        max_position_embeddings=scratch.positions,
        rope_parameters={"rope_type": "default", "rope_theta": scratch.rope_theta},
        initializer_range=scratch.initializer_range,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=pad,
    )
    return LlamaForCausalLM(config)


def base_policy(family: settings.Family, base: str | None, texts: list[str], seed: int):
    """Model and tokenizer a family starts from: its base folder, or a Llama built here with a tokenizer trained on `texts`."""
    if family.scratch is None:
        return load_policy(base, family.train_dtype), load_tokenizer(base)
    tokenizer = build_tokenizer(texts, family.scratch.vocabulary)
    return build_policy(family.scratch, len(tokenizer), tokenizer.eos_token_id, tokenizer.pad_token_id, seed), tokenizer


def trainable(model, family: settings.Family, seed: int):
    """The model as the family trains it: whole, or through LoRA adapters; big models trade time for memory on a GPU."""
    import torch

    model.config.use_cache = False
    if torch.cuda.is_available() and model.num_parameters() > 1e9:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    return add_lora(model, family.lora, seed) if family.lora else model


def add_lora(model, lora: settings.Lora, seed: int):
    """The model with LoRA adapters on all linear layers but the output head; only they train."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(seed)
    return get_peft_model(
        model, LoraConfig(r=lora.rank, lora_alpha=lora.alpha, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    )


def save_policy(model, tokenizer, folder: str | Path, weights: dict | None = None) -> None:
    """Write weights (adapters merged), settings and tokenizer to `folder`, which appears only when complete.

    `weights` stand for the model's own where those are spread over processes. A tied matrix, which they name twice, is written once.

    Raises:
        ModelError: the folder could not be written.
    """
    from safetensors import SafetensorError

    folder = Path(folder)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        merged = model.merge_and_unload() if hasattr(model, "merge_and_unload") else model
        merged.config.use_cache = True
        if weights is not None:
            weights = {name: weight for name, weight in weights.items() if name not in merged.all_tied_weights_keys}
        merged.save_pretrained(temporary, state_dict=weights)
        tokenizer.save_pretrained(temporary)
        shutil.rmtree(folder, ignore_errors=True)  # Snakemake makes the folder of a directory() output beforehand
        os.replace(temporary, folder)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{folder}: the policy could not be written ({error})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def link_policy(source: str | Path, folder: str | Path) -> None:
    """Make `folder` a policy that is `source` unchanged: a folder of links, no copied weights."""
    _require(source)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file in sorted(Path(source).iterdir()):
        target = folder / file.name
        target.unlink(missing_ok=True)
        target.symlink_to(os.path.relpath(file.resolve(), folder.resolve()))


def download(hub: str, revision: str | None, folder: str | Path) -> None:
    """Download the settings, the tokenizer and the weights of a hub model at a revision: safetensors, or where there are none PyTorch's.

    Raises:
        ModelError: the hub cannot be reached, has no such model or revision, or no weights in it.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        for weights in ("*.safetensors", "pytorch_model*.bin"):
            snapshot_download(
                hub, revision=revision, local_dir=str(folder), allow_patterns=["*.json", "*.model", "*.txt", "*.jinja", weights]
            )
            if any(Path(folder).glob(weights)):
                break
        else:
            raise ModelError(f"{hub} at {revision or 'its newest revision'} has no weights: no *.safetensors and no pytorch_model*.bin")
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise ModelError(
            f"{hub} at {revision or 'its newest revision'} cannot be had from the hub ({first});"
            " name a local folder instead: key 'path' in config/families.yaml"
        ) from error
    shutil.rmtree(Path(folder) / ".cache", ignore_errors=True)


def digest(folder: str | Path) -> str:
    """sha256 over names and bytes of a policy folder: equal policies, equal digest."""
    _require(folder)
    total = hashlib.sha256()
    for file in sorted(Path(folder).iterdir()):
        if file.suffix in {".json", ".safetensors", ".bin", ".jinja", ".model", ".txt"}:
            with open(file, "rb") as handle:
                total.update(file.name.encode() + hashlib.file_digest(handle, "sha256").digest())
    return total.hexdigest()


def discard(checkpoints: str | Path) -> None:
    """Remove a checkpoint folder whose result has been written."""
    shutil.rmtree(checkpoints, ignore_errors=True)


def _require(folder: str | Path) -> None:
    if not (Path(folder) / "config.json").is_file():
        raise ModelError(f"{folder}: no model here (config.json is missing)")


def _without_phrases(texts: list[str], phrases: list[str]) -> list[str]:
    """Texts cut at the fixed phrases, so that BPE merges are not spent on them."""
    cut = re.compile("|".join(re.escape(phrase) for phrase in phrases))
    return [piece for text in texts for piece in cut.split(text) if piece]
