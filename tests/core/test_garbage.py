"""Programs look for garbage seldom until they hold a model."""

import gc
import weakref

import pytest

from mathcode.core import garbage


class Node:
    """Something that can hold itself."""


@pytest.fixture(autouse=True)
def as_in_a_new_process():
    before = gc.get_threshold()
    gc.set_threshold(*garbage._USUAL)
    gc.collect()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_garbage_waits_while_a_program_starts_and_not_afterwards():
    garbage.collect_seldom()
    assert gc.get_threshold()[0] == 100_000
    gone = cycle()
    [[] for _ in range(10_000)]
    assert gone() is not None
    garbage.collect_as_usual()
    gone = cycle()
    kept = [[] for _ in range(10_000)]
    assert gone() is None
    assert kept


def test_what_is_there_is_not_looked_at_again():
    garbage.collect_seldom()
    held = [[] for _ in range(1_000)]
    garbage.collect_as_usual()
    assert gc.get_freeze_count() >= len(held)


def test_a_process_that_did_not_start_so_keeps_no_garbage():
    gone = cycle()
    garbage.collect_as_usual()
    gc.collect()
    assert gone() is None
    assert gc.get_freeze_count() == 0


def cycle():
    """A weak reference to what only itself refers to."""
    node = Node()
    node.itself = node
    return weakref.ref(node)
