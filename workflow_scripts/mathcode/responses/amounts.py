"""The unit behind a number: words and signs up to where the sentence goes on, and amounts in several units."""

import re

from mathcode.responses.expressions import CURRENCY, NUMBER, expression

_UNIT_WORDS = re.compile(r"[ ~]?(?:\\text\s*\{[^{}]{0,60}\}(?:\^\{?\d\}?)?|[A-Za-z][A-Za-z./'’-]{0,30}(?:\^?[23²³])?(?![\w^]))")
_STOP = re.compile(
    r"remains?|stays?|come|comes|goes?|fit|work|survive|arrive|exist|"
    r"because|since|as|so|which|where|when|while|after|before|for|from|of|in|on|at|to|by|with|if|but|and|or|is|are|was|"
    r"were|be|been|has|have|had|that|this|these|those|than|then|left|remaining|altogether|total|overall|more|less|fewer|"
    r"greater|every|together|needed|i|we|he|she|they|it|you|the|a|an|not|also|only|just|each|away|now|today|again|i\.e|e\.g|i\.e\.|e\.g\.|thus|"
    r"hence|therefore|making|giving|whose|who|what|how|all|both|would|will|should|can|could|may|might|must|do|does|did|"
    r"out|over|under|below|above|between|during|without|within|rounded|up|down|given|using|about"
)
_INCHES = re.compile(r"[ ~]?in\.?(?=\s{0,3}(?:[,;!?)*$<^²³]|\.|$))")
COMPARED = re.compile(
    r"\s*(?:[A-Za-z]+\s+){0,2}(?:more|less|fewer|greater|larger|smaller|bigger|older|younger|taller|"
    r"longer|shorter|higher|lower|times)\s+(?:[a-z]+\s+){0,2}(?:than|as)\b"
)
_CHINESE_UNIT = re.compile(r"\s?((?![或和与及以且又余不没舍至到因所即为是的])[一-鿿]{1,4}(?:/[一-鿿]{1,4})?)(?![一-鿿])")
_CHINESE_MEASURE = re.compile(
    r"\s?((?:平方|立方)?(?:千米|公里|厘米|分米|毫米|米)|千克|公斤|克|吨|斤|小时|分钟|秒钟?|天|元|角(?!形|度)|美元|毫升|升|公顷|岁)(?=[一-鿿])"
)
"""Units that stand alone: where more follows, it is the sentence that goes on (3小时可以行...)."""
_PLURAL = re.compile(r"(?:.*[^sui]s|.*(?:hours|minutes|people|children|men|women|feet|fish|sheep|mice|geese|pieces))", re.IGNORECASE)
_PARTICIPLE = re.compile(r"[a-z]{2,}(?:ing|(?<!e)ed|ly)")
"""Behind a plural noun no part of a unit: 20 hours sightseeing, 81 families called, 16 candies originally."""
_RATE = re.compile(r"\s?/\s?[A-Za-z]{1,20}(?![A-Za-z(])")
_GOES_ON = re.compile(rf"[ \t]*(?:[-+−–*/×÷=≈]|[xX](?=\s))[ \t]*(?=(?:{CURRENCY})?[ ]?(?:{NUMBER}|\())")
_SMALLER = (
    "foot|feet|ft|pounds?|lbs?|minutes?|mins?|seconds?|secs?|hours?|hrs?|days?|weeks?|months?|"
    "inch(?:es)?|cents?|ounces?|oz|grams?|g|meters?|metres?|m|cm|mm"
)
_SECOND = re.compile(rf"(?:[ ]|[ ]and[ ])(?={NUMBER}[ ]?(?:{_SMALLER})(?![A-Za-z]))|[ ]?(?<=[一-鿿])[ ]?(?={NUMBER}[ ]?[一-鿿])")
"""Between the parts of one amount: 3 hours 20 minutes, 3小时20分钟."""
_LARGER = re.compile(
    rf"[-−]?{NUMBER}\s?(?:[A-Za-z.]+|(?:平方|立方)?[一-鿿]{{1,2}})(?:(?:[ ]and)?[ ]?{NUMBER}[ ]?(?:[A-Za-z.]+|[一-鿿]{{1,2}})){{0,2}}"
)
"""An amount in a larger unit, behind which a part in a smaller one may follow."""


