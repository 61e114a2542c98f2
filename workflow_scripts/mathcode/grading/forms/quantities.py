r"""Numbers and expressions with what stands around them: currency before; per cent, units, magnitudes and counted things behind.

`3 \text{ cm}^2`, `$2.5 million`, `12\pi`, `48 apples`, `25 percent`, `5 ft 6 in`, `60千米/时`, `3万`, `a dozen`, `1011_2`. Everything
behind the number must be understood: a word that is no declared unit and no bare noun (`9 was rejected`, `5 miles north`) is no quantity.
"""

import re
from fractions import Fraction

from mathcode.grading.forms import numerals, units
from mathcode.grading.forms.algebra import Parser
from mathcode.grading.forms.names import FUNCTIONS
from mathcode.grading.forms.tokens import Token, written
from mathcode.grading.forms.trees import NotAlgebra, numeral, symbols
from mathcode.grading.forms.turning import turns
from mathcode.grading.forms.values import Based, Quantity

MAX_TOKENS = 700
"""Words and signs of an expression; nobody asks for a longer one."""
_PERCENT = {"%", "percent", "per cent", "percents", "percentage points", "\\text{percent}"}
_PER_MILLE = {"‰", "permille", "per mille", "per mill", "promille"}
_CURRENCY = {
    ("cmd", "$"): "$",
    ("op", "€"): "€",
    ("op", "£"): "£",
    ("op", "¥"): "¥",
    ("op", "₹"): "₹",
    ("op", "₩"): "₩",
    ("cmd", "pounds"): "£",
}
_ADJECTIVE = re.compile(r"(?<=[a-z.}]) +(?:old|tall|long|wide|high|deep|away|apart|thick)$")
_STATE = re.compile(r"(?:^| +)(?:left(?: over)?|remaining|needed|required|each|apiece|altogether|in all|in total|total)$")
"""What is said of counted things without counting others."""
_EVERY = re.compile(r" (?:a|an|every|each) (?=(?:second|minute|hour|day|week|month|year|person|trip)$)")
_MORE = re.compile(r"^(?:more|fewer|extra|additional) (?=[a-z])")
_COUNTED = {"integers": "numbers", "solutions": "roots", "points": "dots", "values": "values", "times": None, "total": None}
_BASE = re.compile(
    r"(-?)(\()?((?=[A-Z]*\d)[0-9A-Z]+(?:\.\d+)?|[A-Z]+(?=_\{?(?:16|12)\b))(?(2)\))\s*(?:_\s*(?:\{\s*\(?(?:\\text\s*\{)?\s*([a-z0-9]+)\s*\}?\)?\s*\}|\(?(?:\\text\s*\{)?([a-z0-9]+)\}?\)?)"
    r"|(?:\\text\s*\{)?\s*\(?\s*(?:in )?base[- ]([a-z0-9]+)\s*\)?\s*\}?)"
)
_IDIOMS = {"一样", "一面", "零件", "零头", "半圆", "三角"}
"""Words that begin with a numeral and end with a measure word or unit, but count nothing."""
_FACTORS = {"mg"}
"""A unit that, on the heels of a number, is as well a product."""
_DIRECTION = re.compile(r"\^\s*\{?\s*\\circ\s*\}?\s*(?:\\text\s*\{)?\s*[NSEW]\s*\}?$")
_CODES = {"USD": "$", "US": "$", "EUR": "€", "GBP": "£", "RMB": "¥", "CNY": "¥", "Rs": "₹"}
_FEET = re.compile(r"(\d{1,3})\s*'\s*(\d{1,2})\s*(?:''|\")$")
_BASES = {"two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
          "twelve": "12",          "sixteen": "16", "b": "2"}  # fmt: skip
_DOTTED = re.compile(r"(-?)(\d*)\.(\d*?)\\dot\{?(\d)\}?(?:(\d*)\\dot\{?(\d)\}?)?$")
_REPEATING = re.compile(
    r"(-?)(\d*)\.(\d*?)(?:\\(?:overline|bar|dot)\s*\{?\s*(\d+)\s*\}?|(\d+?)(\5{2,})\d{0,3}(?:\s*(?:\\ldots|\.\.\.|…)))$"
)


def feet_and_inches(text: str) -> Quantity | None:
    """`5'6\"`."""
    match = _FEET.match(text)
    return Quantity(number_tree(int(match[1]) + Fraction(int(match[2]), 12)), units.unit("feet")) if match and int(match[2]) < 12 else None


