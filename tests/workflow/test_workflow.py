"""The workflow: what is planned for a target, what is refused, and one small run of every stage, killed and resumed."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from support.checkout import BIN, SMOKE, SNAKEMAKE, copied, planned, snakemake
from support.pages import chromium, opened
from support.running import ROOT, environment, files, run_program

from mathcode import configuration, tables

pytestmark = pytest.mark.workflow
RUNS = sorted(path.stem for path in (ROOT / "config/runs").glob("*.yaml"))


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy where nothing has been built: plans do not depend on what this checkout holds."""
    return copied(tmp_path_factory.mktemp("workflow") / "checkout")


# --- plans ---


def test_the_papers_command_plans_three_families_in_three_modes_on_six_benchmarks(checkout):
    jobs = planned("all", "--profile", "slurm", cwd=checkout)
    paper = configuration.load(ROOT / "config").runs["paper"]
    experiments, families, iterations = len(paper.build.experiments), len(paper.build.families), paper.build.iterations
    assert (families, iterations, len(paper.build.benchmarks)) == (3, 2, 6)
    trained = experiments * families * iterations
    assert jobs["fetch_model"] == jobs["build_base"] == families
    assert (jobs["demonstrate_solutions"], jobs["adopt_base"]) == (2, 1)  # DeepSeekMath is used as it is
    assert jobs["score_logprobs"] == jobs["synthesize_responses"] == jobs["estimate_strategy"] == trained
    assert (jobs["train_policy"], jobs["train_start"]) == (trained, 2)
    assert jobs["sample_responses"] == (trained + families) * 6
    assert jobs["sample_labels"] == experiments * families + families
    assert jobs["prepare_benchmark"] == len({*paper.build.benchmarks, *paper.data.guard})
    done = snakemake("-n", "results/paper/start/llama31/seed1/eval/auto/gsm8k/exact/scores.json", cwd=checkout)
    for mode in ("auto", "cot", "code"):  # a model is loaded once for all modes, and for the benchmark asked for alone
        assert f"results/paper/start/llama31/seed1/eval/{mode}/gsm8k/responses.parquet" in done.stdout
    assert "/eval/auto/math/" not in done.stdout


@pytest.mark.parametrize("run", RUNS)
def test_every_run_is_a_target(checkout, run):
    jobs = planned(run, cwd=checkout)
    config = configuration.load(ROOT / "config")
    build = config.runs[run].build
    fine_tuned = [family for family in build.families if config.families[family].precondition == "sft"]
    trained = len(build.experiments) * len(build.families) * len(build.seeds) * build.iterations
    assert jobs["train_policy"] == trained
    assert jobs["train_start"] == len(fine_tuned) * len(build.seeds)
    assert jobs["plot_figures"] == jobs["tabulate_results"] == 1


def test_six_experiments_share_the_start_policy_and_its_rollouts(checkout):
    jobs = planned("demo", cwd=checkout)
    explored = {"start": 4, "main": 3, "no_reflection": 3, "q_rule": 3, "released_objective": 3, "standard_rl": 1, "equal_rollouts": 2}
    assert jobs["sample_rollouts"] == sum(explored.values())
    assert (jobs["train_start"], jobs["train_policy"], jobs["sample_responses"]) == (1, 12, 2 * 13)


def test_a_file_plans_only_what_it_needs(checkout):
    target = "results/paper/main/deepseekmath/seed1/iter2/reference_strategy.parquet"
    done = snakemake("-n", target, cwd=checkout)
    assert done.returncode == 0, done.stdout[-2000:]
    jobs = planned(target, cwd=checkout)
    modes = 3  # native, cot, code: before each of the two iterations
    expected = {"fetch_model": 1, "build_base": 1, "adopt_base": 1, "sample_rollouts": 2 * modes, "grade_rollouts": 2 * modes}
    expected |= {"estimate_strategy": 2, "synthesize_responses": 1, "score_logprobs": 1, "train_policy": 1}
    assert {name: count for name, count in jobs.items() if name in expected} == expected
    assert not [name for name in jobs if name in ("sample_responses", "sample_labels", "tabulate_results", "plot_figures", "prepare_sft")]
    for other in ("qwen2math", "llama31", "standard_rl", "no_reflection", "released_objective", "/eval/"):
        assert other not in done.stdout


def test_a_family_that_is_used_as_it_is_needs_no_sft_data(checkout):
    alone = {"fetch_model": 1, "build_base": 1, "adopt_base": 1}
    assert planned("results/paper/start/deepseekmath/seed1/model", cwd=checkout) == alone
    assert planned("results/paper/start/llama31/seed1/model", cwd=checkout)["prepare_sft"] == 4


