"""What the summary says of the items that share nothing with the training data."""

import polars as pl
import pytest
from support import results_tree as tree

from mathcode.methods.autocode.report import clean
from mathcode.methods.autocode.report.plan import Plan

PLAN = tree.plan(benchmarks=["math"])
FAMILY = next(iter(PLAN["families"]))


def told(gain: float, of_clean: float | None, contaminated: int = 110) -> list[clean.Remark]:
    """Remarks of a table with EM's gain on all items and on the clean ones."""
    row = {
        "experiment": "main",
        "family": FAMILY,
        "benchmark": "math",
        "mode": "auto",
        "n": 200,
        "contaminated": contaminated,
        "gain_over_start": gain,
        "gain_low": gain - 7.5,
        "gain_high": gain + 7.5,
        "clean_n": 200 - contaminated,
        "clean_accuracy": 84.4,
        "clean_gain": of_clean,
        "clean_gain_low": -14.0,
        "clean_gain_high": None if of_clean is None else 1.25,
    }
    other = row | {"experiment": "start"}
    return clean.remarks({"main": pl.DataFrame([other, row])}, Plan.model_validate(PLAN))


def test_a_gain_that_the_clean_items_turn_round_is_a_warning():
    (remark,) = told(3.0, -6.7)
    assert remark.grave
    assert remark.text == (
        "110 of the 200 items of math share their text or a run of words with a training row. On the other 90, AutoCode (EM) answers "
        "84.4 % right; against the better dictated mode of the start policy that is "
        "\N{MINUS SIGN}6.7 points (95 % interval \N{MINUS SIGN}14.0 to 1.2) there, and "
        "+3.0 points (95 % interval \N{MINUS SIGN}4.5 to 10.5) on all items."
    )


@pytest.mark.parametrize(("gain", "of_clean"), [(3.0, 3.9), (-3.5, -7.1), (3.0, 0.0)])
def test_what_clean_items_say_too_is_told_without_a_warning(gain, of_clean):
    (remark,) = told(gain, of_clean)
    assert not remark.grave


def test_without_overlap_or_without_another_item_there_is_nothing_to_say():
    assert told(3.0, 3.0, contaminated=0) == []
    assert told(3.0, None, contaminated=200) == []
