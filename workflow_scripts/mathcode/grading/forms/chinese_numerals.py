"""Whole numbers, fractions and decimals in Chinese characters, plain and formal, in both scripts.

- 两百五 is 250, as it is spoken; 205 is 两百零五. Three and more digits in a row, or digits with 〇, are read by place (二〇二四).
- 点 is the point; 又 joins a fraction to its whole number; 三分之二, 百分之五; 半, 一半, 两个半; 成 is a tenth;
  折 is what is left of a price (八折 is 0.8, 八五折 0.85); 负 and 零下 turn the sign.
- 3万, 1.5亿, 3千5百, 12万3456; not 3万5, which has two readings. 三两 and 十两 are weights; 百 and 万 alone are no numbers.
"""

import re
from fractions import Fraction

MAX_CHARS = 300
"""A longer text is no number."""

_CHINESE_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")}
_CHINESE_DIGITS |= {char: value for value, char in enumerate("壹贰叁肆伍陆柒捌玖", 1)} | {
    "〇": 0,
    "○": 0,
    "貳": 2,
    "參": 3,
    "叄": 3,
    "陸": 6,
}
_CHINESE_DIGITS |= {"两": 2, "兩": 2, "俩": 2, "倆": 2}
_COUPLES = "两兩俩倆"
PLACES = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
SCALES = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_SHORT_TENS = {"廿": "二十", "卅": "三十", "卌": "四十", "點": "点", "負": "负", "個": "个"}
_ARABIC = re.compile(r"\d+(?:\.\d+)?")
_CHINESE_SHARE = re.compile(r"\\[dt]?frac\{(\d{1,20})\}\{(\d{1,20})\}|(\d{1,20})/(\d{1,20})")


def chinese_number(text: str) -> Fraction | None:
    """The number that a whole text says in Chinese characters, or in digits and characters (3万, 负5); None for anything else."""
    text = text.strip()
    if not text or len(text) > MAX_CHARS or text.isascii():
        return None
    text = "".join(_SHORT_TENS.get(char, char) for char in text if char != " ")
    for sign in ("负", "零下"):
        if text.startswith(sign) and len(text) > len(sign):
            value = _chinese_amount(text[len(sign) :])
            return None if value is None else -value
    return _chinese_amount(text)


def _chinese_amount(text: str) -> Fraction | None:
    if text in {"半", "一半", "半个"}:
        return Fraction(1, 2)
    if text.endswith("个半"):
        whole = _whole(text[:-2])
        return None if whole is None or whole > 99 else whole + Fraction(1, 2)
    if text.endswith("折"):
        return _discount(text[:-1].removeprefix("打"))
    if "成" in text:
        whole, _, rest = text.partition("成")
        tenths, hundredths = _simple(whole), _simple(rest) if rest and rest != "半" else Fraction(1 if not rest else 5)
        if tenths is None or hundredths is None or len(rest) > 1 or (whole[0] in "零〇" and "点" not in whole):
            return None
        if not 0 < tenths <= (9 if rest else 10) or (rest and not 0 < hundredths < 10):
            return None
        return tenths / 10 + (hundredths / 100 if rest else 0)
    whole, mixed, share = text.partition("又")
    if mixed:
        number, part = _whole(whole), _share(share)
        return None if number is None or part is None or not 0 < part < 1 else number + part
    return _share(text) if "分之" in text else _simple(text)


def _share(text: str) -> Fraction | None:
    """三分之二, 百分之十二点五, 5分之2; after 又 also 1/3 and a LaTeX fraction."""
    if match := _CHINESE_SHARE.fullmatch(text):
        above, below = (int(part) for part in match.groups() if part is not None)
        return Fraction(above, below) if below else None
    below, mark, above = text.partition("分之")
    if not mark:
        return None
    denominator = Fraction({"百": 100, "千": 1000, "万": 10**4, "萬": 10**4}.get(below, 0)) or _whole(below)
    numerator = Fraction(100) if above == "百" and below == "百" else _simple(above)
    if numerator is None and _ARABIC.fullmatch(above):
        numerator = Fraction(above)
    return None if not denominator or numerator is None else numerator / denominator


