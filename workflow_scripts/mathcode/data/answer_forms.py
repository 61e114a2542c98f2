r"""One value, many forms: how a site may write a reference answer. Known forms teach a critic, unseen ones test it.

| kind | known forms | unseen forms |
| --- | --- | --- |
| whole: a whole number | 35; 35 dollars; x = 35; 35.0; a sentence; in words; 三十五; either with a unit | 35 (dollars); it is thirty-five |
| part: may have one | 1.25; 1.25 kg; 5/4; \frac{5}{4}; 1 1/4 kg; 125%; x = 1.25; in words; 一又四分之一 | 5 : 4; 约1.25千克 |
| two: two values | 16 and 11; 16, 11; (16, 11); x = 16, y = 11; with units; in words; 十六和十一 | 2 hours 15 minutes; 2小时15分 |

Numerals of the other language occur (三十五 under an English question), words of another one do not.
A form that cannot write a value says so, and another one is drawn; `plain` writes everything.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from mathcode.core.random_streams import share
from mathcode.data import number_words

Kind = Literal["whole", "part", "two"]
Site = Literal["plain", "digits", "words", "known", "unseen"]
"""How references are written: the values alone; by a habit of each family, in digits or mostly in words; any known form; any unseen one."""

MOST_DIGITS = 100
"""Nobody writes 997/25: numerators of fractions stay below this."""


@dataclass(frozen=True)
class Answer:
    """What a question asks for.

    Attributes:
        kind: a whole number, a number that may have a part, or two whole numbers in order.
        values: exactly; their number follows from the kind.
        units: one for each value, as its language writes them after a number.
        labelled: how a person would label two values, with {0} and {1}; "" for one value.
        language: of the question.
    """

    kind: Kind
    values: tuple[Fraction, ...]
    units: tuple[str, ...]
    labelled: str
    language: str


def number(value: Fraction) -> str:
    """Digits: whole numbers as such, others as decimals where those end."""
    if value.denominator == 1:
        return str(value.numerator)
    decimals = next((places for places in range(1, 8) if (value * 10**places).denominator == 1), None)
    if decimals is None:
        return f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**decimals // value.denominator).rjust(decimals + 1, "0")
    return f"{'-' * (value < 0)}{digits[:-decimals]}.{digits[-decimals:]}"


def _with_unit(written: str | None, answer: Answer, place: int = 0) -> str | None:
    if written is None:
        return None
    return f"{written}{'' if answer.language == 'zh' else ' '}{answer.units[place]}"


def _spoken(answer: Answer, value: Fraction) -> str | None:
    """In the words of the question's language."""
    return number_words.chinese(value) if answer.language == "zh" else number_words.english(value)


def _fraction(answer: Answer) -> Fraction | None:
    """The value where a person might write it as a fraction."""
    value = answer.values[0]
    return value if value.denominator > 1 and 0 < value.numerator < MOST_DIGITS else None


def _simple_fraction(answer: Answer) -> str | None:
    value = _fraction(answer)
    return value and f"{value.numerator}/{value.denominator}"


def _latex_fraction(answer: Answer) -> str | None:
    value = _fraction(answer)
    return value and f"\\frac{{{value.numerator}}}{{{value.denominator}}}"


def _mixed_number(answer: Answer) -> str | None:
    value = _fraction(answer)
    if not value or value < 1:
        return None
    whole, rest = divmod(value, 1)
    return _with_unit(f"{whole} {rest.numerator}/{rest.denominator}", answer)


def _percent(answer: Answer) -> str | None:
    value = answer.values[0]
    return f"{number(value * 100)}%" if value.denominator > 1 and 0 < value < 10 else None


def _ratio(answer: Answer) -> str | None:
    value = _fraction(answer)
    return value and f"{value.numerator} : {value.denominator}"


def _about(answer: Answer) -> str | None:
    unit = answer.units[0] if answer.language == "zh" else "千克"
    return f"约{number(answer.values[0])}{unit}"


def _sentence(answer: Answer) -> str:
    written = number(answer.values[0])
    return f"答案是{written}。" if answer.language == "zh" else f"The answer is {written}."


def _both(answer: Answer, write: Callable[[Fraction], str | None], joint: str) -> str | None:
    written = [write(value) for value in answer.values]
    return None if None in written else joint.join(written)


def _and(answer: Answer) -> str:
    return "和" if answer.language == "zh" else " and "


def _numerals(answer: Answer) -> str | None:
    return _both(answer, number_words.chinese, "和")


def _numerals_with_unit(answer: Answer) -> str | None:
    """Chinese numerals with a Chinese unit, whatever the language of the question."""
    if answer.kind == "two":
        return None
    written = number_words.chinese(answer.values[0])
    return written and written + (answer.units[0] if answer.language == "zh" else "元")


def _it_is(answer: Answer) -> str | None:
    written = _spoken(answer, answer.values[0])
    return written and ("是" + written if answer.language == "zh" else f"it is {written}")


def _labelled(answer: Answer) -> str:
    return answer.labelled.format(*map(number, answer.values))


