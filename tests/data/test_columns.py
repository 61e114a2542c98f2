"""Files of one's own, read by the names of their columns; and the example of docs/own.md, built by its own commands."""

import gzip
import json
import re
import shlex
import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml
from safetensors.torch import load_file
from support.checkout import copied, snakemake
from support.running import ROOT, run_program
from transformers import AutoTokenizer

from mathcode import configuration, settings, tables
from mathcode.data import sources
from mathcode.data.readers import columns, query_readers, sft_readers
from mathcode.data.text import read_all
from mathcode.grading.judge import Case

PAGE = (ROOT / "docs/own.md").read_text(encoding="utf-8")


def dataset(**named: str) -> settings.Dataset:
    return settings.Dataset(source="own", reader="columns", columns={"question": "q", "answer": "a", **named})


def read(readers, chosen: settings.Dataset, *records: dict) -> list:
    placed = [(f"own.csv: row {row}", record) for row, record in enumerate(records, start=1)]
    return [row for _, row in read_all(placed, readers(chosen), "columns")]


def test_questions_are_read_by_the_names_of_their_columns():
    chosen = dataset(level="grade", type="topic", language="zh")
    (row,) = read(query_readers, chosen, {"q": "几？", "a": 3.0, "grade": 5, "topic": None, "other": "x"})
    assert row == ("几？", "3", "5", None, "zh", None)
    golds = {" 007 ": "007", 10**20: str(10**20), 6.02e23: "6.02e+23", 2.0**53: str(2**53), -0.0: "0"}
    assert [row.gold for row in read(query_readers, dataset(), *({"q": "?", "a": answer} for answer in golds))] == [*golds.values()]


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


def test_one_column_may_be_answer_and_solution_and_one_of_solutions_is_needed():
    (draft,) = read(sft_readers, dataset(solution="a"), {"q": "?", "a": "2"})
    assert (draft.gold, draft.texts) == ("2", ("2",))
    with pytest.raises(settings.SettingsError, match=r"key 'columns\.solution' is missing"):
        sft_readers(dataset())


@pytest.mark.parametrize("packed", [False, True])
def test_csv_has_a_header_and_quoted_fields(tmp_path, packed):
    content = '\ufeffq,a\n"Two, or ""three""\nlines?", 7\n\nNext?,\n'.encode()
    path = tmp_path / ("own.csv.gz" if packed else "own.csv")
    path.write_bytes(gzip.compress(content) if packed else content)
    assert list(sources.read_records(path)) == [{"q": 'Two, or "three"\nlines?', "a": " 7"}, {"q": "Next?", "a": ""}]


def test_a_value_of_csv_may_be_long(tmp_path):
    (tmp_path / "own.csv").write_text(f"q,a\n{'x' * 200_000},2\n")
    assert [len(record["q"]) for record in sources.read_records(tmp_path / "own.csv")] == [200_000]


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
    with pytest.raises(settings.SettingsError, match=re.escape(said)):
        configuration.load(configured(tmp_path, added))


