"""What is planned for a target, what is refused, and the style of rules and code: dry runs where nothing has been built."""

import functools
import re
from pathlib import Path

import pytest
from support.checkout import BIN, jobs_of, planned, snakemake
from support.running import ROOT, run_program

from mathcode import configuration
from mathcode.configuration import places

pytestmark = pytest.mark.workflow
RUNS = {name: run.method for name, run in configuration.load(ROOT / "config").runs.items()}

PAPERS_COMMAND = ("paper", "--profile", "slurm", "--cores", "64")


@functools.cache
def dry_run(cwd: Path, *arguments: str) -> str:
    """What a dry run prints; asked for again, it is not made again."""
    done = snakemake(*arguments, "-n", cwd=cwd)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def test_the_papers_command_plans_three_families_in_three_modes_on_six_benchmarks(checkout):
    jobs = jobs_of(dry_run(checkout, *PAPERS_COMMAND))
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


@pytest.mark.parametrize("run", sorted(RUNS))
def test_every_run_is_a_target(checkout, run):
    assert jobs_of(dry_run(checkout, run))[run] == 1


def test_all_is_both_papers(checkout):
    jobs = jobs_of(dry_run(checkout, "all"))
    assert (jobs["all"], jobs["tabulate_costs"]) == (1, 2)


@pytest.mark.parametrize("run", sorted(name for name, method in RUNS.items() if method == "autocode"))
def test_a_run_of_autocode_trains_every_experiment_in_every_iteration(checkout, run):
    jobs = jobs_of(dry_run(checkout, run))
    config = configuration.load(ROOT / "config")
    build = config.runs[run].build
    fine_tuned = [family for family in build.families if config.families[family].precondition == "sft"]
    trained = len(build.experiments) * len(build.families) * len(build.seeds) * build.iterations
    assert jobs["train_policy"] == trained
    assert jobs["train_start"] == len(fine_tuned) * len(build.seeds)
    ending = "autocode_judged" if config.runs[run].case_sets else "autocode"
    assert [jobs[f"{stage}_{ending}"] for stage in ("tabulate", "export_latex", "plot", "write_summary", "browse")] == [1] * 5


def test_six_experiments_share_the_start_policy_and_its_rollouts(checkout):
    jobs = jobs_of(dry_run(checkout, "demo"))
    explored = {"start": 4, "main": 3, "no_reflection": 3, "q_rule": 3, "released_objective": 3, "standard_rl": 1, "equal_rollouts": 2}
    assert jobs["sample_rollouts"] == sum(explored.values())
    assert (jobs["train_start"], jobs["train_policy"], jobs["sample_responses"]) == (1, 12, 2 * 13)


ADAPTIVE = "explore: {adaptive: {certainty: 0.95}}"


@pytest.mark.parametrize(
    ("shards", "jobs"), [(1, {"sample_until_decided": 2}), (3, {"sample_until_decided_shard": 6, "merge_rollouts": 6})]
)
def test_adaptive_sampling_is_one_job_a_policy_and_shard_for_all_modes(checkout, shards, jobs):
    told = f"demo={{build: {{experiments: [main]}}, {ADAPTIVE}, resources: {{explore: {{shards: {shards}}}}}}}"
    made = jobs_of(dry_run(checkout, "demo", "--config", told))
    sampled = {rule: count for rule, count in made.items() if "rollouts" in rule or "decided" in rule}
    assert sampled == jobs | {"grade_rollouts": 6}


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ("build: {experiments: [main, q_rule]}", "experiment 'q_rule' has others"),
        ("build: {experiments: [standard_rl]}", "experiment 'standard_rl' has others"),
        ("build: {experiments: [main]}, estimate: {alpha: 2.0}", "'estimate.alpha' must be inf"),
        ("build: {experiments: [main]}, estimate: {price: 0.2}", "'estimate.price' must be 0"),
    ],
)
def test_where_no_label_is_decided_adaptive_sampling_is_refused(checkout, said, refused):
    done = snakemake("demo", "-n", "--config", f"demo={{{said}, {ADAPTIVE}}}", cwd=checkout)
    assert done.returncode == 1
    assert "key 'explore.adaptive': a label is decided" in done.stdout
    assert refused in done.stdout


