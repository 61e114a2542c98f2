r"""Boxes of LaTeX in any text: \boxed{...} and its kin with balanced braces, \boxed 7 without any, and what is only a blank to fill in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_CHARS = 2000
"""A longer stretch between braces is no box: one was left open."""

_BOX = re.compile(r"(?<![A-Za-z])(?:boxed|fbox|framebox|ovalbox|bbox)(?![A-Za-z])\s{0,20}(?:\[[^\[\]{}\n]{0,40}\]\s{0,20}){0,2}")
_BARE = re.compile(r"-?(?:\\[A-Za-z]+(?:\{[^{}]{0,80}\}){1,2}|[^\s$.,;:{}\\]{1,40}(?:[.,]\d{1,40}){0,10})")
_BRACE = re.compile(r"\\[{}\\]|[{}]")
_DRESS = re.compile(
    r"\\(?:text|mathrm|textbf|mathbf|textit|underline|phantom|hphantom|quad|qquad|hspace|hskip|"
    r"enspace|rule)(?![A-Za-z])|[{}\[\]<>*$\s~]|\\[ ,;:!]"
)
_BLANK = re.compile(
    r"(?:\.|\\[lcv]?dots[a-z]?(?![A-Za-z])|…|_|\?|？|\\_|\\square(?![A-Za-z])|\\Box(?![A-Za-z])|□|\\cdot(?![A-Za-z])|&nbsp;)*"
    r"|(?:(?:insert|put|write|the|your|my|final|numeric(?:al)?|correct)){0,4}(?:answer|result|solution|expression|value)(?:s)?(?:here)?"
    r"|(?:你的|最终|最后的?)?(?:答案|结果)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Box:
    """A box: where it stands in its text, and its content without blanks around it."""

    start: int
    end: int
    content: str


def boxes(text: str, start: int = 0, end: int | None = None) -> list[Box]:
    """The complete boxes of a text in order, empty ones too; of boxes within boxes the outermost."""
    end = len(text) if end is None else end
    found: list[Box] = []
    closing: dict[int, int] | None = None
    position = start
    if text.find("box", start, end) < 0:
        return found
    for match in _BOX.finditer(text, start, end):
        if match.start() < position:
            continue
        opening, after = match.start(), match.end()
        while opening > position and text[opening - 1] == "\\":
            opening -= 1
        if text[after : after + 1] == "{" and after < end:
            closing = dict(_pairs(text, match.start(), end)) if closing is None else closing
            close = closing.get(after)
            if close is None or close - after > MAX_CHARS:
                continue
            content, position = text[after + 1 : close], close + 1
        elif opening < match.start() and (bare := _BARE.match(text, after, end)):
            content, position = bare.group(), bare.end()
        else:
            continue
        found.append(Box(opening, position, content.strip()))
    return found


def contents(text: str) -> list[str]:
    """What the boxes of a text hold, without empty ones."""
    return [box.content for box in boxes(text) if box.content]


def innermost(content: str) -> str:
    """The content of a box without boxes that hold all of it."""
    for _ in range(5):
        inner = boxes(content)
        if len(inner) != 1 or content[: inner[0].start].strip(" $") or content[inner[0].end :].strip(" $."):
            break
        content = inner[0].content
    return content


def is_blank(content: str) -> bool:
    """Whether the content of a box is a blank to be filled in, or the word that an instruction puts there."""
    return (len(content) <= 80 and _BLANK.fullmatch(_DRESS.sub("", content)) is not None) or content.startswith(
        (r"\phantom", r"\hphantom", r"\hspace")
    )


def _pairs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Opening and closing braces that belong together, escaped ones left out."""
    opened: list[int] = []
    for match in _BRACE.finditer(text, start, end):
        if match.group() == "{":
            opened.append(match.start())
        elif match.group() == "}" and opened:
            yield opened.pop(), match.start()