def configured(folder: Path, added: dict) -> Path:
    """A copy of `config/` to whose sources something was added."""
    for path in (ROOT / "config").rglob("*.yaml"):
        (folder / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
        (folder / path.relative_to(ROOT)).write_text(path.read_text())
    described = folder / "config/sources.yaml"
    described.write_text(yaml.safe_dump(settings.merge(yaml.safe_load(described.read_text()), added)))
    return folder / "config"


def naming(file: str, group: str, **named: str) -> dict:
    """Sources with a file of one's own, and a dataset that names its columns."""
    row = {"source": "own_questions", "reader": "columns", "columns": {"question": "exercise", "answer": "key", **named}}
    return {"sources": {"own_questions": {"license": "mine", "files": [{"path": file}]}}, group: {"own": row}}


def test_a_column_that_is_missing_is_refused_while_planning(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = configured(tmp_path, naming("own.csv", "benchmarks", question="exercize"))
    configuration.load(folder, mirror="mirror")  # there is no file
    Path("mirror").mkdir()
    Path("mirror/own.csv").write_text("exercise,key\n1 + 1?,2\n")
    configuration.load(folder)  # nobody said that files should be looked at
    sentence = (
        f"{folder / 'sources.yaml'}: benchmarks 'own': key 'columns.question' names 'exercize',"
        " a column that source 'own_questions' lacks (mirror/own.csv); did you mean 'exercise'?"
    )
    with pytest.raises(settings.SettingsError, match=f"^{re.escape(sentence)}$"):
        configuration.load(folder, mirror="mirror")


@pytest.fixture
def refused(tmp_path, monkeypatch, shipped):
    """Where the test has its files, what is refused of the columns that a dataset names; None if nothing is."""
    monkeypatch.chdir(tmp_path)
    Path("mirror").mkdir()

    def look(file: str, group: str, mirror: str = "mirror", **named: str) -> str | None:
        added = settings.merge(shipped.sources.model_dump(), naming(file, group, **named))
        try:
            columns.refuse_missing(settings.Sources.model_validate(added), mirror, "sources.yaml")
        except settings.SettingsError as error:
            return str(error)
        return None

    return look


def test_a_header_that_names_no_columns_is_refused_while_planning(refused):
    Path("mirror/own.csv").write_text("exercise;key\n1 + 1?;2\n")
    sentence = "mirror/own.csv: its columns are separated by semicolons: save the file with commas"
    assert refused("own.csv", "queries") == f"source 'own_questions': {sentence}"


RECORD = {"exercise": "1 + 1?", "key": "2", "topic": "sums"}
BEGUN = {
    "own.csv": b"\xef\xbb\xbfexercise,key,topic\n1 + 1?,2,sums\nragged\n",
    "own.csv.gz": gzip.compress(b"exercise,key,topic\n1 + 1?,2,sums\n", mtime=0)[:-8],
    "own.jsonl": json.dumps(RECORD).encode() + b"\nbroken\n",
    "own.jsonl.gz": gzip.compress(json.dumps(RECORD).encode() + b"\n" + bytes(2**20), mtime=0)[:-8],
    "own.json": b" [" + json.dumps(RECORD).encode() + b", broken",
    "own.json.gz": gzip.compress(b"[" + json.dumps(RECORD).encode() + b", broken]", mtime=0),
}
"""Files whose first record can be read, and not all of them: nothing but that is looked at."""


@pytest.mark.parametrize("name", [*BEGUN, "own.parquet"])
def test_of_a_file_of_any_kind_the_first_record_tells_the_columns(refused, name):
    if name in BEGUN:
        Path("mirror", name).write_bytes(BEGUN[name])
    else:
        pl.DataFrame([RECORD]).write_parquet(Path("mirror", name))
    said = refused(name, "benchmarks", question="exercize", type="topic")
    assert said.endswith(f"'exercize', a column that source 'own_questions' lacks (mirror/{name}); did you mean 'exercise'?")
    assert refused(name, "benchmarks", mirror="", question="exercize") is None
    assert refused(name, "benchmarks", type="topic") is None


@pytest.mark.parametrize(
    ("group", "named", "lost", "said"),
    [
        ("sft", {"solution": "how"}, False, None),
        ("queries", {"level": "zzz", "answer": "zzz"}, False, None),
        (
            "queries",
            {"level": "topic"},
            False,
            "'columns.level' names 'topic', a column that source 'own_questions' lacks (mirror/own.csv); it has: exercise, key, how, zzz",
        ),
        (
            "sft",
            {"solution": "how"},
            True,
            "key 'columns.solution' names 'how', a column that source 'own_questions' lacks (data/raw/own_q",
        ),
        ("queries", {"answer": "zzz"}, True, "; it has: exercise, key, topic"),
        ("queries", {"solution": "how", "language": "zh"}, True, None),
    ],
)
def test_columns_are_looked_for_in_the_file_as_it_is_now(refused, group, named, lost, said):
    """It is fetched again once it was edited; what was fetched counts where the file is gone. Of a query set no solution is read."""
    Path("mirror/own.csv").write_text("exercise,key,topic\n1 + 1?,2,sums\n")
    source = settings.Source(license="mine", files=[{"path": "own.csv"}])
    sources.fetch("own_questions", source, "mirror", sources.FETCHED / "own_questions")
    Path("mirror/own.csv").write_text("exercise,key,how,zzz\n1 + 1?,2,So,1\n")
    if lost:
        Path("mirror/own.csv").unlink()
    found = refused("own.csv", group, **named)
    assert found is None if said is None else said in found


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("own.csv", b"exercise,key\n"),
        ("own.csv", "größer,1\n1,2".encode("latin-1")),
        ("own.jsonl", b"broken"),
        ("own.jsonl.gz", b"no gzip"),
        ("own.json", b'{"data": []}'),
        ("own.json", b"[1]"),
        ("own.json.gz", gzip.compress(b"[]", mtime=0)[:-12]),
        ("own.parquet", b"no parquet"),
        ("own.xlsx", b"PK"),
    ],
)
def test_a_file_that_cannot_be_read_is_left_to_the_job_that_reads_it(refused, name, content):
    Path("mirror", name).write_bytes(content)
    assert refused(name, "queries", question="zzz") is None


def blocks(kind: str) -> list[str]:
    """Blocks of the page before what has a test of its own (tests/workflow/test_own_methodology.py)."""
    page = PAGE.partition("\n## A methodology\n")[0]
    return [block for _, block in re.findall(rf"^(`{{3,4}}){kind}\n(.*?)^\1$", page, re.DOTALL | re.MULTILINE)]


