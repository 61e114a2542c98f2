"""Tables: what is written is what is declared, whole or not at all."""

import math
import os

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.declared import TABLES
from support.strategies import grade_rows, grades

from mathcode import tables
from mathcode.core import table_files
from mathcode.core.table_files import Column, Table, TableError

GRADES = grades(("q1", "native", "cot", True), ("q1", "cot", "cot", False), ("q2", "code", "code", "no_answer"))
LOGPROBS = pl.DataFrame([["r1", [-0.5, -0.25], None], ["r2", [], 0.125]], schema=tables.LOGPROBS.schema, orient="row")


@pytest.mark.parametrize("table", TABLES)
def test_every_column_has_a_meaning_and_a_type(table):
    for name, column in TABLES[table].columns.items():
        assert len(column.meaning) > 5, name
        assert pl.Series([], dtype=column.dtype).dtype == column.dtype
    assert TABLES[table].empty().schema == TABLES[table].schema


@given(grade_rows())
def test_a_table_is_read_as_it_was_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("tables") / "new" / "grades.parquet"
    tables.GRADES.write(grades(*rows), path)
    assert tables.GRADES.read(path).equals(grades(*rows))
    assert os.listdir(path.parent) == ["grades.parquet"]


def test_columns_come_in_the_declared_order(tmp_path):
    scored = GRADES.with_columns(score=pl.lit(0.5), first_right=pl.lit(True))
    tables.GRADES.write(scored.select(reversed(scored.columns)), tmp_path / "grades.parquet")
    assert pl.read_parquet(tmp_path / "grades.parquet").columns == list(TABLES["grades"].columns)


def test_rewriting_gives_the_same_bytes(tmp_path):
    path = tmp_path / "grades.parquet"
    tables.GRADES.write(GRADES, path)
    before = path.read_bytes()
    tables.GRADES.write(tables.GRADES.read(path), path)
    assert path.read_bytes() == before


def with_list(values) -> pl.DataFrame:
    return LOGPROBS.with_columns(logprobs=pl.Series(values, dtype=pl.List(pl.Float32)))


FLAWS = {
    "missing column": ("grades", GRADES.drop("strict"), "column 'strict' of table 'grades' is missing"),
    "unknown column": ("grades", GRADES.with_columns(extra=1), "column 'extra' does not belong to table 'grades'"),
    "wrong type": ("grades", GRADES.cast({"sample": pl.Int64}), "column 'sample' is Int64, table 'grades' declares Int32"),
    "null": ("grades", GRADES.with_columns(outcome=pl.Series(["wrong", None, None])), "column 'outcome' is null in row 1"),
    "NaN": ("logprobs", LOGPROBS.with_columns(sampled_difference=math.nan), "column 'sampled_difference' is NaN in row 0"),
    "null in a list": ("logprobs", with_list([[-1.0], [-1.0, None]]), "column 'logprobs' holds a null in row 1"),
    "NaN in a list": ("logprobs", with_list([[-1.0, math.nan], []]), "column 'logprobs' holds a NaN in row 0"),
}


@pytest.mark.parametrize("name", FLAWS)
def test_a_flawed_table_is_neither_written_nor_read(tmp_path, name):
    table, frame, words = FLAWS[name]
    path = tmp_path / "new" / "table.parquet"
    with pytest.raises(TableError) as raised:
        TABLES[table].write(frame, path)
    assert str(raised.value) == f"{path}: {words}"
    assert not path.parent.exists()
    path.parent.mkdir()
    frame.write_parquet(path)
    with pytest.raises(TableError) as raised:
        TABLES[table].read(path)
    assert str(raised.value) == f"{path}: {words}"


def test_nullable_columns_may_hold_nulls(tmp_path):
    tables.LOGPROBS.write(LOGPROBS, tmp_path / "logprobs.parquet")
    assert tables.LOGPROBS.read(tmp_path / "logprobs.parquet")["sampled_difference"].to_list() == [None, 0.125]


