import random
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import public_data
from support.declared import TABLES

import decontaminate
import measure_overlap
from mathcode import tables
from mathcode.core import table_files
from mathcode.core.errors import InputError
from mathcode.data import decontamination, sources, wording
from mathcode.data.queries import benchmark_table
from mathcode.data.readers import english
from mathcode.data.text import query_id

words = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=12).map(" ".join)


def queries(*questions: str, dataset: str = "test") -> pl.DataFrame:
    return benchmark_table(dataset, [(str(row), english.Query(question, "1")) for row, question in enumerate(questions)])


def reference(training: list[str], items: list[str], n: int) -> tuple[int, int]:
    """Exact and n-gram items, counted the slow and obvious way."""

    def runs(text):
        parts = wording.words(text)
        return {tuple(parts[start : start + n]) for start in range(len(parts) - n + 1)}

    texts = {wording.normalise(text) for text in training} - {""}
    known = set().union(*(runs(text) for text in training))
    return sum(wording.normalise(item) in texts for item in items), sum(bool(runs(item) & known) for item in items)


@given(st.lists(words, min_size=1, max_size=6), st.lists(words, min_size=1, max_size=6), st.integers(1, 5))
def test_overlap_counts_what_the_definition_says(training, items, n):
    shared = decontamination.overlap(decontamination.fingerprint(training, n), decontamination.fingerprint(items, n))
    exact, ngram = reference(training, items, n)
    assert (shared.items_exact.sum(), shared.items_ngram.sum()) == (exact, ngram)
    back_exact, back_ngram = reference(items, training, n)
    assert (shared.rows_exact.sum(), shared.rows_ngram.sum()) == (back_exact, back_ngram)


def test_runs_do_not_cross_questions():
    shared = decontamination.overlap(decontamination.fingerprint(["a b", "c d"], 3), decontamination.fingerprint(["b c d"], 3))
    assert not shared.items_ngram.any()


def test_compare_names_items_and_chooses_rows():
    benchmark = queries("One two three four", "five six seven", "eight nine")
    training = ["one TWO three, four!", "x five six seven x", "nothing"]
    for remove, keep in (("exact", [False, True, True]), ("ngram", [False, False, True])):
        compared = decontamination.compare("set", "sft", training, {"bench": benchmark}, 3, remove)
        assert compared.keep.tolist() == keep
        row = compared.counts.row(0, named=True)
        assert (row["exact_items"], row["ngram_items"], row["removed_rows"], row["training_rows"]) == (1, 2, keep.count(False), 3)
        assert compared.items["overlap"].to_list() == ["exact", "ngram"]
        assert compared.items["query_id"].to_list() == benchmark["query_id"].to_list()[:2]


def test_a_removed_row_stands_beside_the_item_that_removes_it():
    benchmark = queries("One two three four", "five six seven", "eight nine", "one two three four!")
    training = ["one TWO three, four!", "x five six seven x", "nothing"]
    found = decontamination.compare("set", "sft", training, {"first": benchmark, "second": benchmark}, 3, "ngram").removed
    assert [(one.row, one.benchmark, one.item, one.overlap) for one in found] == [(0, "first", 0, "exact"), (1, "first", 1, "ngram")]
    assert decontamination.compare("set", "sft", training, {"first": benchmark}, 3, "none").removed == []


def program_arguments(folder: Path, remove: str = "exact", sft_rows: int | None = None, **tables_by_flag: list[Path]) -> list[str]:
    flags = ["--ngram", "5", "--remove", remove, *(["--rows", str(sft_rows)] if sft_rows else [])]
    for flag, paths in tables_by_flag.items():
        flags += [f"--{flag}", *map(str, paths)]
    return [*flags, "--out", str(folder / "out" / "out.parquet")]


