r"""Readers of question-answer pairs from educational sites, whose references are written for people: TAL-SCQ5K, in Chinese and English.

Each record is multiple choice. The reference is the content of its right option, so it is whatever an author wrote: 11 hours 7 minutes,
星期一, x = 5, 9 or 15 or 18. Questions that make no sense without their options are left out. The dress of the source's converter is
taken off (\textless{} is <, ~ a blank, $$ a dollar sign); the form of the reference is not touched.
"""

import re
from collections.abc import Callable

from mathcode.data.readers.english import Query
from mathcode.data.text import Record, without_dollars

_SIGNS = {"less": "<", "greater": ">", "bar": "|", "quotesingle": "'", "asciitilde": " ", "backslash": ""}
_SIGN = re.compile(rf"\\text({'|'.join(_SIGNS)})(?![a-z])(?:\{{\}}| )?")
_GAP = re.compile(r"\\uline\{[~\s?]{1,80}\}")
_RAISED = re.compile(r"\\text(super|sub)script\{([^{}]{1,20})\}")
_BOLD = re.compile(r"\\textbf\{([^{}]{1,200})\}")
_DEGREES = re.compile(r"\{\}\^\{\}\s?\\circ")

_NEEDS_OPTIONS = {
    "zh": re.compile(
        r"下列|下面[各的哪四几三五两]|以下[各的哪四几三五两]|选项|哪[一几]?[项组句]|[正确错误]的[是有为]|不?可能[是为有]|说法"
    ),
    "en": re.compile(
        r"(?i)\bwhich (?:of|one)\b|\bwhich\b[^.?]{0,200}\b(?:following|below|these)\b|^which\b|\bof the followings?\b"
        r"|\b(?:could|might|may|cannot|can't) (?:not )?be\b|\b(?:options?|choices?)\b"
        r"|\b(?:in)?correct (?:statement|answer)\b|\bis (?:not )?true\b"
    ),
}
_NEEDS_PICTURE = {
    "zh": re.compile(r"[如下右左上]图|图[中所]|图示|图形|阴影"),
    "en": re.compile(r"(?i)\b(?:picture|figure|diagram|graph|image|chart|shaded|shown|table) ?(?:below|above|shown)?\b"),
}
_POINTS_AT_OPTIONS = re.compile(r"(?i)\b(?:none|all|both|any) of (?:the )?(?:above|these)|(?:以上|前[三四]个)(?:答案|选项)?[都均]")


def talscq(record: Record) -> Query | str:
    """TAL-SCQ5K without its options: level is the source's, type its topic's last two parts."""
    question, gold, language = readable(record["question"]), reference(record["answer"]), record["language"]
    if _NEEDS_OPTIONS[language].search(question):
        return "needs its options"
    if _NEEDS_PICTURE[language].search(question):
        return "needs its picture"
    if _POINTS_AT_OPTIONS.search(gold):
        return "its answer points at the other options"
    return Query(question, gold, record["level"], "->".join((record["topic"] or "").split("->")[-2:]) or None, language)


def readable(text: str) -> str:
    """A text of the source without the dress of its converter."""
    text = _SIGN.sub(lambda found: _SIGNS[found[1]], text)
    text = _RAISED.sub(lambda found: f"{'^' if found[1] == 'super' else '_'}{{{found[2]}}}", _GAP.sub("____", text))
    text = _DEGREES.sub(r"^{\\circ}", _BOLD.sub(r"\1", text)).replace("$$", "$").replace("＄", r"\$")
    return re.sub(r"[ \t]{2,}", " ", text.replace("~", " ")).strip()


def reference(text: str) -> str:
    """A reference as its author wrote it: readable, without dollar signs and the full stop at its end."""
    bare = without_dollars(readable(text))
    return re.sub(r"[ \t]{2,}", " ", bare).rstrip("．。 ").removesuffix(".").strip()


READERS: dict[str, Callable[[Record], Query | str]] = {"talscq": talscq}
