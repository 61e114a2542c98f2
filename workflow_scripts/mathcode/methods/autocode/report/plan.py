"""What a run of AutoCode built, as its tables, figures and pages see it, and the names that they know."""

from pydantic import Field

from mathcode.methods.autocode.artifacts import EM
from mathcode.methods.autocode.dictations import EVALUATED
from mathcode.methods.autocode.settings import Health
from mathcode.report import results

__all__ = ["EM", "MODES", "Plan"]

MODES = tuple(EVALUATED)
"""Modes of evaluation."""


class Plan(results.Plan):
    """What a run of AutoCode built; made by `plan_json` of rules/targets.smk."""

    selection_benchmarks: list[str] = Field(description="where the choice of methodology is measured")
    health: Health = Field(description="within which bounds a training is called healthy")
    published: str = Field(default="v1", description="version of the paper whose numbers stand beside ours")