def asked(rule: str, target: str, *arguments: str, cwd: Path) -> dict[str, str]:
    """Resources of a planned job through the SLURM profile; the first of the rule."""
    done = snakemake(target, "--profile", "slurm", "-n", "--cores", "64", *arguments, cwd=cwd)
    assert done.returncode == 0, done.stdout[-2000:]
    job = re.search(rf"^rule {rule}:((?:\n    .*)+)", done.stdout, re.MULTILINE)[1]
    threads = re.search(r"threads: (\d+)", job)
    listed = re.search(r"resources: (.*)", job)[1].split(", ")
    return dict(item.split("=", 1) for item in listed) | {"threads": threads[1] if threads else "1"}


def test_what_needs_no_gpu_asks_for_none_nor_for_its_partition(checkout):
    done = snakemake("paper", "--profile", "slurm", "-n", "--cores", "64", cwd=checkout)
    assert done.returncode == 0, done.stdout[-2000:]
    partitions = {}
    for rule, job in re.findall(r"^(?:local)?rule (\w+):((?:\n    .*)+)", done.stdout, re.MULTILINE):
        resources = re.search(r"resources: (.*)", job)[1]
        gpus = re.search(r"\bgpu=(\d+)", resources)
        partition = re.search(r"slurm_partition=(\w+)", resources)
        partitions.setdefault(rule, set()).add((int(gpus[1]) if gpus else 0, partition and partition[1]))
    on_gpus = {rule for rule, asks in partitions.items() if any(gpus for gpus, _ in asks)}
    assert on_gpus == {"sample_rollouts", "sample_responses", "sample_labels", "score_logprobs", "train_start", "train_policy"}
    local = {"fetch_source", "fetch_model", "paper"}
    assert {rule: asks for rule, asks in partitions.items() if rule not in on_gpus | local} == {
        rule: {(0, "cpu")} for rule in set(partitions) - on_gpus - local
    }
    assert all(partition == "gpu" for rule in on_gpus for _, partition in partitions[rule])


def test_stages_ask_for_what_they_need(checkout):
    target = "results/paper/main/llama31/seed1/iter1/model"
    asks = {rule: asked(rule, target, cwd=checkout) for rule in ("train_policy", "score_logprobs", "sample_rollouts", "grade_rollouts")}
    told = {rule: (job.get("gpu", "0"), job["threads"], job["mem_mb"], job["runtime"]) for rule, job in asks.items()}
    assert told == {
        "train_policy": ("8", "16", "200000", "1440"),
        "score_logprobs": ("1", "8", "64000", "240"),
        "sample_rollouts": ("8", "16", "200000", "480"),
        "grade_rollouts": ("0", "4", "8000", "60"),
    }


def test_a_further_attempt_asks_for_more_up_to_what_a_site_has(checkout):
    target = "results/paper/main/llama31/seed1/iter1/model"
    asks = {rule: asked(rule, target, "--attempt", "3", cwd=checkout) for rule in ("train_policy", "prepare_sft", "grade_rollouts")}
    assert {rule: (job["runtime"], job["mem_mb"]) for rule, job in asks.items()} == {
        "train_policy": ("1440", "400000"),  # max_hours, max_memory_gb
        "prepare_sft": ("720", "48000"),
        "grade_rollouts": ("180", "24000"),
    }
    assert asked("prepare_sft", target, "--attempt", "9", cwd=checkout) == asks["prepare_sft"]
    assert asked("grade_rollouts", target, "--attempt", "9", cwd=checkout)["mem_mb"] == "24000"


def test_gpus_are_on_the_nodes_that_are_asked_for(checkout):
    one = asked("train_policy", "results/paper/main/llama31/seed1/iter1/model", cwd=checkout)
    assert (one["nodes"], one["gpu"], one["slurm_extra"]) == ("1", "8", "--signal=TERM@600")
    assert not {"mpi", "tasks", "gres"} & set(one)
    for rule in ("sample_rollouts", "score_logprobs"):
        assert asked(rule, "results/paper/main/llama31/seed1/iter1/model", cwd=checkout)["nodes"] == "1"
    (checkout / "config/runs/nodes.yaml").write_text("extends: paper\ndescription: two nodes\nresources: {train: {nodes: 2}}\n")
    try:
        two = asked("train_policy", "results/nodes/main/llama31/seed1/iter1/model", cwd=checkout)
    finally:
        (checkout / "config/runs/nodes.yaml").unlink()
    assert (two["nodes"], two["tasks"], two["threads"]) == ("2", "2", "16")  # a task of 16 cores on each
    assert (two["gpu"], two["gres"]) == ("16", "gpu:8")


