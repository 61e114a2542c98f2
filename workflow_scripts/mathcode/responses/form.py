"""The form of a response: how it announces its methodology, and where a further attempt begins.

A method gives the sentences (`mathcode.methods.*.form`); a response that has none of them is one attempt, by a program or in words.
Rules and every program import this; what reads responses, with its many patterns, is imported when a response is read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mathcode.responses.reading import Reading


@dataclass(frozen=True)
class Form:
    """The fixed sentences of a method's responses, each by methodology.

    `cues` open an attempt and announce how it goes on; `hints` stand between two attempts and lead to the methodology of the second.
    `openings` tell a methodology beside CoT and code where there is no cue: a regular expression that the attempt begins with, and
    whether it holds a program.
    """

    cues: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    openings: Mapping[str, tuple[str, bool]] = field(default_factory=dict)

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

    def count_cues(self, text: str) -> int | None:
        """The cues in a response; None where the form has none."""
        return sum(text.count(cue) for cue in self.cues.values()) if self.cues else None

    def methodology(self, attempt: str) -> str:
        """Methodology of an attempt: what its cue announces; without a cue, what its opening tells; else code iff it holds a program."""
        opening = attempt.lstrip()
        for name, cue in self.cues.items():
            if opening.startswith(cue):
                return name
        return self.opened(attempt) or ("code" if _holds_program(attempt) else "cot")

    def opened(self, attempt: str) -> str | None:
        """The methodology that the opening of an attempt without a cue tells."""
        for name, (pattern, programs) in self.openings.items():
            if re.match(pattern, attempt.lstrip()) and _holds_program(attempt) == programs:
                return name
        return None

    def first_methodology(self, text: str) -> str:
        """Methodology chosen first: the decision that selection accuracy and the prior are about."""
        return self.methodology(self.attempts(text)[0])


def _holds_program(attempt: str) -> bool:
    """Whether it holds a program, closed or not."""
    from mathcode.responses import parse

    return any(span.kind == "program" for span in parse.spans(attempt))


PLAIN = Form()
"""Responses without any fixed sentence."""
