"""Arithmetic that is carried out and written down at once: a term knows its value and the Python that computes it.

So a generated program and the value it prints cannot disagree. Terms follow Python: / makes a float, // and % floor.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

_SUM, _PRODUCT, _ATOM = range(3)


@dataclass(frozen=True)
class Term:
    """A Python expression and its exact value.

    Attributes:
        text: the expression.
        value: exactly what it is worth; printed floats are the nearest ones as long as a division comes last.
        floating: whether Python has a float there.
        binding: how tightly its outermost operator binds, so that brackets stand where they must.
    """

    text: str
    value: Fraction
    floating: bool = False
    binding: int = _ATOM

    @classmethod
    def of(cls, value: int, name: str | None = None) -> Self:
        """A number, or a variable that holds it."""
        return cls(name or str(value), Fraction(value))

    @property
    def printed(self) -> str:
        """What `print` shows of it."""
        return repr(float(self.value)) if self.floating else str(self.value)

    def _with(self, sign: str, other: "Term | int", value: Fraction, binding: int, floating: bool = False) -> "Term":
        right = _term(other)
        left = self.text if self.binding >= binding else f"({self.text})"
        behind = right.text if right.binding > binding else f"({right.text})"
        return Term(f"{left} {sign} {behind}", value, floating or self.floating or right.floating, binding)

    def __add__(self, other: "Term | int") -> "Term":
        return self._with("+", other, self.value + _term(other).value, _SUM)

    def __sub__(self, other: "Term | int") -> "Term":
        return self._with("-", other, self.value - _term(other).value, _SUM)

    def __mul__(self, other: "Term | int") -> "Term":
        return self._with("*", other, self.value * _term(other).value, _PRODUCT)

    def __truediv__(self, other: "Term | int") -> "Term":
        return self._with("/", other, self.value / _term(other).value, _PRODUCT, floating=True)

    def __floordiv__(self, other: "Term | int") -> "Term":
        return self._with("//", other, Fraction(self.value // _term(other).value), _PRODUCT)

    def __mod__(self, other: "Term | int") -> "Term":
        return self._with("%", other, self.value % _term(other).value, _PRODUCT)


def _term(value: "Term | int") -> Term:
    return value if isinstance(value, Term) else Term.of(value)


def number(value: int) -> Term:
    """A number that opens an expression, such as the 100 of 100 - c * p."""
    return Term.of(value)
