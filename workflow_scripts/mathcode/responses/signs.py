"""The sign of a number in prose: what may stand before it, in signs or in words, and what is subtraction, a range or a bullet."""

import re

_AMOUNT = r"[$€£¥￥\\]{0,2}\.?\d"
_NOTHING = r"(?<![^\W一-鿿])(?<![)\]}）%°℃‰])(?<!\d[一-鿿])(?<!\d[一-鿿]{2})(?<!\d[一-鿿]{3})"
"""Where nothing stands before that could be subtracted from: no word, number, closing bracket or amount in a Chinese unit."""
SAYING = (
    r"(?:(?<=[=≈:：是为得即])|(?<=[=≈:：是为得即] )|(?<=\bis )|(?<=\bwas )|(?<=\bbe )|(?<=\bget )|(?<=\bequals )|(?<=\bgives )|"
    r"(?<=\bto )|(?<=\bof )|(?<=\bnow ))"
)
"""Behind what a value is announced by: a blank may follow the sign."""
SIGN = (
    rf"(?:(?=[-−±负零mn])(?:{_NOTHING}[-−±](?={_AMOUNT}|√)|{SAYING}[-−±][ ](?={_AMOUNT})"
    rf"|(?<![正胜])负(?={_AMOUNT})|零下(?={_AMOUNT})|{SAYING}minus[ ](?={_AMOUNT})|\bnegative[ ](?={_AMOUNT})))"
)
"""The sign before a number that belongs to the number."""
SPELLED = re.compile(rf"(?:负|零下|(?:minus|negative)\s)\s?(?={_AMOUNT}|\\[dt]?frac)", re.IGNORECASE)
"""A sign in words before the number at the beginning of a value."""
APART = re.compile(r"[-−][ ](?=[$€£¥￥\\]{0,2}[.\d(√]|\\[dt]?frac)")
"""A minus sign with a blank behind it, at the beginning of a value."""
BELOW = re.compile(r"\s+below\s+zero(?![A-Za-z])", re.IGNORECASE)
"""Behind an amount: 5 degrees below zero."""
_OPENS = re.compile(r"(?:\A|[=≈:：,，是为得即({\[]|\\approx|\b(?:is|are|get|equals|gives))\s*\$?\s*[-−]\s?\Z")
_SUM = re.compile(r"(?<=\S)\s?[-+±−]|\\pm")


def plain(number: str) -> str:
    """A number with its sign as a minus sign without a blank behind it."""
    return re.sub(r"\A(?:[-−]|负|零下|minus\b|negative\b)\s?", "-", number, flags=re.IGNORECASE)


def before_box(before: str, value: str) -> str:
    """The value of a box with the sign that stands right before the box: $-\\boxed{3}$."""
    if not _OPENS.search(before) or value.startswith(("-", "−")):
        return value
    return f"-({value})" if _SUM.search(value) else f"-{value}"
