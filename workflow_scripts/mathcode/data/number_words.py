"""Numbers in words, English and Chinese: thirty-five, one and one quarter, 三十五, 一又四分之一. Written here, not read."""

from fractions import Fraction

LARGEST = 99_999
"""Whole numbers up to this one have words here."""

_TO_NINETEEN = """
    zero one two three four five six seven eight nine ten
    eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen
"""
_SMALL = _TO_NINETEEN.split()
_TENS = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_PARTS = {2: "half", 3: "third", 4: "quarter", 5: "fifth", 8: "eighth", 10: "tenth", 20: "twentieth"}
_DIGITS = "零一二三四五六七八九"
_PLACES = ((10_000, "万"), (1000, "千"), (100, "百"), (10, "十"))


def english(value: Fraction | int) -> str | None:
    """The number in English words; None where nobody would write it so."""
    value = Fraction(value)
    sign, value = ("minus " if value < 0 else ""), abs(value)
    if value > LARGEST:
        return None
    whole, rest = divmod(value, 1)
    if not rest:
        return sign + _english(int(whole))
    if rest.denominator not in _PARTS:
        return None
    part = _PARTS[rest.denominator]
    plural = {"half": "halves"}.get(part, f"{part}s")
    words = f"{_SMALL[rest.numerator]} {part if rest.numerator == 1 else plural}"
    return f"{sign}{_english(int(whole))} and {words}" if whole else sign + words


def chinese(value: Fraction | int) -> str | None:
    """The number in Chinese numerals; None where nobody would write it so."""
    value = Fraction(value)
    sign, value = ("负" if value < 0 else ""), abs(value)
    if value > LARGEST:
        return None
    whole, rest = divmod(value, 1)
    if not rest:
        return sign + _chinese(int(whole))
    if rest.denominator not in _PARTS:
        return None
    words = f"{_chinese(rest.denominator)}分之{_chinese(rest.numerator)}"
    return f"{sign}{_chinese(int(whole))}又{words}" if whole else sign + words


def _english(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_SMALL[ones]}" if ones else "")
    unit, name = (1000, "thousand") if number >= 1000 else (100, "hundred")
    high, low = divmod(number, unit)
    joint = " and " if low < 100 else " "
    return f"{_english(high)} {name}" + (f"{joint}{_english(low)}" if low else "")


def _chinese(number: int) -> str:
    """Zeros between digits are said once (一百零五), and ten is 十, not 一十, where it opens."""
    if number < 10:
        return _DIGITS[number]
    said, gap = "", False
    for unit, name in _PLACES:
        digit, number = divmod(number, unit)
        if digit:
            said += ("零" if gap else "") + _DIGITS[digit] + name
            gap = False
        elif said:
            gap = number > 0
    if number:
        said += ("零" if gap else "") + _DIGITS[number]
    return said.removeprefix("一") if said.startswith("一十") else said
