"""Exact equality of trees without any expansion: as fractions, and as values in a finite field at points drawn once for all.

Two rational functions of symbols, constants and square roots are equal if and only if they agree in the field at random points,
but for a chance of less than one in 10^70 (Schwartz and Zippel); no product is ever multiplied out, so any power costs the same.
Pi and e are symbols of which nothing else is known, i is a root of -1. The modulus is one more than a multiple of 8 and of all odd
primes below 200: every one of them, 2 and -1 have square roots in the field, and any choice of these is an automorphism.
"""

import hashlib
import math
from fractions import Fraction

from mathcode.grading.forms.names import takes
from mathcode.grading.forms.transcendental import Undefined

MAX_BITS = 6000
"""Size of the fractions that are kept; beyond it only the value in the field is known."""
MAX_EXPONENT = 10**5
"""Largest exponent of a number, and ..."""
MAX_FACTORIAL = 3000
"""... largest number under a factorial sign that anybody computes."""

_PRIMES = [q for q in range(2, 200) if all(q % r for r in range(2, q))]
MODULUS = 1 + 200 * math.prod(_PRIMES[1:])
_NO_SQUARE = next(a for a in range(200, 999) if pow(a, (MODULUS - 1) // 2, MODULUS) != 1)
_I = pow(_NO_SQUARE, (MODULUS - 1) // 4, MODULUS)


class Undecided(Exception):
    """Something the field does not know: a function, a root of a symbol, a symbol as an exponent."""


def fraction(tree: tuple) -> Fraction | None:
    """The value of a tree of numerals; None if it is not one, or too large to keep.

    Raises:
        Undefined: a zero stands below.
    """
    try:
        return value(tree, {}, 0)[1]
    except Undecided:
        return None


def equal(left: tuple, right: tuple) -> bool | None:
    """Whether two trees are the same rational function; None if the field cannot tell.

    Raises:
        Undefined: one of them has no value.
    """
    try:
        for point in (1, 2):
            a, b = value(left, {}, point), value(right, {}, point)
            if a[1] is not None and b[1] is not None:
                return a[1] == b[1]
            if a[0] != b[0]:
                return False
        return True
    except Undecided:
        return None


def ratio(left: tuple, right: tuple) -> Fraction | bool | None:
    """The constant factor from `right` to `left`: its value, True if that is no small fraction; False: there is none; None: untold."""
    try:
        quotients = []
        for point in (1, 2, 3):
            above, below = value(left, {}, point)[0], value(right, {}, point)[0]
            if not above or not below:
                return False
            quotients.append(above * pow(below, -1, MODULUS) % MODULUS)
        if len(set(quotients)) > 1:
            return False
        return _small(quotients[0])
    except (Undecided, Undefined):
        return None


def _small(residue: int) -> Fraction | bool:
    """The fraction of small numbers that a residue stands for (lattice reduction in two dimensions); True if there is none."""
    bound = 10**12
    a, b, x, y = MODULUS, residue, 0, 1
    while b > bound:
        quotient = a // b
        a, b, x, y = b, a - quotient * b, y, x - quotient * y
    return Fraction(b, y) if y and abs(y) <= bound else True


def value(tree: tuple, known: dict, point: int) -> tuple[int, Fraction | None]:
    """Residue of a tree at a point, and its fraction where it is one that can be kept.

    Raises:
        Undecided: the field does not know a part of it.
        Undefined: a zero stands below.
    """
    kind = tree[0]
    if kind == "n":
        return _of_fraction(tree[1])
    if kind == "s":
        return _symbol(tree[1], point), None
    if kind == "-":
        residue, exact = value(tree[1], known, point)
        return -residue % MODULUS, None if exact is None else -exact
    if kind in "+*":
        return _several(kind, [value(part, known, point) for part in tree[1]])
    if kind == "/":
        return _quotient(value(tree[1], known, point), value(tree[2], known, point))
    if kind == "^":
        return _power(value(tree[1], known, point), value(tree[2], known, point))
    return _function(tree[1], [value(part, known, point) for part in tree[2]])


def _of_fraction(exact: Fraction) -> tuple[int, Fraction]:
    below = exact.denominator % MODULUS
    return exact.numerator * (pow(below, -1, MODULUS) if below != 1 else 1) % MODULUS, exact


def _symbol(name: str, point: int) -> int:
    """The value of a symbol: its own at each point, drawn from its name."""
    if name == "i":
        return _I
    if name == "oo":
        raise Undecided(name)
    digest = hashlib.blake2b(f"{point} {name}".encode("utf-8", "surrogatepass"), digest_size=32).digest()
    return int.from_bytes(digest, "big") % MODULUS


def _kept(exact: Fraction) -> Fraction | None:
    return exact if exact.numerator.bit_length() + exact.denominator.bit_length() <= MAX_BITS else None


def _several(kind: str, parts: list[tuple[int, Fraction | None]]) -> tuple[int, Fraction | None]:
    """A sum or a product."""
    residue, exact = parts[0]
    for other, its in parts[1:]:
        residue = (residue + other if kind == "+" else residue * other) % MODULUS
        if exact is not None:
            exact = None if its is None else _kept(exact + its if kind == "+" else exact * its)
    return residue, exact


def _quotient(above: tuple, below: tuple) -> tuple[int, Fraction | None]:
    if not below[0]:
        raise Undefined
    exact = _kept(above[1] / below[1]) if above[1] is not None and below[1] is not None else None
    return above[0] * pow(below[0], -1, MODULUS) % MODULUS, exact


def _power(base: tuple, exponent: tuple) -> tuple[int, Fraction | None]:
    """A power with an integer exponent, a square root, or a root that comes out."""
    exact = exponent[1]
    if exact is None or (base[1] is not None and abs(exact) > MAX_EXPONENT) or exact.numerator.bit_length() > MAX_BITS:
        raise Undecided
    if exact.denominator != 1:
        root = _root(base, exact.denominator)
        return _power(root, _of_fraction(Fraction(exact.numerator)))
    count = exact.numerator
    if not base[0] and count <= 0:
        raise Undefined
    residue = pow(base[0], count, MODULUS)
    size = 0 if base[1] is None else base[1].numerator.bit_length() + base[1].denominator.bit_length()
    return residue, base[1] ** count if base[1] is not None and size * abs(count) <= MAX_BITS else None


def _root(base: tuple, index: int) -> tuple[int, Fraction | None]:
    """The principal root of a fraction that is kept.

    Raises:
        Undecided: it is another root, or of a symbol.
    """
    exact = base[1]
    if exact is None or index > 64:
        raise Undecided
    if exact < 0:
        if index != 2:
            raise Undecided
        residue, _ = _root(_of_fraction(-exact), 2)
        return residue * _I % MODULUS, None
    whole = [_integer_root(part, index) for part in (exact.numerator, exact.denominator)]
    if all(root**index == part for root, part in zip(whole, (exact.numerator, exact.denominator), strict=True)):
        return _of_fraction(Fraction(*whole))
    if index != 2:
        raise Undecided
    residue = _square_root(exact.numerator * exact.denominator)
    return residue * pow(exact.denominator, -1, MODULUS) % MODULUS, None


def _integer_root(number: int, index: int) -> int:
    """The integer below the root of a natural number."""
    if index == 2:
        return math.isqrt(number)
    low, high = 0, 1 << (number.bit_length() // index + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**index <= number else (low, middle - 1)
    return low


_ROOTS: dict[int, int] = {}


def _square_root(number: int) -> int:
    """The square root of a natural number: the product of those of its primes."""
    residue = 1
    for q in _PRIMES:
        while number % q == 0:
            number //= q
            if number % q == 0:
                number //= q
                residue = residue * q % MODULUS
            else:
                residue = residue * _prime_root(q) % MODULUS
    rest = math.isqrt(number)
    if rest * rest != number:
        raise Undecided
    return residue * rest % MODULUS


def _prime_root(q: int) -> int:
    """One square root of a small prime in the field (Tonelli and Shanks; the modulus is 9 modulo 16)."""
    if q not in _ROOTS:
        odd = (MODULUS - 1) // 8
        root, rest = pow(q, (odd + 1) // 2, MODULUS), pow(q, odd, MODULUS)
        eighth = pow(_NO_SQUARE, odd, MODULUS)
        step = 3
        while rest != 1:
            order, power = 0, rest
            while power != 1:
                power, order = power * power % MODULUS, order + 1
            factor = pow(eighth, 1 << (step - order - 1), MODULUS)
            root, rest, eighth, step = root * factor % MODULUS, rest * factor * factor % MODULUS, factor * factor % MODULUS, order
        _ROOTS[q] = root
    return _ROOTS[q]


def _function(name: str, arguments: list[tuple]) -> tuple[int, Fraction | None]:
    """A function of fractions whose value is one."""
    if not takes(name, len(arguments)):
        raise Undecided
    if name == "sqrt":
        return _root(arguments[0], 2)
    if name == "root" and arguments[1][1] is not None and arguments[1][1].denominator == 1 and arguments[1][1] > 0:
        return _root(arguments[0], int(arguments[1][1]))
    if name == "cbrt":
        return _root(arguments[0], 3)
    exact = [its for _, its in arguments]
    if None in exact:
        raise Undecided
    if name in _ON_FRACTIONS:
        return _of_fraction(Fraction(_ON_FRACTIONS[name](exact[0])))
    if any(one.denominator != 1 for one in exact):
        raise Undecided
    whole = [int(one) for one in exact]
    if name in _ON_INTEGERS and all(abs(one) <= 10**200 for one in whole):
        return _of_fraction(Fraction(_ON_INTEGERS[name](*whole)))
    if name == "factorial" and 0 <= whole[0] <= MAX_FACTORIAL:
        return _counted(math.prod, range(2, whole[0] + 1))
    if name == "factorial2" and 0 <= whole[0] <= MAX_FACTORIAL:
        return _counted(math.prod, range(whole[0], 0, -2))
    if name == "binomial" and whole[1] >= 0 and abs(whole[0]) <= 10**6 and min(whole[1], whole[0] - whole[1]) <= MAX_FACTORIAL:
        return _counted(lambda pair: math.comb(*pair), whole) if whole[0] >= 0 else (0, Fraction(0))
    raise Undecided


def _counted(count, what) -> tuple[int, Fraction | None]:
    number = count(what)
    return number % MODULUS, _kept(Fraction(number))


_ON_FRACTIONS = {
    "abs": abs,
    "floor": math.floor,
    "ceil": math.ceil,
    "sign": lambda one: (one > 0) - (one < 0),
    "conjugate": lambda one: one,
}
_ON_INTEGERS = {"gcd": math.gcd, "lcm": math.lcm, "max": max, "min": min, "Mod": lambda a, b: a % b}
