"""E-step: Eq. 7, Eq. 8, the reference strategy, and how sure they are."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy import integrate, stats
from statsmodels.stats.proportion import proportion_confint
from support.strategies import grade_rows, grades

import estimate_strategy
from mathcode import tables
from mathcode.measures import uncertainty
from mathcode.methods.autocode import estimation
from mathcode.methods.autocode.methodologies import PAPER
from mathcode.methods.autocode.settings import Estimate
from mathcode.methods.autocode.tables import Q_VALUES, REFERENCE_STRATEGY

HARD = Estimate(rule="prior_times_q", alpha="inf")
quick = hypothesis_settings(max_examples=40, deadline=None)

# Native: 1 of 4 chose code, 2 of 4 right. CoT: 1 of 2 right. Code: 3 of 4 right.
HABIT = [
    *[("q", "native", "cot", verdict) for verdict in (True, True, False)],
    ("q", "native", "code", False),
    *[("q", "cot", "cot", verdict) for verdict in (True, "no_answer")],
    *[("q", "code", "code", verdict) for verdict in (True, True, True, False)],
]


def q_values(*rows) -> dict:
    """The row of `q_values` of the single query in rows."""
    return estimation.estimate_q_values(grades(*rows)).row(0, named=True)


def strategy(rows, rule="prior_times_q", alpha="inf", seed=1, price=0.0) -> dict:
    estimate = Estimate(rule=rule, alpha=alpha, price=price)
    return estimation.reference_strategy(estimation.estimate_q_values(grades(*rows)), estimate, seed).row(0, named=True)


def test_prior_and_values_by_hand():
    row = q_values(*HABIT)
    assert (row["n_native"], row["n_cot"], row["n_code"]) == (4, 2, 4)
    assert (row["mean_native"], row["prior_code"], row["q_cot"], row["q_code"]) == (0.5, 0.25, 0.5, 0.75)


def test_an_infrastructure_error_is_no_evidence():
    errors = [("q", mode, methodology, "infrastructure_error") for mode in ("native", "cot", "code") for methodology in ("cot", "code")]
    assert q_values(*HABIT, *errors) == q_values(*HABIT)


def test_a_rollout_that_did_not_comply_is_no_sample_of_what_was_dictated():
    disobedient = [("q", "cot", "code", True)] * 5 + [("q", "code", "cot", False)] * 5
    assert q_values(*HABIT, *disobedient) == q_values(*HABIT)


def test_queries_without_a_label_are_told_apart():
    failed = [("f", mode, mode, False) for mode in ("cot", "code")] + [("f", "native", "cot", False)]
    native = [("n", "native", "cot", True)]
    for rows, told in (([*HABIT, *failed, *native], (1, 1)), (HABIT, (0, 0)), (failed, (1, 0)), (native, (0, 1))):
        frame = estimation.estimate_q_values(grades(*rows))
        assert estimation.without_label(frame, estimation.reference_strategy(frame, HARD, 1)) == told


def test_the_program_estimates_from_native_rollouts_alone(tmp_path):
    """As the baselines without exploration of their own have it: tables of the right form, and no label."""
    paths = [str(tmp_path / f"{name}.parquet") for name in ("grades", "q_values", "strategy")]
    tables.GRADES.write(grades(*[given for given in HABIT if given[1] == "native"]), paths[0])
    words = ["--grades", paths[0], "--out-q-values", paths[1], "--out-strategy", paths[2], "--seed", "1"]
    assert estimate_strategy.main([*words, "--settings", '{"rule": "prior_times_q", "alpha": "inf"}']) == 0
    assert Q_VALUES.read(paths[1])["n_native"].to_list() == [4]
    assert REFERENCE_STRATEGY.read(paths[2])["label"].to_list() == [None]


def test_a_query_without_evidence_keeps_its_row():
    frame = estimation.estimate_q_values(grades(*HABIT, ("z", "cot", "code", True), ("y", "native", "cot", "infrastructure_error")))
    assert frame["query_id"].to_list() == ["q", "y", "z"]
    for row in frame.rows(named=True)[1:]:
        assert {row[name] for name in ("n_native", "n_cot", "n_code")} == {0}
        assert {value for name, value in row.items() if name not in ("query_id", "n_native", "n_cot", "n_code")} == {None}
    assert estimation.reference_strategy(frame, HARD, 1)["label"].to_list() == ["cot", None, None]


def test_native_rollouts_alone_have_no_values_and_no_label():
    row = q_values(*[given for given in HABIT if given[1] == "native"])
    assert (row["n_native"], row["n_cot"], row["prior_code"]) == (4, 0, 0.25)
    assert (row["q_cot"], row["q_code"], row["q_code_low"], row["p_code_better"]) == (None, None, None, None)
    native = [given for given in HABIT if given[1] == "native"]
    for rule in ("prior_times_q", "q"):
        chosen = strategy(native, rule)
        assert (chosen["s_cot"], chosen["s_code"], chosen["label"], chosen["tie"]) == (None, None, None, False)


def test_the_two_rules_differ_where_the_policy_has_a_habit():
    # p Q: .75 x .5 = .375 for CoT, .25 x .75 = .1875 for code. Q: .5 against .75.
    habit, value = strategy(HABIT, "prior_times_q"), strategy(HABIT, "q")
    assert (habit["label"], habit["s_cot"], habit["s_code"], habit["tie"]) == ("cot", 1.0, 0.0, False)
    assert (value["label"], value["s_cot"], value["s_code"], value["tie"]) == ("code", 0.0, 1.0, False)
    assert (habit["rule"], habit["alpha"], value["rule"]) == ("prior_times_q", math.inf, "q")


def test_finite_alpha_by_hand():
    # exp(2 x .1875) / (exp(2 x .1875) + exp(2 x .375)) = 1.454991 / (1.454991 + 2.117000)
    assert strategy(HABIT, "prior_times_q", 2.0)["s_code"] == pytest.approx(0.407333, abs=1e-6)
    # exp(2 x .75) / (exp(2 x .75) + exp(2 x .5)) = 4.481689 / (4.481689 + 2.718282)
    assert strategy(HABIT, "q", 2.0)["s_code"] == pytest.approx(0.622459, abs=1e-6)


def test_a_price_is_paid_for_every_program_that_a_methodology_runs():
    # Code ran a program in each of its 4 rollouts. Q: .5 for CoT, .75 for code; level at a price of .25, where CoT is taken.
    assert q_values(*HABIT)["executions_cot"] == 0
    assert q_values(*HABIT)["executions_code"] == 1
    assert [strategy(HABIT, "q", price=price)["label"] for price in (0.0, 0.2, 0.25, 0.3)] == ["code", "code", "cot", "cot"]
    # exp(2 x (.75 - .1)) / (exp(2 x (.75 - .1)) + exp(2 x .5)) = 3.669297 / (3.669297 + 2.718282)
    assert strategy(HABIT, "q", 2.0, price=0.1)["s_code"] == pytest.approx(0.574443, abs=1e-6)
    # p (Q - price): .75 x .5 for CoT; a native policy that writes code in 3 of 4: .75 x (.75 - price) against .25 x .5
    turned = [
        (query, mode, {"cot": "code", "code": "cot"}[how] if mode == "native" else how, verdict) for query, mode, how, verdict in HABIT
    ]
    assert [strategy(turned, price=price)["label"] for price in (0.0, 0.5, 0.6)] == ["code", "code", "cot"]


def test_a_price_takes_no_label_away():
    right = [("q", "native", "code", True), ("q", "cot", "cot", False), ("q", "code", "code", True)]
    assert strategy(right, "q", price=0.9)["label"] == "code"
    assert strategy(right, "q", price=1.5)["label"] == "cot", "a price above the reward itself says: never"


@quick
@given(grade_rows(), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_price_never_brings_more_code(rows, one, other):
    values = estimation.estimate_q_values(grades(*rows))
    low, high = (
        (estimation.reference_strategy(values, Estimate(rule="q", alpha="inf", price=price), 1)["label"] == "code").fill_null(False)
        for price in sorted((one, other))
    )
    assert (low | ~high).all()


def test_ties_go_to_cot():
    tie = [("q", "native", "code", True), ("q", "native", "cot", True), ("q", "cot", "cot", True), ("q", "code", "code", True)]
    for rule in ("prior_times_q", "q"):
        chosen = strategy(tie, rule)
        assert (chosen["label"], chosen["s_cot"], chosen["tie"]) == ("cot", 1.0, True)
        assert strategy(tie, rule, 3.0)["s_cot"] == 0.5


def test_a_tie_is_one_whatever_its_floats():
    """(1 - 1/3) x 1/3 and 1/3 x 2/3: the same, and not the same floats."""
    rows = [("q", "native", name, True) for name in ("code", "cot", "cot")]
    rows += [("q", "cot", "cot", verdict) for verdict in (True, False, False)] + [
        ("q", "code", "code", verdict) for verdict in (True, True, False)
    ]
    chosen = strategy(rows)
    assert (1 - 1 / 3) * (1 / 3) != (1 / 3) * (2 / 3)
    assert (chosen["label"], chosen["tie"]) == ("code", True)


@pytest.mark.parametrize(
    ("cot", "code", "programs", "price"),
    [((3, 10), (4, 10), 2, 0.05), ((0, 10), (3, 10), 3, 0.1), ((7, 10), (9, 10), 1, 0.2)],
)
def test_a_tie_after_the_price_of_programs_goes_to_cot(cot, code, programs, price):
    """0.4 - 2 x 0.05 is 0.3, and 0.3 - 3 x 0.1 is 0, whatever their floats."""
    values = {f"{what}_{name}": value for name, (yes, n) in (("cot", cot), ("code", code)) for what, value in (("n", n), ("q", yes / n))}
    frame = pl.DataFrame(
        [{"query_id": "q", "n_native": 4, "prior_code": 0.5, "executions_cot": 0.0, "executions_code": programs, **values}]
    )
    chosen = estimation.reference_strategy(frame, Estimate(rule="q", alpha="inf", price=price), 1).row(0, named=True)
    assert (chosen["label"], chosen["tie"], chosen["s_cot"], chosen["s_code"]) == ("cot", True, 1.0, 0.0)


def test_at_a_tie_of_the_products_the_only_methodology_that_is_right_is_taken():
    # A policy that only writes code, and is never right with it: both products are 0, CoT has a value; and the other way round.
    for habit, other in (("code", "cot"), ("cot", "code")):
        stuck = [("q", "native", habit, False), ("q", other, other, True), ("q", habit, habit, False)]
        assert (strategy(stuck)["label"], strategy(stuck)["tie"]) == (other, True)
    assert strategy(stuck, "prior_times_q", 3.0)["s_code"] == 0.5


def test_a_query_nobody_answers_has_no_preference():
    lost = [("q", "native", "code", True), ("q", "cot", "cot", False), ("q", "code", "code", False)]
    for rule in ("prior_times_q", "q"):
        assert strategy(lost, rule)["label"] is None
    half = [("q", "native", "code", True), ("q", "code", "code", True)]
    assert strategy(half, "q")["label"] is None


def test_labels_are_drawn_from_the_strategy_by_query_and_seed():
    rows = [(f"q{number}", *row[1:]) for number in range(200) for row in HABIT]
    soft = Estimate(rule="q", alpha=2.0)
    values = estimation.estimate_q_values(grades(*rows))
    labels = estimation.reference_strategy(values, soft, 1).select("query_id", "label")
    assert 100 < (labels["label"] == "code").sum() < 150  # 200 draws with probability .62
    assert estimation.reference_strategy(values.reverse(), soft, 1).select("query_id", "label").equals(labels)
    alone = estimation.reference_strategy(values.filter(pl.col("query_id") == "q7"), soft, 1)["label"].item()
    assert alone == labels.filter(pl.col("query_id") == "q7")["label"].item()
    assert not estimation.reference_strategy(values, soft, 2).select("query_id", "label").equals(labels)


def test_jeffreys_interval_is_statsmodels_away_from_the_edges():
    pairs = [(k, n) for n in (2, 5, 8, 30) for k in range(1, n)]
    low, high = uncertainty.jeffreys_interval(*map(np.array, zip(*pairs, strict=True)))
    expected = [proportion_confint(k, n, alpha=0.05, method="jeffreys") for k, n in pairs]
    np.testing.assert_allclose(np.stack([low, high], axis=1), expected, rtol=1e-9)
    np.testing.assert_allclose(
        np.ravel(uncertainty.jeffreys_interval(np.array([3]), np.array([7]), level=0.5)), proportion_confint(3, 7, 0.5, "jeffreys")
    )


def test_jeffreys_interval_reaches_the_edges():
    low, high = uncertainty.jeffreys_interval(np.array([0, 5]), np.array([5, 5]))
    assert (low[0], high[1]) == (0.0, 1.0)
    assert high[0] == pytest.approx(1 - low[1])
    assert high[0] == pytest.approx(0.379377, abs=1e-6)  # 97.5 % quantile of Beta(1/2, 11/2)


@pytest.mark.parametrize(("code", "cot"), [((3, 4), (1, 4)), ((0, 8), (8, 8)), ((5, 8), (4, 8)), ((1, 1), (0, 1)), ((40, 90), (30, 70))])
def test_probability_that_code_is_better_is_the_integral(code, cot):
    a, b = (stats.beta(k + 0.5, n - k + 0.5) for k, n in (code, cot))
    # P(code > cot) = E of cot's distribution function under code, over quantiles: no singularity at the edges
    expected, _ = integrate.quad(lambda u: b.cdf(a.ppf(u)), 0, 1, limit=200)
    assert uncertainty.probability_code_better(code, cot) == pytest.approx(expected, abs=1e-4)
    draws = np.random.default_rng(0)
    simulated = (a.rvs(20_000, random_state=draws) > b.rvs(20_000, random_state=draws)).mean()
    assert uncertainty.probability_code_better(code, cot) == pytest.approx(simulated, abs=0.015)


def test_probability_that_code_is_better_is_symmetric():
    assert uncertainty.probability_code_better((3, 8), (3, 8)) == pytest.approx(0.5, abs=1e-4)
    there, back = uncertainty.probability_code_better((5, 8), (2, 6)), uncertainty.probability_code_better((2, 6), (5, 8))
    assert there + back == pytest.approx(1, abs=1e-4)


@quick
@given(grade_rows())
def test_values_are_probabilities_inside_their_intervals(rows):
    frame = estimation.estimate_q_values(grades(*rows))
    assert frame.schema == Q_VALUES.schema
    assert set(frame["query_id"]) == {row[0] for row in rows}
    for row in frame.iter_rows(named=True):
        for mode in PAPER:
            assert (row[f"q_{mode}"] is None) == (row[f"n_{mode}"] == 0)
            if row[f"n_{mode}"]:
                assert 0 <= row[f"q_{mode}_low"] <= row[f"q_{mode}"] <= row[f"q_{mode}_high"] <= 1
        assert row["prior_code"] is None or 0 <= row["prior_code"] <= 1
        assert (row["p_code_better"] is None) == (row["n_cot"] == 0 or row["n_code"] == 0)
        assert row["p_code_better"] is None or 0 <= row["p_code_better"] <= 1


@quick
@given(grade_rows(), st.randoms(use_true_random=False), st.sampled_from(["prior_times_q", "q"]), st.sampled_from([0.5, 7.0, "inf"]))
def test_the_reference_strategy_is_a_distribution_and_independent_of_row_order(rows, random, rule, alpha):
    estimate = Estimate(rule=rule, alpha=alpha)
    frame = grades(*rows)
    values = estimation.estimate_q_values(frame)
    chosen = estimation.reference_strategy(values, estimate, 3)
    assert chosen.schema == REFERENCE_STRATEGY.schema
    labelled = chosen.filter(pl.col("label").is_not_null())
    assert ((labelled["s_cot"] + labelled["s_code"] - 1).abs() < 1e-12).all()
    assert labelled["s_code"].is_between(0, 1).all()
    assert chosen.filter(pl.col("label").is_null())["s_code"].is_null().all()
    order = random.sample(range(len(frame)), len(frame))
    shuffled = estimation.estimate_q_values(frame[order])
    assert shuffled.equals(values)
    assert estimation.reference_strategy(shuffled, estimate, 3).equals(chosen)


SCORES = st.integers(0, 40).map(lambda number: number / 40)


@given(SCORES, SCORES)
def test_the_softmax_tends_to_the_hard_max_as_alpha_grows(cot, code):
    scores = {"cot": cot, "code": code}
    hard = estimation.shares(scores, math.inf)["code"]
    softer = [estimation.shares(scores, alpha)["code"] for alpha in (0.1, 1.0, 10.0, 1e3, 1e9)]
    assert hard == float(code > cot)
    if cot == code:
        assert softer == [0.5] * 5
    else:
        distances = [abs(value - hard) for value in softer]
        assert distances == sorted(distances, reverse=True)
        assert distances[0] < 0.5
        assert distances[-2] < 1e-6


@given(SCORES, SCORES, st.floats(0.01, 100))
def test_the_softmax_is_symmetric(cot, code, alpha):
    there, back = estimation.shares({"cot": cot, "code": code}, alpha), estimation.shares({"cot": code, "code": cot}, alpha)
    assert there["code"] + back["code"] == pytest.approx(1)
