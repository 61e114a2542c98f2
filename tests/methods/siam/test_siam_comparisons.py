"""What SIaM's report sets beside what: preferences of the same pairs, languages that a critic has not read, filters by their judges."""

import polars as pl
import pytest
from support import siam_tree as tree

from mathcode.methods.siam import METHOD
from mathcode.methods.siam.report import arms, cards, evidence, figures, judge_tables, lines
from mathcode.methods.siam.report.claims import NOT_TESTABLE
from mathcode.methods.siam.report.plan import Plan
from mathcode.tables import QUERIES


def test_preferences_are_compared_with_those_of_the_same_pairs():
    """Another choice of pairs moves lengths by itself, and SFT on other chosen programs is no control."""
    plan = Plan(**tree.plan(pairings={"dpo0": "longest", "dpo1": "shortest", "orpo": "shortest", "chosen": "shortest"}))
    line = {arm.preference: arm for arm in arms.aligned(plan, "tiny")}
    assert arms.control(plan, line["dpo1"]) == arms.control(plan, line["orpo"]) == line["chosen"]
    assert arms.control(plan, line["dpo0"]) is None
    assert arms.paired_alike(plan, line["dpo0"], list(line.values())) == [line["dpo0"]]
    assert arms.paired_alike(plan, line["dpo1"], [line["orpo"], line["dpo0"]]) == [line["orpo"]]


def test_a_critic_that_read_words_of_both_languages_tests_none(tmp_path):
    alone = {"experiments": {"main": "critic"}, "filters": {"main": "critic_main"}, "preferences": {}}
    chosen = tree.plan(case_sets={"zh": "both languages"}, **alone)
    run = tree.build(tmp_path, chosen)
    results = METHOD.report.results(run, tree.as_json(chosen), tree.benchmarks(tmp_path, chosen))
    assert evidence.learned_languages(results, "main") == ["en"]
    assert lines._serves_other_language(results, "tiny") is not None
    tree.taught(run, "main", 1, ["1", "答案是三十五。"])
    assert evidence.learned_languages(results, "main") == ["en", "zh"]
    assert lines._serves_other_language(results, "tiny") is None
    assert {row["verdict"] for row in judge_tables.make_crosslingual(results)} == {NOT_TESTABLE}


def test_the_page_names_who_filters():
    assert [cards._called(judge) for judge in ("critic_main", "exact", "numeric")] == ["the critic", "a strict rule", "the judge numeric"]
    rows = [{"judge": judge, "difference_from_main": 1.0} for judge in ("critic_main", "cascade_main", "oracle", "executes", "numeric")]
    table = pl.DataFrame([row | {"iteration": 2, "part": "outside", "benchmark": "forms_tests"} for row in rows])
    assert [row["judge"] for row in cards._rules({"filter": table}, Plan(**tree.plan()))] == ["numeric"]
    assert [cards._signed(value) for value in (-0.0, -0.04, 0.3)] == ["0.0 points", "0.0 points", "+0.3 points"]


@pytest.mark.parametrize(
    ("gold", "values", "refused"),
    [
        ("thirty-five", "35", False),  # no single number to the lenient rule, and read by the strict one
        ("seven and forty-four", "7, 44", False),
        ("190 m", "190", True),  # metres, or a factor
        ("35", "36", True),
        ("Tuesday", None, False),
        ("x+", None, True),
    ],
)
def test_a_reference_is_free_form_where_the_strict_rule_refuses_it(gold, values, refused):
    assert figures._refused(gold, values) is refused


def test_gains_stand_at_the_share_of_references_that_the_strict_rule_refuses(tmp_path):
    """Of twenty clock questions ten have a reference that it cannot read; `two hours`, which is no single number, it reads."""
    chosen = tree.plan(experiments={"main": "critic"}, filters={"main": "critic_main"}, preferences={})
    run = tree.build(tmp_path, chosen)
    items = tree.benchmark("forms_tests")
    unread = (pl.col("type") == "clock") & (pl.col("level") == "outside") & (pl.col("query_id") < "outside-10")
    changed = items.with_columns(gold=pl.when(unread).then(pl.lit("x+")).otherwise("gold"))
    QUERIES.write(changed, tmp_path / "data" / "benchmarks" / "forms_tests.parquet")
    results = METHOD.report.results(run, tree.as_json(chosen), tree.benchmarks(tmp_path, chosen))
    assert {place.part: share for share, place in figures._kinds(results, "forms_tests")} == {
        "bill": 0.0,
        "left": 0.0,
        "clock": 50.0,
        "fence": 0.0,
    }
