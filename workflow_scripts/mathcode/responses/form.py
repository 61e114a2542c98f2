"""The form of a response: how it announces its methodology, and where a further attempt begins.

A method gives the sentences (`mathcode.methods.*.form`); a response that has none of them is one attempt, by a program or in words.
Rules and every program import this; what reads responses, with its many patterns, is imported when a response is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mathcode.responses.reading import Reading


@dataclass(frozen=True)
class Form:
    """The fixed sentences of a method's responses, each by methodology.

    `cues` open an attempt and announce how it goes on; `hints` stand between two attempts and lead to the methodology of the second.
    """

    cues: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)

    @property
    def phrases(self) -> list[str]:
        """All of its sentences, and what opens and closes programs and answers: a tokenizer made for a method has a token for each."""
        from mathcode.responses.parse import CODE_FENCE, OUTPUT_FENCE

        return [*self.cues.values(), *self.hints.values(), f"{CODE_FENCE}\n", OUTPUT_FENCE, "\n```\n", "The answer is \\boxed{", "}."]

    def read(self, text: str, question: str = "") -> "Reading":
        """A response to a question, cut into attempts by the hints."""
        from mathcode.responses import reading

        return reading.read(text, question, tuple(self.hints.values()))

    def attempts(self, text: str) -> list[str]:
        """The methodology attempts of a response: the stretches between hints. A hint that a program prints is none."""
        from mathcode.responses import parse

        found, start = [], 0
        for span in parse.spans(text, tuple(self.hints.values())):
            if span.kind == "hint":
                found.append(text[start : span.start])
                start = span.end
        return [*found, text[start:]]

    def methodology(self, attempt: str) -> Literal["cot", "code"]:
        """Methodology of an attempt: what its cue announces; without a cue, code iff it holds a program, closed or not."""
        from mathcode.responses import parse

        opening = attempt.lstrip()
        for name, cue in self.cues.items():
            if opening.startswith(cue):
                return name
        return "code" if any(span.kind == "program" for span in parse.spans(attempt)) else "cot"

    def first_methodology(self, text: str) -> Literal["cot", "code"]:
        """Methodology chosen first: the decision that selection accuracy and the prior are about."""
        return self.methodology(self.attempts(text)[0])


PLAIN = Form()
"""Responses without any fixed sentence."""
