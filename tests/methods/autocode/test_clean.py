"""What the summary says of the items that share nothing with the training data."""

import polars as pl
import pytest
from support import results_tree as tree

from mathcode.methods.autocode.report import clean
from mathcode.methods.autocode.report.plan import Plan

PLAN = tree.plan(benchmarks=["math"])
FAMILY = next(iter(PLAN["families"]))


def told(auto: tuple[float, float], code: tuple[float, float], contaminated: int = 110, clean_n: int = 90) -> list[clean.Remark]:
    """Remarks of a table with accuracies of all items and of the clean ones."""
    rows = [
        {
            "experiment": experiment,
            "family": FAMILY,
            "benchmark": "math",
            "mode": mode,
            "n": 200,
            "accuracy": accuracy,
            "contaminated": contaminated,
            "clean_n": clean_n,
            "clean_accuracy": of_clean,
        }
        for experiment, mode, (accuracy, of_clean) in (("start", "cot", (50.0, 40.0)), ("start", "code", code), ("main", "auto", auto))
    ]
    return clean.remarks({"main": pl.DataFrame(rows)}, Plan.model_validate(PLAN))


def test_a_gain_that_the_clean_items_turn_round_is_a_warning():
    (remark,) = told(auto=(86.5, 84.4), code=(83.5, 91.1))
    assert remark.grave
    assert remark.text.startswith(
        "110 of the 200 items of math share their text or a run of words with a training row. On the other 90, AutoCode (EM)"
    )
    assert "answers 84.4 % right and the start policy told to use code 91.1 % (on all: 86.5 and 83.5 %)." in remark.text


@pytest.mark.parametrize(("auto", "code"), [((86.5, 95.0), (83.5, 91.1)), ((80.0, 84.0), (83.5, 91.1))])
def test_what_clean_items_say_too_is_told_without_a_warning(auto, code):
    (remark,) = told(auto=auto, code=code)
    assert not remark.grave


def test_without_overlap_there_is_nothing_to_say():
    assert told(auto=(86.5, 86.5), code=(83.5, 83.5), contaminated=0, clean_n=200) == []
    assert told(auto=(86.5, 0.0), code=(83.5, 0.0), contaminated=200, clean_n=0) == []
