"""Estimates of costs: what must hold of any run, a small run reckoned by hand, and the demo held against what it took."""

import csv
import math
import re
from dataclasses import replace

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from support.running import ROOT, program, run_program

import estimate_costs
from mathcode import configuration, paths, settings
from mathcode.estimates import clock, estimate, plan, ranges, work
from mathcode.estimates.estimate import ALL, OTHER, Planned, tabulate
from mathcode.estimates.schedule import ScheduleError, Task, peak, schedule, union
from mathcode.estimates.sizes import Examples, Sizes, busy, scratch_weights, trained_rows
from mathcode.estimates.work import Work

CONFIG, COSTS = configuration.load(ROOT / "config"), configuration.costs(ROOT / "config")
STAGES = ("explore", "train")
ADD_UP = ("jobs", "million_tokens", "hours", "gpu_hours", "kept_gb")


@st.composite
def plans(draw) -> list[Planned]:
    """Jobs of two stages and of none, each after some of those before it."""
    jobs = []
    for place in range(draw(st.integers(0, 12))):
        gpus = draw(st.sampled_from([0, 1, 4]))
        task = draw(st.sampled_from(["sample", "train", "score", None]))
        work = Work(task, weights=7e9 if gpus else 4e5, tokens=draw(st.floats(0, 1e7)), kept=draw(st.floats(0, 1e9)), busy=0.5)
        work = replace(work, checkpoint=1e9, minutes=draw(st.sampled_from([0, 5])), steps=draw(st.integers(0, 9)))
        after = draw(st.sets(st.integers(0, place - 1), max_size=3)) if place else ()
        jobs.append(Planned(draw(st.sampled_from([*STAGES, OTHER])), work, sorted(after), gpus, draw(st.integers(1, 3))))
    return jobs


def row(table: pl.DataFrame, stage: str) -> dict:
    return table.row(by_predicate=pl.col("stage") == stage, named=True)


@given(plans())
def test_costs_add_up_over_stages_and_clock_and_peak_lie_between_the_largest_and_the_sum(jobs):
    table = tabulate(jobs, COSTS, 4, 3, STAGES)
    assert table.columns == [name for name in estimate.COLUMNS if not name.startswith("took")]
    stages, whole = table.filter(pl.col("stage") != ALL), row(table, ALL)
    for column in ADD_UP:
        assert math.isclose(whole[column], stages[column].sum(), rel_tol=1e-9, abs_tol=1e-12), column
    for column in ("wall_hours", "peak_gb"):
        assert (stages[column].max() or 0) - 1e-9 <= whole[column] <= stages[column].sum() + 1e-9, column
    assert all(0 <= share <= 100 + 1e-9 for name in ("starting", "idle", "saving") for share in table[name])


def test_no_jobs_cost_nothing():
    (only,) = tabulate([], COSTS, 0, 1, STAGES).iter_rows(named=True)
    assert only.pop("stage") == ALL
    assert set(only.values()) == {0}


tasks = st.lists(st.tuples(st.floats(0, 100), st.integers(0, 4), st.integers(1, 5), st.sets(st.integers(0, 9), max_size=3)), max_size=10)


@given(tasks, st.integers(4, 9), st.integers(1, 6))
def test_a_schedule_keeps_the_order_and_takes_no_more_than_there_is(drawn, gpus, cores):
    jobs = [
        Task(seconds, [at for at in after if at < place], asked, threads) for place, (seconds, asked, threads, after) in enumerate(drawn)
    ]
    spans = schedule(jobs, gpus, cores)
    for job, (start, end) in zip(jobs, spans, strict=True):
        assert end == start + job.seconds
        assert all(spans[earlier][1] <= start for earlier in job.after)
        beside = [other for other, (begun, ended) in zip(jobs, spans, strict=True) if begun <= start < ended]
        assert sum(other.gpus for other in beside) <= gpus
        assert sum(min(other.cores, cores) for other in beside) <= cores
    last = max((end for _, end in spans), default=0)
    assert last * gpus >= sum(job.seconds * job.gpus for job in jobs) - 1e-6
    assert last <= sum(job.seconds for job in jobs) + 1e-6


def test_a_job_that_asks_for_more_gpus_than_there_are_is_one_sentence():
    with pytest.raises(ScheduleError, match=r"^some jobs ask for 8 GPUs, and there are 4 \(--gpus\)$"):
        schedule([Task(1, gpus=8)], 4, 1)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=8))
