r"""From the text of an answer to its form: lists first, then relations, then brackets, then single values.

`read` never fails: what no form takes to the last sign is `Raw` (mathematics) or `Words`.
"""

import re
from functools import lru_cache

from mathcode.grading.forms import domains, numerals, quantities, restated, times, units, words
from mathcode.grading.forms.brackets import bracketed, environment, printed
from mathcode.grading.forms.listed import SAID, listed
from mathcode.grading.forms.mixed_numbers import spelled_out
from mathcode.grading.forms.names import CONSTANTS, LETTERS
from mathcode.grading.forms.naming import expression, name_of, prefixed
from mathcode.grading.forms.regions import as_region, inequality, joined, named_set, union
from mathcode.grading.forms.splitting import depth_of, positions, split
from mathcode.grading.forms.tokens import Token, tokens, written
from mathcode.grading.forms.trees import numeral, symbols
from mathcode.grading.forms.values import (
    Chain,
    Domain,
    Items,
    Moment,
    Named,
    Order,
    Quantity,
    Range,
    Ratio,
    Raw,
    Region,
    Relation,
    Rounded,
    Words,
)

MAX_NESTING = 12
"""Forms within forms."""
_REMAINDER = re.compile(r"(\d{1,30})\s*(?:余|\.{3,6}|(?:\\[lc]?dots\s*){1,2}|[Rr]|remainder|rem\.?)\s*(\d{1,30})")
"""A quotient with its remainder."""
_CONSTANT = {"pi", "e", "i", "oo"}
_SIGNS = {("op", sign): sign for sign in ("=", "<", ">", "<=", ">=", "!=")} | {
    ("op", "=="): "=", ("cmd", "le"): "<=", ("cmd", "ge"): ">=", ("cmd", "ne"): "!=", ("cmd", "in"): "in", ("cmd", "approx"): "approx",
    ("cmd", "equiv"): "equiv",
}  # fmt: skip


@lru_cache(maxsize=4096)
def read(text: str):
    """The form of an undressed text."""
    return _form(tokens(text), text, 0, {})


def _form(found: list[Token], text: str | None, depth: int, known: dict):
    """The form of tokens; `text` is what they were made of, where that is known.

    `known` holds the forms of parts: several readers ask for the same one, and of parts within parts each would ask again.
    """
    if depth > MAX_NESTING or not found:
        return Raw(words.raw(found))
    found = _plain(found)
    if (spelled := spelled_out(found)) is not found or text is None:
        found, text = spelled, written(spelled)

    def reader(part: list[Token]):
        key = (depth, *part)
        if key not in known:
            known[key] = _form(part, None, depth + 1, known)
        return known[key]

    if (whole := _at_once(found, text)) is not None:
        return whole
    if (found[0][:2] == ("op", "]") or found[-1][:2] == ("op", "[")) and (french := bracketed(found, reader)) is not None:
        return french
    parts, separators = split(found)
    if len(parts) > 1:
        return listed(found, text, parts, separators, reader)
    for read_as in (_signed_pair, _united, _related, _restated, bracketed, _point, printed, environment, _ratio, _ranged):
        if (value := read_as(found, reader)) is not None:
            return value
    return _single(found, text)


_CONDITIONS = {("cmd", sign) for sign in ("in", "le", "ge", "ne")} | {("op", sign) for sign in ("<", ">", "<=", ">=", "!=")}


def _plain(found: list[Token]) -> list[Token]:
    """Tokens with words and signs that programs and people use for others: `(a) | (b)`, `minus 5`, `k \\in Z`, a condition in brackets."""
    found = [
        Token("mark", f"mathbb {token.value}", token.spaced)
        if place and found[place - 1][:2] == ("cmd", "in") and token.kind == "word" and token.value in ("Z", "N", "Q", "R")
        else token
        for place, token in enumerate(found)
    ]
    found = _with_condition(found)
    if [token.value for token in found[:2]] == ["零", "下"] and found[2:3] and found[2].kind == "num":
        found = [Token("op", "-"), *found[2:]]
    if found[0].kind == "word" and found[0].value.lower() in ("minus", "negative") and len(found) > 1 and found[1].kind == "num":
        found = [Token("op", "-"), *found[1:]]
    bars = [place for place, token in enumerate(found) if token[:2] == ("op", "|") and 0 < place < len(found) - 1]
    if bars and all((found[place - 1].value, found[place + 1].value) == (")", "(") for place in bars):
        found = [Token("word", "or", True) if place in bars else token for place, token in enumerate(found)]
    return found


