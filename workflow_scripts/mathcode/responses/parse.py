"""The form of a response: rounds of text, program and output; attempts; what the model wrote and what it was shown.

A response interleaves free text with programs in ```python fences and their output in ```output fences (the format of
DeepSeekMath and ToRA). The model writes up to and including the ```output fence; what follows, up to and including the
closing fence, is execution output, shown to the model and never learned.
"""

import re
from dataclasses import dataclass

CODE_FENCE = "```python"
OUTPUT_FENCE = "```output"
CLOSE_FENCE = "```"
ALTERED_FENCE = "'''"

_PROGRAM = re.compile(r"```python[ \t]*\n((?:(?!```).)*?)(?:\n)?```(?!python)", re.DOTALL)  # a block left open ends at the next
_OUTPUT = re.compile(r"```output[ \t]*\n(.*?)(?:\n)?```[ \t]*\n?", re.DOTALL)


@dataclass(frozen=True)
class Segment:
    """A stretch of a response: written by the model, or shown to it."""

    text: str
    generated: bool


def programs(text: str) -> list[str]:
    """The complete ```python blocks of `text`, in order."""
    return [match.group(1) for match in _PROGRAM.finditer(text)]


def outputs(text: str) -> list[str]:
    """The complete ```output blocks of `text`, in order."""
    return [match.group(1) for match in _OUTPUT.finditer(text)]


def pending_program(text: str) -> str | None:
    """The program a response asks to run: its last block, if closed and followed by no output and no box.

    The response has just ended, at ```output or at its end of text.
    """
    tail = text[text.rfind(CODE_FENCE) :] if CODE_FENCE in text else ""
    match = _PROGRAM.match(tail)
    if match is None:
        return None
    rest = tail[match.end() :].strip()
    return match.group(1) if rest in ("", OUTPUT_FENCE) else None


def segments(text: str) -> list[Segment]:
    """Split a response into what the model wrote and what it was shown; their texts join to `text` again.

    The ```output fence itself is written by the model (it is how it asks for execution); the newline after it, the
    output and its closing fence are shown.
    """
    parts, position = [], 0
    for match in _OUTPUT.finditer(text):
        start = match.start() + len(OUTPUT_FENCE)
        parts += [Segment(text[position:start], True), Segment(text[start : match.end()], False)]
        position = match.end()
    if position < len(text):
        parts.append(Segment(text[position:], True))
    return parts


def render_output(output: str) -> str:
    """What follows the ```output fence in the text shown to the model. A fence in the output would end it early: it is altered."""
    return f"\n{output.replace(CLOSE_FENCE, ALTERED_FENCE)}\n{CLOSE_FENCE}\n"


def without_outputs(text: str) -> str:
    """The response with execution output removed: what the model itself stated."""
    return "".join(segment.text for segment in segments(text) if segment.generated)


def writes_code(text: str) -> bool:
    """The released program's test for code: a ```python fence or a `print(` anywhere."""
    return CODE_FENCE in text or "print(" in text


_BOX = re.compile(r"\\?(?:boxed|fbox)\s*\{")


def boxes(text: str) -> list[str]:
    r"""Contents of the complete, non-empty `\boxed{...}` of `text`, outermost ones, braces balanced, in order."""
    found, end = [], 0
    for match in _BOX.finditer(text):
        if match.start() < end:
            continue
        close = closing_brace_of_box(text, match.end())
        if close is not None:
            end = close
            if content := text[match.end() : close].strip():
                found.append(content)
    return found


def closing_brace_of_box(text: str, start: int) -> int | None:
    """Position of the brace that closes the one before `start`; None when it is never closed."""
    depth = 1
    for match in re.compile(r"\\[{}\\]|[{}]").finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return match.start()
    return None
