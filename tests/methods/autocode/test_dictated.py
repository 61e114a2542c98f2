"""What the summary says of dictated responses after EM, and of cues written twice."""

import polars as pl
import pytest
from support import results_tree as tree

from mathcode.methods.autocode.report import dictated
from mathcode.methods.autocode.report.plan import Plan

PLAN = tree.plan()
BENCHMARK, FAMILY = PLAN["benchmarks"][0], next(iter(PLAN["families"]))


def told(repeats_cue: float | None = 0.0, **accuracy: tuple[float, float]) -> list[dictated.Remark]:
    """Remarks of a table with an accuracy of the start policy and one of EM for each mode."""
    rows = [
        {
            "experiment": experiment,
            "family": FAMILY,
            "benchmark": BENCHMARK,
            "mode": mode,
            "accuracy": value,
            "compliance": value + 1,
            "code_rate": value - 1,
            "repeats_cue": repeats_cue,
        }
        for mode, values in ({"auto": (60.0, 90.0)} | accuracy).items()
        for experiment, value in zip(("start", "main"), values, strict=True)
    ]
    return dictated.remarks({"dictation": pl.DataFrame(rows)}, Plan.model_validate(PLAN))


def test_the_methodology_that_em_lost_most_of_is_named_with_both_policies():
    (remark,) = told(cot=(60.0, 58.0), code=(79.1, 64.5))
    assert remark.text.startswith(
        "Told to use code, AutoCode (EM) answers 64.5 % right and the start policy 79.1 %; 65.5 and 80.1 % of their responses begin as told"
    )
    assert remark.text.endswith(", 63.5 and 78.1 % run a program.")
    assert (remark.section, remark.grave) == ("dictation", True)


def test_a_small_loss_is_no_warning():
    (remark,) = told(cot=(60.0, 56.0), code=(79.1, 80.0))
    assert remark.text.startswith("Told to use CoT, ")
    assert not remark.grave


@pytest.mark.parametrize(("share", "remarks"), [(None, 1), (0.3, 1), (69.2, 2)])
def test_a_cue_written_twice_is_a_warning_where_it_is_no_accident(share, remarks):
    found = told(share, cot=(60.0, 60.0), code=(80.0, 80.0))
    assert len(found) == remarks
    assert remarks == 1 or (found[1].grave and "in 69.2 % of its responses in auto, 69.2 % of those dictated to CoT" in found[1].text)
