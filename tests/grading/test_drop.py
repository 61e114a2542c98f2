"""The drop test: a reference answer without one of its letters, digits or signs, or with another in its place, is another answer.

Each rule that excuses an equal pair is a line of RULES and of the policy in docs/grading.md.
"""

import re
from fractions import Fraction

import pytest
from support import public_data
from support.running import ROOT

from mathcode import configuration
from mathcode.data import readers, sources
from mathcode.grading import equality

SOURCES = configuration.load(ROOT / "config").sources
BENCHMARKS = {name: dataset for name, dataset in SOURCES.benchmarks.items() if SOURCES.sources[dataset.source].files}
MAX_GOLD = 80
_IDLE = re.compile(r"(?<=\d)(?:,|\{,?\}|\\!)*(?=\d{3})|\+(?=[\\\d.∞])|(?<![\d.,}!])0+(?=\.?\d|\.\\)|(?<=\.\d)0+(?!\d)|\.0*(?!\d|\\over)")
_UNIT = r"\\(?:text|mathrm|mbox)\s*\{[^{}]*\}(?:\^\{?\d\}?)?"
_WORD = (
    r"(?<![\\A-Za-z])(?!(?:and|or|if|for|not)\b)(?:[A-Za-z]{3,}|lb|hr)\b|(?<=[\d.})时分 a三])[\u4e00-\u9fff℃/]+|[£￡ℓ]|\\?%|\\rm\s*[a-z]*"
)
_MEASURE = re.compile(rf"{_UNIT}(?:-?{_UNIT})*|{_WORD}|[~,;!\\\s]+(?=\\text|$)")
_ZERO = re.compile(r"(?<![\d.,}!])[-+]?0+\.?0*(?![\d.])")
_AND = re.compile(r",(?=\s*(?:\\text\s*\{\s*)?and\b)")
_NO_POWER = re.compile(r"\d+\^?\{[01]\}|2\^?\{2\}")
_FUNCTION = re.compile(r"[a-zA-Z](?:_\{\w\})?\((?:[a-zA-Z]|\\vec\{[a-z]\})\)\s*=")
_DECIMAL = re.compile(r"-?\d*\.\d+|-?\d+")


def _dress(gold: str, changed: str) -> bool:
    """The two are one text in the spelling of `normalise`, white space and brackets around an option aside."""
    dense = [re.sub(r"[~\s]|\\[!,; ]|(?<=[apm])\.|(?<=\{array\})\{[lcr]*\}", "", equality.normalise(text)) for text in (gold, changed)]
    dense = [re.sub(r"\\hspace\{\w*\}|,(?=\\end|\\?\}$)", "", text) for text in dense]
    dense = [re.sub(r"\\text\{(.*)\}", r"\1", text).rstrip(".,;").strip("()[]{}\"'") for text in dense]
    return dense[0] == dense[1] or ("{array}" in gold and re.sub(r"[(\[]", "", dense[0]) == re.sub(r"[(\[]", "", dense[1]))


def _same_value(gold: str, changed: str) -> bool:
    """Separators of thousands, zeros at the ends, a plus sign: the same numerals."""
    plain = [_IDLE.sub("", _ZERO.sub("0", text)) for text in (gold, changed)]
    return plain[0] == plain[1] or equality.normalise(plain[0]).replace(" ", "") == equality.normalise(plain[1]).replace(" ", "")


def _measure(gold: str, changed: str) -> bool:
    """The change is within a unit or noun behind a number: without words both are the same text, and not an empty one."""
    bare = [re.sub(r"\s", "", _MEASURE.sub("", text)) for text in (gold, changed)]
    return bare[0] == bare[1] and bare[0][:1] != ""


def _decimals(gold: str, changed: str) -> bool:
    """A long decimal and its rounding, or what a double loses; in a list or behind a name too."""
    numbers = [[Fraction(found) for found in _DECIMAL.findall(_IDLE.sub("", text))] for text in (gold, changed)]
    around = [_DECIMAL.sub("", _IDLE.sub("", text)) for text in (gold, changed)]
    close = len(numbers[0]) == len(numbers[1]) and all(abs(one - other) < Fraction(1, 10**4) for one, other in zip(*numbers, strict=True))
    return close and "." in gold and around[0] == around[1]


def _chains(gold: str, changed: str) -> bool:
    """A true chain of constants, or one value and what it is about, states its last side; the change is before it."""
    ours, theirs = (text.replace(r"\approx", "=").split(",") for text in (gold, changed))
    last = [[part.rpartition("=")[2] for part in parts] for parts in (ours, theirs)]
    return last[0] == last[1] and all("=" in one for one, other in zip(ours, theirs, strict=True) if one != other)


