"""The options of a multiple-choice question as text under it, lettered A, B, C ..."""

import re
from collections.abc import Sequence

_LETTER = re.compile(r"\s*\(?[A-H]\s?[).．、](?!\d)\s*")
"""A letter that the source itself puts before an option."""


def with_options(question: str, options: Sequence[str]) -> str:
    """The question, then one line for each option."""
    lines = [f"{chr(ord('A') + number)}. {_LETTER.sub('', option, count=1).strip()}" for number, option in enumerate(options)]
    return "\n".join([question.rstrip("\\ \n"), *lines])
