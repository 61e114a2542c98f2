"""How long responses are, in tokens up to and including their end of text, and how they end (the length protocol of SIaM's pages)."""

from collections.abc import Sequence

import numpy as np
import polars as pl

ASKS = "```output"
"""What a response ends with that asks for output itself and goes on behind it (`responses.parse.OUTPUT_FENCE`)."""

DEFINITIONS = {
    "mean": "mean tokens that the model wrote, its end of text included",
    "median": "their median",
    "p95": "their 95th percentile, between two values by a straight line",
    "cut": "share of responses cut by the limit of tokens",
    "endless": "share of responses without an end of text: those cut, and those that stopped at a fence that asks for output",
}
"""One sentence for each number of `summary`; shares are in [0, 1]."""


def lengths(rollouts: pl.DataFrame) -> pl.DataFrame:
    """query_id, sample, tokens, ended (by an end of text), cut (by the limit), for each row of table `rollouts`, in order.

    Where a program ran at last and the model ended its text behind it, the end of text was taken back to show the output, and counts
    again here. Only the last one does: before that, a response of several calls did not end.
    """
    last = pl.col("rounds").list.last().struct.field("text").str.strip_chars_end()
    reason = pl.col("finish_reason")
    ended = (reason != "length") & ~last.str.ends_with(ASKS)
    return rollouts.select(
        "query_id",
        "sample",
        tokens=(pl.col("generated").list.eval(pl.element().cast(pl.Int64)).list.sum() + (ended & (reason == "calls"))).cast(pl.Int64),
        ended=ended,
        cut=reason == "length",
    )


def summary(tokens: Sequence[int], ended: Sequence[bool], cut: Sequence[bool]) -> dict[str, float]:
    """What is told of lengths; keys and meaning in `DEFINITIONS`. NaN where there is no response.

    Args:
        tokens, ended, cut: columns of `lengths`, one entry per response.
    """
    if not len(tokens):
        return dict.fromkeys(DEFINITIONS, float("nan"))
    return {
        "mean": float(np.mean(tokens)),
        "median": float(np.median(tokens)),
        "p95": float(np.quantile(tokens, 0.95)),
        "cut": float(np.mean(cut)),
        "endless": 1 - float(np.mean(ended)),
    }
