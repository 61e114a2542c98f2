"""Engines: token sequences in, sampled continuations out, each row with its own random stream.

Two real implementations of one protocol: `TransformersEngine` (CPU or GPU) and `VllmEngine`. Both stop at the end of
text or at the ```output fence, both return the tokens as sampled, and both report the model's own log-probability of each
token (before temperature and top-p), so that it can be compared with teacher forcing.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Literal, Protocol

from mathcode import settings
from mathcode.core.errors import UserError
from mathcode.policies import folders


class GenerationError(UserError):
    """An engine cannot be started, or was asked for something it cannot do."""


@dataclass(frozen=True)
class Request:
    """One row: the tokens so far, the seed of its random stream, and how many tokens it may add."""

    token_ids: list[int]
    seed: int
    max_new_tokens: int


@dataclass(frozen=True)
class Completion:
    """The tokens added to a row (end-of-text token included), their log-probabilities (nats), and why it ended."""

    token_ids: list[int]
    logprobs: list[float]
    ended: Literal["fence", "eos", "length"]


ENGINES = {
    "transformers": "mathcode.rollouts.transformers_engine:TransformersEngine",
    "vllm": "mathcode.rollouts.vllm_engine:VllmEngine",
}
"""Engines by the name settings give them: module and class, made from the model's folder and the sections `engine` and sampling.

One is imported when it is started.
"""


class Engine(Protocol):
    """Samples continuations; a row's tokens depend on its own seed, not on its neighbours.

    Rows are handed in together (`generate`), or one by one (`submit`) between the steps in which all that were handed in go on.
    """

    tokenizer: object
    """The policy's own (`mathcode.policies.folders.load_tokenizer`)."""
    slots: int
    """Rows that are decoded at once; of those submitted beyond, the later ones wait."""

    def generate(self, requests: list[Request]) -> list[Completion]:
        """One completion per request, in order."""
        ...

    def submit(self, request: Request) -> int:
        """Let a row enter with the next step; its number."""
        ...

    def step(self) -> dict[int, Completion]:
        """Write the next token of every row, or more; the rows that have ended, by number."""
        ...


def start_engine(model: str, engine: settings.Engine, sampling: settings.Sampling) -> Engine:
    """Load the policy in folder `model` into the engine that the settings name.

    Raises:
        GenerationError: there is no such engine, or its library is not installed.
        ModelError: the folder holds no model, or one of fewer positions than `engine.max_model_len`.
    """
    if engine.name not in ENGINES:
        raise GenerationError(f"unknown engine '{engine.name}'; there are: {', '.join(ENGINES)}")
    folders.refuse_beyond(model, engine.max_model_len, "engine.max_model_len")
    module, _, attribute = ENGINES[engine.name].partition(":")
    return getattr(import_module(module), attribute)(model, engine, sampling)
