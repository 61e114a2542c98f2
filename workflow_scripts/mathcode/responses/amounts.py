"""The unit behind a number: words and signs up to where the sentence goes on, and amounts in several units."""

import re

from mathcode.responses.expressions import NUMBER

_UNIT_WORDS = re.compile(r"[ ~]?(?:\\text\s*\{[^{}]{0,60}\}(?:\^\{?\d\}?)?|[A-Za-z][A-Za-z./'’-]{0,30}(?:\^?[23²³])?(?![\w^]))")
_STOP = re.compile(
    r"remains?|stays?|come|comes|goes?|fit|work|survive|arrive|exist|"
    r"because|since|as|so|which|where|when|while|after|before|for|from|of|in|on|at|to|by|with|if|but|and|or|is|are|was|"
    r"were|be|been|has|have|had|that|this|these|those|than|then|left|remaining|altogether|total|overall|more|less|fewer|"
    r"greater|i|we|he|she|they|it|you|the|a|an|not|also|only|just|each|away|now|today|again|i\.e|e\.g|i\.e\.|e\.g\.|thus|"
    r"hence|therefore|making|giving|whose|who|what|how|all|both|would|will|should|can|could|may|might|must|do|does|did|"
    r"out|over|under|between|during|without|within|rounded|up|down|given|using|about"
)
_INCHES = re.compile(r"[ ~]?in\.?(?=\s{0,3}(?:[,;!?)*$<^²³]|\.|$))")
COMPARED = re.compile(
    r"\s*(?:[A-Za-z]+\s+){0,2}(?:more|less|fewer|greater|larger|smaller|bigger|older|younger|taller|"
    r"longer|shorter|higher|lower|times)\s+(?:[a-z]+\s+){0,2}(?:than|as)\b"
)
_CHINESE_UNIT = re.compile(r"\s?((?![或和与及以且又至到因所即为是])[一-鿿]{1,4}(?:/[一-鿿]{1,4})?)(?![一-鿿])")
_SMALLER = "minutes?|mins?|seconds?|secs?|hours?|hrs?|days?|weeks?|months?|inch(?:es)?|cents?|ounces?|oz|grams?|g|meters?|metres?|m|cm|mm"
_SECOND = re.compile(rf"(?:[ ]|(?<=[一-鿿]))(?={NUMBER}[ ]?(?:[A-Za-z]{{2,}}|[一-鿿]))|[ ]and[ ](?={NUMBER}[ ]?(?:{_SMALLER})(?![A-Za-z]))")
"""Between the parts of one amount: 3 hours 20 minutes, 3小时20分钟."""


def with_unit(text: str, rest: str, end: int) -> tuple[str, int]:
    """A value with its unit; an amount in two units is one value."""
    amount, position = _measured(text, rest, end)
    for _ in range(2):
        between = _SECOND.match(rest, position) if position > end else None
        if not between or not re.fullmatch(rf"[-−]?{NUMBER}", text):
            break
        number = re.compile(NUMBER).match(rest, between.end())
        part, stop = _measured(number.group(), rest, number.end())
        if stop == number.end():
            break
        amount, position = amount + between.group() + part, stop
    return amount, position


def _measured(text: str, rest: str, end: int) -> tuple[str, int]:
    """A number or formula with the words of a unit behind it, up to three."""
    if chinese := _CHINESE_UNIT.match(rest, end):
        return f"{text}{chinese[1]}", chinese.end()
    unit, position = "", end
    for _ in range(3):
        word = _UNIT_WORDS.match(rest, position)
        if not word or (_STOP.fullmatch(word.group().strip(" ~").lower().rstrip(".")) and not _INCHES.match(rest, position)):
            break
        unit, position = unit + word.group().rstrip("."), word.end() - (word.group().endswith("."))
    if per := re.compile(r" per [A-Za-z]{1,20}(?![A-Za-z])").match(rest, position):
        unit, position = unit + per.group(), per.end()
    unit = unit.removesuffix(" per")
    if not unit.strip(" ~"):
        return text, end
    return f"{text} {unit.strip(' ~')}", position