def _with_condition(found: list[Token]) -> list[Token]:
    """`a (k > 0)` as `a, k > 0`."""
    if found[-1][:2] != ("op", ")"):
        return found
    opened = (place for place in reversed(range(len(found))) if found[place][:2] == ("op", "("))
    start = next((place for place in opened if sum(map(depth_of, found[place:])) == 0), 0)
    before = found[start - 1]
    goes_on = before.value not in (")", "}", "]") if before.kind == "op" else before.kind != "num" and not found[start].spaced
    conditions = positions(found[start + 1 : -1], lambda token: token[:2] in _CONDITIONS)
    member = any(found[start + 1 + at][:2] == ("cmd", "in") for at in conditions) and not before.value.isupper()  # 2k\pi(k \in Z)
    if not start or (goes_on and not member) or before.value.strip() in SAID or not conditions:
        return found
    return [*found[:start], Token("op", ","), *found[start + 1 : -1]]


def _at_once(found: list[Token], text: str):
    """Forms that are told by the whole text: moments, numerals with a base or a period, numbers in words."""
    flat = words.bare(text)
    if len(flat) < 80:
        for kind, told in (("date", times.date), ("clock", times.clock)):
            if (value := told(flat)) is not None:
                return Moment(kind, value)
        if (place := numerals.ordinal(flat)) is not None:
            return Moment("ordinal", place)
    if (divided := _REMAINDER.fullmatch(flat)) is not None:
        return Items("R", tuple(Quantity(numeral(number)) for number in divided.groups()))
    if re.match(r"\d+ ?h[a-z]*\d", flat) and (spell := times.duration(flat)) is not None and not spell.months:
        return Quantity(quantities.number_tree(spell.seconds / 3600), units.unit("hour"))
    if (form := quantities.based(text)) is not None:
        return form
    if "'" in text and (form := quantities.feet_and_inches(text)) is not None:
        return form
    if (tree := quantities.repeating(text)) is not None:
        return Quantity(tree)
    if found[0].kind == "num" and (value := restated.in_brackets(found) or quantities.quantity(found)) is not None:
        return value
    if len(flat) < 120 and any(not token.value.isascii() or token.kind in ("word", "text") for token in found):
        return quantities.in_words(text)
    return None


def _single(found: list[Token], text: str):
    """A quantity, words, or what is not understood."""
    if (region := named_set(found, text)) is not None:
        return region
    if (marks := words.circled(found)) is not None:
        return Items("", tuple(map(Words, marks))) if len(marks) > 1 else Words(marks[0])
    if (named := prefixed(found)) is not None and (value := quantities.quantity(named[1])) is not None:
        return Named(named[0], value)
    phrase = words.phrase(text)
    if _is_name(found):
        return Words(phrase or words.bare(text))
    if (value := quantities.quantity(found)) is not None:
        return value
    return Words(phrase) if phrase is not None else Raw(words.raw(found))


def _is_name(found: list[Token]) -> bool:
    """Whether a text is one run of letters, two at the least, that is no function or constant: a word or a name, no product."""
    token = found[0]
    if len(found) != 1 or token.kind not in ("word", "text") or len(token.value.strip()) < 2 or "_" in token.value:
        return token.kind == "text" and len(found) == 1
    if token.value in LETTERS or token.value in ("oo", "inf", "infinity", "Infinity"):
        return False
    return (
        len(token.value) > 2
        or not token.value.islower()
        or token.value in ("no", "ok", "hi", "is", "it", "on", "up", "in", "or", "so", "to", "me", "if")
    )


def _restated(found: list[Token], _) -> Quantity | None:
    """A value, and the same in brackets."""
    return restated.in_brackets(found)


