"""Runs and policies held against each other: the numbers by hand, what is paired with what, and what a reader sees."""

import json
from pathlib import Path

import polars as pl
import pytest
from support import results_tree as tree
from support.pages import chromium, cut_off, looked_at

import compare_runs
from mathcode import paths, tables
from mathcode.core.errors import InputError
from mathcode.measures import uncertainty
from mathcode.report import comparison

PLACE = ("auto", "gsm8k", "exact")


def graded(
    folder: Path, right: str, policy: str = "main/tiny/seed1/iter1", code: str = "", samples: int = 1, grader: str = "exact-1", place=PLACE
) -> Path:
    """Grades of a policy: a letter an item, 1 right, 0 wrong, x broken; `code` alike: a program ran."""
    rows = []
    for number, letter in enumerate(right):
        for sample in range(samples):
            row = tree.grade(f"q{number:02d}", "auto", "code" if code[number : number + 1] == "1" else "cot", letter == "1", sample=sample)
            row["grader"] = grader
            rows.append(row | ({"outcome": "infrastructure_error"} if letter == "x" else {}))
    tables.GRADES.write(tree.grades(rows), folder / paths.response_grades(policy, *place).removeprefix("/"))
    return folder


def policies(one: Path, other: Path) -> dict:
    rows = comparison.compare({"one": one, "other": other})["policies"]
    assert rows.height == 1
    return rows.row(0, named=True)


def test_a_difference_is_that_of_the_items_both_have(tmp_path):
    one = graded(tmp_path / "one", "1100110011x1", code="1111000000")
    other = graded(tmp_path / "other", "1110111011110", code="1000000000")
    row = policies(one, other)
    assert (row["n"], row["seeds"]) == (11, 1)  # without the item that broke, and the one that the first lacks
    assert (row["accuracy_first"], row["accuracy"], row["gained"], row["lost"]) == (63.64, 81.82, 2.0, 0.0)
    assert row["difference"] == 18.18
    assert row["difference_low"] <= 18.18 <= row["difference_high"]
    assert (row["code_first"], row["code"], row["code_difference"]) == (36.36, 9.09, -27.27)
    assert row["p_value"] == row["adjusted_p"] == 0.5  # two of two pairs differ one way


def test_turned_round_it_is_the_opposite(tmp_path):
    one, other = graded(tmp_path / "one", "1100110011" * 4), graded(tmp_path / "other", "1110101011" * 4)
    there, back = policies(one, other), policies(other, one)
    assert there["difference"] == -back["difference"]
    assert (there["gained"], there["lost"]) == (back["lost"], back["gained"])
    assert there["p_value"] == back["p_value"]


def test_seeds_are_paired_with_themselves_and_else_in_their_order(tmp_path):
    right = {1: "11110000", 2: "11000000", 3: "11111100"}
    for seed in (1, 2):
        graded(tmp_path / "one", right[seed], f"main/tiny/seed{seed}/iter1")
    for seed in (3, 2):
        graded(tmp_path / "same", right[seed], f"main/tiny/seed{seed}/iter1")
    for seed, of in ((7, 3), (9, 1)):
        graded(tmp_path / "fresh", right[of], f"main/tiny/seed{seed}/iter1")
    shared = policies(tmp_path / "one", tmp_path / "same")
    assert (shared["seeds"], shared["difference"]) == (1, 0.0)
    fresh = policies(tmp_path / "one", tmp_path / "fresh")
    assert (fresh["seeds"], fresh["difference"], fresh["gained"], fresh["lost"]) == (2, 25.0, 2.0, 0.0)


def test_several_samples_of_an_item_are_one_item(tmp_path):
    row = policies(graded(tmp_path / "one", "1100", samples=3), graded(tmp_path / "other", "1110", samples=5))
    assert (row["n"], row["accuracy_first"], row["accuracy"], row["gained"]) == (4, 50.0, 75.0, 1.0)


def test_two_policies_are_compared_whatever_they_are_called(tmp_path):
    run = graded(graded(tmp_path / "run", "1100"), "1000", "start/tiny/seed1")
    row = policies(run / "start/tiny/seed1", run / "main/tiny/seed1/iter1")
    assert (row["policy"], row["accuracy_first"], row["accuracy"]) == ("", 25.0, 50.0)


