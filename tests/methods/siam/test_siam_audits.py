"""Who is trusted in SIaM's tables and who audits: verdicts that are none, and rules whose names look like a critic's."""

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint
from support import siam_tree as tree

from mathcode import paths
from mathcode.methods.siam import METHOD
from mathcode.methods.siam.report import arms, evidence, program_tables, responses, tables
from mathcode.methods.siam.tables import ACCEPTED
from mathcode.report.results import Results
from mathcode.tables import GRADES, OVERLAP_ITEMS

WITHOUT_VERDICT = {("start/tiny/seed1", "web1"): "web1-010", ("main/tiny/seed1/iter1", "web3"): "web3-001"}
"""The question on whose programs the grader broke, of what a policy wrote for a pool."""


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Results:
    """A run whose round 1 kept 40 programs, two of them without a verdict; one pair in six has none either."""
    root = tmp_path_factory.mktemp("audits")
    chosen = tree.plan(
        experiments={"main": "critic", "rule": "Math-Verify"},
        filters={"main": "cascade_main", "rule": "math_verify"},
        preferences={"dpo0": "DPO, lambda 0"},
    )
    run = tree.build(root, chosen)
    for (explorer, pool), query in WITHOUT_VERDICT.items():
        path, broken = run / paths.rollout_grades(explorer, "code", "oracle", pool), pl.col("query_id") == query
        outcome = pl.when(broken).then(pl.lit("infrastructure_error")).otherwise("outcome")
        GRADES.write(GRADES.read(path).with_columns(outcome=outcome, strict=pl.col("strict") & ~broken), path)
    return METHOD.report.results(run, tree.as_json(chosen), tree.benchmarks(root, chosen))


def first(rows: list[dict], **wanted) -> dict:
    return next(row for row in rows if wanted.items() <= row.items())


def test_kept_programs_without_a_verdict_are_neither_right_nor_wrong(results):
    row = first(program_tables.make_data(results), experiment="main", iteration=1)
    assert (row["kept"], row["audited"]) == (40, 38)
    assert row["audited_precision"] == pytest.approx(100 * 36 / 38, abs=0.01)
    same = first(tables.make_filter(results), experiment="main", iteration=1)
    assert (same["audited"], same["audited_precision"]) == (38, row["audited_precision"])


def test_programs_of_pairs_without_a_verdict_are_neither_right_nor_wrong(results):
    row = first(tables.make_alignment(results), preference="dpo0")
    assert (row["pairs"], row["chosen_right"], row["rejected_wrong"]) == (6, 100.0, 80.0)  # of five each; one rejected one is right


def test_a_rule_has_no_threshold_whatever_its_name(results):
    assert {row["judge"]: row["threshold"] for row in tables.make_filter(results)} == {"cascade_main": 0.5, "math_verify": None}


@pytest.mark.parametrize("asked", ["forms_tests", "gsm8k"], ids=["with parts", "without parts"])
def test_only_evaluated_items_count_as_contaminated(tmp_path, asked):
    """Of 20 items of a part, or of 40 of a benchmark, all overlap and the run asked half."""
    alone = {"experiments": {"main": "critic"}, "filters": {"main": "critic_main"}, "preferences": {}}
    chosen = tree.plan(benchmarks=[asked], **alone)
    run = tree.build(tmp_path, chosen)
    found = [{"dataset": "pool", "use": "sft", "benchmark": asked, "query_id": item} for item in tree.benchmark(asked)["query_id"]]
    OVERLAP_ITEMS.write(pl.DataFrame(found).with_columns(overlap=pl.lit("exact")), run / paths.overlap_items("sft", asked))
    for path in run.glob(f"**/eval/code/{asked}/*/grades.parquet"):
        GRADES.write(GRADES.read(path).filter(pl.col("query_id").str.slice(-2).cast(pl.Int32) % 2 == 0), path)
    results = METHOD.report.results(run, tree.as_json(chosen), tree.benchmarks(tmp_path, chosen))
    rows = tables.make_main(results)
    assert {(row["n"], row["contaminated"]) for row in rows} == {(10, 10) if asked == "forms_tests" else (20, 20)}


def test_a_share_that_is_the_same_for_all_seeds_has_wilsons_interval():
    found = evidence.share_of([np.ones(count, bool) for count in (40, 50, 60)])
    assert (found.value, found.low, found.high) == pytest.approx((1.0, *proportion_confint(40, 40, method="wilson")))
    varied = evidence.share_of([np.arange(40) < right for right in (30, 33, 36)])
    assert varied.low < 33 / 40 < varied.high


def test_the_page_of_responses_tells_programs_that_were_accepted_and_not_kept_from_refused_ones(results):
    """Of 50 questions the critic accepts both programs of questions 5 to 24; one of 5 and all of 24 were left out."""
    arm = arms.rounds(results.plan, "tiny", "main")[1]
    path = results.root / paths.of_policy(arm.policy(1), ACCEPTED.name)
    whole = ACCEPTED.read(path)
    left_out = (pl.col("query_id") == "web2-024") | ((pl.col("query_id") == "web2-005") & (pl.col("sample") == 1))
    ACCEPTED.write(whole.filter(~left_out), path)
    try:
        facts = responses._programs(results, arm, 1).facts
    finally:
        ACCEPTED.write(whole, path)
    said = dict(facts.select("query_id", "part").iter_rows())
    asked = ("web2-005", "web2-010", "web2-024", "web2-040")
    assert [said[query] for query in asked] == [f"{word} of web2" for word in ("kept", "kept", "accepted, not kept", "refused")]


def audited_by(folder, judge: str, **changes) -> Results:
    """A run whose first judge is this one, which graded every pool as the oracle did."""
    chosen = tree.plan(judges=[judge, "critic_main"], preferences={"dpo0": "DPO, lambda 0"}, **changes)
    run = tree.build(folder, chosen)
    return METHOD.report.results(run, tree.as_json(chosen), tree.benchmarks(folder, chosen))


@pytest.mark.parametrize("judge", ["exact", "oracle"])
def test_who_selects_audits_nothing(tmp_path, judge):
    """What the grader accepted it finds right, by construction: no number is told of it."""
    chosen = {"experiments": {"main": "critic", "rule": "rule"}, "filters": {"main": "critic_main", "rule": judge}}
    results = audited_by(tmp_path, judge, **chosen)
    for rows in (program_tables.make_data(results), tables.make_filter(results)):
        own, other = (first(rows, experiment=name, iteration=1) for name in ("rule", "main"))
        assert other["audited_precision"] is not None
        assert [own.get(column) for column in ("audited", "audited_precision", "audited_precision_low", "audited_recall")] == [None] * 4


@pytest.mark.parametrize(("judge", "wrong"), [("exact", None), ("oracle", 83.33)])
def test_rejected_programs_whose_numbers_differ_are_audited_by_an_oracle_alone(tmp_path, judge, wrong):
    row = first(tables.make_alignment(audited_by(tmp_path, judge, sure=["dpo0"])), preference="dpo0")
    assert (row["chosen_right"], row.get("rejected_wrong")) == (100.0, wrong)


def test_pairs_that_the_grader_made_are_not_audited(tmp_path):
    pairs = {str(paths.Policy("main", "tiny", 1, 1, "dpo0")): ["web3", "exact"]}
    row = first(tables.make_alignment(audited_by(tmp_path, "exact", pair_pools=pairs)), preference="dpo0")
    assert not {"chosen_right", "rejected_wrong"} & {*row}
