r"""What a value is called: before an equals sign, `x`, `f(x)`, `\angle ABC`, `(x, y)`, 宽; in Chinese also before the number, 鸡23只."""

import re

from mathcode.grading.forms import quantities, words
from mathcode.grading.forms.names import OPAQUE
from mathcode.grading.forms.splitting import split
from mathcode.grading.forms.tokens import Token, written
from mathcode.grading.forms.turning import turns
from mathcode.grading.forms.values import TOGETHER

_FIGURES = {("cmd", "angle"), ("cmd", "measuredangle"), ("cmd", "triangle")}
"""What makes a name of the letters behind it."""
_SEGMENT = re.compile(r"\|?\s*[A-Z]{2,3}\s*\|?")
_ANGLED = re.compile(r"\\?(?:sin|cos|tan|cot)\s*(?:[A-Z]|\\(?:angle\s*[A-Z]{1,3}|alpha|beta|gamma|theta|varphi))")
_PROBABILITY = re.compile(r"[PE]\s*\([^()]{1,40}\)")
_INVERSE = re.compile(
    r"(?:[A-Za-z]\s*\^\s*\{?\s*-\s*1\s*\}?\s*\(\s*[A-Za-z]\s*\)|[fghFGH]\s*\^\s*\{?\s*-\s*1\s*\}?\s*\(\s*-?\s*\d{1,9}\s*\))"
)
"""The inverse of a function: f^{-1}(x), f^{-1}(2)."""
_LENGTH = re.compile(r"\|{1,2}\s*\\(?:overrightarrow|vec|overline|mathbf)\{[A-Za-z]{1,2}\}\s*\|{1,2}")
_MEASURED = {"S", "V", "C"}
"""Letters before a figure: its area, volume, perimeter."""
_HAN = re.compile("[一-鿿]{1,6}")
_NO_PREFIX = set("不非负约第零没无少多超过低高于下上前后差余约近每共大小至另亏赔欠偏")
"""What says more of a number than its name, where no sign stands between the two."""


def expression(part: list[Token]) -> tuple | None:
    """The expression that a part is; None of one with a unit, noun or per cent."""
    value = quantities.quantity(part)
    return value.tree if value is not None and not (value.unit or value.noun or value.percent) else None


def name_of(part: list[Token]) -> str | None:
    """The name that a part is: a symbol, a function, a word, a figure, a measure of one, or several names together."""
    measured = part[1:] if part and part[0][:2] == ("word", "m") else part
    if len(part) > 2 and part[0].kind == "word" and part[0].value in _MEASURED and part[1][:2] in _FIGURES:
        return name_of([part[0], Token("op", "_"), Token("op", "{"), *part[1:], Token("op", "}")])
    if measured and measured[0][:2] in _FIGURES:
        named = all(token.kind in ("word", "num", "op") for token in measured[1:]) and 1 < len(measured) < 5
        return written(measured) if named else None
    if len(part) > 2 and (part[0].value, part[-1].value) == ("(", ")") and (each := _together(part[1:-1])) is not None:
        return each
    text = written(part)
    if any(told.fullmatch(text) for told in (_SEGMENT, _ANGLED, _PROBABILITY, _INVERSE, _LENGTH, _HAN)):
        return "".join(text.split()) if not turns(text) else None
    return _symbol(part) or _word(part)


def _symbol(part: list[Token]) -> str | None:
    tree = expression(part)
    if tree is None:
        return None
    if tree[0] == "s":
        return tree[1]
    if tree[0] == "f" and tree[1].rstrip("'") in OPAQUE:
        if all(one[0] == "s" for one in tree[2]):
            return tree[1]
        return "".join(written(part).split()) if all(one[0] == "n" for one in tree[2]) else None
    if tree[0] == "*" and len(tree[1]) == 2 and tree[1][0][0] == tree[1][1][0] == "s" and written(part).endswith(")"):
        return tree[1][0][1]
    return None


def _word(part: list[Token]) -> str | None:
    if not 0 < len(part) < 5 or not all(token.kind in ("word", "text") for token in part):
        return None
    tree, text = expression(part), words.bare(written(part)).casefold()
    return text if (tree is None or tree[0] == "s") and not turns(text) else None


def _together(inner: list[Token]) -> str | None:
    """`(x, y)`: symbols that are named together."""
    parts, _ = split(inner)
    trees = [expression(part) for part in parts]
    if len(parts) < 2 or any(tree is None or tree[0] != "s" for tree in trees):
        return None
    return f"({TOGETHER.join(tree[1] for tree in trees)})"


def prefixed(found: list[Token]) -> tuple[str, list[Token]] | None:
    """A name in Chinese right before a number, and the number's tokens: 鸡23只, 长8."""
    start = next((at for at, token in enumerate(found) if not _HAN.fullmatch(token.value)), len(found))
    if not 0 < start <= 4 or start >= len(found) or found[start].kind != "num":
        return None
    name = "".join(token.value for token in found[:start])
    return (name, found[start:]) if not (set(name) & _NO_PREFIX or turns(name)) else None
