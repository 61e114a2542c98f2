r"""Expressions as trees, and what can be asked of them.

A tree is a tuple:

    ("n", value, shape)   a numeral: Fraction, and None for an integer, else (significant digits, decimals, scientific)
    ("s", name)           a symbol; `pi`, `e`, `i`, `oo` are the constants
    ("+", terms) ("*", factors)       tuples of trees
    ("-", tree) ("/", above, below) ("^", base, exponent)
    ("f", name, arguments)            a function of `names.FUNCTIONS`, or one we know nothing of, as `f'`
"""

from fractions import Fraction

from mathcode.grading.forms.names import CONSTANTS, FUNCTIONS, LETTERS

MAX_DIGITS = 1000
"""Digits of a numeral."""
MAX_SCALE = 5000
"""Powers of ten in scientific notation."""

ONE = ("n", Fraction(1), None)
_SHORT_WORDS_TEXT = """
am an as at be by do go he if in is it me my no of oh on or so to up us we ok hi and not the all for are but can has had was you one two
six ten any yes odd few per min max due
"""
_SHORT_WORDS = frozenset(_SHORT_WORDS_TEXT.split())
"""Runs of letters that are English words, not products of variables."""


class NotAlgebra(ValueError):
    """The tokens are not algebra that this parser knows."""


def product(factors: list[tuple]) -> tuple:
    return factors[0] if len(factors) == 1 else ("*", tuple(factors))


def numeral(text: str) -> tuple:
    """The tree of a numeral.

    Raises:
        NotAlgebra: it has more digits than anybody computes with.
    """
    if text.isdigit():
        if len(text) > MAX_DIGITS:
            raise NotAlgebra("a long numeral")
        return ("n", Fraction(int(text)), None)
    mantissa, _, scale = text.lower().partition("e")
    if len(mantissa) > MAX_DIGITS or abs(int(scale or 0)) > MAX_SCALE:
        raise NotAlgebra("a long numeral")
    whole, _, decimals = mantissa.partition(".")
    digits = (whole + decimals).lstrip("0")
    value = Fraction(int(whole + decimals or 0), 10 ** len(decimals)) * Fraction(10) ** int(scale or 0)
    return ("n", value, (len(digits), len(decimals) - int(scale or 0), bool(scale)))


def letters_of(word: str) -> list[str] | None:
    """The symbols that a run of letters stands for: a name, or up to three factors; None if it is a word."""
    if word in CONSTANTS:
        return [CONSTANTS[word]]
    if word in FUNCTIONS or word in LETTERS or "_" in word:
        return [word]
    if len(word) > 3 or word.lower() in _SHORT_WORDS or (len(word) == 3 and word[0].isupper() and word[1:].islower()):
        return None
    return list(word)


def nodes(tree: tuple):
    """All parts of a tree."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        if node[0] in "+*":
            stack += node[1]
        elif node[0] == "f":
            stack += node[2]
        elif node[0] not in "ns":
            stack += node[1:]


def replaced(tree: tuple, names: dict[str, str]) -> tuple:
    """A tree with other names for some symbols."""
    if tree[0] == "s":
        return ("s", names.get(tree[1], tree[1]))
    if tree[0] in "+*":
        return (tree[0], tuple(replaced(part, names) for part in tree[1]))
    if tree[0] == "f":
        return ("f", tree[1], tuple(replaced(part, names) for part in tree[2]))
    return tree if tree[0] == "n" else (tree[0], *(replaced(part, names) for part in tree[1:]))


def hundredth(tree: tuple) -> tuple:
    """The hundredth of a tree; of a decimal, one with as many digits."""
    if tree[0] == "-":
        return ("-", hundredth(tree[1]))
    if tree[0] == "n" and tree[2]:
        digits, decimals, scientific = tree[2]
        return ("n", tree[1] / 100, (digits, decimals + 2, scientific))
    return ("/", tree, ("n", Fraction(100), None))


def symbols(tree: tuple) -> set[str]:
    """The names in a tree, functions aside."""
    found, stack = set(), [tree]
    while stack:
        node = stack.pop()
        if node[0] == "s":
            found.add(node[1])
        elif node[0] in "+*":
            stack += node[1]
        elif node[0] == "f":
            stack += node[2]
        elif node[0] != "n":
            stack += node[1:]
    return found
