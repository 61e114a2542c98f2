"""When jobs run on so many GPUs and cores, each after those it reads from, and what lies on the disk meanwhile."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter

from mathcode.core.errors import UserError


class ScheduleError(UserError):
    """A job asks for more than there is."""


@dataclass(frozen=True)
class Task:
    """A job with its length.

    Attributes:
        seconds: wall clock.
        after: places of the jobs that must have ended.
        kept: bytes of its files, which stay.
        held: bytes that are there only while it runs.
    """

    seconds: float
    after: Sequence[int] = ()
    gpus: int = 0
    cores: int = 1
    kept: float = 0
    held: float = 0


Span = tuple[float, float]
"""Start and end of a job, seconds from the beginning."""


def schedule(tasks: Sequence[Task], gpus: int, cores: float) -> list[Span]:
    """Start and end of each job. Of those that can start, the one with the longest way to the end does so first.

    A job takes no more cores than there are, as under Snakemake.

    Raises:
        ScheduleError: a job asks for more GPUs than there are.
    """
    if (most := max((task.gpus for task in tasks), default=0)) > gpus:
        raise ScheduleError(f"some jobs ask for {most} GPUs, and there are {gpus} (--gpus)")
    followers, way, asked = _followers(tasks), _ways(tasks), [min(task.cores, cores) for task in tasks]
    waiting = [len(task.after) for task in tasks]
    ready = [(-way[place], place) for place, count in enumerate(waiting) if not count]
    running: list[tuple[float, int]] = []
    spans: list[Span] = [(0.0, 0.0)] * len(tasks)
    now = 0.0
    while ready or running:
        left = []
        for entry in sorted(ready):
            place = entry[1]
            if tasks[place].gpus > gpus or asked[place] > cores:
                left.append(entry)
                continue
            gpus, cores = gpus - tasks[place].gpus, cores - asked[place]
            spans[place] = (now, now + tasks[place].seconds)
            heapq.heappush(running, (spans[place][1], place))
        ready = left
        now, ended = heapq.heappop(running)
        gpus, cores = gpus + tasks[ended].gpus, cores + asked[ended]
        for follower in followers[ended]:
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append((-way[follower], follower))
    return spans


def union(spans: Iterable[Span]) -> float:
    """Seconds in which at least one of them lasts."""
    total, end = 0.0, 0.0
    for start, stop in sorted(spans):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    return total


def peak(tasks: Sequence[Task], spans: Sequence[Span]) -> float:
    """Most bytes at once. Files count from the start of their job: a policy is written while its checkpoints are still there."""
    events = [(start, 1, task.kept + task.held) for task, (start, _) in zip(tasks, spans, strict=True)]
    events += [(end, 0, -task.held) for task, (_, end) in zip(tasks, spans, strict=True)]
    most = here = 0.0
    for _, _, change in sorted(events):
        here += change
        most = max(most, here)
    return most


def _followers(tasks: Sequence[Task]) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in tasks]
    for place, task in enumerate(tasks):
        for earlier in task.after:
            found[earlier].append(place)
    return found


def _ways(tasks: Sequence[Task]) -> list[float]:
    """Of each job, its own seconds and those of the longest chain behind it."""
    way = [0.0] * len(tasks)
    for place in reversed([*TopologicalSorter({place: task.after for place, task in enumerate(tasks)}).static_order()]):
        way[place] += tasks[place].seconds
        for earlier in tasks[place].after:
            way[earlier] = max(way[earlier], way[place])
    return way
