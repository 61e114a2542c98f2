"""Intervals of statistics of cells, over items or over seeds and items, and the p-values that go with them."""

import math

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from support.recomputed.agreement import RESAMPLES, End


def mean_squares(values: np.ndarray) -> dict[str, float]:
    """Two-way analysis of variance of values (seeds, items) without replication."""
    seeds, items = values.shape
    whole = values.mean()
    of_seeds = items * sum((values[seed].mean() - whole) ** 2 for seed in range(seeds))
    of_items = seeds * sum((values[:, item].mean() - whole) ** 2 for item in range(items))
    left = sum((value - whole) ** 2 for value in values.flat) - of_seeds - of_items
    return {"seeds": of_seeds / (seeds - 1), "items": of_items / (items - 1), "left": left / ((seeds - 1) * (items - 1))}


def half_width(values: np.ndarray, p: float) -> float:
    """Half of the interval of the mean over seeds and items that misses with probability p."""
    (seeds, items), square = values.shape, mean_squares(values)
    parts = [(square["seeds"], seeds - 1), (max(square["items"] - square["left"], 0), items - 1)]
    if all(part < 1e-20 for part, _ in parts):  # seeds agree by luck, and items add nothing to what is left: items alone
        parts = [(square["items"], items - 1)]
    return math.sqrt(sum(stats.t.isf(p / 2, freedom) ** 2 * part / (seeds * items) for part, freedom in parts))


def contributions(cells: np.ndarray, statistic) -> np.ndarray:
    """Jackknife pseudo-values (seeds, items), each seed's moved to have the seed's statistic as mean."""
    rows = []
    for seed in cells:
        count, whole = len(seed), statistic(seed)
        pseudo = np.array([count * whole - (count - 1) * statistic(np.delete(seed, item, axis=0)) for item in range(count)])
        rows.append(pseudo - pseudo.mean() + whole)
    return np.array(rows)


def p_value(cells: np.ndarray, statistic) -> float:
    """One seed: McNemar's exact test. Several: where the interval just reaches 0, by bisection."""
    if len(cells) == 1:
        return exact(*cells[0].T)
    values, low, high = contributions(cells, statistic), math.log(1e-12), 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if half_width(values, math.exp(middle)) < abs(values.mean()) else (middle, high)
    return math.exp(high)


def exact(first: np.ndarray, second: np.ndarray) -> float:
    """1 where most pairs differ the other way than the sums do, or none does."""
    signs = np.sign(first - second)
    if np.sign(signs.sum()) * np.sign(first.sum() - second.sum()) != 1:
        return 1.0
    return float(mcnemar([[0, (signs == 1).sum()], [(signs == -1).sum(), 0]], exact=True).pvalue)


def ends(draws: np.ndarray, blank: bool = False) -> list:
    return [None] * 2 if np.ptp(draws) < 1e-9 else [End(draws, share, blank) for share in (0.025, 0.975)]


def interval(cells: np.ndarray, statistic, wilson: bool = False) -> list:
    """Value, low and high in percent."""
    value = 100 * float(np.mean([statistic(seed) for seed in cells]))
    alike = len(cells) > 1 and np.ptp(cells) == 0
    if alike and not wilson:
        return [value, None, None]
    if len(cells) > 1 and not alike:
        half = 100 * half_width(contributions(cells, statistic), 0.05)
        return [value, value - half, value + half]
    if wilson:
        return [value, *(100 * end for end in proportion_confint(int(cells[0, :, 0].sum()), cells.shape[1], method="wilson"))]
    draw = np.random.default_rng(99).integers(0, cells.shape[1], (RESAMPLES, cells.shape[1]))
    return [value, *ends(100 * statistic(cells[0][draw]))]


def cut(found: list) -> list:
    """Of a share, which is nowhere below 0 or above 100."""
    return [one if one is None or isinstance(one, End) else min(100.0, max(0.0, one)) for one in found]


def named(name: str, found: list, value: str | None = None) -> dict:
    return dict(zip((value or name, f"{name}_low", f"{name}_high"), found, strict=True))
