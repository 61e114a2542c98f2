"""Mistakes in data that a user brings: files that cannot be read, columns and programs in them that are not as they should be."""

import gzip
import json
from pathlib import Path

import pytest
from support.mistakes import refused, run

JSON_LINES = b'{"q": "1 + 1?", "a": 2}\n{"q": "1 + 2?", "a": 3}\n'

# --- Files of one's own: (name of the file, its bytes or None for none, what else is said of it, words of the sentence) ---
FILES = {
    "a file that is not there": ("own.jsonl", None, {}, ["source 'own' cannot be fetched: mirror: no file ", "own.jsonl"]),
    "an empty file": ("own.jsonl", b"", {}, ["own.jsonl: 0 rows; it is empty"]),
    "CSV with nothing but a header": ("own.csv", b"q,a\n", {}, ["own.csv: 0 rows"]),
    "JSON lines in Latin-1": (
        "own.jsonl",
        '{"q": "größer"}\n'.encode("latin-1"),
        {},
        ["row 1 (line 1): not UTF-8", "save the file as UTF-8"],
    ),
    "JSON lines in UTF-16": ("own.jsonl", JSON_LINES.decode().encode("utf-16"), {}, ["row 1 (line 1): not UTF-8 text"]),
    "CSV in Latin-1": ("own.csv", "q,a\ngrößer,1\n".encode("latin-1"), {}, ["own.csv: not UTF-8 text", "save the file as UTF-8"]),
    "a broken line of JSON": ("own.jsonl", JSON_LINES + b'{"q": "x"\n', {}, ["own.jsonl: row 3 (line 3): no JSON (Expecting ','"]),
    "a line that is a list": ("own.jsonl", b"[1]\n", {}, ["own.jsonl: row 1 is a list, not a JSON object"]),
    "a key that stands twice": ("own.jsonl", b'{"q": 1, "q": 2}\n', {}, ["row 1 (line 1): key 'q' stands twice"]),
    "JSON lines in a file of a list": ("own.json", JSON_LINES, {}, ["one object on each line must be called own.jsonl"]),
    "JSON lines in a packed file of a list": ("own.json.gz", gzip.compress(JSON_LINES), {}, ["must be called own.jsonl.gz"]),
    "an object in place of a list": ("own.json", b'{"data": []}', {}, ["own.json: expected a JSON list of records"]),
    "CSV with ragged rows": ("own.csv", b"q,a\n1,2\n1,2,3\n", {}, ["own.csv: row 2 (line 3): 3 values, and the header has 2 names"]),
    "CSV with a column twice": ("own.csv", b"q,q\n1,2\n", {}, ["the header needs a name of its own for each column: q, q"]),
    "CSV with a header that ends in a comma": (
        "own.csv",
        b"q,a,\n1,2,\n",
        {},
        ["own.csv: column 3 has no name in the header, where the line ends in a comma: name it, or take it away"],
    ),
    "CSV with a column without name": ("own.csv", b",q,a\n0,1,2\n", {}, ["own.csv: column 1 has no name in the header: name it"]),
    "CSV with semicolons": ("own.csv", b"q;a\n1;2\n", {}, ["own.csv: its columns are separated by semicolons: save the file with commas"]),
    "CSV with tabs": ("own.csv", b"q\ta\n1\t2\n", {}, ["own.csv: its columns are separated by tabs: save the file with commas"]),
    "CSV with a quote left open": ("own.csv", b'q,a\n1,"2\n', {}, ["own.csv: line 2: unexpected end of data"]),
    "parquet that is none": ("own.parquet", JSON_LINES, {}, ["own.parquet: not a readable parquet file"]),
    "gzip that is none": ("own.jsonl.gz", JSON_LINES, {}, ["own.jsonl.gz: damaged gzip file"]),
    "gzip that is cut off": ("own.jsonl.gz", gzip.compress(JSON_LINES)[:-9], {}, ["own.jsonl.gz: damaged gzip file"]),
    "a spreadsheet": ("own.xlsx", b"PK", {}, ["own.xlsx: unknown kind of file; known are .jsonl, "]),
    "another file than the checksum's": (
        "own.jsonl",
        JSON_LINES,
        {"sha256": "0" * 64},
        ["own.jsonl: SHA-256", "says 000", "copy the file again"],
    ),
    "other rows than are configured": ("own.jsonl", JSON_LINES, {"rows": 3}, ["own.jsonl: 2 rows, config/sources.yaml says 3"]),
}


