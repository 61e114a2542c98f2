import gzip
import json
import random
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support import public_data

import prepare_queries
from mathcode import settings, tables
from mathcode.data import queries, sources
from mathcode.data.readers import QUERY_READERS, SFT_READERS, english
from mathcode.data.readers.english import Query
from mathcode.data.text import CorpusError, canonical, last_box, query_id, read_all, unboxed
from mathcode.grading.equality import equal
from mathcode.responses.boxes import boxes

ROOT = Path(__file__).parents[2]
CONFIGURED = settings.Sources.model_validate(yaml.safe_load((ROOT / "config/sources.yaml").read_text(encoding="utf-8")))


def table(rows: int) -> pl.DataFrame:
    return queries.training_table("set", [("", Query(f"question {row}", "1")) for row in range(rows)])


# ------------------------------------------------------------------------------------------- readers


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        (r"so \boxed{\frac{1}{2}} and $\fbox{3}$.", [r"\frac{1}{2}", "3"]),
        (r"\boxed{\left\{1, 2\right\}}", [r"\left\{1, 2\right\}"]),
        (r"\boxed 7$ or \framebox{ x }", ["7", "x"]),
        (r"\boxed{a \text{if } \boxed{b}}", [r"a \text{if } \boxed{b}"]),
        (r"\boxed{open", []),
        ("none", []),
    ],
)
def test_boxes(text, contents):
    assert [box.content for box in boxes(text)] == contents
    assert last_box(text) == (contents[-1] if contents else "")


@given(st.text(alphabet="ab{}\\boxed $", max_size=40))
def test_unboxed_text_ends_and_keeps_what_is_no_box(text):
    if not boxes(text):
        assert unboxed(text) == text


@pytest.mark.parametrize(
    ("reader", "record", "question", "gold"),
    [
        ("gsm8k", {"question": "q", "answer": "3 * 4 = <<3*4=12>>12\n#### 1,200"}, "q", "1200"),
        (
            "math",
            {"problem": "q", "level": "Level 1", "type": "Algebra", "solution": r"$\boxed{1}$, no, \boxed{\frac{1}{2}}."},
            "q",
            r"\frac{1}{2}",
        ),
        (
            "math",
            {
                "problem": "Find all $x$, separated by commas.",
                "level": None,
                "type": None,
                "solution": r"$\boxed{-2}$ or \boxed{1}, so \boxed{-2}",
            },
            "Find all $x$, separated by commas.",
            "-2, 1",
        ),
        (
            "math",
            {
                "problem": "q",
                "level": None,
                "type": None,
                "solution": r"It is $\boxed{-3}$. Note: $\boxed{3}$ is also accepted as an answer.",
            },
            "q",
            "-3",
        ),
        ("gaokao2023en", {"question": "q", "answer": "$145$solution:", "source": "s"}, "q", "145"),
        ("gaokao2023en", {"question": "What?answers: $\\frac{3}{10}$", "answer": "", "source": "s"}, "What?", r"\frac{3}{10}"),
        ("gaokao2023en", {"question": "Which?(D) $5$Answer: A", "answer": "", "source": "s"}, "Which?(D) $5$", "A"),
        (
            "olympiadbench",
            {"question": "q", "final_answer": ["$69$,$84$"], "answer_type": "Numerical", "subfield": "Algebra"},
            "q",
            "69,84",
        ),
        ("college_math", {"question": "q", "answer": "$\\$ 3040$", "data_topic": "t"}, "q", "3040"),
        ("asdiv", {"body": "b. ", "question": "q?", "answer": "14  (seats)", "solution_type": "Sum"}, "b. q?", "14"),
        ("asdiv", {"body": "b.", "question": "q?", "answer": "-(1/3)", "solution_type": "Sum"}, "b. q?", "-(1/3)"),
        ("svamp", {"Body": "b", "Question": "q?", "Answer": 145.0, "Type": "Sum"}, "b. q?", "145"),
        ("mawps", {"input": "q", "target": 11.5, "type": "addsub"}, "q", "11.5"),
        ("aime24", {"problem": "q", "answer": "025"}, "q", "25"),
        ("amc23", {"question": "q", "answer": -1.0}, "q", "-1"),
    ],
)
def test_readers(reader, record, question, gold):
    query = english.READERS[reader](record)
    assert (query.question, query.gold) == (question, gold)


def test_a_missing_key_is_named_with_its_place():
    with pytest.raises(CorpusError, match=r"train.jsonl: row 3: key 'answer' is missing"):
        list(read_all([("train.jsonl: row 3", {"question": "q"})], english.READERS, "gsm8k"))
    with pytest.raises(CorpusError, match=r"row 3: key 'answer' must be text, not null \(reader 'gsm8k'\)"):
        list(read_all([("row 3", {"question": "q", "answer": None})], english.READERS, "gsm8k"))
    with pytest.raises(CorpusError, match="no reader 'gsm9k'"):
        list(read_all([], english.READERS, "gsm9k"))


