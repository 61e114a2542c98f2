"""What a response answers: extraction from its text, and whether a program decided it.

Order (after the DeepSeek-Math harness, spec 1.5): the last box; else the last sentence "answer is ..."; else the last line
a program printed; else the last number of the last attempt. Only what the model itself stated counts: not a box inside
execution output, and not one inside the source text of a program.
"""

import re
from dataclasses import dataclass

from autocode import transcript
from autocode.equality import compare, normalise

__all__ = ["Answers", "boxes", "code_decides", "extract", "normalise"]

_BOX = re.compile(r"\\?(?:boxed|fbox)\s*\{")
_SENTENCE = re.compile(r"\banswer\s+is\b\s*:?\s*([^\n]+)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.。](?=\s|$)|\.\s*$")
_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|-?\.\d+")
_PROGRAM = re.compile(r"```python.*?(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Answers:
    """Answers of one response: the one that counts, and all that were stated (the strict one among them)."""

    strict: str | None
    candidates: tuple[str, ...]


def extract(response: str) -> Answers:
    """The answers of a response; `strict` is None when there is nothing to extract."""
    stated = boxes(_stated_text(response))
    strict = stated[-1] if stated else _sentence(response) or _printed(response) or _last_number(response)
    candidates = dict.fromkeys([*stated, strict] if strict is not None else stated)
    return Answers(strict, tuple(candidates))


def boxes(text: str) -> list[str]:
    r"""Contents of the complete, non-empty `\boxed{...}` of `text`, outermost ones, braces balanced, in order."""
    found, end = [], 0
    for match in _BOX.finditer(text):
        if match.start() < end:
            continue
        close = _closing_brace(text, match.end())
        if close is not None:
            end = close
            if content := text[match.end() : close].strip():
                found.append(content)
    return found


def code_decides(response: str, answer: str | None) -> bool:
    """Whether the graded answer is what a program printed: the last line of the last output, or there is no box at all.

    A box decides for the program when it repeats that line as text or as a number.
    """
    printed = _printed(response)
    if answer is None or not transcript.outputs(response):
        return False
    if not boxes(_stated_text(response)):
        return True
    return printed is not None and compare(normalise(answer), normalise(printed), lambda *_: None) is True


def _stated_text(response: str) -> str:
    """What the model said in its own words: no execution output, no program text."""
    return _PROGRAM.sub(" ", transcript.without_outputs(response))


def _closing_brace(text: str, start: int) -> int | None:
    """Position of the brace that closes the one before `start`; None when it is never closed."""
    depth = 1
    for match in re.compile(r"\\[{}\\]|[{}]").finditer(text, start):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if depth == 0:
            return match.start()
    return None


def _sentence(response: str) -> str | None:
    """What follows the last "answer is", up to the end of its sentence."""
    matches = _SENTENCE.findall(_stated_text(response))
    return _SENTENCE_END.split(matches[-1])[0].strip() or None if matches else None


def _printed(response: str) -> str | None:
    """The last non-empty line of the last execution output."""
    outputs = transcript.outputs(response)
    lines = [line.strip() for line in outputs[-1].splitlines() if line.strip()] if outputs else []
    return lines[-1] if lines else None


def _last_number(response: str) -> str | None:
    numbers = _NUMBER.findall(_stated_text(transcript.attempts(response)[-1]))
    return numbers[-1] if numbers else None
