"""Policies on disk: Hugging Face folders, loaded, built from scratch, saved whole or not at all."""

import re
import string

from mathcode import settings
from mathcode.policies.folders import load_policy, load_tokenizer

END_OF_TEXT = "<|end|>"
PAD = "<|pad|>"


def build_tokenizer(texts: list[str], vocabulary: int, phrases: list[str]):
    """A small byte-free BPE tokenizer for a model built from scratch, trained on `texts`.

    Digits stand alone. Every fixed phrase of a response is one token, so that the decision between methodologies is exactly one.
    """
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
    from tokenizers.decoders import Fuse
    from transformers import PreTrainedTokenizerFast

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


def base_policy(family: settings.Family, base: str | None, texts: list[str], phrases: list[str], seed: int):
    """Model and tokenizer a family starts from: its base folder, or a Llama built here with a tokenizer trained on `texts`."""
    if family.scratch is None:
        return load_policy(base, family.train_dtype), load_tokenizer(base)
    tokenizer = build_tokenizer(texts, family.scratch.vocabulary, phrases)
    return build_policy(family.scratch, len(tokenizer), tokenizer.eos_token_id, tokenizer.pad_token_id, seed), tokenizer


def _without_phrases(texts: list[str], phrases: list[str]) -> list[str]:
    """Texts cut at the fixed phrases, so that BPE merges are not spent on them."""
    cut = re.compile("|".join(re.escape(phrase) for phrase in phrases))
    return [piece for text in texts for piece in cut.split(text) if piece]
