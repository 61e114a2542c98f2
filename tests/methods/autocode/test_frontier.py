"""Accuracy against programs run: the points of a run, and which leave others behind."""

import json

import numpy as np
import polars as pl
import pytest
from support import results_tree as tree

import tabulate_results
from mathcode.measures.uncertainty import Interval
from mathcode.methods.autocode.report import cards, frontier, rivals
from mathcode.methods.autocode.report.frontier import Point
from mathcode.methods.autocode.report.plan import Plan
from mathcode.report.results import Arm

ITEMS = 200


class Known:
    """Results of policies whose verdicts and executions are given, one array a seed."""

    def __init__(self, seeds: int = 1, **policies: tuple[float, float]):
        draw = np.random.default_rng(3)
        self.columns = {}
        for name, (accuracy, executions) in policies.items():
            for column, share in (("strict", accuracy), ("executions", executions)):
                kept = [draw.permutation(np.arange(ITEMS) < share * ITEMS).astype(float) for _ in range(seeds)]
                self.columns[name, column] = kept

    def paired(self, terms, benchmark, column):
        return [np.stack(seed, axis=1) for seed in zip(*(self.columns[arm.experiment, column] for arm, _ in terms), strict=True)]


def behind(known: Known, *names: str) -> dict[str, list[str]]:
    points = [Point(Arm(name, "tiny", 1), "auto", name, Interval(0.0), Interval(0.0)) for name in names]
    found = frontier.left_behind(known, points, "any")
    return {point.label: [other.label for other in others] for point, others in found.items()}


@pytest.mark.parametrize("seeds", [1, 3])
def test_more_accurate_with_no_more_programs_or_as_accurate_with_fewer(seeds):
    known = Known(seeds, best=(0.95, 1.0), worse=(0.6, 1.0), cheap=(0.6, 0.2), none=(0.3, 0.0))
    found = behind(known, "best", "worse", "cheap", "none")
    assert found == {"best": [], "worse": ["best", "cheap"], "cheap": [], "none": []}


def test_equal_policies_and_differences_that_may_be_luck_leave_nobody_behind():
    known = Known(one=(0.80, 0.5), other=(0.81, 0.5))
    known.columns |= {("twin", column): known.columns["one", column] for column in ("strict", "executions")}
    assert behind(known, "one", "other", "twin") == {"one": [], "other": [], "twin": []}


def test_programs_that_always_run_against_none_that_ever_does():
    known = Known(always=(0.8, 1.0), never=(0.8, 0.0))
    known.columns["never", "strict"] = known.columns["always", "strict"]
    assert behind(known, "always", "never") == {"always": ["never"], "never": []}


def rows(*policies: tuple) -> list[dict]:
    names = ("experiment", "label", "accuracy", "executions", "left_behind_by")
    return [dict(zip(names, policy, strict=True)) | {"mode": "code" if policy[0] == "start" else "auto"} for policy in policies]


POINTS = rows(
    ("start", "start policy, code", 59.0, 1.0, "Q alone; EM (released)"),
    ("main", "EM", 60.0, 0.2, "EM (released)"),
    ("plain", "EM (released)", 94.5, 0.1, None),
    ("none", "never code", 30.0, 0.0, None),
    ("q_rule", "Q alone", 70.0, 0.5, None),
    ("other", "Q", 65.0, 0.9, None),
)


def test_each_policy_that_none_outdoes_says_whom_it_outdoes():
    outdone, _ = rivals.cards(POINTS, {}, "here")
    assert outdone.big == "4 of 6 outdone by none"
    assert outdone.lines == [
        "EM (released), 94.5 % with 0.10 programs, outdoes start policy, code; EM.",
        "Q alone, 70.0 % with 0.50 programs, outdoes start policy, code.",
        "Outdoing none, outdone by none: Q; never code.",
    ]


def test_each_winner_has_a_line_and_those_most_apart_from_em_stand_first():
    differences = {("plain", "auto"): (30.0, 20.0, 40.25), ("q_rule", "auto"): (4.0, None, None), ("other", "auto"): (6.0, -1.0, 13.0)}
    _, winners = rivals.cards(POINTS, differences, "here")
    assert winners.big == "3 policies"
    assert winners.lines == [
        "EM (released): +30.0 [20.0, 40.2]; 94.5 % with 0.10 programs",
        "Q: +6.0 [\N{MINUS SIGN}1.0, 13.0]; 65.0 % with 0.90 programs",
        "Q alone: +4.0; 70.0 % with 0.50 programs",
    ]
    assert "It is outdone by EM (released)." in winners.words
    _, none = rivals.cards(POINTS[1:2], {}, "here")
    assert (none.big, none.lines) == ("Nothing here", [])


def test_the_table_says_what_the_grades_say(tmp_path):
    chosen = tree.plan()
    run = tree.build(tmp_path, chosen)
    out = tmp_path / "tables"
    tabulate_results.main(["--method", "autocode", "--results", str(run), "--plan", tree.as_json(chosen), "--out-dir", str(out)])
    table = pl.read_csv(out / "frontier.csv", infer_schema_length=None)
    assert table.height == len(chosen["benchmarks"]) * (3 + len(chosen["experiments"]))
    for row in table.rows(named=True):
        policy = "start/qwen2math/seed1" if row["experiment"] == "start" else f"{row['experiment']}/qwen2math/seed1/iter2"
        grades = pl.read_parquet(run / policy / "eval" / row["mode"] / row["benchmark"] / "exact/grades.parquet")
        counted = grades.filter(pl.col("outcome") != "infrastructure_error")
        assert row["executions"] == pytest.approx(counted["executions"].mean(), abs=0.0051)
        assert row["accuracy"] == pytest.approx(100 * counted["strict"].mean(), abs=0.0051)
    names = set(table["label"])
    assert all(set(said.split("; ")) <= names for said in table["left_behind_by"].drop_nulls())
    frames = {path.stem: pl.read_csv(path, infer_schema_length=None) for path in out.iterdir()}
    shown = cards.cards(frames, Plan.model_validate(json.loads(tree.as_json(chosen))))
    assert [card.title for card in shown][-1] == "Is anything more accurate?"
    first, ablation = chosen["benchmarks"][0], frames["ablation"].filter(pl.col("iteration") == chosen["iterations"])
    apart = {row["label"]: row["difference_from_main"] for row in ablation.filter(pl.col("benchmark") == first).rows(named=True)}
    told = dict(line.rsplit(": ", 1) for line in shown[-1].lines)
    assert told
    for label, line in told.items():
        if apart.get(label) is not None:
            assert float(line.split()[0]) == pytest.approx(apart[label], abs=0.051)
        assert label.startswith("start policy") or "[" in line
