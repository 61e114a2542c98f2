"""The drop test: a reference answer without one of its letters, digits or signs, or with another in its place, is another answer.

Each rule that excuses an equal pair is a line of RULES and of the policy in docs/grading.md.
"""

import re
from fractions import Fraction

import pytest
from support import public_data

from mathcode.data import sources
from mathcode.data.readers import english
from mathcode.grading import equality
from mathcode.grading.forms.values import Based, Chain, Items, Moment, Named, Quantity, Words

FILES = {
    "math/test.jsonl.gz": "math", "gaokao2023en/test.jsonl.gz": "gaokao2023en", "olympiadbench/test.jsonl.gz": "olympiadbench",
    "college_math/test.jsonl.gz": "college_math", "asdiv/test.jsonl.gz": "asdiv",
}  # fmt: skip
MAX_GOLD = 80
_AND = re.compile(r",(?=\s*(?:\\text\s*\{\s*)?and\b)")
_IDLE = re.compile(r"(?<=\d)(?:,|\{,?\}|\\!)*(?=\d{3})|\+(?=[\\\d∞])|(?<![\d.])0+(?=\.?\d)|(?<=\.\d)0+(?!\d)|\.0+(?!\d)")


def _forms(gold: str, changed: str) -> list:
    return [equality._form(text) for text in (gold, changed)]


def _dress(gold: str, changed: str) -> bool:
    """The two are one text in the spelling of `normalise`, white space and brackets around an option aside."""
    dense = [re.sub(r"[~\s]|\\[!,; ]|(?<=[apm])\.|(?<=\{array\})\{[lcr]*\}", "", equality.normalise(text)) for text in (gold, changed)]
    dense = [text.rstrip(".,;").strip("()[]{}\"'") for text in dense]
    return dense[0] == dense[1] or ("{array}" in gold and re.sub(r"[(\[]", "", dense[0]) == re.sub(r"[(\[]", "", dense[1]))


def _same_value(gold: str, changed: str) -> bool:
    """Separators of thousands, zeros at the ends, a plus sign: the same numerals."""
    plain = [_IDLE.sub("", text) for text in (gold, changed)]
    return plain[0] == plain[1] or equality.normalise(plain[0]).replace(" ", "") == equality.normalise(plain[1]).replace(" ", "")


def _measure(gold: str, changed: str) -> bool:
    """The change is within unit, noun, currency or per cent: the expressions are the same."""
    ours, theirs = (form.value if isinstance(form, Named) else form for form in _forms(gold, changed))
    pairs = [(ours, theirs)]
    if isinstance(ours, Items) and isinstance(theirs, Items) and len(ours.items) == len(theirs.items):
        pairs = list(zip(ours.items, theirs.items, strict=True))
    return all(
        one == other or (isinstance(one, Quantity) and isinstance(other, Quantity) and one.tree == other.tree) for one, other in pairs
    )


def _decimals(gold: str, changed: str) -> bool:
    """A long decimal and its rounding, or what a double loses; in a list or behind a name too."""
    parts = [re.split(r"[,=]", text) for text in (gold, changed)]
    return len(parts[0]) == len(parts[1]) and all(one == other or _rounded(one, other) for one, other in zip(*parts, strict=True))


def _rounded(gold: str, changed: str) -> bool:
    numbers = [equality.number(text) for text in (gold, changed)]
    return (
        None not in numbers
        and any("." in text for text in (gold, changed))
        and abs(numbers[0].value - numbers[1].value) < Fraction(1, 10**4)
    )


def _chains(gold: str, changed: str) -> bool:
    """A true chain of constants states its last side."""
    parts = [part for form in _forms(gold, changed) for part in (form.items if isinstance(form, Items) else [form])]
    return any(isinstance(part, Chain) or (isinstance(part, Named) and part.sides) for part in parts)


RULES = {
    "dress": _dress,
    "letter case": lambda gold, changed: gold.casefold() == changed.casefold(),
    "numerals": _same_value,
    "measures": _measure,
    "decimals": _decimals,
    "infinity is open": lambda gold, changed: "infty" in gold and re.sub(r"[(\[]", "", gold) == re.sub(r"[(\[]", "", changed),
    "bases": lambda gold, changed: any(isinstance(form, Based) for form in _forms(gold, changed)),
    "logarithm without a base": lambda gold, changed: gold.replace("log", "lg") == changed.replace("log", "lg"),
    "chains": _chains,
    "names left out": lambda gold, changed: "=" in gold and ("=" not in changed or ":" in gold),
    "a label": lambda gold, changed: gold.startswith("Solution is:") and gold.partition(":")[2] == changed.partition(":")[2],
    "sides that cancel": lambda gold, changed: gold.endswith("+C") and changed == f"{gold[:-2]}-C",
    "a comma before and": lambda gold, changed: _AND.sub("", gold) == changed,
    "plurals": lambda gold, changed: any(isinstance(form, Words | Quantity) for form in _forms(gold, changed)) and "(" in gold,
    "dates": lambda gold, changed: all(isinstance(form, Moment) for form in _forms(gold, changed)),
    "brackets of a list": lambda gold, changed: re.sub(r"[,\s]", "", gold) == re.sub(r"[,\s]", "", changed) and "[" in gold,
    "a variable of a function": lambda gold, changed: bool(re.search(r"[a-zA-Z](?:_\{\w\})?\((?:[a-z]|\\vec\{[a-z]\})\)\s*=", gold)),
}


def changes(gold: str):
    """The text without each of its letters, digits and signs, and with another in its place."""
    for place, char in enumerate(gold):
        if char.isspace() or char in "$\\{}":
            continue
        others = [""]
        if char.isdecimal():
            others.append(str((int(char) + 1) % 10))
        elif char.isalpha():
            others.append("q" if char != "q" else "r")
        elif char in "+-":
            others.append("-" if char == "+" else "+")
        elif char in "([":
            others.append("[" if char == "(" else "(")
        for other in others:
            yield gold[:place] + other + gold[place + 1 :]


def equal(gold: str, answer: str) -> bool:
    found = equality.equal(gold, answer)
    return equality.numerically_equal(gold, answer) if found is None else found


@public_data.needed
@pytest.mark.parametrize("every", [pytest.param(25, id="sample"), pytest.param(1, marks=pytest.mark.full, id="all")])
@pytest.mark.parametrize("path", FILES)
def test_no_letter_digit_or_sign_of_a_gold_is_idle(path, every):
    records = sources.read_records(public_data.FOLDER / path)
    rows = (english.READERS[FILES[path]](record) for record in records)
    golds = sorted({row.gold for row in rows if row and row.gold and len(row.gold) <= MAX_GOLD})[::every]
    assert len(golds) > 5
    idle = [
        (gold, changed)
        for gold in golds
        for changed in changes(gold)
        if equal(gold, changed) and not any(rule(gold, changed) for rule in RULES.values())
    ]
    assert idle == []