def number_tree(value: Fraction) -> tuple:
    return ("n", value, None) if value >= 0 else ("-", ("n", -value, None))


def based(text: str) -> Based | None:
    """A numeral with its base."""
    match = _BASE.fullmatch(text)
    if not match:
        return None
    base = next(group for group in match.groups()[3:] if group)
    base = _BASES.get(base.lower(), base)
    return Based(match[1] + (match[3].lstrip("0") or "0"), base) if base.isdigit() and 1 < int(base) < 100 else None


def repeating(text: str) -> tuple | None:
    r"""A decimal whose end repeats: `0.1\overline{6}`, `0.333...`."""
    if len(text) > 100 or "." not in text:
        return None
    if dotted := _DOTTED.match(text):
        sign, whole, before, first, middle, last = (group or "" for group in dotted.groups())
        period = first + middle + last
    elif match := _REPEATING.match(text):
        sign, whole, before, period, shown, _ = match.groups()
        period = period or shown
    else:
        return None
    value = Fraction(int(whole + before + period) - int(whole + before or 0), (10 ** len(period) - 1) * 10 ** len(before))
    return number_tree(-value if sign else value)


def in_words(text: str) -> Quantity | None:
    """A number that is said in words, with its unit or noun behind it."""
    said = re.sub(r"\\text\s*\{([^{}]*)\}", r" \1 ", text)
    said = re.sub(r"\\\$|[$€£¥]", "", said).strip() if "\\" in said else said.strip()
    if (value := numerals.percent(said)) is not None:
        return Quantity(number_tree(value), percent=True)
    for read in (numerals.english_number, numerals.chinese_number):
        if (value := read(said)) is not None:
            return Quantity(number_tree(value))
    words = said.split(" ")
    for count in range(1, min(4, len(words))):
        head, tail = " ".join(words[:-count]), " ".join(words[-count:])
        value = numerals.english_number(head)
        if value is not None and (found := measured(number_tree(value), tail)):
            return found
    for count in range(1, min(7, len(said))) if said not in _IDIOMS else ():
        if said[-count:].isascii():
            break
        value = numerals.chinese_number(said[:-count])
        if value is not None and (found := measured(number_tree(value), said[-count:])):
            return found
    return None


def quantity(tokens: list[Token]) -> Quantity | None:
    """The quantity that all of the tokens are; None if they are not one."""
    if not 0 < len(tokens) <= MAX_TOKENS:
        return None
    currency, negative, place = _currency(tokens)
    if found := _measured_letters(tokens, place, currency, negative) or (currency and _rate(tokens, place, currency, negative)):
        return found
    parser = Parser(tokens, place)
    try:
        tree = parser.sum()
    except NotAlgebra:
        return None
    found = _behind(tokens, parser.place, ("-", tree) if negative else tree, currency) or _and_fraction(tokens)
    if not found and currency is None and tokens[0].kind == "num" and len(tokens) < 20:
        return compound(_whole(tokens[:1]) or tree, tokens[1:])  # 2 h 30 min
    if found and parser.place == len(tokens) and currency is None and (loose := _loose(tokens, place)):
        return Quantity(found.tree, loose=loose)
    return found


def _and_fraction(tokens: list[Token]) -> Quantity | None:
    """`2 and 1/2`."""
    if len(tokens) != 5 or tokens[1].value != "and" or tokens[3].value != "/" or any(tokens[at].kind != "num" for at in (0, 2, 4)):
        return None
    whole, above, below = (numeral(tokens[at].value) for at in (0, 2, 4))
    if whole[2] or not 0 < above[1] < below[1]:
        return None
    return Quantity(number_tree(whole[1] + above[1] / below[1]))


def _currency(tokens: list[Token]) -> tuple[str | None, bool, int]:
    """The currency before a number, whether a minus stands before it, and where the number begins."""
    currency, negative, place = None, False, 0
    if tokens[0].kind == "word" and tokens[0].value in _CODES and len(tokens) > 1 and (tokens[1].kind == "num" or tokens[1].value in "$-"):
        currency, place = _CODES[tokens[0].value], 1
    while place < len(tokens) and (tokens[place][:2] in _CURRENCY or (tokens[place][:2] == ("op", "-") and place == 0)):
        negative |= tokens[place].value == "-"
        currency = currency or _CURRENCY.get(tokens[place][:2])
        place += 1
    return (currency, negative, place) if currency else (None, False, 0)


