"""Numbers in English and Chinese words, each read whole and exactly, as a fraction.

Policy. A text is a number only if every word of it is understood; anything else is None, never an error.

- Digits alone are not for this module; digits with a word are: `3 million`, `2 dozen`, `3 tenths`, `3万`, `1.5亿`.
- English: cardinals with or without hyphens and `and`; `a hundred`, but a bare `hundred`, `dozen` or `quarter` is no number;
  `half`, `two thirds`, `three and a half`, `half a million`, `one and a half million`; places (`3 tens 4 ones`); `three point one four`.
  `minus` and `negative` turn the sign. `zero`, `nought`; `no`, `none`, `once`, `twice`, `couple`, `pair` are words and no numbers.
- A fraction needs a numerator: `one third` and `a third` are 1/3, `third` alone is an ordinal. Seconds are never a denominator.
- Chinese: see `chinese_numerals`.
- Ordinals (`first`, `21st`, `第三`) have a function of their own; so have percents (`twenty percent`, 百分之二十), which count hundredths.
"""

import re
from fractions import Fraction

from .chinese_numerals import MAX_CHARS, PLACES, SCALES, chinese_number

__all__ = ["chinese_number", "english_number", "magnitude", "ordinal", "percent"]

_UNITS = {
    word: value
    for value, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
}
_UNITS |= {
    word: value for value, word in enumerate(["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"], 13)
}
_UNITS |= {"nought": 0, "naught": 0}
_TENS = {
    word: value
    for value, word in zip(range(20, 100, 10), ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], strict=True)
}
_TENS |= {"fourty": 40}
_SCALES = {word: 1000**power for power, word in enumerate(["thousand", "million", "billion", "trillion", "quadrillion", "quintillion"], 1)}
_SCALES |= {"lakh": 10**5, "crore": 10**7}
_ORDINAL_UNITS = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12}
_ORDINAL_UNITS |= {
    word + "th": value for word, value in _UNITS.items() if value > 3 and word + "th" not in "fiveth eightth nineth twelveth"
}
_ORDINAL_TENS = {word[:-1] + "ieth": value for word, value in _TENS.items()}
_ORDINAL_SCALES = {"hundredth": 100} | {word + "th": value for word, value in _SCALES.items()}
_DENOMINATORS = {"half": 2, "halves": 2, "quarter": 4, "quarters": 4}
_DENOMINATORS |= {word: value for word, value in (_ORDINAL_UNITS | _ORDINAL_TENS | _ORDINAL_SCALES).items() if value > 2}
_DENOMINATORS |= {word + "s": value for word, value in _DENOMINATORS.items() if word[-1] == "h" or word == "third"}
FRACTION_WORDS = frozenset(_DENOMINATORS)
"""Words for parts of one: `thirds`, `twelfths`."""
_PLACES = {"ones": 1, "tens": 10, "hundreds": 100} | {word + "s": value for word, value in _SCALES.items()}
_PLACES_ONE = {"one": 1, "ten": 10, "hundred": 100} | _SCALES
_DIGITS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+")
_SHARE = re.compile(r"(\d{1,20})/(\d{1,20})")


def magnitude(word: str) -> int | None:
    """What a word multiplies the number before it by: `million`, `dozen`, 万, 百万; None for others, also for the letters k and M."""
    word = word.strip().lower()
    if len(word) > MAX_CHARS:
        return None
    english = _SCALES | {"hundred": 100, "dozen": 12, "bn": 10**9, "mn": 10**6}
    if word in english or (word[-1:] == "s" and word[:-1] in _SCALES):
        return english.get(word) or _SCALES[word[:-1]]
    if not word or word == "十" or any(char not in PLACES and char not in SCALES for char in word):
        return None
    value = 1
    for char in word:
        value *= PLACES.get(char) or SCALES[char]
    return value if len(word) <= 2 else None


def english_number(text: str) -> Fraction | None:
    """The number that a whole text says in English words, or in digits and words (`3 million`); None for anything else."""
    words = _words(text)
    if not words or all(_digits(word) is not None for word in words):
        return None
    return _signed(words)


