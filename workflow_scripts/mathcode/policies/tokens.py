"""Text to tokens, where text stays text: a question that holds `<|im_end|>` or a program that prints `</s>` makes no control token.

**Control tokens** are a tokenizer's special tokens, and those of its added tokens that look like a marker: brackets around no blank
(`<tool_call>`, `[INST]`), whether it calls them special or not. Other added tokens are vocabulary (the sentences of a method in a
tokenizer made for it, single letters in others). The frame of a prompt makes control tokens; nothing else that is encoded here does.

Text without a marker gets the tokens that the tokenizer itself gives it, to the byte. A marker in text is spelt like any other word, so
decoding gives it back, where decoding that skips special tokens would drop it.
"""

import copy
import functools
import re

from mathcode.core.errors import UserError

QUESTION = "{question}"
"""What stands for the question in a frame."""
_MARKER = re.compile(r"\s*[<\[{(⟨＜【「]\S+[>\]})⟩＞】」]\s*")


class TokenError(UserError):
    """A prompt is not in the frame it should be in."""


def encode_text(tokenizer, text: str) -> list[int]:
    """Tokens of a text that is no prompt: of a response, an output, a solution. No control token is among them."""
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids if control_tokens(tokenizer).isdisjoint(ids) and not _names_unknown(tokenizer, text) else _spelt(tokenizer, text)


def encode_prompts(tokenizer, prompts: list[str], frame: str) -> list[list[int]]:
    """Tokens of prompts of one frame, at one go: ten times as fast as one by one.

    The control tokens among them are those of the frame, and those the tokenizer puts around every text.

    Args:
        frame: what each prompt was made of by putting something in the place of `{question}`.

    Raises:
        TokenError: a prompt does not begin and end as the frame does.
    """
    ids = tokenizer(prompts)["input_ids"] if prompts else []
    return [_framed(tokenizer, prompt, own, frame) for prompt, own in zip(prompts, ids, strict=True)]


def _framed(tokenizer, prompt: str, ids: list[int], frame: str) -> list[int]:
    """Tokens of a prompt that the tokenizer reads as `ids`, where a control token in the question is none."""
    before, _, after = frame.partition(QUESTION)
    if len(prompt) < len(before) + len(after) or not (prompt.startswith(before) and prompt.endswith(after)):
        raise TokenError(f"the prompt {prompt[:40]!r} is not in the frame {frame!r}: was it made with another prompt profile?")
    controls = control_tokens(tokenizer)
    framing = tuple(token for token in ids if token in controls) == _framing(tokenizer, len(tokenizer), frame)
    if framing and not _names_unknown(tokenizer, prompt):
        return ids
    markers = _markers(tokenizer, len(tokenizer))
    pieces = [(before, True), (prompt[len(before) : len(prompt) - len(after)], False), (after, True)]
    made: list[int] = []
    text = ""
    for piece, makes_controls in pieces:
        parts = markers.split(piece) if makes_controls and markers.pattern else [piece]
        for place, part in enumerate(parts):
            if place % 2:
                made += [*_spelt(tokenizer, text), tokenizer.convert_tokens_to_ids(part)]
                text = ""
            else:
                text += part
    return _surrounded(tokenizer, [*made, *_spelt(tokenizer, text)])


def control_tokens(tokenizer) -> frozenset[int]:
    """Ids of the tokenizer's control tokens; not of the one for what it cannot spell, which any text may need."""
    return _control_ids(tokenizer, len(tokenizer))


@functools.lru_cache(maxsize=8)
def _control_ids(tokenizer, size: int) -> frozenset[int]:
    unknown = {tokenizer.unk_token_id} - {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
    return frozenset(_controls(tokenizer, size)) - unknown


def _names_unknown(tokenizer, text: str) -> bool:
    """Whether a text holds the marker of what cannot be spelt."""
    return tokenizer.unk_token is not None and tokenizer.unk_token in text


@functools.lru_cache(maxsize=8)
def _controls(tokenizer, size: int) -> dict[int, str]:
    """Its markers, by id; `size` tells apart a tokenizer before and after tokens were added."""
    added = {token: one.content for token, one in tokenizer.added_tokens_decoder.items() if one.special or _MARKER.fullmatch(one.content)}
    return {token: tokenizer.convert_ids_to_tokens(token) for token in tokenizer.all_special_ids} | added


@functools.lru_cache(maxsize=8)
def _markers(tokenizer, size: int) -> re.Pattern:
    """Finds control tokens in a frame; one group, so that a split keeps them."""
    contents = sorted(_controls(tokenizer, size).values(), key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, contents))})" if contents else "")


@functools.lru_cache(maxsize=8)
def _framing(tokenizer, size: int, frame: str) -> tuple[int, ...]:
    """Control tokens of a prompt whose question holds none."""
    controls = _controls(tokenizer, size)
    return tuple(token for token in tokenizer(frame.replace(QUESTION, "1"))["input_ids"] if token in controls)


@functools.lru_cache(maxsize=8)
def _plain(tokenizer, size: int):
    """The tokenizer without a sense for control tokens; the ids of all others are the same."""
    from tokenizers import AddedToken

    plain = copy.deepcopy(tokenizer.backend_tokenizer)
    plain.no_padding()
    plain.no_truncation()
    plain.add_special_tokens([AddedToken(content, special=True, normalized=False) for content in _controls(tokenizer, size).values()])
    plain.encode_special_tokens = True
    return plain


def _spelt(tokenizer, text: str) -> list[int]:
    """Tokens of a text in which control tokens are spelt; one that cannot be spelt, because it is a letter, is left out."""
    plain, controls = _plain(tokenizer, len(tokenizer)), control_tokens(tokenizer)
    ids = plain.encode(text, add_special_tokens=False).ids
    if controls.isdisjoint(ids):
        return ids
    letters = (plain.encode(letter, add_special_tokens=False).ids for letter in text)
    return [token for spelling in letters for token in spelling if token not in controls]


def _surrounded(tokenizer, ids: list[int]) -> list[int]:
    """Tokens with those that the tokenizer puts around every text (a begin of text, of some)."""
    whole, bare = tokenizer("1")["input_ids"], tokenizer("1", add_special_tokens=False)["input_ids"]
    first = next(place for place in range(len(whole)) if whole[place : place + len(bare)] == bare)
    return [*whole[:first], *ids, *whole[first + len(bare) :]]
