"""One small run of SIaM, every stage of it: from generated questions to the report, killed and resumed to the same bytes."""

import random
import shutil
from pathlib import Path

import polars as pl
import pytest
from support import slurm_cluster, slurm_profile
from support.checkout import killed_on_the_way, snakemake
from support.running import files, run_program

from mathcode import tables
from mathcode.methods.siam.tables import ACCEPTED

pytestmark = pytest.mark.full

SMALL = """
extends: siam_demo
description: "Small: every stage of SIaM"
build: {experiments: [main, exact], preferences: [dpo_1], case_sets: [attacks], iterations: 1}
data:
  pools: {seed_set: {rows: 20}, critic: {rows: 12}, web1: {rows: 24}, web3: {rows: 24}}
pretrain: {optimizer: {steps: 250}}
seeded: {optimizer: {steps: 10}}
start: {optimizer: {steps: 10}}
train: {optimizer: {steps: 10, checkpoint_minutes: 0}}
select: {threshold: 0.1}  # a critic of seconds is sure of nothing
pair: {judge: oracle, sure: false}
align: {optimizer: {epochs: 1, batch: 4}}
critics:
  main: {cases: {rewritten: 10, near_misses: 10}}
  full: {cases: {rewritten: 4, near_misses: 4}}
evaluate: {benchmark_rows: 40, judges: [oracle, critic_main]}
"""
ROUND = "results/small/main/tiny_siam/seed1/iter1"


@pytest.fixture(scope="module")
def finished(checkout) -> Path:
    """The small run, from raw data to report."""
    (checkout / "config/runs/small.yaml").write_text(SMALL)
    done = snakemake("small", "--cores", "2", cwd=checkout)
    assert done.returncode == 0, done.stdout[-4000:]
    return checkout


def remade(finished: Path) -> dict[str, bytes]:
    """What the killed run makes again: an experiment, and the tables and figures of all."""
    wanted = [finished / "results/small" / part for part in ("main", "tables", "figures")]
    return {f"{path.name}/{name}": content for path in wanted for name, content in files(path).items()}


def test_it_ends_with_pages_and_leaves_nothing_unfinished(finished):
    for page in ("summary", "responses"):
        assert (finished / f"reports/small/{page}.html").stat().st_size > 1000
    assert not list((finished / "results/small").rglob("*.tmp"))
    assert not [path for path in (finished / "checkpoints").rglob("*") if path.is_file()]
    assert "Nothing to be done" in snakemake("small", "--cores", "1", cwd=finished).stdout


def test_a_round_learns_from_the_seed_set_and_from_what_was_accepted(finished):
    folders = ("results/small/start/tiny_siam/seed1", ROUND)
    accepted = [ACCEPTED.read(finished / folder / "accepted.parquet", allow_empty=True) for folder in folders]
    learned = tables.TRAINING.read(finished / ROUND / "training.parquet")
    seeds = tables.SFT.read(finished / "results/small/data/sft.parquet")
    assert learned.height == seeds.height + sum(part.height for part in accepted)
    assert accepted[1].height > 0
    assert accepted[1].group_by("query_id").len()["len"].max() <= 4


def test_pools_share_no_question(finished):
    data = finished / "results/small/data"
    questions = [tables.QUERIES.read(data / f"{pool}.parquet")["question"] for pool in ("seed_set", "critic", "web1", "web3")]
    assert pl.concat(questions).is_duplicated().sum() == 0


def test_both_sides_of_a_pair_answer_one_question(finished):
    pairs = tables.TRAINING.read(finished / ROUND / "dpo_1/training.parquet")
    sides = pairs.group_by("pair_id").agg("prompt", "side")
    assert all(len(set(row["prompt"])) == 1 and sorted(row["side"]) == ["chosen", "rejected"] for row in sides.iter_rows(named=True))


def test_a_critic_scores_and_a_rule_does_not(finished):
    graded = finished / "results/small/start/tiny_siam/seed1/eval/code/forms_tests"
    assert tables.GRADES.read(graded / "critic_main/grades.parquet")["score"].is_between(0, 1).all()
    assert tables.GRADES.read(graded / "oracle/grades.parquet")["score"].is_null().all()


