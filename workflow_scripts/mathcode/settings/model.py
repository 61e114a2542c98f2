"""A base model, and how it is spoken to and trained."""

from typing import Literal, Self

from pydantic import Field, model_validator

from mathcode.settings.section import FilePath, PositiveInt, Section


class Lora(Section):
    """LoRA adapters on every linear layer; merged into the weights when a stage ends."""

    rank: PositiveInt
    alpha: PositiveInt


class Scratch(Section):
    """A Llama built inside the workflow, with a tokenizer trained on the SFT text."""

    vocabulary: PositiveInt
    hidden: PositiveInt
    intermediate: PositiveInt
    layers: PositiveInt
    heads: PositiveInt
    positions: PositiveInt
    rope_theta: float
    initializer_range: float


class LearnsFrom(Section):
    """What decides which data a family's policies learn from."""

    precondition: Literal["sft", "none"] = Field(description="Code4Math SFT first, or used as it is")
    pretrained: bool = Field(default=False, description="from scratch: its base is trained on the run's `data.pretraining` first")

    @property
    def learned_from(self) -> list[str]:
        """By the names of its files below results/{run}/data."""
        return ["queries", *(["sft"] if self.precondition == "sft" else []), *(["pretraining"] if self.pretrained else [])]


class Family(LearnsFrom):
    """A base model and how it is spoken to."""

    label: str = Field(description="name in tables and figures")
    published: dict[str, str] = Field(default_factory=dict, description="rows of data/published that are this family's")
    hub: str | None = Field(default=None, description="hub id of the base model")
    revision: str | None = Field(default=None, description="commit of the hub repository")
    path: FilePath | None = Field(default=None, description="local folder with the base model, instead of the hub")
    scratch: Scratch | None = Field(default=None, description="build the base model in the workflow")
    prompt: str = Field(description="name of a prompt profile (`mathcode.responses.prompts`), or a frame with {question} in it")
    lora: Lora | None = Field(default=None)
    train_dtype: Literal["float32", "bfloat16"] = Field(description="type of the trained weights (LoRA adapters are float32)")
    saved_dtype: Literal["float32", "bfloat16"] | None = Field(
        default=None, description="type of a policy's weights on disk, in which it is sampled and scored; null: as they are trained"
    )
    mixed_precision: Literal["no", "bf16"] = Field(default="no", description="autocast of the forward pass while training")

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        if len(named := [key for key in ("hub", "path", "scratch") if getattr(self, key) is not None]) > 1:
            raise ValueError(f"{' and '.join(named)} name the base model at once: keep one of them")
        return self
