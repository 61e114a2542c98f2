"""Worked examples on the page to read first: what was asked, written, run and printed, and what was said of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mathcode.report.browser import stretches

MOST_CHARACTERS = 1500
"""A longer text is cut: the page stays small, and the whole text stands on the page of responses."""


@dataclass(frozen=True)
class Example:
    """One answer to one question.

    Attributes:
        title: what it is an example of.
        place: whose answer to which item it is.
        parts: pairs of a name and a text, in order; what is `None` is left out.
        verdict: what was said of it.
        right: whether that is good news; it colours the verdict.
    """

    title: str
    place: str
    parts: Sequence[tuple[str, str | None]]
    verdict: str
    right: bool


@dataclass(frozen=True)
class Examples:
    """Examples, the rule by which they were chosen, and what the run has none of."""

    rule: str
    found: Sequence[Example]
    missing: Sequence[str] = ()


def written(rounds: Iterable[Mapping]) -> list[tuple[str, str | None]]:
    """Parts of a response, as they follow each other: text, programs, and of each that ran what it printed, or how it ended."""
    parts: list[tuple[str, str | None]] = []
    for one in rounds:
        parts += [("program" if code else "response", text) for text, code in stretches(one["text"])]
        if one["program"] is not None:
            parts.append(("output" if one["outcome"] == "ok" else f"output ({one['outcome']})", one["output"]))
    return parts


def render(examples: Examples) -> str:
    """A section of the page."""
    shown = "".join(map(_render, examples.found))
    missing = "".join(f'<p class="grey">{escape(sentence)}</p>' for sentence in examples.missing)
    return f'<h2 id="examples">Worked examples</h2>\n<p>{escape(examples.rule)}</p>\n<div class="examples">{shown}</div>{missing}'


def _render(example: Example) -> str:
    parts = "".join(f"<h4>{escape(name)}</h4><pre>{escape(_cut(text))}</pre>" for name, text in example.parts if text is not None)
    colour = "supported" if example.right else "contradicted"
    return (
        f'<article class="card"><h3>{escape(example.title)}</h3><p class="grey">{escape(example.place)}</p>{parts}'
        f'<h4>verdict</h4><p class="{colour}">{escape(example.verdict)}</p></article>'
    )


def _cut(text: str) -> str:
    if len(text) <= MOST_CHARACTERS:
        return text
    return f"{text[:MOST_CHARACTERS]} ... ({len(text) - MOST_CHARACTERS} more characters)"
