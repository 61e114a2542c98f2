"""One value in many forms, and values that miss it narrowly: cases whose label is known because we made them.

A form writes values as a reference answer might stand on a page, in English or Chinese: bare, with a unit, in a sentence, as fraction,
per cent or mixed number, in words or numerals, several of them as list or pair. A near miss is another value: a sign, a digit, a
factor, an exchange. `None` says that a form or a miss is not to be had of these values; nothing is rounded to make it fit.
"""

import random
from collections.abc import Callable, Sequence
from fractions import Fraction

from mathcode.grading import lenient

Values = tuple[Fraction, ...]
KINDS: tuple[Values, ...] = ((Fraction(35),), (Fraction(5, 4),), (Fraction(16), Fraction(11)))
"""Values of each kind that a form may write: a whole number, a broken one, two of them."""

UNITS = {
    "en": ("dollars", "kg", "cm", "m", "km", "miles", "hours", "minutes", "years", "books", "boxes", "pieces", "points", "square metres"),
    "zh": ("元", "千克", "厘米", "米", "千米", "小时", "分钟", "岁", "本", "盒", "个", "分", "平方米"),
}
NAMES = ("x", "y", "z", "w")
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ["zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_PARTS = {
    2: ("half", "halves"),
    3: ("third", "thirds"),
    4: ("quarter", "quarters"),
    5: ("fifth", "fifths"),
    8: ("eighth", "eighths"),
    10: ("tenth", "tenths"),
    20: ("twentieth", "twentieths"),
}
_MOST_DIGITS = 100
"""Nobody writes 997/25: numerators of fractions in digits stay below this."""
_DIVIDED = 0.25
_ZH = "零一二三四五六七八九"
_LARGEST = 10**9
_PUNCTUATION = set(" \t,;，；、()（）[]{}$.。")
_BETWEEN = ("and", "和", "\\left", "\\right")


def values_of(text: str) -> Values | None:
    """The values of a reference answer that is nothing but numbers and what stands between them; None for any other."""
    read = lenient.numbers(text)
    rest, at = "", 0
    for number in read:
        rest, at = rest + text[at : number.start], number.end
    rest += text[at:]
    for word in _BETWEEN:
        rest = rest.replace(word, "")
    if not read or len(read) > len(NAMES) or set(rest) - _PUNCTUATION or any(number.percent for number in read):
        return None
    return tuple(number.value for number in read)


def decimal(value: Fraction, places: int = 6) -> str | None:
    """A number with a decimal point, or a whole one without; None where it does not end after so many places."""
    if value.denominator == 1:
        return str(value.numerator)
    if 10**places % value.denominator:
        return None
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    return f"{'-' * (value < 0)}{digits[:-places]}.{digits[-places:].rstrip('0')}"


def printed(values: Values, draw: random.Random) -> str | None:
    """What a program prints of values: as Python does, several with blanks, as a tuple, or on lines of their own.

    One in four has divided, which makes 35.0 of 35.
    """
    texts = [decimal(value) or repr(float(value)) for value in values]
    if draw.random() < _DIVIDED:
        texts = [text if "." in text else f"{text}.0" for text in texts]
    if any(abs(value) >= _LARGEST**2 for value in values):
        return None
    if len(texts) == 1:
        return texts[0]
    return draw.choice([" ".join(texts), f"({', '.join(texts)})", "\n".join(texts)])


def _plain(values: Values, _: random.Random) -> str | None:
    """As one writes it: whole numbers and short decimals in digits, other values as a fraction."""
    return _several([decimal(value) or f"{value.numerator}/{value.denominator}" for value in values])


def _several(texts: Sequence[str | None]) -> str | None:
    return None if None in texts else ", ".join(texts)


def _one(render: Callable[[Fraction, random.Random], str | None]) -> Callable[[Values, random.Random], str | None]:
    return lambda values, draw: render(values[0], draw) if len(values) == 1 else None


