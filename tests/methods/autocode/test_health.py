"""Training health: every bound is judged by kind of response, and the summary names a breach in one sentence."""

import random
from dataclasses import replace

import polars as pl
import pytest
from support import results_tree as tree

from mathcode import tables
from mathcode.configuration import METHODS
from mathcode.methods.autocode.form import KINDS
from mathcode.methods.autocode.report import health
from mathcode.methods.autocode.report.plan import Plan
from mathcode.report.rows import frame

METHOD = METHODS["autocode"]
PLAN = tree.plan(experiments={"main": "AutoCode (EM)"}, benchmarks=["math"], iterations=1)


def results_of(root, logs: list[list[dict]]):
    """Results of a run of one iteration whose seeds left these training logs."""
    chosen = PLAN | {"seeds": list(range(1, len(logs) + 1))}
    for seed, log in enumerate(logs, start=1):
        tree.write(log, root / f"main/qwen2math/seed{seed}/iter1/training_log.parquet", "training_log")
    return METHOD.report.results(root, tree.as_json(chosen))


def log(steps: int = 4, kinds=KINDS, **changed: float) -> list[dict]:
    """A healthy log; of its second step parts may differ, `ratio__reflective` standing for ratio/reflective."""
    rows = [tree.log_row(step, random.Random(step), kinds) for step in range(1, steps + 1)]
    for part in rows[1]["parts"]:
        part["value"] = changed.get(part["name"].replace("/", "__"), part["value"])
    return rows


def judged(root, *logs) -> tuple[list[dict], str]:
    """Rows of the table by kind of response, and what the summary says."""
    results = results_of(root, list(logs))
    rows = health.judged(results)
    made = frame(rows, METHOD.item("table", "health").columns)
    return rows, health.remark({"health": made}, results.plan)


def test_a_healthy_training_has_a_row_a_kind_and_a_quiet_line(tmp_path):
    rows, remark = judged(tmp_path, log())
    assert [row["kind"] for row in rows] == list(KINDS.values())
    assert {row["breaches"] for row in rows} == {"none"}
    assert {(row["steps"], row["effective_share"]) for row in rows} == {(4, 80.0)}
    assert not remark.grave
    assert remark.text.startswith("Training stayed within its bounds")


@pytest.mark.parametrize(
    ("changed", "column", "value", "breach", "said"),
    [
        ({"ratio__reflective": 98.0, "ratio_squared__reflective": 9700.0}, "ratio", 98.0, "mean importance ratio", "98 (bound 2)"),
        ({"ratio__reflective": 0.25, "ratio_squared__reflective": 0.07}, "ratio", 0.25, "mean importance ratio", "0.25 (bound 0.5)"),
        ({"kl_behaviour__reflective": 61.25}, "kl", 61.25, "KL", "61.2 nats per token (bound 0.2 nats per token)"),
        ({"clip_share__reflective": 0.45}, "clip_share", 45.0, "share of clipped tokens", "45 % (bound 30 %)"),
        ({"ratio_squared__reflective": 40.0}, "effective_share", None, "effective sample size", "% (bound 50 %)"),
    ],
)
def test_each_bound_is_judged_and_the_breach_is_named(tmp_path, changed, column, value, breach, said):
    rows, remark = judged(tmp_path, log(**changed))
    assert [row["breaches"] for row in rows] == ["none", "none", breach]
    assert value is None or rows[-1][column] == value
    assert remark.grave
    assert remark.section == "health"
    assert f"1 of 3 rows of Training health leave a bound (1 of 3 of AutoCode (EM)). The worst step has {breach} " in remark.text
    assert said in remark.text
    assert "self-reflective responses of AutoCode (EM), iteration 1." in remark.text


def test_the_worst_seed_counts_and_the_furthest_breach_is_told(tmp_path):
    broken = log(kl_behaviour__reflective=0.5, clip_share__exploratory_native=0.9)
    rows, remark = judged(tmp_path, log(), broken)
    assert [row["breaches"] for row in rows] == ["share of clipped tokens", "none", "KL"]
    assert {row["steps"] for row in rows} == {8}
    told = "2 of 3 rows of Training health leave a bound (2 of 3 of AutoCode (EM)). The worst step has share of clipped"
    assert told in remark.text


def test_a_bound_is_a_setting(tmp_path):
    results = results_of(tmp_path, [log()])
    strict = results.plan.model_copy(update={"health": results.plan.health.model_copy(update={"effective_share": 0.9})})
    results.plan = strict
    assert {row["breaches"] for row in health.judged(results)} == {"effective sample size"}
    assert replace(health.bounds(strict.health)[0], high=2.0) == health.bounds(Plan.model_validate(PLAN).health)[0]


def test_kinds_that_a_training_did_not_have_are_no_rows(tmp_path):
    rows, _ = judged(tmp_path, log(kinds=["exploratory_native"]))
    assert [row["kind"] for row in rows] == ["native responses"]


def test_logs_that_do_not_tell_kinds_apart_are_not_judged(tmp_path):
    for logs in (log(kinds=[]), tables.TRAINING_LOG.empty().rows(named=True)):
        rows, remark = judged(tmp_path, logs)
        assert rows == []
        assert not remark.grave
        assert "was not judged" in remark.text


def test_parts_of_the_loss_are_those_that_are_read(tmp_path):
    from mathcode.methods.autocode import objective

    read = {part["name"] for part in log()[0]["parts"]}
    assert read == set(objective.PARTS) - {"ratio_squared"}
    assert pl.Series(sorted(read)).str.contains("/").sum() == len(objective.WATCHED) * len(KINDS)