def fetched(folder: Path, name: str, content: bytes | None, **said):
    """A file in a mirror folder, fetched from there."""
    (folder / "mirror").mkdir()
    if content is not None:
        (folder / "mirror" / name).write_bytes(content)
    source = json.dumps({"license": "mine", "files": [{"path": name, **said}]})
    return run("fetch_source", name="own", mirror=folder / "mirror", source=source, out=folder / "raw/own")


@pytest.mark.parametrize("case", FILES)
def test_a_file_of_ones_own(tmp_path, case):
    name, content, more, said = FILES[case]
    refused(fetched(tmp_path, name, content, **more), "fetch_source", *said)
    assert not [*(tmp_path / "raw").iterdir()]


# --- Columns of such a file: (bytes of own.csv or own.jsonl, how it is read, words of the sentence) ---
READ = {"reader": "columns", "columns": {"question": "q", "answer": "a"}}
COLUMNS = {
    "a column that is missing": (b"question,a\n1 + 1?,2\n", READ, ["own.csv: row 1: key 'q' is missing", "the record has: question, a"]),
    "a benchmark with an item without answer": (b"q,a\n1 + 1?,\n", READ, ["own.csv: row 1: benchmark 'own': no gold answer"]),
    "a benchmark with an empty question": (b"q,a\n ,2\n", READ, ["own.csv: row 1: benchmark 'own': no question"]),
    "a question that is null": (b'{"q": null, "a": 1}\n', READ, ["own.jsonl: row 1: key 'q' must be text, not null"]),
    "an answer that is a list": (b'{"q": "x", "a": ["1"]}\n', READ, ["own.jsonl: row 1: key 'a' must be text or a number, not a list"]),
    "an answer that is true": (b'{"q": "x", "a": true}\n', READ, ["own.jsonl: row 1: key 'a' must be text or a number, not true or false"]),
    "an answer that is NaN": (b'{"q": "x", "a": NaN}\n', READ, ["own.jsonl: row 1: nan is not a finite number"]),
    "a number of items that is not the configured one": (JSON_LINES, READ | {"rows": 7}, ["'own' has 2 rows, config/sources.yaml says 7"]),
    "a reader that is not there": (JSON_LINES, {"reader": "gsm9k"}, ["no reader 'gsm9k'; there are: gsm8k, "]),
}


@pytest.mark.parametrize("case", COLUMNS)
def test_columns_of_ones_own(tmp_path, case):
    content, how, said = COLUMNS[case]
    assert fetched(tmp_path, "own.jsonl" if content.startswith(b"{") else "own.csv", content).returncode == 0
    chosen = json.dumps({"source": "own", **how})
    done = run("prepare_queries", raw=tmp_path / "raw/own", dataset="own", kind="benchmark", settings=chosen, out=tmp_path / "own.parquet")
    refused(done, "prepare_queries", *said)
    assert not (tmp_path / "own.parquet").exists()


def test_training_questions_of_which_none_is_left(tmp_path):
    assert fetched(tmp_path, "own.csv", b"q,a\n1 + 1?,\n").returncode == 0
    chosen = json.dumps({"source": "own", **READ})
    done = run("prepare_queries", raw=tmp_path / "raw/own", dataset="own", kind="training", settings=chosen, out=tmp_path / "own.parquet")
    refused(done, "prepare_queries", "'own' has 0 rows; dropped: {'without question or gold': 1}")


@pytest.mark.stage
def test_a_module_that_programs_cannot_import(tmp_path):
    content = b'{"q": "1 + 1?", "a": 2, "s": "```python\\nimport numpy\\nprint(2)\\n```"}\n'
    assert fetched(tmp_path, "own.jsonl", content).returncode == 0
    limits = {"timeout": 5, "memory_mb": 512, "output_chars": 400, "preload": ["numpyy"]}
    chosen = json.dumps({"source": "own"} | READ | {"columns": READ["columns"] | {"solution": "s"}})
    out = {"settings": chosen, "interpreter": json.dumps(limits), "out": tmp_path / "own.parquet"}
    refused(run("prepare_sft", raw=tmp_path / "raw/own", dataset="own", **out), "prepare_sft", "No module named 'numpyy'")
