"""Intervals and p-values: of a share, of what is measured over items, over seeds and items, and over seeds with items of their own.

Shares are in [0, 1]; an `Interval` is in the unit of its estimate. How each was chosen is in docs/statistics.md.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

_GRID = (np.arange(2000) + 0.5) / 2000


def jeffreys_interval(successes: np.ndarray, n: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Equal-tailed Jeffreys interval of binomial proportions; 0 and 1 are kept as ends where all fail or all succeed."""
    from scipy import special

    tail = (1 - level) / 2
    low = np.where(successes == 0, 0.0, special.betaincinv(successes + 0.5, n - successes + 0.5, tail))
    high = np.where(successes == n, 1.0, special.betaincinv(successes + 0.5, n - successes + 0.5, 1 - tail))
    return low, high


def probability_code_better(code: tuple[int, int], cot: tuple[int, int]) -> float:
    """P(Q_code > Q_cot) for (successes, n) of each, independent Jeffreys posteriors; midpoint rule over code's quantiles."""
    from scipy import special

    quantiles = special.betaincinv(code[0] + 0.5, code[1] - code[0] + 0.5, _GRID)
    return float(special.betainc(cot[0] + 0.5, cot[1] - cot[0] + 0.5, quantiles).mean())


LEVEL = 0.95
RESAMPLES = 10_000
BOOTSTRAP_SEED = 20250202
_NOTHING = 1e-12
"""A narrower interval is one of numbers that do not vary."""


@dataclass(frozen=True)
class Interval:
    """An estimate and its interval, in the estimate's own unit; an end that cannot be given is None.

    No end can be given where nothing varies: that all of a few items say the same does not make the next one say it.
    """

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


def wilson_interval(successes: float, n: int, level: float = LEVEL) -> Interval:
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


def or_wilson(share: Interval, n: int) -> Interval:
    """The interval of a share over several seeds; where nothing varies Wilson's, as if there were one seed with `n` items.

    More seeds are not more items. NaN stays as it is.
    """
    if share.low is not None or math.isnan(share.value):
        return share
    return wilson_interval(min(max(share.value, 0.0), 1.0) * n, n)


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
    value = float(statistic(counts @ patterns / len(items)))
    return Interval(value) if high - low < _NOTHING else Interval(value, float(low), float(high))


def crossed_interval(cells: np.ndarray, level: float = LEVEL) -> Interval:
    """Mean over seeds and items where both are drawn: another seed would train another policy, another test set ask other items.

    Every seed answers the same items, so the levels are crossed. The variance of the mean is that of seed means, which holds
    what is left of single answers, plus what items add; each part has the t quantile of its own degrees of freedom, for with
    three seeds the first is hardly known. Resampling seeds (a hierarchical bootstrap) is far too narrow with so few.

    Args:
        cells: shape (seeds, items), at least two of each.
    """
    from scipy.stats import t

    half = sum(float(t.ppf(0.5 + level / 2, freedom)) ** 2 * variance for variance, freedom in _variances(cells)) ** 0.5
    mean = float(cells.mean())
    return Interval(mean) if half < _NOTHING else Interval(mean, mean - half, mean + half)


def crossed_p_value(cells: np.ndarray) -> float:
    """Two-sided p-value of the mean being 0: the level at which `crossed_interval` just reaches 0.

    Where that has no ends, the exact sign test of the items' means.
    """
    from scipy.optimize import brentq
    from scipy.stats import t

    if crossed_interval(cells).low is None:
        return sign_test(cells.mean(axis=0), np.zeros(cells.shape[1]))
    mean, parts = abs(float(cells.mean())), _variances(cells)
    if mean == 0:
        return 1.0

    def excess(log_p: float) -> float:
        return sum(float(t.isf(np.exp(log_p) / 2, freedom)) ** 2 * variance for variance, freedom in parts) - mean**2

    smallest = np.log(1e-12)
    return 1e-12 if excess(smallest) < 0 else float(np.exp(brentq(excess, smallest, 0.0)))