def test_nothing_in_common_is_said(tmp_path):
    one, other = graded(tmp_path / "one", "11"), graded(tmp_path / "other", "11", "exact/tiny/seed1/iter1")
    with pytest.raises(comparison.ComparisonError, match="have no policy, mode, benchmark and judge in common"):
        comparison.compare({"one": one, "other": other})
    (tmp_path / "empty").mkdir()
    with pytest.raises(comparison.ComparisonError, match="empty: no graded evaluation"):
        comparison.compare({"one": one, "empty": tmp_path / "empty"})


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("0" * 40, "1" * 40, "1 are better and 0 worse"),  # nothing varies, so the difference has no interval
        ("1" * 40, "0" * 40, "0 are better and 1 worse"),
        ("00000000", "11100000", "0 are better and 0 worse"),  # p = 0.25
    ],
)
def test_the_first_sentence_counts_what_a_test_tells(tmp_path, one, other, said):
    folders = {"one": graded(tmp_path / "one", one), "other": graded(tmp_path / "other", other)}
    assert said in comparison.render(comparison.compare(folders), list(folders))


def test_a_policy_that_was_aligned_too_is_itself_alone(tmp_path):
    for run, right in (("one", "1100"), ("other", "1110")):
        graded(graded(tmp_path / run, right), "0000", "main/tiny/seed1/iter1/dpo_1")
    row = policies(tmp_path / "one/main/tiny/seed1/iter1", tmp_path / "other/main/tiny/seed1/iter1")
    assert (row["policy"], row["accuracy_first"], row["accuracy"]) == ("", 50.0, 75.0)
    assert comparison.compare({run: tmp_path / run for run in ("one", "other")})["policies"].height == 2


@pytest.mark.parametrize(
    ("place", "words"), [("one/main", "is no policy; name results/RUN, or results/RUN/POLICY"), ("nowhere", "nowhere: no such folder")]
)
def test_folders_of_neither_are_refused(tmp_path, place, words):
    graded(tmp_path / "one", "1100")
    with pytest.raises(comparison.ComparisonError, match=words):
        comparison.compare({"one": tmp_path / "one", "other": tmp_path / place})


def test_what_is_left_out_and_what_differs_in_silence_is_said(tmp_path):
    for seed in (1, 2, 3):
        graded(tmp_path / "one", "1100", f"main/tiny/seed{seed}/iter1")
    for seed in (3, 4):
        graded(tmp_path / "other", "1110", f"main/tiny/seed{seed}/iter1", grader="exact-2")
    found = comparison.compare({"one": tmp_path / "one", "other": tmp_path / "other"})
    assert found["policies"].select("seeds", "seeds_left_out", "graders").row(0) == (1, 3, "exact-1, exact-2")
    page = comparison.render(found, ["one", "other"])
    assert "3 evaluations have no partner of their seed" in page
    assert "Different versions of a judge" in page


def test_runs_that_share_no_item_are_refused(tmp_path):
    one, other = graded(tmp_path / "one", "11"), graded(tmp_path / "other", "11")
    path = other / "main/tiny/seed1/iter1/eval/auto/gsm8k/exact/grades.parquet"
    tables.GRADES.write(tables.GRADES.read(path).with_columns(query_id=pl.lit("x") + pl.col("query_id")), path)
    with pytest.raises(comparison.ComparisonError, match="no item in common"):
        comparison.compare({"one": one, "other": other})


def test_settings_of_every_seed_are_looked_at(tmp_path):
    for run, rates in (("one", (1, 1)), ("other", (1, 2))):
        for seed, rate in enumerate(rates, 1):
            graded(tmp_path / run, "1100", f"main/tiny/seed{seed}/iter1")
            (tmp_path / run / f"main/tiny/seed{seed}/iter1/settings.json").write_text(json.dumps({"rate": rate}))
    found = comparison.compare({run: tmp_path / run for run in ("one", "other")})
    assert found["settings"].rows() == [("other", "rate", "1", "2", "main/tiny/iter1")]


def test_a_claim_that_one_run_could_not_test_has_not_moved(tmp_path):
    one, other = graded(tmp_path / "one", "1100"), graded(tmp_path / "other", "1110")
    claims(one, "not testable at this size", None, benchmark="")
    claims(other, "shown", 4.0)
    row = comparison.compare({"one": one, "other": other})["claims"].row(0, named=True)
    assert (row["where"], row["first"], row["value"], row["moved"]) == ("tiny, gsm8k", None, 4.0, "measured in one alone")


@pytest.mark.parametrize(("content", "words"), [("", "no table of claims"), ("claim,family\na,b\n", "lacks the column 'benchmark'")])
def test_a_table_of_claims_that_is_none_is_named(tmp_path, content, words):
    one, other = graded(tmp_path / "one", "1100"), graded(tmp_path / "other", "1110")
    claims(one, "shown", 1.0)
    claims(other, "shown", 1.0)
    (other / "tables/claims.csv").write_text(content)
    with pytest.raises(comparison.ComparisonError, match=f"claims.csv: .*{words}"):
        comparison.compare({"one": one, "other": other})