def ordinal(text: str) -> int | None:
    """The place that an ordinal names: `first`, `1st`, `1^{st}`, `twenty-first`, `hundredth`, 第三, 第3; None for anything else."""
    text = text.strip().lower()
    if len(text) > MAX_CHARS:
        return None
    if text[:1] == "第":
        value = Fraction(text[1:]) if text[1:].isdecimal() and text.isascii() is False and text[1:].isascii() else chinese_number(text[1:])
        return int(value) if value is not None and value.denominator == 1 and value > 0 else None
    if match := re.fullmatch(r"(\d{1,18}) ?(?:\^ ?\{? ?)?(st|nd|rd|th) ?\}?", text):
        number = int(match[1])
        ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
        return number if number and ending == match[2] else None
    if _fraction(text.split() or [""]) is not None:
        return None  # one hundredth
    *before, last = text.replace("-", " ").split() or [""]
    if last in _ORDINAL_UNITS and (not before or before[-1] not in {"ten", *_UNITS}):
        value = Fraction(_ORDINAL_UNITS[last])
        below = 10 if before and before[-1] in _TENS else 100
        rest = _cardinal([word for word in before if word != "and" or word is not before[-1]]) if before else Fraction(0)
        return int(rest + value) if rest is not None and rest.denominator == 1 and rest % below == 0 and value < below else None
    if last in _ORDINAL_TENS:
        rest = _cardinal(before[:-1] if before[-1:] == ["and"] else before) if before else Fraction(0)
        return int(rest + _ORDINAL_TENS[last]) if rest is not None and rest.denominator == 1 and rest % 100 == 0 else None
    if last in _ORDINAL_SCALES:
        rest = _cardinal([*before, last[:-2]]) if before else Fraction(_ORDINAL_SCALES[last])
        return int(rest) if rest is not None and rest.denominator == 1 else None
    return None


def percent(text: str) -> Fraction | None:
    """How many hundredths a text says in words: `twenty percent` and 百分之二十 are 20; None for anything else, also for `20 %`."""
    text = text.strip()
    if len(text) > MAX_CHARS:
        return None
    if text.startswith("百分之"):
        value = chinese_number(text)
        return None if value is None else value * 100
    match = re.fullmatch(r"(.*\S) ?(?:percent|per cent|per ?centum)", text.lower())
    if not match:
        return None
    value = _digits(match[1])
    return english_number(match[1]) if value is None else value


def _words(text: str) -> list[str]:
    text = text.strip()
    if len(text) > MAX_CHARS or not text.isascii():
        return []
    return re.sub(r"(?<=[a-z]),(?= )", "", text.lower()).split()


def _digits(word: str) -> Fraction | None:
    return Fraction(word.replace(",", "")) if _DIGITS.fullmatch(word) else None


def _signed(words: list[str]) -> Fraction | None:
    if words[0] in {"minus", "negative"}:
        value = _amount(words[1:]) if len(words) > 1 else None
        return None if value is None else -value
    return _amount(words)


def _amount(words: list[str]) -> Fraction | None:
    """A cardinal, a fraction, a sum of both, one of these before a scale, dozens, or a sum of places."""
    for read in (_cardinal, _fraction, _mixed, _scaled, _dozens, _places):
        value = read(words)
        if value is not None:
            return value
    return None


def _cardinal(words: list[str]) -> Fraction | None:
    """`three hundred and five`, `one million two hundred thousand`, `2.5 million`, `nineteen hundred`, `three point one four`."""
    words = [part for word in words for part in word.split("-")]
    if "point" in words:
        return _decimal(words)
    total, ceiling, section = Fraction(0), None, []
    scales = sum(word in _SCALES for word in words)
    for word in words:
        if word not in _SCALES:
            section.append(word)
            continue
        value = _section(section, alone=False, first=ceiling is None)
        if (
            value is None
            or not value
            or (ceiling is not None and _SCALES[word] >= ceiling)
            or (value.denominator > 1 and words[-1] != word)
        ):
            return None
        if value.denominator > 1 and scales > 1:
            return None
        ceiling, section = _SCALES[word], []
        total += value * ceiling
    if not section:
        return total if ceiling is not None else None
    if ceiling is not None and section[0] == "and":
        section = section[1:]
    value = None if _digits(section[-1] if section else "") is not None else _section(section, alone=ceiling is None, first=False)
    if value is None or (ceiling is not None and not 0 < value < ceiling):
        return None
    return total + value


def _section(words: list[str], alone: bool, first: bool) -> Fraction | None:
    """What stands before a scale, or after the last: below a thousand, but for digits that come first, and `nineteen hundred` alone."""
    if len(words) == 1 and (number := _digits(words[0])) is not None:
        return number if first or number < 1000 else None
    if "hundred" not in words:
        return Fraction(1) if words == ["a"] and first else _below_hundred(words)
    place = words.index("hundred")
    number = _digits(words[0]) if place == 1 else None
    number = _below_hundred(words[:place]) if number is None else number
    number = Fraction(1) if words[:place] == ["a"] else number
    rest = words[place + 1 :]
    if number is None or not 0 < number < (100 if alone else 10) or (rest and number.denominator > 1):
        return None
    below = _below_hundred(rest[1:] if rest[:1] == ["and"] else rest) if rest else Fraction(0)
    return None if below is None or (rest and not below) else number * 100 + below


def _below_hundred(words: list[str]) -> Fraction | None:
    if len(words) == 1:
        value = _UNITS.get(words[0], _TENS.get(words[0]))
        return None if value is None else Fraction(value)
    if len(words) == 2 and words[0] in _TENS and 0 < _UNITS.get(words[1], 0) < 10:
        return Fraction(_TENS[words[0]] + _UNITS[words[1]])
    return None