def add_settings(folder: Path) -> None:
    """What the page says in YAML, each block into the file that its first line names."""
    for block in blocks("yaml"):
        path = folder / block.partition("\n")[0].removeprefix("# ")
        told = yaml.safe_load(path.read_text()) if path.exists() else {}
        path.write_text(yaml.safe_dump(settings.merge(told, yaml.safe_load(block)), sort_keys=False))


def add_judge(folder: Path) -> None:
    """The judge of the page: its module."""
    (module,) = blocks("python")
    (folder / "workflow_scripts/mathcode" / module.partition("\n")[0].removeprefix("# ")).write_text(module)


def add_model(tiny_policy: Path, folder: Path) -> None:
    """A model of one's own: a folder whose tokenizer has a chat template."""
    shutil.copytree(tiny_policy, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = "{% for m in messages %}Q: {{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}A:{% endif %}"
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="module")
def built(tmp_path_factory, tiny_policy) -> Path:
    """A checkout in which everything was said and asked for that the page says."""
    folder = copied(tmp_path_factory.mktemp("own") / "checkout")
    own = folder / "data/mirror/own"
    own.mkdir(parents=True)
    (own / "questions.csv").write_text(blocks("csv")[0])
    (own / "solutions.jsonl").write_text(blocks("json")[0])
    add_model(tiny_policy, folder / "data/mirror/models/mine")
    add_settings(folder)
    add_judge(folder)
    commands = [shlex.split(line) for block in blocks("bash") for line in block.splitlines()]
    (asking,) = [command for command in commands if command[0] == "python"]
    printed = run_program(*asking, cwd=folder)
    families = folder / "config/families.yaml"
    told = yaml.safe_load(families.read_text())
    families.write_text(yaml.safe_dump(settings.merge(told, {"my_model": yaml.safe_load(printed.stdout)}), sort_keys=False))
    for command in commands:
        if command[0] == "snakemake":
            done = snakemake(*command[1:], cwd=folder)
            assert done.returncode == 0, done.stdout[-3000:]
    return folder


@pytest.mark.workflow
def test_the_page_on_own_data_does_what_it_says(built):
    test = pl.read_parquet(built / "data/benchmarks/own_test.parquet")
    assert test.select("gold", "type").rows() == [("7", "sums"), ("6", "puzzles")]
    assert pl.read_parquet(built / "data/queries/own_train.parquet").height == 2
    learned = pl.read_parquet(built / "data/sft/own_solutions.parquet")
    assert learned["methodology"].to_list() == ["code", "cot"]
    assert "```output\n144\n```" in learned["solution"][0]
    assert "program printed another answer" in (built / "logs/data/sft/own_solutions.log").read_text()


@pytest.mark.workflow
def test_the_page_on_own_models_trains_one_in_the_frame_of_its_template(built):
    start = built / "results/own/start/my_model/seed1"
    family = json.loads((start / "settings.json").read_text())["family"]
    assert (family["prompt"], family["lora"]["rank"]) == ("Q: {question}\nA:", 16)
    learned = tables.TRAINING.read(start / "training.parquet")
    assert learned["prompt"].str.starts_with("Q: What is 12 * 12?").any()
    asked = tables.ROLLOUTS.read(start / "eval/auto/own_test/responses.parquet")
    assert asked.filter(pl.col("prompt") == "Q: What is 3 + 4?\nA:").height == 1


@pytest.mark.workflow
def test_the_run_of_the_page_is_estimated_by_what_its_files_and_its_model_hold(built):
    done = run_program("python", "workflow_scripts/estimate_costs.py", "own", "--csv", "costs.csv", cwd=built)
    assert done.returncode == 0, done.stderr
    stages = {row["stage"]: row for row in pl.read_csv(built / "costs.csv").rows(named=True)}
    assert min(stages[stage]["million_tokens"] for stage in ("SFT", "evaluation", "RL")) > 0
    weights = sum(weight.numel() for weight in load_file(built / "data/mirror/models/mine/model.safetensors").values())
    assert stages["SFT"]["kept_gb"] == pytest.approx(4 * weights / 1e9)  # a policy of the start, in float32


@pytest.mark.workflow
def test_the_page_on_own_judges_adds_one(built):
    start = built / "results/own/start/my_model/seed1/eval/auto/own_test"
    graded = {judge: tables.GRADES.read(start / judge / "grades.parquet") for judge in ("exact", "rounded")}
    assert graded["rounded"]["grader"].unique().to_list() == ["rounded-1"]
    assert graded["rounded"]["answer"].equals(graded["exact"]["answer"])
    known = {}
    exec(blocks("python")[0], known)
    judge = known["Judge"](settings.Grading(timeout=5, max_infrastructure_errors=1))
    verdicts = judge.judge([Case("?", "6", answer, (answer,), None, None, None) for answer in ("6.2", "7", "six")])
    assert [verdict.accepted for verdict in verdicts] == [True, False, False]