def _whole(render: Callable[[int, random.Random], str | None]) -> Callable[[Values, random.Random], str | None]:
    return _one(lambda value, draw: render(value.numerator, draw) if value.denominator == 1 else None)


def _broken(render: Callable[[Fraction, random.Random], str | None]) -> Callable[[Values, random.Random], str | None]:
    return _one(lambda value, draw: render(value, draw) if value.denominator != 1 else None)


def _numeral(frame: str, language: str = "en") -> Callable[[Values, random.Random], str | None]:
    """A single number in digits within a frame of `{}` and `{unit}`."""

    def render(value: Fraction, draw: random.Random) -> str | None:
        text, unit = decimal(value), draw.choice(UNITS[language])
        return None if text is None else frame.replace("{unit}", unit).replace("{number}", text)

    return _one(render)


def _joined(frame: str, write: Callable[[Fraction], str | None]) -> Callable[[Values, random.Random], str | None]:
    """Several values with a separator between them."""

    def render(values: Values, _: random.Random) -> str | None:
        texts = [write(value) for value in values]
        return None if len(values) < 2 or None in texts else frame.join(texts)

    return render


def _with_units(joint: str, language: str = "en") -> Callable[[Values, random.Random], str | None]:
    """Several values, each with a unit of its own."""

    def render(values: Values, draw: random.Random) -> str | None:
        texts, blank = [decimal(value) for value in values], "" if language == "zh" else " "
        if len(values) < 2 or None in texts:
            return None
        return joint.join(f"{text}{blank}{draw.choice(UNITS[language])}" for text in texts)

    return render


def _named(separator: str) -> Callable[[Values, random.Random], str | None]:
    def render(values: Values, _: random.Random) -> str | None:
        texts = [decimal(value) for value in values]
        if len(values) < 2 or None in texts:
            return None
        return separator.join(f"{name} = {text}" for name, text in zip(NAMES, texts, strict=False))

    return render