def _signed_pair(found: list[Token], reader):
    r"""`a \pm b` stands for two values; within the braces of a set each item does so alone."""
    both = [token[:2] for token in found]
    if both[0] == ("cmd", "{") and both[-1] == ("cmd", "}"):
        return None
    if ("cmd", "pm") not in both and ("cmd", "mp") not in both:
        return None
    made = []
    for signs in ({"pm": "+", "mp": "-"}, {"pm": "-", "mp": "+"}):
        signed = [
            Token("op", signs[token.value], token.spaced) if token.kind == "cmd" and token.value in signs else token for token in found
        ]
        made.append(reader(signed[1:] if signed[0][:2] == ("op", "+") else signed))
    if any(isinstance(form, Raw | Words) for form in made):
        return None
    return (joined(made, ["and"]) if ("cmd", "ne") in both else None) or Items("", tuple(made))  # x is neither of the two


def _united(found: list[Token], reader):
    r"""Unions of sets, and sets without another."""
    places = positions(
        found, lambda token: token[:2] in (("cmd", "cup"), ("cmd", "setminus"), ("cmd", "backslash")) or token[:2] == ("word", "U")
    )
    if not places or places[0] == 0:
        return None
    parts = [found[low + 1 : high] for low, high in zip([-1, *places], [*places, len(found)], strict=True)]
    if not all(parts):
        return None
    forms = [as_region(reader(part)) for part in parts]
    if any(form is None for form in forms):
        return None
    signs = [found[place].value for place in places]
    if all(sign in ("cup", "U") for sign in signs):
        return union(forms)
    return Items("minus", tuple(forms)) if len(forms) == 2 else None


def _related(found: list[Token], reader):
    """Equations, assignments, inequalities, memberships."""
    places = positions(found, lambda token: token[:2] in _SIGNS)
    if not places or len(places) > 6:
        return None
    parts = [found[low + 1 : high] for low, high in zip([-1, *places], [*places, len(found)], strict=True)]
    signs = [_SIGNS[found[place][:2]] for place in places]
    if not parts[-1] or (not parts[0] and signs != ["approx"]):
        return None
    if signs[-1] == "approx":
        return _rounded(found[: places[-1]], parts[-1], reader)
    if signs[0] == "in":
        return _member(parts, signs, reader)
    if signs == ["="] and (shares := _shares(*parts)) is not None:
        return shares
    trees = [expression(part) for part in parts]
    if all(sign == "=" for sign in signs):
        return _equated(parts, trees, reader)
    if None not in trees and "=" not in signs:
        return inequality(trees, signs)
    return _ordered(parts, signs)


def _ordered(parts: list, signs: list[str]) -> Order | None:
    """Things in their order, from the least: `boys > girls`, `a = c > b`."""
    least_first = all(sign in ("=", "<", "<=") for sign in signs)
    if not all(parts) or not (least_first or all(sign in ("=", ">", ">=") for sign in signs)):
        return None
    keys = [words.raw(part) for part in parts]
    if not least_first:
        keys, signs = keys[::-1], [sign.replace(">", "<") for sign in signs[::-1]]
    groups: list[list[tuple]] = [[keys[0]]]
    for key, sign in zip(keys[1:], signs, strict=True):
        if sign == "=":
            groups[-1].append(key)
        else:
            groups.append([key])
    return Order(tuple(tuple(sorted(group)) for group in groups), tuple(sign for sign in signs if sign != "="))


def _member(parts: list, signs: list[str], reader):
    r"""`x \in S`."""
    if len(signs) > 1:
        return None
    name, numbers = name_of(parts[0]), domains.numbers(parts[1])
    if name is not None and numbers is not None and numbers != "R":
        return Domain(name, numbers)
    region = as_region(reader(parts[1]))
    return Region(region.pieces, name) if region is not None and name is not None else None


def _rounded(before: list[Token], behind: list[Token], reader):
    r"""`\approx 5`; `x \approx 1.31`, `4\pi \approx 12.57`, `x = \frac13 \approx 0.333`."""
    decimal = reader(behind)
    if not isinstance(decimal, Quantity):
        return None
    if not before:
        return decimal
    if (name := name_of(before)) is not None and name not in CONSTANTS.values():
        return Named(name, decimal, expression(before))
    value = reader(before)
    return Rounded(value, decimal) if isinstance(value, Quantity | Chain | Named) else None


