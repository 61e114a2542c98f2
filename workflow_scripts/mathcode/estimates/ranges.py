"""What a run costs where figures that nobody knows well are at their bounds: one at a time, and all together."""

from collections.abc import Callable, Sequence

from mathcode import settings
from mathcode.estimates.clock import HOUR, spent
from mathcode.estimates.estimate import Planned

TOGETHER = "together"


def ranges(worked: Callable[[settings.Costs], Sequence[Planned]], costs: settings.Costs) -> dict[str, tuple[float, float, float]]:
    """GPU hours, or hours of a run without GPUs: with a figure low, as expected, and high. Figures that change nothing are left out.

    Args:
        worked: the planned jobs of the run with the work in them, by what costs rest on.
    """

    def hours(bound: str, names: Sequence[str]) -> float:
        changed = costs.at(bound, names)
        jobs = worked(changed)
        gpus = max((job.gpus for job in jobs), default=0)
        return sum((job.gpus if gpus else 1) * spent(job.work, job.gpus, changed).seconds for job in jobs) / HOUR

    expected, names = hours("value", ()), costs.uncertain()
    found = {
        name: (hours("low", own), expected, hours("high", own)) for name, own in {**{one: [one] for one in names}, TOGETHER: names}.items()
    }
    return {name: row for name, row in found.items() if row[0] != row[2]}