def test_a_union_counts_every_second_once(drawn):
    spans = [(start, start + length) for start, length in drawn]
    assert union(spans) == len({second for start, end in spans for second in range(start, end)})


def test_the_peak_holds_checkpoints_of_those_that_run_and_files_of_all_before():
    jobs = [Task(10, kept=1, held=6), Task(10, kept=1, held=6), Task(5, kept=2)]
    assert peak(jobs, [(0, 10), (0, 10), (10, 15)]) == 14  # both at once
    assert peak(jobs, [(0, 10), (10, 20), (20, 25)]) == 8  # one after the other: what the first held is gone
    assert peak(jobs, [(0, 10), (20, 30), (10, 15)]) == 10


@given(st.integers(1, 200), st.integers(1, 40), st.integers(1, 9))
def test_busy_is_what_dealing_out_shares_gives(items, share, workers):
    left, rounds = items, 0
    while left:
        dealt = [min(share, left - min(left, share * worker)) for worker in range(workers)]
        rounds, left = rounds + max(dealt), left - sum(dealt)
    assert math.isclose(busy(items, share, workers), items / (rounds * workers))
    assert busy(items, share, 1) == 1


def test_ranks_that_share_a_step_are_rarely_idle():
    optimizer = CONFIG.runs["paper"].train.optimizer
    assert work._shared(optimizer, 400, 1) == 1
    assert all(0.85 < work._shared(optimizer, tokens, 8) <= 1 for tokens in (100, 250, 400, 900))


def test_lockstep_is_slower_where_its_rate_says_so():
    continuous, lockstep = (clock.spent(Work("sample", 7e9, 1e6, lockstep=is_lockstep), 1, COSTS) for is_lockstep in (False, True))
    assert continuous.working == lockstep.working
    assert continuous.idle < lockstep.idle


@given(st.integers(1, 10**6), st.integers(1, 8))
def test_few_rows_a_slot_leave_an_engine_idle(rows, engines):
    (rate,) = [rate for rate in COSTS.rates if (rate.task, rate.device) == ("sample", "gpu")]
    used = clock.utilisation(rate, Work("sample", 7e9, sampled=rows))
    assert 0 < used < rate.utilisation
    assert used < clock.utilisation(rate, Work("sample", 7e9, sampled=rows + 1))
    assert clock.utilisation(rate, Work("sample", 7e9, sampled=rows, lockstep=True)) == rate.lockstep
    waves = rows / rate.slots
    assert used == pytest.approx(rate.utilisation * waves / (waves + 1.2))


def test_each_engine_of_a_job_has_its_share_of_the_rows():
    """4,000 rows through one engine, and through two."""
    run = CONFIG.runs["demo"]
    jobs = [replace(SMALL[1], gpus=gpus) for gpus in (1, 2)]
    assert [job.work.sampled for job in worked(run, jobs)] == [2000, 1000]


def test_the_range_of_what_is_uncertain():
    """Lengths and kept responses of the demo, each alone and together; one number that no job depends on is left out."""
    stages = {stage: row.jobs for stage, row in CONFIG.method("demo").stages.items()}
    config = CONFIG.model_copy(update={"runs": {"demo": CONFIG.runs["demo"]}})

    def made(costs: settings.Costs) -> list[Planned]:
        return estimate_costs._worked(SMALL, "demo", config, costs, stages)

    found = ranges.ranges(made, COSTS)
    assert [*found] == ["response_share", "kept_share", ranges.TOGETHER]  # accepted_share is SIaM's
    expected = row(tabulate(made(COSTS), COSTS, 0, 2, [*stages]), ALL)["hours"]
    for low, middle, high in found.values():
        assert low < middle < high
        assert middle == pytest.approx(expected)
    longer = COSTS.at("high", ["response_share"])
    assert longer.response_share.value == COSTS.response_share.high
    assert found["response_share"][2] == pytest.approx(row(tabulate(made(longer), longer, 0, 2, [*stages]), ALL)["hours"])
    assert found[ranges.TOGETHER][2] > max(found["response_share"][2], found["kept_share"][2])
    shown = estimate_costs._ranges(made, COSTS, "hours")
    assert re.match(r"hours +low +expected +high\nresponse_share 0\.14 / 0\.25 / 0\.4 +\d", shown)


def test_a_run_without_figures_that_are_uncertain_has_no_range():
    assert estimate_costs._ranges(lambda costs: [], COSTS, "hours").split() == ["hours", "low", "expected", "high"]


