"""The names of tests: the same in every process, or pytest's workers refuse to run a single one."""

import os
import subprocess
import sys

import pytest
from support.running import ROOT


def collected(hash_seed: str) -> list[str]:
    """Names of all tests in the order they run, as a process with this seed of `hash` finds them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-m", "", "tests"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    found = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]
    return [line for line in found.stdout.splitlines() if "::" in line]


@pytest.mark.stage
def test_names_of_tests_depend_on_neither_the_clock_nor_the_order_of_sets():
    first = collected("1")  # one after the other: packed files and dates differ by seconds
    assert len(first) > 6000
    assert collected("2") == first