def test_an_engine_that_is_not_there_is_told_before_anything_runs(checkout):
    sentence = "'.venv-vllm/bin/python' (engine.python) has no vLLM"
    refused = snakemake("laptop", "--cores", "1", cwd=checkout)
    assert refused.returncode == 1
    assert sentence in refused.stdout
    assert not (checkout / "logs/data").exists()
    plan = snakemake("laptop", "-n", "--quiet", "rules", cwd=checkout)
    assert plan.returncode == 0
    assert plan.stdout.count(sentence) == 1
    assert sentence in snakemake("laptop", "--sdm", "apptainer", "-n", "--quiet", "rules", cwd=checkout).stdout  # no rule names an image
    for fine in (["demo"], ["results/laptop/start/qwen25coder_05b/seed1/model"]):
        plan = snakemake(*fine, "-n", "--quiet", "rules", cwd=checkout)
        assert plan.returncode == 0
        assert "has no vLLM" not in plan.stdout


@pytest.mark.parametrize(
    "target",
    [
        "papr",
        "results/papers/main/llama31/seed1/iter1/model",
        "results/paper/mian/llama31/seed1/iter1/model",
        "results/paper/main/lama31/seed1/iter1/model",
        "results/paper/main/llama31/seed0/iter1/model",
        "results/paper/main/llama31/seed1/iter0/model",
        "results/paper/main/llama31/seed1/iter1/eval/auto/gsm9k/exact/scores.json",
        "results/paper/main/llama31/seed1/iter1/eval/dictated/gsm8k/exact/scores.json",
        "results/paper/main/llama31/seed1/iter1/eval/auto/gsm8k/exactly/scores.json",
        "results/paper/main/llama31/seed1/explore/native/queries/rollouts.parquet",
        "data/benchmarks/gsm9k.parquet",
    ],
)
def test_a_misspelt_target_is_refused(checkout, target):
    done = snakemake("-n", target, cwd=checkout)
    assert done.returncode != 0
    assert "MissingRuleException" in done.stdout
    assert target in done.stdout


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("runs/paper.yaml", "description:", "sampels: 3\ndescription:", "runs/paper.yaml: key 'sampels': extra inputs are not permitted"),
        ("methods/autocode.yaml", "  samples: 5 ", "  samples: five ", "key 'explore.samples': input should be a valid integer"),
        ("runs/demo.yaml", "families: [tiny]", "families: [tinny]", "runs/demo.yaml: unknown family 'tinny'"),
        ("methods/autocode.yaml", "iterations: 2", "iterations: [2", "autocode.yaml: not YAML"),
    ],
)
def test_a_bad_setting_ends_in_one_sentence(checkout, tmp_path, file, old, new, sentence):
    shutil.copytree(ROOT / "config", tmp_path / "config")
    text = (tmp_path / "config" / file).read_text()
    assert old in text
    (tmp_path / "config" / file).write_text(text.replace(old, new, 1))
    done = snakemake("-n", "demo", "--config", f"config_folder={tmp_path / 'config'}", cwd=checkout)
    assert done.returncode == 1
    assert sentence in done.stdout
    assert "Traceback" not in done.stdout
    assert "SettingsError" not in done.stdout


# --- style ---


def test_the_linter_has_nothing_to_say(checkout):
    done = snakemake("--lint", cwd=checkout)
    assert done.returncode == 0, done.stdout
    assert "your workflow is in a good condition" in done.stdout


