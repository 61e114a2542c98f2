"""What is measured where a run is small or broken: too few items, no program to save, families and seeds that differ."""

import numpy as np
import polars as pl
import pytest
from support import results_tree as tree

from mathcode import paths
from mathcode.measures.uncertainty import Interval, wilson_interval
from mathcode.methods.autocode import METHOD, selection
from mathcode.methods.autocode.report import claims, comparisons, tables
from mathcode.methods.autocode.report.columns import COLUMNS
from mathcode.methods.autocode.tables import Q_VALUES
from mathcode.report import effects, rows, verdicts
from mathcode.report.effects import Compared
from mathcode.report.results import EXPLORED, Arm, Results


def built(folder, **changes) -> Results:
    chosen = tree.plan(**changes)
    return METHOD.report.results(tree.build(folder, chosen), tree.as_json(chosen))


def cells_are(found: Results, cells: list) -> None:
    """Let every paired comparison be of these: for each seed an array of shape (items, evaluations)."""
    found.paired = lambda terms, benchmark, column="strict", items=None: [np.array(seed, dtype=float) for seed in cells]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return built(tmp_path_factory.mktemp("run"))


def test_verdicts_all_alike_have_wilsons_interval_as_if_there_were_one_seed():
    assert effects.share([np.zeros(30)] * 3) == wilson_interval(0, 30)
    assert effects.share([np.ones(30)] * 3) == wilson_interval(30, 30)
    assert effects.share([np.ones(1), np.zeros(1)]) == wilson_interval(0.5, 1)


def test_gain_is_over_the_mode_that_is_better_over_all_seeds(finished):
    auto, cot, code = [1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 0, 0]
    cells_are(finished, [np.transpose([auto, cot, code]), np.transpose([auto, [1, 1, 1, 0], code])])
    assert comparisons.gain(finished, "qwen2math", "math").effect.value == pytest.approx(0.25)  # 75 % against 50 %: code and CoT are level
    cells_are(finished, [np.transpose([auto, cot, code])] * 2)
    assert comparisons.gain(finished, "qwen2math", "math").effect.value == pytest.approx(0.25)
    cells_are(finished, [np.transpose([cot, code, code])])
    lost = comparisons.gain(finished, "qwen2math", "math")
    assert lost.effect.value == -0.25
    assert lost.p_value == 1.0  # one item differs


@pytest.mark.parametrize("seeds", [1, 3])
def test_all_saved_is_as_sure_as_there_are_items(finished, seeds):
    few = np.zeros((20, 2))
    few[:2, 1] = 1  # two programs on twenty items are nothing to save
    cells_are(finished, [few] * seeds)
    made = comparisons.executions_saved(finished, "qwen2math", "math")
    assert made.effect.value == 1.0
    assert made.effect.low < 0
    assert made.p_value == 0.5
    cells_are(finished, [np.tile([0, 1], (500, 1))] * seeds)
    made = comparisons.executions_saved(finished, "qwen2math", "math")
    assert 0.99 < made.effect.low < 1
    assert made.p_value < 1e-9


def test_where_a_seed_has_no_program_to_save_nothing_is_measured(finished):
    cells_are(finished, [np.tile([1, 1], (20, 1)), np.tile([1, 0], (20, 1))])
    assert comparisons.executions_saved(finished, "qwen2math", "math") == Compared(None, None, 20)
    (row,) = [one for one in verdicts.assess(finished, claims.CLAIMS) if one["name"] == "executions" and one["benchmark"] == "math"]
    assert (row["verdict"], row["interval"], row["adjusted_p"]) == ("not resolved", None, None)


@pytest.mark.parametrize(
    ("effect", "p_value", "verdict"),
    [
        (Interval(0.02, 0.01, 0.04), 0.125, "not resolved"),  # the exact test does not agree with the bootstrap
        (Interval(0.02, 0.01, 0.04), 0.04, "supported"),
        (Interval(-0.02, -0.04, -0.01), 0.04, "contradicted"),
        (Interval(0.02, 0.01, 0.04), None, "supported"),
        (Interval(0.02), 0.01, "not resolved"),
        (None, None, "not resolved"),
    ],
)
def test_a_verdict_takes_interval_and_test(finished, effect, p_value, verdict):
    claim = verdicts.Claim("x", "x", frozenset(), lambda *_: Compared(effect, p_value, 5), verdicts.above_zero)
    assert verdicts._measured(finished, "qwen2math", "math", claim)["verdict"] == verdict


def test_choices_of_code_are_those_of_all_ways_to_take_k_rollouts():
    values = pl.DataFrame({"n_native": [4, 8, 2, 0], "prior_code": [0.5, 0.25, 0.5, None]})
    assert selection.choices_of_code(values, 4) == pytest.approx(np.array([[0, 0, 1, 0, 0], [15 / 70, 2 * 20 / 70, 15 / 70, 0, 0]]))
    assert selection.choices_of_code(values, 9).shape == (0, 10)


def test_one_choice_is_that_all_of_k_rollouts_are_alike_whatever_the_methodology():
    two = pl.DataFrame({"n_native": [4, 8, 2, 0], "prior_code": [0.5, 0.25, 0.5, None]})
    edges = selection.choices_of_code(two, 4)[:, [0, 4]].sum(axis=1)
    assert selection.one_choice(two, ["cot", "code"], 4) == pytest.approx(edges)
    three = pl.DataFrame({"n_native": [8, 8], "prior_code": [0.0, 0.5], "prior_sketch": [0.5, 0.5]})  # four by CoT, four by a sketch
    assert selection.one_choice(three, ["cot", "code", "sketch"], 8) == pytest.approx([0, 0])
    assert selection.one_choice(three, ["cot", "code", "sketch"], 4) == pytest.approx([2 / 70, 2 / 70])