def measured(folder: Path, benchmark: Path, remove: str = "exact", **tables_by_flag: list[Path]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Items and counts of one benchmark, as measure_overlap.py writes them."""
    flags = ["--ngram", "5", "--remove", remove, "--benchmark", str(benchmark)]
    for flag, paths in tables_by_flag.items():
        flags += [f"--{flag}", *map(str, paths)]
    items, counts = folder / "overlap" / "items.parquet", folder / "overlap" / "counts.parquet"
    assert measure_overlap.main([*flags, "--out-items", str(items), "--out-counts", str(counts)]) == 0
    return tables.OVERLAP_ITEMS.read(items, allow_empty=True), tables.OVERLAP_COUNTS.read(counts)


def written(folder: Path, frame: pl.DataFrame, name: str, table: str) -> Path:
    TABLES[table].write(frame, folder / f"{name}.parquet")
    return folder / f"{name}.parquet"


def pairs(dataset: str, *questions: str) -> pl.DataFrame:
    rows = [
        {
            "query_id": query_id(dataset, question),
            "dataset": dataset,
            "question": question,
            "gold": "1",
            "methodology": "cot",
            "solution": "The answer is \\boxed{1}.",
            "type": None,
        }
        for question in questions
    ]
    return pl.DataFrame(rows, schema=tables.SFT.schema)


def test_program_merges_and_removes(tmp_path, caplog):
    caplog.set_level("INFO")
    first = written(tmp_path, queries("who is it", "what now then", dataset="first"), "first", "queries")
    second = written(tmp_path, queries("what  now then", "and why", dataset="second"), "second", "queries")
    bench = written(tmp_path, queries("Who is it?", dataset="bench"), "bench", "queries")
    assert decontaminate.main(program_arguments(tmp_path, use=["queries"], training=[first, second], benchmarks=[bench])) == 0
    out = tmp_path / "out"
    kept = tables.QUERIES.read(out / "out.parquet")
    assert kept.select("dataset", "question").rows() == [("first", "what now then"), ("second", "and why")]
    told = f'removed (exact) first: "who is it"; bench {query_id("bench", "Who is it?")}: "Who is it?"'
    assert [line for line in caplog.messages if line.startswith("removed")] == [told]
    items, counts = measured(tmp_path, bench, use=["queries"], training=[first, second])
    columns = ("dataset", "use", "benchmark", "exact_items", "removed_rows")
    assert counts.select(columns).rows() == [("first", "queries", "bench", 1, 1), ("second", "queries", "bench", 0, 0)]
    assert items.height == 1


def test_on_request_it_tells_of_its_benchmarks_what_is_measured_of_single_ones(tmp_path):
    train = written(tmp_path, queries("who is it", "what now then", dataset="train"), "train", "queries")
    bench = written(tmp_path, queries("Who is it?", "and why", dataset="bench"), "bench", "queries")
    told = {name: tmp_path / f"{name}.parquet" for name in ("contamination", "items")}
    asked = [word for name, path in told.items() for word in (f"--out-{name}", str(path))]
    assert decontaminate.main([*program_arguments(tmp_path, use=["queries"], training=[train], benchmarks=[bench]), *asked]) == 0
    items, counts = measured(tmp_path, bench, use=["queries"], training=[train])
    assert items.height == 1
    assert tables.OVERLAP_ITEMS.read(told["items"]).equals(items)
    assert tables.OVERLAP_COUNTS.read(told["contamination"]).equals(counts)


def test_a_benchmark_outside_the_guard_removes_nothing_and_is_measured_all_the_same(tmp_path):
    train = written(tmp_path, queries("who is it", "what now then", dataset="train"), "train", "queries")
    bench = written(tmp_path, queries("Who is it?", dataset="bench"), "bench", "queries")
    assert decontaminate.main(program_arguments(tmp_path, use=["queries"], training=[train], benchmarks=[])) == 0
    assert tables.QUERIES.read(tmp_path / "out" / "out.parquet").height == 2
    items, counts = measured(tmp_path, bench, remove="none", use=["queries"], training=[train])
    assert counts.select("exact_items", "training_rows", "removed_rows").rows() == [(1, 2, 0)]
    assert items["overlap"].to_list() == ["exact"]


def test_program_draws_sft_pairs(tmp_path):
    sft = written(tmp_path, pairs("pairs", "who is it", *(f"question {number}" for number in range(20))), "pairs", "sft")
    bench = written(tmp_path, queries("Who is it?", dataset="bench"), "bench", "queries")
    assert decontaminate.main(program_arguments(tmp_path, sft_rows=5, use=["sft"], training=[sft], benchmarks=[bench])) == 0
    drawn = tables.SFT.read(tmp_path / "out" / "out.parquet")
    assert drawn.height == 5
    assert "who is it" not in drawn["question"].to_list()


def test_program_writes_equal_bytes_twice(tmp_path):
    sft = written(tmp_path, pairs("pairs", *(f"question {number}" for number in range(50))), "pairs", "sft")
    bench = written(tmp_path, queries("d e f", dataset="bench"), "bench", "queries")
    made = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        decontaminate.main(program_arguments(folder, sft_rows=9, use=["sft"], training=[sft], benchmarks=[bench]))
        made.append([path.read_bytes() for path in sorted((folder / "out").iterdir())])
    assert len(made[0]) == 1
    assert made[0] == made[1]


def test_program_refuses_an_empty_rest_and_leaves_nothing(tmp_path):
    train = written(tmp_path, queries("who is it", dataset="train"), "train", "queries")
    bench = written(tmp_path, queries("Who is it?", dataset="bench"), "bench", "queries")
    with pytest.raises(InputError, match=r"no row is left in queries; benchmarks removed \d+ by bench: see data\.guard"):
        decontaminate.main(program_arguments(tmp_path, use=["queries"], training=[train], benchmarks=[bench]))
    assert not (tmp_path / "out").exists()


def test_program_names_a_missing_table_and_refuses_a_bad_option(tmp_path):
    bench = written(tmp_path, queries("Who is it?", dataset="bench"), "bench", "queries")
    with pytest.raises(table_files.TableError, match=r"missing.parquet"):
        decontaminate.main(program_arguments(tmp_path, use=["queries"], training=[tmp_path / "missing.parquet"], benchmarks=[bench]))
    with pytest.raises(SystemExit):
        decontaminate.main(program_arguments(tmp_path, remove="most", use=["queries"], training=[bench], benchmarks=[bench]))


def real(path: str, reader: str) -> pl.DataFrame:
    rows = ((f"row {row}", english.READERS[reader](record)) for row, record in enumerate(sources.read_records(public_data.FOLDER / path)))
    return benchmark_table(reader, rows)


@public_data.needed
def test_known_overlap_of_svamp_training_questions():
    questions = [record["question"] for record in sources.read_records(public_data.FOLDER / "sft/svamp_train_cot.json.gz")]
    random.Random(1).shuffle(questions)
    benchmarks = {
        "asdiv": real("asdiv/test.jsonl.gz", "asdiv"),
        "svamp": real("svamp/test.jsonl.gz", "svamp"),
        "mawps": real("mawps/test.jsonl.gz", "mawps"),
    }
    counts = decontamination.compare("svamp", "sft", questions, benchmarks, 13, "exact").counts
    found = {row["benchmark"]: (row["exact_items"], row["ngram_items"]) for row in counts.iter_rows(named=True)}
    assert found == {"asdiv": (851, 1035), "svamp": (0, 119), "mawps": (1792, 1895)}


@public_data.needed
def test_known_overlap_of_math_training_questions():
    questions = [record["problem"] for record in sources.read_records(public_data.FOLDER / "math/train.jsonl.gz")]
    benchmarks = {
        "math": real("math/test.jsonl.gz", "math"),
        "math500": real("math/math500.jsonl.gz", "math500"),
        "aime24": real("aime24/test.jsonl.gz", "aime24"),
    }
    counts = decontamination.compare("math_train", "queries", questions, benchmarks, 13, "exact").counts
    found = {row["benchmark"]: (row["exact_items"], row["ngram_items"]) for row in counts.iter_rows(named=True)}
    assert found == {"math": (5, 539), "math500": (0, 55), "aime24": (0, 8)}


@public_data.needed
def test_chinese_questions_stay_distinct():
    texts = [wording.normalise(question) for question in real("cmath/test.jsonl.gz", "cmath")["question"]]
    assert len(set(texts)) == 600
    assert all(re.search(r"[^a-z0-9 ]", text) for text in texts)


def test_questions_that_are_kept_apart_are_in_no_training_row():
    """However blanks and marks are set: the critic's pool takes a question by its letters and digits."""
    frame = pl.DataFrame({"question": ["What is 1 + 1?", "what is  1+1", "What is 1 + 2?"]})
    kept = decontaminate.without(frame, [pl.DataFrame({"question": ["What is 1+1 ?"]})])
    assert kept["question"].to_list() == ["What is 1 + 2?"]
