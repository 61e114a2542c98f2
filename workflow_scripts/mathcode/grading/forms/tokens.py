r"""The words and signs of an answer, in order: one pass, nothing dropped but white space, whose place is kept.

A token is a `Token(kind, value, spaced)`; `spaced` tells whether white space stands before it. Kinds:

    num     a numeral: its digits without separators (`1,234`, `70 000`, `12'345` are one each), point and exponent kept
    word    a run of letters; a letter with digits on its heels (`x1`) is one too, as `x_1`
    call    a name with an opening bracket after it that programs print (`Matrix`, `Interval.open`, `np.float64`)
    cmd     a LaTeX macro, without backslash
    mark    a macro on letters, `\vec{a}`, as `vec a`: one symbol
    text    what a text macro holds
    begin, end   the name of an environment
    op      any other sign, a character each (`**`, `<=`, `>=`, `!=`, `==`, `->` are two)
"""

import re
from typing import NamedTuple

from mathcode.grading.forms.names import CALLS, FUNCTIONS


class Token(NamedTuple):
    """A word or sign of an answer."""

    kind: str
    value: str
    spaced: bool = False


_SPACE = r"(?:\s|~|\\[,;:> ]|\\q?quad(?![a-zA-Z])|\\hspace\{[^{}]*\})+"
_TOKEN = re.compile(
    rf"(?P<space>{_SPACE})"
    r"|\\begin\s*\{(?P<begin>[a-zA-Z]+\*?)\}(?:\{[lcr| ]*\})?|\\end\s*\{(?P<end>[a-zA-Z]+\*?)\}"
    r"|\\(?P<macro>text(?:rm|bf|it|sf|tt|sc|normal|up)?|[mhf]box|math(?:rm|bf|it|sf|tt|bb|cal|frak|scr|normal)|operatorname\*?|boldsymbol|bm|pmb"
    r"|vec|hat|bar|tilde|dot|ddot|overline|underline|widehat|widetilde|overrightarrow|overleftarrow|rm|bf|textcircled)"
    r"(?:\s*\{(?P<held>[^{}]*)\}|\s+(?P<bare>[A-Za-z0-9])(?![A-Za-z0-9]))"
    r"|\\(?P<cmd>[a-zA-Z]+|[^a-zA-Z])"
    r"|(?P<word>[A-Za-z]+)"
    r"|(?P<op>\*\*|<=|>=|!=|==|->|.)",
    re.DOTALL,
)
_GROUPED = r"(?<!\d,)[1-9]\d{0,2}(?:,\d{3})+(?!,?\d)|\d{1,3}(?:'\d{3})+(?!\d)"
_SPACED = r"|\d{1,3}(?:(?: |\\[, ]|~)\d{3})+(?![\d])(?! ?/)"
_THIN = r"|\d{1,3}(?:\\,\d{3})+(?!\d)"
_POWER = r"(?:[eE][+-]?\d{1,9}(?!(?!j(?![A-Za-z\d]))[A-Za-z\d]))?"  # Python's `1e-16j` is a multiple of j
_TAIL = rf"(?:\.\d+|\.(?![.\d]))?{_POWER}"
_LONG = re.compile(rf"(?:{_GROUPED}{_SPACED}|\d+){_TAIL}|\.\d+{_POWER}")
_SHORT = re.compile(rf"(?:{_THIN[1:]}|\d+){_TAIL}|\.\d+{_POWER}")
_SEPARATORS = re.compile(r",|'|\\[, ]|~| ")
_CALL = re.compile(r"(?:[A-Za-z]+\.)?[A-Za-z][A-Za-z0-9_]*(?=\()")
_TEN = re.compile(r"10\s*(?:\^|\*\*)")
_INDEX = re.compile(r"\d+(?![\d.])")
_POWER_OF = re.compile(r"\s*\^\s*(?:\{[^{}]{1,20}\}|[A-Za-z])")
_MARKS = {"vec", "hat", "bar", "tilde", "dot", "ddot", "overline", "underline", "widehat", "widetilde", "overrightarrow", "overleftarrow",
          "mathbf", "boldsymbol", "bm", "pmb", "mathbb", "mathcal", "mathfrak", "mathscr", "bf", "textcircled"}  # fmt: skip


