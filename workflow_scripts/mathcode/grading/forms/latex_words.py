"""Words out of LaTeX: what `\\text{ p.m.}` or `5 \\mathrm{~min}` say when their dress is taken off."""

import re

MAX_CHARS = 100
"""A longer text is neither a time nor a date."""

_UPRIGHT = re.compile(r"\\(?:text(?:rm|bf|it|sf|normal|superscript)?|mathrm|mathbf|mbox|rm)(?![A-Za-z])(?: ?\{([^{}]*)\})?")
_BLANK = re.compile(r"~|\\[,;:! ]|\\(?:q?quad|space|thinspace|textasciitilde)(?![A-Za-z])|\s+")
_RAISED = re.compile(r"(?<=\d) ?\^ ?(?=\{{0,2} ?(?:st|nd|rd|th)\b)")


def plain(text: str) -> str:
    """Lower case, blanks single, without upright macros and their braces; empty for what is too long."""
    if len(text) > MAX_CHARS:
        return ""
    text = _UPRIGHT.sub(lambda group: group[1] or "", _BLANK.sub(" ", text)).replace("\\min", "min")
    text = _RAISED.sub("", text)
    if "\\" not in text and text.count("{") == text.count("}"):
        text = text.replace("{", "").replace("}", "")
    return " ".join(text.replace("’", "'").lower().split())