@pytest.mark.parametrize(
    ("explore", "refused"),
    [
        ("modes: [native, cot]", "'explore.modes' must be these"),
        ("judge: math_verify", "where Math-Verify is not installed"),
    ],
)
def test_adaptive_sampling_wants_the_modes_and_a_judge_that_decide(checkout, explore, refused):
    told = f"demo={{build: {{experiments: [main]}}, explore: {{adaptive: {{certainty: 0.95}}, {explore}}}}}"
    done = snakemake("demo", "-n", "--config", told, cwd=checkout)
    assert done.returncode == 1
    assert refused in done.stdout


def test_an_experiment_of_other_labels_is_refused_in_a_run_that_samples_adaptively(checkout):
    told = f"demo={{build: {{experiments: [main]}}, {ADAPTIVE}}}"
    done = snakemake("results/demo/q_rule/tiny/seed1/iter1/q_values.parquet", "-n", "--config", told, cwd=checkout)
    assert done.returncode == 1
    assert "experiment 'q_rule' makes other labels: build that experiment in a run without explore.adaptive" in done.stdout + done.stderr


def test_a_file_plans_only_what_it_needs(checkout):
    target = "results/paper/main/deepseekmath/seed1/iter2/reference_strategy.parquet"
    printed = dry_run(checkout, target)
    jobs = jobs_of(printed)
    modes = 3  # native, cot, code: before each of the two iterations
    expected = {"fetch_model": 1, "build_base": 1, "adopt_base": 1, "sample_rollouts": 2 * modes, "grade_rollouts": 2 * modes}
    expected |= {"estimate_strategy": 2, "synthesize_responses": 1, "score_logprobs": 1, "train_policy": 1}
    assert {name: count for name, count in jobs.items() if name in expected} == expected
    assert not [name for name in jobs if name in ("sample_responses", "sample_labels", "tabulate_autocode", "plot_autocode", "prepare_sft")]
    for other in ("qwen2math", "llama31", "standard_rl", "no_reflection", "released_objective", "/eval/"):
        assert other not in printed


def test_a_family_that_is_used_as_it_is_needs_no_sft_data(checkout):
    alone = {"fetch_model": 1, "build_base": 1, "adopt_base": 1}
    assert planned("results/paper/start/deepseekmath/seed1/model", cwd=checkout) == alone
    assert planned("results/paper/start/llama31/seed1/model", cwd=checkout)["prepare_sft"] == 4


def asked(rule: str, target: str, *arguments: str, cwd: Path) -> dict[str, str]:
    """Resources of a planned job through the SLURM profile; the first of the rule."""
    printed = dry_run(cwd, target, "--profile", "slurm", "--cores", "64", *arguments)
    job = re.search(rf"^rule {rule}:((?:\n    .*)+)", printed, re.MULTILINE)[1]
    threads = re.search(r"threads: (\d+)", job)
    listed = re.search(r"resources: (.*)", job)[1].split(", ")
    return dict(item.split("=", 1) for item in listed) | {"threads": threads[1] if threads else "1"}


def test_what_needs_no_gpu_asks_for_none_nor_for_its_partition(checkout):
    partitions = {}
    for rule, job in re.findall(r"^(?:local)?rule (\w+):((?:\n    .*)+)", dry_run(checkout, *PAPERS_COMMAND), re.MULTILINE):
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
        "train_policy": ("8", "16", "200000", "240"),
        "score_logprobs": ("1", "8", "64000", "240"),
        "sample_rollouts": ("1", "8", "64000", "240"),
        "grade_rollouts": ("0", "4", "8000", "60"),
    }


def test_a_further_attempt_asks_for_more_up_to_what_a_site_has(checkout):
    target = "results/paper/main/llama31/seed1/iter1/model"
    asks = {rule: asked(rule, target, "--attempt", "3", cwd=checkout) for rule in ("train_policy", "prepare_sft", "grade_rollouts")}
    assert {rule: (job["runtime"], job["mem_mb"]) for rule, job in asks.items()} == {
        "train_policy": ("720", "400000"),  # max_memory_gb
        "prepare_sft": ("720", "48000"),
        "grade_rollouts": ("180", "24000"),
    }
    longer = ("--config", "paper={resources: {train: {hours: 10}}}")
    assert asked("train_policy", target, "--attempt", "3", *longer, cwd=checkout)["runtime"] == "1440"  # max_hours
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


