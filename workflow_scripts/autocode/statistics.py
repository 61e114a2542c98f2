"""Uncertainty of what is reported: of a share over items, of a contrast over paired items, over seeds and items together.

Nothing here is random from run to run: the bootstrap has a fixed seed and does not depend on the order of its rows.
How often the intervals hold the truth is simulated in benchmarks/coverage.py.
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

    def scaled(self, factor: float) -> "Interval":
        """The same in another unit; a negative factor turns it round."""
        ends = [None if end is None else factor * end for end in (self.low, self.high)]
        return Interval(factor * self.value, *(ends if factor > 0 else reversed(ends)))

    def within(self, low: float, high: float) -> "Interval":
        """Its ends cut to what the estimate can be."""
        return Interval(self.value, *(None if end is None else min(high, max(low, end)) for end in (self.low, self.high)))


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


def crossed_interval(cells: np.ndarray, level: float = LEVEL) -> Interval:
    """Mean over seeds and items where both are drawn: another seed would train another policy, another test set ask other items.

    Every seed answers the same items, so the levels are crossed. The variance of the mean is that of seed means, which holds
    what is left of single answers, plus what items add; each part has the t quantile of its own degrees of freedom, for with
    three seeds the first is hardly known. Resampling seeds (a hierarchical bootstrap) is far too narrow with so few.

    Args:
        cells: shape (seeds, items), at least two of each.
    """
    from scipy.stats import t

    parts = _variances(cells)
    half = sum(float(t.ppf(0.5 + level / 2, freedom)) ** 2 * variance for variance, freedom in parts) ** 0.5
    mean = float(cells.mean())
    return Interval(mean, mean - half, mean + half)


def crossed_p_value(cells: np.ndarray) -> float:
    """Two-sided p-value of the mean being 0: the level at which `crossed_interval` just reaches 0."""
    from scipy.optimize import brentq
    from scipy.stats import t

    mean, parts = abs(float(cells.mean())), _variances(cells)
    if mean == 0:
        return 1.0
    if not any(variance for variance, _ in parts):
        return 0.0

    def excess(log_p: float) -> float:
        return sum(float(t.isf(np.exp(log_p) / 2, freedom)) ** 2 * variance for variance, freedom in parts) - mean**2

    smallest = np.log(1e-12)
    return 1e-12 if excess(smallest) < 0 else float(np.exp(brentq(excess, smallest, 0.0)))


def _variances(cells: np.ndarray) -> list[tuple[float, int]]:
    """Two parts of the variance of the mean of crossed cells, each with its degrees of freedom: of seeds, and what items add.

    Two-way analysis of variance without replication; both are estimates of mean squares over the number of cells.
    """
    seeds, items = cells.shape
    of_seeds, of_items = cells.mean(axis=1), cells.mean(axis=0)
    residual = cells - of_seeds[:, None] - of_items + cells.mean()
    left_over = (residual**2).sum() / ((seeds - 1) * (items - 1))
    added = max(seeds * of_items.var(ddof=1) - left_over, 0.0)
    return [(of_seeds.var(ddof=1) / seeds, seeds - 1), (added / cells.size, items - 1)]


def contrast(seeds: Sequence[np.ndarray], statistic: Callable[[np.ndarray], np.ndarray]) -> Interval:
    """A statistic of column means with its uncertainty: over seeds and items where there are several seeds, else over items.

    With several seeds the value is the mean over seeds of the statistic.

    Args:
        seeds: for each seed an array of shape (items, columns), the same items in the same order.
        statistic: as in `bootstrap_interval`.
    """
    if len(seeds) == 1:
        return bootstrap_interval(seeds[0], statistic)
    if len(seeds[0]) < 2:
        return Interval(float(np.mean([statistic(items.astype(float).mean(axis=0)) for items in seeds])))
    return crossed_interval(_cells(seeds, statistic))


def contrast_p_value(seeds: Sequence[np.ndarray], statistic: Callable[[np.ndarray], np.ndarray]) -> float:
    """Two-sided p-value of a contrast being 0. One seed: exact sign test of the first column against each other one, the
    largest p-value of them (McNemar's exact test where columns are verdicts). Several: as `crossed_p_value`."""
    if len(seeds) > 1:
        return crossed_p_value(_cells(seeds, statistic))
    (items,) = seeds
    return max(sign_test(items[:, 0], items[:, column]) for column in range(1, items.shape[1]))


def _cells(seeds: Sequence[np.ndarray], statistic: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What each item of each seed contributes to the statistic (jackknife pseudo-values); a seed's mean is its statistic.

    For a mean these are the values themselves.
    """
    rows = []
    for items in seeds:
        values = items.astype(float)
        whole, count = float(statistic(values.mean(axis=0))), len(values)
        without = statistic((values.sum(axis=0) - values) / (count - 1))
        pseudo = count * whole - (count - 1) * np.where(np.isnan(without), whole, without)
        rows.append(pseudo - pseudo.mean() + whole)
    return np.stack(rows)


def sign_test(first: np.ndarray, second: np.ndarray) -> float:
    """Two-sided exact sign test of paired values; on verdicts it is McNemar's exact test. 1 where no pair differs."""
    from scipy.stats import binomtest

    more, fewer = int((first > second).sum()), int((first < second).sum())
    return 1.0 if more + fewer == 0 else float(binomtest(more, more + fewer).pvalue)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjustment for the several tests of a family; None stays None and counts for nothing."""
    order = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p))
        adjusted[place] = highest
    return adjusted
