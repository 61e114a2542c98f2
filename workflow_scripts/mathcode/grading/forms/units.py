"""Units of measure, money and counting: what a whole text after (or before) a number is measured in.

Policy.

- A unit is a dimension, an exact factor and a name. Two units are the same, convert by `ratio`, or contradict each other.
- English names in singular and plural, abbreviations, symbols with prefixes, powers (`cm^2`, `square feet`, `sq ft`, `cubic metres`,
  `inches squared`), products and quotients (`N m`, `km/h`, `miles per hour`, `J/(kg K)`, `m s^{-1}`), amounts of something (`cups of
  flour`), upright LaTeX; Chinese names (平方厘米, 千米/时, 千米每小时, 元/千克).
- Letter case counts in symbols (mW, MW); words and the abbreviations kg, km, cm, mm, ml, ... may be written in capitals.
- Names with several meanings have several readings: `pound` is weight and money, `degree` angle and temperature, 分 minute, money and mark.
- Months and years convert to each other and not to days; Celsius, Fahrenheit and kelvin do not convert; each currency is its own.
- Percent and percentage points are no units.
- Letters that may as well be variables (`t`, `h`, `m`, `N m`, `in`) are a unit only where the caller knows from the context that they can
  be, `strict=False`, or where they are written upright (`\\text{m}`).
- `units` say what is measured in no unit at all: any measure of the same power is one of them.
- A measure word (个, 本, 只) counts: dimension `count`, the word as name. Measure words do not contradict each other.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

from mathcode.grading.forms.nouns import MAX_CHARS, noun
from mathcode.grading.forms.unit_names import NAMES, WORDS, Dimension, Reading

__all__ = ["Unit", "conversions", "noun", "ratio", "ratios", "unit"]

MAX_POWER = 12

_TOKEN = re.compile(
    r"(?P<upright>\\(?:text(?:rm|bf|it|sf|normal)?|mathrm|mathbf|mathit|mathsf|operatorname|mbox|hbox|rm|bf)(?![A-Za-z]))"
    r"|(?P<power>(?:\*\*|\^) ?(?:\{ ?[+-]?\d{1,2} ?\}|\( ?[+-]?\d{1,2} ?\)|[+-]?\d{1,2}(?!\d))|[²³])"
    r"|(?P<degree>\^ ?(?:\{ ?\\circ ?\}|\\circ(?![A-Za-z]))|\\degree(?![A-Za-z])|°)"
    r"|(?P<share>\\[dt]?frac(?![A-Za-z]))|(?P<open>\{)|(?P<close>\})"
    r"|(?P<blank>~|\\[,;:! ]|\\(?:q?quad|space|thinspace|textasciitilde)(?![A-Za-z])|\s)"
    r"|(?P<times>\\cdot(?![A-Za-z])|\\times(?![A-Za-z])|[*·⋅×])"
    r"|(?P<over>/|\\div(?![A-Za-z])|每)|(?P<left>\()|(?P<right>\))|(?P<hyphen>-)"
    r"|(?P<word>\\(?:ell|min|pounds|euro|cent)(?![A-Za-z])|[A-Z]{0,2}\\?\$[A-Z]{0,2}|[€£¥₹₩₽¢]"
    r"|(?:[A-Za-zÅΩμµ]|\\(?:mu|Omega)(?![A-Za-z]) ?)+\.?"
    r"|1(?= ?/)|[\u3400-\u6bce\u6bd0-\u9fff]+)"
)
_POWER_WORDS = {"square": 2, "sq": 2, "sq.": 2, "cubic": 3, "cu": 3, "cu.": 3}
_POWER_AFTER = {"squared": 2, "cubed": 3}
_CHINESE_POWERS = {"平方": 2, "立方": 3}
_ANY_CASE_TEXT = """
kg km cm mm ml lb lbs oz ft yd hr hrs min mins sec secs mph kmph kph kw kwh rpm kcal usd rmb cny
"""
_ANY_CASE = frozenset(_ANY_CASE_TEXT.split())
_VARIABLES_TEXT = """
in pm ms ns ps ha pt mi nm um mN mJ mW mA mC mV mF mH mT nC pC nF pF cd lm kn hp dm cl dl hL ly mo qt
"""
_VARIABLES = frozenset(_VARIABLES_TEXT.split())
"""Symbols of two letters that a product of variables looks like."""
_LONG = {name.lower(): name for name in sorted(WORDS) if len(name) > 3 and name.isascii() and not name[-1].isupper()}
_SHORT_TEXT = "amp bit bar erg cup day ton yen won ohm rad"
_SHORT = frozenset(_SHORT_TEXT.split())


_CLEAR = {"meter/second", "meter/second^2", "meter/second/second"}
"""Written in letters that may be variables, but never meant so: `m/s`."""
_COUNT = (("count", 1),)
_MEASURED = {((base, power),) for base, power in (("length", 1), ("length", 2), ("length", 3), ("mass", 1), ("time", 1), ("USD", 1))}
"""What there can be an amount of something of: `pounds of sand` are pounds, but bars of soap no pressure."""


@dataclass(frozen=True)
class Unit:
    """A unit: `factor` counts in the first unit of its dimension; `readings` are all that its name can mean, the preferred one first."""

    dimension: Dimension
    factor: Fraction
    name: str
    ambiguous: bool = field(default=False, compare=False)
    """Written so that it may be variables as well."""
    readings: tuple[tuple[Dimension, Fraction], ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str = ""
    clear: bool = False


@dataclass(frozen=True)
class _Item:
    """A unit with its power within a product, under all its readings."""

    readings: tuple[Reading, ...]
    power: int
    clear: bool


def ratio(one: Unit, other: Unit) -> Fraction | None:
    """How many of `other` make one of `one`, by the preferred readings; None where the two contradict each other."""
    return next(iter(ratios(one, other)), None)


def ratios(one: Unit, other: Unit) -> list[Fraction]:
    """How many of `other` make one of `one`, in each way that both can be read; none where no readings have the same dimension.

    A reading that both share is the only one, so that `tons` beside `tons` are as many; beside pounds and kilograms a ton may be a short
    one or a tonne. `units` are any measure, `square units` any squared one.
    """
    if set(one.readings) & set(other.readings):
        return [Fraction(1)]
    found = [
        factor / other_factor
        for dimension, factor in one.readings
        for other_dimension, other_factor in other.readings
        if dimension == other_dimension
    ]
    if found:
        return list(dict.fromkeys(found))
    bases = [reading[0][0] for side in (one, other) for reading in side.readings[:1] if len(reading[0]) == 1]
    return [Fraction(1)] if len(bases) == 2 and bases[0][1] == bases[1][1] and "unit" in (bases[0][0], bases[1][0]) else []


@lru_cache(maxsize=1024)
def conversions(text: str) -> frozenset[Fraction]:
    """By what a number is multiplied that is measured in the unit at the beginning of a text, to be measured in another one.

    Each base of a quotient converts by itself: kilometres an hour to metres a second. Nothing where the text begins with no unit, or
    with a measure word, which counts.
    """
    ends = (end for end in range(min(len(text), MAX_CHARS), 0, -1) if not re.match("[A-Za-z][A-Za-z]", text[end - 1 : end + 1]))
    found = next((one for end in ends if (one := unit(text[:end].strip(), strict=False))), None)
    readings = [(dimension, factor) for dimension, factor in found.readings if dimension != _COUNT] if found else []
    return frozenset(factor / other for dimension, factor in readings for other in _factors(dimension)) - {1}


@lru_cache(maxsize=256)
def _factors(dimension: Dimension) -> frozenset[Fraction]:
    """What units of a dimension count in its first one: those that have a name, and those made of names of its bases, up to two."""
    named = {factor for readings in NAMES.values() for _, own, factor in readings if own == dimension}
    made = {Fraction(1)} if len(dimension) < 3 else set()
    for base, power in dimension:
        single = {factor for readings in NAMES.values() for _, own, factor in readings if own == ((base, 1),)}
        made = {one * factor**power for one in made for factor in single}
    return frozenset(named | made)


def unit(text: str, strict: bool = True) -> Unit | None:
    """The unit that a whole text names, without a number; None for anything else, and (if strict) for what may be variables as well."""
    measure, of, stuff = text.partition(" of ")
    if of and (noun(stuff) is None or len(text) > MAX_CHARS):
        return None
    tokens = _tokens(measure) if len(text) <= MAX_CHARS else None
    items = _quotient(tokens) if tokens else None
    found = _product(items) if items else None
    if of and (found is None or found.dimension not in _MEASURED):
        return None
    return None if found is None or (strict and found.ambiguous) else found


def _tokens(text: str) -> list[_Token] | None:
    """Words, powers, brackets and signs, without LaTeX; None if a character is not understood."""
    scanner = _Scanner()
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None or not scanner.take(match):
            return None
        place = match.end()
    return [token for token in scanner.tokens if token.kind != "hyphen"] if scanner.complete() else None


class _Scanner:
    """Turns matches into tokens; knows the groups that are open and whether letters stand upright in them."""

    def __init__(self):
        self.tokens: list[_Token] = []
        self.groups: list[tuple[str, bool]] = []
        self.upright, self.next_group, self.blank = False, "", True

    def take(self, match: re.Match) -> bool:
        """Take one match; False where it cannot stand."""
        kind = match.lastgroup or ""
        last = self.tokens[-1].kind if self.tokens else ""
        if kind == "upright":
            braced = match.string[match.end() : match.end() + 2].lstrip(" ").startswith("{")
            self.next_group, self.upright = ("upright", self.upright) if braced else ("", True)
        elif kind == "share":
            self.next_group = "above"
            self.tokens.append(_Token("left"))
        elif kind == "open":
            self.groups.append((self.next_group, self.upright))
            self.upright, self.next_group = self.upright or self.next_group == "upright", ""
        elif kind == "close":
            return self._close()
        elif kind == "degree":
            self.tokens.append(_Token("word", "°", True))
        elif kind == "power":
            digits = match[0].strip("^*{}() ")
            self.tokens.append(_Token("power", {"²": "2", "³": "3"}.get(digits, digits)))
        elif kind == "word":
            self._word(match)
            self.blank = False
        elif kind == "hyphen":
            self.tokens.append(_Token("hyphen"))
            return last == "word"
        elif kind == "blank":
            self.blank = True
        else:
            self.tokens.append(_Token(kind))
        return True

    def _close(self) -> bool:
        if not self.groups:
            return False
        name, self.upright = self.groups.pop()
        if name == "above":
            self.next_group = "below"
            self.tokens += [_Token("right"), _Token("over"), _Token("left")]
        elif name == "below":
            self.tokens.append(_Token("right"))
        return True

    def _word(self, match: re.Match) -> None:
        word = re.sub(r"\\(mu|Omega) ?|µ", lambda greek: "Ω" if greek[1] == "Omega" else "μ", match[0])
        last = self.tokens[-1] if self.tokens else _Token("none")
        if word.lower() == "per":
            self.tokens.append(_Token("over", "per"))
        elif word in {"a", "an", "each"} and last == _Token("over", "per"):
            return
        elif last.kind == "word" and (last.text == "μ" or (word == "Ω" and last.text in {"k", "M"})):
            self.tokens[-1] = _Token("word", last.text + word, True)
        elif last.kind == "word" and len(last.text) == 1 and not self.blank and last.clear and last.text + word in NAMES:
            self.tokens[-1] = _Token("word", last.text + word, True)  # \text{c}\text{m}
        else:
            self.tokens.append(_Token("word", word, self.upright))

    def complete(self) -> bool:
        """Whether all groups are closed and no hyphen stands at the end."""
        return not self.groups and self.tokens[-1:] != [_Token("hyphen")] and not self.next_group


def _quotient(tokens: list[_Token]) -> list[_Item] | None:
    """`A`, `A/B`, `A/B/C`, `A/(B C)`, `(A)/(B)`, `1/A`."""
    parts: list[list[_Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += {"left": 1, "right": -1}.get(token.kind, 0)
        if depth < 0 or depth > 1:
            return None
        if token.kind == "over" and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    if depth or len(parts) > 4:
        return None
    items: list[_Item] = []
    for place, part in enumerate(parts):
        if part and part[0].kind == "left" and part[-1].kind == "right":
            part = part[1:-1]
        if place == 0 and len(parts) > 1 and [token.text for token in part] == ["1"]:
            continue
        found = _items(part, len(parts) > 1)
        if not found:
            return None
        items += [_Item(item.readings, -item.power, item.clear) for item in found] if place else found
    spoken = any(token.text == "per" for token in tokens)
    return [_Item(item.readings, item.power, True) for item in items] if spoken else items


def _items(tokens: list[_Token], quotient: bool) -> list[_Item] | None:
    """Units one after another, each with a power before or after it."""
    items: list[_Item] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        if token.kind == "times" and 0 < place < len(tokens) - 1 and tokens[place - 1].kind != "times":
            place += 1
            continue
        if token.kind != "word":
            return None
        power, clear = _POWER_WORDS.get(token.text.lower(), 0), token.clear
        place += bool(power)
        power, clear = power or 1, clear or bool(power)
        run = []
        while place + len(run) < len(tokens) and tokens[place + len(run)].kind == "word" and len(run) < 4:
            run.append(tokens[place + len(run)].text)
        for length in range(min(3, len(run)), 0, -1):
            if found := _lookup(" ".join(run[:length])):
                break
        else:
            key = noun(" ".join(run)) if quotient and power == 1 and not items else None
            if key is None:
                return None
            found, length = ([(key, ((f"count:{key}", 1),), Fraction(1))], 1), len(run)
        readings, times = found
        name = run[0]
        clear = clear or tokens[place].clear or length > 1 or times > 1 or not ((len(name) == 1 and name.isascii()) or name in _VARIABLES)
        clear = (clear or name in "$°") and name != r"\ell"
        place, power = place + length, power * times
        if name == "°" and (items or (place < len(tokens) and tokens[place].kind == "word")):
            return None  # 40°N is no product
        after = tokens[place] if place < len(tokens) else _Token("end")
        if after.kind == "power" or after.text.lower() in _POWER_AFTER:
            power *= int(after.text) if after.kind == "power" else _POWER_AFTER[after.text.lower()]
            clear, place = clear or after.kind == "word", place + 1
        if not 0 < abs(power) <= MAX_POWER:
            return None
        items.append(_Item(tuple(readings), power, clear))
    return items


def _lookup(name: str) -> tuple[list[Reading], int] | None:
    """Readings of a name as it is written, in the plural, with a stop, in capitals; and its power, which Chinese names carry within."""
    for written in dict.fromkeys((name, name.rstrip("."), name.replace("° ", "°"), "Calorie" if name == "Calories" else name)):
        if written in NAMES and (written == name or len(written) > 1):
            return NAMES[written], 1
    if name[:2] in _CHINESE_POWERS and name[2:] in NAMES:
        readings = [reading for reading in NAMES[name[2:]] if reading[1] in ((("length", 1),), (("unit", 1),))]
        return (readings, _CHINESE_POWERS[name[:2]]) if readings else None
    lower = name.lower().removesuffix(".")
    if lower in _ANY_CASE and (name.isupper() or lower not in {"mm", "ml"}):  # Mm is a million metres, MM are millimetres
        written = lower if lower in NAMES else lower.upper()
        return NAMES[written], 1
    if any(word not in (word.lower(), word.capitalize(), word.upper()) for word in re.split("[ -]", name)):
        return None
    singular = re.sub(r"^degrees(?= )|^years(?= old)|^pounds(?= )|^yrs(?= old)", lambda plural: plural[0][:-1], lower)
    for written in (singular, singular.removesuffix("s"), re.sub("ies$", "y", singular), re.sub(r"(ch)es$", r"\1", singular)):
        if written in _LONG or written in _SHORT:
            return NAMES[_LONG.get(written, written)], 1
    return None


def _product(items: list[_Item]) -> Unit | None:
    """All items together, for each choice of readings (the first sixteen)."""
    choices: list[tuple[dict[str, int], Fraction]] = [({}, Fraction(1))]
    for item in items:
        grown = []
        for kind, factor in choices:
            for _, base, value in item.readings:
                summed = dict(kind)
                for quantity, exponent in base:
                    summed[quantity] = summed.get(quantity, 0) + exponent * item.power
                grown.append((summed, factor * value**item.power))
        choices = grown[:16]
    readings = tuple((tuple(sorted((base, power) for base, power in kind.items() if power)), factor) for kind, factor in choices)
    above = [_spelled(item.readings[0][0], item.power) for item in items if item.power > 0]
    below = [_spelled(item.readings[0][0], -item.power) for item in items if item.power < 0]
    name = "/".join([" ".join(above) or "1", *below])
    return Unit(*readings[0], name, name not in _CLEAR and not any(item.clear for item in items), readings)


def _spelled(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"
