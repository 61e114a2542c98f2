"""What a run will cost, stage by stage, as a table; beside it what it took, once it has run."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from mathcode import settings
from mathcode.estimates.clock import GB, HOUR, Spent, spent
from mathcode.estimates.schedule import Task, peak, schedule, union
from mathcode.estimates.work import Work

COLUMNS = {
    "stage": "part of the pipeline, as in the table of costs; `other`: data, models, tables and pages; the last row is all of them",
    "jobs": "planned jobs",
    "million_tokens": "tokens sampled, trained on (each pass counts) and scored, in millions",
    "hours": "wall clock of the jobs, added up",
    "gpu_hours": "hours times the GPUs that a job asks for",
    "starting": "percent of these GPU hours (of the hours, where there is no GPU) before work begins",
    "idle": "percent in which workers wait for others: of a step, of a chunk",
    "saving": "percent in which a training waits for its checkpoints and its policy",
    "wall_hours": "hours in which at least one of the jobs runs, with so many GPUs and cores",
    "kept_gb": "GB of the files that stay",
    "peak_gb": "most GB at once, checkpoints included",
    "took_jobs": "jobs measured after the run",
    "took_hours": "what they took, added up",
    "took_gpu_hours": "the same, times their GPUs",
}
"""A phrase for every column of the table."""

OTHER, ALL = "other", "all"
TOOK = {"took_jobs": "jobs", "took_hours": "hours", "took_gpu_hours": "gpu_hours"}
"""Columns of what it took, and how the table of costs calls them."""


@dataclass(frozen=True)
class Planned:
    """A job as the table counts it.

    Attributes:
        stage: name of its stage.
        after: places of the jobs it comes after.
    """

    stage: str
    work: Work
    after: Sequence[int] = ()
    gpus: int = 0
    cores: int = 1


def tabulate(jobs: Sequence[Planned], costs: settings.Costs, gpus: int, cores: float, stages: Iterable[str]) -> pl.DataFrame:
    """One row a stage in the order of `stages`, one for other jobs, and one for all; the columns are those of COLUMNS.

    Jobs, tokens, hours, GPU hours and what is kept add up over stages. Wall clock and peak do not: stages overlap.

    Raises:
        SettingsError: there is no rate for a job.
        ScheduleError: a job asks for more GPUs than `gpus`.
    """
    times = [spent(job.work, job.gpus, costs) for job in jobs]
    tasks = [Task(time.seconds, job.after, job.gpus, job.cores, job.work.kept, time.held) for job, time in zip(jobs, times, strict=True)]
    spans = schedule(tasks, gpus, cores)
    places = {stage: [place for place, job in enumerate(jobs) if job.stage == stage] for stage in (*stages, OTHER)}
    places[ALL] = list(range(len(jobs)))

    def row(stage: str) -> dict:
        chosen = places[stage]
        at = [spans[place] for place in chosen]
        return {
            "stage": stage,
            **_sums([jobs[place] for place in chosen], [times[place] for place in chosen]),
            "wall_hours": union(at) / HOUR,
            "kept_gb": sum(tasks[place].kept for place in chosen) / GB,
            "peak_gb": peak([tasks[place] for place in chosen], at) / GB,
        }

    return pl.DataFrame([row(stage) for stage, found in places.items() if found or stage == ALL])


def beside(estimated: pl.DataFrame, took: pl.DataFrame) -> pl.DataFrame:
    """The estimate with what the run took (a table of `mathcode.report.costs`) beside it, stage by stage."""
    found = took.select("stage", **{name: pl.col(column) for name, column in TOOK.items()})
    return estimated.join(found, on="stage", how="left", maintain_order="left")


def _sums(jobs: Sequence[Planned], times: Sequence[Spent]) -> Mapping[str, float]:
    """What adds up. Shares are of GPU hours, of hours where no job has a GPU."""
    on_gpus = any(job.gpus for job in jobs)
    weights = [job.gpus if on_gpus else 1 for job in jobs]
    whole = sum(weight * time.seconds for weight, time in zip(weights, times, strict=True))

    def percent(part: str) -> float:
        return 100 * sum(weight * getattr(time, part) for weight, time in zip(weights, times, strict=True)) / whole if whole else 0.0

    return {
        "jobs": len(jobs),
        "million_tokens": sum(job.work.tokens for job in jobs) / 1e6,
        "hours": sum(time.seconds for time in times) / HOUR,
        "gpu_hours": sum(job.gpus * time.seconds for job, time in zip(jobs, times, strict=True)) / HOUR,
        "starting": percent("starting"),
        "idle": percent("idle"),
        "saving": percent("saving"),
    }
