"""Pools by their paths: a run that divides queries builds any one of them, and one that does not has none."""

import polars as pl
import pytest
from support.checkout import copied, planned, snakemake

from mathcode import tables

pytestmark = pytest.mark.workflow

POOLED = """
extends: demo
description: "Pools of generated questions, in two languages"
data:
  guard: [forms_test]
  pools:
    seed_set: {datasets: [forms_seed]}
    critic: {datasets: [forms_web1], part: [0, 0.3]}
    web1: {datasets: [forms_web1, forms_web1_zh], part: [0.3, 1], rows: 300}
    web2: {datasets: [forms_web2]}
"""


@pytest.fixture(scope="module")
def pooled(tmp_path_factory):
    folder = copied(tmp_path_factory.mktemp("pools") / "checkout")
    (folder / "config/runs/pooled.yaml").write_text(POOLED)
    return folder


def pool(name: str, run: str = "pooled") -> str:
    return f"results/{run}/data/{name}.parquet"


def test_a_pool_needs_its_datasets_and_those_of_the_pools_before_it(pooled):
    assert planned(pool("seed_set"), cwd=pooled)["prepare_queries"] == 1
    jobs = planned(pool("web1"), cwd=pooled)
    assert (jobs["divide_pools"], jobs["prepare_queries"], jobs["prepare_benchmark"]) == (1, 3, 1)


def test_pools_are_built_disjoint_and_a_later_one_changes_no_earlier_one(pooled):
    names = ("seed_set", "critic", "web1", "web2")
    done = snakemake("--cores", "1", *map(pool, names), cwd=pooled)
    assert done.returncode == 0, done.stdout[-2000:]
    frames = {name: tables.QUERIES.read(pooled / pool(name)) for name in names}
    questions = pl.concat(frames.values())["question"]
    assert questions.n_unique() == len(questions)
    assert (frames["seed_set"].height, frames["web1"].height, frames["web2"].height) == (80, 300, 700)
    assert set(frames["web1"]["language"]) == {"en", "zh"}
    changed = (pooled / "config/runs/pooled.yaml").read_text().replace("rows: 300", "rows: 200")
    (pooled / "config/runs/pooled.yaml").write_text(changed)
    assert planned(*map(pool, names), cwd=pooled) == {"divide_pools": 1}  # what web1 keeps of its own is nobody else's


def test_what_a_run_does_not_divide_is_refused(pooled):
    done = snakemake("-n", pool("web3"), cwd=pooled)
    assert done.returncode != 0
    assert "run 'pooled' (method autocode) has no pool 'web3'; it has: seed_set, critic, web1, web2" in done.stdout
    assert snakemake("-n", pool("web1", "demo"), cwd=pooled).returncode != 0
