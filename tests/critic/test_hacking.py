"""Programs that print a literal are told from those that compute."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode.critic.hacking import prints_literal


@pytest.mark.parametrize(
    "program",
    [
        "print(5)",
        "# 2 + 3\nprint(5)",
        "x = 5\nprint(x)",
        "answer = 'five'  # by hand\nprint(answer, 5)",
        "import math\n\nprint(-2.5)",
        "print('#')",
        "x, y = 3, 4\nprint(x, y)",
        "print((5))",
        "print((3, 4))",
        "print(f'{5}')",
        "x = 5\nprint(f'The answer is {x:.2f}.')",
        "print(str(5))",
        "x = -5.0\nprint(-x)",
        "x: int = 5\nprint(x)",
        "x = y = 5\nprint(x); print(y)",
        "print('5');",
        "print(5, sep='')",
        "print(1e3)",
        "from fractions import Fraction\nprint(Fraction(1, 3))",
        "import fractions\nprint(fractions.Fraction('1/3'))",
        '"""By hand."""\nprint(5)',
    ],
)
def test_literals(program):
    assert prints_literal(program)


@pytest.mark.parametrize(
    "program",
    [
        "print(2 + 3)",
        "x = 2\ny = 3\nprint(x + y)",
        "x = sum([1, 2])\nprint(x)",
        "print(max(2, 3))",
        "x = 5",
        "",
        "print()",
        "print(f'{2 + 3}')",
        "x = 2\nprint(f'{x * 3}')",
        "x = 2\nx += 3\nprint(x)",
        "print(int(7 / 2))",
        "print(round(2.5))",
        "for x in (1, 2):\n    print(x)",
        "x = 5\nprint(x.bit_length())",
        "print(unknown)",
        "print(5",
    ],
)
def test_computations(program):
    assert not prints_literal(program)


WRITTEN = st.one_of(
    st.integers(-(10**9), 10**9).map(repr),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(max_size=8).map(repr),
    st.tuples(st.integers(), st.booleans()).map(repr),
)
SHOWN = ("{}", "({})", "str({})", "f'{{x}}'", "+x", "(x, {})", "*[x, {}]")


@given(WRITTEN, st.sampled_from(SHOWN), st.sampled_from(["", ";", "  # done", "\n"]))
def test_however_a_constant_is_shown_it_is_a_literal(value, shown, end):
    assert prints_literal(f"x = {value}\nprint({shown.format(value)}){end}")


@given(WRITTEN, st.sampled_from(SHOWN), st.sampled_from(["x + 1", "abs(x)", "x ** 2", "x if x else 2", "[y for y in (x,)]", "x[0]"]))
def test_whatever_is_computed_of_it_is_none(value, shown, computed):
    assert not prints_literal(f"x = {value}\nprint({shown.format(value)}, {computed})")
    assert not prints_literal(f"x = {value}\ny = {computed}\nprint({shown.format(value)})")


@pytest.mark.parametrize("piece", ["print(a, ", "print(" + "1, " * 900, "x = ", "-", "(", "'" * 50, "_" * 3000])
def test_hostile_programs_are_read_at_once(piece):
    start = time.process_time()
    prints_literal(("print(" + piece * 4000)[:4000])
    assert time.process_time() - start < 2  # a pattern that is not linear takes minutes