def _variances(cells: np.ndarray) -> list[tuple[float, int]]:
    """Two parts of the variance of the mean of crossed cells, each with its degrees of freedom: of seeds, and what items add.

    Two-way analysis of variance without replication; both are estimates of mean squares over the number of cells. Where seeds
    agree by luck so well that nothing is left of either, the variance over items for these seeds, alone.
    """
    seeds, items = cells.shape
    of_seeds, of_items = cells.mean(axis=1), cells.mean(axis=0)
    residual = cells - of_seeds[:, None] - of_items + cells.mean()
    left_over = (residual**2).sum() / ((seeds - 1) * (items - 1))
    added = max(seeds * of_items.var(ddof=1) - left_over, 0.0)
    parts = [(of_seeds.var(ddof=1) / seeds, seeds - 1), (added / cells.size, items - 1)]
    vary = any(variance > _NOTHING**2 for variance, _ in parts)
    return parts if vary else [(of_items.var(ddof=1) / items, items - 1)]


def contrast(seeds: Sequence[np.ndarray], statistic: Callable[[np.ndarray], np.ndarray]) -> Interval:
    """A statistic of column means with its uncertainty: over seeds and items where there are several seeds, else over items.

    With several seeds the value is the mean over seeds of the statistic.

    Args:
        seeds: for each seed an array of shape (items, columns), the same items in the same order.
        statistic: as in `bootstrap_interval`.

    Raises:
        ValueError: there is no item.
    """
    if not len(seeds[0]):
        raise ValueError("there is no item that all seeds have")
    if len(seeds) == 1:
        return bootstrap_interval(seeds[0], statistic)
    if len(seeds[0]) < 2:
        return Interval(float(np.mean([statistic(items.astype(float).mean(axis=0)) for items in seeds])))
    return crossed_interval(_cells(seeds, statistic))


def contrast_p_value(seeds: Sequence[np.ndarray], statistic: Callable[[np.ndarray], np.ndarray]) -> float:
    """Two-sided p-value of a contrast of two columns being 0. One seed: their exact sign test (McNemar's exact test where they
    are verdicts). Several: as `crossed_p_value`."""
    if len(seeds) == 1:
        return sign_test(*seeds[0].T)
    return 1.0 if len(seeds[0]) < 2 else crossed_p_value(_cells(seeds, statistic))


def nested_interval(seeds: Sequence[np.ndarray]) -> Interval:
    """Mean over seeds where each seed has items of its own: Student's t over the seeds' means, which hold the items' part too.

    Args:
        seeds: for each seed an array of values, one an item. One seed: bootstrap over its items.

    Raises:
        ValueError: a seed has no item.
    """
    from scipy.stats import t

    if len(seeds) == 1:
        return bootstrap_interval(seeds[0].reshape(-1, 1), lambda means: means[..., 0])
    if not all(len(values) for values in seeds):
        raise ValueError("a seed has no item")
    means = np.array([values.mean() for values in seeds])
    half = float(t.ppf(0.5 + LEVEL / 2, len(means) - 1) * means.std(ddof=1) / len(means) ** 0.5)
    return Interval(float(means.mean())) if half < _NOTHING else Interval(float(means.mean()), means.mean() - half, means.mean() + half)


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
    """Two-sided exact sign test of paired values that goes with their means; on verdicts it is McNemar's exact test.

    1 where no pair differs, and where most pairs differ the other way than the means do: of what is no verdict a few large
    differences outweigh many small ones, which must not count as evidence for what they contradict.
    """
    from scipy.stats import binomtest

    more, fewer = int((first > second).sum()), int((first < second).sum())
    together = (more - fewer) * float(np.mean(first) - np.mean(second)) > 0
    return float(binomtest(more, more + fewer).pvalue) if together else 1.0


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's adjustment for the several tests of a family; None stays None and counts for nothing."""
    order = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p))
        adjusted[place] = highest
    return adjusted
