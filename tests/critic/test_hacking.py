"""Programs that print a literal are told from those that compute."""

import time

import pytest

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
    ],
)
def test_literals(program):
    assert prints_literal(program)


@pytest.mark.parametrize(
    "program",
    ["print(2 + 3)", "x = 2\ny = 3\nprint(x + y)", "x = sum([1, 2])\nprint(x)", "print(max(2, 3))", "x = 5", "", "print(f'{2 + 3}')"],
)
def test_computations(program):
    assert not prints_literal(program)


@pytest.mark.parametrize("piece", ["print(a, ", "print(" + "1, " * 900, "x = ", "'" * 50, "_" * 3000])
def test_hostile_programs_are_read_at_once(piece):
    start = time.process_time()
    prints_literal(("print(" + piece * 4000)[:4000])
    assert time.process_time() - start < 2  # a pattern that is not linear takes minutes
