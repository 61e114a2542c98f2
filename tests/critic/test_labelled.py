"""Cases whose labels came with public data: which records become one, with which label, and what a case set makes of them."""

import json

import polars as pl
import pytest
from support import public_data

import build_cases
import prepare_cases
from mathcode import settings, tables
from mathcode.critic import cases, labelled
from mathcode.data import sources
from mathcode.data.readers import labelled as readers
from mathcode.data.text import CorpusError, read_all

RUN = {
    "id": "mathcoder:7",
    "dataset": "GSM8K",
    "question": "How much is left?",
    "reference": "70000",
    "blocks": [{"code": "left = 7e4", "output": ""}, {"code": "left", "output": "70000.0"}],
    "final": "70,000",
    "verdict": "correct",
    "near_miss": False,
}
PAIR = {"id": "answer_judge:0", "question": "Which?", "reference": "2.2", "result": "\\frac{11}{5}", "label": "YES", "comment": "same"}


def test_a_run_is_read_with_all_its_code_and_what_its_last_program_printed():
    found = readers.mathcoder_runs(RUN)
    assert (found.program, found.result, found.gold, found.benchmark) == ("left = 7e4\nleft", "70000.0", "70000", "GSM8K")
    assert found.right
    assert not readers.mathcoder_runs(RUN | {"verdict": "wrong"}).right


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"verdict": None}, "without a verdict"),
        ({"near_miss": True}, "a reader may differ"),
        ({"blocks": []}, "without a program"),
        ({"final": "71000"}, "something else"),
        ({"final": "no number"}, "something else"),
        ({"blocks": [{"code": "left", "output": "\n"}]}, "something else"),
        ({"blocks": [{"code": "left", "output": "70000.0\nNameError: name 'x' is not defined"}]}, "something else"),
    ],
)
def test_a_run_whose_label_is_not_one_of_its_result_is_left_out(change, reason):
    assert reason in readers.mathcoder_runs(RUN | change)


@pytest.mark.parametrize("label", ["Yes", "MAYBE", None, True])
def test_a_label_that_is_not_known_is_no_label(label):
    assert readers.answer_judge(PAIR | {"label": label}) == "its label is not known"


@pytest.mark.parametrize("verdict", ["timed_out", "Correct", True])
def test_a_verdict_that_is_not_known_is_no_label(verdict):
    assert readers.mathcoder_runs(RUN | {"verdict": verdict}) == "its label is not known"


@pytest.mark.parametrize("key", ["reference", "result", "question"])
@pytest.mark.parametrize("value", [None, 2.2])
def test_what_is_no_text_is_refused_where_it_stands(key, value):
    with pytest.raises(CorpusError, match=r"pairs: row 1: expected text, found"):
        list(read_all([("pairs: row 1", PAIR | {key: value})], readers.READERS, "answer_judge"))


def test_a_case_that_is_labelled_both_ways_is_refused():
    read = [("1", readers.answer_judge(PAIR)), ("2", readers.answer_judge(PAIR | {"label": "NO"}))]
    with pytest.raises(labelled.LabelledError, match="'pairs' labels one case both ways: answer_judge:0/human/"):
        labelled.table("pairs", read, None)


def test_a_case_in_two_tables_is_refused():
    with pytest.raises(cases.CasesError, match="is in two of the tables"):
        cases.drawn(pl.concat([many(3), many(3)]), None, 1)


def test_what_people_wrote_and_what_a_program_printed_are_told_apart():
    read = [("", readers.answer_judge(PAIR)), ("", readers.mathcoder_runs(RUN | {"verdict": "wrong"}))]
    rows = (
        labelled.table("both", read, 2).sort("query_id").select("query_id", "program", "gold", "label", "origin", "labelled_by", "variant")
    )
    assert rows.rows() == [
        ("answer_judge:0", None, "2.2", "YES", "human", "human", None),
        ("mathcoder:7", "left = 7e4\nleft", "70000", "NO", "rollout", "source", "GSM8K"),
    ]


def test_a_table_counts_what_it_leaves_out_and_holds_no_case_twice(caplog):
    read = [("1", readers.answer_judge(PAIR)), ("2", readers.answer_judge(PAIR)), ("3", "without a verdict")]
    with caplog.at_level("INFO"):
        made = labelled.table("pairs", read, 1)
    assert made.height == 1
    assert made["split"].to_list() == ["test"]
    assert "'repeated': 1" in caplog.text
    assert "'without a verdict': 1" in caplog.text
    with pytest.raises(labelled.LabelledError, match=r"'pairs' has 1 cases, config/sources\.yaml says 2"):
        labelled.table("pairs", read, 2)
    with pytest.raises(labelled.LabelledError, match="at least one"):
        labelled.table("pairs", [("3", "without a verdict")], None)


def many(count: int) -> pl.DataFrame:
    rows = [readers.answer_judge(PAIR | {"id": f"pair:{number}", "result": str(number)}) for number in range(count)]
    return labelled.table("pairs", [("", row) for row in rows], None)


def test_cases_are_drawn_by_their_ids_alone():
    everything = many(40)
    drawn = cases.drawn(everything, 10, 1)
    assert drawn.height == 10
    assert drawn.equals(cases.drawn(everything.reverse(), 10, 1))
    assert {*drawn["case_id"]} < {*cases.drawn(everything, 11, 1)["case_id"]}
    assert not drawn.equals(cases.drawn(everything, 10, 2))
    assert cases.drawn(everything, None, 1).equals(everything)
    assert cases.drawn(everything, 100, 1).equals(everything)


def test_from_a_fetched_source_to_a_case_set(tmp_path):
    (tmp_path / "raw").mkdir()
    lines = [json.dumps(PAIR | {"id": f"pair:{number}", "result": str(number)}) for number in range(6)]
    (tmp_path / "raw/pairs.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "raw/manifest.json").write_text(json.dumps({"files": [{"name": "pairs.jsonl", "rows": 6}]}))
    dataset = json.dumps({"source": "pairs", "reader": "answer_judge", "rows": 6})
    table, out = tmp_path / "pairs.parquet", tmp_path / "cases.parquet"
    prepare_cases.main(["--raw", str(tmp_path / "raw"), "--dataset", "pairs", "--settings", dataset, "--out", str(table)])
    grading = '{"timeout": 5, "max_infrastructure_errors": 0.01}'
    options = ["--rows", "4", "--seed", "1", "--settings", "{}", "--grading", grading]
    build_cases.main(["--labelled", str(table), *options, "--out", str(out)])
    assert tables.CASES.read(out).equals(cases.drawn(tables.CASES.read(table), 4, 1))


def test_a_case_set_holds_cases():
    with pytest.raises(settings.SettingsError, match="needs the key 'queries' or the key 'labelled'"):
        settings.validated(settings.CaseSet, {"label": "none"}, "case_sets.none")


@pytest.mark.skipif(not (public_data.FOLDER / "siam").is_dir(), reason="no folder `siam` among the public data files")
def test_the_published_runs():
    records = sources.read_records(public_data.FOLDER / "siam/critic_runs_mathcoder.jsonl.gz")
    made = labelled.table("mathcoder_runs", [("", readers.mathcoder_runs(record)) for record in records], None)
    assert made.height == 2783
    assert made.filter(pl.col("label") == "YES").height > 1500
