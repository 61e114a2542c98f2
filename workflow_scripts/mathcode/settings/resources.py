"""What a job of each stage asks of a machine."""

from typing import Any

from pydantic import Field, model_validator

from mathcode.settings.section import PositiveInt, Section


class Ask(Section):
    """What one job asks for, and how far a further attempt may go."""

    gpus: int = Field(default=0, ge=0, description="GPUs of a job; of each node, where training has several")
    nodes: PositiveInt = Field(default=1, description="nodes of a training job; several need SLURM")
    cpus: PositiveInt = Field(default=1, description="cores; the processes that run programs or judge answers")
    memory_gb: PositiveInt = Field(default=8)
    max_memory_gb: PositiveInt = Field(default=400, description="further attempts ask for more memory up to this: what a node has")
    hours: PositiveInt = Field(default=1, description="walltime")
    max_hours: PositiveInt = Field(default=24, description="further attempts ask for more time up to this: what the partition allows")
    shards: PositiveInt = Field(default=1, description="jobs that sampling is split into; the results are the same bytes")


class Partitions(Section):
    """slurm/partitions.yaml: where a cluster's jobs are sent to; several partitions are joined by commas."""

    gpu: str = Field(min_length=1, description="jobs that ask for a GPU")
    cpu: str = Field(min_length=1, description="all others")


class Resources(Section):
    """An ask for each stage; what a stage leaves out is as in `default`."""

    default: Ask = Field(default=Ask(), description="every stage, but for what it says itself")
    data: Ask = Field(default=Ask(), description="raw data to queries, SFT pairs, benchmarks and overlap")
    explore: Ask = Field(default=Ask(), description="sampling of rollouts")
    evaluate: Ask = Field(default=Ask(), description="sampling of responses to benchmarks")
    judge: Ask = Field(default=Ask(), description="grades of rollouts and responses, and scores")
    estimate: Ask = Field(default=Ask(), description="CPU work before training: demonstrations, cases, E-step, synthesis, selection, pairs")
    score: Ask = Field(default=Ask(), description="log-probabilities: of training data, and what critics score")
    start: Ask = Field(default=Ask(), description="training of start policies")
    train: Ask = Field(default=Ask(), description="training of iterations")
    preference: Ask = Field(default=Ask(), description="preference alignment")
    critic: Ask = Field(default=Ask(), description="training of critics")
    report: Ask = Field(default=Ask(), description="tables, figures and pages")

    @model_validator(mode="before")
    @classmethod
    def _over_default(cls, stages: Any) -> Any:
        """Every stage on top of `default`."""
        if not isinstance(stages, dict) or not isinstance(default := stages.get("default", {}), dict):
            return stages
        others = [stage for stage in cls.model_fields if stage != "default"]
        merged = {stage: default | (stages.get(stage) or {}) for stage in others if isinstance(stages.get(stage, {}), dict)}
        return stages | merged

    def of(self, stage: str) -> Ask:
        """The ask of a stage."""
        return getattr(self, stage)
