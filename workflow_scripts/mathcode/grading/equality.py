"""When two answers are the same: the part that text, fractions and lists can decide, without any symbolic engine.

Policy, each point held by a test: thousands separators, currency, degrees and units are dropped; `50%` equals `50` and
`0.5`; a ratio is a fraction; exact numbers must be exactly equal, while a number written with a decimal point may miss by
what floating point or rounding to six digits explains; bare lists and sets ignore order, tuples and intervals do not and
their brackets count; a subscript base may be left out but not be another one; letter case of words is ignored.

Standard library only: the symbolic judge loads this file by its path.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

MAX_CHARS = 1000
"""No reference answer is that long; a longer answer is equal only if it is the same text."""

MAX_DEPTH = 30
"""Brackets within brackets, and ..."""
MAX_TOWER = 1
"""... exponents upon an exponent that an answer may have, unless the reference answer has more."""
MAX_EXPONENT = 10**5
"""Largest exponent of a number, and ..."""
MAX_FACTORIAL = 10**4
"""... largest number under a factorial or binomial sign that anybody computes."""

_TOKEN = re.compile(r"\^|[(\[{]|[)\]}]|\\?[A-Za-z]+|[\d.]+|\S")
_POWER = re.compile(r"(?<![A-Za-z}])\d[)}]*\^[{(]*-?(\d+)(?:\^[{(]*(\d+))?")
_FACTORIAL = re.compile(r"(\d+)[)}]*!|factorial\((\d+)|binom(?:ial)?[({]+(\d+)")
_FACTORIAL_TWICE = re.compile(r"![)}]+!|factorial\(factorial|\^[{(]*\d+[)}]*!")

_RELATIVE = Fraction(1, 10**6)
_ABSOLUTE = Fraction(1, 10**4)
_FLOAT = Fraction(1, 10**15)
_ZERO = Fraction(1, 10**9)

_DRESS = [
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"\$\$(.*)\$\$",
        r"\$([^$]*)\$",
        r"\\\((.*)\\\)",
        r"\\\[(.*)\\\]",
        r"\\(?:boxed|fbox)\s*\{(.*)\}",
        r"\*\*(.*)\*\*",
        r"`(.*)`",
    )
]
_DEGREE = r"\^\s*(?:\{\s*\\circ\s*\}|\\circ\b)|\\degree\b|°"
_INEQUALITY = re.compile(r"\\(?:leq?|geq?|lt|gt)(?![a-zA-Z])|[<>≤≥]")
_INTERVAL = re.compile(r"Interval(?:\.(open|Lopen|Ropen))?\(([^(),]+),([^(),]+)\)")


def _interval(match: re.Match) -> str:
    """An interval as sympy prints it, in brackets; at infinity it is open."""
    kind, low, high = match.groups()
    opening = "(" if kind in ("open", "Lopen") or "oo" in low else "["
    closing = ")" if kind in ("open", "Ropen") or "oo" in high else "]"
    return f"{opening}{low.strip()}, {high.strip()}{closing}"


_REWRITES = [
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (_INTERVAL, _interval),  # what programs print, first
        (r"^FiniteSet\((.*)\)$", r"{\1}"),
        (r"\bEmptySet\b|\bset\(\)|\\varnothing\b", r"\\emptyset "),
        (r"(?<![A-Za-z])oo(?![A-Za-z])", r"\\infty "),
        (r"(?<=\d)j\b", "i"),
        ("−", "-"),
        ("，", ","),
        ("π", r"\\pi "),
        ("∞", r"\\infty "),
        ("×", r"\\times "),
        (r",\\!\s*|\{,\}", ","),
        (r"(?<!\\)\\[!,;: ]|\\q?quad\b|\\displaystyle\b|\\(?:left|right)(?![a-zA-Z])\.?|~", " "),
        (r"\\(?:mathrm|mathbf|mathit|mbox|operatorname|text(?:bf|it|rm|normal))(?=\s*\{)", r"\\text"),
        (r"\\[dtc]frac", r"\\frac"),
        (r"\\%", "%"),
        (r"\\\$|[$€£]", ""),
        (rf"(\\(?:sin|cos|tan|cot|sec|csc))\s*[{{(]?\s*(\d+(?:\.\d+)?)\s*(?:{_DEGREE})\s*[)}}]?", r"\1(\\frac{\2\\pi}{180})"),
        (_DEGREE, ""),
        (r"\\frac\s*(\d)\s*(?=[\d{])", r"\\frac{\1}"),
        (r"(\\frac\s*\{[^{}]*\})\s*(\d)", r"\1{\2}"),
        (r"\\sqrt\s*(\w)", r"\\sqrt{\1}"),
        (r"\\[dt]?binom\s*(\d)\s*(\d)", r"\\binom{\1}{\2}"),
        (r"(\\(?:sin|cos|tan|cot|sec|csc|log|ln))\s*\^\s*\{?(\d)\}?\s*([a-z])(?![a-z])", r"\1^{\2}(\3)"),
        (r"[^\S\n]+", " "),
        (r"\s*\n\s*", "\n"),
    )
]
_DICTIONARY = re.compile(r"\{[^{}\\]*:[^{}\\]*\}")
_ASSIGNMENT = re.compile(r"\\?[a-zA-Z]+(?:_\{?\w+\}?)?(?:\([a-z]\))?\s*(?:=|\\in\b)\s*(?=\S)([^=]*)")

_WORD_UNITS = "cm|mm|km|kg|mg|ml|mL|ft|in|lb|lbs|oz|hr|hrs|mi|yd"
_NO_UNITS = "sin|cos|tan|cot|sec|csc|log|exp|sqrt|arcsin|arccos|arctan|sinh|cosh|tanh|mod|and|infty|inf|infinity"
_UNIT = re.compile(
    r"(?<=[\d}%])"
    rf"(?:\s*\\text\s*\{{(?!\s*(?:and|or)\b)[^{{}}]*\}}|\s+(?!(?:{_NO_UNITS})\b)(?:[A-Za-z]{{3,}}|(?:{_WORD_UNITS})\b)[A-Za-z ./]*"
    r"|\s*\([A-Za-z ]+\))"
    r"(?:\^?\{?[23]\}?)?$"
)

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)"
_PLAIN = re.compile(rf"[+-]?{_DIGITS}(?:[eE][+-]?\d{{1,3}})?")
_SCIENTIFIC = re.compile(rf"([+-]?{_DIGITS})(?:\\times|\\cdot|\*)10(?:\^|\*\*)\{{?([+-]?\d{{1,3}})\}}?")
_QUOTIENT = re.compile(rf"([+-]?)()\(?([+-]?{_DIGITS})\)?[/:]\(?([+-]?{_DIGITS})\)?")
_FRAC = re.compile(rf"([+-]?)(\d*)\\frac\{{([+-]?{_DIGITS})\}}\{{([+-]?{_DIGITS})\}}")
_MIXED = re.compile(r"([+-]?)(\d+) (\d+)/(\d+)")
_REPEATING = re.compile(r"([+-]?)(\d*)\.(\d*)\\(?:overline|bar)(?:\{(\d+)\}|(\d))")

_BASED = re.compile(r"(\w+?)_(?:\{(\d+)\}|(\d+)|\{?\\text\{([a-z]+)\}\}?)")
_CHOICE = re.compile(r"\(?([A-Ea-e])(?:\)|[.:](?=\s)|$)")
_WORDS = re.compile(r"[A-Za-z][A-Za-z'’,.\- ]*[A-Za-z]")
_MACRO_WORDS = re.compile(r"\\text\s*\{([^{}]*)\}")
_SEPARATOR = re.compile(r"[,;\n]|\\text\s*\{\s*,?\s*(?:and|or)\s*\}|\b(?:and|or)\b")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(frozen=True)
class Number:
    """An exact value and how it was written."""

    value: Fraction
    decimal: bool
    percent: bool


def normalise(answer: str) -> str:
    """The answer without dress: math delimiters, spacing commands, currency, degrees, a leading `x =`, a trailing stop."""
    text = answer.strip()
    while (bare := _undressed(text)) != text:
        text = bare
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text = text.strip()
    assignment = _ASSIGNMENT.fullmatch(text)
    return assignment.group(1) if assignment else text


def compare(gold: str, answer: str, leaf: Callable[[str, str], bool | None]) -> bool | None:
    """Whether two answers are equal, item by item where they are lists; None where `leaf` cannot tell.

    Args:
        gold: normalised reference answer.
        answer: normalised given answer.
        leaf: decides a pair that is not a pair of lists.
    """
    if (decided := by_text(gold, answer)) is not None:
        return decided
    opening, golds = split(gold)
    given, answers = split(answer)
    if len(golds) == len(answers) == 1:
        bare = (golds[0], answers[0])
        return leaf(gold, answer) if bare == (gold, answer) else compare(*bare, leaf)
    if len(golds) != len(answers):
        return leaf(gold, answer) if _INEQUALITY.search(gold + answer) else False  # an interval may be written as an inequality
    if opening[0] in "([" and len(golds) > 1:  # a tuple, a point or an interval: brackets and order count
        return False if opening != given else _all(compare(*pair, leaf) for pair in zip(golds, answers, strict=True))
    return _matched(golds, answers, leaf)


def by_text(gold: str, answer: str) -> bool | None:
    """Decide a pair of normalised answers by their text or as numbers; None when neither tells."""
    if _key(gold) == _key(answer):
        return True
    if len(answer) > MAX_CHARS or not answer:
        return False
    if (equal := numeric_equal(gold, answer)) is not None:
        return equal
    if _DICTIONARY.fullmatch(answer) and ":" not in gold:  # roots with their multiplicities are no set of ratios
        return False
    if excessive(answer) and not excessive(gold):
        return False
    if (equal := _based_equal(gold, answer)) is not None:
        return equal
    if re.fullmatch("[A-E]", _bare_words(gold)) and (choice := _CHOICE.match(_bare_words(answer))):
        return choice.group(1).upper() == _bare_words(gold)
    if _is_words(gold):
        return _bare_words(gold).casefold() == _bare_words(answer).casefold()
    return None


def excessive(text: str) -> bool:
    """Whether computing with an expression would take for ever: deep nesting, towers of exponents, huge factorials."""
    dense = re.sub(r"\s+", "", text).replace("**", "^")
    if len(dense) > MAX_CHARS:
        return True
    if _depth(dense) > MAX_DEPTH or _tower(dense) > MAX_TOWER or _FACTORIAL_TWICE.search(dense):
        return True
    if any(int(under) > MAX_FACTORIAL for match in _FACTORIAL.finditer(dense) for under in match.groups() if under):
        return True
    return any(_exceeds(*match.groups()) for match in _POWER.finditer(dense))


def _exceeds(exponent: str, upper: str | None) -> bool:
    """Whether `exponent`, itself raised to `upper`, passes MAX_EXPONENT."""
    if int(exponent) < 2 or not upper:
        return int(exponent) > MAX_EXPONENT
    return int(upper) > MAX_EXPONENT.bit_length() or int(exponent) ** int(upper) > MAX_EXPONENT


def _depth(text: str) -> int:
    """How deep brackets stand within brackets."""
    deepest = depth = 0
    for character in text:
        depth = max(0, depth + (character in "([{") - (character in ")]}"))
        deepest = max(deepest, depth)
    return deepest


def _tower(text: str) -> int:
    """How many exponents stand upon an exponent: none in a^b, one in a^b^c and a^{b^c}."""
    highest, stack = 0, []
    level, chain, raised = 0, 0, False  # exponents we stand in; carets in a row since then; whether the last token was one
    for token in _TOKEN.findall(text):
        if token == "^":
            chain, raised = chain + 1, True
            highest = max(highest, level + chain)
            continue
        if token in "([{":
            stack.append((level, chain if raised else 0))
            level, chain = level + stack[-1][1], 0
        elif token in ")]}":
            level, chain = stack.pop() if stack else (0, 0)
        elif not raised:
            chain = 0
        raised = False
    return max(0, highest - 1)


def numeric_equal(left: str, right: str) -> bool | None:
    """Whether two numerals are equal under the tolerance of this policy; None when one of them is no numeral."""
    first, second = number(left), number(right)
    if first is None or second is None:
        return None
    if first.percent == second.percent:
        return _close(first.value, second.value, first.decimal or second.decimal)
    plain, percent = (second, first) if first.percent else (first, second)
    return any(_close(plain.value, value, plain.decimal or percent.decimal) for value in (percent.value, percent.value / 100))


def number(text: str) -> Number | None:
    r"""Read a numeral: integer, decimal, a/b, a:b, \frac, mixed number, scientific notation, with per cent or unit; else None."""
    text = text.strip()
    if len(text) > MAX_CHARS or not text or re.search(r"\d,\s+\d", text):  # `48, 384` is a list, not 48384
        return None
    text = _UNIT.sub("", normalise(text)).strip()
    percent = text.endswith("%")
    text = text.rstrip("% ")
    dense = text if _MIXED.fullmatch(text) else re.sub(r"(?<=[\d.}])\s+(?=[\d.])", "_", text).replace(" ", "")
    try:
        if _PLAIN.fullmatch(dense):
            return Number(_fraction(dense), not re.fullmatch(r"[+-]?[\d,]+", dense), percent)
        if match := _SCIENTIFIC.fullmatch(dense):
            return Number(_fraction(match.group(1)) * Fraction(10) ** int(match.group(2)), True, percent)
        if match := _REPEATING.fullmatch(dense):
            return Number(_repeating(*match.groups()), False, percent)
        if match := _QUOTIENT.fullmatch(dense) or _FRAC.fullmatch(dense) or _MIXED.fullmatch(dense):
            sign, whole, above, below = match.groups()
            value = int(whole or 0) + _fraction(above) / _fraction(below)
            return Number(-value if sign == "-" else value, "." in dense, percent)
    except (ValueError, ZeroDivisionError):  # more digits than Python converts; a zero denominator
        return None
    return None


def split(text: str) -> tuple[str, list[str]]:
    r"""A list's opening and closing bracket and its items; `\pm` makes two items. A single item keeps its brackets."""
    text = text.strip()
    inner, brackets = text, "  "
    match = re.match(r"\\?([(\[{])", text)
    if match and text.endswith(_CLOSING[match.group(1)]):
        content = re.sub(r"\\$", "", text[match.end() : -1])
        if balanced(content):
            inner, brackets = content, match.group(1) + text[-1]
    items = [item for item in _top_level(inner) if item]
    if len(items) <= 1 and brackets != "{}":
        items, brackets = [text], "  "
    if brackets[0] not in "([":
        items = [signed for item in items for signed in _signs(item)]
    return brackets, items