@given(st.floats(1e5, 1e11), st.floats(1, 1e9), st.sampled_from(["sample", "train", "score"]), st.integers(1, 8))
def test_work_grows_with_tokens_and_weights_and_is_shared_by_gpus(weights, tokens, task, gpus):
    one = clock.spent(Work(task, weights, tokens, minutes=15), gpus, COSTS)
    assert math.isclose(clock.spent(Work(task, weights, 2 * tokens, minutes=15), gpus, COSTS).working, 2 * one.working)
    assert math.isclose(clock.spent(Work(task, weights, tokens, minutes=15), 2 * gpus, COSTS).working, one.working / 2)
    rates = [rate for rate in COSTS.rates if rate.device == "gpu" and rate.task == task]
    assert len(rates) == 1  # else twice the weights may have another row
    assert math.isclose(clock.spent(Work(task, 2 * weights, tokens, minutes=15), gpus, COSTS).working, 2 * one.working)
    assert clock.spent(Work(task, weights, 0), gpus, COSTS).working == 0


def test_checkpoints_come_by_minutes_and_two_lie_there_at_most():
    work = Work("train", 7e9, tokens=1, checkpoint=80e9, minutes=15, steps=1000)
    assert [clock.checkpoints(work, 60 * minutes) for minutes in (14, 15, 31)] == [0, 1, 2]
    assert clock.checkpoints(replace(work, minutes=0), 1) == 999  # one after every step but the last
    assert clock.checkpoints(replace(work, task="score"), 1e6) == 0
    long = clock.spent(replace(work, tokens=1e9), 8, COSTS)
    assert long.held == 160e9
    assert long.saving == pytest.approx(80 / 8 / COSTS.copied.value * clock.checkpoints(work, long.working))  # each GPU copies its share
    on_cpus = clock.spent(replace(work, weights=5e8, tokens=1e9), 0, COSTS)
    assert on_cpus.saving == pytest.approx(80 / COSTS.written.value * clock.checkpoints(work, on_cpus.working))


def sizes_of(run: settings.Run) -> Sizes:
    return Sizes(run, CONFIG.sources, CONFIG.families, COSTS, attacks=20)


def changed(run: str, changes: dict) -> settings.Run:
    return type(CONFIG.runs[run]).model_validate(settings.merge(CONFIG.runs[run].model_dump(), changes))


DEMO = "results/demo"
SMALL = [
    plan.Job("start/tiny/seed1/model", (), (f"{DEMO}/start/tiny/seed1/model", f"{DEMO}/start/tiny/seed1/training_log.parquet")),
    plan.Job(
        "start/tiny/seed1/explore/native/queries/rollouts",
        (f"{DEMO}/start/tiny/seed1/model",),
        (f"{DEMO}/start/tiny/seed1/explore/native/queries/rollouts.parquet",),
    ),
    plan.Job(
        "start/tiny/seed1/explore/native/queries/exact/grades",
        (f"{DEMO}/start/tiny/seed1/explore/native/queries/rollouts.parquet",),
        (f"{DEMO}/start/tiny/seed1/explore/native/queries/exact/grades.parquet",),
    ),
    plan.Job(
        "main/tiny/seed1/iter1/logprobs",
        (f"{DEMO}/start/tiny/seed1/model",),
        (f"{DEMO}/main/tiny/seed1/iter1/logprobs.parquet",),
    ),
    plan.Job(
        "main/tiny/seed1/iter1/model",
        (f"{DEMO}/main/tiny/seed1/iter1/logprobs.parquet",),
        (f"{DEMO}/main/tiny/seed1/iter1/model", f"{DEMO}/main/tiny/seed1/iter1/training_log.parquet"),
    ),
    plan.Job(
        "main/tiny/seed1/iter1/eval/greedy/arithmetic_test",
        (f"{DEMO}/main/tiny/seed1/iter1/model",),
        tuple(f"{DEMO}/main/tiny/seed1/iter1/eval/{mode}/arithmetic_test/responses.parquet" for mode in ("auto", "cot", "code")),
    ),
    plan.Job("", (), (f"{DEMO}/tables/main.csv",)),
]
"""Some jobs of the demo."""


def worked(run: settings.Run, jobs: list[plan.Job], name: str = "demo") -> list[Planned]:
    config = CONFIG.model_copy(update={"runs": {name: run}})
    return estimate_costs._worked(jobs, name, config, COSTS, {stage: row.jobs for stage, row in config.method(name).stages.items()})


