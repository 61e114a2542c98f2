"""Intervals against scipy and statsmodels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from mathcode.measures import uncertainty


def difference(means):
    return means[..., 0] - means[..., 1]


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_agrees_with_statsmodels(pair):
    interval = uncertainty.wilson_interval(*pair)
    assert (interval.low, interval.high) == pytest.approx(proportion_confint(*pair, method="wilson"), abs=1e-9)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


@pytest.mark.parametrize("pair", [(0, 0), (-1, 3), (4, 3)])
def test_wilson_refuses_what_is_no_share(pair):
    with pytest.raises(ValueError, match="no share"):
        uncertainty.wilson_interval(*pair)


def test_bootstrap_of_a_paired_difference_agrees_with_scipy():
    draw = np.random.default_rng(1)
    first = draw.random(300) < 0.7
    items = np.stack([first, first ^ (draw.random(300) < 0.2)], axis=1)
    ours = uncertainty.bootstrap_interval(items, difference)
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
    intervals = [uncertainty.bootstrap_interval(np.array(order), difference, resamples=200) for order in (rows, shuffled)]
    assert intervals[0] == intervals[1]


def verdicts(draw, seeds=4, items=60):
    """Right or wrong, by the item's ease, the seed's skill and chance."""
    ease, skill = draw.normal(size=(1, items)), 0.3 * draw.normal(size=(seeds, 1))
    return (draw.normal(size=(seeds, items)) + ease + skill > -0.5).astype(float)


def test_variances_are_those_of_a_two_way_analysis():
    import pandas as pd
    import statsmodels.api as sm
    from statsmodels.formula.api import ols

    cells = verdicts(np.random.default_rng(3))
    seeds, items = cells.shape
    rows = [{"seed": seed, "item": item, "value": cells[seed, item]} for seed in range(seeds) for item in range(items)]
    table = sm.stats.anova_lm(ols("value ~ C(seed) + C(item)", pd.DataFrame(rows)).fit())
    squares = table["sum_sq"] / table["df"]
    (of_seeds, seed_freedom), (added, item_freedom) = uncertainty._variances(cells)
    assert (seed_freedom, item_freedom) == (seeds - 1, items - 1)
    assert of_seeds == pytest.approx(squares["C(seed)"] / cells.size)
    assert added == pytest.approx((squares["C(item)"] - squares["Residual"]) / cells.size)


def test_without_an_effect_of_items_seeds_and_items_are_students_t_over_seeds():
    cells = np.tile(np.array([[0.2], [0.5], [0.9]]), (1, 40))
    interval = uncertainty.crossed_interval(cells)
    expected = stats.t.interval(0.95, 2, loc=cells.mean(), scale=stats.sem(cells[:, 0]))
    assert (interval.low, interval.high) == pytest.approx(expected)
    assert uncertainty.crossed_p_value(cells) == pytest.approx(stats.ttest_1samp(cells[:, 0], 0).pvalue, rel=1e-6)


def test_the_p_value_is_the_level_at_which_the_interval_reaches_zero():
    draw = np.random.default_rng(4)
    cells = verdicts(draw) - verdicts(draw)
    p_value = uncertainty.crossed_p_value(cells)
    interval = uncertainty.crossed_interval(cells, level=1 - p_value)
    assert min(abs(interval.low), abs(interval.high)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0])
def test_where_nothing_varies_there_is_no_interval_and_the_sign_test_of_the_items(value):
    assert uncertainty.crossed_interval(np.full((3, 5), value)) == uncertainty.Interval(value)
    assert uncertainty.crossed_p_value(np.full((3, 5), value)) == (1.0 if value == 0 else 2 * 0.5**5)
    assert uncertainty.bootstrap_interval(np.full((5, 1), value), lambda means: means[..., 0]) == uncertainty.Interval(value)


def test_seeds_that_agree_by_luck_leave_the_interval_over_items():
    cells = np.array([[1.0, 0, 1, 0, 1, 0, 1, 1], [0, 1, 1, 1, 1, 0, 0, 1]])  # equal means, and items vary less than what is left
    interval = uncertainty.crossed_interval(cells)
    items = cells.mean(axis=0)
    assert (interval.low, interval.high) == pytest.approx(stats.t.interval(0.95, 7, loc=items.mean(), scale=stats.sem(items)))
    assert uncertainty.crossed_p_value(cells) == pytest.approx(stats.ttest_1samp(items, 0).pvalue, rel=1e-6)


@pytest.mark.parametrize("seeds", [1, 2])
def test_one_item_has_no_interval_and_none_at_all_is_an_error(seeds):
    one = [np.array([[1, 0]])] * seeds
    assert uncertainty.contrast(one, difference) == uncertainty.Interval(1.0)
    assert uncertainty.contrast_p_value(one, difference) == 1.0
    with pytest.raises(ValueError, match="no item"):
        uncertainty.contrast([items[:0] for items in one], difference)


def test_seeds_with_items_of_their_own_are_students_t_over_their_means():
    draw = np.random.default_rng(8)
    seeds = [draw.random(count) for count in (20, 30, 40)]
    means = [values.mean() for values in seeds]
    interval = uncertainty.nested_interval(seeds)
    assert (interval.low, interval.high) == pytest.approx(stats.t.interval(0.95, 2, loc=np.mean(means), scale=stats.sem(means)))
    assert uncertainty.nested_interval(seeds[:1]) == uncertainty.bootstrap_interval(seeds[0].reshape(-1, 1), lambda means: means[..., 0])
    with pytest.raises(ValueError, match="no item"):
        uncertainty.nested_interval([seeds[0], seeds[1][:0]])


def test_contrast_is_over_items_for_one_seed_and_over_seeds_and_items_for_more():
    seeds = [np.array([[1, 0], [1, 1], [0, 0], [1, 0]]), np.array([[1, 1], [0, 1], [0, 0], [1, 0]])]
    assert uncertainty.contrast(seeds[:1], difference) == uncertainty.bootstrap_interval(seeds[0], difference)
    ours = uncertainty.contrast(seeds, difference)
    theirs = uncertainty.crossed_interval(np.stack([items[:, 0] - items[:, 1] for items in seeds]))
    assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high))
    assert uncertainty.contrast([items[:1] for items in seeds], difference) == uncertainty.Interval(0.5)


def test_a_contrast_that_is_not_linear_has_the_mean_of_its_seeds_as_value():
    draw = np.random.default_rng(5)
    seeds = [draw.random((50, 3)) < 0.6 for _ in range(3)]

    def over_better(means):
        return means[..., 0] - np.maximum(means[..., 1], means[..., 2])

    assert uncertainty.contrast(seeds, over_better).value == pytest.approx(np.mean([over_better(items.mean(axis=0)) for items in seeds]))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_the_sign_test_of_verdicts_is_mcnemars_exact_test(rows):
    from statsmodels.stats.contingency_tables import mcnemar

    first, second = np.array(rows).T.astype(int)
    table = [[int(((first == a) & (second == b)).sum()) for b in (1, 0)] for a in (1, 0)]
    expected = 1.0 if table[0][1] + table[1][0] == 0 else mcnemar(table, exact=True).pvalue
    assert uncertainty.sign_test(first, second) == pytest.approx(expected)


def test_pairs_that_differ_the_other_way_than_the_means_are_no_evidence_for_them():
    """45 of 300 responses run on to 64 tokens, 255 are one token shorter: longer on average, and most say shorter."""
    before = np.full(300, 24.0)
    after = np.where(np.arange(300) < 45, 64.0, 23.0)
    pairs = [np.stack([after, before], axis=1)]
    assert uncertainty.contrast(pairs, difference).low > 0
    assert uncertainty.contrast_p_value(pairs, difference) == 1.0
    assert uncertainty.sign_test(before, after) == 1.0
    assert uncertainty.sign_test(np.array([3.0, 0, 0, 0]), np.array([0.0, 1, 1, 1])) == 1.0  # the means do not differ at all
    longer = np.where(np.arange(300) < 45, 23.0, 25.0)
    assert uncertainty.sign_test(longer, before) == pytest.approx(stats.binomtest(45, 300).pvalue)


@pytest.mark.stage
@settings(max_examples=25)  # statsmodels collects garbage at each call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_agrees_with_statsmodels(p_values):
    from statsmodels.stats.multitest import multipletests

    assert uncertainty.holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))
    assert uncertainty.holm([None, *p_values, None])[1:-1] == uncertainty.holm(p_values)


SIMULATIONS = 1000


def coverage(draw_once, interval, truth) -> float:
    """Percent of simulated intervals that hold the truth."""
    draw = np.random.default_rng(2025)
    found = [interval(draw_once(draw)) for _ in range(SIMULATIONS)]
    return 100 * float(np.mean([one.low <= truth <= one.high for one in found]))


def test_wilson_holds_the_truth_as_often_as_it_says():
    held = coverage(lambda draw: draw.binomial(200, 0.8), lambda right: uncertainty.wilson_interval(int(right), 200), 0.8)
    assert 93 <= held <= 97


def test_the_paired_bootstrap_holds_the_truth_as_often_as_it_says():
    def once(draw):
        return np.stack([draw.random(200) < 0.8, draw.random(200) < 0.7], axis=1)

    held = coverage(once, lambda items: uncertainty.bootstrap_interval(items, difference, resamples=1000), 0.1)
    assert 93 <= held <= 97


@pytest.mark.parametrize(("seeds", "skill", "ease"), [(3, 0.3, 0.0), (5, 0.05, 1.0), (5, 0.3, 1.0), (10, 0.1, 2.0)])
def test_intervals_over_seeds_and_items_hold_the_truth_as_often_as_they_say(seeds, skill, ease):
    def once(draw):
        noise, easy, skilled = draw.normal(size=(seeds, 200)), draw.normal(size=(1, 200)), draw.normal(size=(seeds, 1))
        return (noise + ease * easy + skill * skilled > -0.8).astype(float)

    truth = stats.norm.cdf(0.8 / (1 + skill**2 + ease**2) ** 0.5)
    assert 93 <= coverage(once, uncertainty.crossed_interval, truth) <= 97