def tokens(text: str, grouped: bool = True) -> list[Token]:
    """The tokens of an undressed text.

    Args:
        text: what `dress.undressed` gave.
        grouped: a comma or blank between three digits outside all brackets is a thousands separator; False: separates items.
    """
    found: list[Token] = []
    place, spaced, depth, end = 0, False, 0, len(text)
    while place < end:
        character = text[place]
        if "0" <= character <= "9" or (character == "." and "0" <= text[place + 1 : place + 2] <= "9"):
            place, numeral = _numeral(text, place, grouped and not depth)
            found.append(Token("num", numeral, spaced))
            spaced = False
            continue
        if (call := _CALL.match(text, place)) and call[0] in CALLS:
            found.append(Token("call", call[0], spaced))
            place, spaced = call.end(), False
            continue
        match = _TOKEN.match(text, place)
        place = match.end()
        if match["space"]:
            spaced = True
            if "\n" in match["space"] and not depth:
                found.append(Token("op", "\n"))
            continue
        made = _made(match)
        index = _INDEX.match(text, place) if made == ("word",) and len(match["word"]) == 1 else None
        if index and (power := _POWER_OF.match(text, index.end())) and (match["word"] in power[0] or found[-1:] == [("op", "^", False)]):
            index = None  # n2^n and (-1)^n2^m are products
        if index and not (found and found[-1].kind == "num" and _TEN.match(text, place)):
            made, place = ("word", f"{match['word']}_{index[0]}"), index.end()
        elif made == ("word",):
            made = ("word", match["word"])
        if made[0] == "inline":
            found += [Token(one.kind, one.value, one.spaced or (spaced and not at)) for at, one in enumerate(tokens(made[1], grouped))]
        else:
            depth += _nesting(made, found)
            found.append(Token(*made, spaced))
        spaced = False
    return found


def _nesting(made: tuple, before: list[Token]) -> int:
    """By how much a token changes the depth of brackets; braces that hold the argument of a macro do not count."""
    if made[0] in ("begin", "end"):
        return 1 if made[0] == "begin" else -1
    if made in (("cmd", "{"), ("cmd", "}")):
        return 1 if made[1] == "{" else -1
    if made[0] != "op":
        return 0
    if made[1] == "{":
        return int(not before)
    return (made[1] in ("(", "[")) - (made[1] in (")", "]"))


def _numeral(text: str, place: int, grouped: bool) -> tuple[int, str]:
    match = (_LONG if grouped else _SHORT).match(text, place)
    numeral = match[0]
    return match.end(), numeral if numeral.isalnum() else _SEPARATORS.sub("", numeral)


def _made(match: re.Match) -> tuple:
    """Kind and value of the token of a match."""
    for kind in ("begin", "end", "cmd", "op"):
        if match[kind]:
            return kind, match[kind]
    if match["word"]:
        return ("word",)
    macro, held = match["macro"], match["held"] if match["held"] is not None else match["bare"]
    held = re.sub(r"~|\\[,;: ]", " ", held)
    bare = held.strip()
    if (
        macro in _MARKS
        and bare
        and not (bare.isdigit() and macro in ("mathbf", "boldsymbol", "bm", "bf", "pmb"))
        and not re.search(r"\d\d|\s\S", bare)
    ):
        return "mark", f"{macro} {bare.strip()}"
    if (
        not re.search(r"[^\W\d_]|\\", held)
        or re.fullmatch(r"\\[A-Za-z]+", bare)
        or (macro in ("mathbf", "textbf", "mathit", "textit") and len(bare) == 1)
    ):
        return "inline", f" {held} "
    if bare in FUNCTIONS or (macro.startswith("operatorname") and bare.isalpha()):
        return "word", bare
    if bare in ("i", "e", "d") and macro in ("mathrm", "text", "rm", "textrm"):
        return "word", bare
    return "text", held


def written(tokens: list[Token]) -> str:
    """The text of tokens again, white space as one blank each; text macros stay, so that units are known to be upright."""
    pieces: list[str] = []
    for token in tokens:
        if token.spaced and pieces:
            pieces.append(" ")
        if token.kind == "text":
            pieces.append(f"\\text{{{token.value}}}")
        elif token.kind == "cmd":
            pieces.append(f"\\{token.value} " if token.value.isalpha() else f"\\{token.value}")
        elif token.kind == "mark":
            macro, held = token.value.split(" ", 1)
            pieces.append(f"\\{macro}{{{held}}}")
        elif token.kind in ("begin", "end"):
            pieces.append(f"\\{token.kind}{{{token.value}}}")
        else:
            pieces.append(token.value)
    return "".join(pieces).strip()
