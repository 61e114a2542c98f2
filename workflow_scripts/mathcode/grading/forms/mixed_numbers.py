r"""Mixed numbers as Chinese exercises write them, `5(2/3)` and 5又(2/3), turned into the tokens of `5 2/3`.

A proper fraction in brackets on the heels of an integer is one only as a whole number of its own: what stands before it and behind it
may be a unit, a sign of relation or a separator, but no algebra: `2(1/2)x` and `1+2(1/2)` are products.
"""

from mathcode.grading.forms.tokens import Token
from mathcode.grading.forms.trees import letters_of
from mathcode.grading.forms.units import unit

MAX_DIGITS = 9
"""Digits of a part of a mixed number."""
_BARE, _BRACKETED = ("", "/", ""), ("(", "", ")", "/", "(", "", ")")
_SHAPES = [(*("(", *shape, ")"),) for shape in (_BARE, _BRACKETED)]
"""How a fraction is written in brackets; the empty strings stand for its numerals."""
_JOINED = [*_SHAPES, _BARE, _BRACKETED, ("frac", "{", "", "}", "{", "", "}")]
"""How one is written behind 又."""
_AROUND = set(",;:=<>%|\n") | {"<=", ">=", "!=", "==", "le", "ge", "ne", "approx", "equiv", "in", "lor", "land", "or", "and", "}"}
"""Signs and words that may stand on either side of a number."""
_BEFORE = _AROUND | set("$€£¥")
_AFTER = _AROUND | {"$", "pi", "?"}


def spelled_out(found: list[Token]) -> list[Token]:
    """Tokens with each mixed number in one spelling; the same list if there is none."""
    made: list[Token] = []
    place, changed = 0, False
    while place < len(found):
        parts = _mixed(found, place)
        if parts is None:
            made.append(found[place])
            place += 1
        else:
            changed = True
            above, below, place = parts
            made += [made.pop(), Token("num", above, True), Token("op", "/"), Token("num", below)]
    return made if changed else found


def _mixed(found: list[Token], place: int) -> tuple[str, str, int] | None:
    """Numerator and denominator of the fraction at a place that makes a mixed number with the integer before it, and where it ends."""
    if not place or not _is_numeral(found[place - 1]) or found[place].kind not in ("op", "cmd"):
        return None
    joined = found[place].value == "又"
    if not joined and ((found[place].value, found[place].spaced) != ("(", False) or not _may_begin(found, place - 1)):
        return None
    for shape in _JOINED if joined else _SHAPES:
        start, end = place + joined, place + joined + len(shape)
        fraction = _fraction(found[start:end], shape)
        if fraction and (joined or _may_end(found, end)):
            return *fraction, end
    if joined and (short := found[place + 1 : place + 3])[:1] == [Token("cmd", "frac")] and len(short) == 2:
        digits = short[1].value
        return (digits[0], digits[1], place + 3) if short[1].kind == "num" and len(digits) == 2 and "0" < digits[0] < digits[1] else None
    return None


def _fraction(part: list[Token], shape: tuple[str, ...]) -> tuple[str, str] | None:
    """The numerals of a proper fraction that is written in a shape."""
    if len(part) != len(shape):
        return None
    numerals = [token.value for token, sign in zip(part, shape, strict=True) if not sign and _is_numeral(token)]
    if len(numerals) != 2 or any(token.value != sign for token, sign in zip(part, shape, strict=True) if sign):
        return None
    return (numerals[0], numerals[1]) if 0 < int(numerals[0]) < int(numerals[1]) else None


def _is_numeral(token: Token) -> bool:
    return token.kind == "num" and token.value.isdigit() and len(token.value) <= MAX_DIGITS


def _may_begin(found: list[Token], place: int) -> bool:
    """Whether what stands before the integer at a place leaves it a number of its own."""
    if place and found[place - 1][:2] == ("op", "-"):
        place -= 1
    return not place or found[place - 1].value in _BEFORE or _is_han(found[place - 1])


def _may_end(found: list[Token], place: int) -> bool:
    """Whether what stands behind a fraction leaves it a number of its own: a unit, per cent, a degree sign."""
    if place == len(found):
        return True
    after = found[place]
    if after.value in _AFTER or _is_han(after) or after.kind == "text":
        return True
    if after.value == "^":
        return any(token.value == "circ" for token in found[place + 1 : place + 3])
    return after.kind == "word" and (letters_of(after.value) is None or unit(after.value, strict=not after.spaced) is not None)


def _is_han(token: Token) -> bool:
    return token.kind == "op" and "㐀" <= token.value <= "鿿"
