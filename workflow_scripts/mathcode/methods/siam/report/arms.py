"""The policies of a run of SIaM, as rows of its tables and points of its figures."""

from mathcode.methods.siam.report.plan import MAIN, Plan
from mathcode.paths import START
from mathcode.report.results import Arm


def course(plan: Plan, family: str) -> list[Arm]:
    """base, M_seed, M_0, and what main ends its rounds with."""
    return [Arm(experiment, family, iteration) for experiment, iteration in plan.course]


def rounds(plan: Plan, family: str, experiment: str) -> list[Arm]:
    """What an experiment ends its rounds with."""
    return [Arm(experiment, family, iteration) for iteration in range(1, plan.iterations + 1)]


def aligned(plan: Plan, family: str) -> list[Arm]:
    """What each preference makes of the policy of main that is aligned."""
    if MAIN not in plan.experiments:
        return []
    return [Arm(MAIN, family, plan.aligned, preference) for preference in plan.preferences]


def unaligned(plan: Plan, family: str) -> Arm:
    """The policy that they start from."""
    return Arm(MAIN, family, plan.aligned)


def paired_alike(plan: Plan, arm: Arm, others: list[Arm]) -> list[Arm]:
    """Of other aligned policies, those whose pairs were made as this one's: the rest differs in more than its loss."""
    return [other for other in others if plan.pairings.get(other.preference) == plan.pairings.get(arm.preference)]


def control(plan: Plan, arm: Arm) -> Arm | None:
    """What SFT on the chosen programs of the same pairs makes of the same policy; None without such a preference."""
    line = paired_alike(plan, arm, aligned(plan, arm.family))
    return next((other for other in line if plan.losses[other.preference] == "likelihood"), None)


def start(family: str) -> Arm:
    """M_0."""
    return Arm(START, family, 0)


def every(plan: Plan, family: str) -> list[Arm]:
    """All policies that are evaluated, the paper's line first."""
    others = [arm for name in plan.experiments if name != MAIN for arm in rounds(plan, family, name)]
    return [*course(plan, family), *aligned(plan, family), *others]


def selecting(plan: Plan, family: str) -> list[Arm]:
    """Policies that learn from selected programs: M_0 and the rounds of experiments that filter."""
    filtered = sorted(plan.filters, key=lambda name: name != MAIN)
    return [start(family), *(arm for name in filtered for arm in rounds(plan, family, name))]
