"""One small run of every stage: what a change plans again, killed and resumed to the same bytes, its report."""

import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

import polars as pl
import pytest
from support.checkout import SMOKE, killed_on_the_way, planned, snakemake
from support.pages import chromium, opened
from support.running import files, run_program

from mathcode import tables
from mathcode.methods.autocode import METHOD

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def finished(checkout) -> Path:
    """The small run, from raw data to report."""
    done = snakemake("smoke", "--cores", "2", cwd=checkout)
    assert done.returncode == 0, done.stdout[-4000:]
    return checkout


def test_a_run_ends_with_its_tables_and_figures_and_no_leftovers(finished):
    results = finished / "results/smoke"
    for page in ("summary", "responses"):
        assert (finished / f"reports/smoke/{page}.html").stat().st_size > 1000
    assert {path.stem for path in (results / "tables").glob("*.csv")} == {table.name for table in METHOD.tables}
    assert {path.stem for path in (results / "figures").glob("*.svg")} == {figure.name for figure in METHOD.figures}
    assert not list(results.rglob("*.tmp"))
    assert not [path for path in (finished / "checkpoints").rglob("*") if path.is_file()]


def test_a_second_start_has_nothing_to_do(finished):
    done = snakemake("smoke", "--cores", "1", cwd=finished)
    assert "Nothing to be done" in done.stdout


def test_a_finished_run_is_estimated_beside_what_it_took_and_has_nothing_left(finished, tmp_path):
    command = ("python", "workflow_scripts/estimate_costs.py", "smoke", "--cores", "2", "--csv", str(tmp_path / "costs.csv"))
    whole = run_program(*command, cwd=finished)
    assert whole.returncode == 0, whole.stderr
    stages = {row["stage"]: row for row in pl.read_csv(tmp_path / "costs.csv").iter_rows(named=True)}
    assert stages["SFT"]["jobs"] == stages["SFT"]["took_jobs"] == 1
    assert stages["all"]["jobs"] > 30
    left = run_program(*command, "--left", cwd=finished)
    assert left.returncode == 0, left.stderr
    assert pl.read_csv(tmp_path / "costs.csv").filter(pl.col("stage") == "all")["jobs"].to_list() == [0]


def test_experiments_share_the_start_policys_rollouts(finished):
    """Nobody else explores before iteration 1, and the last iteration's policy is not explored at all."""
    policies = Counter(str(path.parents[3].relative_to(finished / "results/smoke")) for path in finished.rglob("rollouts.parquet"))
    explored = {"main": 3, "standard_rl_equal_rollouts": 2}  # native, and the two dictated modes or native_extra
    assert policies == {"start/tiny/seed1": 4} | {f"{name}/tiny/seed1/iter1": modes for name, modes in explored.items()}


def test_sharded_sampling_ends_with_the_same_bytes(finished):
    sharded = finished / "config/runs/sharded.yaml"
    sharded.write_text(SMOKE.replace("extends: demo", "extends: demo\nresources: {explore: {shards: 3}, evaluate: {shards: 3}}"))
    shutil.copytree(finished / "results/smoke/data", finished / "results/sharded/data")
    shutil.copytree(finished / "results/smoke/start/tiny/seed1/model", finished / "results/sharded/start/tiny/seed1/model")
    evaluated = ("eval/code/arithmetic_test/responses.parquet", "eval/auto/arithmetic_ood/responses.parquet")
    sampled = ["explore/cot/queries/rollouts.parquet", *evaluated]
    try:
        targets = [f"results/sharded/start/tiny/seed1/{name}" for name in sampled]
        allowed = ["sample_rollouts_shard", "merge_rollouts", "sample_responses_shard", "merge_responses"]
        done = snakemake(*targets, "--cores", "2", "--allowed-rules", *allowed, cwd=finished)
        assert done.returncode == 0, done.stdout[-4000:]
        for name in sampled:
            smoke, merged = (finished / f"results/{run}/start/tiny/seed1/{name}" for run in ("smoke", "sharded"))
            assert merged.read_bytes() == smoke.read_bytes(), name
        assert not list((finished / "results/sharded").rglob("*of3*"))
    finally:
        sharded.unlink()


def test_a_changed_label_reruns_no_training(finished):
    path = finished / "config/methods/autocode.yaml"
    text = path.read_text()
    assert "label: AutoCode (EM)" in text
    path.write_text(text.replace("label: AutoCode (EM)", "label: AutoCode"))
    try:
        assert set(planned("smoke", cwd=finished)) == {
            "tabulate_autocode",
            "plot_autocode",
            "export_latex_autocode",
            "write_summary_autocode",
            "browse_autocode",
            "smoke",
        }
    finally:
        path.write_text(text)


