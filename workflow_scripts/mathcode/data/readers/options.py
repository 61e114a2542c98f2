"""The options of a multiple-choice question as text under it, lettered A, B, C ..."""

import re
from collections.abc import Sequence

_LETTERED = re.compile(r"\s*\(?([A-Z])\s?[).．、）]\s*")


def with_options(question: str, options: Sequence[object]) -> str:
    """The question, then one line for each option; letters that the source itself puts before them are replaced by ours."""
    lines = [question.rstrip("\\ \n")]
    for number, option in enumerate(options):
        text, letter = str(option), chr(ord("A") + number)
        own = _LETTERED.match(text)
        lines.append(f"{letter}. {text[own.end() :] if own and own[1] == letter else text}".rstrip())
    return "\n".join(lines)
