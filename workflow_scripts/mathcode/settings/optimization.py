"""One optimisation: how its steps are taken, and what they minimise."""

from typing import Any, Literal

from pydantic import Field

from mathcode.settings.kernels import Kernels
from mathcode.settings.section import IDLE, PositiveInt, PositiveNumber, Section


class Optimizer(Section):
    """One optimisation: SFT, or one RL iteration."""

    learning_rate: list[PositiveNumber] = Field(min_length=1, description="peak learning rate; per iteration, the last one repeats")
    optimizer: Literal["adamw", "muon"] = Field(description="muon: Muon on matrices of the blocks, AdamW on the rest")
    weight_decay: float = Field(ge=0)
    schedule: Literal["linear", "cosine", "constant", "flat_linear"] = Field(description="after warm-up")
    warmup: float = Field(ge=0, lt=1, description="share of the steps")
    epochs: float = Field(gt=0, description="passes over the data")
    steps: PositiveInt | None = Field(default=None, description="optimiser steps, however many passes that is; null: by `epochs`")
    batch: PositiveInt = Field(description="responses per optimiser step, over all processes; of a loss on pairs: pairs")
    micro_batch_tokens: PositiveInt = Field(description="padded tokens per forward pass and process")
    max_tokens: PositiveInt = Field(description="longer prompt+response pairs are left out and counted")
    max_gradient_norm: float = Field(gt=0)
    checkpoint_minutes: float = Field(
        ge=0, description="minutes between resumable checkpoints; 0: one after every step", json_schema_extra=IDLE
    )
    threads: PositiveInt = Field(description="CPU threads of torch; fixed, since another number may round otherwise")
    kernels: Kernels = "native"


class Training(Section):
    """All that a training is set to, as a rule hands it to the one program that trains."""

    loss: str = Field(description="name of a loss (`mathcode.configuration.LOSSES`)")
    numbers: dict[str, Any] = Field(default_factory=dict, description="what this loss is set to")
    referenced: bool = Field(default=False, description="it compares with the model that training starts from, so that is scored first")
    optimizer: Optimizer
