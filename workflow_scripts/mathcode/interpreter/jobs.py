"""Programs that were handed in and have not ended: which wait, for which kind of worker, and which are being run."""

from collections import deque
from collections.abc import Sequence
from itertools import count

from mathcode.interpreter.kinds import KINDS, kind_of, may_hang

Job = tuple[tuple[str, ...], tuple[str, ...]]
"""Programs that share a state, of which the last is the one to run, and its command-line arguments."""


class Jobs:
    """A queue for each kind of worker. A job keeps its number, which no other ever has, until it has ended."""

    def __init__(self):
        self.waiting: dict[str, deque[int]] = {kind: deque() for kind in KINDS}
        self._unfinished: dict[int, Job] = {}
        self._retried: set[int] = set()
        self._numbers = count()

    @property
    def is_waiting(self) -> bool:
        return any(self.waiting.values())

    @property
    def unfinished(self) -> int:
        return len(self._unfinished)

    def add(self, jobs: Sequence[Job]) -> list[int]:
        """Their numbers, in order. Those that may run into their time limit wait in front: the others then run beside them."""
        numbered = {number: job for job, number in zip(jobs, self._numbers, strict=False)}
        self._unfinished |= numbered
        for number in sorted(numbered, key=lambda number: not may_hang(numbered[number][0])):
            self._wait(number)
        return list(numbered)

    def take(self, kind: str) -> tuple[int, Job]:
        """The next job of a kind, with its number."""
        number = self.waiting[kind].popleft()
        return number, self._unfinished[number]

    def finish(self, number: int) -> None:
        del self._unfinished[number]
        self._retried.discard(number)

    def retry(self, number: int) -> bool:
        """Let a job whose worker was lost wait once more; False where that was its second loss."""
        if number in self._retried:
            return False
        self._retried.add(number)
        self._wait(number)
        return True

    def _wait(self, number: int) -> None:
        self.waiting[kind_of(self._unfinished[number][0])].append(number)
