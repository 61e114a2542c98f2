"""Randomness that is the same in every run of a program, also where it asks for none to be fixed. Loaded by `worker.py` alone.

Seeding known generators is not enough: `numpy.random.default_rng()`, `random.Random()` and `os.urandom` take theirs from the kernel.
"""

import _random
import os
import sys

_stream = _random.Random(0)


def entropy(count: int) -> bytes:
    """What stands in for `os.urandom`: the same bytes in every program, others at each call."""
    return _stream.getrandbits(8 * count).to_bytes(count, "little") if count else b""


def fix() -> None:
    """Take the kernel's entropy from the modules that are loaded; once, in the worker."""
    os.urandom = entropy
    if "random" in sys.modules:
        _fix_random(sys.modules["random"])
    if "numpy.random.bit_generator" in sys.modules:
        sys.modules["numpy.random.bit_generator"].randbits = _stream.getrandbits


def _fix_random(random) -> None:
    seeded = random.Random.seed

    def seed(self, a=None, version=2):
        seeded(self, _stream.getrandbits(256) if a is None else a, version)

    seed.__doc__ = seeded.__doc__
    random._urandom, random.Random.seed = entropy, seed
    random.seed = random._inst.seed


def seed() -> None:
    """Start the generators that modules share; `random` reseeds itself in a forked process, so each program does it."""
    for name in ("random", "numpy.random", "sympy.core.random"):
        if name in sys.modules:
            sys.modules[name].seed(0)
