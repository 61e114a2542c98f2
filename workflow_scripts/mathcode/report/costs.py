"""What a run cost: hours, memory and GPU hours of each stage, from the measurements Snakemake writes beside every log.

These numbers differ from run to run, so they stand with the logs and not among the results. A job that was stopped and went
on is measured from its last start; the hours before it are not in here, but in the accounting of the cluster. All that was ever
measured under the run's name counts, also of experiments, seeds and shards that it no longer has.
"""

import re
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from mathcode.core.errors import UserError
from mathcode.report.columns import Columns

COLUMNS = {
    "stage": "part of the pipeline; the last row is their sum",
    "jobs": "jobs measured",
    "gpus": "GPUs each of them asked for",
    "hours": "wall clock of the jobs, added up",
    "gpu_hours": "hours times GPUs",
    "cpu_hours": "processor time of the jobs, added up",
    "longest_hours": "wall clock of the longest job",
    "peak_memory_gb": "resident memory of the largest job",
}
"""A phrase for every column of the table."""

KNOWN = Columns(COLUMNS, decimals=dict.fromkeys(("hours", "gpu_hours", "cpu_hours", "longest_hours"), 2))
"""How a reader sees them."""


class CostError(UserError):
    """There are no measurements, or one cannot be read."""


def tabulate(logs: str | Path, gpus: Mapping[str, int], stages: Mapping[str, str]) -> pl.DataFrame:
    """One row per stage in the order of `stages`, and their sum; the columns are those of `COLUMNS`.

    Args:
        logs: folder of the run's logs.
        stages: name of a stage, and a regular expression that matches the paths of its jobs below the run's logs, without ending.
        gpus: GPUs of a job of a stage; stages that are not named use none.

    Raises:
        CostError: no job was measured, or a file of measurements is damaged.
    """
    logs = Path(logs)
    jobs = [_job(logs / f"{name}.timing.tsv", stage) for name, stage in names(logs, stages).items()]
    if not jobs:
        raise CostError(f"{logs}: no job of any stage was measured (files *.timing.tsv)")
    measured = pl.DataFrame(jobs, schema={"stage": pl.String, "seconds": pl.Float64, "cpu_seconds": pl.Float64, "memory_mb": pl.Float64})
    measured = measured.with_columns(gpus=pl.col("stage").replace_strict(dict(gpus), default=0, return_dtype=pl.Int64))
    by_stage = [measured.filter(pl.col("stage") == stage) for stage in stages]
    rows = [_row(frame["stage"][0], frame, frame["gpus"][0]) for frame in by_stage if frame.height]
    return pl.DataFrame([*rows, _row("all", measured, None)], schema_overrides={"gpus": pl.Int64})


def _row(stage: str, jobs: pl.DataFrame, gpus: int | None) -> dict:
    hours = jobs["seconds"] / 3600
    return {
        "stage": stage,
        "jobs": jobs.height,
        "gpus": gpus,
        "hours": round(hours.sum(), 4),
        "gpu_hours": round((hours * jobs["gpus"]).sum(), 4),
        "cpu_hours": round(jobs["cpu_seconds"].sum() / 3600, 4),
        "longest_hours": round(hours.max(), 4),
        "peak_memory_gb": None if jobs["memory_mb"].max() is None else round(jobs["memory_mb"].max() / 1024, 2),
    }


def names(logs: str | Path, stages: Mapping[str, str]) -> dict[str, str]:
    """Stages of the jobs that were measured, by the paths of their logs below those of the run, without ending."""
    found = (str(path.relative_to(logs)).removesuffix(".timing.tsv") for path in sorted(Path(logs).rglob("*.timing.tsv")))
    return {name: stage for name in found if (stage := stage_of(name, stages))}


def stage_of(name: str, stages: Mapping[str, str]) -> str | None:
    """The stage of a job by the path of its log below those of the run, without ending; None: it belongs to none."""
    return next((stage for stage, pattern in stages.items() if re.fullmatch(pattern, name)), None)


def _job(path: Path, stage: str) -> dict:
    """Measurements of one job. Snakemake writes NA or - for what it could not see in a job of a few milliseconds."""
    try:
        frame = pl.read_csv(path, separator="\t", infer_schema=False, null_values=["NA", "-"])
        numbers = frame.select(pl.col("s", "cpu_time", "max_rss").cast(pl.Float64)).row(-1)
    except (pl.exceptions.PolarsError, IndexError) as error:
        raise CostError(f"{path}: not a table of measurements ({error})") from error
    if numbers[0] is None:
        raise CostError(f"{path}: column 's' is empty")
    return dict(zip(("stage", "seconds", "cpu_seconds", "memory_mb"), (stage, *numbers), strict=True))