def test_every_training_is_warned_of_its_walltime(checkout):
    warned = {}
    for target in ("demo", "siam_demo"):
        printed = dry_run(checkout, target, "--profile", "slurm", "--cores", "64")
        for rule, job in re.findall(r"^ *rule (\w+):((?:\n +.*)+)", printed, re.MULTILINE):
            if re.search(r"output: .*training_log\.parquet", job):
                warned[rule] = re.search(r"slurm_extra=([^,\n]*)", job)[1]
    names = ("train_start", "train_policy", "pretrain_base", "align_policy", "train_critic")
    assert warned == dict.fromkeys(names, "--signal=TERM@600")


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


@pytest.mark.parametrize("run", ["paper", "siam", "siam_laptop"])
def test_a_mirror_holds_what_a_run_fetches(checkout, run):
    config = configuration.load(ROOT / "config")
    raw, families = places.needed(config, run)
    printed = dry_run(checkout, run)
    assert {*re.findall(r"^    output: data/raw/(\w+)$", printed, re.MULTILINE)} == {*raw}
    assert {*re.findall(r"^    output: data/models/(\w+)$", printed, re.MULTILINE)} == {*families}


def test_a_setting_on_the_command_line_is_what_jobs_are_told(checkout):
    target = "results/demo/start/tiny/seed1/explore/code/queries/rollouts.parquet"
    told = snakemake(target, "-n", "-p", "--config", "demo={explore: {samples: 3}}", f"mirror={checkout}", cwd=checkout)
    assert told.returncode == 0, told.stdout[-2000:]
    assert "--samples 3 " in told.stdout


def test_a_run_of_autocode_may_have_case_sets_too(checkout):
    case_set = "{mine: {label: mine, rollouts: true, queries: [arithmetic_test]}}"
    told = snakemake("results/demo/cases/mine.parquet", "-n", "--config", f"demo={{case_sets: {case_set}}}", cwd=checkout)
    assert told.returncode == 0, told.stdout[-2000:]
    jobs = jobs_of(told.stdout)
    assert jobs["build_case_set"] == jobs["sample_responses"] == jobs["grade_responses"] == 1


@pytest.mark.parametrize(("cores", "threads"), [("2", None), ("8", "4"), ("64", "8")])
def test_a_job_of_no_run_leaves_half_of_the_cores_to_others(checkout, cores, threads):
    """On two cores it would wait until no other job runs, and what depends on it with it."""
    printed = dry_run(checkout, "data/sft/arithmetic_sft.parquet", "--cores", cores)
    job = re.search(r"^rule prepare_sft:\n(?:    .+\n)+", printed, re.MULTILINE)[0]
    found = re.search(r"^    threads: (\d+)$", job, re.MULTILINE)
    assert (found[1] if found else None) == threads


def test_no_policy_explores_the_questions_of_the_critic_that_rewards_it(checkout):
    told = snakemake("results/autocode_critic/data/queries.parquet", "-n", "-p", cwd=checkout).stdout
    (command,) = re.findall(r"workflow_scripts/decontaminate\.py .+", told)
    assert re.search(r"--training (.+?) --", command)[1] == "data/queries/arithmetic_train_free.parquet"


def test_the_critic_that_rewards_autocode_can_be_asked_about_cases_and_attacks(checkout):
    asked = [(name, judge) for name in ("known_forms", "attacks") for judge in ("critic_main", "exact")]
    targets = [f"results/autocode_critic/cases/{name}/seed1/{judge}/verdicts.parquet" for name, judge in asked]
    jobs = planned(*targets, cwd=checkout)
    assert (jobs["build_case_set"], jobs["judge_cases"], jobs["judge_cases_by_critic"], jobs["train_critic"]) == (2, 2, 2, 1)
    assert "sample_responses" not in jobs


def test_the_paper_can_be_planned_in_many_shards(checkout):
    many = checkout / "config/runs/many.yaml"
    many.write_text('extends: paper\ndescription: "many shards"\nresources: {explore: {shards: 8}, evaluate: {shards: 8}}\n')
    try:
        jobs = planned("many", cwd=checkout)
    finally:
        many.unlink()
    assert jobs["sample_rollouts_shard"] == 8 * jobs["merge_rollouts"] > 400
    assert 3 * jobs["sample_responses_shard"] + 2 * jobs["sample_labels_shard"] == 8 * jobs["merge_responses"]  # a job merges one mode


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
