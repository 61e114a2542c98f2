"""Fourteen families of word problems whose answers invite different forms: what is asked, without words.

Four families are the seed's domain, ten lie outside it. A family has two structures: the ordinary one and a harder one
(a third item, a sum before the division, a rise for a fall). Each structure names its operands, how they are drawn, what a program
computes, and the two mistakes that a base model makes in this family and in no other: unlearning one teaches nothing about the next.
Two-valued answers are in order: what a program prints first comes first in every form.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from mathcode.data.answer_forms import Kind
from mathcode.data.written_terms import Term, number

Operands = dict[str, int]
Compute = Callable[..., tuple[Term, ...]]

FINITE = (2, 4, 5, 8, 10, 20)
"""Divisors whose quotients end."""


@dataclass(frozen=True)
class Structure:
    """What is asked, without words: how operands are drawn, what is right, and the dominant and the second mistake."""

    draw: Callable[[random.Random], Operands]
    right: Compute
    mistakes: tuple[Compute, Compute]


@dataclass(frozen=True)
class Family:
    """A family of problems.

    Attributes:
        kind: of its answers.
        seed: whether it is in the seed's domain.
        free: whether sites write its answers in free forms by habit.
        ordinary, harder: its structures.
    """

    kind: Kind
    seed: bool
    free: bool
    ordinary: Structure
    harder: Structure


def _uniform(**ranges: tuple[int, int]) -> Callable[[random.Random], Operands]:
    """Operands drawn independently, ends included."""
    return lambda generator: {name: generator.randint(*ends) for name, ends in ranges.items()}


def _with_divisor(name: str, **ranges: tuple[int, int]) -> Callable[[random.Random], Operands]:
    """The same, and a divisor whose quotients end."""
    return lambda generator: {**_uniform(**ranges)(generator), name: generator.choice(FINITE)}


def _left(generator: random.Random) -> Operands:
    a, b = generator.randint(2, 99), generator.randint(2, 99)
    return {"a": a, "b": b, "c": generator.randint(2, min(99, a + b - 1))}


def _left_harder(generator: random.Random) -> Operands:
    a, b = generator.randint(20, 99), generator.randint(20, 99)
    return {"a": a, "b": b, "c": generator.randint(2, 19), "d": generator.randint(2, 19)}


def _together(generator: random.Random) -> Operands:
    fewer, more = sorted((generator.randint(2, 99), generator.randint(2, 99)))
    more += fewer == more
    return {"s": fewer + more, "d": more - fewer}


def _change(generator: random.Random) -> Operands:
    c = generator.randint(2, 9)
    return {"c": c, "p": generator.randint(2, 99 // c)}


def _change_harder(generator: random.Random) -> Operands:
    c, p = generator.randint(2, 6), generator.randint(2, 8)
    return {"c": c, "p": p, "q": generator.randint(2, 98 - c * p)}


def _clock(generator: random.Random) -> Operands:
    return {"t": 60 * generator.randint(1, 23) + generator.randint(1, 59)}


def _boxes(generator: random.Random) -> Operands:
    b, full = generator.randint(3, 12), generator.randint(2, 30)
    return {"a": b * full + generator.randint(1, b - 1), "b": b}


FAMILIES: dict[str, Family] = {
    "left": Family(
        "whole",
        True,
        False,
        Structure(_left, lambda a, b, c: (a + b - c,), (lambda a, b, c: (a - b + c,), lambda a, b, c: (a + b + c,))),
        Structure(
            _left_harder,
            lambda a, b, c, d: (a + b - c - d,),
            (lambda a, b, c, d: (a - b + c - d,), lambda a, b, c, d: (a + b + c - d,)),
        ),
    ),
    "bill": Family(
        "whole",
        True,
        False,
        Structure(
            _uniform(a=(2, 9), p=(2, 20), b=(2, 9), q=(2, 20)),
            lambda a, p, b, q: (a * p + b * q,),
            (lambda a, p, b, q: ((a + b) * (p + q),), lambda a, p, b, q: (a * p + q,)),
        ),
        Structure(
            _uniform(a=(2, 9), p=(2, 20), b=(2, 9), q=(2, 20), c=(2, 20)),
            lambda a, p, b, q, c: (a * p + b * q + c,),
            (lambda a, p, b, q, c: ((a + b) * (p + q) + c,), lambda a, p, b, q, c: (a * p + q + c,)),
        ),
    ),
    "share": Family(
        "part",
        True,
        False,
        Structure(_with_divisor("b", a=(2, 99)), lambda a, b: (a / b,), (lambda a, b: (b / a,), lambda a, b: (a * b,))),
        Structure(
            _with_divisor("b", a=(2, 99), c=(2, 99)),
            lambda a, b, c: ((a + c) / b,),
            (lambda a, b, c: (a / b,), lambda a, b, c: ((a + c) * b,)),
        ),
    ),
    "together": Family(
        "two",
        True,
        True,
        Structure(
            _together,
            lambda s, d: ((s + d) // 2, (s - d) // 2),
            (lambda s, d: ((s - d) // 2, (s + d) // 2), lambda s, d: (s + d, s - d)),
        ),
        Structure(
            lambda generator: {**_together(generator), "c": generator.randint(2, 19)},
            lambda s, d, c: ((s + d) // 2 + c, (s - d) // 2),
            (lambda s, d, c: ((s + d) // 2, (s - d) // 2), lambda s, d, c: ((s - d) // 2 + c, (s + d) // 2)),
        ),
    ),
    "fence": Family(
        "whole",
        False,
        False,
        Structure(_uniform(a=(2, 99), b=(2, 99)), lambda a, b: (number(2) * (a + b),), (lambda a, b: (a + b,), lambda a, b: (a * b,))),
        Structure(
            _uniform(a=(10, 99), b=(10, 99), c=(2, 9)),
            lambda a, b, c: (number(2) * (a + b) - c,),
            (lambda a, b, c: (a + b - c,), lambda a, b, c: (a * b - c,)),
        ),
    ),
    "clock": Family(
        "two",
        False,
        True,
        Structure(_clock, lambda t: (t // 60, t % 60), (lambda t: (t // 100, t % 100), lambda t: (t % 60, t // 60))),
        Structure(
            lambda generator: {**_clock(generator), "c": generator.randint(5, 99)},
            lambda t, c: ((t + c) // 60, (t + c) % 60),
            (lambda t, c: (t // 60, t % 60), lambda t, c: ((t + c) // 100, (t + c) % 100)),
        ),
    ),
    "part": Family(
        "part",
        False,
        False,
        Structure(
            _with_divisor("b", a=(2, 99)),
            lambda a, b: (a / b,),
            (lambda a, b: (a / (a + b),), lambda a, b: (a * b,)),
        ),
        Structure(
            _with_divisor("b", a=(2, 99), c=(2, 99)),
            lambda a, b, c: ((a + c) / b,),
            (lambda a, b, c: ((a - c) / b,), lambda a, b, c: (a / (b + c),)),
        ),
    ),
    "discount": Family(
        "part",
        False,
        False,
        Structure(
            lambda generator: {"p": generator.randint(5, 99), "d": generator.choice((5, 10, 15, 20, 25, 30, 40))},
            lambda p, d: (p * (number(100) - d) / 100,),
            (lambda p, d: (p * d / 100,), lambda p, d: (p - d,)),
        ),
        Structure(
            lambda generator: {"p": generator.randint(5, 99), "d": generator.choice((5, 10, 15, 20, 25, 30, 40))},
            lambda p, d: (p * (number(100) + d) / 100,),
            (lambda p, d: (p * (number(100) - d) / 100,), lambda p, d: (p + d,)),
        ),
    ),
    "average": Family(
        "part",
        False,
        False,
        Structure(
            _uniform(a=(2, 99), b=(2, 99), c=(2, 99), d=(2, 99)),
            lambda a, b, c, d: ((a + b + c + d) / 4,),
            (lambda a, b, c, d: ((a + b + c + d) / 3,), lambda a, b, c, d: (a + b + c + d,)),
        ),
        Structure(
            _uniform(a=(2, 99), b=(2, 99), c=(2, 99), d=(2, 99), e=(2, 99)),
            lambda a, b, c, d, e: ((a + b + c + d + e) / 5,),
            (lambda a, b, c, d, e: ((a + b + c + d + e) / 4,), lambda a, b, c, d, e: ((a + b + c + d) / 4,)),
        ),
    ),
    "field": Family(
        "two",
        False,
        True,
        Structure(
            _uniform(a=(2, 99), b=(2, 99)),
            lambda a, b: (a * b, number(2) * (a + b)),
            (lambda a, b: (number(2) * (a + b), a * b), lambda a, b: (a * b, a + b)),
        ),
        Structure(
            _uniform(a=(2, 99), b=(2, 99), c=(2, 20)),
            lambda a, b, c: ((a + c) * b, number(2) * (a + c + b)),
            (lambda a, b, c: (a * b, number(2) * (a + b)), lambda a, b, c: ((a + c) * b, a + c + b)),
        ),
    ),
    "speed": Family(
        "part",
        False,
        True,
        Structure(
            _with_divisor("b", a=(2, 30), c=(2, 15)),
            lambda a, b, c: (a * c / b,),
            (lambda a, b, c: (a / b,), lambda a, b, c: (a * b / c,)),
        ),
        Structure(
            _with_divisor("b", a=(2, 30), c=(2, 15), d=(2, 15)),
            lambda a, b, c, d: (a * (c + d) / b,),
            (lambda a, b, c, d: (a * c / b,), lambda a, b, c, d: (a * b / (c + d),)),
        ),
    ),
    "boxes": Family(
        "two",
        False,
        True,
        Structure(_boxes, lambda a, b: (a // b, a % b), (lambda a, b: (a % b, a // b), lambda a, b: (a // b, a // b))),
        Structure(
            lambda generator: {**_boxes(generator), "c": generator.randint(2, 30)},
            lambda a, b, c: ((a + c) // b, (a + c) % b),
            (lambda a, b, c: (a // b, a % b), lambda a, b, c: ((a + c) % b, (a + c) // b)),
        ),
    ),
    "change": Family(
        "whole",
        False,
        False,
        Structure(_change, lambda c, p: (number(100) - c * p,), (lambda c, p: (number(100) - c - p,), lambda c, p: (c * p,))),
        Structure(
            _change_harder,
            lambda c, p, q: (number(100) - c * p - q,),
            (lambda c, p, q: (number(100) - c * p,), lambda c, p, q: (c * p + q,)),
        ),
    ),
    "ages": Family(
        "whole",
        False,
        True,
        Structure(_uniform(a=(2, 60), k=(2, 20)), lambda a, k: (a + k * a,), (lambda a, k: (a + k,), lambda a, k: (k * a,))),
        Structure(
            _uniform(a=(2, 60), k=(2, 9), c=(2, 20)),
            lambda a, k, c: (a + k * a + c,),
            (lambda a, k, c: (a + k * a,), lambda a, k, c: (a + k + c,)),
        ),
    ),
}
