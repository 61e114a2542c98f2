"""Which examples a step shows, and in what pieces. Seed and step alone decide it, so a killed training resumes as if uninterrupted.

A unit is what must not be cut: a response, or both responses of a pair.
"""

import logging
import math
import random
from collections.abc import Sequence

from mathcode import settings
from mathcode.training.examples import Example, TrainingError

log = logging.getLogger(__name__)

Unit = tuple[Example, ...]


def units(examples: Sequence[Example], per: str) -> list[Unit]:
    """Examples as units in their order: single, or where a loss is `per` pair, the two of a pair, chosen first."""
    if per != "pair":
        return [(example,) for example in examples]
    pairs: dict[int, list[Example]] = {}
    for example in examples:
        pairs.setdefault(example.pair, []).append(example)
    return [tuple(sorted(pair, key=lambda example: -example.side)) for pair in pairs.values()]


def length(unit: Unit) -> int:
    """Tokens of the longest sequence of a unit."""
    return max(example.length for example in unit)


def fitting(found: list[Unit], max_tokens: int) -> list[Unit]:
    """Those that are short enough, and all of whose responses have something to learn.

    Raises:
        TrainingError: there is none.
    """
    usable = [unit for unit in found if length(unit) <= max_tokens and all(any(example.loss_mask) for example in unit)]
    what = "pairs" if found and len(found[0]) > 1 else "responses"
    log.info("%d of %d %s fit into %d tokens", len(usable), len(found), what, max_tokens)
    if not usable:
        raise TrainingError(f"none of {len(found)} {what} fits into max_tokens = {max_tokens}")
    return usable


def batches(lengths: Sequence[int], chosen: settings.Optimizer, seed: int) -> list[list[int]]:
    """The batches of the whole training, as indices of units: epochs shuffled by seed, neighbours of similar length together."""
    result: list[list[int]] = []
    epoch = 0
    wanted = chosen.steps or max(1, math.ceil(chosen.epochs * math.ceil(len(lengths) / chosen.batch)))
    while len(result) < wanted:
        shuffler = random.Random(f"{seed}/{epoch}")
        order = list(range(len(lengths)))
        shuffler.shuffle(order)
        window = 16 * chosen.batch  # sorting inside windows saves most padding and keeps batches random
        order = [
            index
            for start in range(0, len(order), window)
            for index in sorted(order[start : start + window], key=lambda index: lengths[index])
        ]
        cut = [order[start : start + chosen.batch] for start in range(0, len(order), chosen.batch)]
        shuffler.shuffle(cut)
        result += cut
        epoch += 1
    return result[:wanted]
