"""Whether two trees are one value: exactly where fractions and a finite field can tell, else to sixty digits at several points.

Decimals (docs/grading.md): a decimal of at least six digits stands for what it is the rounding or the cut of; one of ten digits or
more may miss by what a double loses. Everything else is equal exactly or not at all.
"""

from decimal import Decimal
from fractions import Fraction
from itertools import product

from mathcode.grading.forms import exactly, numeric
from mathcode.grading.forms.trees import nodes, replaced, symbols

MIN_DIGITS = 6
"""Digits from which a decimal may be a rounded value."""
MAX_ROUNDING = Fraction(1, 10**4)
"""What rounding may lose at most."""
MAX_SCIENTIFIC = Fraction(1, 10**6)
"""The same, of a value in scientific notation, as a share of it."""
NOISE_DIGITS, NOISE = 10, Fraction(1, 10**9)
"""Digits and relative size of what floating point loses."""
DOUBLE_DIGITS, _DOUBLE = 15, Fraction(1, 10**14)
"""Digits from which a decimal is a double as programs print it, and how far it may miss."""
_ALIKE = Decimal(10) ** -40
_POINTS = 10
_ENOUGH = 4
_CONSTANTS = {"pi", "e", "i"}
_ROUNDING = {"floor", "ceil", "gcd", "lcm", "Mod"}
_BRANCHING = {"abs", "sqrt", "cbrt", "root", "max", "min", "sign", "asin", "acos", "atan", "acot", "asec", "acsc"}
_FAR = 10**9
"""Beyond it differences of what is almost equal are lost."""
_COUNTERS = frozenset("ijklmnpqMN")
"""Letters that are integers where an expression rounds."""


class Exact:
    """Decides by fractions and the finite field; None where these cannot tell."""

    def same(self, left: tuple, right: tuple) -> bool | None:
        """Whether two trees are equal."""
        if left == right:
            return not _broken(left)
        left, right = _alike(left, right)
        left, right = _factors(left, symbols(right)), _factors(right, symbols(left))
        try:
            a, b = exactly.fraction(left), exactly.fraction(right)
            if a is not None and b is not None:
                return a == b or _close(_decimal_of(left), a, _decimal_of(right), b)
            if (equal := exactly.equal(left, right)) is None or (not equal and _digits(left, right)):
                return self.approximately(left, right)
            return equal
        except ArithmeticError:
            return False

    def approximately(self, left: tuple, right: tuple) -> bool | None:
        """What the field does not know."""
        return None

    def order(self, left: tuple, right: tuple) -> int | None:
        """-1, 0, 1 as `left` is less than, equal to, greater than `right`; None: untold, or they hold symbols."""
        if left == right:
            return 0
        try:
            a, b = exactly.fraction(left), exactly.fraction(right)
        except ArithmeticError:
            return None
        if a is not None and b is not None:
            return (a > b) - (a < b)
        return self.ordered(left, right)

    def ordered(self, left: tuple, right: tuple) -> int | None:
        return None

    def proportional(self, left: tuple, right: tuple, positive: bool) -> bool | None:
        """Whether two trees are the same but for a constant factor, which must be above zero where asked."""
        left, right = _alike(left, right)
        found = exactly.ratio(left, right)
        if found is None or (found is True and positive):
            return self.in_proportion(left, right, positive)
        return bool(found) and (not positive or found > 0)

    def in_proportion(self, left: tuple, right: tuple, positive: bool) -> bool | None:
        return None