# -------------------------------------------------------------------------------------------- tables


def test_training_queries_drop_repeats_and_missing_golds(caplog):
    caplog.set_level("INFO")
    rows = [("", Query("a  b", "1")), ("", Query("a b ", "2")), ("", Query("c", "")), ("", Query(" ", "1")), ("", Query("a - b", "3"))]
    frame = queries.training_table("set", rows)
    assert frame.select("question", "gold").rows() == [("a  b", "1"), ("a - b", "3")]
    assert "'repeated': 1" in caplog.text
    assert "'without question or gold': 2" in caplog.text
    assert "1 rows repeat a question with another answer" in caplog.text


@pytest.mark.parametrize("second", ["1", "2"])
def test_a_benchmark_says_how_many_questions_have_different_answers(caplog, second):
    queries.benchmark_table("set", [("", Query("a", "1")), ("", Query("a", second)), ("", Query("b", "1"))])
    assert ("1 questions stand there with different answers" in caplog.text) == (second == "2")


def test_what_a_reader_leaves_out_is_counted_with_its_reason(caplog):
    caplog.set_level("INFO")
    rows = [("", "needs its picture"), ("", Query("a", "1", language="zh")), ("", "needs its picture")]
    for build in (queries.training_table, queries.benchmark_table):
        frame = build("set", rows, 1)
        assert frame.select("question", "language").rows() == [("a", "zh")]
    assert caplog.text.count("'needs its picture': 2") == 2


def test_benchmarks_keep_repeats_under_ids_of_their_own():
    frame = queries.benchmark_table("set", [("", Query("a", "1")), ("", Query("a", "1")), ("", Query("b", "1"))], 3)
    assert frame["query_id"].n_unique() == 3
    assert frame["query_id"][0] == query_id("set", "a") != query_id("other", "a")


def test_benchmarks_refuse_missing_golds_and_wrong_counts():
    with pytest.raises(CorpusError, match=r"row 2: benchmark 'set': no gold"):
        queries.benchmark_table("set", [("row 1", Query("a", "1")), ("row 2", Query("b", ""))])
    with pytest.raises(CorpusError, match=r"'set' has 1 rows, config/sources.yaml says 2"):
        queries.benchmark_table("set", [("", Query("a", "1"))], 2)
    with pytest.raises(CorpusError, match=r"'set' has 0 rows"):
        queries.training_table("set", [])


@given(st.text())
def test_ids_do_not_see_blanks(text):
    assert query_id("set", text) == query_id("set", f"  {text}\n") == query_id("set", canonical(text))


# --------------------------------------------------------------------------------------------- draws


@given(st.integers(0, 30), st.integers(1, 40), st.randoms(use_true_random=False))
def test_take_does_not_depend_on_order(rows, wanted, order):
    frame = table(30).head(rows)
    shuffled = list(range(rows))
    order.shuffle(shuffled)
    drawn = queries.take(frame, wanted)
    assert drawn.equals(queries.take(frame[shuffled], wanted))
    assert drawn.height == drawn["query_id"].n_unique() == min(rows, wanted)
    assert set(queries.take(frame, wanted + 1)["query_id"]) >= set(drawn["query_id"])


def test_take_nothing_leaves_the_frame():
    assert queries.take(table(5), None).equals(table(5))


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 6), st.integers(1, 3))
def test_slices_hold_no_query_twice_and_cover_all(rows, size, iterations, seed):
    frame = table(rows)
    seen = []
    for iteration in range(1, iterations + 1):
        piece = queries.slice_for_iteration(frame, size, iteration, seed)["query_id"].to_list()
        assert len(piece) == len(set(piece)) == min(rows, size)
        seen += piece
    assert len(set(seen)) == min(rows, min(rows, size) * iterations)  # disjoint until all are used


def test_slices_depend_on_seed_alone():
    frame = table(40)
    shuffled = list(range(40))
    random.Random(3).shuffle(shuffled)
    assert queries.slice_for_iteration(frame, 4, 2, 1).equals(queries.slice_for_iteration(frame[shuffled], 4, 2, 1))
    assert not queries.slice_for_iteration(frame, 4, 1, 1).equals(queries.slice_for_iteration(frame, 4, 1, 2))


# ------------------------------------------------------------------------------------------- program


