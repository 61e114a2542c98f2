"""Uncertainty of what is reported: of a share over items, of a contrast over paired items, of a mean over seeds.

Nothing here is random from run to run: the bootstrap has a fixed seed and does not depend on the order of its rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

LEVEL = 0.95
RESAMPLES = 10_000
BOOTSTRAP_SEED = 20250202


@dataclass(frozen=True)
class Interval:
    """An estimate and its interval, in the estimate's own unit; an end that cannot be given is None."""

    value: float
    low: float | None = None
    high: float | None = None


def wilson_interval(successes: int, n: int, level: float = LEVEL) -> Interval:
    """Wilson score interval of a share, all three numbers in [0, 1].

    Raises:
        ValueError: `n` is not positive, or `successes` is not between 0 and `n`.
    """
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"no share can be made of {successes} out of {n}")
    z = NormalDist().inv_cdf(0.5 + level / 2)
    share = successes / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return Interval(share, 0.0 if successes == 0 else low, 1.0 if successes == n else high)


def t_interval(values: Sequence[float], level: float = LEVEL) -> Interval:
    """Mean over seeds with Student's t interval; a single value has no interval.

    Raises:
        ValueError: there is no value.
    """
    if not len(values):
        raise ValueError("the mean of no values is not defined")
    mean = float(np.mean(values))
    if len(values) == 1:
        return Interval(mean)
    from scipy.stats import t

    half = float(t.ppf(0.5 + level / 2, len(values) - 1)) * float(np.std(values, ddof=1)) / len(values) ** 0.5
    return Interval(mean, mean - half, mean + half)


def bootstrap_interval(
    items: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], level: float = LEVEL, resamples: int = RESAMPLES
) -> Interval:
    """Percentile bootstrap over items of a statistic of column means.

    An item's columns stay together, so a contrast of two policies on the same items is paired. Items that look alike are
    interchangeable: drawing items is drawing how often each distinct row occurs, which costs as much for 5,000 items as for 50.

    Args:
        items: shape (items, columns).
        statistic: maps means of shape (..., columns) to values of shape (...); NaN where it is not defined.

    Raises:
        ValueError: there is no item.
    """
    if not len(items):
        raise ValueError("there is no item to resample")
    patterns, counts = np.unique(items.astype(float), axis=0, return_counts=True)
    draws = np.random.default_rng(BOOTSTRAP_SEED).multinomial(len(items), counts / len(items), size=resamples)
    resampled = statistic(draws @ patterns / len(items))
    tail = 100 * (1 - level) / 2
    low, high = np.nanpercentile(resampled, [tail, 100 - tail])
    return Interval(float(statistic(counts @ patterns / len(items))), float(low), float(high))


def contrast(seeds: Sequence[np.ndarray], statistic: Callable[[np.ndarray], np.ndarray]) -> Interval:
    """A statistic of column means with its uncertainty: over seeds where there are several, else over items (bootstrap).

    Args:
        seeds: for each seed an array of shape (items, columns).
        statistic: as in `bootstrap_interval`.
    """
    if len(seeds) == 1:
        return bootstrap_interval(seeds[0], statistic)
    return t_interval([float(statistic(items.astype(float).mean(axis=0))) for items in seeds])
