"""How model-written programs run, and how answers are judged."""

from typing import Literal

from pydantic import Field

from mathcode.settings.section import IDLE, PositiveInt, PositiveNumber, Section

IsolationLevel = Literal["process", "landlock", "sandbox"]
"""What keeps programs in (docs/interpreter.md), from the weakest to the strongest."""
Extraction = Literal["autocode", "deepseek_math", "qwen2.5_math"]
"""Rules by which an answer is found in a response (docs/grading.md)."""


class Interpreter(Section):
    """How model-written programs run."""

    timeout: PositiveNumber = Field(description="seconds of wall clock from the program's start")
    memory_mb: PositiveInt = Field(description="address space")
    output_chars: PositiveInt = Field(description="longer output is cut: its two halves around an ellipsis")
    result_chars: PositiveInt = Field(default=4000, description="what is kept of all that a program printed: beyond it, its two ends")
    workers: PositiveInt = Field(default=1, description="processes; the rules set it from the job's threads")
    preload: list[str] = Field(description="modules imported once, before programs are forked")
    isolation: IsolationLevel = Field(
        default="landlock",
        description="weakest level of isolation that will do; the best one a machine allows is taken",
        json_schema_extra=IDLE,
    )
    max_infrastructure_errors: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="share of rollouts past which sampling fails, their chunks to be sampled again",
        json_schema_extra=IDLE,
    )


class Grading(Section):
    """How answers are judged."""

    timeout: PositiveNumber = Field(description="seconds per pair; over it the outcome is timed_out")
    workers: PositiveInt = Field(default=1, description="processes; the rules set it from the job's threads")
    max_infrastructure_errors: float = Field(ge=0, le=1, description="share of rows past which the stage fails", json_schema_extra=IDLE)
    extraction: Extraction = Field(default="autocode", description="rules by which an answer is found in a response (docs/grading.md)")
