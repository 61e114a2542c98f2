"""The value of a tree at a point, to sixty digits: complex numbers as pairs of decimals, every step of the same small cost.

For functions, roots and powers that the finite field of `exactly` does not know. Principal values, but for odd roots, which are
real. A tree without a value at a point (a logarithm of zero, a real function of what is not real) raises `Undefined` there.
"""

import decimal
import hashlib
import math
from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction

from mathcode.grading.forms.exactly import MAX_EXPONENT, MAX_FACTORIAL
from mathcode.grading.forms.names import takes
from mathcode.grading.forms.transcendental import (
    CONTEXT,
    ONE,
    TINY,
    ZERO,
    Complex,
    Undefined,
    Unknown,
    arctangent,
    exp,
    ln,
    pi,
    root,
    sine_cosine,
)

_TWO = Decimal(2)


class Point:
    """Values of symbols, drawn from their names; and the signs of what stood between bars.

    Args:
        number: which point; others have other values.
        whole: symbols that are natural numbers.
        positive: no symbol is negative.
        real: a function or power has no value where that is not real.
        size: how large the others are at least, and at most twice; None: of the order of one.
        negative: symbols that are negative where a size is given.
        parts: where a size is given, the others are multiples of one over this.
    """

    def __init__(
        self,
        number: int,
        whole: Collection[str] = (),
        positive: bool = False,
        real: bool = False,
        size: Fraction | None = None,
        negative: Collection[str] = (),
        parts: int = 3989,
    ):
        self.number, self.whole, self.positive, self.real = number, whole, positive, real
        self.size, self.negative, self.parts = size, negative, parts
        self.negative_bars = False

    def of(self, name: str) -> Complex:
        if name == "pi":
            return pi(), ZERO
        if name == "e":
            return CONTEXT.exp(ONE), ZERO
        if name == "i":
            return ZERO, ONE
        if name == "oo":
            raise Unknown(name)
        digest = int.from_bytes(hashlib.blake2b(f"{self.number} {name}".encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
        if self.size is not None:
            parts = 1 if name in self.whole else self.parts
            count = math.ceil(self.size * parts) + digest % max(2, math.floor(self.size * parts))
            return Decimal(-count if name in self.negative and name not in self.whole else count) / parts, ZERO
        if name in self.whole:
            return Decimal(2 + digest % 9), ZERO
        size = Decimal(digest % 9973 + 211) / (Decimal(3989) if digest >> 20 & 1 else Decimal(11927))
        return -size if digest >> 40 & 1 and not self.positive else size, ZERO


def value(tree: tuple, point: Point) -> Complex:
    """The value of a tree.

    Raises:
        Undefined, Unknown: it has none here, or none that is known.
    """
    with decimal.localcontext(CONTEXT):
        try:
            return _value(tree, point)
        except decimal.DecimalException as error:
            raise Undefined(str(type(error))) from error


def _value(tree: tuple, point: Point) -> Complex:
    kind = tree[0]
    if kind == "n":
        return _decimal(tree[1]), ZERO
    if kind == "s":
        return point.of(tree[1])
    if kind == "-":
        real, imaginary = _value(tree[1], point)
        return -real, -imaginary
    if kind in "+*":
        total = _value(tree[1][0], point)
        for part in tree[1][1:]:
            other = _value(part, point)
            total = _clean(total[0] + other[0], total[1] + other[1], total, other) if kind == "+" else times(total, other)
        return total
    if kind == "/":
        return over(_value(tree[1], point), _value(tree[2], point))
    found = _power(tree[1], tree[2], point) if kind == "^" else _function(tree[1], tree[2], point)
    if found[1] and point.real:
        raise Undefined
    return found


def _decimal(exact: Fraction) -> Decimal:
    return Decimal(exact.numerator) / Decimal(exact.denominator)


def _clean(real: Decimal, imaginary: Decimal, *parts: Complex) -> Complex:
    """A sum whose terms cancel is zero."""
    size = max(max(abs(part[0]), abs(part[1])) for part in parts) * TINY
    return (ZERO if abs(real) < size else real, ZERO if abs(imaginary) < size else imaginary)


def times(left: Complex, right: Complex) -> Complex:
    (a, b), (c, d) = left, right
    return (a * c, ZERO) if not b and not d else (a * c - b * d, a * d + b * c)


def over(left: Complex, right: Complex) -> Complex:
    (a, b), (c, d) = left, right
    if not c and not d:
        raise Undefined
    if not b and not d:
        return a / c, ZERO
    size = c * c + d * d
    return (a * c + b * d) / size, (b * c - a * d) / size


def _literal(tree: tuple) -> Fraction | None:
    """The fraction of a tree that is one as it is written."""
    if tree[0] == "-":
        inner = _literal(tree[1])
        return None if inner is None else -inner
    if tree[0] == "/":
        above, below = _literal(tree[1]), _literal(tree[2])
        return above / below if above is not None and below else None
    return tree[1] if tree[0] == "n" else None


def _power(base_tree: tuple, exponent_tree: tuple, point: Point) -> Complex:
    base = _value(base_tree, point)
    exact = _literal(exponent_tree)
    if exact is not None and abs(exact) > MAX_EXPONENT and _literal(base_tree) is not None:
        raise Unknown("exponent")
    if exact is not None and exact.denominator == 1:
        return _whole_power(base, int(exact))
    if exact is not None and exact.denominator % 2 and not base[1] and base[0] < 0 and exact.denominator < 100:
        size = _real_power(-base[0], exact)
        return (-size if exact.numerator % 2 else size), ZERO
    exponent = _value(exponent_tree, point)
    if not exponent[1] and exponent[0] == exponent[0].to_integral_value() and abs(exponent[0]) <= MAX_EXPONENT:
        return _whole_power(base, int(exponent[0]))
    if not base[0] and not base[1]:
        if exponent[1] or exponent[0] <= 0:
            raise Undefined
        return ZERO, ZERO
    return exp(times(exponent, ln(base)))


def _real_power(base: Decimal, exponent: Fraction) -> Decimal:
    return (base.ln() * _decimal(exponent)).exp()


def _whole_power(base: Complex, exponent: int) -> Complex:
    if abs(exponent) > 10**9:
        raise Unknown("exponent")
    if exponent < 0:
        return over((ONE, ZERO), _whole_power(base, -exponent))
    if not base[1]:
        return base[0] ** exponent if exponent or base[0] else ONE, ZERO
    result = (ONE, ZERO)
    while exponent:
        if exponent & 1:
            result = times(result, base)
        base, exponent = times(base, base), exponent >> 1
    return result


def _real(argument: Complex) -> Decimal:
    """A real argument: functions that have no other."""
    if argument[1]:
        raise Undefined
    return argument[0]


def _whole(argument: Complex) -> int:
    real = _real(argument)
    nearest = real.to_integral_value()
    if abs(real - nearest) > Decimal("1e-40") or abs(nearest) > 10**12:
        raise Undefined
    return int(nearest)


def _function(name: str, trees: tuple, point: Point) -> Complex:
    if not takes(name, len(trees)):
        raise Unknown(name)
    arguments = [_value(tree, point) for tree in trees]
    if name == "abs":
        point.negative_bars |= arguments[0][0] < 0
        return ((arguments[0][0] ** 2 + arguments[0][1] ** 2).sqrt() if arguments[0][1] else abs(arguments[0][0])), ZERO
    if name in _COMPLEX:
        return _COMPLEX[name](arguments[0])
    if name in _REAL:
        return Decimal(_REAL[name](_real(arguments[0]))), ZERO
    if name == "root":
        return (
            root(arguments[0], index) if 0 < (index := _whole(arguments[1])) < 10**6 else over((ONE, ZERO), root(arguments[0], -index or 1))
        )
    if name == "log":
        bottom = (ONE, ZERO) if len(arguments) == 1 else ln(arguments[1])
        return over(ln(arguments[0]), bottom)
    if name in ("max", "min"):
        return (max if name == "max" else min)(_real(one) for one in arguments), ZERO
    if name in ("gcd", "lcm", "Mod", "factorial", "factorial2", "binomial"):
        return _counted(name, arguments)
    if name.rstrip("'")[:1].isalpha() and len(name.rstrip("'")) == 1:
        return _unknown(name, arguments)
    raise Unknown(name)


def _counted(name: str, arguments: list[Complex]) -> Complex:
    """Functions of whole numbers; a binomial with a small number below is a polynomial of the number above."""
    if name == "binomial" and (below := _whole(arguments[1])) <= 300:
        if below < 0:
            return ZERO, ZERO
        result = (ONE, ZERO)
        for step in range(below):
            result = times(result, ((arguments[0][0] - step) / (step + 1), arguments[0][1] / (step + 1)))
        return result
    whole = [_whole(one) for one in arguments]
    if name.startswith("factorial"):
        if not 0 <= whole[0] <= MAX_FACTORIAL:
            raise Undefined
        return Decimal(math.prod(range(whole[0], 0, -2 if name.endswith("2") else -1))), ZERO
    if name == "binomial" and (whole[0] < whole[1] or whole[0] > MAX_FACTORIAL):
        raise Unknown(name)
    function = {"gcd": math.gcd, "lcm": math.lcm, "Mod": lambda a, b: a % b if b else 0, "binomial": math.comb}[name]
    return Decimal(function(*whole)), ZERO


def _unknown(name: str, arguments: list[Complex]) -> Complex:
    """A function of which only the name is known: a value drawn from name and arguments."""
    said = " ".join(f"{part.quantize(Decimal('1e-30')):f}" for argument in arguments for part in argument)
    digest = int.from_bytes(hashlib.blake2b(f"{name} {said}".encode(), digest_size=8).digest(), "big")
    return Decimal(digest % 99991 + 101) / Decimal(31013), ZERO


def _sine(z: Complex) -> Complex:
    if not z[1]:
        return sine_cosine(z[0])[0], ZERO
    plus, minus = exp((-z[1], z[0])), exp((z[1], -z[0]))
    return over((plus[0] - minus[0], plus[1] - minus[1]), (ZERO, _TWO))


def _cosine(z: Complex) -> Complex:
    if not z[1]:
        return sine_cosine(z[0])[1], ZERO
    plus, minus = exp((-z[1], z[0])), exp((z[1], -z[0]))
    return (plus[0] + minus[0]) / 2, (plus[1] + minus[1]) / 2


def _hyperbolic(sign: int):
    def function(z: Complex) -> Complex:
        plus, minus = exp(z), exp((-z[0], -z[1]))
        return (plus[0] + sign * minus[0]) / 2, (plus[1] + sign * minus[1]) / 2

    return function


_SINH, _COSH = _hyperbolic(-1), _hyperbolic(1)


def _inverse(z: Complex) -> Complex:
    return over((ONE, ZERO), z)


def _arcsine(x: Decimal) -> Decimal:
    if abs(x) > 1:
        raise Undefined
    return arctangent(x / (1 - x * x).sqrt()) if abs(x) < 1 else x * pi() / 2


def _inverse_of(x: Decimal) -> Decimal:
    if not x:
        raise Undefined
    return 1 / x


_COMPLEX = {
    "sqrt": lambda z: root(z, 2), "cbrt": lambda z: root(z, 3), "exp": exp, "ln": ln, "sin": _sine, "cos": _cosine,
    "tan": lambda z: over(_sine(z), _cosine(z)), "cot": lambda z: over(_cosine(z), _sine(z)), "sec": lambda z: _inverse(_cosine(z)),
    "csc": lambda z: _inverse(_sine(z)), "sinh": _SINH, "cosh": _COSH, "tanh": lambda z: over(_SINH(z), _COSH(z)),
    "coth": lambda z: over(_COSH(z), _SINH(z)), "sech": lambda z: _inverse(_COSH(z)), "csch": lambda z: _inverse(_SINH(z)),
    "conjugate": lambda z: (z[0], -z[1]),
}  # fmt: skip
_REAL = {
    "floor": lambda x: x.to_integral_value(decimal.ROUND_FLOOR), "ceil": lambda x: x.to_integral_value(decimal.ROUND_CEILING),
    "sign": lambda x: (x > 0) - (x < 0), "asin": _arcsine, "acos": lambda x: pi() / 2 - _arcsine(x), "atan": arctangent,
    "acot": lambda x: pi() / 2 - arctangent(x), "asec": lambda x: pi() / 2 - _arcsine(_inverse_of(x)),
    "acsc": lambda x: _arcsine(_inverse_of(x)),
    "asinh": lambda x: (x + (x * x + 1).sqrt()).ln(), "acosh": lambda x: (x + (x * x - 1).sqrt()).ln(),
    "atanh": lambda x: ((1 + x) / (1 - x)).ln() / 2,
}  # fmt: skip