def test_a_small_run_reckoned_by_hand():
    """The demo's settings: 28,000 pairs x 3 epochs; 250 queries x 8 rollouts; 24 rollouts of which 0.53 are kept, and one reflective."""
    table = tabulate(worked(CONFIG.runs["demo"], SMALL), COSTS, 0, 2, list(CONFIG.method("demo").stages))
    response, example = 100 * 0.25, 24 + 100 * 0.25
    kept = 250 * (24 * 0.53 + 1)
    tokens = {
        "SFT": 28_000 * 3 * example,
        "exploration": 250 * 8 * response,
        "grading of rollouts": 0,
        "log-probabilities": kept * example,
        "RL": 2 * kept * example,
        "evaluation": 3 * 200 * response,
        OTHER: 0,
    }
    assert {name: row(table, name)["million_tokens"] * 1e6 for name in tokens} == pytest.approx({**tokens})
    weights = 460 * 96 + 3 * (4 * 96**2 + 3 * 96 * 256 + 2 * 96) + 96
    rate = {"train": 14_000, "sample": 2_560, "score": 42_000}
    by = {name: tokens_a_second * 0.38e6 / weights for name, tokens_a_second in rate.items()}
    minutes = int(tokens["SFT"] / by["train"] / 60)  # checkpoints: weights and two moments in fp32, one a minute, written at 1 GB/s
    hours = {
        "SFT": 6 + tokens["SFT"] / by["train"] + (12 * minutes + 4) * weights / 1e9,
        "exploration": 6 + tokens["exploration"] / by["sample"],
        "grading of rollouts": 1.2 + 2000 / 1000,
        "log-probabilities": 6 + tokens["log-probabilities"] / by["score"],
        "RL": 6 + tokens["RL"] / by["train"] + 4 * weights / 1e9,
        "evaluation": 6 + tokens["evaluation"] / by["sample"],
        OTHER: 1.2,
    }
    assert {name: 3600 * row(table, name)["hours"] for name in hours} == pytest.approx(hours)
    chain = sum(seconds for name, seconds in hours.items() if name in ("SFT", "log-probabilities", "RL", "evaluation"))
    assert 3600 * row(table, ALL)["wall_hours"] == pytest.approx(chain)  # the others fit beside it on two cores
    assert row(table, "SFT")["kept_gb"] == pytest.approx(4 * weights / 1e9)
    assert row(table, "SFT")["peak_gb"] == pytest.approx((4 + 2 * 12) * weights / 1e9)


@pytest.mark.parametrize("factor", [2, 3, 7])
def test_what_follows_exploration_is_linear_in_queries(factor):
    stages = [*CONFIG.method("demo").stages]
    few = changed("demo", {"explore": {"queries_per_iteration": 100}})
    many = changed("demo", {"explore": {"queries_per_iteration": 100 * factor}})
    one, other = (tabulate(worked(run, SMALL), COSTS, 0, 2, stages) for run in (few, many))
    for stage in ("exploration", "log-probabilities", "RL"):
        assert row(other, stage)["million_tokens"] == pytest.approx(factor * row(one, stage)["million_tokens"])
    for stage in ("SFT", "evaluation"):
        assert row(other, stage) == row(one, stage)


def test_shards_share_the_work_and_merging_them_is_none():
    folder = f"{DEMO}/start/tiny/seed1/explore/native/queries"
    shards = [plan.Job("", (), (f"{folder}/shards/{number}of4.parquet",)) for number in range(1, 5)]
    merging = plan.Job("", tuple(job.outputs[0] for job in shards), (f"{folder}/rollouts.parquet",))
    *parts, merged = [job.work for job in worked(CONFIG.runs["demo"], [*shards, merging])]
    (whole,) = [job.work for job in worked(CONFIG.runs["demo"], [SMALL[1]])]
    assert sum(part.tokens for part in parts) == whole.tokens
    assert merged == Work(kept=whole.kept)  # shards are removed, what they make stays
    assert [part.kept for part in parts] == [0] * 4


def test_a_job_that_joins_benchmarks_does_what_jobs_of_their_own_do():
    run, folder = CONFIG.runs["siam"], "results/siam/base/llama31/seed1/eval/code"
    for file, measure in (("responses.parquet", "tokens"), ("exact/grades.parquet", "rows"), ("critic_main/grades.parquet", "tokens")):
        paths = [f"{folder}/{benchmark}/{file}" for benchmark in ("gsm8k", "math", "svamp")]
        jobs = [plan.Job("", (), tuple(paths)), *(plan.Job("", (), (path,)) for path in paths)]
        joined, *alone = [getattr(job.work, measure) for job in worked(run, jobs, "siam")]
        assert joined == pytest.approx(sum(alone))
        assert min(alone) > 0


