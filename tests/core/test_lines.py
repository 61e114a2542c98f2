"""Lines and records that users really have: each is read as it was meant, or refused in one sentence, with nothing written."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import grade_answers
import prepare_queries
from mathcode import tables
from mathcode.core import json_lines, table_files
from mathcode.core.errors import UserError

CASES = json_lines.read(Path(__file__).with_name("lines.jsonl"), ["kind", "program", "why"])
KEYS = {
    "grade_answers": ["id", "gold", "answer"],
    "execute_programs": ["id", "program"],
    "grade_responses": ["id", "question", "gold", "response", "benchmark"],
}
ANY = st.text(st.characters(exclude_categories=[]) | st.sampled_from("\ud800\udfff\x00\u2028\u0085\ufeff\u202e"), max_size=12)


def of(*kinds: str):
    return pytest.mark.parametrize("case", [case for case in CASES if case["kind"] in kinds], ids=lambda case: case["why"])


def written(case: dict, path: Path) -> Path:
    if case["content"] is not None:
        path.write_bytes(case["content"].encode(case.get("encoding", "utf-8")))
    return path


@of("bad_lines")
def test_a_bad_line_is_one_sentence(case, tmp_path):
    path = written(case, tmp_path / "rows.jsonl")
    with pytest.raises((json_lines.RecordError, FileNotFoundError)) as caught:
        json_lines.read(path, KEYS[case["program"]])
    said = str(caught.value)
    assert case["expected"]["message"] in said
    assert str(path) in said
    assert len(said.splitlines()) == 1
    assert len(said) < len(str(path)) + 200


@of("good_lines")
def test_a_good_line_comes_back_as_it_was(case, tmp_path):
    rows = json_lines.read(written(case, tmp_path / "rows.jsonl"), KEYS[case["program"]])
    lines = [line for line in case["content"].removeprefix("\ufeff").split("\n") if line.strip()]
    meant = [json.loads(line, parse_int=lambda digits: int(digits[:4000])) for line in lines]
    assert len(rows) == len(meant) == case["expected"]["rows"]
    assert [row["id"] for row in rows] == [row["id"] for row in meant]
    json_lines.write(({"id": row["id"]} for row in rows), tmp_path / "out.jsonl")
    text = (tmp_path / "out.jsonl").read_text(encoding="utf-8")
    assert len(text.splitlines()) == len(rows)  # whatever a reader takes for the end of a line
    assert [json.loads(line)["id"] for line in text.splitlines()] == [row["id"] for row in rows]


@of("raw_records")
@pytest.mark.parametrize("packed", [False, True])
def test_raw_records(case, tmp_path, packed):
    content = case["content"].encode(case.get("encoding", "utf-8"))
    name = "records.jsonl.gz" if packed else "records.jsonl"
    (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    (tmp_path / "manifest.json").write_text(json.dumps({"files": [{"name": name, "rows": case["rows"]}]}))
    out = tmp_path / "queries.parquet"
    out.write_text("what stood here before")
    told = ["--raw", str(tmp_path), "--dataset", "cases", "--kind", "training", "--settings", '{"source": "cases", "reader": "amc23"}']
    if case["expected"]["exit"] == 0:
        assert prepare_queries.main([*told, "--out", str(out)]) == 0
        records = [json.loads(line) for line in case["content"].removeprefix("\ufeff").split("\n") if line.strip()]
        assert tables.QUERIES.read(out)["question"].to_list() == [record["question"] for record in records]
        return
    with pytest.raises(UserError) as caught:
        prepare_queries.main([*told, "--out", str(out)])
    assert case["expected"]["message"] in str(caught.value)
    assert name in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert out.read_text() == "what stood here before"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_instead_of_a_file_is_named(tmp_path):
    with pytest.raises(OSError, match=str(tmp_path)):
        json_lines.read(tmp_path, ["id"])


def test_a_bad_line_leaves_the_old_output_and_nothing_beside_it(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"id": 1, "gold": "5", "answer": "5"}\n{"id": 2, "gold": 5, "answer": "5"}\n')
    (tmp_path / "out.jsonl").write_text("old")
    with pytest.raises(json_lines.RecordError, match="line 2: key 'gold' must be text, not a number"):
        grade_answers.main(["--pairs", str(tmp_path / "in.jsonl"), "--out", str(tmp_path / "out.jsonl")])
    assert (tmp_path / "out.jsonl").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


@given(st.dictionaries(ANY, ANY | st.integers() | st.booleans() | st.none(), max_size=4))
def test_what_is_written_reads_as_what_it_was(content):
    line = json_lines.dumps(content)
    assert len(line.splitlines()) == 1
    assert json_lines.value(line.encode("utf-8").decode("utf-8")) == json.loads(json.dumps(content))


@given(ANY)
def test_any_text_can_be_stored_once_it_is_storable(text):
    stored = table_files.storable(text)
    assert stored.encode("utf-8").decode("utf-8") == stored
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        assert stored == text


def test_odd_text_comes_out_of_every_table_as_it_went_in(tmp_path):
    import polars as pl

    odd = ["a\x00b", "\u200b\u202e\u2028", "\x1b[31m\x85", "\ufeff", '"",\r\n', table_files.storable("\ud83d"), "\U0001f600"]
    rows = [{"query_id": str(number), "dataset": "d", "question": text, "gold": text} for number, text in enumerate(odd)]
    frame = pl.DataFrame(rows, schema=tables.QUERIES.schema)
    tables.QUERIES.write(frame, tmp_path / "queries.parquet")
    assert tables.QUERIES.read(tmp_path / "queries.parquet")["gold"].to_list() == odd
    frame.select("gold").write_csv(tmp_path / "odd.csv")
    assert pl.read_csv(tmp_path / "odd.csv")["gold"].to_list() == odd
    json_lines.write(frame.select("query_id", "gold").to_dicts(), tmp_path / "odd.jsonl")
    assert [json.loads(line)["gold"] for line in (tmp_path / "odd.jsonl").read_text().splitlines()] == odd
