"""The forms that an answer can have, as values. How two of them compare is in `comparing`."""

from dataclasses import dataclass

from mathcode.grading.forms.units import Unit


@dataclass(frozen=True)
class Quantity:
    """A number or expression, with what it counts or measures.

    Attributes:
        tree: the expression (see `algebra`).
        unit: a declared unit; None: none is named.
        noun: the words of what is counted, in the singular; None: none are named.
        percent: a sign or word for per cent follows.
        loose: the unit is a bare letter, which in a reference answer would be a factor.
    """

    tree: tuple
    unit: Unit | None = None
    noun: tuple[str, ...] | None = None
    percent: bool = False
    loose: tuple | None = None


@dataclass(frozen=True)
class Ratio:
    """Terms between colons."""

    terms: tuple


@dataclass(frozen=True)
class Items:
    """Several values. `brackets`: "" (a bare list), "{}", "()", "[]", "<>", "{:}" for the pairs of a mapping, "R" for a quotient and
    its remainder, or "|" for alternatives that are not values of one thing, `x = 2 or y = 3`.
    """

    brackets: str
    items: tuple


TOGETHER = ", "
"""Stands between names that are given together."""


@dataclass(frozen=True)
class Named:
    """A value with its name; `(x, y)` names the items of its value in turn.

    `tree` is the name as an expression; `sides` holds further sides of a chain of equations.
    """

    name: str
    value: object
    tree: tuple | None = None
    sides: tuple = ()


@dataclass(frozen=True)
class When:
    """A value and the condition under which it is one, among others under other conditions."""

    value: object
    condition: object


@dataclass(frozen=True)
class Domain:
    """Of which numbers a letter is: Z, N, Q, R, with + or - for the positive or negative ones alone."""

    variable: str
    numbers: str


@dataclass(frozen=True)
class Over:
    """A value for each number of a domain."""

    value: object
    domain: Domain


@dataclass(frozen=True)
class Chain:
    """Constants said to be equal: 3 + 4 = 7. A true chain states its last side, a false one nothing."""

    sides: tuple


@dataclass(frozen=True)
class Rounded:
    r"""A value and the decimal that it is about: 4\pi \approx 12.57. Where the two agree, it states both."""

    value: object
    decimal: Quantity


@dataclass(frozen=True)
class Relation:
    """Two expressions and the sign between them: = != < <=."""

    sign: str
    left: tuple
    right: tuple


@dataclass(frozen=True)
class Order:
    """Things in their order, the least first: groups of equal ones, and the sign, < or <=, between each two."""

    groups: tuple[tuple, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True)
class Piece:
    """An interval; an end of None is infinite."""

    low: tuple | None
    low_closed: bool
    high: tuple | None
    high_closed: bool


@dataclass(frozen=True)
class Region:
    """A union of intervals, of which variable if it is named."""

    pieces: tuple[Piece, ...]
    variable: str | None = None


@dataclass(frozen=True)
class Matrix:
    """Rows of forms. `kind` is "" or "determinant"."""

    rows: tuple[tuple, ...]
    kind: str = ""


@dataclass(frozen=True)
class Moment:
    """A time of day, a date, a duration or an ordinal: equal to its like alone."""

    kind: str
    value: object


@dataclass(frozen=True)
class Range:
    """From one quantity to another."""

    low: object
    high: object


@dataclass(frozen=True)
class Based:
    """Digits of another base; the base as it is named."""

    digits: str
    base: str


@dataclass(frozen=True)
class Words:
    """Words and phrases, letter case and white space aside."""

    key: str


@dataclass(frozen=True)
class Raw:
    """What was not understood to the last sign: equal to its own text alone."""

    key: tuple


def labels(items) -> set:
    """The different units and nouns of values."""
    return {item.noun or item.unit for item in items if isinstance(item, Quantity)} - {None}
