"""SIaM's plans: what single targets need, what a further row of settings adds to a finished run, and forms that are another method's."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.checkout import jobs_of, planned, snakemake

from mathcode import configuration, paths

pytestmark = pytest.mark.workflow
POLICY = "results/siam_demo/main/tiny_siam/seed1"
SMALL = """
extends: siam_demo
description: "SIaM with two filters, one preference and one case set"
build: {experiments: [main, exact], preferences: [dpo_1], case_sets: [known_forms]}
"""
PREPARED = {"fetch_source", "prepare_queries", "prepare_sft", "prepare_benchmark", "decontaminate", "divide_pools", "measure_overlap"}
"""Rules that make data."""


def beside_data(jobs: dict[str, int]) -> dict[str, int]:
    return {rule: count for rule, count in jobs.items() if rule not in PREPARED}


SEEDED = {"build_scratch": 1, "pretrain_base": 1, "demonstrate_programs": 2, "train_start": 1}
"""What makes a seeded policy, from random weights on."""
M_0 = SEEDED | {"demonstrate_programs": 3, "train_start": 2, "sample_rollouts": 1, "grade_rollouts": 1, "select_programs": 1}
"""What makes a start policy."""


def test_a_start_policy_learns_from_the_seeded_ones_right_programs(checkout):
    assert beside_data(planned("results/siam_demo/start/tiny_siam/seed1/model", cwd=checkout)) == M_0
    jobs = planned("results/siam_demo/seeded/tiny_siam/seed1/model", cwd=checkout)
    assert beside_data(jobs) == SEEDED
    assert "divide_pools" not in jobs


def test_a_critic_learns_from_the_seeded_policys_programs_and_goes_on_from_another_critic(checkout):
    jobs = beside_data(planned("results/siam_demo/critics/full/seed1/model", cwd=checkout))
    own = {"build_base": 1, "build_cases": 2, "demonstrate_cases": 2, "train_critic": 2}
    assert jobs == SEEDED | own | {"sample_rollouts": 1, "grade_rollouts": 1}
    alone = beside_data(planned("results/siam_demo/critics/main/seed1/model", cwd=checkout))
    assert alone == {"build_base": 1, "build_cases": 1, "demonstrate_cases": 1, "train_critic": 1}


def test_a_round_adds_what_the_critic_accepts(checkout):
    jobs = beside_data(planned(f"{POLICY}/iter1/accepted.parquet", cwd=checkout))
    critic = {"build_base": 1, "build_cases": 1, "demonstrate_cases": 1, "train_critic": 1}
    assert jobs == M_0 | critic | {"sample_rollouts": 2, "grade_rollouts_by_critic": 1, "select_programs": 2}


def test_an_aligned_policy_needs_both_rounds_and_its_pairs(checkout):
    target = f"{POLICY}/iter2/dpo_1/eval/code/forms_tests/critic_main/scores.json"
    printed = snakemake(target, "-n", cwd=checkout).stdout
    jobs = beside_data(jobs_of(printed))
    critic = {"build_base": 1, "build_cases": 1, "demonstrate_cases": 1, "train_critic": 1}
    rounds = {"demonstrate_programs": 5, "select_programs": 3, "train_policy": 2, "sample_rollouts": 4}
    aligned = {"grade_rollouts_by_critic": 3, "pair_programs": 1, "score_logprobs": 1, "align_policy": 1}
    scored = dict.fromkeys(("sample_programs", "grade_programs_by_critic", "score_programs"), 1)
    assert jobs == M_0 | critic | rounds | aligned | scored
    for other in ("/exact/tiny_siam/", "/dpo_0/", "/orpo/", "/eval/code_sampled/"):
        assert other not in printed


def test_only_dpo_compares_with_the_policy_it_starts_from(checkout):
    for preference in ("orpo", "sft_on_chosen"):
        jobs = planned(f"{POLICY}/iter1/{preference}/model", cwd=checkout)
        assert (jobs["pair_programs"], jobs["align_policy"], jobs["score_logprobs"]) == (1, 1, 0)


def test_families_of_the_hub_are_fetched_and_one_critic_serves_them_all(checkout):
    jobs = planned("results/siam/main/llama31/seed1/iter1/model", cwd=checkout)
    families = 3  # the critic learns from programs of all
    assert jobs["fetch_model"] == jobs["build_base"] == families
    assert (jobs["train_critic"], jobs["train_start"], jobs["train_policy"]) == (1, families + 1, 1)
    assert not {"build_scratch", "pretrain_base"} & set(jobs)


def test_what_trains_or_scores_with_a_model_asks_for_gpus(checkout):
    target = "results/siam/main/llama31/seed1/iter2/dpo_1/eval/code/gsm8k/critic_main/scores.json"
    done = snakemake(target, "results/siam/cases/attacks/seed1/critic_main/verdicts.parquet", "-n", "--profile", "slurm", cwd=checkout)
    assert done.returncode == 0, done.stdout[-2000:]
    on = {"gpu": set(), "cpu": set()}
    for rule, job in re.findall(r"^ *(?:local)?rule (\w+):((?:\n    .*)+)", done.stdout, re.MULTILINE):
        if partition := re.search(r"slurm_partition=(\w+)", job):
            on[partition[1]].add(rule)
    trained = {"train_start", "train_policy", "train_critic", "align_policy"}
    judged = {"grade_rollouts_by_critic", "grade_greedy_by_critics_together_siam", "judge_cases_by_critic"}
    assert on["gpu"] == trained | judged | {"sample_rollouts", "sample_greedy_together_siam", "score_logprobs"}
    assert not on["gpu"] & on["cpu"]


def evaluation(*benchmarks: str) -> list[str]:
    return [f"results/siam/base/llama31/seed1/eval/code/{benchmark}/exact/scores.json" for benchmark in benchmarks]


def test_benchmarks_that_are_joined_share_a_job_and_others_have_their_own(checkout):
    joined = {f"{stage}_together_siam": 1 for stage in ("sample_greedy", "grade_greedy_by_rules", "score")}
    alone = ("sample_programs", "grade_programs", "score_programs")
    base = {"fetch_model": 1, "build_base": 1}
    chosen = ("--config", "siam={evaluate: {together: [gsm8k, math]}}")
    assert beside_data(planned(*evaluation("svamp", "math23k"), cwd=checkout)) == base | joined
    assert beside_data(planned(*evaluation("gsm8k", "math"), *chosen, cwd=checkout)) == base | joined
    assert beside_data(planned(*evaluation("gsm8k", "svamp"), *chosen, cwd=checkout)) == base | joined | dict.fromkeys(alone, 1)


def test_lengths_of_joined_benchmarks_are_sampled_as_the_run_says(checkout):
    sampled = "results/siam/main/llama31/seed1/iter2/eval/code_sampled"
    jobs = planned(f"{sampled}/gsm8k/exact/grades.parquet", f"{sampled}/svamp/exact/grades.parquet", cwd=checkout)
    assert (jobs["sample_sampled_together_siam"], jobs["grade_sampled_by_rules_together_siam"]) == (1, 1)
    chosen = ("--config", "siam={evaluate: {samples: 3, sampled: {temperature: 0.7}}}")
    printed = snakemake(f"{sampled}/gsm8k/responses.parquet", "-n", "-p", *chosen, cwd=checkout).stdout
    line = next(line for line in printed.splitlines() if "--mode code_sampled code_sampled" in line)
    assert "--samples 3 " in line
    assert '"temperature": 0.7' in line
    assert line.count("code_sampled/") == line.count("data/benchmarks/") > 20


LEFT_ALONE = {
    "resources: {evaluate: {shards: 2}}": {"sample_programs_shard": 2, "merge_responses": 1},
    "evaluate: {together: [gsm8k]}": {"sample_programs": 1},
}


@pytest.mark.parametrize("setting", LEFT_ALONE)
def test_none_are_joined_where_sampling_has_shards_or_one_would_be_alone(checkout, setting):
    jobs = planned(*evaluation("gsm8k"), "--config", f"siam={{{setting}}}", cwd=checkout)
    judged = {"fetch_model": 1, "build_base": 1, "grade_programs": 1, "score_programs": 1}
    assert beside_data(jobs) == judged | LEFT_ALONE[setting]


REFUSED = {
    "results/siam_demo/start/tiny_siam/seed1/explore/native/queries/rollouts.parquet": "no mode of exploration 'native'; it has: code",
    "results/demo/start/tiny/seed1/explore/code/web1/rollouts.parquet": "run 'demo' (method autocode) has no pool 'web1'; it has: queries",
    "results/demo/seeded/tiny/seed1/explore/code/queries/exact/grades.parquet": "no policy 'seeded'; it has: base, start",
    "results/demo/main/tiny/seed1/iter1/dpo_1/eval/auto/arithmetic_test/exact/scores.json": "no preference 'dpo_1'; it has: none",
    "results/demo/critics/main/seed1/model": "no critic 'main'; it has: none",
    "results/demo/start/tiny/seed1/eval/code/arithmetic_test/critic_main/scores.json": "no critic 'main'; it has: none",
    "results/demo/cases/attacks.parquet": "no case set 'attacks'; it has: none",
    "results/siam_demo/no_reflection/tiny_siam/seed1/iter1/accepted.parquet": "no experiment 'no_reflection'; it has: main, exact,",
    "results/demo/main/tiny/seed1/iter1/accepted.parquet": "no rule makes",
    f"{POLICY}/iter1/q_values.parquet": "no rule makes",
    "results/siam_demo/start/tiny_siam/seed1/eval/auto/forms_tests/exact/scores.json": "no rule makes",
    "logs/results/siam/base/llama31/seed1/eval/greedy/gsm8k.timing.tsv": "no rule makes",
}


@pytest.mark.parametrize("target", REFUSED)
def test_a_form_of_another_method_is_refused(checkout, target):
    done = snakemake("-n", target, cwd=checkout)
    assert done.returncode != 0
    assert REFUSED[target] in done.stdout


def reported(folder: Path) -> list[str]:
    """What tables and figures of the small run are made of."""
    config = configuration.load(folder / "config")
    run = config.runs["siam_small"]
    families = {name: config.families[name] for name in run.build.families}
    return [paths.in_run("siam_small", path) for path in config.method("siam_small").tabulated(run, families)]


@pytest.fixture(scope="module")
def finished(checkout) -> Path:
    """A checkout that takes the small run for finished: every file that it plans is there, empty, with what its job was told."""
    (checkout / "config/runs/siam_small.yaml").write_text(SMALL)
    targets = reported(checkout)
    plan = snakemake(*targets, "-n", cwd=checkout)
    assert plan.returncode == 0, plan.stdout[-2000:]
    for made in re.findall(r"^ +output: (.+)$", plan.stdout, re.MULTILINE):
        for name in made.split(", "):
            path = checkout / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch() if path.suffix else path.mkdir()
    touched = snakemake(*targets, "--touch", "--forceall", "--cores", "1", cwd=checkout)
    assert touched.returncode == 0, touched.stdout[-2000:]
    assert planned(*targets, cwd=checkout) == {}
    return checkout


@contextmanager
def with_more(folder: Path, build: str, rows: str) -> Iterator[list[str]]:
    """Targets of the small run with something more in it."""
    path = folder / "config/runs/siam_small.yaml"
    path.write_text(re.sub(r"^build: .*$", f"build: {build}", SMALL, flags=re.MULTILINE) + rows)
    try:
        yield reported(folder)
    finally:
        path.write_text(SMALL)


SAME = "{experiments: [main, exact], preferences: [dpo_1], case_sets: [known_forms]}"


def commands(folder: Path, rows: str = "") -> set[str]:
    """What the jobs of the small run are told."""
    with with_more(folder, SAME, rows) as targets:
        done = snakemake(*targets, "-n", "-p", "--forceall", cwd=folder)
    assert done.returncode == 0, done.stdout[-2000:]
    found = re.findall(r"^.*workflow_scripts/.+$", done.stdout, re.MULTILINE)
    assert len(found) > 60
    return {command.strip() for command in found}


def test_no_job_is_told_a_label_and_a_filter_is_told_to_selection_alone(finished):
    before = commands(finished)
    rows = "experiments: {exact: {label: by rules}}\npreferences: {dpo_1: {label: x}}\ncritics: {main: {label: x}}\n"
    assert commands(finished, rows=rows + "case_sets: {known_forms: {label: x}}\n") == before
    changed = commands(finished, rows="experiments: {exact: {settings: {select: {per_question: 2}}}}\n") - before
    assert {re.search(r"workflow_scripts/(\w+)\.py", command)[1] for command in changed} == {"select_programs"}
    assert len(changed) == 2


def test_one_filter_more_runs_its_own_rounds_and_nothing_else(finished):
    build = "{experiments: [main, exact, strict], preferences: [dpo_1], case_sets: [known_forms]}"
    rows = "experiments: {strict: {label: critic from 0.9, settings: {select: {threshold: 0.9}}}}\n"
    with with_more(finished, build, rows) as targets:
        jobs = planned(*targets, cwd=finished)
    rounds, judges = 2, 3  # oracle and exact are rules, and there is a critic
    own = {"select_programs": rounds, "demonstrate_programs": rounds, "train_policy": rounds}
    explored = {"sample_rollouts": 1, "grade_rollouts": 2, "grade_rollouts_by_critic": 1}  # iter1 on web2; the start's are shared
    scored = {"grade_programs": rounds * 2, "grade_programs_by_critic": rounds, "score_programs": rounds * judges}
    assert jobs == own | explored | scored | {"sample_programs": rounds}


def test_one_preference_more_aligns_once_and_nothing_else(finished):
    with with_more(finished, "{experiments: [main, exact], preferences: [dpo_1, orpo], case_sets: [known_forms]}", "") as targets:
        jobs = planned(*targets, cwd=finished)
    own = {"pair_programs": 1, "align_policy": 1, "sample_programs": 1, "sample_lengths": 1}
    graded = {"grade_programs": 2 + 1, "grade_programs_by_critic": 1, "score_programs": 3}
    assert jobs == own | graded


def test_one_critic_more_is_trained_and_judges_the_cases_and_nothing_else(finished):
    build = "{experiments: [main, exact], preferences: [dpo_1], critics: [main, full, blind], case_sets: [known_forms]}"
    rows = """