def test_polarisation_is_compared_by_equally_many_rollouts(finished):
    assert comparisons.fewest_native(finished) == tree.SAMPLES
    rival = Arm("standard_rl_equal_rollouts", "qwen2math", 1)
    assert finished.table(rival, 1, Q_VALUES)["n_native"].max() == 3 * tree.SAMPLES
    (values,) = comparisons.native_rollouts(finished, rival)
    choices = selection.choices_of_code(values, tree.SAMPLES)
    assert choices.shape == (50, tree.SAMPLES + 1)
    assert choices.sum(axis=1) == pytest.approx(1)


def test_a_family_without_sft_saw_no_sft_data(tmp_path):
    families = {name: {"label": name, "published": {}, "precondition": name} for name in ("sft", "none")}
    found = built(tmp_path, families=families, benchmarks=["math"])
    assert found.contaminated_items("sft", "math") == {"math-000", "math-001", "math-002"}
    assert found.contaminated_items("none", "math") == {"math-002"}
    main = rows.tabulate(found, METHOD.tables)["main"]
    assert dict(main.group_by("family").agg(pl.col("contaminated").unique().first()).iter_rows()) == {"sft": 3, "none": 1}
    assert dict(main.group_by("family").agg(pl.col("clean_n").first()).iter_rows()) == {"sft": 37, "none": 39}


def test_seeds_explore_queries_of_their_own(tmp_path):
    found = built(tmp_path, seeds=[1, 40], benchmarks=["math"])
    explored = rows.tabulate(found, METHOD.tables)["samples"].filter(benchmark=EXPLORED)
    assert set(explored["queries"]) == {40}  # twenty a seed, none in common
    assert explored["pass_at_k"].null_count() == 0
    assert not explored["pass_at_k"].is_nan().any()


def test_queries_that_were_explored_until_decided_are_compared_by_the_rollouts_that_all_have(tmp_path):
    """pass@k at more of them would be that of the queries that took longest."""
    found = built(tmp_path, benchmarks=["math"], adaptive={"certainty": 0.9, "first": 2})
    assert comparisons.fewest_native(found) == 2
    samples = rows.tabulate(found, METHOD.tables)["samples"]
    (values,) = comparisons.native_rollouts(found, Arm("main", "qwen2math", 1))
    assert set(values["n_native"]) == {2}  # with those that were added until a label was decided, choices would look more decided
    assert comparisons.native_rollouts(found, Arm("standard_rl", "qwen2math", 2)) == []
    assert samples.filter(benchmark=EXPLORED)["k"].max() == 2 < samples.filter(pl.col("benchmark") != EXPLORED)["k"].max()


def test_samples_that_count_on_from_the_iteration_before_have_first_ones_too(tmp_path):
    """`explore.fresh_queries: false`: indices of the rollouts of main's first policy begin at K."""
    found = built(tmp_path, benchmarks=["math"], adaptive={"certainty": 0.9, "first": 2})
    before = rows.tabulate(found, METHOD.tables)
    for mode in ("native", "cot", "code"):
        path = found.root / paths.rollout_grades("main/qwen2math/seed1/iter1", mode, "exact")
        tree.write(pl.read_parquet(path).with_columns(pl.col("sample") + tree.SAMPLES).to_dicts(), path, "grades")
    after = rows.tabulate(found, METHOD.tables)
    assert [after[name].equals(before[name]) for name in ("samples", "regimes")] == [True, True]
    assert after["samples"].filter(benchmark=EXPLORED, experiment="main").height > 0


def test_a_query_without_any_verdict_is_left_out_and_counted(tmp_path):
    found = built(tmp_path, benchmarks=["math"])
    path = found.root / paths.response_grades("start/qwen2math/seed1", "code_sampled", "math", "exact")
    broken = pl.when(pl.col("query_id") == "math-000").then(pl.lit("infrastructure_error")).otherwise("outcome")
    tree.write(pl.read_parquet(path).with_columns(outcome=broken).to_dicts(), path, "grades")
    made = tables.make_samples(found)
    told = [row for row in made if (row["experiment"], row["mode"], row["benchmark"]) == ("start", "code", "math")]
    assert {(row["queries"], row["left_out"]) for row in told} == {(39, 1)}


def test_families_that_lack_different_items_are_drawn_together(tmp_path):
    families = {name: {"label": name, "published": {}} for name in ("a", "b")}
    found = built(tmp_path, families=families, benchmarks=["math"])
    path = found.root / paths.response_grades("start/b/seed1", "auto", "math", "exact")
    graded = pl.read_parquet(path).to_dicts()
    tree.write([row | ({"outcome": "infrastructure_error"} if n == 0 else {}) for n, row in enumerate(graded)], path, "grades")
    tree.score(tmp_path, found.root, path, "math", {"families": families})
    for name in ("iterations", "programs"):
        texts = [axis.get_title(loc="left") for axis in METHOD.item("figure", name).load()(found, "test").axes]
        assert [text for text in texts if "n=39-40" in text], texts


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [("accuracy", 12.345, "12.3"), ("n", 5, "5"), ("difference_p", 0.00062, "0.00062"), ("adjusted_p", 7.6e-6, "7.6e-06"),
     ("executions_per_response", 0.04, "0.04")],
)  # fmt: skip
def test_digits_of_a_column(column, value, shown):
    assert COLUMNS.digits(column, value, 1) == shown
