"""The jobs that Snakemake plans for a run (`rules/plan.smk` writes them), as estimates read them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A planned job.

    Attributes:
        timed: what is measured of it, below the logs of the run, without ending, by which stages know their jobs; "": nothing is.
        inputs, outputs: paths from the root.
        gpus, cores: what it asks for.
        left: it has still to run.
    """

    timed: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    gpus: int = 0
    cores: int = 1
    left: bool = True

    @property
    def merges(self) -> bool:
        """Whether it joins what others have sampled."""
        return any("/shards/" in path for path in self.inputs)


def read(lines: Iterable[str], run: str) -> list[Job]:
    """The jobs of a plan, one JSON object a line; those that make no file (targets) are left out."""
    opening = f"logs/results/{run}/"
    found = []
    for line in lines:
        row = json.loads(line)
        timed = row["benchmark"].removeprefix(opening).removesuffix(".timing.tsv") if row["benchmark"].startswith(opening) else ""
        if row["output"]:
            found.append(Job(timed, tuple(row["input"]), tuple(row["output"]), row["gpus"], row["cores"], row["left"]))
    return found


def before(jobs: list[Job]) -> list[list[int]]:
    """For each job the places of the jobs whose files it reads."""
    makers = {path: place for place, job in enumerate(jobs) for path in job.outputs}
    return [sorted({makers[path] for path in job.inputs if path in makers}) for job in jobs]
