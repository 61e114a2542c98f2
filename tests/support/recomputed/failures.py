"""Shares of greedy responses of SIaM that end without an answer, by how, from the rows of responses and grades."""

from pathlib import Path

import polars as pl


def failures(run: Path, policies: list[str], benchmark: str, items: set[str]) -> dict[str, float]:
    """Percent of items, mean over the policies of several seeds: no_answer, timed_out, failed."""
    totals = dict.fromkeys(("no_answer", "timed_out", "failed"), 0.0)
    for policy in policies:
        folder = run / policy / "eval/code" / benchmark
        ends = {}
        for row in pl.read_parquet(folder / "responses.parquet").to_dicts():
            ran = [one["outcome"] for one in row["rounds"] if one["outcome"]]
            ends[row["query_id"]] = ran[-1] if ran else None
        graded = [row for row in pl.read_parquet(folder / "oracle/grades.parquet").to_dicts() if row["query_id"] in items]
        for row in graded:
            end = ends[row["query_id"]]
            if end == "timed_out":
                kind = "timed_out"
            elif end not in (None, "ok"):
                kind = "failed"
            elif row["outcome"] == "no_answer":
                kind = "no_answer"
            else:
                continue
            totals[kind] += 100 / len(graded) / len(policies)
    return totals