class Numeric(Exact):
    """Decides what is left at several points, to sixty digits."""

    def approximately(self, left: tuple, right: tuple) -> bool | None:
        if any(node[:2] == ("f", "log") and len(node[2]) == 1 for tree in (left, right) for node in nodes(tree)):
            readings = ("ln", "log10")  # a logarithm without a base: whichever both can have
            return any(self._at_points(_logarithm(left, base), _logarithm(right, base)) for base in readings)
        return self._at_points(left, right)

    def _at_points(self, left: tuple, right: tuple) -> bool:
        names = (symbols(left) | symbols(right)) - _CONSTANTS
        if not names:
            return self._constants(left, right)
        tolerance = Decimal(10) ** -9 if max(_digits(left, right) or [0]) >= NOISE_DIGITS else _ALIKE
        agreed, barred, dense = 0, False, False
        bars = _has_bars(left) != _has_bars(right)
        for point in _points(left, right):
            try:
                a, b = numeric.value(left, point), numeric.value(right, point)
            except (numeric.Undefined, numeric.Unknown):
                continue
            if not _near(a, b, tolerance):
                return False
            agreed, barred, dense = agreed + 1, barred or point.negative_bars, True
        return dense and agreed >= _ENOUGH and (barred or not bars)

    def _constants(self, left: tuple, right: tuple) -> bool:
        try:
            a, b = (numeric.value(tree, numeric.Point(0)) for tree in (left, right))
        except (numeric.Undefined, numeric.Unknown):
            return False
        if _near(a, b, _ALIKE):
            return True
        decimals = [_decimal_of(left), _decimal_of(right)]
        if not a[1] and not b[1] and any(decimals):
            return _close(decimals[0], Fraction(a[0]), decimals[1], Fraction(b[0]))
        return max(_digits(left, right) or [0]) >= NOISE_DIGITS and _near(a, b, Decimal(10) ** -9)

    def ordered(self, left: tuple, right: tuple) -> int | None:
        if (symbols(left) | symbols(right)) - {"pi", "e"}:
            return None
        try:
            a, b = (numeric.value(tree, numeric.Point(0)) for tree in (left, right))
        except (numeric.Undefined, numeric.Unknown):
            return None
        if a[1] or b[1]:
            return None
        return 0 if self.same(left, right) else (a[0] > b[0]) - (a[0] < b[0])

    def in_proportion(self, left: tuple, right: tuple, positive: bool) -> bool | None:
        quotients: list = []
        for point in _points(left, right):
            try:
                quotient = numeric.over(numeric.value(left, point), numeric.value(right, point))
            except (ArithmeticError, numeric.Unknown):
                continue
            if quotients and not _near(quotient, quotients[0], _ALIKE):
                return False
            quotients.append(quotient)
        return len(quotients) >= _ENOUGH and (not positive or (quotients[0][0] > 0 and not quotients[0][1])) and any(quotients[0])


def _alike(left: tuple, right: tuple) -> tuple[tuple, tuple]:
    """The pair with `I` and `E` as programs print them read as constants, and `i` beside `j` as a symbol."""
    names = symbols(left), symbols(right)
    for printed, constant in (("I", "i"), ("E", "e")):
        if (printed in names[0]) != (printed in names[1]) and _knows((right, left)[printed in names[1]], constant):
            left, right = replaced(left, {printed: constant}), replaced(right, {printed: constant})
    left, right = _without_noise(left), _without_noise(right)
    names = symbols(left), symbols(right)
    for one, other in ((0, 1), (1, 0)):
        if names[one] - _CONSTANTS == {"j"} and "i" in names[other] and not names[other] - _CONSTANTS and _is_complex((left, right)[one]):
            left, right = replaced(left, {"j": "i"}), replaced(right, {"j": "i"})
            return left, right
    if (names[0] | names[1]) & {"j", "k"} and (names[0] | names[1]) & {"i"}:
        left, right = replaced(left, {"i": "i "}), replaced(right, {"i": "i "})
    return left, right


def _knows(tree: tuple, constant: str) -> bool:
    """Whether a constant occurs in a tree, by its name or as the exponential function."""
    return constant in symbols(tree) or (constant == "e" and any(node[:2] == ("f", "exp") for node in nodes(tree)))


def _is_complex(tree: tuple) -> bool:
    """Whether a tree is a number and a multiple of `j`, as Python prints complex numbers."""
    return tree[0] == "+" and len(tree[1]) == 2 and not symbols(tree[1][0])


