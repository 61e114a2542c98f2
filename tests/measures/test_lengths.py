"""Lengths of responses: the end of text counts where the model wrote it, also where it was taken back to show an output."""

import math

import pytest
from support.siam import ran, rollouts

from mathcode.measures import lengths
from mathcode.responses.parse import OUTPUT_FENCE

FENCED = ran("print(5)", "5\n", text="```python\nprint(5)\n```\n```output\n")


@pytest.mark.parametrize(
    ("rounds", "reason", "expected"),
    [
        (ran("print(5)", "5\n"), "calls", (4, True, False)),  # ended behind its program
        ([], "stop", (3, True, False)),  # its end of text stands among the tokens
        ([], "length", (3, False, True)),
        (ran("print(5)", "5\n"), "length", (3, False, True)),
        (FENCED, "calls", (3, False, False)),  # asked for output itself
        (FENCED, "stop", (3, False, False)),
    ],
)
def test_tokens_and_how_a_response_ended(rounds, reason, expected):
    found = lengths.lengths(rollouts([("q1", 0, rounds)], finish_reason=reason))
    assert found.select("tokens", "ended", "cut").row(0) == expected


def test_rows_stay_in_order_and_nothing_written_is_no_token():
    made = rollouts([("q2", 1, []), ("q1", 0, [])], token_ids=[], generated=[], logprobs=[], finish_reason="length")
    assert lengths.lengths(made).rows() == [("q2", 1, 0, False, True), ("q1", 0, 0, False, True)]


def test_the_fence_is_that_of_responses():
    assert lengths.ASKS == OUTPUT_FENCE


def test_summary():
    tokens = [*range(1, 21)]
    found = lengths.summary(tokens, [True] * 15 + [False] * 5, [False] * 17 + [True] * 3)
    assert found == pytest.approx({"mean": 10.5, "median": 10.5, "p95": 19.05, "cut": 0.15, "endless": 0.25})
    assert set(found) == {*lengths.DEFINITIONS}
    assert all(math.isnan(value) for value in lengths.summary([], [], []).values())
