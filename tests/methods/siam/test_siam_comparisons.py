"""What SIaM's report sets beside what: preferences of the same pairs, languages that a critic has not read, filters by their judges."""

import polars as pl
from support import siam_tree as tree

from mathcode.methods.siam import METHOD
from mathcode.methods.siam.report import arms, cards, evidence, judge_tables, lines
from mathcode.methods.siam.report.claims import NOT_TESTABLE
from mathcode.methods.siam.report.plan import Plan


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
