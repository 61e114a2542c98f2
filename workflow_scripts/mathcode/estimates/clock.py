"""How long a job takes, and what it holds on the disk meanwhile, from its work and the rates of `config/costs.yaml`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from mathcode import settings
from mathcode.estimates.work import Work

GB = 1e9
HOUR = 3600.0
Sized = TypeVar("Sized", settings.Rate, settings.Start)


@dataclass(frozen=True)
class Spent:
    """Seconds of a job's wall clock, by what they go to; and the bytes of checkpoints that it holds at most.

    Attributes:
        starting: imports, weights, an engine's compile.
        working: tokens / (rate x workers), or rows / rate.
        idle: workers that wait for others: working x (1 / busy / utilisation - 1).
        saving: copies of checkpoints, which are written while training goes on (without a GPU: their writing), and the policy's writing.
        held: two checkpoints while a newer one is written over an older; none where training ends before the first is due.
    """

    starting: float
    working: float = 0
    idle: float = 0
    saving: float = 0
    held: float = 0

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.starting + self.working + self.idle + self.saving


def spent(work: Work, gpus: int, costs: settings.Costs) -> Spent:
    """What a job spends on its work.

    Raises:
        SettingsError: there is no rate for it.
    """
    if work.task is None:
        return Spent(costs.light_start.value, working=work.rows / costs.judged.value)
    rate = rate_of(work, gpus, costs)
    start = nearest([row for row in costs.starts if row.device == rate.device], work, f"a start on {rate.device}")
    working = work.tokens / (tokens_per_second(rate, work.weights) * max(gpus, 1))
    idle = working * (1 / (work.busy * utilisation(rate, work)) - 1)
    saved = checkpoints(work, working + idle)
    checkpointing = saved * work.checkpoint / (costs.copied.value * GB * gpus if gpus else costs.written.value * GB)
    writing = (work.kept if work.task == "train" else 0) / (costs.written.value * GB)
    return Spent(start.seconds, working, idle, checkpointing + writing, min(saved, 2) * work.checkpoint)


def rate_of(work: Work, gpus: int, costs: settings.Costs) -> settings.Rate:
    """The rate that the work of a model goes by.

    Raises:
        SettingsError: there is none.
    """
    device = "gpu" if gpus else "cpu"
    return nearest([row for row in costs.rates if (row.task, row.device) == (work.task, device)], work, f"{work.task} on {device}")


def tokens_per_second(rate: settings.Rate, weights: float) -> float:
    """Of a model with so many weights: in inverse proportion to them, as FLOPs and bytes read are."""
    return rate.per_second * rate.parameters / weights


def utilisation(rate: settings.Rate, work: Work) -> float:
    """Share of its time that an engine works at the rate: less of it where each slot gets few rows, as the last rows end alone."""
    if work.lockstep:
        return rate.lockstep
    a_slot = work.sampled / rate.slots
    return rate.utilisation * (a_slot / (a_slot + rate.ending) if a_slot else 1)


def checkpoints(work: Work, seconds: float) -> int:
    """How many a training writes on the way: one whenever they are due, none after its last step."""
    if work.task != "train":
        return 0
    most = max(math.ceil(work.steps) - 1, 0)
    return min(most, int(seconds / 60 / work.minutes)) if work.minutes else most


def nearest(rows: Sequence[Sized], work: Work, what: str) -> Sized:
    """The row whose model is nearest in size, by ratio.

    Raises:
        SettingsError: there is none.
    """
    if not rows:
        raise settings.SettingsError(f"config/costs.yaml: there is no row for {what}")
    return min(rows, key=lambda row: abs(math.log(row.parameters / work.weights)))
