"""When two answers are the same: the text of both folded, undressed and read into forms, which are compared by the written policy.

Policy: docs/grading.md. Everything here is of linear size in the texts, bounded by MAX_CHARS, and needs the standard library alone.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from mathcode.grading.forms import exactly, words
from mathcode.grading.forms.arithmetic import Exact, Numeric
from mathcode.grading.forms.characters import fold
from mathcode.grading.forms.comparing import Comparison
from mathcode.grading.forms.dress import undressed
from mathcode.grading.forms.reading import read
from mathcode.grading.forms.values import Items, Quantity, Ratio, Raw

MAX_CHARS = 1000
"""No reference answer is that long; a longer answer is equal only if it is the same text."""


@dataclass(frozen=True)
class Number:
    """An exact value and how it was written."""

    value: Fraction
    decimal: bool
    percent: bool


def equal(gold: str, answer: str) -> bool | None:
    """Whether an answer equals the reference answer; None where that takes arithmetic of real numbers (`numerically_equal`)."""
    return _equal(gold, answer, _EXACT)


def numerically_equal(gold: str, answer: str) -> bool:
    """The same with an arithmetic that always decides."""
    return bool(_equal(gold, answer, _NUMERIC))


def equal_in_order(gold: str, printed: str) -> bool:
    """Whether the reference answer is several values in a row, and what was printed is these as numerals in their order.

    Blanks or line breaks stand between them, as `print(a, b)` puts them.
    """
    form, given = _form(gold), printed.split()
    if not isinstance(form, Items) or form.brackets or len(form.items) != len(given) or len(given) < 2:
        return False
    pairs = zip(form.items, given, strict=True)
    return all(_NUMERAL.fullmatch(text) and _EXACT.equal(wanted, _form(text)) is True for wanted, text in pairs)


def numeric_equal(left: str, right: str) -> bool | None:
    """Whether two numerals are equal under the tolerance of the policy; None when one of them is no numeral."""
    if number(left) is None or number(right) is None:
        return None
    return _EXACT.equal(_form(left), _form(right))


def number(text: str) -> Number | None:
    """The number that a text is, in digits or words, as a fraction, ratio or mixed number, with unit or per cent; else None."""
    form = _form(text)
    if isinstance(form, Ratio) and len(form.terms) == 2:
        form = Quantity(("/", *form.terms))
    if not isinstance(form, Quantity):
        return None
    try:
        value = exactly.fraction(form.tree)
    except ArithmeticError:
        return None
    return None if value is None else Number(value, "." in text, form.percent)


def normalise(answer: str) -> str:
    """The answer without dress, in one spelling of characters and macros."""
    return undressed(fold(answer)) if len(answer) <= MAX_CHARS else answer.strip()


def understood(gold: str) -> bool:
    """Whether a reference answer was read as a form, or as words; of an option, its text."""
    if not normalise(gold):
        return False
    option = words.option(words.bare(normalise(gold))) if len(gold) <= MAX_CHARS else None
    forms = [_form(gold), *([_read(option[1])] if option and option[1] else [])]
    return any(not isinstance(form, Raw) for form in forms)


_NUMERAL = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?(?:/[0-9]+)?")
_LETTER = re.compile("[A-H]")
_LETTERS = re.compile(r"[(\[{'\"\s]*[A-H][)\]}'\"\s]*(?:(?:,|;|and|和|\s|(?<=\))(?=\())[('\"\s]*[A-H][)\]}'\"\s]*)+")
"""Letters of several options with something between them."""
_AROUND_LETTERS = re.compile(r"^[Bb]oth\s+(?=[(\[A-H])|\s*(?:are|都|均)\s*(?:correct|right|true|正确|对的?)$")
_EXACT, _NUMERIC = Comparison(Exact()), Comparison(Numeric())


@lru_cache(maxsize=4096)
def _form(text: str):
    return _read(normalise(text)) if len(text) <= MAX_CHARS else Raw((text.strip(),))


@lru_cache(maxsize=4096)
def _read(text: str):
    """The form of an undressed text. A text on which reading breaks is one that is not understood: it costs its own row alone."""
    try:
        return read(text)
    except (ArithmeticError, LookupError, RecursionError, ValueError):
        return Raw((text,))


def _equal(gold: str, answer: str, comparison: Comparison) -> bool | None:
    if gold.strip() == answer.strip():
        return bool(gold.strip())
    if max(len(gold), len(answer)) > MAX_CHARS:
        return False
    left, right = normalise(gold), normalise(answer)
    if not left or not right:
        return False
    if " ".join(left.split()) == " ".join(right.split()):
        return True
    try:
        if (chosen := _options(left, right, comparison)) is not None:
            return chosen
        return comparison.equal(_read(left), _read(right))
    except RecursionError:  # expressions within expressions deeper than anybody writes
        return False


def _options(gold: str, answer: str, comparison: Comparison) -> bool | None:
    """Letters of options, with or without their text; None where the reference answer is no option, or the answer names none."""
    gold, answer = words.bare(gold), words.bare(answer)
    if several := _several(gold):
        return True if several == _several(answer) else None
    ours, theirs = words.option(gold), words.option(answer)
    if ours and not (ours[0].isupper() or ours[2]):
        ours = None
    if ours and theirs and (theirs[2] or not theirs[1]) and (ours[2] or theirs[2] or (len(gold) == 1 and gold in "ABCDE")):
        if ours[0] != theirs[0]:
            return False
        return True if not ours[1] or not theirs[1] else comparison.equal(_read(ours[1]), _read(theirs[1]))
    if ours and ours[1] and not theirs:
        return comparison.equal(_read(ours[1]), _read(answer))
    if theirs and theirs[1] and not ours and not words.phrase(gold):
        return comparison.equal(_read(gold), _read(theirs[1]))
    return None


def _several(text: str) -> list[str] | None:
    """The letters of several options, `A, C`, `(A) and (C)`, or joined in order, `AC`; None where a text is something else."""
    if len(text) > 40:
        return None
    text = _AROUND_LETTERS.sub("", text)
    letters = _LETTER.findall(text)
    joined = len(text) > 1 and [*text] == sorted(set(letters))
    return sorted(letters) if joined or _LETTERS.fullmatch(text) else None
