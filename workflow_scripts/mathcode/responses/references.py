"""Reference answers as texts: which are the same, and in which languages they have words."""

import re

_WORDS = {"en": re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}"), "zh": re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")}
"""An English word has three letters, so that units and names of unknowns are none; a TeX command is none either."""


def same_text(gold: str) -> str:
    """A key that references share if blanks and case are all that they differ in."""
    return "".join(gold.split()).casefold()


def languages(gold: str) -> set[str]:
    """The languages, `en` and `zh`, of the words of a reference; none for numbers alone."""
    return {language for language, word in _WORDS.items() if word.search(gold)}
