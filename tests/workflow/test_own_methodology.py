"""The methodology of docs/own.md, added by configuration alone: a small run with three, from raw data to report."""

import json
import re

import polars as pl
import pytest
import yaml
from support.checkout import copied, snakemake
from support.running import ROOT

from mathcode import configuration, settings, tables
from mathcode.data import arithmetic
from mathcode.methods.autocode.tables import q_values_with, reference_strategy_with

pytestmark = pytest.mark.full

SECTION = (ROOT / "docs/own.md").read_text(encoding="utf-8").partition("\n## A methodology\n")[2].partition("\n## ")[0]
THREE = ("cot", "code", "sketch")

SMALL = {
    "build": {"experiments": ["main"], "iterations": 1, "benchmarks": ["arithmetic_test"]},
    "data": {"guard": ["arithmetic_test"]},
    "start": {"optimizer": {"epochs": 6}},
    "explore": {"queries_per_iteration": 40, "samples": 3},
    "estimate": {"rule": "q"},
    "train": {"optimizer": {"epochs": 1, "batch": 8}},
    "evaluate": {"benchmark_rows": 12, "selection_samples": 2},
}
"""What makes the run of the page small; by `q`, one iteration already prefers what was rarely chosen natively."""


def sketches(example: str) -> str:
    """A file like the example's, of problems that the demo's generator makes."""
    like = json.loads(example)
    problems = arithmetic.generate({"split": "sft", "rows": 900, "seed": 7, "mix": {"small": 0.5, "big": 0.5}})
    opening = like["how"].partition("```")[0]
    rows = [{"q": one["question"], "a": one["answer"], "how": f"{opening}```python\n{one['code']}\n```\n"} for one in problems]
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The results of the page's run."""
    folder = copied(tmp_path_factory.mktemp("methodology") / "checkout")
    run, sources = (yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", SECTION, re.DOTALL | re.MULTILINE))
    (folder / "config/runs/sketch.yaml").write_text(yaml.safe_dump(settings.merge(run, SMALL)))
    path = folder / "config/sources.yaml"
    path.write_text(yaml.safe_dump(settings.merge(yaml.safe_load(path.read_text()), sources), sort_keys=False))
    (example,) = re.findall(r"^````json\n(.*?)^````$", SECTION, re.DOTALL | re.MULTILINE)
    mirror = folder / "data/mirror/own"
    mirror.mkdir(parents=True)
    (mirror / "sketches.jsonl").write_text(sketches(example))
    done = snakemake("sketch", "--cores", "2", cwd=folder)
    assert done.returncode == 0, done.stdout[-4000:]
    return folder


@pytest.fixture(scope="module")
def start(finished):
    return finished / "results/sketch/start/tiny/seed1"


@pytest.fixture(scope="module")
def trained(finished):
    return finished / "results/sketch/main/tiny/seed1/iter1"


def test_the_start_policy_learns_it_and_does_as_it_is_told(start):
    shown = tables.TRAINING.read(start / "training.parquet")
    assert shown.filter(methodology="sketch")["response"].str.starts_with("Let's sketch a plan first.\nPlan: ").all()
    assert shown.filter(methodology="sketch").height > 500
    rollouts = tables.ROLLOUTS.read(start / "explore/sketch/queries/rollouts.parquet")
    assert rollouts["prompt"].str.ends_with("\nAnswer with a plan and a program.\n").all()
    assert (rollouts["methodology"] == "sketch").mean() > 0.5


def test_q_values_and_labels_are_those_of_three(start, trained):
    parts = [tables.GRADES.read(start / f"explore/{mode}/queries/exact/grades.parquet") for mode in ("native", *THREE)]
    grades = pl.concat(parts).filter(pl.col("outcome") != "infrastructure_error")
    values = q_values_with(THREE).read(trained / "q_values.parquet")
    strategy = reference_strategy_with(THREE).read(trained / "reference_strategy.parquet")
    assert values.height == 40
    for row, chosen in zip(values.iter_rows(named=True), strategy.iter_rows(named=True), strict=True):
        own = grades.filter(query_id=row["query_id"])
        means = {name: own.filter(mode=name, methodology=name)["strict"].mean() for name in THREE}
        assert [row[f"q_{name}"] for name in THREE] == list(means.values())
        natively = own.filter(mode="native")["methodology"]
        assert [row["prior_code"], row["prior_sketch"]] == [(natively == name).mean() for name in ("code", "sketch")]
        known = {name: mean for name, mean in means.items() if mean is not None}
        label = max(known, key=known.get) if len(known) > 1 and any(known.values()) else None
        assert chosen["label"] == label
        assert [chosen[f"s_{name}"] for name in THREE] == [None if label is None else float(name == label) for name in THREE]
    assert strategy["label"].n_unique() > 2


def test_what_is_learned_follows_the_label_and_announces_it(trained):
    labels = reference_strategy_with(THREE).read(trained / "reference_strategy.parquet").select("query_id", "label")
    learned = tables.TRAINING.read(trained / "training.parquet").join(labels, on="query_id")
    assert (learned["methodology"] == learned["label"]).all()
    sketched = learned.filter(methodology="sketch", kind="exploratory_dictated")
    assert sketched["response"].str.strip_chars_start().str.starts_with("Let's sketch a plan first.").all()
    assert sketched["selection_mask"].list.any().all()
    assert sketched.height


def test_policies_are_evaluated_in_it_and_reported(finished, trained):
    for mode in ("sketch", "sketch_sampled"):
        graded = tables.GRADES.read(trained / f"eval/{mode}/arithmetic_test/exact/grades.parquet")
        assert graded.height == 12 * (1 if mode == "sketch" else 2)
    shown = {path.stem: pl.read_csv(path) for path in (finished / "results/sketch/tables").glob("*.csv")}
    for table in ("main", "dictation", "samples"):
        assert "sketch" in shown[table]["mode"].to_list(), table
    assert {"recall_sketch", "sketch_preferred", "sketch_accuracy"} < set(shown["selection"].columns)
    assert "start policy, sketch" in shown["frontier"]["label"].to_list()
    for figure in ("accuracy_by_mode", "frontier", "q_values"):
        assert "sketch" in (finished / f"results/sketch/figures/{figure}.svg").read_text(), figure
    for page in ("summary", "responses"):
        assert "sketch" in (finished / f"reports/sketch/{page}.html").read_text(), page
    costs = pl.read_csv(finished / "logs/results/sketch/costs.csv")
    assert costs.filter(stage="evaluation")["jobs"].item() == 2 * 2  # of two policies: the paper's modes, and this one


def test_other_runs_are_told_nothing_of_it(finished):
    config = configuration.load(finished / "config")
    assert config.method("smoke").told(config.runs["smoke"]) == "autocode"
    done = snakemake("-n", "results/smoke/start/tiny/seed1/eval/sketch/arithmetic_test/exact/scores.json", cwd=finished)
    assert done.returncode != 0
    assert "run 'smoke' (method autocode) has no mode of evaluation 'sketch'" in done.stdout
