"""The line on lengths: it can be tested only where a response that is compared runs on."""

from pathlib import Path

import polars as pl
import pytest
from support import siam_tree as tree

from mathcode import paths
from mathcode.methods.siam import METHOD
from mathcode.methods.siam.report.lines import LINES
from mathcode.report.results import Results
from mathcode.tables import ROLLOUTS

LINE = next(line for line in LINES if line.name == "lengths")
BEFORE, BARE, KEPT = "", "dpo0", "dpo1"


@pytest.fixture
def run(tmp_path) -> tuple[Path, Results]:
    """A run of lambda 0 and 1 in which every sampled response ends."""
    aligned = {"dpo0": "lambda 0", "dpo1": "lambda 1", "orpo": "ORPO"}
    chosen = tree.plan(experiments={"main": "critic"}, filters={"main": "critic_main"}, preferences=aligned)
    root = tree.build(tmp_path, chosen)
    for preference in (BEFORE, BARE, KEPT, "orpo"):
        path = sampled(root, preference)
        ROLLOUTS.write(ROLLOUTS.read(path).with_columns(finish_reason=pl.lit("calls")), path)
    return root, METHOD.report.results(root, tree.as_json(chosen), tree.benchmarks(tmp_path, chosen))


def sampled(root: Path, preference: str) -> Path:
    return root / paths.responses(paths.Policy("main", "tiny", 1, 1, preference), "code_sampled", "forms_tests")


def told(run: tuple[Path, Results]):
    return LINE.measure(run[1], "tiny")


def test_where_every_response_ends_nothing_can_be_lengthened(run):
    assert told(run) is None


@pytest.mark.parametrize("preference", [BEFORE, BARE, KEPT], ids=["before", "lambda 0", "lambda 1"])
@pytest.mark.parametrize("how", ["cut", "endless"])
def test_one_response_that_runs_on_makes_it_testable(run, preference, how):
    path = sampled(run[0], preference)
    frame = ROLLOUTS.read(path)
    one = pl.col("query_id") == "outside-03"
    if how == "cut":
        frame = frame.with_columns(finish_reason=pl.when(one).then(pl.lit("length")).otherwise("finish_reason"))
    else:  # it asks for output itself, and goes on behind it
        ends = pl.element().struct.with_fields(text=pl.lit("```python\nprint(1)\n```\n```output\n"))
        frame = frame.with_columns(rounds=pl.when(one).then(pl.col("rounds").list.eval(ends)).otherwise("rounds"))
    ROLLOUTS.write(frame, path)
    found = told(run)
    assert found is not None
    assert found.n == tree.ITEMS


def test_what_is_not_compared_does_not_count(run):
    """ORPO's responses, and items in the seed's domain."""
    for preference, part in (("orpo", "outside"), (BARE, "seed")):
        path = sampled(run[0], preference)
        cut = pl.col("query_id").str.starts_with(part)
        ROLLOUTS.write(ROLLOUTS.read(path).with_columns(finish_reason=pl.when(cut).then(pl.lit("length")).otherwise("finish_reason")), path)
    assert told(run) is None


@pytest.mark.parametrize(("kept", "shows"), [(18, True), (21, False)], ids=["as before", "longer too"])
def test_the_term_must_keep_responses_as_long_as_they_were(run, kept, shows):
    """18 to 20 tokens before; at lambda 0 24 to 26, and one is cut."""
    for preference, more in ((KEPT, kept - 18), (BARE, 0)):
        path = sampled(run[0], preference)
        frame = ROLLOUTS.read(path)
        for column in ("token_ids", "generated", "logprobs"):
            frame = frame.with_columns(pl.concat_list([column, *[pl.col(column).list.first()] * more]))
        cut = pl.lit(preference == BARE) & (pl.col("query_id") == "outside-03")
        ROLLOUTS.write(frame.with_columns(finish_reason=pl.when(cut).then(pl.lit("length")).otherwise("finish_reason")), path)
    found = told(run)
    assert found.borne_out is shows
    assert f"which has {kept - 18:+.1f}" in found.detail