def balanced(text: str) -> bool:
    """Whether no bracket of `text` closes what `text` did not open; an interval's `[0,1)` counts as closed."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return False
    return depth == 0


def _undressed(text: str) -> str:
    text = text.strip()
    if not text.endswith(".."):
        text = text.rstrip(".。").rstrip()
    for dress in _DRESS:
        if (match := dress.fullmatch(text)) and balanced(match.group(1)):
            return match.group(1).strip()
    return text


def _key(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _close(left: Fraction, right: Fraction, decimal: bool) -> bool:
    """Exact numbers are equal or not; a decimal may be rounded to six digits, or be off by what a double loses."""
    difference, size = abs(left - right), max(abs(left), abs(right))
    if not decimal or not difference:
        return not difference
    if not left or not right:
        return difference <= _ZERO
    return difference <= max(min(_RELATIVE * size, _ABSOLUTE), _FLOAT * size)


def _fraction(numeral: str) -> Fraction:
    return Fraction(numeral.replace(",", ""))


def _repeating(sign: str, whole: str, before: str, block: str | None, digit: str | None) -> Fraction:
    r"""0.1\overline{6} as a fraction: the digits up to the first period less those before it, over nines and zeros."""
    period = block or digit
    value = Fraction(int(whole + before + period) - int(whole + before or 0), (10 ** len(period) - 1) * 10 ** len(before))
    return -value if sign == "-" else value


def _based_equal(gold: str, answer: str) -> bool | None:
    """Numerals with a subscript base: the same digits, and the same base where both name one."""
    left, right = (_BASED.fullmatch(text.replace(" ", "")) for text in (gold, answer))
    if not left and not right:
        return None
    digits = [match.group(1) if match else text.strip() for match, text in ((left, gold), (right, answer))]
    bases = {next(group for group in match.groups()[1:] if group) for match in (left, right) if match}
    if not all(re.fullmatch(r"[0-9A-F]+", one) for one in digits):
        return None
    return digits[0] == digits[1] and len(bases) == 1


def _bare_words(text: str) -> str:
    return " ".join(re.sub(r"^\((.*)\)$", r"\1", _MACRO_WORDS.sub(r"\1", text).strip()).split()).rstrip(".")


def _is_words(text: str) -> bool:
    """Whether an answer is words, not mathematics: wholly inside text macros, a name, or with a long word outside any macro."""
    if re.fullmatch(r"(?:\s*\\text\s*\{[^{}]*\}\s*)+|[A-Z][a-z]{2,}", text):
        return True
    longest = max(map(len, re.findall("[A-Za-z]+", text)), default=0)
    return bool(_WORDS.fullmatch(text)) and longest >= 4 and not re.search(rf"\b(?:{_NO_UNITS})\b", text)


def _top_level(text: str) -> list[str]:
    """Items between separators that stand outside all brackets; the commas of a thousand do not separate."""
    if number(text):
        return [text.strip()]
    items, depth, start = [], 0, 0
    separators = {match.start(): match.end() for match in _SEPARATOR.finditer(text)}
    for position, character in enumerate(text):
        if position < start:
            continue
        if depth == 0 and position in separators:
            items.append(text[start:position].strip())
            start = separators[position]
            continue
        depth += (character in "([{") - (character in ")]}")
    return [*items, text[start:].strip()]


def _signs(item: str) -> list[str]:
    r"""`a \pm b` stands for two numbers."""
    if not re.search(r"\\pm\b|±", item):
        return [item]
    plus, minus = (re.sub(r"\\pm\b|±", sign, item).strip() for sign in "+-")
    return [plus.removeprefix("+").strip(), minus]


def _all(decisions) -> bool | None:
    decisions = list(decisions)
    if False in decisions:
        return False
    return None if None in decisions else True


def _matched(golds: list[str], answers: list[str], leaf: Callable[[str, str], bool | None]) -> bool | None:
    """Whether the items can be paired off; None when some pair is open and the open ones could matter."""
    table = [[compare(gold, answer, leaf) for answer in answers] for gold in golds]
    if _pairs_off(table, {True}):
        return True
    return None if _pairs_off(table, {True, None}) else False


def _pairs_off(table: list[list[bool | None]], accepted: set) -> bool:
    """Whether a perfect matching exists (augmenting paths)."""
    partner: dict[int, int] = {}

    def place(row: int, seen: set[int]) -> bool:
        for column, decision in enumerate(table[row]):
            if decision in accepted and column not in seen:
                seen.add(column)
                if column not in partner or place(partner[column], seen):
                    partner[column] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(table)))
