"""A solution of a public source before its programs have run, and when a printed value counts as the reference answer."""

import re
from typing import NamedTuple

from mathcode.grading import equality

STATEMENT = re.compile(r"(?i)(?:therefore, |thus, |so, |hence, )?the (?:final )?answer is\b([^\n]*)\Z")
"""A final sentence that states the answer."""


class Draft(NamedTuple):
    """A solution before its programs have run.

    `texts` has one more entry than `programs`: what stands before, between and after them. `recorded` holds the outputs the source
    gives, if any; where `trusted` (the source is our own generator) they are taken instead of running the programs, and the last one is
    the answer where there is no gold.
    """

    question: str
    gold: str | None
    texts: tuple[str, ...]
    programs: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    type: str | None = None
    trusted: bool = False
    language: str = "en"


def agrees(printed: str, gold: str) -> bool:
    """Whether a printed value is the gold: as numbers by the grader's numeric policy, else as text without blanks and case."""
    same = equality.numeric_equal(gold, printed)
    if same is not None:
        return same
    return "".join(printed.split()).casefold() == "".join(gold.split()).casefold() != ""