def test_a_changed_estimate_reruns_what_depends_on_it(finished):
    path = finished / "config/runs/smoke.yaml"
    path.write_text(SMOKE + "estimate: {alpha: 2.0}\n")
    try:
        jobs = planned("results/smoke/main/tiny/seed1/iter1/model", cwd=finished)
        assert jobs == {"estimate_strategy": 1, "synthesize_responses": 1, "score_logprobs": 1, "train_policy": 1}
    finally:
        path.write_text(SMOKE)


def test_a_changed_grading_of_what_is_evaluated_samples_and_trains_nothing_again(finished):
    path = finished / "config/runs/smoke.yaml"
    path.write_text(SMOKE.replace("selection_samples: 2", "selection_samples: 2, grading: {extraction: deepseek_math}"))
    try:
        jobs = planned("smoke", cwd=finished)
        graded = {"grade_responses": 2 * 5, "score_responses": 2 * 5, "grade_labels": 3}
        shown = (
            "tabulate_autocode",
            "export_latex_autocode",
            "plot_autocode",
            "tabulate_costs",
            "write_summary_autocode",
            "browse_autocode",
            "smoke",
        )
        assert jobs == graded | dict.fromkeys(shown, 1)
    finally:
        path.write_text(SMOKE)


REPORTED = dict.fromkeys(
    ("tabulate_autocode", "export_latex_autocode", "plot_autocode", "tabulate_costs", "write_summary_autocode", "browse_autocode", "smoke"),
    1,
)
"""What makes the report of a run, which any addition makes again."""


def made_by(job: str) -> str:
    """The outputs that a dry run lists for a job; nothing for a target."""
    listed = re.search(r"^    output: (.*)", job, re.MULTILINE)
    return listed[1] if listed else ""


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    """A file with another text for the length of a block; what it held, and when it was written, comes back."""
    before, stat = path.read_text(), path.stat()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(before)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_one_benchmark_more_runs_that_benchmark_and_nothing_else(finished):
    more = SMOKE.replace("build: {", "build: {benchmarks: [arithmetic_test, arithmetic_ood, arithmetic_dev], ")
    with changed(finished / "config/runs/smoke.yaml", more):
        jobs = planned("smoke", cwd=finished)
    policies = 5
    own = dict.fromkeys(("sample_responses", "grade_responses", "score_responses"), policies)
    assert jobs == {"fetch_source": 1, "prepare_benchmark": 1, "measure_overlap": 2} | own | REPORTED


def test_one_seed_more_runs_that_seed_and_nothing_else(finished):
    with changed(finished / "config/runs/smoke.yaml", SMOKE.replace("build: {", "build: {seeds: [1, 2], ")):
        done = snakemake("smoke", "-n", cwd=finished)
        assert done.returncode == 0, done.stdout[-2000:]
        jobs = planned("smoke", cwd=finished)
    of_policies = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", done.stdout, re.MULTILINE)
    assert {rule for rule, job in of_policies if "/seed2/" not in made_by(job)} == set(REPORTED)
    assert (jobs["train_start"], jobs["train_policy"]) == (1, 4)
    assert not {"decontaminate", "measure_overlap", "prepare_sft"} & set(jobs)


def test_one_family_more_runs_that_family_and_nothing_else(finished):
    families = finished / "config/families.yaml"
    tiny = families.read_text().partition("\ntiny:\n")[2].partition("\n\n")[0].replace("&demo", "")
    small = SMOKE.replace("build: {", "build: {families: [tiny, small], ")
    with changed(families, f"{families.read_text()}\nsmall:\n{tiny}\n"), changed(finished / "config/runs/smoke.yaml", small):
        done = snakemake("smoke", "-n", cwd=finished)
    assert done.returncode == 0, done.stdout[-2000:]
    of_policies = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", done.stdout, re.MULTILINE)
    assert {rule for rule, job in of_policies if "/small/" not in made_by(job)} == set(REPORTED)
    assert sum(rule in ("train_start", "train_policy") for rule, _ in of_policies) == 5


IDLE = """{
  interpreter: {max_infrastructure_errors: 0.5, isolation: process},
  engine: {python: elsewhere/bin/python, gpu_memory: 0.5, kv_cache_gb: 2},
  grading: {max_infrastructure_errors: 0.5},
  start: {optimizer: {checkpoint_minutes: 7}},
  train: {optimizer: {checkpoint_minutes: 7}}
}"""
"""Settings on which no result depends, each with another value."""


def test_where_a_job_runs_when_it_saves_and_when_it_gives_up_reruns_nothing(finished):
    assert planned("smoke", "--config", f"smoke={IDLE}", cwd=finished) == {}


def test_how_a_family_is_trained_makes_no_base_again(finished):
    families = finished / "config/families.yaml"
    with changed(families, families.read_text().replace("tiny:\n", "tiny:\n  mixed_precision: bf16\n", 1)):
        jobs = planned("smoke", cwd=finished)
    assert jobs["train_start"] == 1
    assert "build_base" not in jobs


