"""A finished run on disk, read without the modules that made its tables: rows of parquet files, seed by seed."""

from functools import cache
from pathlib import Path

import polars as pl

MODES = ("auto", "cot", "code")


class Run:
    """A finished run on disk, the plan behind it, and its tables as they were read back."""

    def __init__(self, folder: Path, plan: dict):
        self.folder, self.plan = folder, plan
        self.rows = cache(lambda path: pl.read_parquet(folder / path).to_dicts())
        self.table = cache(lambda name: pl.read_csv(folder / "tables" / f"{name}.csv", infer_schema_length=None))

    def policies(self, row: dict) -> list[str]:
        """Path of the row's policy for each seed."""
        below = "" if row["experiment"] == "start" else f"/iter{row['iteration']}"
        return [f"{row['experiment']}/{row['family']}/seed{seed}{below}" for seed in self.plan["seeds"]]

    def graded(self, row: dict, place: str) -> list[list[dict]]:
        """For each seed the rows of grades in a folder of the row's policy."""
        return [self.rows(f"{policy}/{place}/grades.parquet") for policy in self.policies(row)]

    def verdicts(self, row: dict, mode: str | None = None, **changes) -> list[dict[str, dict]]:
        """For each seed the greedy responses by query, infrastructure errors left out."""
        return [{one["query_id"]: one for one in usable(graded)} for graded in self.graded(row | changes, eval_of(row, mode))]

    def start(self, row: dict, *modes: str) -> list:
        return [self.verdicts(row, mode, experiment="start", iteration=0) for mode in modes]

    def contaminated(self, row: dict) -> set[str]:
        """Items of the row's benchmark that its family's training data overlap with."""
        uses = ["queries"] + ["sft"] * (self.plan["families"][row["family"]].get("precondition") != "none")
        return {one["query_id"] for use in uses for one in self.rows(f"data/overlap/{use}/{row['benchmark']}/items.parquet")}

    def names(self, row: dict) -> dict[str, str]:
        """The published rows that stand beside the family's, by role."""
        return self.plan["families"][row["family"]]["published"]


def eval_of(row: dict, mode: str | None = None) -> str:
    return f"eval/{mode or row['mode']}/{row['benchmark']}/exact"


def usable(rows: list[dict]) -> list[dict]:
    return [one for one in rows if one["outcome"] != "infrastructure_error"]


def label_of(run: Run, row: dict) -> str:
    return "start policy" if row["experiment"] == "start" else run.plan["experiments"][row["experiment"]]
