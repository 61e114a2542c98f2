"""The spans of a response: prose, thinking, programs, outputs and hints, which join to its text again; all readers of responses start here.

The model writes up to and including the ```output fence; what follows, up to and including the closing fence, is execution output,
shown to the model and never learned. An output belongs to the program before it; without one it is text that the model wrote itself.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from mathcode.responses.fences import SHELLS, Block, blocks

CODE_FENCE = "```python"
OUTPUT_FENCE = "```output"
CLOSE_FENCE = "```"
ALTERED_FENCE = "'''"

END_MARKS = (
    r"<\|(?:im_end|endoftext|eot_id|eom_id|end_of_text|end|return|EOT|im_start|start_header_id|start)\|>|</s>|<eos>|<end_of_turn>|"
    r"<start_of_turn>|<｜end▁of▁sentence｜>|<｜(?:User|Assistant)｜>|<\|(?:user|assistant|system|human)\|>|\[/?INST\]"
)
"""Marks of models for the end of a text or of a turn, as they stand in texts whose special tokens were not taken out."""

_THOUGHTS = r"think|thinking|thought|thoughts|reasoning|scratchpad|analysis|inner_monologue|seed:think"
_TAGS = re.compile(
    rf"(?P<open><(?:{_THOUGHTS})\s?>|<\|(?:begin_of_thought|begin_of_thinking|thinking|think)\|>|◁think▷|\[THINK\]|"
    r"<\|channel\|>(?:analysis|commentary)<\|message\|>)|"
    rf"(?P<close></\s?(?:{_THOUGHTS})\s?>|<\|(?:end_of_thought|end_of_thinking|/thinking|/think)\|>|◁/think▷|\[/THINK\]|"
    r"<\|channel\|>final<\|message\|>)",
    re.IGNORECASE,
)
_TAG_HINT = re.compile(r"<[/|A-Za-z]|◁|\[/?T")
_LISTED = re.compile(
    r"<(code|tool_call|tool_response|tool_result|execute|interpreter)>|</(code|tool_call|tool_response|"
    r"tool_result|execute|interpreter)>"
)
_QUOTES = "`'\"‘“"


@dataclass(frozen=True)
class Span:
    """A stretch of a response.

    Attributes:
        kind: `prose`, `thinking`, `program`, `output`, `asked` (an output's fence at the end, with nothing behind it), `listing` (code
            that nobody runs), `hint` (a method's, between two attempts) or `run_on` (what follows the end of the answer; told apart
            by `mathcode.responses.reading`).
        start, end: where it stands in the text.
        block: of a program, an output or a listing: its fences.
        thought: whether it stands within thinking.
        program: of an output: the number of its program among the programs.
    """

    kind: str
    start: int
    end: int
    block: Block | None = None
    thought: bool = False
    program: int | None = None


@dataclass(frozen=True)
class Segment:
    """A stretch of a response: written by the model, or shown to it."""

    text: str
    generated: bool


@dataclass(frozen=True)
class Round:
    """A program of a response, and its output; None where it has none."""

    program: str
    output: str | None
    thought: bool = False


@lru_cache(maxsize=256)
def spans(text: str, hints: tuple[str, ...] = ()) -> tuple[Span, ...]:
    """The spans of a text in order: none is empty, each begins where the one before ends.

    Args:
        hints: sentences of a method that stand between two attempts.
    """
    fenced = [block for block in blocks(text, _stops(hints)) if block.kind != "text"]
    gaps = list(_gaps(fenced, len(text)))
    thoughts = _thinking(text, gaps)
    parts: list[Span] = []
    for start, end in gaps:
        parts += _split(text, start, end, thoughts, hints)
    parts += [Span(block.kind, block.start, block.end, block, _within(block.start, thoughts)) for block in fenced]
    return tuple(_joined(_owned(sorted(parts, key=lambda part: part.start), text)))


def rounds(parts: Sequence[Span], text: str) -> list[Round]:
    """The closed programs among spans of a text, each with its output."""
    found = [part for part in parts if part.kind == "program" and part.block.closed]
    shown = {part.program: part.block.read(text) for part in parts if part.kind == "output"}
    return [Round(part.block.read(text), shown.get(number), part.thought) for number, part in enumerate(found)]


def programs(text: str) -> list[str]:
    """The closed programs of `text`, in order."""
    return [one.program for one in rounds(spans(text), text)]


def outputs(text: str) -> list[str]:
    """The outputs of the programs of `text`, in order."""
    return [one.output for one in rounds(spans(text), text) if one.output is not None]


def pending_programs(text: str) -> list[str]:
    """The programs a response asks to run: all closed ones since its last output, if it ends in one of them or at an ```output fence."""
    *before, last = spans(text) or [None]
    while before and last.kind in ("prose", "thinking") and not text[last.start : last.end].strip():
        last = before.pop()
    asked = last is not None and (last.kind == "asked" or (last.kind == "program" and last.block.closed))
    if not asked:
        return []
    since = max((part.program for part in before if part.kind == "output"), default=-1)
    return programs(text)[since + 1 :]


def segments(text: str) -> list[Segment]:
    """Split a response into what the model wrote and what it was shown; their texts join to `text` again.

    The ```output fence itself is written by the model (it is how it asks for execution); the line end after it, the output and its
    closing fence are shown. An output that was cut off counts as written.
    """
    parts, position = [], 0
    for part in spans(text):
        if part.kind == "output" and part.block.closed:
            start = part.start + len(text[part.start : part.block.content].rstrip())
            parts += [Segment(text[position:start], True), Segment(text[start : part.end], False)]
            position = part.end
    if position < len(text):
        parts.append(Segment(text[position:], True))
    return parts


def asks(text: str) -> bool:
    """Whether a text ends in the fence of an output, however it is spelt, with nothing behind it."""
    return [part.kind for part in spans(text)[-1:]] == ["asked"]


def render_output(output: str) -> str:
    """What follows the ```output fence in the text shown to the model. A fence in the output would end it early: it is altered."""
    return f"\n{output.replace(CLOSE_FENCE, ALTERED_FENCE)}\n{CLOSE_FENCE}\n"


@lru_cache(maxsize=16)
def _stops(hints: tuple[str, ...]) -> re.Pattern:
    """What ends a block that was left open: a hint, the end of the thinking, the end of a turn."""
    closes = _TAGS.pattern[_TAGS.pattern.index("(?P<close>") :]
    return re.compile("|".join([*map(re.escape, hints), closes, END_MARKS]), re.IGNORECASE)


def _gaps(fenced: list[Block], length: int) -> Iterator[tuple[int, int]]:
    """The stretches of a text outside of blocks."""
    position = 0
    for block in fenced:
        if block.start > position:
            yield position, block.start
        position = block.end
    if position < length:
        yield position, length


def _thinking(text: str, gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where the model thinks: between tags, from the start to a closing tag without opening one, from an opening one to the end."""
    found: list[tuple[int, int]] = []
    opened: int | None = None
    for start, end in gaps if _TAG_HINT.search(text) else []:
        for tag in _TAGS.finditer(text, start, end):
            if tag.start() and text[tag.start() - 1] in _QUOTES and text[tag.end() : tag.end() + 1] != "\n":
                continue
            if tag["open"]:
                opened = tag.start() if opened is None else opened
            elif opened is not None:
                found.append((opened, tag.end()))
                opened = None
            else:
                found = [(0, tag.end())]
    return found if opened is None else [*found, (opened, len(text))]


def _split(text: str, start: int, end: int, thoughts: list[tuple[int, int]], hints: tuple[str, ...]) -> Iterator[Span]:
    """A stretch without blocks as prose, thinking, hints and listings."""
    cuts = [(match.start(), match.end(), "hint") for match in _hint(hints).finditer(text, start, end)] if hints else []
    cuts += [(first, last, "listing") for first, last in _listed(text, start, end)]
    position = start
    for first, last, kind in [*sorted(cuts), (end, end, "")]:
        if first < position:
            continue
        yield from _prose(position, first, thoughts)
        if last > first:
            within = _within(first, thoughts)
            yield Span("thinking" if kind == "hint" and within else kind, first, last, thought=within)
        position = last


def _prose(start: int, end: int, thoughts: list[tuple[int, int]]) -> Iterator[Span]:
    """A stretch of plain text, cut where thinking begins and ends."""
    for first, last in thoughts[max(bisect_right(thoughts, (start, 1 << 60)) - 1, 0) :]:
        if last <= start:
            continue
        if first >= end:
            break
        if first > start:
            yield Span("prose", start, first)
        yield Span("thinking", max(first, start), min(last, end), thought=True)
        start = min(last, end)
    if start < end:
        yield Span("prose", start, end)


@lru_cache(maxsize=16)
def _hint(hints: tuple[str, ...]) -> re.Pattern:
    return re.compile("|".join(re.escape(hint) for hint in sorted(hints, key=len, reverse=True)))


def _listed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Code and calls of tools between tags of their own, which nobody runs here."""
    opened: tuple[int, str] | None = None
    for tag in _LISTED.finditer(text, start, end):
        if tag[1] and opened is None:
            opened = tag.start(), tag[1]
        elif opened and tag[2] == opened[1]:
            yield opened[0], tag.end()
            opened = None


def _within(position: int, thoughts: list[tuple[int, int]]) -> bool:
    number = bisect_right(thoughts, (position, 1 << 60)) - 1
    return number >= 0 and position < thoughts[number][1]


def _owned(parts: list[Span], text: str) -> Iterator[Span]:
    """Each output with the number of its program; one that has none is what the model wrote itself, so prose."""
    number, free = -1, False
    for part in parts:
        if part.kind == "program" and part.block.closed:
            number, free = number + 1, True
        elif part.kind == "hint" or (part.kind == "listing" and part.block and part.block.language in SHELLS):
            free = False
        if part.kind != "output":
            yield part
        elif not free:
            yield replace(part, kind="thinking" if part.thought else "prose", block=None)
        elif not part.block.closed and part.end == len(text) and not text[part.block.content :].strip():
            yield replace(part, kind="asked", program=number)
        else:
            free = False
            yield replace(part, program=number)


def _joined(parts: Iterator[Span]) -> Iterator[Span]:
    """The spans with neighbours of one kind as one, where they are text."""
    last: Span | None = None
    for part in parts:
        if last and part.kind == last.kind and part.kind in ("prose", "thinking"):
            last = replace(last, end=part.end)
            continue
        if last:
            yield last
        last = part
    if last:
        yield last