def test_another_judge_grades_and_nothing_else(finished):
    jobs = planned("results/smoke/start/tiny/seed1/eval/code/arithmetic_test/executes/scores.json", cwd=finished)
    assert jobs == {"grade_responses": 1, "score_responses": 1}
    assert planned("results/smoke/start/tiny/seed1/explore/code/queries/executes/grades.parquet", cwd=finished) == {"grade_rollouts": 1}


def test_judges_stand_side_by_side_in_a_run(finished):
    folder = "results/smoke/start/tiny/seed1/explore/code/queries"
    done = snakemake(f"{folder}/executes/grades.parquet", "--cores", "2", cwd=finished)
    assert done.returncode == 0, done.stdout[-2000:]
    exact, executes = (tables.GRADES.read(finished / folder / judge / "grades.parquet") for judge in ("exact", "executes"))
    key = ["query_id", "sample", "answer"]
    assert exact.select(key).equals(executes.select(key))
    assert exact["grader"].unique().to_list() != executes["grader"].unique().to_list()
    assert not executes.filter(pl.col("strict") & (pl.col("executions") == 0)).height


def test_one_figure_more_draws_figures_and_nothing_else(finished):
    drawn = finished / "results/smoke/figures/alignment.svg"
    before = drawn.read_bytes()
    drawn.unlink()
    try:
        assert planned("smoke", cwd=finished) == {"plot_autocode": 1, "write_summary_autocode": 1, "smoke": 1}
    finally:
        drawn.write_bytes(before)
    stat = (finished / "results/smoke/figures/q_values.svg").stat()
    os.utime(drawn, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def remade(folder: Path) -> dict[str, bytes]:
    """What the killed run makes again: one experiment, and the tables of all."""
    wanted = [folder / "results/smoke" / part for part in ("main", "tables", "figures")]
    return {f"{path.name}/{name}": content for path in wanted for name, content in files(path).items()}


def test_killed_at_any_moment_and_resumed_on_one_core_it_ends_with_the_same_bytes(finished):
    """Everything of one experiment, and all tables and figures, is made again, by one core instead of two, with three kills."""
    before = remade(finished)
    assert len(before) > 60
    for part in ("main", "tables", "figures"):
        shutil.rmtree(finished / "results/smoke" / part)
    killed_on_the_way("smoke", finished, random.Random(5), kills=3)
    assert remade(finished) != before
    done = snakemake("smoke", "--cores", "1", "--rerun-incomplete", cwd=finished)
    assert done.returncode == 0, done.stdout[-4000:]
    after = remade(finished)
    assert sorted(after) == sorted(before)
    assert [name for name, content in after.items() if content != before[name]] == []


FIRST_LINE = """
<script>
setTimeout(() => { document.body.dataset.first = document.querySelector(".prose strong").getBoundingClientRect().top; }, 4000);
</script>
"""


def test_the_report_opens_on_its_answer_without_network_or_errors(finished, tmp_path):
    done = snakemake("smoke", "--report", "report.html", cwd=finished)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "read first: claims, effects, cost, all tables" in (finished / "report.html").read_text()
    browser = chromium()
    broken = tmp_path / "broken.html"
    broken.write_text('<script>throw new Error("boom")</script><script src="https://example.org/a.js"></script>')
    _, console, asked = opened(browser, broken, tmp_path)
    assert len(console) == len(asked) == 1  # the check sees an error and a request where there are some
    page = tmp_path / "report.html"
    page.write_text((finished / "report.html").read_text() + FIRST_LINE)
    document, console, asked = opened(browser, page, tmp_path)
    assert asked == []
    assert [line for line in console if "cdn.tailwindcss.com should not be used" not in line] == []  # Snakemake's own style sheet
    drawn = re.sub(r"<script.*?</script>", "", document, flags=re.DOTALL)
    for category in ("Summary", "Responses", "Main results", "Ablations", "Learned strategy", "Training"):
        assert category in drawn
    answer = re.search(r'<p class="answer">(.*?)</p>', (finished / "reports/smoke/summary.html").read_text())[1]
    assert f"<strong>smoke</strong>: {unescape(answer)}</p>" in unescape(drawn)
    assert 0 <= float(re.search(r'data-first="([^"]*)"', document)[1]) < 200


def test_the_pages_open_from_a_zipped_report(finished, tmp_path):
    done = snakemake("smoke", "--report", "report.zip", cwd=finished)
    assert done.returncode == 0, done.stdout[-2000:]
    shutil.unpack_archive(finished / "report.zip", tmp_path / "report")
    (page,) = (tmp_path / "report").rglob("responses.html")
    document, console, asked = opened(chromium(), page, tmp_path)
    assert (console, asked) == ([], [])
    assert "12 of 12 items" in document
    assert list((tmp_path / "report").rglob("summary.html"))
