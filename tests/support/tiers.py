"""Tiers of tests: every test has exactly one, and a fast one starts no program."""

import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

import pytest

TIERS = ("fast", "stage", "workflow", "full")
STARTING = {"tiny_policy", "trained_policy", "disk", "interpreter", "grader", "exact_judge"}
"""Fixtures that make a model or start a program: a test with one of them is in the tier `stage`, if it names no other."""

STARTS = {"subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}
"""Events by which Python tells that a program starts."""


def assign(items: Iterable[pytest.Function]) -> None:
    """Mark what names no tier: as stage if one of its fixtures starts something, as fast if not."""
    for item in items:
        tiers = _named(item)
        if len(tiers) > 1:
            raise pytest.UsageError(f"{item.nodeid}: a test has one tier, not {' and '.join(sorted(tiers))}")
        if not tiers:
            item.add_marker("stage" if STARTING & {*item.fixturenames} else "fast")


def slowest_first(items: list[pytest.Function]) -> None:
    """Put slow tiers first, and in them the rooms that train and sample, so that no worker is left alone with them at the end."""
    items.sort(key=lambda item: (max(map(TIERS.index, _named(item))), str(item.path)), reverse=True)


def _named(item: pytest.Function) -> set[str]:
    return {mark.name for mark in item.iter_markers()} & {*TIERS}


def cut(values: Iterable, every: int, only_full: Collection = ()) -> list:
    """Parameters of an exhaustive test: each `every`-th one is in the tier `stage`, the others and `only_full` in `full`."""
    marks = (pytest.mark.stage, pytest.mark.full)
    return [pytest.param(value, marks=marks[bool(number % every) or value in only_full]) for number, value in enumerate(values)]


class Guard:
    """Refuses to start a program while it is up: not after a test, when fixtures of others end too."""

    def __init__(self):
        self.up = False
        sys.addaudithook(self._look)

    @contextmanager
    def over(self, item: pytest.Item) -> Iterator[None]:
        """Up for as long as the block lasts, if the test is a fast one."""
        self.up = item.get_closest_marker("fast") is not None
        try:
            yield
        finally:
            self.up = False

    def _look(self, event: str, _: tuple) -> None:
        if self.up and event in STARTS:
            self.up = False
            raise RuntimeError(f"a fast test starts no program ({event}): mark it with @pytest.mark.stage")
