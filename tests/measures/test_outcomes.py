"""Metrics by hand-made grades, by the published selection table, and under shuffling."""

import csv
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import results_tree as tree

import score_responses
from mathcode import tables
from mathcode.core.errors import InputError
from mathcode.measures import outcomes
from mathcode.methods.autocode import selection
from mathcode.report import published

with open(published.FOLDER / "autocode_v1_selection.csv", encoding="utf-8") as handle:
    PUBLISHED = list(csv.DictReader(handle))

VERDICT = st.tuples(st.sampled_from(["cot", "code"]), st.booleans(), st.booleans(), st.booleans())
"""Methodology and verdict of auto, verdicts of dictated CoT and code."""


def evaluations(rows) -> list[pl.DataFrame]:
    """Grades of auto, cot and code for a list of `VERDICT`."""
    auto = [tree.grade(f"q{n}", "auto", chosen, right) for n, (chosen, right, _, _) in enumerate(rows)]
    dictated = [[tree.grade(f"q{n}", mode, mode, row[2 + i]) for n, row in enumerate(rows)] for i, mode in enumerate(("cot", "code"))]
    return [tree.grades(auto), *(tree.grades(one) for one in dictated)]


def sampled(mode: str, *verdicts: str, methodology: str | None = None) -> pl.DataFrame:
    """Grades of sampled rollouts, a string of 1 and 0 per query."""
    rows = [
        tree.grade(f"q{n}", f"{mode}_sampled", methodology or mode, verdict == "1", sample=sample)
        for n, line in enumerate(verdicts)
        for sample, verdict in enumerate(line)
    ]
    return tree.grades(rows)


@pytest.mark.parametrize("row", PUBLISHED, ids=[row["model"] for row in PUBLISHED])
def test_published_macc_is_the_mean_of_the_published_recalls(row):
    recalls = float(row["cot_sel_acc"]) / 100, float(row["code_sel_acc"]) / 100
    macc = selection.selection_macc(np.array([1.0, 1.0, *recalls, 1.0, 1.0]))
    assert 100 * macc == pytest.approx(float(row["sel_macc"]), abs=0.0101)


@pytest.mark.parametrize("row", PUBLISHED, ids=[row["model"] for row in PUBLISHED])
def test_published_improvement_is_over_the_better_dictated_mode(row):
    improvement = selection.improvement(*(float(row[column]) for column in ("acc", "cot_acc", "code_acc")))
    assert improvement == pytest.approx(float(row["improvement"]), abs=0.021)  # Qwen2 prints 4.68 for 4.70


def test_labels_follow_the_better_methodology_ties_to_cot():
    labels = selection.selection_labels(sampled("cot", "1100", "1000", "1100", "0000"), sampled("code", "1000", "1110", "1100", "0000"))
    assert labels["label"].to_list() == ["cot", "code", "cot", None]


def test_rollouts_that_do_not_comply_give_no_label():
    labels = selection.selection_labels(sampled("cot", "11"), sampled("code", "11", methodology="cot"))
    assert labels["label"].to_list() == [None]


def test_selection_by_hand():
    auto = evaluations([("cot", True, 1, 0), ("code", False, 1, 0), ("code", True, 0, 1), ("cot", True, 0, 0)])[0]
    labels = pl.DataFrame({"query_id": ["q0", "q1", "q2", "q3"], "label": ["cot", "cot", "code", None]})
    found = selection.selection(auto, labels)
    recall = {"cot": 0.5, "code": 1.0}
    assert found == selection.Selection({"cot": 2, "code": 1}, 1, recall, macc=0.75, accuracy_correct_selection=1.0)


def test_an_empty_class_has_no_recall_and_no_macc():
    auto = evaluations([("cot", True, 1, 0)])[0]
    found = selection.selection(auto, pl.DataFrame({"query_id": ["q0"], "label": ["cot"]}))
    assert (found.recall, found.macc) == ({"cot": 1.0, "code": None}, None)


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (("cot", True, True, True), "strict"),
        (("code", True, True, True), "allow_code"),
        (("code", True, False, True), "strict"),
        (("cot", True, False, True), "misaligned"),
        (("code", True, True, False), "misaligned"),
        (("code", True, False, False), "misaligned"),
        (("cot", True, False, False), "strict"),
    ],
)
def test_alignment_of_one_correct_response(row, kind):
    assert selection.alignment(*evaluations([row])) == {name: int(name == kind) for name in selection.ALIGNMENTS}


@given(st.lists(VERDICT, min_size=1, max_size=20))
def test_alignment_partitions_the_correct_responses(rows):
    assert sum(selection.alignment(*evaluations(rows)).values()) == sum(right for _, right, _, _ in rows)


@given(st.lists(VERDICT, min_size=1, max_size=12), st.integers(0, 1000))
def test_order_does_not_matter(rows, seed):
    frames = evaluations(rows)
    mixed = [frame.sample(fraction=1.0, shuffle=True, seed=seed) for frame in frames]
    labels = selection.selection_labels(*frames[1:])
    assert outcomes.score(mixed[0]) == outcomes.score(frames[0])
    assert selection.alignment(*mixed) == selection.alignment(*frames)
    assert selection.selection(mixed[0], selection.selection_labels(*mixed[1:])) == selection.selection(frames[0], labels)