def _without_noise(tree: tuple) -> tuple:
    """A complex number as Python prints it, without a part that is what floating point leaves of zero beside the other one."""
    if symbols(tree) != {"j"} or not _is_complex(tree):
        return tree
    parts = tree[1][0], replaced(tree[1][1], {"j": "i"})
    try:
        sizes = [exactly.fraction(parts[0]), exactly.fraction(_multiple(tree[1][1]))]
    except ArithmeticError:
        return tree
    if None in sizes:
        return tree
    lost = [abs(one) <= _DOUBLE * max(abs(other), 1) / 10 for one, other in zip(sizes, sizes[::-1], strict=True)]
    return parts[1 - lost.index(True)] if lost.count(True) == 1 else tree


def _multiple(tree: tuple) -> tuple:
    """A multiple of `j` with one for `j`."""
    if tree[0] == "s":
        return ("n", Fraction(1), None)
    return ("*", tuple(map(_multiple, tree[1]))) if tree[0] == "*" else ("-", _multiple(tree[1])) if tree[0] == "-" else tree


def _broken(tree: tuple) -> bool:
    """Whether a tree of numbers alone has no value."""
    try:
        exactly.fraction(tree)
    except ArithmeticError:
        return True
    return False


def _factors(tree: tuple, names: set[str]) -> tuple:
    """A tree in which letters before brackets are factors, where the other side knows them as symbols: `h(b)` beside `bh`."""
    if not any(node[0] == "f" and node[1] in names and len(node[2]) == 1 for node in nodes(tree)):
        return tree
    if tree[0] in "+*":
        return (tree[0], tuple(_factors(part, names) for part in tree[1]))
    if tree[0] == "f":
        arguments = tuple(_factors(part, names) for part in tree[2])
        return ("*", (("s", tree[1]), *arguments)) if tree[1] in names and len(arguments) == 1 else ("f", tree[1], arguments)
    return tree if tree[0] in "ns" else (tree[0], *(_factors(part, names) for part in tree[1:]))


def _has_bars(tree: tuple) -> bool:
    return any(node[:2] == ("f", "abs") for node in nodes(tree))


def _logarithm(tree: tuple, base: str) -> tuple:
    """A tree in which a logarithm without a base has this one."""
    if tree[0] in "ns":
        return tree
    if tree[0] in "+*":
        return (tree[0], tuple(_logarithm(part, base) for part in tree[1]))
    if tree[0] == "f":
        arguments = tuple(_logarithm(part, base) for part in tree[2])
        if tree[1] == "log" and len(arguments) == 1:
            return ("f", "ln", arguments) if base == "ln" else ("f", "log", (*arguments, ("n", Fraction(10), None)))
        return ("f", tree[1], arguments)
    return (tree[0], *(_logarithm(part, base) for part in tree[1:]))


def _points(left: tuple, right: tuple):
    """Points to compare at: of positive numbers, of both signs, of natural numbers (alone where only these have a sense).

    A function without branches that agrees somewhere agrees everywhere; one with branches is also looked at far away, beyond each
    numeral, with all signs, and one that rounds at halves and thirds.
    """
    names = symbols(left) | symbols(right)
    real, names = "i" not in names, names - _CONSTANTS
    counted = any(node[0] == "f" and node[1] in _ROUNDING for tree in (left, right) for node in nodes(tree))
    whole = _COUNTERS if counted else ()
    for number in range(_POINTS):
        yield numeric.Point(number, whole=whole, positive=number < 4, real=real)
    for number in range(100, 100 + _POINTS):
        yield numeric.Point(number, whole=names, real=real)
    if not any(map(_branches, (*nodes(left), *nodes(right)))):
        return
    signs = [[name for name, sign in zip(sorted(names), row, strict=False) if sign] for row in product((0, 1), repeat=min(len(names), 3))]
    for number, size in enumerate(_sizes(left, right), 200):
        for negative in signs:
            yield numeric.Point(number, whole=whole, size=size, negative=negative, real=real)
    for number, negative in enumerate(signs * 2 * counted, 300):
        yield numeric.Point(number, whole=whole, size=Fraction(4), negative=negative, parts=2 + number % 2, real=real)