def _suffixes(tokens: list[Token], place: int):
    """Where a unit may begin that is written in letters: after a number, a bracket, or white space; the longest first."""
    for start in range(max(place + 1, len(tokens) - 12), len(tokens)):
        token, before = tokens[start], tokens[start - 1]
        if token[:2] in (("op", "("), ("op", "[")) and tokens[-1].value in (")", "]") and before.kind != "word":
            yield start
            continue
        if token.kind not in ("word", "cmd", "text") or (token.kind == "cmd" and not token.value.isalpha()):
            continue
        if before.kind == "op" and before.value not in (")", "}", "]", "|", "%"):
            continue
        if before.kind in ("word", "mark", "call") and not token.spaced:
            continue
        yield start


def _measured_letters(tokens: list[Token], place: int, currency: str | None, negative: bool) -> Quantity | None:
    r"""A quantity whose unit is written in letters that could be factors, but is a declared one: `36\sqrt{7}cm^3`, `45 mph`."""
    for start in _suffixes(tokens, place):
        text = written(tokens[start:])
        tree = None
        if currency is None and (text not in _FACTORS or tokens[start].spaced) and (found := units.unit(text)):
            tree = _whole(tokens[place:start])
        elif _is_phrase(tokens[start:]) and (tree := _whole(tokens[place:start])) is not None:
            return measured(("-", tree) if negative else tree, text.strip("[]"))
        if tree is not None:
            return Quantity(("-", tree) if negative else tree, found)
    return None


def _is_phrase(tokens: list[Token]) -> bool:
    """Whether tokens are words with white space between them, one of them no product of letters; or words in brackets."""
    bracketed = len(tokens) > 2 and (tokens[0].value, tokens[-1].value) in (("(", ")"), ("[", "]"))
    inner = tokens[1:-1] if bracketed else tokens
    if not all(token.kind == "word" and (token.spaced or (bracketed and not at)) for at, token in enumerate(inner)):
        return False
    return any(len(token.value) > 3 and token.value not in FUNCTIONS for token in inner) or (bracketed and bool(units.unit(written(inner))))


def _loose(tokens: list[Token], place: int) -> tuple | None:
    """Value and unit where the letters at the end may be a unit, set off by white space: `5 m`."""
    for start in _suffixes(tokens, place):
        if not tokens[start].spaced or not (found := units.unit(written(tokens[start:]), strict=False)):
            continue
        tree = _whole(tokens[place:start])
        if tree is not None and tree[0] != "+" and not symbols(tree) - {"pi", "e"}:
            return tree, found
    return None


def _whole(tokens: list[Token]) -> tuple | None:
    """The tree that all tokens make."""
    parser = Parser(tokens)
    try:
        tree = parser.sum()
    except NotAlgebra:
        return None
    return tree if parser.place == len(tokens) else None


def _behind(tokens: list[Token], place: int, tree: tuple, currency: str | None) -> Quantity | None:
    """The quantity of a tree and all that follows it."""
    rest = written(tokens[place:])
    if currency is not None:
        found = _money(tree, rest, currency)
    elif not rest:
        return Quantity(tree)
    else:
        found = measured(tree, rest) or compound(tree, tokens[place:])
    return found


def _money(tree: tuple, rest: str, currency: str) -> Quantity | None:
    if found := _priced(tree, rest, currency):
        return found
    if rest and (found := measured(tree, rest)):
        return found if found.unit is None or found.noun or units.ratio(found.unit, units.unit(currency)) else None
    return Quantity(tree, units.unit(currency, strict=False)) if not rest else None


def _rate(tokens: list[Token], place: int, currency: str, negative: bool) -> Quantity | None:
    """A price for one of something behind a stroke: `$3/hour`."""
    at = next((at for at in range(place + 1, len(tokens)) if tokens[at][:2] == ("op", "/")), None)
    if at is None or (tree := _whole(tokens[place:at])) is None:
        return None
    return _priced(("-", tree) if negative else tree, written(tokens[at:]), currency)


def _priced(tree: tuple, rest: str, currency: str) -> Quantity | None:
    """A price: `$3 per hour`, `$3/hour`, `$3 each`."""
    rest = _EVERY.sub("per ", f" {_bare(rest)}").strip()
    if rest in ("each", "apiece"):
        return Quantity(tree, units.unit(currency, strict=False))
    found = units.unit(f"{currency} {rest}", strict=False) if re.match(r"per |/", rest) else None
    return Quantity(tree, found) if found else None


