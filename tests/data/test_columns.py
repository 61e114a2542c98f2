"""Files of one's own, read by the names of their columns; and the example of docs/own.md, built by its own commands."""

import gzip
import re
import shlex

import polars as pl
import pytest
import yaml
from support.checkout import copied, snakemake
from support.running import ROOT

from mathcode import configuration, settings
from mathcode.data import sources
from mathcode.data.readers import query_readers, sft_readers
from mathcode.data.text import read_all

PAGE = (ROOT / "docs/own.md").read_text(encoding="utf-8")


def dataset(**columns: str) -> settings.Dataset:
    return settings.Dataset(source="own", reader="columns", columns={"question": "q", "answer": "a", **columns})


def read(readers, chosen: settings.Dataset, *records: dict) -> list:
    placed = [(f"own.csv: row {row}", record) for row, record in enumerate(records, start=1)]
    return [row for _, row in read_all(placed, readers(chosen), "columns")]


def test_questions_are_read_by_the_names_of_their_columns():
    chosen = dataset(level="grade", type="topic", language="zh")
    (row,) = read(query_readers, chosen, {"q": "几？", "a": 3.0, "grade": 5, "topic": None, "other": "x"})
    assert row == ("几？", "3", "5", None, "zh", None)
    assert [row.gold for row in read(query_readers, dataset(), {"q": "?", "a": " 007 "}, {"q": "?", "a": 10**20})] == ["007", str(10**20)]


def test_solutions_are_cut_at_their_programs():
    text = "First.\n```python\nx = 2\nprint(x)\n```\n```output\n99\n```\nSo \\boxed{2}."
    (draft,) = read(sft_readers, dataset(solution="how"), {"q": "?", "a": "2", "how": text})
    assert draft.programs == ("x = 2\nprint(x)",)
    assert "".join(draft.texts).split() == ["First.", "So", "\\boxed{2}."]
    assert (draft.recorded, draft.trusted) == ((), False)
    other = {"q": "?", "a": "3", "how": text}
    assert read(sft_readers, dataset(solution="how"), other, other | {"a": ""}, other | {"how": " "}) == [
        "states another answer",
        "no answer",
        "an empty solution",
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_csv_has_a_header_and_quoted_fields(tmp_path, packed):
    content = '\ufeffq,a\n"Two, or ""three""\nlines?", 7\n\nNext?,\n'.encode()
    path = tmp_path / ("own.csv.gz" if packed else "own.csv")
    path.write_bytes(gzip.compress(content) if packed else content)
    assert list(sources.read_records(path)) == [{"q": 'Two, or "three"\nlines?', "a": " 7"}, {"q": "Next?", "a": ""}]


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ({"benchmarks": {"own": {"source": "gsm8k_test", "reader": "gsm9k"}}}, "unknown reader 'gsm9k'; did you mean 'gsm8k'?"),
        ({"benchmarks": {"own": {"source": "gsm8k_test", "reader": "columns"}}}, "the reader 'columns' needs the key 'columns'"),
        (
            {"sft": {"own": {"source": "gsm8k_test", "reader": "columns", "columns": {"question": "q", "answer": "a"}}}},
            "key 'columns.solution'",
        ),
        (
            {"queries": {"own": {"source": "gsm8k_test", "reader": "columns", "columns": {"question": "q", "anser": "a"}}}},
            "there is no such key; did you mean 'answer'?",
        ),
    ],
)
def test_a_wrong_dataset_is_refused_while_planning(tmp_path, added, said):
    for path in (ROOT / "config").rglob("*.yaml"):
        (tmp_path / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.relative_to(ROOT)).write_text(path.read_text())
    described = tmp_path / "config/sources.yaml"
    described.write_text(yaml.safe_dump(settings.merge(yaml.safe_load(described.read_text()), added)))
    with pytest.raises(settings.SettingsError, match=re.escape(said)):
        configuration.load(tmp_path / "config")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^(`{{3,4}}){kind}\n(.*?)^\1$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.workflow
def test_the_page_on_own_data_does_what_it_says(tmp_path):
    folder = copied(tmp_path / "checkout")
    own = folder / "data/mirror/own"
    own.mkdir(parents=True)
    (own / "questions.csv").write_text(blocks("csv")[0][1])
    (own / "solutions.jsonl").write_text(blocks("json")[0][1])
    described = folder / "config/sources.yaml"
    told = yaml.safe_load(described.read_text())
    for _, block in blocks("yaml"):
        told = settings.merge(told, yaml.safe_load(block))
    described.write_text(yaml.safe_dump(told, sort_keys=False))
    for _, block in blocks("bash"):
        done = snakemake(*shlex.split(block)[1:], cwd=folder)
        assert done.returncode == 0, done.stdout[-3000:]
    test = pl.read_parquet(folder / "data/benchmarks/own_test.parquet")
    assert test.select("gold", "type").rows() == [("7", "sums"), ("6", "puzzles")]
    assert pl.read_parquet(folder / "data/queries/own_train.parquet").height == 2
    learned = pl.read_parquet(folder / "data/sft/own_solutions.parquet")
    assert learned["methodology"].to_list() == ["code", "cot"]
    assert "```output\n144\n```" in learned["solution"][0]
    assert "program printed another answer" in (folder / "logs/data/sft/own_solutions.log").read_text()