def test_a_refused_table_leaves_the_old_one(tmp_path):
    path = tmp_path / "grades.parquet"
    tables.GRADES.write(GRADES, path)
    before = path.read_bytes()
    with pytest.raises(TableError, match="'strict'"):
        tables.GRADES.write(GRADES.drop("strict"), path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("step", ["write", "replace"])
def test_a_failing_disk_leaves_no_temporary_file(tmp_path, monkeypatch, step):
    def fail(*_, **__):
        raise OSError("no space left on device")

    path = tmp_path / "grades.parquet"
    path.write_bytes(b"old")
    if step == "replace":
        monkeypatch.setattr(os, "replace", fail)
    else:
        whole = pl.DataFrame.write_parquet

        def half(frame, file, **options):
            whole(frame, file, **options)
            fail()

        monkeypatch.setattr(pl.DataFrame, "write_parquet", half)
    with pytest.raises(table_files.TableError, match="no space left"):
        tables.GRADES.write(GRADES, path)
    assert os.listdir(tmp_path) == ["grades.parquet"]
    assert path.read_bytes() == b"old"


def test_files_that_are_no_table(tmp_path):
    absent = tmp_path / "absent.parquet"
    with pytest.raises(TableError, match=r"absent\.parquet: no such file; it should hold the table 'grades'"):
        tables.GRADES.read(absent)
    with pytest.raises(TableError, match="no such file"):
        tables.GRADES.read(tmp_path)
    tables.GRADES.write(GRADES, tmp_path / "grades.parquet")
    whole = (tmp_path / "grades.parquet").read_bytes()
    for name, content in {"empty": b"", "text": b"query_id,mode\n", "cut": whole[: len(whole) // 2], "headless": whole[20:]}.items():
        path = tmp_path / f"{name}.parquet"
        path.write_bytes(content)
        with pytest.raises(TableError, match=rf"{name}\.parquet: not a readable parquet file \(.+\)$") as raised:
            tables.GRADES.read(path)
        assert "\n" not in str(raised.value)


def test_a_table_without_rows_is_refused_unless_it_may_be_empty(tmp_path):
    path = tmp_path / "counts.parquet"
    tables.OVERLAP_COUNTS.write(tables.OVERLAP_COUNTS.empty(), path)
    with pytest.raises(TableError, match=r"counts\.parquet: the table 'overlap_counts' has no row"):
        tables.OVERLAP_COUNTS.read(path)
    assert tables.OVERLAP_COUNTS.read(path, allow_empty=True).is_empty()


@given(st.sampled_from(sorted(TABLES)), st.data())
def test_dropping_any_column_of_any_table_is_named(tmp_path_factory, table, data):
    needed = [name for name, column in TABLES[table].columns.items() if not column.may_lack]
    column = data.draw(st.sampled_from(sorted(needed)))
    path = tmp_path_factory.getbasetemp() / "never.parquet"
    with pytest.raises(TableError, match=f"never.parquet: column '{column}' of table '{table}' is missing"):
        TABLES[table].write(TABLES[table].empty().drop(column), path)


def test_a_part_of_a_table_is_read_and_checked(tmp_path):
    path = tmp_path / "grades.parquet"
    tables.GRADES.write(GRADES, path)
    assert tables.GRADES.read(path, columns=["strict", "query_id"]).equals(GRADES.select("strict", "query_id"))
    assert tables.GRADES.scan(path).filter(pl.col("query_id") == "q2").select("mode").collect().item() == "code"
    GRADES.drop("strict").write_parquet(path)
    assert tables.GRADES.read(path, columns=["query_id"]).height == 3
    with pytest.raises(TableError, match="column 'strict' of table 'grades' is missing"):
        tables.GRADES.read(path, columns=["strict"])
    with pytest.raises(TableError, match="column 'strict' is missing, table 'grades' declares Boolean"):
        tables.GRADES.scan(path)
    path.write_text("no parquet")
    with pytest.raises(TableError, match="not a readable parquet file"):
        tables.GRADES.scan(path)


SPOKEN = Table("spoken", {"word": Column(pl.String, "a word"), "language": Column(pl.String, "its language", default="en")})


@pytest.mark.parametrize(
    ("frame", "held", "languages"),
    [
        (pl.DataFrame({"word": ["a", "b"]}), ["word"], ["en", "en"]),
        (pl.DataFrame({"word": ["a", "b"], "language": ["en", None]}), ["word"], ["en", "en"]),
        (pl.DataFrame({"word": ["a", "b"], "language": ["zh", None]}), ["word", "language"], ["zh", "en"]),
    ],
)
def test_a_default_is_written_only_beside_something_else(tmp_path, frame, held, languages):
    SPOKEN.write(frame, tmp_path / "a.parquet")
    assert list(pl.read_parquet_schema(tmp_path / "a.parquet")) == held
    assert SPOKEN.read(tmp_path / "a.parquet")["language"].to_list() == languages
    assert SPOKEN.read(tmp_path / "a.parquet", columns=["language"])["language"].to_list() == languages
    assert SPOKEN.read(tmp_path / "a.parquet", columns=["word"]).columns == ["word"]
    assert SPOKEN.scan(tmp_path / "a.parquet").collect()["language"].to_list() == languages


KNOWN = Table("known", {"word": Column(pl.String, "a word"), "values": Column(pl.String, "its values", nullable=True, default=None)})


@pytest.mark.parametrize(
    ("frame", "held", "values"),
    [
        (pl.DataFrame({"word": ["a", "b"]}), ["word"], [None, None]),
        (pl.DataFrame({"word": ["a", "b"], "values": [None, None]}, schema=KNOWN.schema), ["word"], [None, None]),
        (pl.DataFrame({"word": ["a", "b"], "values": ["1", None]}), ["word", "values"], ["1", None]),
    ],
)
def test_a_column_that_is_null_by_default_is_written_only_beside_something_else(tmp_path, frame, held, values):
    KNOWN.write(frame, tmp_path / "a.parquet")
    assert list(pl.read_parquet_schema(tmp_path / "a.parquet")) == held
    for read in (KNOWN.read(tmp_path / "a.parquet"), KNOWN.scan(tmp_path / "a.parquet").collect()):
        assert read["values"].to_list() == values
        assert read.schema == KNOWN.schema
    assert KNOWN.read(tmp_path / "a.parquet", columns=["values"])["values"].to_list() == values


def test_bytes_of_queries_without_values_are_those_of_a_table_without_the_column(tmp_path):
    frame = pl.DataFrame([dict.fromkeys(tables.QUERIES.columns, "a") | {"values": None}], schema=tables.QUERIES.schema)
    tables.QUERIES.write(frame, tmp_path / "new.parquet")
    before = Table("queries", {name: column for name, column in tables.QUERIES.columns.items() if name != "values"})
    before.write(frame.drop("values"), tmp_path / "old.parquet")
    assert (tmp_path / "new.parquet").read_bytes() == (tmp_path / "old.parquet").read_bytes()


def test_a_column_with_a_default_has_its_type(tmp_path):
    frame = pl.DataFrame({"word": ["a"], "language": [1]})
    with pytest.raises(TableError, match="column 'language' is Int64, table 'spoken' declares String"):
        SPOKEN.write(frame, tmp_path / "a.parquet")
    frame.write_parquet(tmp_path / "b.parquet")
    with pytest.raises(TableError, match="column 'language' is Int64, table 'spoken' declares String"):
        SPOKEN.scan(tmp_path / "b.parquet")


def test_grades_of_rules_are_written_as_if_there_were_no_scores(tmp_path):
    tables.GRADES.write(GRADES, tmp_path / "new.parquet")
    before = Table("grades", {name: column for name, column in tables.GRADES.columns.items() if name != "score"})
    before.write(GRADES.drop("score"), tmp_path / "old.parquet")
    assert (tmp_path / "new.parquet").read_bytes() == (tmp_path / "old.parquet").read_bytes()
    assert tables.GRADES.read(tmp_path / "new.parquet").equals(GRADES)
    scored = GRADES.with_columns(score=pl.Series([0.25, None, 0.75]))
    tables.GRADES.write(scored, tmp_path / "new.parquet")
    assert tables.GRADES.read(tmp_path / "new.parquet").equals(scored)