critics:
  blind:
    label: critic, reference and result alone, half the cases
    family: tiny_critic
    pools: [critic]
    rollouts: false
    cases: {rewritten: 2, near_misses: 2}
    shown: [{question: false, program: false}]
    judge: {prompt: {question: false, program: false}}
    optimizer: {learning_rate: [1.0e-3], optimizer: adamw, weight_decay: 0.0, schedule: linear, warmup: 0.0, epochs: 1, batch: 8,
                micro_batch_tokens: 1024, max_tokens: 256, max_gradient_norm: 1.0, checkpoint_minutes: 15, threads: 1}
"""
    with with_more(finished, build, rows) as targets:
        jobs = planned(*targets, cwd=finished)
    assert jobs == dict.fromkeys(("build_cases", "demonstrate_cases", "train_critic"), 1) | {"judge_cases_by_critic": 2}


def test_one_case_set_more_makes_cases_and_has_them_judged(finished):
    with with_more(finished, "{experiments: [main, exact], preferences: [dpo_1], case_sets: [known_forms, attacks]}", "") as targets:
        jobs = planned(*targets, cwd=finished)
    benchmark = {"fetch_source": 1, "prepare_benchmark": 1}  # its questions are its own
    assert jobs == benchmark | {"build_case_set": 1, "judge_cases": 5, "judge_cases_by_critic": 4}


IDLE = """{
  interpreter: {max_infrastructure_errors: 0.5, isolation: process},
  engine: {python: elsewhere/bin/python, gpu_memory: 0.5, kv_cache_gb: 2},
  grading: {max_infrastructure_errors: 0.5},
  pretrain: {optimizer: {checkpoint_minutes: 7}},
  start: {optimizer: {checkpoint_minutes: 7}},
  train: {optimizer: {checkpoint_minutes: 7}},
  align: {optimizer: {checkpoint_minutes: 7}},
  critics: {main: {optimizer: {checkpoint_minutes: 7}}},
  evaluate: {grading: {max_infrastructure_errors: 0.5}}
}"""
"""Settings on which no result depends, each with another value."""


def test_where_a_job_runs_when_it_saves_and_when_it_gives_up_reruns_nothing(finished):
    assert planned(*reported(finished), "--config", f"siam_small={IDLE}", cwd=finished) == {}
    told = snakemake(*reported(finished), "-n", "-p", "--forceall", "--config", f"siam_small={IDLE}", cwd=finished).stdout
    for value in ('"checkpoint_minutes": 7', '"kv_cache_gb": 2', '"isolation": "process"', "exec elsewhere/bin/python"):
        assert value in told


def rerun(folder: Path, changed: str) -> dict[str, set[str]]:
    """Policies that are selected for, or trained, with other settings; by rule."""
    printed = snakemake(*reported(folder), "-n", "--config", f"siam_small={changed}", cwd=folder).stdout
    jobs = re.findall(
        r"^rule (select_programs|train_\w+|align_policy|sample_rollouts):\n(?:.+\n)*?    wildcards: (.+)$", printed, re.MULTILINE
    )
    named = re.compile(r"(?:selecting|trained|policy)=([^,]+)")
    return {rule: {named.search(wildcards)[1] for other, wildcards in jobs if other == rule} for rule, _ in jobs}


def test_a_threshold_selects_anew_where_a_critic_selects(finished):
    rounds = {f"main/tiny_siam/seed1/iter{number}" for number in (1, 2)}
    jobs = rerun(finished, "{select: {threshold: 0.7}}")
    assert jobs["select_programs"] == jobs["train_policy"] == rounds
    assert jobs["align_policy"] == {"main/tiny_siam/seed1/iter1/dpo_1"}
    assert not {*jobs} & {"train_start", "train_critic"}


def test_how_accepted_programs_weigh_says_nothing_to_policies_that_learn_from_none(finished):
    jobs = rerun(finished, "{select: {balance: type}}")
    assert jobs["train_start"] == {"start/tiny_siam/seed1"}
    assert not {*jobs} & {"train_critic", "pretrain_base"}


def test_how_many_programs_a_round_keeps_says_nothing_of_the_common_start(finished):
    jobs = rerun(finished, "{select: {rows: 9}}")
    assert jobs["select_programs"] == {f"{name}/tiny_siam/seed1/iter{number}" for name in ("main", "exact") for number in (1, 2)}
    assert "train_start" not in jobs


def test_another_limit_of_time_of_rules_has_no_critic_judge_again(finished):
    jobs = planned(*reported(finished), "--config", "siam_small={evaluate: {grading: {timeout: 9.0}}}", cwd=finished)
    assert jobs["grade_programs"] > 0
    assert "grade_programs_by_critic" not in jobs


def test_another_judge_beside_the_first_labels_no_case_set_anew(finished):
    jobs = planned(*reported(finished), "--config", "siam_small={evaluate: {judges: [oracle, critic_main]}}", cwd=finished)
    assert "build_case_set" not in jobs
