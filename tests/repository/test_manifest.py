"""The manifest of results: what it lists, and what it says of two folders."""

import hashlib
import shutil

import manifest
import polars as pl
import pytest


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    (folder / "main/model").mkdir(parents=True)
    pl.DataFrame({"id": [1, 2], "value": [0.5, float("nan")]}).write_parquet(folder / "main/table.parquet")
    for name in ("main/model/model.safetensors", "main/provenance.json", "main/costs.csv", "a.svg", "b.csv"):
        (folder / name).write_bytes(name.encode())
    return folder


@pytest.fixture
def other(results, tmp_path):
    return shutil.copytree(results, tmp_path / "other")


def test_it_lists_digests_sorted_by_path_without_provenance_and_timings(results, capsys):
    assert manifest.main([str(results)]) == 0
    lines = dict(reversed(line.split("  ")) for line in capsys.readouterr().out.splitlines())
    assert list(lines) == ["a.svg", "b.csv", "main/model/model.safetensors", "main/table.parquet"]
    assert lines["a.svg"] == hashlib.sha256(b"a.svg").hexdigest()


def test_a_folder_agrees_with_its_own_manifest_until_a_file_changes(results, tmp_path, capsys):
    manifest.main([str(results)])
    (tmp_path / "before.txt").write_text(capsys.readouterr().out)
    asked = [str(results), "--compare", str(tmp_path / "before.txt")]
    assert manifest.main(asked) == 0
    assert capsys.readouterr().out == "4 identical\n"
    (results / "b.csv").write_text("changed")
    (results / "a.svg").rename(results / "c.svg")
    assert manifest.main(asked) == 1
    assert capsys.readouterr().out.splitlines() == [
        "differs: b.csv",
        "only here: c.svg",
        "only there: a.svg",
        "2 identical, 1 differs, 1 only here, 1 only there",
    ]


def test_paths_can_be_mapped(results, other):
    (other / "main").rename(other / "first")
    assert len(manifest.compare(results, other)["only here"]) == 2
    assert len(manifest.compare(results, other, [("^main/", "first/")])["identical"]) == 4


def test_tables_can_be_compared_in_the_columns_both_have(results, other, capsys):
    table = other / "main/table.parquet"
    pl.read_parquet(table).with_columns(new=pl.lit(1)).select("new", "value", "id").write_parquet(table)
    asked = [str(results), "--compare", str(other)]
    assert manifest.main(asked) == 1
    assert manifest.main([*asked, "--columns"]) == 0
    assert "equal in shared columns: main/table.parquet" in capsys.readouterr().out
    pl.read_parquet(table).with_columns(id=pl.col("id") + 1).write_parquet(table)
    assert manifest.main([*asked, "--columns"]) == 1
    assert "differs: main/table.parquet: differs in id" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["{empty}"], "{empty}: no file of .csv, .parquet, .safetensors, .svg is here"),
        (["{results}", "--compare", "{empty}/x"], "{empty}/x: no such folder or manifest"),
        (["{results}", "--compare", "{results}/a.svg"], "{results}/a.svg: no manifest; its lines are a SHA-256, two blanks and a path"),
        (["{results}", "--compare", "{results}/a.svg", "--columns"], "{results}/a.svg: --columns compares tables, so both must be folders"),
        (["{results}", "--compare", "{results}", "--map", ".+=x"], "--map gives one name to two files"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(results, tmp_path, capsys, words, sentence):
    (tmp_path / "empty").mkdir()
    places = {"results": results, "empty": tmp_path / "empty"}
    assert manifest.main([word.format(**places) for word in words]) == 2
    assert capsys.readouterr().err == f"manifest.py: {sentence.format(**places)}\n"