def _units_of_both(answer: Answer) -> str:
    written = [_with_unit(number(value), answer, place) for place, value in enumerate(answer.values)]
    return _and(answer).join(written)


Write = Callable[[Answer], str | None]

KNOWN: dict[Kind, dict[str, Write]] = {
    "whole": {
        "plain": lambda answer: number(answer.values[0]),
        "unit": lambda answer: _with_unit(number(answer.values[0]), answer),
        "equation": lambda answer: f"x = {number(answer.values[0])}",
        "decimal": lambda answer: f"{answer.values[0]}.0",
        "sentence": _sentence,
        "words": lambda answer: _spoken(answer, answer.values[0]),
        "words_unit": lambda answer: _with_unit(_spoken(answer, answer.values[0]), answer),
        "numerals": _numerals,
        "numerals_unit": _numerals_with_unit,
    },
    "part": {
        "plain": lambda answer: number(answer.values[0]),
        "unit": lambda answer: _with_unit(number(answer.values[0]), answer),
        "fraction": _simple_fraction,
        "latex": _latex_fraction,
        "mixed": _mixed_number,
        "percent": _percent,
        "equation": lambda answer: f"x = {number(answer.values[0])}",
        "words": lambda answer: _spoken(answer, answer.values[0]),
        "numerals": _numerals,
    },
    "two": {
        "plain": lambda answer: _both(answer, number, ", "),
        "and": lambda answer: _both(answer, number, _and(answer)),
        "tuple": lambda answer: f"({_both(answer, number, ', ')})",
        "equations": lambda answer: f"x = {number(answer.values[0])}, y = {number(answer.values[1])}",
        "units": _units_of_both,
        "words": lambda answer: _both(answer, lambda value: _spoken(answer, value), _and(answer)),
        "numerals": _numerals,
    },
}
UNSEEN: dict[Kind, dict[str, Write]] = {
    "whole": {"unit_in_brackets": lambda answer: f"{number(answer.values[0])} ({answer.units[0]})", "it_is": _it_is},
    "part": {"ratio": _ratio, "about": _about},
    "two": {"labelled": _labelled},
}

_IN_DIGITS: dict[Kind, dict[str, float]] = {
    "whole": {"plain": 0.6, "unit": 0.15, "equation": 0.1, "sentence": 0.1, "decimal": 0.05},
    "part": {"plain": 0.55, "unit": 0.15, "fraction": 0.1, "latex": 0.05, "mixed": 0.05, "percent": 0.05, "equation": 0.05},
    "two": {"plain": 0.2, "and": 0.25, "tuple": 0.15, "equations": 0.15, "units": 0.25},
}
"""A site that mostly writes numbers."""
_MIXED: dict[Kind, dict[str, float]] = {
    "whole": {"unit": 0.2, "sentence": 0.15, "words": 0.2, "words_unit": 0.2, "numerals": 0.15, "numerals_unit": 0.1},
    "part": {"unit": 0.2, "fraction": 0.2, "mixed": 0.2, "percent": 0.1, "words": 0.2, "numerals": 0.1},
    "two": {"and": 0.2, "tuple": 0.1, "equations": 0.15, "units": 0.15, "words": 0.2, "numerals": 0.2},
}
"""A site with free forms, digits among them."""
_IN_WORDS: dict[Kind, dict[str, float]] = {
    "whole": {"unit": 0.05, "words": 0.3, "words_unit": 0.3, "numerals": 0.2, "numerals_unit": 0.15},
    "part": {"unit": 0.05, "words": 0.55, "numerals": 0.4},
    "two": {"and": 0.08, "words": 0.52, "numerals": 0.4},
}
"""A site with free forms that hardly ever writes a digit: no rule that reads digits can judge there."""


def write(answer: Answer, site: Site, free: bool, *ids: object) -> tuple[str, str]:
    """Name of a form, and the answer in it.

    Args:
        answer: what is written.
        site: how references are written there.
        free: whether its family has the habit of free forms; the others mostly write numbers (sites `digits` and `words`).
        ids: name the random stream; it is the form's own, so that no change of forms changes a question.
    """
    forms = UNSEEN[answer.kind] if site == "unseen" else KNOWN[answer.kind]
    if site == "plain":
        weights = {"plain": 1.0}
    elif site in ("known", "unseen"):
        weights = dict.fromkeys(forms, 1.0)
    else:
        weights = {"digits": _MIXED, "words": _IN_WORDS}[site][answer.kind] if free else _IN_DIGITS[answer.kind]
    written = {name: forms[name](answer) for name in weights}
    weights = {name: weight for name, weight in weights.items() if written[name] is not None}
    if not weights:
        return "plain", KNOWN[answer.kind]["plain"](answer)
    chosen = pick(weights, *ids, "form")
    return chosen, written[chosen]


def pick(weights: Mapping[str, float], *ids: object) -> str:
    """One of the names with the chances of their weights, from the stream that the ids name."""
    position, reached = share(*ids) * sum(weights.values()), 0.0
    for name, weight in weights.items():
        reached += weight
        if position < reached:
            return name
    return list(weights)[-1]