@pytest.mark.parametrize(
    "command", [("snakefmt", "--check", "Snakefile", "rules"), ("ruff", "check", "."), ("ruff", "format", "--check", ".")], ids=" ".join
)
def test_the_code_is_formatted(command):
    tool, *arguments = command
    if not (Path(BIN) / tool).is_file():
        pytest.skip(f"{tool} is not there: `bash setup.sh test` installs it")
    done = run_program(str(Path(BIN) / tool), *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


# --- a run ---


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
    assert len(list((results / "tables").glob("*.csv"))) == 9
    assert len(list((results / "figures").glob("*.svg"))) == 9
    assert not list(results.rglob("*.tmp"))
    assert not [path for path in (finished / "checkpoints").rglob("*") if path.is_file()]


def test_a_second_start_has_nothing_to_do(finished):
    done = snakemake("smoke", "--cores", "1", cwd=finished)
    assert "Nothing to be done" in done.stdout


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


def test_the_paper_can_be_planned_in_many_shards(checkout):
    many = checkout / "config/runs/many.yaml"
    many.write_text('extends: paper\ndescription: "many shards"\nresources: {explore: {shards: 64}, evaluate: {shards: 64}}\n')
    try:
        jobs = planned("many", cwd=checkout)
    finally:
        many.unlink()
    assert jobs["sample_rollouts_shard"] == 64 * jobs["merge_rollouts"] > 3000
    assert 3 * jobs["sample_responses_shard"] + 2 * jobs["sample_labels_shard"] == 64 * jobs["merge_responses"]  # a job merges one mode


def test_a_changed_label_reruns_no_training(finished):
    path = finished / "config/methods/autocode.yaml"
    text = path.read_text()
    assert "label: AutoCode (EM)" in text
    path.write_text(text.replace("label: AutoCode (EM)", "label: AutoCode"))
    try:
        assert set(planned("smoke", cwd=finished)) == {
            "tabulate_results",
            "plot_figures",
            "export_latex",
            "write_summary",
            "browse_responses",
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
        shown = ("tabulate_results", "export_latex", "plot_figures", "tabulate_costs", "write_summary", "browse_responses", "smoke")
        assert jobs == graded | dict.fromkeys(shown, 1)
    finally:
        path.write_text(SMOKE)


REPORTED = dict.fromkeys(
    ("tabulate_results", "export_latex", "plot_figures", "tabulate_costs", "write_summary", "browse_responses", "smoke"), 1
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
    tiny = families.read_text().partition("\ntiny:\n")[2]
    small = SMOKE.replace("build: {", "build: {families: [tiny, small], ")
    with changed(families, families.read_text() + "\nsmall:\n" + tiny), changed(finished / "config/runs/smoke.yaml", small):
        done = snakemake("smoke", "-n", cwd=finished)
    assert done.returncode == 0, done.stdout[-2000:]
    of_policies = re.findall(r"^(?:local)?rule (\w+):\n((?:    .*\n)+)", done.stdout, re.MULTILINE)
    assert {rule for rule, job in of_policies if "/small/" not in made_by(job)} == set(REPORTED)
    assert sum(rule in ("train_start", "train_policy") for rule, _ in of_policies) == 5


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
        assert planned("smoke", cwd=finished) == {"plot_figures": 1, "write_summary": 1, "smoke": 1}
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
    draw = random.Random(5)
    command = [*SNAKEMAKE, "smoke", "--cores", "1", "--rerun-incomplete"]
    path = BIN + os.pathsep + os.environ["PATH"]
    for _ in range(3):
        with open(finished / "killed.log", "w") as log:
            started = subprocess.Popen(command, cwd=finished, env=environment(PATH=path), stdout=log, stderr=log, start_new_session=True)
            time.sleep(draw.uniform(6, 16))
            os.killpg(started.pid, signal.SIGKILL)
        assert started.wait() == -signal.SIGKILL
        unlocked = snakemake("--unlock", cwd=finished)
        assert unlocked.returncode == 0, unlocked.stdout
    assert remade(finished) != before
    done = snakemake("smoke", "--cores", "1", "--rerun-incomplete", cwd=finished)
    assert done.returncode == 0, done.stdout[-4000:]
    after = remade(finished)
    assert sorted(after) == sorted(before)
    assert [name for name, content in after.items() if content != before[name]] == []


def test_the_report_opens_without_network_or_errors(finished, tmp_path):
    done = snakemake("smoke", "--report", "report.html", cwd=finished)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "read first: claims, effects, cost, all tables" in (finished / "report.html").read_text()
    browser = chromium()
    broken = tmp_path / "broken.html"
    broken.write_text('<script>throw new Error("boom")</script><script src="https://example.org/a.js"></script>')
    _, console, asked = opened(browser, broken, tmp_path)
    assert len(console) == len(asked) == 1  # the check sees an error and a request where there are some
    document, console, asked = opened(browser, finished / "report.html", tmp_path)
    assert asked == []
    assert [line for line in console if "cdn.tailwindcss.com should not be used" not in line] == []  # Snakemake's own style sheet
    drawn = re.sub(r"<script.*?</script>", "", document, flags=re.DOTALL)
    for category in ("Summary", "Responses", "Main results", "Ablations", "Learned strategy", "Training"):
        assert category in drawn


def test_the_pages_open_from_a_zipped_report(finished, tmp_path):
    done = snakemake("smoke", "--report", "report.zip", cwd=finished)
    assert done.returncode == 0, done.stdout[-2000:]
    shutil.unpack_archive(finished / "report.zip", tmp_path / "report")
    (page,) = (tmp_path / "report").rglob("responses.html")
    document, console, asked = opened(chromium(), page, tmp_path)
    assert (console, asked) == ([], [])
    assert "12 of 12 items" in document
    assert list((tmp_path / "report").rglob("summary.html"))