def _equated(parts: list, trees: list, reader):
    """A named value, a chain of constants, or an equation."""
    name = name_of(parts[0])
    if len(parts) == 2 and name is None and (swapped := name_of(parts[1])) is not None and trees[0] is not None:
        parts, trees, name = parts[::-1], trees[::-1], swapped
    if name is not None:
        value = reader(parts[-1])
        if (each := _one_by_one(trees, value)) is not None:
            return each
        if isinstance(value, Raw) or (name[0] == "(" and not isinstance(value, Items)):
            return None
        if trees[0] is not None and trees[-1] is not None and trees[0][0] == "s" and trees[0][1] in symbols(trees[-1]):
            return Relation("=", trees[0], trees[-1])
        if len(parts) > 2:
            return Named(name, value, trees[0], tuple(trees[1:])) if None not in trees[1:] else None
        return Named(name, value, trees[0])
    if None in trees:
        return restated.one([reader(part) for part in parts]) or restated.computed(trees[:-1], reader(parts[-1]))
    if all(not symbols(tree) - {"pi", "e", "i"} for tree in trees):
        return Chain(tuple(trees))
    return Relation("=", *trees) if len(trees) == 2 else None


def _one_by_one(trees: list, value) -> Items | None:
    """`a = b = 1`: each letter has the value."""
    letters = trees[:-1]
    named = all(tree is not None and tree[0] == "s" and tree[1] not in _CONSTANT for tree in letters)
    if not named or not 1 < len(letters) == len(set(letters)) or not isinstance(value, Quantity):
        return None
    return Items("", tuple(Named(tree[1], value, tree) for tree in letters))


def _terms(found: list[Token]) -> list[list[Token]] | None:
    """What stands between colons; None where there are none."""
    places = positions(found, lambda token: token[:2] in (("op", ":"), ("op", "比"), ("word", "to")))
    if not places or len(places) > 6 or any(found[place].kind == "word" for place in places):
        return None
    return [found[low + 1 : high] for low, high in zip([-1, *places], [*places, len(found)], strict=True)]


def _shares(before: list[Token], behind: list[Token]) -> Named | None:
    """`a:b = 2:3`, names and as many constants."""
    named, terms = _terms(before), _terms(behind)
    if not named or not terms or len(named) != len(terms):
        return None
    names = [name_of(part) for part in named]
    trees = [expression(part) if part else None for part in terms]
    if None in names or None in trees or len(set(names)) < len(names) or any(symbols(tree) - {"pi", "e"} for tree in trees):
        return None
    return Named(":".join(names), Ratio(tuple(trees)))


def _ratio(found: list[Token], reader):
    """Terms between colons."""
    if (parts := _terms(found)) is None:
        return None
    trees = [expression(part) if part else None for part in parts]
    if None in trees:
        name = name_of(parts[0]) if len(parts) == 2 and parts[0] and trees[0] is None else None
        form = reader(parts[1]) if name and parts[1] else None
        return Named(name, form) if isinstance(form, Quantity | Items) else None
    return Ratio(tuple(trees))


def _point(found: list[Token], reader) -> Named | None:
    """`P(1, 2)`, 点P(1, 2): coordinates with the letter of their point."""
    at = int(found[0][:2] == ("op", "点"))
    if len(found) < at + 6 or found[at].kind != "word" or not re.fullmatch(r"[A-Z](?:_\d+)?", found[at].value):
        return None
    form = reader(found[at + 1 :]) if found[at + 1][:2] == ("op", "(") else None
    if not isinstance(form, Items) or form.brackets != "()" or len(form.items) < 2 or not all(map(_is_coordinate, form.items)):
        return None
    return Named(found[at].value, form, ("s", found[at].value))


def _is_coordinate(form) -> bool:
    """Whether a form is an expression and no event, as those of `P(A, B)`."""
    return isinstance(form, Quantity) and not (form.tree[0] == "s" and form.tree[1].isupper())


def _ranged(found: list[Token], reader):
    """`1.4 to 1.6 m/s`, a range with a dash between."""
    places = positions(found, lambda token: token[:2] in (("word", "to"), ("op", "–"), ("op", "至"), ("op", "到"), ("cmd", "sim")))
    if len(places) != 1 or not 0 < places[0] < len(found) - 1:
        return None
    ends = [reader(part) for part in (found[: places[0]], found[places[0] + 1 :])]
    return Range(*ends) if all(isinstance(end, Quantity | Moment) for end in ends) else None
