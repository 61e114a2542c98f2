"""A run's results on disk: which policies there are, and what was measured on them. The path grammar, read-only.

Files are read once. A missing file ends in one sentence that names it.
"""

import functools
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

import numpy as np
import polars as pl
from pydantic import Field

from mathcode import paths, settings, tables
from mathcode.core.errors import UserError
from mathcode.core.table_files import Table
from mathcode.measures import outcomes
from mathcode.paths import START, Policy

EXPLORED = "explored queries"
"""Stands for a benchmark where a policy's exploration is meant."""

GRADES = [column for column in tables.GRADES.columns if column not in ("mode", "finish_reason", "isolation", "grader")]
"""Columns of `grades` that tables and figures are made of."""


class ResultsError(UserError):
    """A file of the run is missing or does not say what it should."""


class PlanFamily(settings.LearnsFrom):
    """A family as tables and figures see it: with a precondition of `none` its start policy is the base model."""

    label: str
    published: dict[str, str] = Field(default_factory=dict)
    precondition: Literal["sft", "none"] = "sft"


class Plan(settings.Section):
    """What a run built, as the rules tell it; a method adds what it alone builds."""

    families: dict[str, PlanFamily] = Field(min_length=1)
    experiments: dict[str, str] = Field(description="name: label")
    seeds: list[int] = Field(min_length=1)
    iterations: int = Field(ge=1)
    benchmarks: list[str] = Field(min_length=1)
    sft: list[str]
    names: dict[str, str] = Field(default_factory=dict, description="what a benchmark is called, where not by its key")
    critics: dict[str, str] = Field(default_factory=dict, description="name: label")
    critic_lines: dict[str, list[str]] = Field(default_factory=dict, description="critic: those it goes on from, and itself")
    case_sets: dict[str, str] = Field(default_factory=dict, description="name: label of the cases that judges are compared on")
    case_judges: list[str] = Field(default_factory=list, description="judges that are compared on them")

    def named(self, benchmark: str) -> str:
        """A benchmark's name in figures and on pages."""
        return self.names.get(benchmark, benchmark)

    def label(self, experiment: str) -> str:
        """An experiment's name in tables and figures."""
        return "start policy" if experiment == START else self.experiments[experiment]


P = TypeVar("P", bound=Plan)


@dataclass(frozen=True)
class Arm:
    """A policy without its seed: what a row of a table or a point of a curve is about. The start policy is iteration 0."""

    experiment: str
    family: str
    iteration: int
    preference: str = ""

    def policy(self, seed: int) -> str:
        """Path of the policy below the run's folder."""
        return str(Policy(self.experiment, self.family, seed, self.iteration, self.preference))


