"""What estimates of costs rest on: `config/costs.yaml`. Every number says where it is from."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field, model_validator

from mathcode.settings.section import Name, PositiveInt, PositiveNumber, Section

Device = Literal["gpu", "cpu"]
Task = Literal["sample", "train", "score"]


class Sourced(Section):
    """Base of what has a source."""

    kind: Literal["measured", "cited", "assumed"] = Field(
        description="by us with the command of its source, by others, or arithmetic alone"
    )
    source: str = Field(min_length=1, description="command and machine, title and address, or the arithmetic")


class Figure(Sourced):
    """One number."""

    value: float = Field(ge=0)
    low: float | None = Field(default=None, ge=0, description="with `high`: between what it may be, where that is not well known")
    high: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _between(self) -> "Figure":
        if (self.low is None) != (self.high is None) or (self.low is not None and not self.low <= self.value <= self.high):
            raise ValueError("'low' and 'high' belong together, and 'value' lies between them")
        return self


class Lengths(Section):
    """Tokens of a text, by whose tokenizer makes them."""

    scratch: Figure = Field(description="families built in the workflow")
    pretrained: Figure = Field(description="all others")


class Rate(Sourced):
    """How fast one GPU (device gpu), or a whole job without one (device cpu), does a task with a model of some size."""

    task: Task
    device: Device
    parameters: PositiveNumber = Field(description="of the model it holds for; with another it is in inverse proportion")
    per_second: PositiveNumber = Field(description="tokens: sampled, trained on, or scored")
    utilisation: float = Field(default=1.0, gt=0, le=1, description="share of its time that a job works at this rate; the rest is idle")
    lockstep: float = Field(default=1.0, gt=0, le=1, description="the same where `engine.continuous_batching` is off")
    slots: PositiveInt = Field(default=1, description="rows that an engine samples at once")
    ending: float = Field(
        default=0.0, ge=0, description="with n rows a slot it works n / (n + ending) of that time: the last rows end alone"
    )


class Start(Sourced):
    """Seconds before a job with a model of some size begins to work."""

    device: Device
    parameters: PositiveNumber = Field(description="of the model it holds for; others take as long as the nearest")
    seconds: PositiveNumber


class Costs(Section):
    """config/costs.yaml."""

    parameters: dict[Name, PositiveNumber] = Field(description="weights of a family that is not built in the workflow")
    rates: list[Rate] = Field(min_length=1)
    starts: list[Start] = Field(min_length=1)
    light_start: Figure = Field(description="seconds before a job without a model begins to work")
    judged: Figure = Field(description="rows that a job judges by rules in a second")
    written: Figure = Field(description="GB that a job writes in a second")
    copied: Figure = Field(description="GB that each process of a training copies from its GPU to the host's memory in a second")
    token_bytes: Figure = Field(description="bytes of a token in tables of rollouts, responses and training data")
    prompt_tokens: Lengths = Field(description="tokens of a question in its frame")
    case_tokens: Lengths = Field(description="tokens that a critic reads of a case beside question and program")
    response_share: Figure = Field(description="mean length of a response, as a share of `max_new_tokens`")
    kept_share: Figure = Field(description="AutoCode: rollouts of all modes that follow the reference label")
    accepted_share: Figure = Field(description="SIaM: sampled programs that are accepted and distinct")
    paired_share: Figure = Field(description="SIaM: questions with a pair of an accepted and a refused program")
    made_share: Figure = Field(description="cases that come of those asked for in rewritten forms, near misses and attacks")
    rolled_share: Figure = Field(description="cases that come of a policy's programs")

    def uncertain(self) -> list[str]:
        """Names of figures with bounds."""
        return [name for name in type(self).model_fields if getattr(getattr(self, name), "low", None) is not None]

    def at(self, bound: str, names: Iterable[str]) -> "Costs":
        """The same with some figures at a bound: `low` or `high`."""
        return self.model_copy(
            update={name: (one := getattr(self, name)).model_copy(update={"value": getattr(one, bound)}) for name in names}
        )
