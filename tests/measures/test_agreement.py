"""Agreement: each number against statsmodels, scipy, or a count by hand."""

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from mathcode import tables
from mathcode.measures import agreement


@pytest.fixture(scope="module")
def verdicts() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of 400 cases, what a threshold makes of them, and the truth."""
    draw = np.random.default_rng(1)
    true = draw.random(400) < 0.4
    scores = np.round(np.clip(draw.normal(0.35 + 0.3 * true, 0.2), 0, 1), 2)  # with ties
    return scores, scores >= 0.5, true


def confusion(first, second) -> np.ndarray:
    return np.array([[np.sum((first == a) & (second == b)) for b in (True, False)] for a in (True, False)])


def test_kappa(verdicts):
    _, said, true = verdicts
    found = agreement.cohen_kappa(said, true)
    theirs = cohens_kappa(confusion(said, true))
    assert found.value == pytest.approx(theirs.kappa, abs=1e-12)
    assert (found.low, found.high) == pytest.approx((theirs.kappa_low, theirs.kappa_upp), abs=0.01)


def test_kappa_by_hand_and_where_it_is_not_defined():
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, chance .5
    first = np.repeat([True, True, False, False], [20, 5, 10, 15])
    second = np.repeat([True, False, True, False], [20, 5, 10, 15])
    assert agreement.cohen_kappa(first, second).value == pytest.approx(0.4)
    assert np.isnan(agreement.cohen_kappa(np.ones(5, bool), np.ones(5, bool)).value)
    with pytest.raises(ValueError, match="no case"):
        agreement.cohen_kappa(np.array([], bool), np.array([], bool))


@pytest.mark.parametrize("seed", range(20))
def test_tau_b(seed):
    draw = np.random.default_rng(seed)
    first, second = draw.integers(0, 6, 12), draw.integers(0, 6, 12)
    assert agreement.kendall_tau_b(first, second) == pytest.approx(stats.kendalltau(first, second, variant="b").statistic, nan_ok=True)


def test_tau_b_of_one_order_its_reverse_and_none():
    assert agreement.kendall_tau_b([1, 2, 3], [4, 5, 9]) == 1
    assert agreement.kendall_tau_b([1, 2, 3], [9, 5, 4]) == -1
    assert np.isnan(agreement.kendall_tau_b([1, 1, 1], [1, 2, 3]))


def test_measures_of_a_confusion_by_hand():
    said = np.repeat([True, True, False, False], [20, 5, 10, 15])
    true = np.repeat([True, False, True, False], [20, 5, 10, 15])
    found = {name: interval.value for name, interval in agreement.classification(said, true).items()}
    expected = {"precision": 0.8, "recall": 2 / 3, "specificity": 0.75, "accuracy": 0.7, "f1": 40 / 55, "kappa": 0.4}
    assert found == pytest.approx(
        expected | {"balanced_accuracy": (2 / 3 + 0.75) / 2, "matthews": (20 * 15 - 5 * 10) / (25 * 25 * 30 * 20) ** 0.5}
    )


def test_intervals_hold_their_value_and_nothing_is_made_up(verdicts):
    scores, said, true = verdicts
    for name, found in agreement.classification(said, true, scores).items():
        if name != "calibration_expected":
            assert found.low <= found.value <= found.high, name
    nothing = agreement.classification(np.zeros(4, bool), np.array([True, False, True, False]))
    assert np.isnan(nothing["precision"].value)
    assert nothing["recall"].value == 0
    low, high = proportion_confint(int((said & true).sum()), int(said.sum()), method="wilson")
    precision = agreement.classification(said, true)["precision"]
    assert (precision.low, precision.high) == pytest.approx((low, high))


def test_auroc_is_the_share_of_pairs_in_order(verdicts):
    scores, _, true = verdicts
    pairs = np.sign(scores[true][:, None] - scores[~true][None, :])
    found = agreement.auroc(scores, true)
    assert found.value == pytest.approx(((pairs + 1) / 2).mean())
    whole = stats.mannwhitneyu(scores[true], scores[~true]).statistic / (true.sum() * (~true).sum())
    assert found.value == pytest.approx(whole)
    draw = np.random.default_rng(2)
    resampled = []
    for _ in range(400):
        one, other = draw.choice(scores[true], true.sum()), draw.choice(scores[~true], (~true).sum())
        resampled.append(((np.sign(one[:, None] - other[None, :]) + 1) / 2).mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.std(resampled), rel=0.15)
    assert np.isnan(agreement.auroc(scores, np.ones(len(scores), bool)).value)


def test_auroc_over_seeds_that_do_not_differ_has_the_interval_of_one(verdicts):
    scores, _, true = verdicts
    one, three = agreement.auroc(scores, true), agreement.auroc_over_seeds([scores] * 3, true)
    assert (three.value, three.low, three.high) == pytest.approx((one.value, one.low, one.high), abs=0.001)
    assert np.isnan(agreement.auroc_over_seeds([scores] * 2, np.ones(len(scores), bool)).value)
    assert agreement.auroc_over_seeds([scores[:9]] * 2, np.arange(9) == 4).low is None  # one YES case


@pytest.mark.parametrize(("skill", "ease"), [(0.02, 1.0), (0.2, 1.0), (0.2, 0.0)])
def test_auroc_over_seeds_and_cases_holds_the_truth_as_often_as_it_says(skill, ease):
    """Five seeds judge the same 200 cases, half of them true; a seed has its skill, and a case scores high or low with all of them."""
    draw, held = np.random.default_rng(7), []
    truth = stats.norm.expect(lambda z: stats.norm.cdf((1.2 + skill * z) / (2 * (1 + ease**2)) ** 0.5))
    for _ in range(400):
        true, high = draw.random(200) < 0.5, ease * draw.normal(size=200)
        found = agreement.auroc_over_seeds([true * (1.2 + skill * draw.normal()) + high + draw.normal(size=200) for _ in range(5)], true)
        held.append(found.low <= truth <= found.high)
    assert 92 <= 100 * np.mean(held) <= 98


def test_calibration_by_hand():
    scores = np.array([0.05, 0.05, 0.15, 0.95, 1.0])
    true = np.array([False, True, False, True, True])
    rows = agreement.reliability(scores, true)
    assert rows["n"].to_list() == [2, 1, 2]
    assert rows["low"].to_list() == pytest.approx([0, 0.1, 0.9])
    assert rows["mean_score"].to_list() == pytest.approx([0.05, 0.15, 0.975])
    assert rows["share_yes"].to_list() == [0.5, 0, 1]
    assert agreement.calibration_error(scores, true) == pytest.approx((2 * 0.45 + 1 * 0.15 + 2 * 0.025) / 5)
    assert agreement.calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0


def test_what_a_calibrated_judge_would_have_is_what_chance_gives():
    """Of n cases with score .5 the share of YES is off by sqrt(.25 / n) times sqrt(2 / pi) on average."""
    for count in (50, 400):  # one bin
        expected = (0.25 / count * 2 / np.pi) ** 0.5
        assert agreement.calibration_of_chance(np.full(count, 0.5)).mean() == pytest.approx(expected, rel=0.15)
    assert not agreement.calibration_of_chance(np.array([0.0, 1.0, 1.0])).any()
    scores = np.random.default_rng(3).random(600)
    found = agreement.calibration([scores], np.random.default_rng(4).random(600) < scores)
    assert found["calibration_error"].value == pytest.approx(found["calibration_expected"].value, rel=0.5)


@pytest.mark.parametrize("off", [0.0, 0.1, 0.25])
def test_the_interval_of_a_calibration_error_holds_what_the_critic_is_off_by(off):
    """YES is `off` less probable than the score says; of a calibrated critic the interval starts at 0, where its estimate never is.

    Of simulated intervals (100 of each) 97 to 99 % hold it.
    """
    draw, held = np.random.default_rng(5), []
    for _ in range(25):
        scores = draw.uniform(0.3, 1, 300)
        found = agreement.calibration([scores], draw.random(300) < scores - off)["calibration_error"]
        assert found.low <= found.value <= found.high
        held.append(found.low <= off <= found.high)
    assert sum(held) >= 23


def test_calibration_over_seeds_is_the_mean_of_seeds(verdicts):
    scores, _, true = verdicts
    seeds = [scores, np.clip(scores + 0.1, 0, 1), np.clip(scores - 0.1, 0, 1)]
    found = agreement.calibration(seeds, true)
    assert found["calibration_error"].value == pytest.approx(np.mean([agreement.calibration_error(one, true) for one in seeds]))
    assert found["calibration_error"].low < found["calibration_error"].value < found["calibration_error"].high
    expected = [agreement.calibration_of_chance(one).mean() for one in seeds]
    assert found["calibration_expected"].value == pytest.approx(np.mean(expected))


def test_threshold_curve_by_counting(verdicts):
    scores, _, true = verdicts
    for row in agreement.threshold_curve(scores, true, (0.1, 0.5, 0.7, 0.9, 0.95)).iter_rows(named=True):
        taken = [bool(yes) for score, yes in zip(scores, true, strict=True) if score >= row["threshold"]]
        assert (row["n"], row["accepted"]) == (400, len(taken))
        assert row["accepted_share"] == pytest.approx(len(taken) / 400)
        assert row["recall"] == pytest.approx(sum(taken) / true.sum())
        assert row["precision"] == (pytest.approx(sum(taken) / len(taken)) if taken else None)
    nothing = agreement.threshold_curve(np.array([0.2]), np.array([True]), [0.9])
    assert nothing["precision"].to_list() == [None]


def test_attacks_are_counted_by_kind_and_errors_left_out():
    row = dict.fromkeys(tables.CASES.columns, "")
    cases = pl.DataFrame(
        [row | {"case_id": str(number), "origin": origin, "variant": variant} for number, (origin, variant) in enumerate(
            [("attack", "yes"), ("attack", "yes"), ("attack", "stop"), ("near_miss", "digit"), ("attack", "stop")]
        )],
        schema=tables.CASES.schema,
    )  # fmt: skip
    said = [("correct", True), ("wrong", False), ("wrong", False), ("correct", True), ("infrastructure_error", False)]
    verdicts = pl.DataFrame(
        [(str(number), "critic_a", outcome, accepted, 0.5) for number, (outcome, accepted) in enumerate(said)],
        schema=tables.VERDICTS.schema,
        orient="row",
    )
    table = agreement.accepted_by(cases.filter(pl.col("origin") == "attack"), verdicts, ["judge", "variant"])
    assert table.select("variant", "n", "accepted", "share").rows() == [("stop", 1, 0, 0.0), ("yes", 2, 1, 0.5)]
    assert table["share_high"][0] > 0.5  # one attack proves little


def test_shares_that_do_not_vary_over_seeds_have_wilsons_interval_as_one_seed_has():
    """All that is accepted is true, for every seed; one seed accepts 50 cases, the others more."""
    true = np.arange(200) < 80
    said = [np.arange(200) < count for count in (50, 60, 70)]
    found = agreement.classification_over_seeds(said, true)
    assert (found["precision"].low, found["precision"].high) == pytest.approx(proportion_confint(50, 50, method="wilson"))
    assert (found["specificity"].low, found["specificity"].high) == pytest.approx(proportion_confint(120, 120, method="wilson"))
    assert found["recall"].low < found["recall"].value < found["recall"].high
    alike = agreement.classification_over_seeds([true] * 3, true)
    one = agreement.classification(true, true)
    for name in ("precision", "recall", "specificity", "accuracy", "kappa"):
        assert alike[name] == one[name], name
    nothing = agreement.classification_over_seeds([said[0], np.zeros(200, bool)], true)["precision"]
    assert np.isnan(nothing.value)


def test_a_kappa_of_one_has_the_lower_end_that_the_agreement_has():
    """Of 83 cases all agree, 40 are YES: Wilson's lower end is 83 of about 86.8."""
    first = np.arange(83) < 40
    agreed = proportion_confint(83, 83, method="wilson")[0]
    chance = (40 / 83) ** 2 + (43 / 83) ** 2
    found = agreement.cohen_kappa(first, first)
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx((agreed - chance) / (1 - chance))
    assert agreement.kappa_over_seeds([np.stack([first, first], axis=1)] * 3) == found
    other = agreement.kappa_over_seeds([np.stack([first, first != (np.arange(83) == seed)], axis=1) for seed in range(3)])
    assert other.value < 1