def _branches(node: tuple) -> bool:
    """Whether a part of a tree can be one function here and another there."""
    if node[0] == "^":
        return node[2][0] == "/" or (node[2][0] == "n" and node[2][1].denominator > 1)
    return node[0] == "f" and (node[1] in _BRANCHING or node[1] in _ROUNDING)


def _sizes(left: tuple, right: tuple) -> list[Fraction]:
    """How far away branches are looked for: beyond the numerals of the trees, and three steps in general."""
    numerals = {node[1] for tree in (left, right) for node in nodes(tree) if node[0] == "n" and 0 < node[1] <= _FAR}
    return [*map(Fraction, (10, 10**3, 10**6)), *sorted(numerals)[-6:]]


def _near(left: tuple, right: tuple, tolerance: Decimal) -> bool:
    size = max(map(abs, (*left, *right)))
    return all(abs(a - b) <= tolerance * size for a, b in zip(left, right, strict=True))


def _digits(*trees: tuple) -> list[int]:
    """Significant digits of the decimals within trees."""
    return [node[2][0] for tree in trees for node in nodes(tree) if node[0] == "n" and node[2]]


def _decimal_of(tree: tuple) -> tuple[int, int, bool] | None:
    """Significant digits, decimals and whether in scientific notation, of a tree that is one decimal; else None."""
    while tree[0] == "-":
        tree = tree[1]
    if tree[0] == "n":
        return tree[2]
    if tree[0] == "*" and len(tree[1]) == 2 and tree[1][0][0] == "n" and tree[1][0][2] and tree[1][1][0] == "^":
        power = exactly.fraction(tree[1][1][2])
        if tree[1][1][1][:2] == ("n", Fraction(10)) and power is not None and power.denominator == 1:
            digits, decimals, _ = tree[1][0][2]
            return digits, decimals - int(power), True
    return None


def _close(one: tuple | None, a: Fraction, other: tuple | None, b: Fraction) -> bool:
    """Whether two different constants are close by the policy of decimals; shapes are None where the writing is exact."""
    if one and other:
        if min(one[0], other[0]) >= DOUBLE_DIGITS and abs(a - b) <= _DOUBLE * max(abs(a), abs(b)):
            return True
        if one[1] == other[1]:
            return False
        (coarse, c), (fine, f) = ((one, a), (other, b)) if one[1] < other[1] else ((other, b), (one, a))
        return fine[0] >= NOISE_DIGITS and (_rounds(coarse, c, f) or (coarse[0] < NOISE_DIGITS and _noise(fine, f, c)))
    if not one and not other:
        return False
    if not a and not one:
        return _lost(other, b)
    shape, value, exact = (one, a, b) if one else (other, b, a)
    return _rounds(shape, value, exact) or _noise(shape, value, exact)


def _rounds(shape: tuple, value: Fraction, exact: Fraction) -> bool:
    """Whether a decimal is the rounding or the cut of a value that is no integer."""
    digits, decimals, scientific = shape
    if digits < MIN_DIGITS or exact.denominator == 1 or (decimals <= 0 and not scientific):
        return False
    step = Fraction(1, 10**decimals) if decimals >= 0 else Fraction(10**-decimals)
    missed = abs(value - exact)
    if missed > MAX_ROUNDING and not (scientific and missed <= MAX_SCIENTIFIC * abs(exact)):
        return False
    return missed * 2 <= step or (0 <= abs(exact) - abs(value) < step and exact * value > 0)


def _noise(shape: tuple, value: Fraction, exact: Fraction) -> bool:
    """Whether a decimal misses a value by what floating point loses; an integer, only one that is written as a double."""
    digits, _, scientific = shape
    if digits < NOISE_DIGITS or not exact:
        return False
    if value.denominator == 1:
        return scientific and digits >= DOUBLE_DIGITS and abs(value - exact) <= _DOUBLE * abs(exact)
    return abs(value - exact) <= NOISE * abs(exact)


def _lost(shape: tuple | None, value: Fraction) -> bool:
    """Whether a decimal beside a reference answer of zero is what floating point leaves of it."""
    return bool(shape) and (abs(value) <= _DOUBLE / 10 or (shape[0] >= NOISE_DIGITS and abs(value) < NOISE))
