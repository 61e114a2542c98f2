"""Intervals against scipy and statsmodels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from autocode import statistics


def difference(means):
    return means[..., 0] - means[..., 1]


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_statsmodels(pair):
    interval = statistics.wilson_interval(*pair)
    assert (interval.low, interval.high) == pytest.approx(proportion_confint(*pair, method="wilson"), abs=1e-9)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


@pytest.mark.parametrize("pair", [(0, 0), (-1, 3), (4, 3)])
def test_wilson_refuses_what_is_no_share(pair):
    with pytest.raises(ValueError, match="no share"):
        statistics.wilson_interval(*pair)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=8).filter(lambda values: np.std(values) > 1e-6))
def test_t_interval_agrees_with_scipy(values):
    interval = statistics.t_interval(values)
    expected = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert (interval.low, interval.high) == pytest.approx(expected)


def test_one_seed_has_no_t_interval_and_none_has_no_mean():
    assert statistics.t_interval([0.5]) == statistics.Interval(0.5, None, None)
    with pytest.raises(ValueError, match="no values"):
        statistics.t_interval([])


def test_bootstrap_of_a_paired_difference_agrees_with_scipy():
    draw = np.random.default_rng(1)
    first = draw.random(300) < 0.7
    items = np.stack([first, first ^ (draw.random(300) < 0.2)], axis=1)
    ours = statistics.bootstrap_interval(items, difference)
    theirs = stats.bootstrap(
        tuple(items.astype(float).T),
        lambda a, b, axis: a.mean(axis) - b.mean(axis),
        paired=True,
        method="percentile",
        n_resamples=5000,
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert ours.value == pytest.approx(items[:, 0].mean() - items[:, 1].mean())
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=30), st.randoms())
def test_bootstrap_does_not_depend_on_order(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    intervals = [statistics.bootstrap_interval(np.array(order), difference, resamples=200) for order in (rows, shuffled)]
    assert intervals[0] == intervals[1]


def test_contrast_is_over_items_for_one_seed_and_over_seeds_for_more():
    seeds = [np.array([[1, 0], [1, 1], [0, 0], [1, 0]]), np.array([[1, 1], [0, 1], [0, 0], [1, 0]])]
    assert statistics.contrast(seeds[:1], difference) == statistics.bootstrap_interval(seeds[0], difference)
    assert statistics.contrast(seeds, difference) == statistics.t_interval([0.5, 0.0])