JOINED = """
extends: small
build: {benchmarks: [forms_tests, forms_harder]}
evaluate: {together: [forms_tests, forms_harder]}
"""


def test_benchmarks_that_are_sampled_and_judged_together_end_with_the_same_bytes(finished):
    (finished / "config/runs/joined.yaml").write_text(JOINED)
    for part in ("data", "critics", "start/tiny_siam/seed1/model"):
        shutil.copytree(finished / "results/small" / part, finished / "results/joined" / part)
    evaluated = "start/tiny_siam/seed1/eval/code/forms_tests"
    made = ("responses.parquet", "oracle/grades.parquet", "critic_main/grades.parquet", "oracle/scores.json", "critic_main/scores.json")
    targets = [f"results/joined/{evaluated}/{name}" for name in made]
    kinds = ("sample_greedy", "grade_greedy_by_rules", "grade_greedy_by_critics", "score")
    allowed = [*(f"{kind}_together_joined" for kind in kinds), "prepare_benchmark", "measure_overlap", "fetch_source"]
    try:
        done = snakemake(*targets, "--cores", "2", "--allowed-rules", *allowed, cwd=finished)
        assert done.returncode == 0, done.stdout[-4000:]
        for name in made:
            alone, joined = (finished / f"results/{run}/{evaluated}/{name}" for run in ("small", "joined"))
            assert joined.read_bytes() == alone.read_bytes(), name
        assert (finished / "results/joined" / evaluated.replace("forms_tests", "forms_harder") / "critic_main/scores.json").exists()
    finally:  # its run would be planned with the others
        (finished / "config/runs/joined.yaml").unlink()
        shutil.rmtree(finished / "results/joined")


def test_killed_at_any_moment_and_resumed_on_one_core_it_ends_with_the_same_bytes(finished):
    before = remade(finished)
    assert len(before) > 20
    for part in ("main", "tables", "figures"):
        shutil.rmtree(finished / "results/small" / part)
    killed_on_the_way("small", finished, random.Random(7), kills=2)
    done = snakemake("small", "--cores", "1", "--rerun-incomplete", cwd=finished)
    assert done.returncode == 0, done.stdout[-4000:]
    after = remade(finished)
    assert sorted(after) == sorted(before)
    assert [name for name, content in after.items() if content != before[name]] == []


@pytest.mark.skipif(bool(slurm_cluster.missing(accounting=False)), reason=str(slurm_cluster.missing(accounting=False)))
def test_critic_round_and_alignment_are_made_through_slurm_to_the_same_bytes(finished, tmp_path):
    """What SIaM alone has; what comes before it is there, since a job of SLURM takes seconds to start."""
    folder = slurm_profile.checkout_for(tmp_path / "checkout", SMALL, accounting=False)
    shutil.copytree(finished / "data", folder / "data", dirs_exist_ok=True)
    for part in ("data", "scratch", "base", "seeded", "start"):
        place = f"results/small/{part}"
        shutil.copytree(finished / place, folder / place, symlinks=True, ignore=shutil.ignore_patterns("critic_main"))
    wanted = f"{ROUND}/dpo_1/eval/code/forms_tests/critic_main/scores.json"
    with slurm_cluster.Cluster(tmp_path / "slurm", accounting=False) as cluster:
        done = run_program(*slurm_profile.command(target=wanted), cwd=folder, timeout=1500, **slurm_profile.on(cluster))
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    ran = {path.name for path in (folder / "logs/slurm").iterdir()}
    assert {"rule_train_critic", "rule_grade_rollouts_by_critic", "rule_select_programs", "rule_train_policy", "rule_align_policy"} <= ran
    assert "rule_train_start" not in ran
    made, local = files(folder / "results/small"), files(finished / "results/small")
    assert wanted.removeprefix("results/small/") in made
    assert [name for name, content in made.items() if content != local.get(name)] == []
