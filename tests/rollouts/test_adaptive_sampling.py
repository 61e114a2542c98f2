"""sample_rollouts.py --adaptive, the whole program with a real policy: what it leaves out, and what it must not change."""

import math

import polars as pl
import pytest
from support.running import program, run_here

from mathcode import settings, tables
from mathcode.methods.autocode.settings import Estimate

pytestmark = pytest.mark.stage

MODES = ("native", "cot", "code")
SAMPLES = 4


def sample(policy, queries, folder, tiny_run, *words: object, adaptive: float | None = 0.9) -> dict[str, pl.DataFrame]:
    """All modes of four samples, adaptively or not."""
    chosen = {"sampling": tiny_run.explore.sampling, "engine": tiny_run.engine, "interpreter": tiny_run.interpreter}
    folder.mkdir(exist_ok=True)
    tables.QUERIES.write(queries, folder / "queries.parquet")
    told = {
        "certainty": adaptive,
        "estimate": Estimate(rule="prior_times_q", alpha=math.inf),
        "judge": "exact",
        "grading": tiny_run.grading,
    }
    done = run_here(
        *program(
            "sample_rollouts",
            *("--model", policy, "--queries", folder / "queries.parquet", "--mode", *MODES, "--samples", SAMPLES, "--seed", 1),
            *("--out", *(folder / f"{mode}.parquet" for mode in MODES), "--method", "autocode", "--profile", "plain"),
            *("--checkpoints", folder / "kept", "--settings", settings.dumps(chosen)),
            *(() if adaptive is None else ("--adaptive", settings.dumps(told))),
            *words,
        )
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert not (folder / "kept").exists()
    return {mode: tables.ROLLOUTS.read(folder / f"{mode}.parquet", allow_empty=True) for mode in MODES}


def test_it_samples_a_part_of_what_would_have_been_and_shards_join_to_it(trained_policy, queries, tiny_run, tmp_path):
    whole = sample(trained_policy, queries, tmp_path / "whole", tiny_run, adaptive=None)
    made = sample(trained_policy, queries, tmp_path / "adaptive", tiny_run)
    counts = {mode: frame.group_by("query_id").len().sort("query_id") for mode, frame in made.items()}
    assert counts["native"].equals(counts["cot"])
    assert counts["cot"].equals(counts["code"])
    assert 2 <= counts["cot"]["len"].min() < SAMPLES
    assert counts["cot"].height == len(queries)
    parts = [sample(trained_policy, queries, tmp_path / f"shard{number}", tiny_run, "--shard", number, 2) for number in (1, 2)]
    for mode, frame in made.items():
        same = whole[mode].join(frame, on=["query_id", "sample"], how="semi")
        assert frame.drop("logprobs").equals(same.drop("logprobs"))
        assert pl.concat([part[mode] for part in parts]).drop("logprobs").equals(frame.drop("logprobs"))


def test_a_shard_without_a_query_is_empty(trained_policy, queries, tiny_run, tmp_path):
    shards = len(queries) + 1
    made = sample(trained_policy, queries, tmp_path / "none", tiny_run, "--shard", 1, shards)
    assert {frame.height for frame in made.values()} == {0}


@pytest.mark.parametrize("words", [["--mode", "native", "code", "cot"]])
def test_other_modes_are_refused_in_one_sentence(trained_policy, queries, tiny_run, tmp_path, words):
    with pytest.raises(AssertionError, match="--adaptive: give --mode native cot code"):
        sample(trained_policy, queries, tmp_path / "work", tiny_run, *words)
