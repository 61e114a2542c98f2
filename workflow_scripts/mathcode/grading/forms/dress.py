r"""What is worn around an answer and says nothing: math delimiters, boxes, bold, quoting signs, labels, a trailing stop, spacing.

The text that comes in is folded (`characters.fold`); what goes out is the answer itself in one spelling of LaTeX. Nothing that
could carry meaning goes: no letter, digit or sign inside the dress is touched. One pass for each layer, a fixed number of layers.
"""

import re

LAYERS = 12
"""Layers of dress that are taken off; nobody wears more."""

_DELIMITERS = (
    ("$$", "$$"),
    ("$", "$"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("**", "**"),
    ("__", "__"),
    ("```", "```"),
    ("`", "`"),
    ('"', '"'),
    ("'", "'"),
)
_BOX = re.compile(r"\\(?:boxed|fbox|framebox|colorbox\s*\{[a-z]+\})\s*\{")
_LABEL = re.compile(
    r"(?:(?:so|thus|hence|therefore),?\s+)?(?:the\s+)?(?:final\s+|correct\s+)?(?:answer|ans|result|solution)\.?\s*(?:is\s*:?|[:=])\s*"
    r"|(?:最终|最后|正确|所以|因此|故)?(?:的)?(?:答案|答|结果)(?:\s*[是为:]\s*)+|\[答案\]\s*|(?:一共|总共|共计|共)(?=[\d一二三四五六七八九十百两])|(?:\\therefore|∴)\s*",
    re.IGNORECASE,
)
_BLANK = r"(?:\\[,;:! ]|\\q?quad(?![a-zA-Z])|~|\s)*"
_EDGES = re.compile(rf"^{_BLANK}|(?<!\\){_BLANK}$")
"""White space around an answer, in LaTeX too."""
_STOP = re.compile(r"(?<=[A-Za-z]{3})!\s*$|(?<![.…])[.。]\s*$|\\\\\s*$|(?<=[^\s\\])[,;]\s*$")
_STYLED = re.compile(r"\\(?:boldsymbol|mathbf|bm|pmb|underline)\s*\{(?!\s*[A-Za-z]+\s*\})")
"""Type that says nothing around more than a name."""
_MEASURE = re.compile(r"\\(?:text(?:rm|bf)?|mathrm|mbox)\s*\{(?=\s*[-$€£¥]?\s?[\d.])")
"""A text macro around a number with its unit."""
_STYLES = re.compile(
    r"\\(?:(?:text)?color\s*\{[^{}]*\}|(?:display|text|script|scriptscript)style(?![a-zA-Z])"
    r"|(?:tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE|huge|Huge|bfseries|normalfont)(?![a-zA-Z]))\s*"
)
_SIMPLE = (
    ("\\textbar{}", "|"),
    ("\\textless{}", "<"),
    ("\\textgreater{}", ">"),
    ("\\textbackslash", ""),
    ("\\textasciitilde", " "),
    ("{,}", ","),
    ("{}^{}\\circ", "^{\\circ}"),
    ("^{}\\circ", "^{\\circ}"),
    ("\\left.", ""),
    ("\\right.", ""),
    ("\\limits", ""),
    ("\\%", "%"),
    ("\\lbrace", "\\{"),
    ("\\rbrace", "\\}"),
    ("\\lbrack", "["),
    ("\\rbrack", "]"),
    ("\\&", "&"),
    ("\\#", "#"),
    ("\\_", "_"),
)
_SIZES = re.compile(r"\\(?:left|right|[bB]igg?[lrm]?|middle)(?![a-zA-Z])\s*")
_TIGHT = re.compile(r"\s*\\!\s*")
_NAMES = re.compile(
    r"\\(dfrac|tfrac|cfrac|dbinom|tbinom|leqslant|geqslant|leq|geq|leqq|geqq|lt|gt|neq|lvert|rvert|vert|mid|textless|textgreater|textbar"
    r"|varnothing|textdegree|degree|colon|land|lor|cdots|dots|ldots|dotsc|wedge|vee|to|thinspace|asymp|textcircled|star|ast|centerdot|bullet|bigcup)"
    r"(?![a-zA-Z])"
)
_SPELLED = {
    "dfrac": "\\frac", "tfrac": "\\frac", "cfrac": "\\frac", "dbinom": "\\binom", "tbinom": "\\binom", "leqslant": "\\le",
    "geqslant": "\\ge", "leq": "\\le", "geq": "\\ge", "leqq": "\\le", "geqq": "\\ge", "lt": "<", "gt": ">", "neq": "\\ne", "lvert": "|",
    "rvert": "|", "vert": "|", "mid": "|", "textless": "<", "textgreater": ">", "textbar": "|", "varnothing": "\\emptyset",
    "textdegree": "^{\\circ}", "degree": "^{\\circ}", "colon": ":", "cdots": "\\ldots", "dots": "\\ldots", "dotsc": "\\ldots",
    "ldots": "\\ldots", "wedge": "\\land", "vee": "\\lor", "to": "\\rightarrow", "thinspace": "\\,", "textcircled": "\\textcircled",
    "star": "*", "ast": "*", "centerdot": "\\cdot", "bullet": "\\cdot", "bigcup": "\\cup",
}  # fmt: skip
_DOLLAR = re.compile(r"(\\?)\$(\s?)")


_EMPTY = re.compile(r"^\{\s*\}(?=.)|(?<!\})\{\s*\}(?=[\^_])|\^\s*\{\s*\}(?=\s*\\(?:circ|text))")
"""Braces that hold nothing."""
_ALONE = re.compile(
    r"(?<![A-Za-z}\]])\{\s*([A-Za-z]|\\[A-Za-z]+|\\(?:text|mathrm|rm)\s*\{[A-Za-z]\})\s*\}(?=\s*_)"
    r"|\^\s*\{\s*(\^\s*\{\s*\\circ\s*\})\s*\}|(?<=[\d\s/)])\{(\\text\{[^{}]*\})\}"
)
r"""Braces around one thing: `{a}_{1}`, `^{^{\circ}}`, `20{\text{km}}`."""
_UPRIGHT = re.compile(r"\\rm(?![a-zA-Z{])\s*([A-Za-z][A-Za-z. ]*)?")
_TYPE = re.compile(r"\\(?:bf|it|sf|tt|sl|em)(?![a-zA-Z{])(?:\s+(?=[^A-Za-z\s])|(?=[\d\\]))")
"""Old switches of type."""
_ENDING = re.compile(r"(?<=\d)\s*\^\s*\{?\s*(?:\\(?:text|mathrm|rm)\s*)?\{?\s*(st|nd|rd|th)\s*\}?\s*\}?(?![A-Za-z])")
"""Raised endings of ordinals."""
_BRACED = re.compile(r"(?:^|(?<=[\s,+-]))(\d[\d.,]*)\{(\s*/?[A-Za-z][A-Za-z /]*)\}")
"""A unit or noun in braces whose text macro was lost."""
_PIECE = re.compile(r"\\\\|\\[()\[\]]|\\.|\$\$|\*\*|__|.", re.DOTALL)
_STRUCK = re.compile(r"(?<![^\s])~~(?![\s~])[^~]+(?<!\s)~~(?![^\s.,;])")
"""What Markdown strikes through is deleted; `a~~b` are blanks of LaTeX."""
_JOINED = (("并且", "且"), ("或者", "或"), ("以及", "及"))


def undressed(text: str) -> str:
    """The answer without what is worn around it; of a text that is only dress nothing is left."""
    text = _STRUCK.sub(" ", text) if "~~" in text else text
    for _ in range(LAYERS):
        bare = _bare(text)
        if bare == text:
            break
        text = bare
    return _spelled(text)


def _bare(text: str) -> str:
    """One layer less."""
    text = _STOP.sub("", _EDGES.sub("", text)).rstrip()
    if (label := _LABEL.match(text)) and label.end() < len(text):
        return text[label.end() :]
    if (box := _BOX.match(text) or _STYLED.match(text) or _MEASURE.match(text)) and closing(text, box.end() - 1) == len(text) - 1:
        return text[box.end() : -1]
    for opening, end in _DELIMITERS:
        if len(text) >= len(opening) + len(end) and text.startswith(opening) and text.endswith(end):
            inner = text[len(opening) : -len(end)]
            if not inner.endswith("\\") and not _within(inner, opening, end):
                return inner
    return text


def _within(inner: str, opening: str, end: str) -> bool:
    r"""Whether a delimiter stands inside, outside all braces: then the outer two are no pair. `\$` is none."""
    if opening not in inner and end not in inner:
        return False
    depth = 0
    for match in _PIECE.finditer(inner):
        if not depth and match[0] in (opening, end, opening[:1]):
            return True
        depth = max(0, depth + {"{": 1, "}": -1}.get(match[0], 0))
    return False


def _spelled(text: str) -> str:
    """One spelling for macros that mean the same; math delimiters inside the text go, currency stays."""
    if "{" in text and "\\" not in text:
        text = _BRACED.sub(r"\1\\text{ \2}", text)
    if "$" in text:
        text = _dollars(text)
    for old, new in _SIMPLE:
        if old in text:
            text = text.replace(old, new)
    text = _TYPE.sub("", _UPRIGHT.sub(_upright, _ENDING.sub(r"\1", _EMPTY.sub("", text))))
    text = _ALONE.sub(lambda found: found[1] or found[2] or found[3], text)
    for old, new in _JOINED:
        text = text.replace(old, new)
    text = _SIZES.sub("", _STYLES.sub(" ", _TIGHT.sub("", text)))
    text = _NAMES.sub(lambda match: _SPELLED.get(match[1], match[0]) + (" " if _SPELLED.get(match[1], "\\")[0] == "\\" else ""), text)
    text = text.replace("\\(", " ").replace("\\)", " ").replace("\\[", " ").replace("\\]", " ") if "\\(" in text or "\\[" in text else text
    return text.strip()


def _upright(match: re.Match) -> str:
    r"""`\rm cm` as `\text{ cm}`; before anything but letters the switch says nothing."""
    return f"\\text{{ {match[1]}}}" if match[1] else ""


def _dollars(text: str) -> str:
    r"""Without math delimiters. A dollar before a number that no second one closes is currency, and so is every `\$`; both become `\$`."""
    places = [match for match in _DOLLAR.finditer(text) if not match[1]]
    closed: set[int] = set()
    start = None
    for match in places:
        at = match.start()
        if start is None:
            start = at if text[at + 1 : at + 2].strip() or not text[at + 1 : at + 2] else None
            if start is None and not re.match(r"\$\s*-?\s*\.?\d", text[at:]):
                closed.add(at)  # a delimiter with a blank inside
        elif at == start + 1 or not text[at - 1].isspace() or not re.match(r"\$\s*\.?\d", text[at:]):
            closed |= {start, at}
            start = None
        else:
            start = at  # `$5 and $3`: two amounts
    pieces, last = [], 0
    for match in places:
        pieces.append(text[last : match.start()])
        pieces.append(" " if match.start() in closed else "\\$")
        last = match.start() + 1
    return "".join([*pieces, text[last:]])


def closing(text: str, opening: int) -> int:
    """Where the brace at `opening` is closed; -1 if nowhere. Braces behind a backslash do not count."""
    depth = 0
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(text, opening):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.start()
    return -1
