"""Tables on the judges of a run of AutoCode that has case sets: those of SIaM on the same cases."""

from pathlib import Path

import polars as pl
from support import results_tree as tree
from support import siam_tree
from support.running import ROOT

import tabulate_results
from mathcode import configuration
from mathcode.methods import siam
from mathcode.methods.autocode import METHOD
from mathcode.methods.autocode.report import responses
from mathcode.methods.autocode.report.plan import Plan
from mathcode.report import case_judges

JUDGES = ["exact", "lenient", "critic_main", "cascade_main"]


def tabulated(method: str, run: Path, chosen: dict, *more: str) -> dict[str, pl.DataFrame]:
    out = run / "tables"
    flags = ["--method", method, "--results", str(run), "--plan", tree.as_json(chosen), "--out-dir", str(out), *more]
    assert tabulate_results.main(flags) == 0
    return {path.stem: pl.read_csv(path, infer_schema_length=None) for path in out.glob("*.csv")}


def test_they_are_made_where_there_are_cases_and_say_what_those_of_siam_say(tmp_path):
    judged = {
        "critics": {"main": "critic"},
        "critic_lines": {"main": ["main"]},
        "case_sets": {"test": "held-out questions"},
        "case_judges": JUDGES,
    }
    chosen = tree.plan(experiments={"main": "EM"}, iterations=1, benchmarks=["math"])
    run = tree.build(tmp_path / "ours", chosen)
    siam_tree.cases(run, "test", chosen["seeds"][0], JUDGES)
    siam_tree.taught(run, "main", chosen["seeds"][0], ["1", "35"])
    assert set(tabulated("autocode", run, chosen)) == {table.name for table in METHOD.tables}
    made = tabulated("autocode", run, chosen | judged)
    assert set(made) == {table.name for table in (*METHOD.tables, *case_judges.TABLES)}
    theirs = siam_tree.plan(**judged, seeds=chosen["seeds"])
    other = siam_tree.build(tmp_path / "theirs", theirs)
    told = tabulated("siam", other, theirs, "--benchmarks", *siam_tree.benchmarks(tmp_path / "theirs", theirs))
    for table in case_judges.TABLES:
        assert made[table.name].columns == list(table.columns)
        assert made[table.name].height > len(JUDGES) - 1
        assert made[table.name].equals(told[table.name].drop("published"))
    assert {table.name for table in case_judges.TABLES} < {table.name for table in siam.METHOD.tables}


def test_q_values_of_another_judge_than_the_page_shows_say_so():
    """In `autocode_critic` a Q-value of 1.0 by the critic would stand beside answers that the exact judge calls wrong."""
    config = configuration.load(ROOT / "config")
    planned = config.method("autocode_critic").planned
    assert planned(config.runs["autocode_critic"])["reward"] == "critic_main"
    assert "reward" not in planned(config.runs["demo"])
    plans = [Plan(**tree.plan(), **more) for more in ({}, {"reward": "critic_main"})]
    ours, theirs = (responses.parts(plan).script["facts"] for plan in plans)
    assert "rewarded" not in ours
    assert theirs.count(" rollouts, rewarded by critic_main`") == ours.count(" rollouts`") == 2