def english(value: int) -> str | None:
    """A whole number in English words, as `minus one hundred and five`; None where it is too large."""
    if abs(value) >= _LARGEST:
        return None
    if value < 0:
        return f"minus {english(-value)}"
    for size, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if value >= size:
            rest = english(value % size) if value % size else ""
            link = " and " if rest and value % size < 100 else " " if rest else ""
            return f"{english(value // size)} {name}{link}{rest}"
    if value < 20:
        return _ONES[value]
    return _TENS[value // 10] + (f"-{_ONES[value % 10]}" if value % 10 else "")


def chinese(value: int) -> str | None:
    """A whole number in Chinese numerals, as 一百零五; None where it is too large."""
    if abs(value) >= _LARGEST:
        return None
    if value < 0:
        return f"负{chinese(-value)}"
    for size, name in ((10**8, "亿"), (10**4, "万")):
        if value >= size:
            return _carried(f"{chinese(value // size)}{name}", value % size, size // 10)
    for size, name in ((1000, "千"), (100, "百")):
        if value >= size:
            return _carried(f"{_ZH[value // size]}{name}", value % size, size // 10)
    if value < 10:
        return _ZH[value]
    return ("" if value < 20 else _ZH[value // 10]) + "十" + (_ZH[value % 10] if value % 10 else "")


def _carried(head: str, rest: int, next_place: int) -> str:
    """What follows a place: 零 where the next one is empty, and 一十 within a number."""
    if not rest:
        return head
    text = chinese(rest)
    return head + ("零" if rest < next_place else "") + ("一" if 10 <= rest < 20 else "") + text


def _english_fraction(value: Fraction, _: random.Random) -> str | None:
    whole, rest = divmod(value, 1)
    if value < 0 or value.denominator not in _PARTS:
        return None
    part = f"{english(rest.numerator)} {_PARTS[rest.denominator][rest.numerator > 1]}"
    return f"{english(whole)} and {part}" if whole else part


def _chinese_fraction(value: Fraction, _: random.Random) -> str | None:
    whole, rest = divmod(value, 1)
    if value < 0 or rest.denominator >= 10**4:
        return None
    return f"{chinese(whole)}又" * bool(whole) + f"{chinese(rest.denominator)}分之{chinese(rest.numerator)}"


def _mixed(value: Fraction, _: random.Random) -> str | None:
    whole, rest = divmod(value, 1)
    return f"{whole} {rest.numerator}/{rest.denominator}" if value > 1 else None


def _simple(value: Fraction, _: random.Random) -> str | None:
    return f"{value.numerator}/{value.denominator}" if abs(value.numerator) < _MOST_DIGITS else None


def _latex(value: Fraction, _: random.Random) -> str | None:
    sign = "-" * (value < 0)
    return f"{sign}\\frac{{{abs(value.numerator)}}}{{{value.denominator}}}" if abs(value.numerator) < _MOST_DIGITS else None


def _percent(value: Fraction, _: random.Random) -> str | None:
    text = decimal(value * 100)
    return None if text is None else f"{text}%"


def _at_front(frame: str, write: Callable[[int], str | None], language: str = "en") -> Callable[[Values, random.Random], str | None]:
    """A whole number in words within a frame."""

    def render(value: int, draw: random.Random) -> str | None:
        words, unit = write(value), draw.choice(UNITS[language])
        return None if words is None else frame.replace("{unit}", unit).replace("{number}", words)

    return _whole(render)


def _in_words(write: Callable[[int], str | None]) -> Callable[[Fraction], str | None]:
    return lambda value: write(value.numerator) if value.denominator == 1 else None


FORMS: dict[str, Callable[[Values, random.Random], str | None]] = {
    "plain": _plain,
    "unit": _numeral("{number} {unit}"),
    "unit_zh": _numeral("{number}{unit}", "zh"),
    "unit_in_brackets": _numeral("{number} ({unit})"),
    "assigned": _numeral("x = {number}"),
    "math": _numeral("${number}$"),
    "boxed": _numeral("\\boxed{{number}}"),
    "sentence": _numeral("The answer is {number}."),
    "sentence_zh": _numeral("答案是{number}。"),
    "point_zero": _whole(lambda value, _: f"{value}.0"),
    "thousands": _whole(lambda value, _: f"{value:,}" if abs(value) >= 1000 else None),
    "words": _at_front("{number}", english),
    "words_unit": _at_front("{number} {unit}", english),
    "words_sentence": _at_front("it is {number}", english),
    "numerals_zh": _at_front("{number}", chinese),
    "numerals_unit_zh": _at_front("{number}{unit}", chinese, "zh"),
    "fraction": _broken(_simple),
    "fraction_latex": _broken(_latex),
    "mixed": _broken(_mixed),
    "percent": _broken(_percent),
    "fraction_words": _broken(_english_fraction),
    "fraction_zh": _broken(_chinese_fraction),
    "several_and": _joined(" and ", decimal),
    "several_comma": _joined(", ", decimal),
    "several_semicolon": _joined("; ", decimal),
    "several_zh": _joined("和", decimal),
    "several_units": _with_units(" and "),
    "several_units_zh": _with_units("和", "zh"),
    "several_named": _named(", "),
    "several_words": _joined(" and ", _in_words(english)),
    "several_numerals_zh": _joined("和", _in_words(chinese)),
    "tuple": lambda values, draw: None if (text := _joined(", ", decimal)(values, draw)) is None else f"({text})",
}
"""Form by name: values and a random stream to text, or None where the form cannot write them."""

LANGUAGES = {
    "en": {
        *("unit", "unit_in_brackets", "sentence", "words", "words_unit", "words_sentence", "fraction_words"),
        *("several_and", "several_units", "several_words"),
    },
    "zh": {
        *("unit_zh", "sentence_zh", "numerals_zh", "numerals_unit_zh", "fraction_zh"),
        *("several_zh", "several_units_zh", "several_numerals_zh"),
    },
}
"""Forms that hold words or units of a language; the others are of none."""


def spoken(language: str) -> list[str]:
    """Forms that one can read who reads this language alone."""
    foreign = set().union(*(names for other, names in LANGUAGES.items() if other != language))
    return [name for name in FORMS if name not in foreign]


ORDERED = ("several_named", "several_units", "several_units_zh", "tuple")
"""Forms of several values in which their order is a part of the answer."""


def _single(change: Callable[[Fraction, random.Random], Fraction | None]) -> Callable[[Values, random.Random], Values | None]:
    """A change of one of the values, drawn."""

    def miss(values: Values, draw: random.Random) -> Values | None:
        place = draw.randrange(len(values))
        changed = change(values[place], draw)
        return None if changed is None else (*values[:place], changed, *values[place + 1 :])

    return miss


def _digit(value: Fraction, draw: random.Random) -> Fraction | None:
    text = decimal(value)
    if text is None:
        return None
    places = [place for place, character in enumerate(text) if character.isdigit()]
    place = draw.choice(places)
    other = draw.choice([digit for digit in "0123456789" if digit != text[place]])
    return Fraction(text[:place] + other + text[place + 1 :])


def _swapped_digits(value: Fraction, draw: random.Random) -> Fraction | None:
    text = decimal(value) or ""
    places = [place for place in range(len(text) - 1) if text[place : place + 2].isdigit() and text[place] != text[place + 1]]
    if not places:
        return None
    place = draw.choice(places)
    return Fraction(text[:place] + text[place + 1] + text[place] + text[place + 2 :])


def _cut(value: Fraction, _: random.Random) -> Fraction | None:
    text = (decimal(value) or "")[:-1].rstrip(".")
    return Fraction(text) if text.strip("-") else None


NEAR_MISSES: dict[str, Callable[[Values, random.Random], Values | None]] = {
    "sign": _single(lambda value, _: -value),
    "off_by_one": _single(lambda value, draw: value + draw.choice([1, -1])),
    "times_10": _single(lambda value, _: value * 10),
    "times_100": _single(lambda value, _: value * 100),
    "hundredth": _single(lambda value, _: value / 100),
    "digit": _single(_digit),
    "swapped_digits": _single(_swapped_digits),
    "cut": _single(_cut),
    "reciprocal": _single(lambda value, _: 1 / value if value else None),
    "plus_half": _single(lambda value, _: value + Fraction(1, 2)),
    "swapped_values": lambda values, _: values[::-1] if len(values) > 1 else None,
    "missing_value": lambda values, draw: (draw.choice(values),) if len(values) > 1 else None,
    "extra_value": lambda values, draw: (*values, Fraction(draw.randint(1, 99))),
    "other_values": lambda values, draw: drawn(values, 999, draw),
}
"""Near miss by name: values and a random stream to other values, or None where there is none."""


def missed(name: str, values: Values, form: str, draw: random.Random, ordered: bool = False) -> Values | None:
    """A near miss of values whose reference is written in `form`, surely different: other values under every reading of that form.

    Args:
        ordered: several values have an order in every form, not in those of ORDERED alone.
    """
    other = NEAR_MISSES[name](values, draw)
    if other is None or other == values or any(abs(value) >= _LARGEST for value in other):
        return None
    if sorted(other) == sorted(values) and not ordered and form not in ORDERED:
        return None
    if form == "percent" and other == (values[0] * 100,):  # the number before the sign, which may be meant as well
        return None
    return other


def drawn(values: Values, up_to: int, draw: random.Random) -> Values:
    """Other values of the same kind: whole numbers or broken ones, as many. Numbers of one digit, two, three come equally often."""
    moved = []
    for value in values:
        below = 1 if value.denominator == 1 else draw.choice([2, 4, 5, 8, 10, 20])
        digits = draw.randint(1, len(str(up_to)))
        above = draw.randint(10 ** (digits - 1), min(10**digits - 1, up_to))
        moved.append(Fraction(above, below) if below == 1 or above % below else Fraction(above * below + 1, below))
    return tuple(moved)