def measured(tree: tuple, rest: str) -> Quantity | None:
    """A tree and the text behind it, of which nothing may be left over."""
    rest = rest.strip()
    if _DIRECTION.match(rest):
        return None
    if rest[0] + rest[-1] in ("()", "[]") and (found := units.unit(rest[1:-1])):
        return Quantity(tree, found)
    bare = _bare(rest)
    if bare.lower() in _PERCENT:
        return Quantity(tree, percent=True)
    if bare.lower() in _PER_MILLE:
        return Quantity(("/", tree, ("n", Fraction(1000), None)))
    if bare[:1] == "打":  # twelve, whose own measure word it is: 3打鸡蛋
        return measured(("*", (tree, ("n", Fraction(12), None))), f"个{bare[1:]}")
    if found := units.unit(rest):
        return Quantity(tree, found)
    head, _, tail = bare.partition(" ")
    if (scale := numerals.magnitude(head)) or ((scale := numerals.magnitude(bare[:1])) and not bare[:1].isascii()):
        if not head.isascii():
            head, tail = bare[:1], bare[1:]
        scaled = ("*", (tree, ("n", Fraction(scale), None)))
        return measured(scaled, tail) if tail.strip() else Quantity(scaled)
    if _STATE.fullmatch(bare):
        return Quantity(tree)
    bare = _STATE.sub("", _EVERY.sub(" per ", _ADJECTIVE.sub("", bare)))
    bare = _MORE.sub("", bare)
    if found := units.unit(bare, strict=True) or (units.unit(f"\\text{{{bare}}}") if "\\text" in rest else None):
        return Quantity(tree, found)
    if found := units.unit(bare, strict=False):
        return Quantity(tree, found)
    return _counted(tree, bare)


def _counted(tree: tuple, bare: str) -> Quantity | None:
    """A number of things."""
    if tree[0] == "s":
        return None
    if bare[:1] == "(" and bare[-1:] == ")" and bare.count("(") == 1:
        bare = bare[1:-1]
        if re.fullmatch(r"[A-Za-z][A-Za-z' -]*", bare) and not units.noun("two " + bare if not units.noun(bare) else bare):
            return Quantity(tree, noun=(bare.lower(),)) if not _denies(bare) else None
    words = bare.split()
    if words and words[-1].lower() in _COUNTED:
        if (stand_in := _COUNTED[words[-1].lower()]) is None:
            return None
        return Quantity(tree, noun=(bare.lower(),)) if units.noun(" ".join([*words[:-1], stand_in])) else None
    key = units.noun(bare)
    return Quantity(tree, noun=tuple(key.split())) if key else None


_DENIALS = re.compile(
    r"\b(?:approx\w*|or|and|base|more|less|increase|decrease|north|south|east|west|million|thousand|billion|dozen|hundred|rounded|times|negative"
    r"|minus)\b",
    re.IGNORECASE,
)


def _denies(text: str) -> bool:
    return turns(text) or bool(_DENIALS.search(text))


def _bare(rest: str) -> str:
    """Text without its macros and one pair of white space."""
    return (
        " ".join(re.sub(r"\\text\s*\{([^{}]*)\}", r" \1 ", rest).split()).rstrip(".")
        if "\\text" in rest
        else " ".join(rest.split()).rstrip(".")
    )


def compound(tree: tuple, tokens: list[Token]) -> Quantity | None:
    """A quantity in several units of one kind, the larger first: 5 ft 6 in, 5 dollars and 50 cents; counted in the first."""
    parts, start = [], 0
    numbers = [at for at, token in enumerate(tokens) if token.kind == "num"]
    if not numbers or len(numbers) > 4 or tree[0] != "n":
        return None
    trees = [tree]
    for at in [*numbers, len(tokens)]:
        text = _bare(written(tokens[start:at])).removesuffix(" and").removesuffix(",").strip()
        found = units.unit(text) or units.unit(text, strict=False)
        if not found:
            return None
        parts.append(found)
        start = at + 1
        if at < len(tokens):
            trees.append(Parser([tokens[at]]).sum())
    total, last = tree[1], None
    for one, its in zip(trees[1:], parts[1:], strict=True):
        share = units.ratio(its, parts[0])
        if share is None or share >= (last or 1) or one[1] * share >= (last or 1):
            return None
        total, last = total + one[1] * share, share
    return Quantity(number_tree(total), parts[0])