def _dates(gold: str, changed: str) -> bool:
    """A name of a month cut to its first three letters, half days with one stop or none."""
    plain = [re.sub(r"[^0-9a-z:]", "", text.lower().replace("\\text", "")) for text in (gold, changed)]
    letters = [re.sub(r"[^a-z]", "", text) for text in plain]
    numbers = [re.sub(r"[a-z]", "", text) for text in plain]
    named = letters[0] != "" and letters[0][:3] == letters[1][:3] and letters[1] in ("am", "pm", letters[0][:3])
    return named and numbers[0] == numbers[1]


def _separators(gold: str, changed: str) -> bool:
    """In Chinese, and between circled numbers, signs and words that join."""
    return not gold.isascii() and re.sub(r"[,，和且]", "", gold) == re.sub(r"[,，和且]", "", changed)


def _variable(gold: str, changed: str) -> bool:
    """The name of a function's variable, which its value does not hold."""
    return all(map(_FUNCTION.match, (gold, changed))) and gold.partition("=")[2] == changed.partition("=")[2]


def _without_name(gold: str, changed: str) -> bool:
    """The whole name before a value is gone, or the sign of equality with it, or that between a point and its letter."""
    name = "=" in gold and gold.partition("=")[2].strip() == changed.strip()
    return (
        name or re.sub(r"=(?=(?:\\left)?\()", "", gold, count=1) == changed or re.sub(r"(?<=[A-Z])=(?=(?:\\left)?\()", "", gold) == changed
    )


RULES = {
    "dress": _dress,
    "letter case": lambda gold, changed: gold.casefold() == changed.casefold(),
    "numerals": _same_value,
    "measures": _measure,
    "decimals": _decimals,
    "infinity is open": lambda gold, changed: "infty" in gold and re.sub(r"[(\[]", "", gold) == re.sub(r"[(\[]", "", changed),
    "a base left out": lambda gold, changed: re.sub(r"_\{?\w+\}?", "", gold) == changed,
    "logarithm without a base": lambda gold, changed: gold.replace("log", "lg") == changed.replace("log", "lg"),
    "chains": _chains,
    "names left out": _without_name,
    "a label": lambda gold, changed: gold.startswith("Solution is:") and gold.partition(":")[2] == changed.partition(":")[2],
    "sides that cancel": lambda gold, changed: gold.endswith("+C") and changed == f"{gold[:-2]}-C",
    "zero of anything": lambda gold, changed: bool(re.fullmatch(r"0 ?[^\d.,]+", gold)) and changed[0] == "0",
    "plurals of numbers": lambda gold, changed: gold.replace("thousands", "thousand") == changed,
    "a mixed number's sum": lambda gold, changed: gold.replace("+(", "(") == changed,
    "separators in Chinese": _separators,
    "a comma before and": lambda gold, changed: _AND.sub("", gold) == changed,
    "powers of which a product is the same": lambda gold, changed: _NO_POWER.sub("", gold) == _NO_POWER.sub("", changed),
    "dates": _dates,
    "brackets of a list": lambda gold, changed: re.sub(r"[,\s]", "", gold) == re.sub(r"[,\s]", "", changed) and "[" in gold,
    "a variable of a function": _variable,
    "an article": lambda gold, changed: gold.replace("\\text{a ", "\\text{ ") == changed,
    "a label of one character": lambda gold, changed: re.fullmatch(r"[\u4e00-\u9fff]\d+.", gold) is not None and gold[1:] == changed,
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


def golds(name: str) -> list[str]:
    """The different reference answers of a public benchmark, as a run reads them; very long ones left out."""
    dataset = BENCHMARKS[name]
    read = readers.query_readers(dataset)[dataset.reader]
    files = [public_data.FOLDER / file.path for file in SOURCES.sources[dataset.source].files]
    rows = (read(record) for path in files for record in sources.read_records(path))
    return sorted({row.gold for row in rows if not isinstance(row, str) and row.gold and len(row.gold) <= MAX_GOLD})


@public_data.needed
@pytest.mark.parametrize("every", [pytest.param(25, id="sample"), pytest.param(1, marks=pytest.mark.full, id="all")])
@pytest.mark.parametrize("name", BENCHMARKS)
def test_no_letter_digit_or_sign_of_a_gold_is_idle(name, every):
    idle = [
        (gold, changed)
        for gold in golds(name)[::every]
        for changed in changes(gold)
        if equal(gold, changed) and not any(rule(gold, changed) for rule in RULES.values())
    ]
    assert idle == []