def raw(folder: Path, records: list[dict]) -> Path:
    content = "".join(json.dumps(record) + "\n" for record in records).encode()
    (folder / "mirror").mkdir()
    (folder / "mirror/x.jsonl.gz").write_bytes(gzip.compress(content))
    sources.fetch(
        "x", settings.Source(license="MIT", files=[{"path": "x.jsonl.gz", "rows": len(records)}]), folder / "mirror", folder / "raw"
    )
    return folder / "raw"


def test_program_writes_a_table_or_nothing(tmp_path):
    folder = raw(tmp_path, [{"question": "a", "answer": "#### 1"}, {"question": "b", "answer": "no gold"}])
    common = ["--raw", str(folder), "--dataset", "set", "--settings", '{"source": "x", "reader": "gsm8k"}']
    assert prepare_queries.main([*common, "--kind", "training", "--out", str(tmp_path / "train.parquet")]) == 0
    assert tables.QUERIES.read(tmp_path / "train.parquet")["gold"].to_list() == ["1"]
    with pytest.raises(CorpusError, match=r"x.jsonl.gz: row 2"):
        prepare_queries.main([*common, "--kind", "benchmark", "--out", str(tmp_path / "bench.parquet")])
    assert not (tmp_path / "bench.parquet").exists()


def test_configured_readers_and_sources_exist():
    for group, readers in (
        (CONFIGURED.queries, QUERY_READERS),
        (CONFIGURED.benchmarks, QUERY_READERS),
        (CONFIGURED.sft, SFT_READERS),
    ):
        for name, dataset in group.items():
            assert dataset.reader in readers, name
            assert dataset.source in CONFIGURED.sources, name
    for name, source in CONFIGURED.sources.items():
        assert source.files or source.hub or source.generate, name


SIZES = {
    "gsm8k": 1319,
    "math": 5000,
    "gaokao2023en": 385,
    "olympiadbench": 675,
    "college_math": 2818,
    "asdiv": 2215,
    "math500": 500,
    "aime24": 30,
    "amc23": 40,
    "svamp": 1000,
    "mawps": 2065,
    "cmath": 600,
}


@public_data.needed
@pytest.mark.parametrize("name", SIZES)
def test_real_benchmarks_have_their_size_and_golds(name, tmp_path):
    dataset = CONFIGURED.benchmarks[name]
    sources.fetch(dataset.source, CONFIGURED.sources[dataset.source], public_data.FOLDER, tmp_path / "raw")
    out = tmp_path / "table.parquet"
    prepare_queries.main(
        ["--raw", str(tmp_path / "raw"), "--dataset", name, "--kind", "benchmark", "--settings", settings.dumps(dataset), "--out", str(out)]
    )
    frame = tables.QUERIES.read(out)
    assert frame.height == frame["query_id"].n_unique() == SIZES[name] == dataset.rows
    assert not frame["gold"].str.contains(r"^\$|\\boxed|^\s*$").any()


@public_data.needed
@pytest.mark.parametrize(("name", "rows"), [("gsm8k_train", 7473), ("math_train", 7497)])
def test_real_training_sets(name, rows, tmp_path):
    dataset = CONFIGURED.queries[name]
    sources.fetch(dataset.source, CONFIGURED.sources[dataset.source], public_data.FOLDER, tmp_path / "raw")
    frame = queries.training_table(name, read_all(sources.read_source(tmp_path / "raw"), english.READERS, dataset.reader), dataset.rows)
    assert frame.height == frame["query_id"].n_unique() == rows


@public_data.needed
def test_golds_of_math_hold_all_answers_where_several_are_asked_for():
    """Of all items with several boxes, against reference answers that another project checked by hand."""
    folder = public_data.FOLDER
    checked = [record["answer"] for record in sources.read_records(folder / "siam/math_test_answer_types.jsonl.gz")]
    changed = {
        item: english.math(record).gold
        for item, record in enumerate(sources.read_records(folder / "math/test.jsonl.gz"))
        if english.math(record).gold != last_box(record["solution"])
    }
    assert sorted(changed) == [333, 414, 2152, 2549, 2656, 2703, 2936, 4559, 4562, 4860]
    for item, gold in changed.items():
        assert any(equal(gold, answer) for answer in ([checked[item]] if isinstance(checked[item], str) else checked[item])), item


@public_data.needed
def test_golds_of_math_test_agree_with_math500():
    """Two independent extractions of the same 500 problems."""
    whole = {record["problem"]: english.math(record).gold for record in sources.read_records(public_data.FOLDER / "math/test.jsonl.gz")}
    subset = [english.math500(record) for record in sources.read_records(public_data.FOLDER / "math/math500.jsonl.gz")]
    same = sum("".join(whole[query.question].split()) == "".join(query.gold.split()) for query in subset if query.question in whole)
    assert same >= 0.95 * len(subset)
