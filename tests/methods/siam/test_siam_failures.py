"""Responses that fail are counted apart in the table `main`: without an answer, stopped at the limit of time, failed otherwise."""

from pathlib import Path

import polars as pl
import pytest
from support import siam_tree as tree
from support.recomputed.failures import failures

from mathcode.methods.siam import METHOD
from mathcode.methods.siam.report import tables
from mathcode.methods.siam.report.places import PARTS_OF_TESTS
from mathcode.tables import GRADES

FOLDERS = {
    "base": "base/tiny/seed{}",
    "M_0": "start/tiny/seed{}",
    "M_2": "main/tiny/seed{}/iter2",
    "M_1 + orpo": "main/tiny/seed{}/iter1/orpo",
}
RESPONSES = "base/tiny/seed1/eval/code/forms_tests/responses.parquet"


def built(folder: Path, seeds: list[int]) -> tuple[Path, dict]:
    """A run of the method alone and one preference, and its plan."""
    chosen = tree.plan(seeds=seeds, experiments={"main": "critic"}, filters={"main": "critic_main"}, preferences={"orpo": "ORPO"})
    return tree.build(folder, chosen), chosen


def main_of(folder: Path, run: Path, chosen: dict) -> dict[tuple[str, str], dict]:
    """Rows of the table, by policy and part."""
    results = METHOD.report.results(run, tree.as_json(chosen), tree.benchmarks(folder, chosen))
    return {(row["policy"], row["part"]): row for row in tables.make_main(results)}


@pytest.mark.parametrize("seeds", [[1], [1, 2]])
def test_each_way_to_fail_is_told_apart(tmp_path, seeds):
    """Of the base's 20 items of a part one printed nothing, one ran into its limit of time, two failed otherwise; none of M_2's did."""
    run, chosen = built(tmp_path, seeds)
    rows = main_of(tmp_path, run, chosen)
    row = rows["base", "outside"]
    assert (row["no_answer"], row["timed_out"], row["failed"], row["ran"]) == (5.0, 5.0, 10.0, 85.0)
    assert row["failed_low"] < 10 < row["failed_high"]
    for policy, folder in FOLDERS.items():
        for part in PARTS_OF_TESTS:
            items = {f"{part}-{number:02d}" for number in range(tree.ITEMS)}
            found = failures(run, [folder.format(seed) for seed in seeds], "forms_tests", items)
            assert {name: rows[policy, part][name] for name in found} == pytest.approx(found)


def test_a_response_without_a_verdict_did_not_fail(tmp_path):
    run, chosen = built(tmp_path, [1])
    path = (run / RESPONSES).parent / "oracle/grades.parquet"
    broken = pl.col("query_id") == "outside-18"
    outcome = pl.when(broken).then(pl.lit("infrastructure_error")).otherwise("outcome")
    GRADES.write(GRADES.read(path).with_columns(outcome=outcome), path)
    row = main_of(tmp_path, run, chosen)["base", "outside"]
    assert (row["n"], row["failed"]) == (19, pytest.approx(100 / 19, abs=0.01))


def test_shares_are_blank_without_responses(tmp_path):
    run, chosen = built(tmp_path, [1])
    (run / RESPONSES).unlink()
    rows = main_of(tmp_path, run, chosen)
    assert [rows["base", "seed"].get(name) for name in ("no_answer", "timed_out", "failed", "failed_low")] == [None] * 4
    assert rows["M_0", "seed"]["failed"] == 0.0