def test_pools_benchmarks_and_training_sets_have_the_sizes_that_settings_say():
    siam, paper = sizes_of(CONFIG.runs["siam"]), sizes_of(CONFIG.runs["paper"])
    assert siam.pool("seed_set") == pytest.approx(0.6 * 5000)
    assert siam.explored("web1") == pytest.approx(0.4 * (2624 + 2422))
    assert (paper.pairs("sft"), paper.explored("queries"), paper.items("math")) == (119274, 7000, 5000)
    assert sizes_of(CONFIG.runs["demo"]).items("arithmetic_test") == 200
    assert trained_rows(Examples(100, 1), CONFIG.runs["siam_demo"].start.optimizer) == 60 * 32  # steps, not passes


def test_standard_rl_at_equal_rollouts_trains_on_as_many_as_em_samples():
    """K = 5 native ones, and 2 K further ones of which every run of that name has the same."""
    trained = paths.trained("standard_rl_equal_rollouts/llama31/seed1/iter1")
    assert CONFIG.method("paper").examples(sizes_of(CONFIG.runs["paper"]), trained).rows == 7000 * (5 + 2 * 5)


def test_rounds_of_siam_add_what_they_accept():
    sizes = sizes_of(CONFIG.runs["siam_demo"])
    examples = CONFIG.method("siam_demo").examples
    trained = [examples(sizes, paths.trained(f"{name}/tiny_siam/seed1{after}")).rows for name, after in ROUNDS]
    seeds = 80
    start = seeds + 80 * min(8 * 0.33, 4)
    assert trained == pytest.approx([seeds, start, start + 700 * 4 * 0.33, start + 2 * 700 * 4 * 0.33, start, 700 * 0.3, 700 * 0.3])


def test_a_batch_of_a_loss_on_pairs_counts_pairs():
    """As training does: a step of 32 pairs shows 64 responses; SFT on the chosen programs shows 32."""
    run, folder = changed("siam_demo", {"align": {"optimizer": {"steps": 9, "batch": 32}}}), "results/siam_demo/main/tiny_siam/seed1"
    jobs = [plan.Job("", (), (f"{folder}/iter1/{name}/training_log.parquet",)) for name in ("dpo_1", "sft_on_chosen")]
    pairs, alone = [job.work for job in worked(run, jobs, "siam_demo")]
    assert (pairs.steps, alone.steps) == (9, 9)
    assert pairs.tokens == pytest.approx(2 * alone.tokens)
    by_passes = changed("siam_demo", {"align": {"optimizer": {"steps": None, "batch": 32, "epochs": 2}}})
    assert [job.work.steps for job in worked(by_passes, jobs, "siam_demo")] == pytest.approx([2 * 700 * 0.3 / 32] * 2)


ROUNDS = [
    ("seeded", ""),
    ("start", ""),
    ("main", "/iter1"),
    ("main", "/iter2"),
    ("seed_only", "/iter2"),
    ("main", "/iter1/dpo_1"),
    ("main", "/iter1/sft_on_chosen"),
]
"""Policies in the order of what they learn from."""


@pytest.mark.parametrize("family", sorted(CONFIG.families))
def test_every_family_has_a_size(family):
    assert sizes_of(CONFIG.runs["demo"]).weights(family) > 1e5


@pytest.mark.stage
def test_weights_from_scratch_are_those_of_the_model():
    from mathcode.policies import scratch

    chosen = CONFIG.families["tiny"].scratch
    assert scratch.build_policy(chosen, chosen.vocabulary, 0, 1, seed=1).num_parameters() == scratch_weights(chosen)