_MAGNITUDE = re.compile(
    r"\s?(?:(?:hundred|thousand|[mbtr]{1,2}illion|dozens?)(?![A-Za-z])"
    r"|(?:千万|百万|[百万亿]|千(?![克米瓦卡焦伏帕赫周])|打(?![中折败开算破完倒击电架扫]))+|‰)|[ ]π(?![A-Za-z])",
    re.IGNORECASE,
)


_ASKED_IN = r"(?:\bhow (?:many|much)(?: more)?|\bin|\bnumber of|多少|几){}|{}为?单位"


def magnified(text: str, rest: str, end: int, question: str = "") -> tuple[str, int]:
    """A number with the word or sign behind it that multiplies it, and where that ends: 3.5 billion, 12万.

    Args:
        question: text of the question; what it asks to count in is left out.
    """
    found = _MAGNITUDE.match(rest, end) if re.search(r"\d\Z", text) else None
    word = re.escape(found.group().strip().removesuffix("s")) if found else ""
    if found and re.search(_ASKED_IN.format(r"\s?" + word, word), question, re.IGNORECASE):
        return text, end
    return (text + found.group(), found.end()) if found else (text, end)


def with_unit(text: str, rest: str, end: int) -> tuple[str, int]:
    """A value with its unit; an amount in two units is one value."""
    if re.fullmatch(rf"[-−]?(?:{CURRENCY})?[ ]?{NUMBER}", text):
        text, end = magnified(text, rest, end)
    amount, position = _measured(text, rest, end)
    for _ in range(2):
        between = _SECOND.match(rest, position) if position > end else None
        if not between or not re.fullmatch(rf"[-−]?{NUMBER}", text) or not _LARGER.fullmatch(amount):
            break
        number = re.compile(NUMBER).match(rest, between.end())
        part, stop = _measured(number.group(), rest, number.end())
        if stop == number.end():
            break
        amount, position = amount + between.group() + part, stop
    return amount, position


def reckoned(rest: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the last side of arithmetic with units stands that goes on behind an amount: 5 dollars + 3 dollars = 8 dollars.

    None where no sign of equality follows.
    """
    side, position, equal = start, end, False
    for _ in range(20):
        operator = _GOES_ON.match(rest, position)
        following = expression(rest, operator.end()) if operator else 0
        if not operator or following <= operator.end():
            break
        inner = rest.rfind("=", operator.end(), following)
        if inner >= 0:
            side, equal = inner + 1, True
        elif "=" in operator.group() or "≈" in operator.group():
            side, equal = operator.end(), True
        position = with_unit("1", rest, following)[1]
    return (side, position) if equal else None


def _measured(text: str, rest: str, end: int) -> tuple[str, int]:
    """A number or formula with the words of a unit behind it, up to three."""
    if chinese := _CHINESE_UNIT.match(rest, end):
        alone = _CHINESE_MEASURE.match(rest, end) if len(chinese[1]) > 3 else None
        chinese = alone or chinese
        return f"{text}{chinese[1]}", chinese.end()
    if alone := _CHINESE_MEASURE.match(rest, end):
        return f"{text}{alone[1]}", alone.end()
    if re.match(CURRENCY, text) and re.search(r"\d\Z", text) and (rate := _RATE.match(rest, end)):
        return text + rate.group().replace(" ", ""), rate.end()
    unit, position = "", end
    before = ""
    for _ in range(3):
        word = _UNIT_WORDS.match(rest, position)
        bare = word.group().strip(" ~").lower().rstrip(".") if word else ""
        if not word or (_STOP.fullmatch(bare) and not _INCHES.match(rest, position)):
            break
        if _PARTICIPLE.fullmatch(bare) and (_PLURAL.fullmatch(before) if before else re.match(CURRENCY, text)):
            break
        before = bare
        unit, position = unit + word.group().rstrip("."), word.end() - (word.group().endswith("."))
    if unit and (rate := _RATE.match(rest, position)):
        unit, position = unit + rate.group().replace(" ", ""), rate.end()
    if per := re.compile(r" per [A-Za-z]{1,20}(?![A-Za-z])").match(rest, position):
        unit, position = unit + per.group(), per.end()
    unit = unit.removesuffix(" per")
    if not unit.strip(" ~"):
        return text, end
    return f"{text} {unit.strip(' ~')}", position