def test_infrastructure_errors_are_counted_and_left_out():
    rows = [tree.grade("a", "auto", "cot", True), tree.grade("b", "auto", "code", False, outcome="infrastructure_error")]
    scores = outcomes.score(tree.grades(rows))
    assert (scores["n"], scores["accuracy"], scores["code_rate"], scores["infrastructure_errors"]) == (1, 1.0, 0.0, 1)
    with pytest.raises(outcomes.MetricsError, match="all are infrastructure errors"):
        outcomes.score(tree.grades(rows[1:]))


def test_a_cue_is_repeated_where_there_are_more_of_them_than_attempts():
    rows = [
        tree.grade(str(n), "auto", "cot", True, attempts=attempts, cues=cues)
        for n, (attempts, cues) in enumerate([(1, 1), (1, 2), (2, 2), (2, 0)])
    ]
    broken = tree.grade("x", "auto", "cot", False, cues=5, outcome="infrastructure_error")
    assert outcomes.repeats_cue(tree.grades([*rows, broken])) == 0.25
    assert outcomes.repeats_cue(tree.grades([tree.grade("a", "auto", "cot", True, cues=None)])) is None


def test_the_three_code_rates_and_attempts():
    rows = [
        tree.grade("a", "auto", "code", True),
        tree.grade("b", "auto", "cot", True, code_written=True),
        tree.grade("c", "auto", "code", False, code_decides=False, attempts=3),
        tree.grade("d", "auto", "cot", False),
    ]
    scores = outcomes.score(tree.grades(rows))
    assert [scores[name] for name in ("code_rate", "code_written_rate", "code_decides_rate")] == [0.5, 0.75, 0.25]
    assert scores["attempts"] == {"1": 3, "3": 1}


def test_a_missing_evaluation_is_named():
    auto, cot, code = evaluations([("cot", True, True, True)] * 2)
    with pytest.raises(outcomes.MetricsError, match="'q1'"):
        selection.alignment(auto, cot, code.filter(pl.col("query_id") == "q0"))


@pytest.fixture
def scored(tmp_path):
    """Runs score_responses on grades of a benchmark of 40 items; returns its scores."""
    queries, items = tmp_path / "math.parquet", tmp_path / "items.parquet"
    tables.QUERIES.write(tree.benchmark("math"), queries)
    overlaps = [("math-000", "math", "exact"), ("math-000", "math", "ngram"), ("math-001", "math", "ngram"), ("math-999", "math", "exact")]
    rows = [{"dataset": "s", "use": "sft", "benchmark": name, "query_id": item, "overlap": kind} for item, name, kind in overlaps]
    tables.OVERLAP_ITEMS.write(pl.DataFrame(rows, schema=tables.OVERLAP_ITEMS.schema), items)

    def run(rows: list[dict], *more: str) -> dict:
        tables.GRADES.write(tree.grades(rows), tmp_path / "grades.parquet")
        flags = {"grades": tmp_path / "grades.parquet", "queries": queries, "overlap": items, "out": tmp_path / "scores.json"}
        score_responses.main([str(part) for name, path in flags.items() for part in (f"--{name}", path)] + list(more))
        return json.loads((tmp_path / "scores.json").read_text())

    return run


def all_items() -> list[dict]:
    return [tree.grade(item, "auto", "cot", True) for item in tree.benchmark("math")["query_id"]]


def test_scores_count_the_contaminated_items_among_those_evaluated(scored):
    scores = scored(all_items())
    assert (scores["n"], scores["contaminated"], scores["contaminated_exact"]) == (40, 2, 1)
    assert set(scores["definitions"]) <= set(scores)


def test_items_with_fewer_samples_than_the_others_are_left_out_of_pass_at_k_and_counted(scored, caplog):
    caplog.set_level("INFO")
    rows = [row | {"sample": sample, "strict": sample == 0, "answer": str(sample)} for row in all_items() for sample in range(3)]
    assert {key: scored(rows)[key] for key in ("k", "pass_at_k", "left_out")} == {"k": 3, "pass_at_k": 1.0, "left_out": 0}
    rows[0] |= {"outcome": "infrastructure_error"}
    scores = scored(rows)
    assert (scores["pass_at_k"], scores["maj_at_k"], scores["left_out"]) == (1.0, pytest.approx(1 / 3), 1)
    assert "39 items with 3 samples that have a verdict; 1 with fewer are in no pass@k" in caplog.text


def test_a_drawn_part_of_a_benchmark_is_complete(scored):
    from mathcode.data.queries import take

    drawn = take(tree.benchmark("math"), 10)["query_id"].to_list()
    part = [row for row in all_items() if row["query_id"] in drawn]
    assert scored(part)["n"] == scored(part, "--rows", "10")["n"] == 10
    with pytest.raises(InputError, match=f"no grade for item '{min(drawn)}'"):
        scored([row for row in part if row["query_id"] != min(drawn)], "--rows", "10")


def test_grades_that_do_not_fit_the_benchmark_are_refused(scored, tmp_path):
    rows = all_items()
    stranger = [*rows[1:], tree.grade("other", "auto", "cot", True)]
    for broken, words in [(stranger, "no grade for item"), ([*rows, rows[0]], "twice"), ([*rows, rows[0] | {"sample": 1}], "has 1 grades")]:
        with pytest.raises(InputError, match=words):
            scored(broken)
    assert not (tmp_path / "scores.json").exists()
