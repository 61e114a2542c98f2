"""What a run of AutoCode built, as its tables, figures and pages see it, and the names that they know."""

from pydantic import Field

from mathcode.report import results

EM = "main"
"""The experiment that is the paper's method; others are compared with it."""

MODES = ("auto", "cot", "code")
"""Modes of evaluation."""


class Plan(results.Plan):
    """What a run of AutoCode built; made by `plan_json` of rules/common.smk."""

    selection_benchmarks: list[str] = Field(description="where the choice of methodology is measured")
    published: str = Field(default="v1", description="version of the paper whose numbers stand beside ours")