def _decimal(words: list[str]) -> Fraction | None:
    place = words.index("point")
    scale = 1
    if words[-1] in _SCALES:
        scale, words = _SCALES[words[-1]], words[:-1]
    digits = [_UNITS.get(word, 0 if word == "oh" else 10) for word in words[place + 1 :]]
    if any(_digits(word) is not None for word in words):
        return None
    whole = _cardinal(words[:place]) if place else Fraction(0)
    if whole is None or whole.denominator > 1 or not digits or any(digit > 9 for digit in digits):
        return None
    return (whole + Fraction(int("".join(map(str, digits))), 10 ** len(digits))) * scale


def _fraction(words: list[str]) -> Fraction | None:
    """`half`, `a third`, `two-thirds`, `3 tenths`, `forty-five hundredths`, `two ten-thousandths`, `one twenty-fifth`.

    More than one is in the plural: `one hundred twentieth` is an ordinal. Written with a hyphen, `two-third` is let pass.
    """
    if words == ["half"]:
        return Fraction(1, 2)
    *above, last = words
    first, hyphen, ending = last.rpartition("-")
    below, plural = _DENOMINATORS.get(ending, 0), ending.endswith("s")
    if first in _TENS and _ORDINAL_UNITS.get(ending.removesuffix("s"), 10) < 10:
        below, hyphen = _TENS[first] + _ORDINAL_UNITS[ending.removesuffix("s")], ""
    elif first in {"ten", "hundred"} and ending.rstrip("s") in {"thousandth", "millionth", "billionth"}:
        below, hyphen = _PLACES_ONE[first] * below, ""
    elif first and not above:
        above = [first]
    elif first:
        return None
    if not above or not below:
        return None
    number = Fraction(1) if above in (["a"], ["an"]) else (_digits(above[0]) if len(above) == 1 else None)
    number = _cardinal(above) if number is None else number
    if number is None or (number.denominator > 1 and _digits(above[0]) is None) or (number != 1 and not plural and not hyphen):
        return None
    return number / below


def _mixed(words: list[str]) -> Fraction | None:
    """`three and a half`, `3 and two thirds`, `2 1/2` before a scale; `a million and a half` is 1.5 million."""
    if "and" not in words:
        return None
    place = len(words) - 1 - words[::-1].index("and")
    whole, part = words[:place], _fraction(words[place + 1 :]) if words[place + 1 :] else None
    if part is None or not whole or part >= 1:
        return None
    number = _digits(whole[0]) if len(whole) == 1 else _cardinal(whole)
    number = _cardinal(whole) if number is None else number
    if number is None or number.denominator > 1:
        return None
    if whole[0] in {"a", "one"} and len(whole) == 2 and words[place + 1] in {"a", "half"} and whole[1] in _SCALES:
        return number * (1 + part)
    return number + part


def _scaled(words: list[str]) -> Fraction | None:
    """`half a million`, `three quarters of a million`, `one and a half million`, `3 1/2 million`."""
    *before, last = words
    if last not in _SCALES and last != "hundred":
        return None
    if before[-1:] == ["a"]:
        of = before[-2:-1] == ["of"]
        value = _fraction(before[:-2] if of else before[:-1]) if len(before) > 1 and (of or before[0] == "half") else None
        return None if value is None or value >= 1 else value * _PLACES_ONE[last]
    if len(before) == 2 and before[0].isdecimal() and (share := _SHARE.fullmatch(before[1])) and 0 < int(share[1]) < int(share[2]):
        return (int(before[0]) + Fraction(int(share[1]), int(share[2]))) * _PLACES_ONE[last]
    value = _mixed(before) if before else None
    return None if value is None or value >= 1000 else value * _PLACES_ONE[last]


def _dozens(words: list[str]) -> Fraction | None:
    """`a dozen`, `two dozen`, `3 dozens`, `half a dozen`."""
    *before, last = words
    if last not in {"dozen", "dozens"} or not before:
        return None
    if before in (["half", "a"], ["a", "half"]):
        return Fraction(6)
    if before == ["a"]:
        return Fraction(12)
    number = _digits(before[0]) if len(before) == 1 else None
    number = next((value for value in (number, _cardinal(before), _mixed(before)) if value is not None), None)
    return None if number is None or number >= 1000 else number * 12


def _places(words: list[str]) -> Fraction | None:
    """`3 tens`, `5 hundreds`, `3 tens and 4 ones`, `1 ten 6 ones`: places from high to low, each named once."""
    words = [word for place, word in enumerate(words) if word != "and" or not 0 < place < len(words) - 1 or place % 2]
    if len(words) % 2:
        return None
    total, ceiling = Fraction(0), None
    for count, place in zip(words[::2], words[1::2], strict=True):
        number = _digits(count)
        number = _cardinal([count]) if number is None else number
        value = _PLACES.get(place) or (_PLACES_ONE.get(place) if number == 1 and place != count else None)
        if number is None or number.denominator > 1 or value is None or (ceiling is not None and value >= ceiling):
            return None
        total, ceiling = total + number * value, value
    return total
