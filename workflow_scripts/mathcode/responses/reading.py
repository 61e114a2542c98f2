"""A response as read for its answer: its spans up to where the model runs on, cut into attempts, each with its statements and outputs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from mathcode.responses import boxes, conclusions, parse, run_on, statements
from mathcode.responses.conclusions import Mark
from mathcode.responses.folding import fold
from mathcode.responses.parse import Round, Span


@dataclass(frozen=True)
class Output:
    """What a program printed, and where that stands in the text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Attempt:
    """A try at the question, between two hints.

    Attributes:
        text: of the whole response, folded; its places are those of the response.
        prose: its stretches of prose outside thinking.
        marks: statements and retractions in them, in order.
        outputs: what its programs printed.
    """

    text: str
    question: str
    prose: tuple[tuple[int, int], ...]
    marks: tuple[Mark, ...]
    outputs: tuple[Output, ...]

    def conclusions(self, start: int = 0) -> list[Mark]:
        """What its prose concludes behind a place."""
        return [
            mark
            for first, last in conclusions.outer(self.stretches(start))
            for mark in conclusions.conclusions(self.text, first, last, self.question)
        ]

    def stretches(self, start: int = 0) -> list[tuple[int, int]]:
        """Its prose behind a place."""
        return [(max(first, start), last) for first, last in self.prose if last > start]


@dataclass(frozen=True)
class Reading:
    """A response as read.

    Attributes:
        spans: join to the text; what follows the end of the answer is one span `run_on`.
        rounds: programs before the run-on, each with its output.
        attempts: at least one.
    """

    text: str
    spans: tuple[Span, ...]
    rounds: tuple[Round, ...]
    attempts: tuple[Attempt, ...]

    @property
    def run_on(self) -> int:
        """Characters of the run-on."""
        last = self.spans[-1] if self.spans else None
        return last.end - last.start if last and last.kind == "run_on" else 0

    @property
    def programs_without_output(self) -> int:
        """Programs whose output the text does not show."""
        return sum(one.output is None for one in self.rounds)

    @property
    def writes_code(self) -> bool:
        """The released program's test for code, on what is read: a program of any spelling, or `print(` anywhere."""
        return "print(" in self.text[: len(self.text) - self.run_on] or any(span.kind == "program" for span in self.spans)


@lru_cache(maxsize=64)
def read(text: str, question: str = "", hints: tuple[str, ...] = ()) -> Reading:
    """Read a response.

    Args:
        question: text of its question, whose boxes may be quoted.
        hints: sentences of a method that stand between two attempts.
    """
    parts = parse.spans(text, hints)
    plain, question = fold(text), fold(question)
    quoted = frozenset(boxes.contents(question))
    prose = [(part.start, part.end) for part in parts if part.kind == "prose"]
    found = [mark for start, end in conclusions.outer(prose) for mark in statements.marks(plain, start, end, question, quoted)]
    stated = [mark.end for mark in found if mark.kind not in ("retraction", "supposed")]
    answered = stated + [part.end for part in parts if part.kind == "output"]
    end = run_on.end_of_answer(text, prose, sorted(answered), question)
    parts = tuple(_up_to(parts, end, len(text)))
    kept = [mark for mark in found if mark.end <= end or (mark.start < end and mark.kind != "retraction")]
    return Reading(text, parts, tuple(parse.rounds(parts, text)), tuple(_attempts(text, plain, question, parts, kept)))


def _up_to(parts: tuple[Span, ...], end: int, length: int) -> Iterator[Span]:
    """The spans, with one of the kind `run_on` from the end of the answer."""
    for part in parts:
        if part.start < end:
            yield part if part.end <= end else replace(part, end=end)
    if end < length:
        yield Span("run_on", end, length)


def _attempts(text: str, plain: str, question: str, parts: tuple[Span, ...], marks: list[Mark]) -> Iterator[Attempt]:
    """The attempts between hints; `plain` is the folded text."""
    own: list[Span] = []
    left = iter(marks)
    mark = next(left, None)
    for part in (*parts, None):
        if part is not None and part.kind != "hint":
            own.append(part)
            continue
        stated = []
        while mark is not None and (part is None or mark.start < part.start):
            stated.append(mark)
            mark = next(left, None)
        prose = tuple((one.start, one.end) for one in own if one.kind == "prose")
        outputs = tuple(Output(one.start, one.end, fold(one.block.read(text))) for one in own if one.kind == "output" and not one.thought)
        yield Attempt(plain, question, prose, tuple(stated), outputs)
        own = []


FAILED = re.compile(
    r"(?:[\w.]{1,80}(?:Error|Exception|Interrupt|Warning|Exit|Iteration)\b(?::|$|\()|Traceback "
    r"\(most recent call last\)|(?:execution |code )?(?:timed? ?out|timeout)\b|(?:error|exception)\s?:)",
    re.IGNORECASE,
)
"""How the last line of an output begins that tells of an error."""


_SILENT = re.compile(r"None|\[(?:Finished|Done) in [^\]\n]{1,30}\]|Process finished with exit code 0|>>>")
"""A last line that tells nothing: what a function without a value returns, or the editor's own line."""


def printed(output: str) -> str | None:
    """The last line of an output, if it tells a value: not where there is none, or an error."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    line = next((one for one in reversed(lines) if not _SILENT.fullmatch(one)), lines[-1] if lines else None)
    return None if line is None or FAILED.match(line) else line