def test_a_family_without_a_size_is_one_sentence():
    sizes = replace(sizes_of(CONFIG.runs["paper"]), costs=COSTS.model_copy(update={"parameters": {}}))
    with pytest.raises(
        settings.SettingsError,
        match=r"costs\.yaml: key 'parameters': family 'llama31' is needed for an estimate: set its number of weights, since no safetensors",
    ):
        sizes.weights("llama31")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"written": {"value": 1.0, "kind": "assumed"}}, r"costs\.yaml: key 'written\.source': field required"),
        ({"written": {"value": 1.0, "kind": "guessed", "source": "x"}}, r"costs\.yaml: key 'written\.kind': .*"),
        (
            {"written": {"value": 1.0, "low": 2.0, "high": 3.0, "kind": "assumed", "source": "x"}},
            r"costs\.yaml: key 'written': .*'value' lies between them",
        ),
        ({"speed": 1}, r"costs\.yaml: key 'speed': there is no such key"),
    ],
)
def test_a_number_without_a_source_is_refused(changes, sentence, tmp_path):
    values = yaml.safe_load((ROOT / "config/costs.yaml").read_text(encoding="utf-8"))
    (tmp_path / "costs.yaml").write_text(yaml.safe_dump(values | changes))
    with pytest.raises(settings.SettingsError, match=sentence):
        configuration.costs(tmp_path)


def test_what_it_took_stands_beside_the_estimate():
    estimated = tabulate(worked(CONFIG.runs["demo"], SMALL), COSTS, 0, 2, [*CONFIG.method("demo").stages])
    took = pl.DataFrame({"stage": ["SFT", ALL], "jobs": [1, 3], "hours": [0.1, 0.2], "gpu_hours": [0.0, 0.0]})
    table = estimate.beside(estimated, took)
    assert table["stage"].to_list() == estimated["stage"].to_list()
    assert table.columns == [*estimate.COLUMNS]
    assert (row(table, "SFT")["took_hours"], row(table, "RL")["took_hours"], row(table, ALL)["took_jobs"]) == (0.1, None, 3)


TOOK = {
    "demo": {
        "SFT": (273, 372),
        "exploration": (308, 399),
        "log-probabilities": (132, 192),
        "RL": (377, 540),
        "evaluation": (267, 391),
        "evaluation for labels": (180, 253),
    },
    "siam_demo": {
        "judging by critics": (432, 432),
        "evaluation": (396, 396),
        "SFT of rounds": (324, 324),
        "critics": (324, 324),
        "sampling of programs": (252, 252),
    },
}
"""Seconds of stages, least and most of what was measured: docs/log.md, 2026-11-29, and docs/status.md."""


@pytest.mark.workflow
def test_demos_are_estimated_within_twice_what_they_took(tmp_path):
    done = run_program(*program("estimate_costs", *TOOK, "--cores", "2", "--csv", tmp_path / "costs.csv"))
    assert done.returncode == 0, done.stderr
    with (tmp_path / "costs.csv").open(encoding="utf-8") as file:
        rows = {(one["run"], one["stage"]): one for one in csv.DictReader(file)}
    assert re.findall(r"^all +(\d+) ", done.stdout, re.MULTILINE) == [rows[run, ALL]["jobs"] for run in TOOK]
    assert sum(int(one["jobs"]) for (run, stage), one in rows.items() if run == "demo" and stage not in (OTHER, ALL)) == 153  # as measured
    for run, stages in TOOK.items():
        for stage, (least, most) in stages.items():
            assert least / 2 < 3600 * float(rows[run, stage]["hours"]) < 2 * most, f"{run}: {stage}"


@pytest.mark.workflow
def test_walltimes_are_some_times_the_longest_job_of_the_paper():
    """Short ones are killed and long ones wait in the queue."""
    run, stages = CONFIG.runs["paper"], {name: stage.jobs for name, stage in CONFIG.method("paper").stages.items()}
    planned = estimate_costs._planned("paper", estimate_costs.arguments().parse_args(["paper", "--config", str(ROOT / "config")]))
    longest: dict[str, float] = {}
    for job in estimate_costs._worked(planned, "paper", CONFIG, COSTS, stages):
        longest[job.stage] = max(clock.spent(job.work, job.gpus, COSTS).seconds / 3600, longest.get(job.stage, 0))
    asking = {"SFT": "start", "RL": "train", "exploration": "explore", "log-probabilities": "score", "evaluation for labels": "evaluate"}
    factors = {stage: run.resources.of(asked).hours / longest[stage] for stage, asked in asking.items()}
    assert {stage: factor for stage, factor in factors.items() if not 4 <= factor <= 6} == {}


@pytest.mark.workflow
def test_an_unknown_run_and_one_that_cannot_be_planned_are_one_sentence():
    assert run_program(*program("estimate_costs", "demmo")).stderr.startswith(
        "estimate_costs.py: runs: unknown run 'demmo'; did you mean 'demo'?"
    )
    done = run_program(*program("estimate_costs", "demo", "--override", "{explore: {sample: 4}}"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "key 'explore.sample': there is no such key; did you mean 'samples'?" in done.stderr
