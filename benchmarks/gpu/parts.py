"""The parts of a measurement, the most precious first: whoever stops it early has those."""

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import shapes


@dataclass(frozen=True)
class Job:
    """What a part is told beside its own arguments.

    Attributes:
        device: torch's name of it.
        tiny: rehearse with tiny shapes.
        work: folder for policies, checkpoints and logs of programs.
        seconds: from which on a part ends once it has something to tell.
        model, profile: folder of a real model, if one was given, and how it is spoken to.
        claims: a table of verdicts, if one was given.
    """

    device: str
    tiny: bool
    work: Path
    seconds: float
    model: str | None = None
    profile: str = "chatml"
    claims: str | None = None

    @property
    def shapes(self) -> dict[str, shapes.Shape]:
        return shapes.TINY if self.tiny else shapes.SHAPES

    def policy(self, shape: str) -> Path:
        """Folder of the policy of a shape."""
        return self.work / f"policy-{shape}{'-tiny' if self.tiny else ''}"


@dataclass(frozen=True)
class Part:
    """One measurement.

    Attributes:
        measure: module and function that takes a `Job` and `given`, and returns numbers by name.
        limit: seconds after which it is killed; a third of them is when it ends by itself, if it can.
        process: parts of the same one, one after the other, share a process and its imports. vLLM keeps the card's memory, and may have
            a Python of its own.
    """

    name: str
    group: str
    measure: str
    limit: float
    given: dict[str, Any] = field(default_factory=dict)
    process: str = "own"

    def run(self, job: Job) -> dict:
        module, _, function = self.measure.partition(":")
        return getattr(import_module(module), function)(job, **self.given)


def step(kind: str, shape: str, limit: float = 60) -> Part:
    return Part(f"{kind}-{shape}", "training", "steps:measure", limit, {"kind": kind, "shape": shape})


def sample(engine: str, shape: str, limit: float) -> Part:
    process = f"vllm-{shape}" if engine == "vllm" else "own"
    return Part(f"{engine}-{shape}", "sampling", "sampling:measure", limit, {"engine": engine, "shape": shape}, process)


PARTS = [
    Part("limit", "card", "cards:measured_limit", 30),
    step("sft", "0.5b"),
    Part("policy-0.5b", "writing", "writing:policy", 90, {"shape": "0.5b", "taught": True}),
    sample("vllm", "0.5b", 150),
    sample("transformers", "0.5b", 75),
    step("sft", "7b", 90),
    step("lora", "7b", 90),
    step("rl", "0.5b"),
    step("dpo", "0.5b"),
    step("lora", "0.5b"),
    step("sft", "1.5b"),
    Part("checkpoint-0.5b", "writing", "writing:checkpoint", 75, {"shape": "0.5b"}),
    step("rl", "7b", 90),
    step("dpo", "7b", 90),
    Part("real", "programs", "programs:real", 300),
    Part("policy-7b", "writing", "writing:policy", 90, {"shape": "7b", "taught": False}),
    sample("transformers", "7b", 90),
    sample("vllm", "7b", 180),
    step("rl", "1.5b"),
    step("dpo", "1.5b"),
    step("lora", "1.5b"),
    Part("checkpoint-1.5b", "writing", "writing:checkpoint", 90, {"shape": "1.5b"}),
    Part("demo", "programs", "programs:demo", 3600),
]
