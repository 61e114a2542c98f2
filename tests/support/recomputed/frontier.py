"""Rows of the table of accuracy against programs run: which policies leave which behind."""

import numpy as np

from support.recomputed.agreement import End
from support.recomputed.cells import cells, difference, mean
from support.recomputed.expected_rows import expected_keys
from support.recomputed.finished_run import Run, label_of
from support.recomputed.intervals import interval, named
from support.recomputed.keys import POLICY
from support.recomputed.policies import opening


def frontier_row(run: Run, row: dict) -> dict:
    """A mean and its interval are in programs, not in percent; who leaves whom behind is told by two differences."""
    points = [dict(zip(POLICY, key, strict=True)) for key in expected_keys(run, "frontier")]
    others = [one for one in points if (one["family"], one["benchmark"]) == (row["family"], row["benchmark"])]
    ahead = []
    for other in others:
        accuracy, programs = (bounds(cells(column, run.verdicts(other), run.verdicts(row))) for column in ("strict", "executions"))
        if (accuracy[1] > 0 and programs[0] <= 0) or (programs[2] < 0 and accuracy[0] >= 0):
            ahead.append(point_of(run, other))
    value, low, high = interval(0.01 * cells("executions", run.verdicts(row)), mean)
    return {
        **opening(run, row),
        "label": point_of(run, row),
        **named("executions", (value, max(low, 0.0) if isinstance(low, float) else low, high)),  # no response runs fewer than none
        "left_behind_by": "; ".join(ahead) or None,
    }


def bounds(both: np.ndarray) -> list[float]:
    """Value, low and high of a difference; the value itself where nothing varies."""
    value, *found = interval(both, difference)
    return [value, *(value if one is None else np.quantile(one.draws, one.share) if isinstance(one, End) else one for one in found)]


def point_of(run: Run, row: dict) -> str:
    mode = {"cot": "CoT"}.get(row["mode"], row["mode"])
    return f"start policy, {mode}" if row["experiment"] == "start" else label_of(run, row)