def claims(folder: Path, verdict: str, value: float | None, benchmark: str = "gsm8k") -> None:
    ends = {"low": None, "high": None} if value is None else {"low": value - 1, "high": value + 1}
    row = {"claim": "it helps", "family": "tiny", "benchmark": benchmark, "value": value, **ends, "verdict": verdict}
    (folder / "tables").mkdir(parents=True)
    pl.DataFrame([row]).write_csv(folder / "tables/claims.csv")


def test_claims_and_settings_that_differ_are_shown(tmp_path):
    one, other = graded(tmp_path / "one", "1100"), graded(tmp_path / "other", "1110")
    claims(one, "not resolved", 0.5)
    claims(other, "supported", 4.0)
    for folder, rate in ((one, 0.001), (other, 0.002)):
        settings = {"training": {"optimizer": {"learning_rate": [rate], "epochs": 2}}}
        (folder / "main/tiny/seed1/iter1/settings.json").write_text(json.dumps(settings))
    found = comparison.compare({"one": one, "other": other})
    assert found["claims"].select("first", "value", "verdict_first", "verdict", "moved").row(0) == (
        0.5,
        4.0,
        "not resolved",
        "supported",
        "moved",
    )
    assert found["settings"].rows() == [("other", "training.optimizer.learning_rate", "[0.001]", "[0.002]", "main/tiny/iter1")]
    page = comparison.render(found, ["one", "other"])
    assert "1 of 1 claims changed verdict." in page
    assert "Each is of one seed" in page
    assert "training.optimizer.learning_rate" in page


def test_p_values_are_adjusted_for_all_rows(tmp_path):
    one, other = (tree.build(tmp_path / name, tree.plan(seeds=[seed])) for name, seed in (("one", 1), ("other", 2)))
    rows = comparison.compare({"one": one, "other": other})["policies"]
    adjusted = uncertainty.holm(rows["p_value"].to_list())
    assert rows["adjusted_p"].to_list() == pytest.approx(adjusted, rel=0.05)
    assert {*rows["mode"]} == {"auto", "cot", "code", "cot_sampled", "code_sampled"}
    assert rows.height == len(comparison.evaluations(one))


def test_the_program_writes_tables_and_a_page(tmp_path):
    for name, right in (("a", "1100"), ("b", "1110"), ("c", "0000")):
        graded(tmp_path / "results" / name, right)
    out = tmp_path / "out"
    assert compare_runs.main([*(str(tmp_path / "results" / name) for name in "abc"), "--out-dir", str(out)]) == 0
    assert pl.read_csv(out / "policies.csv")["run"].to_list() == ["b", "c"]
    assert {path.name for path in out.iterdir()} == {"policies.csv", "claims.csv", "settings.csv", "comparison.html"}
    page = (out / "comparison.html").read_text()
    assert "<title>a and b and c compared</title>" in page
    assert "{{" not in page


@pytest.mark.parametrize("folders", [["a"], ["a", "a"]])
def test_what_cannot_be_compared_is_refused(folders, tmp_path):
    with pytest.raises(InputError):
        compare_runs.main([*(str(graded(tmp_path / name, "11")) for name in folders), "--out-dir", str(tmp_path / "out")])


def test_folders_are_named_by_what_tells_them_apart(tmp_path):
    folders = [graded(tmp_path / name / "demo", "1100") for name in ("mine", "yours")]
    out = tmp_path / "out"
    compare_runs.main([*map(str, folders), "--out-dir", str(out)])
    assert pl.read_csv(out / "policies.csv")["run"].to_list() == ["yours/demo"]


@pytest.mark.stage
def test_the_page_is_whole_in_a_browser_wide_narrow_and_dark(tmp_path):
    long = "standard_rl_equal_rollouts/qwen2math"
    for run, right, rate in (("results/demo", "1100110010", 0.001), ("elsewhere/results/demo", "1110111010", 0.002)):
        for policy in ("main/tiny/seed1/iter1", f"{long}/seed1/iter1", f"{long}/seed{2 if run == 'results/demo' else 3}/iter1"):
            for mode, items in (("auto", right), ("code_sampled", 7 * right)):
                graded(tmp_path / run, items, policy, items[::-1], grader=f"exact-{rate}", place=(mode, f"{mode}_items", "exact"))
            (tmp_path / run / policy / "settings.json").write_text(json.dumps({"training": {"optimizer": {"learning_rate": rate}}}))
        claims(tmp_path / run, "supported" if rate > 0.001 else "not resolved", 4.0)
    compare_runs.main([str(tmp_path / "results/demo"), str(tmp_path / "elsewhere/results/demo"), "--out-dir", str(tmp_path)])
    page = (tmp_path / "comparison.html").read_text()
    assert page.count('<table class="sortable">') == 3
    assert looked_at(chromium(), page, tmp_path, "comparison") == {"wide": [], "phone": [], "dark": []}
    assert cut_off(chromium(), page, 1280, tmp_path) == ([], False)