def _discount(text: str) -> Fraction | None:
    """What 八折, 八五折, 8.5折 or 85折 leaves of a price."""
    if text in {"对", "對", "半"}:
        return Fraction(1, 2)
    if text.isascii() and _ARABIC.fullmatch(text):
        value = Fraction(text)
        return value / 10 if value < 10 else value / 100 if value < 100 and value.denominator == 1 else None
    digits = [_CHINESE_DIGITS.get(char, 0) for char in text]
    if len(digits) in (1, 2) and all(digits) and not any(char in _COUPLES for char in text):
        return Fraction(digits[0] * 10 + (digits[1] if len(digits) == 2 else 0), 100)
    value = _simple(text)
    return value / 10 if value is not None and 0 < value < 10 else None


def _whole(text: str) -> Fraction | None:
    value = Fraction(text) if text.isdecimal() and text.isascii() else _simple(text)
    return value if value is not None and value.denominator == 1 else None


def _simple(text: str) -> Fraction | None:
    """A whole number or a decimal, in characters, in digits and scales, or (only as a part of a longer text) in digits alone."""
    if text.isascii():
        return Fraction(text) if _ARABIC.fullmatch(text) else None
    whole, point, digits = text.partition("点")
    if point:
        scale = 1
        while digits[-1:] in SCALES and scale == 1:
            scale, digits = SCALES[digits[-1]], digits[:-1]
        number = _simple(whole) if not whole.isascii() else None
        if (
            number is None
            or number.denominator > 1
            or not digits
            or any(char not in _CHINESE_DIGITS or char in _COUPLES for char in digits)
        ):
            return None
        return (number + Fraction(int("".join(str(_CHINESE_DIGITS[char]) for char in digits)), 10 ** len(digits))) * scale
    if all(char in _CHINESE_DIGITS for char in text) and len(text) > 1:
        by_place = (len(text) > 2 or any(char in "〇○零" for char in text)) and not any(char in _COUPLES for char in text)
        return Fraction(int("".join(str(_CHINESE_DIGITS[char]) for char in text))) if by_place else None
    return None if text[0] in "零〇" and len(text) > 1 else _by_scales(text)


def _by_scales(text: str, spoken: bool = True) -> Fraction | None:
    """Sections before 亿 and 万, from high to low and each once; 亿 may stand over 万, but not over a spoken 一万二."""
    for scale in ("亿億", "万萬"):
        place = next((place for place, char in enumerate(text) if char in scale), -1)
        if place < 0:
            continue
        value, above, rest = SCALES[text[place]], text[:place], text[place + 1 :]
        if any(char in scale for char in rest):
            return None
        high = _by_scales(above, spoken=False) if above else None
        if high is None or not high or (high.denominator > 1 and rest):
            return None
        if not rest:
            return high * value
        if rest in _COUPLES or (rest.isdecimal() and len(rest) != len(str(value)) - 1):
            return None  # 3万5 may mean 30005 or 35000
        if len(rest) == 1 and _CHINESE_DIGITS.get(rest, 0) > 0:
            return high * value + _CHINESE_DIGITS[rest] * value // 10 if spoken else None
        low = _by_scales(rest)
        return None if low is None or low >= value or low.denominator > 1 or not low else high * value + low
    return _section(text)


def _section(text: str) -> Fraction | None:
    """A number below ten thousand: 三千二百零五, 3千5百, 十五, 二百五 (250); digits alone before a scale."""
    if _ARABIC.fullmatch(text) and text.isascii():
        return Fraction(text)
    total, ceiling, place, zero, spoken = Fraction(0), 10**4, 0, False, 0
    while place < len(text):
        char = text[place]
        if char in "零〇":
            if zero or ceiling <= 10 or (place == len(text) - 1 and place):
                return None
            zero, place, spoken = True, place + 1, 0
            continue
        number = _ARABIC.match(text, place)
        if number and number[0].isascii():
            count, place = Fraction(number[0]), number.end()
        elif char in _CHINESE_DIGITS:
            count, place = Fraction(_CHINESE_DIGITS[char]), place + 1
        elif char in "十拾" and (not total or zero):
            count = Fraction(1)
        else:
            return None
        value = PLACES.get(text[place : place + 1], 0)
        if value:
            if value >= ceiling or (count.denominator > 1 and len(text) > place + 1) or not 0 < count < 10:
                return None
            if char in _COUPLES and value == 10:
                return None
            total, ceiling, place, zero, spoken = total + count * value, value, place + 1, False, value
            continue
        if place < len(text) or ceiling == 1 or count >= 10 or count.denominator > 1 or (char in _COUPLES and len(text) > 1):
            return None
        if number and total:
            return None  # 五百3
        total += count * (spoken // 10 if spoken > 10 else 1)
        ceiling = 1
    return total
