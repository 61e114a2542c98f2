"""Micro-batches: units of which a model reads several at once, cut by the tokens that they have when filled up to the longest.

A unit is what must not be cut: a response, or both responses of a pair. No torch: estimates of costs cut as training does.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence


def by_tokens(order: Sequence[int], lengths: Sequence[int], limit: int, rows: int = 1) -> Iterator[list[int]]:
    """Cut an order of units into micro-batches of at most `limit` padded tokens; a unit that is longer stands alone.

    Args:
        lengths: tokens of the longest row of each unit.
        rows: rows of a unit (a pair has two).
    """
    current: list[int] = []
    widest = 0
    for index in order:
        widest_with = max(widest, lengths[index])
        if current and widest_with * rows * (len(current) + 1) > limit:
            yield current
            current, widest_with = [], lengths[index]
        current.append(index)
        widest = widest_with
    if current:
        yield current


def shared_out(lengths: Sequence[int], limit: int, rows: int, processes: int) -> list[list[int]]:
    """The units of a step, longest first, as micro-batches that `processes` take in turn, one each a round.

    There are as few rounds as with the largest micro-batches allowed. Within that number of rounds the micro-batches are as small as
    possible, since a round lasts as long as its largest one. A single process waits for nobody, and takes the largest.

    Args:
        lengths: tokens of the longest row of each unit.
        limit: padded tokens of a micro-batch; a unit that is longer stands alone.
        rows: rows of a unit (a pair has two).
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    largest = list(by_tokens(order, lengths, limit, rows))
    if processes == 1:
        return largest
    places = math.ceil(len(largest) / processes) * processes
    limits = range(1, limit + 1)
    smallest = bisect_left(limits, True, key=lambda tried: len(list(by_tokens(order, lengths, tried, rows))) <= places)
    return list(by_tokens(order, lengths, limits[smallest], rows))
