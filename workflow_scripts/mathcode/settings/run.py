"""One run: what it builds, what it learns from, how it explores and evaluates."""

from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from mathcode.settings.critic import CaseSet, CriticRow
from mathcode.settings.execution import Grading, Interpreter
from mathcode.settings.pools import Pool, PoolName, refuse_overlaps
from mathcode.settings.resources import Resources
from mathcode.settings.sampling import Engine, Sampling
from mathcode.settings.section import Name, PositiveInt, Section, SettingsError, meant_or_all, merge, validated


class Build(Section):
    """What the run's target builds."""

    families: list[Name] = Field(min_length=1, description="families of config/families.yaml")
    experiments: list[Name] = Field(min_length=1, description="rows of experiments")
    seeds: list[PositiveInt] = Field(min_length=1, description="training and sampling seeds")
    benchmarks: list[Name] = Field(min_length=1, description="benchmarks of config/sources.yaml")
    iterations: PositiveInt = Field(description="iterations of training")

    @field_validator("*")
    @classmethod
    def _names_each_once(cls, value: Any) -> Any:
        """Twice, it would count as another seed or another test."""
        if isinstance(value, list) and (repeated := [item for place, item in enumerate(value) if item in value[:place]]):
            raise ValueError(f"{repeated[0]!r} is listed twice")
        return value


class Data(Section):
    """What the run trains on."""

    queries: list[Name] = Field(min_length=1, description="query datasets for exploration; where there are pools, all that they take")
    sft: list[Name] = Field(description="SFT datasets, or a seed set")
    sft_leaves_out: list[PoolName] = Field(default_factory=list, description="pools whose questions are in no SFT pair; ours")
    pretraining: list[Name] = Field(default_factory=list, description="SFT datasets that a base from scratch is trained on")
    sft_rows: PositiveInt | None = Field(description="SFT pairs kept, drawn by hash; null: all")
    guard: list[Name] = Field(description="benchmarks that training data are cleaned of; overlap with every evaluated one is measured")
    ngram: PositiveInt = Field(description="words in a run that counts as n-gram overlap")
    remove: Literal["exact", "ngram"] = Field(description="which overlap removes a training row")
    pools: dict[PoolName, Pool] = Field(default_factory=dict, description="disjoint pools of queries, by name")

    @property
    def explored(self) -> list[str]:
        """All query datasets: those named, and what else pools take."""
        return list(dict.fromkeys([*self.queries, *(name for pool in self.pools.values() for name in pool.datasets)]))

    @model_validator(mode="after")
    def _leaves_out_what_there_is(self) -> Self:
        if unknown := set(self.sft_leaves_out) - set(self.pools):
            raise ValueError(f"sft_leaves_out: there is no pool '{min(unknown)}'")
        return self

    @field_validator("pools")
    @classmethod
    def _are_disjoint(cls, pools: dict[PoolName, Pool]) -> dict[PoolName, Pool]:
        refuse_overlaps(pools)
        return pools


class Explore(Section):
    """Exploration of one policy."""

    queries_per_iteration: PositiveInt | None = Field(description="queries explored in each iteration; null: the whole pool")
    fresh_queries: bool = Field(description="iteration n takes the n-th slice of the shuffled queries, not the first again")
    samples: PositiveInt = Field(description="K rollouts per query and mode")
    sampling: Sampling


class Evaluate(Section):
    """Greedy evaluation."""

    sampling: Sampling
    benchmark_rows: PositiveInt | None = Field(description="items evaluated of each benchmark, drawn by hash; null: all")
    grading: dict[str, Any] = Field(default_factory=dict, description="keys of `grading` that differ for what is evaluated")


class Experiment(Section):
    """A row of settings: its label in figures, and the stages it overrides."""

    label: str
    settings: dict[str, Any] = Field(default_factory=dict)


class Run(Section):
    """The sections every method reads; a method's own stand in its subclass (`mathcode.methods.*.settings`)."""

    method: Name
    description: str
    build: Build
    data: Data
    explore: Explore
    engine: Engine
    interpreter: Interpreter
    grading: Grading
    evaluate: Evaluate
    hardware: Name = Field(description="a file of config/hardware: what each stage asks for")
    resources: Resources = Field(description="what this run asks for otherwise, stage by stage")
    experiments: dict[Name, Experiment]
    critics: dict[Name, CriticRow] = Field(default_factory=dict, description="critics that judges may name")
    case_sets: dict[Name, CaseSet] = Field(default_factory=dict, description="cases that judges are compared on")

    def of(self, experiment: str) -> Self:
        """This run with an experiment's stages put over it."""
        if experiment not in self.experiments:
            raise SettingsError(f"no experiment '{experiment}'{meant_or_all(experiment, self.experiments)}")
        return validated(type(self), merge(self.model_dump(), self.experiments[experiment].settings), f"experiment '{experiment}'")

    @property
    def evaluation_grading(self) -> Grading:
        """How evaluated responses are judged: as those that are trained on, but for what `evaluate.grading` says."""
        return validated(Grading, merge(self.grading.model_dump(), self.evaluate.grading), "key 'evaluate.grading'")
