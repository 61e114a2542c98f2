"""Exponentials, logarithms, roots, sines and arc tangents of complex numbers to sixty digits: pairs of decimals, series of fixed length."""

import decimal
from decimal import Decimal

DIGITS = 60
_TRAPS = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
CONTEXT = decimal.Context(prec=DIGITS, Emax=10**8, Emin=-(10**8), traps=_TRAPS)
"""Overflow and division by zero raise."""
TINY = Decimal(10) ** -(DIGITS - 8)
ZERO, ONE = Decimal(0), Decimal(1)
Complex = tuple[Decimal, Decimal]


class Undefined(ArithmeticError):
    """The tree has no value: a zero stands below."""


class Unknown(ValueError):
    """A function that nobody knows the values of, or a number too large to compute with."""


def _reduced(angle: Decimal) -> Decimal:
    """An angle between -pi and pi, to full precision for what people write."""
    if abs(angle) > Decimal(10) ** 18:
        raise Unknown("angle")
    with decimal.localcontext(CONTEXT) as context:
        context.prec = DIGITS + 22
        turn = 2 * pi(DIGITS + 22)
        return angle - turn * (angle / turn).to_integral_value()


_PI: dict[int, Decimal] = {}


def pi(digits: int = DIGITS) -> Decimal:
    """Pi (Machin's formula in integers)."""
    if digits not in _PI:
        unit = 10 ** (digits + 10)

        def inverse(x: int) -> int:
            total, power, odd, sign = 0, unit // x, 1, 1
            while power:
                total += sign * (power // odd)
                power, odd, sign = power // (x * x), odd + 2, -sign
            return total

        _PI[digits] = decimal.Context(prec=digits + 5).create_decimal(f"{4 * (4 * inverse(5) - inverse(239))}e-{digits + 10}")
    return _PI[digits]


def sine_cosine(angle: Decimal) -> tuple[Decimal, Decimal]:
    """Sine and cosine: the series after eight halvings."""
    with decimal.localcontext(CONTEXT) as context:
        context.prec = DIGITS + 12
        small = _reduced(angle) / 256
        square = small * small
        sine = term = small
        for count in range(2, 80, 2):
            term = -term * square / (count * (count + 1))
            if abs(term) < Decimal(10) ** -(DIGITS + 14):
                break
            sine += term
        cosine = (1 - sine * sine).sqrt()
        for _ in range(8):
            sine, cosine = 2 * sine * cosine, 1 - 2 * sine * sine
    return tuple(ZERO if abs(part) < TINY else part for part in (+sine, +cosine))


def arctangent(x: Decimal) -> Decimal:
    """Arc tangent: the series after halvings of the angle."""
    with decimal.localcontext(CONTEXT) as context:
        context.prec = DIGITS + 12
        halvings = 6
        for _ in range(halvings):
            x = x / (1 + (1 + x * x).sqrt())
        square = x * x
        total = term = x
        for odd in range(3, 400, 2):
            term = -term * square
            step = term / odd
            if abs(step) < Decimal(10) ** -(DIGITS + 14):
                break
            total += step
        return total * 2**halvings


def _angle(point: Complex) -> Decimal:
    """Argument of a complex number."""
    x, y = point
    if not x and not y:
        raise Undefined
    if not y:
        return ZERO if x > 0 else pi()
    if not x:
        return pi() / 2 if y > 0 else -pi() / 2
    angle = arctangent(y / x)
    return +angle if x > 0 else angle + pi() if y > 0 else angle - pi()


def exp(power: Complex) -> Complex:
    if abs(power[0]) > 10**7:
        raise Unknown("exponent")
    size = power[0].exp()
    if not power[1]:
        return size, ZERO
    sine, cosine = sine_cosine(power[1])
    return size * cosine, size * sine


def ln(argument: Complex) -> Complex:
    x, y = argument
    if not y:
        if not x:
            raise Undefined
        return (x.ln(), ZERO) if x > 0 else ((-x).ln(), pi())
    return (x * x + y * y).ln() / 2, _angle(argument)


def root(argument: Complex, index: int) -> Complex:
    """The principal root; of an odd index and a real number, the real one."""
    x, y = argument
    if not y and (x >= 0 or index % 2):
        if index == 2:
            return x.sqrt(), ZERO
        size = (abs(x).ln() / index).exp() if x else ZERO
        return (size if x >= 0 else -size), ZERO
    if not y and index == 2:
        return ZERO, (-x).sqrt()
    logarithm = ln(argument)
    return exp((logarithm[0] / index, logarithm[1] / index))
