"""Policies from scratch: a small Llama with random weights, and a tokenizer trained on the text it will see."""

import re
import string

from mathcode import settings

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


def build(scratch: settings.Scratch, texts: list[str], phrases: list[str], seed: int):
    """A Llama with random weights, and its tokenizer, trained on `texts`."""
    tokenizer = build_tokenizer(texts, scratch.vocabulary, phrases)
    return build_policy(scratch, len(tokenizer), tokenizer.eos_token_id, tokenizer.pad_token_id, seed), tokenizer


def _without_phrases(texts: list[str], phrases: list[str]) -> list[str]:
    """Texts cut at the fixed phrases, so that BPE merges are not spent on them."""
    cut = re.compile("|".join(re.escape(phrase) for phrase in phrases))
    return [piece for text in texts for piece in cut.split(text) if piece]
