"""One training loop for Code4Math SFT and for RL: resumable, deterministic on a CPU, one or many processes.

The order of the data follows from seed and step alone, so a run killed at any moment and resumed from its last checkpoint
ends with the weights of an uninterrupted one. Checkpoints are undeclared files: Snakemake deletes a failed job's outputs.
"""

import logging
import math
import random

from mathcode import settings
from mathcode.training.examples import Example, TrainingError

log = logging.getLogger(__name__)


def batches(examples: list[Example], chosen: settings.Optimizer, seed: int) -> list[list[int]]:
    """The batches of the whole training, as example indices: epochs shuffled by seed, neighbours of similar length together."""
    result: list[list[int]] = []
    epoch = 0
    wanted = max(1, math.ceil(chosen.epochs * math.ceil(len(examples) / chosen.batch)))
    while len(result) < wanted:
        shuffler = random.Random(f"{seed}/{epoch}")
        order = list(range(len(examples)))
        shuffler.shuffle(order)
        window = 16 * chosen.batch  # sorting inside windows saves most padding and keeps batches random
        order = [
            index
            for start in range(0, len(order), window)
            for index in sorted(order[start : start + window], key=lambda index: examples[index].length)
        ]
        cut = [order[start : start + chosen.batch] for start in range(0, len(order), chosen.batch)]
        shuffler.shuffle(cut)
        result += cut
        epoch += 1
    return result[:wanted]


def fitting(examples: list[Example], max_tokens: int) -> list[Example]:
    """Those that are short enough and have something to learn."""
    usable = [example for example in examples if example.length <= max_tokens and any(example.loss_mask)]
    log.info("%d of %d responses fit into %d tokens", len(usable), len(examples), max_tokens)
    if not usable:
        raise TrainingError(f"none of {len(examples)} responses fits into max_tokens = {max_tokens}")
    return usable


def by_tokens(order: list[int], examples: list[Example], limit: int):
    """Cut an order of examples into micro-batches of at most `limit` padded tokens (a longer example stands alone)."""
    current: list[int] = []
    widest = 0
    for index in order:
        widest_with = max(widest, examples[index].length)
        if current and widest_with * (len(current) + 1) > limit:
            yield current
            current, widest_with = [], examples[index].length
        current.append(index)
        widest = widest_with
    if current:
        yield current