class Results(Generic[P]):
    """Everything the tables and figures of a run are made of. `experiments` has `lead` first, else the plan's order.

    Grades and scores are those of `judge`; `judged_by` gives the same run as another judge sees it. `benchmarks` are the tables
    `queries` of the benchmarks by name, where the caller named any.
    """

    def __init__(
        self, root: str | Path, plan: P, lead: str | None = None, judge: str = "exact", benchmarks: Mapping[str, Path] | None = None
    ):
        self.judge = judge
        self.root = Path(root)
        self.plan = plan
        self.lead = lead
        self.benchmarks = dict(benchmarks or {})
        self.scores = functools.cache(self._scores)
        self.grades = functools.cache(self._grades)
        self.items = functools.cache(self._items)
        self.experiments = sorted(plan.experiments, key=lambda name: name != lead)
        self._judged = {judge: self}

    def judged_by(self, judge: str) -> "Results[P]":
        """The same run with the grades of another judge; what was read stays read."""
        if judge not in self._judged:
            other = Results(self.root, self.plan, self.lead, judge, self.benchmarks)
            other._judged = self._judged
            self._judged[judge] = other
        return self._judged[judge]

    def start(self, family: str) -> Arm:
        return Arm(START, family, 0)

    def last(self, experiment: str, family: str) -> Arm:
        return Arm(experiment, family, self.plan.iterations)

    def evaluated(self, family: str) -> list[Arm]:
        """The start policy and every experiment's last policy."""
        return [self.start(family), *(self.last(experiment, family) for experiment in self.experiments)]

    def course(self, experiment: str, family: str) -> list[Arm]:
        """The policies of an experiment in order, the start policy first."""
        return [self.start(family), *(Arm(experiment, family, iteration) for iteration in range(1, self.plan.iterations + 1))]

    def seed_scores(self, arm: Arm, mode: str, benchmark: str) -> list[dict]:
        """scores.json of every seed."""
        return [self.scores(arm.policy(seed), mode, benchmark) for seed in self.plan.seeds]

    def seed_grades(self, arm: Arm, mode: str, benchmark: str) -> list[pl.DataFrame]:
        """Table `grades` of every seed."""
        return [self.grades(arm.policy(seed), mode, benchmark) for seed in self.plan.seeds]

    def seed_verdicts(self, arm: Arm, mode: str, benchmark: str) -> list[pl.DataFrame]:
        """Table `grades` of every seed, cut to the items that have a verdict for all of them."""
        usable = [outcomes.usable(grades) for grades in self.seed_grades(arm, mode, benchmark)]
        return [functools.reduce(lambda left, right: left.join(right, on="query_id", how="semi"), usable, own) for own in usable]

    def table(self, arm: Arm, seed: int, table: Table) -> pl.DataFrame:
        """A table of a policy's own folder, which may have no row."""
        return table.read(self.root / paths.of_policy(arm.policy(seed), table.name), allow_empty=True)

    def queries(self) -> pl.DataFrame:
        """The training queries of the run, after decontamination."""
        return tables.QUERIES.read(self.root / paths.data("queries"))

    def sft_pairs(self) -> pl.DataFrame:
        """The SFT pairs of the run, after decontamination."""
        return tables.SFT.read(self.root / paths.data("sft"), allow_empty=True)

    def sft_overlap(self) -> pl.DataFrame:
        """How much of each benchmark the SFT sets of the run held, set by set: table `overlap_counts`."""
        counts = [paths.overlap_counts("sft", benchmark) for benchmark in self.plan.benchmarks]
        return pl.concat([tables.OVERLAP_COUNTS.read(self.root / path, allow_empty=True) for path in counts])

    def sft_overlapping_items(self) -> pl.DataFrame:
        """The items of benchmarks that the SFT sets of the run overlap with, set by set."""
        return pl.concat([self._overlap("sft", benchmark) for benchmark in self.plan.benchmarks])

    def contaminated_items(self, family: str, benchmark: str) -> set[str]:
        """query_id of the items of a benchmark that overlap with anything the family's policies learn from."""
        return self.overlapping_items(benchmark, self.plan.families[family].learned_from)

    def clean_items(self, arm: Arm, mode: str, benchmark: str) -> set[str]:
        """query_id of the evaluated items of a benchmark that are not contaminated."""
        evaluated = self.grades(arm.policy(self.plan.seeds[0]), mode, benchmark)["query_id"]
        return {*evaluated} - self.contaminated_items(arm.family, benchmark)

    def overlapping_items(self, benchmark: str, uses: Collection[str]) -> set[str]:
        """query_id of the items of a benchmark that overlap with training sets of these uses."""
        return {query for use in uses for query in self._overlap(use, benchmark)["query_id"]}

    def explored(self, arm: Arm, mode: str) -> list[pl.DataFrame]:
        """Table `grades` of the rollouts by which a policy was explored, for every seed."""
        found = [self.root / paths.rollout_grades(arm.policy(seed), mode, self.judge) for seed in self.plan.seeds]
        return [tables.GRADES.read(path, allow_empty=True, columns=GRADES) for path in found]

    def paired(
        self, terms: list[tuple[Arm, str]], benchmark: str, column: str = "strict", items: Collection[str] | None = None
    ) -> list[np.ndarray]:
        """A column of several evaluations of the same items: for each seed an array of shape (items, evaluations).

        Items without a verdict in one of them, for any seed, are left out. Items are in the order of their query_id.

        Args:
            items: query_id of the items that count; None: all.
        """
        wanted = pl.lit(True) if items is None else pl.col("query_id").is_in(sorted(items))
        frames = []
        for seed in self.plan.seeds:
            graded = [outcomes.usable(self.grades(arm.policy(seed), mode, benchmark)).filter(wanted) for arm, mode in terms]
            columns = [frame.select("query_id", pl.col(column).alias(str(number))) for number, frame in enumerate(graded)]
            frames.append(functools.reduce(lambda left, right: left.join(right, on="query_id"), columns))
        return aligned(frames)

    def _overlap(self, use: str, benchmark: str) -> pl.DataFrame:
        return tables.OVERLAP_ITEMS.read(self.root / paths.overlap_items(use, benchmark), allow_empty=True)

    def _items(self, benchmark: str) -> pl.DataFrame:
        if benchmark not in self.benchmarks:
            raise ResultsError(f"the items of benchmark '{benchmark}' are needed; name its table (--benchmarks)")
        return tables.QUERIES.read(self.benchmarks[benchmark])

    def _scores(self, policy: str, mode: str, benchmark: str) -> dict:
        path = self.root / paths.scores(policy, mode, benchmark, self.judge)
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ResultsError(f"{path}: no such file; scores of {policy} in mode {mode} on {benchmark} are missing") from None
        except json.JSONDecodeError as error:
            raise ResultsError(f"{path}: not JSON: {error}") from error

    def _grades(self, policy: str, mode: str, benchmark: str) -> pl.DataFrame:
        return tables.GRADES.read(self.root / paths.response_grades(policy, mode, benchmark, self.judge), columns=GRADES)


def present(path: Path, table: Table) -> pl.DataFrame | None:
    """A table that a run may lack."""
    return table.read(path, allow_empty=True) if path.is_file() else None


def aligned(frames: list[pl.DataFrame]) -> list[np.ndarray]:
    """The rows that all frames have by their query_id, in the same order, without it; each as an array of floats."""
    common = functools.reduce(lambda left, right: left.join(right, on="query_id", how="semi"), frames).select("query_id")
    return [frame.join(common, on="query_id", how="semi").sort("query_id").drop("query_id").to_numpy().astype(float) for frame in frames]


def parse_plan(text: str, plan: type[P] = Plan) -> P:
    """Read a plan from a command line, as the method's class of plans.

    Raises:
        ResultsError: the text is no plan.
    """
    try:
        return settings.parse(plan, text, "--plan")
    except settings.SettingsError as error:
        raise ResultsError(str(error)) from error
