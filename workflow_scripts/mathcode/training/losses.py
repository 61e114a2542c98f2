"""What a training step minimises: a sum over a micro-batch, so that a batch cut into pieces, or spread over processes, has one gradient.

A loss is given the log-probabilities of a micro-batch and never the model. Losses over pairs stand in `preferences`, those of one
method with that method; `mathcode.configuration.LOSSES` names them all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from pydantic import Field

from mathcode.settings import Section

if TYPE_CHECKING:
    from mathcode.training.examples import Example


@dataclass(frozen=True)
class Batch:
    """A micro-batch of B responses, filled up to T tokens.

    Attributes:
        loss_mask, selection_mask: bool [B, T].
        reference: [B, T] natural log-probabilities under the model training starts from where `has_reference`, else 0.
        advantage, reward, weight: [B].
        pair: int64 [B], the pair a response belongs to; -1: none.
        side: int64 [B], 1 for the chosen response of a pair, 0 for the rejected one.
        kinds: B words, how each response was made.
        chosen_tokens: mean loss tokens of a chosen response over the whole batch, of which this may be a part.
    """

    loss_mask: torch.Tensor
    selection_mask: torch.Tensor
    reference: torch.Tensor
    has_reference: torch.Tensor
    advantage: torch.Tensor
    reward: torch.Tensor
    weight: torch.Tensor
    pair: torch.Tensor
    side: torch.Tensor
    kinds: Sequence[str]
    chosen_tokens: float = 1.0


Part = tuple[torch.Tensor | float, torch.Tensor | float]


@dataclass(frozen=True)
class Total:
    """A loss summed over a micro-batch, fp32 scalar, and its detached parts: of each a sum and the number of things summed up.

    Parts stay tensors where they are computed: to read one before the backward pass would let a GPU wait for it.
    """

    value: torch.Tensor
    parts: dict[str, Part] = field(default_factory=dict)


class Loss:
    """What is minimised.

    Attributes:
        reads: kind of rows of table `training` it takes; it refuses others.
        per: what its sum is divided by, counted over the whole batch: loss tokens, responses or pairs.
        needs_reference: it cannot do without log-probabilities under the model training starts from.
        parts: parts it reports, and their meaning.
        watched: further ones for who looks on while it trains; no table has them.
    """

    reads: ClassVar[str]
    per: ClassVar[Literal["token", "response", "pair"]]
    needs_reference: ClassVar[bool] = False
    parts: ClassVar[Mapping[str, str]] = {}
    watched: ClassVar[Mapping[str, str]] = {}

    def __call__(self, logp: torch.Tensor, batch: Batch) -> Total:
        """The sum over a micro-batch whose tokens have log-probabilities `logp`, [B, T]."""
        raise NotImplementedError

    def unreferenced(self, row: Mapping[str, Any]) -> int:
        """How many first tokens of a row of table `training` have no reference: nobody sampled them."""
        return 0


class Likelihood(Loss):
    """Supervised fine-tuning: -log p of the loss tokens, each response times its weight."""

    reads = "likelihood"
    per = "token"
    parts: ClassVar = {"selection_loss": "mean -log p of the marked decision, nats per response"}

    def __call__(self, logp: torch.Tensor, batch: Batch) -> Total:
        value = -(logp * batch.loss_mask * batch.weight[:, None]).sum()
        return Total(value, {"selection_loss": selection(logp, batch)})


class LabelNumbers(Section):
    """What `LabelLikelihood` is set to."""

    result_weight: float = Field(default=0.0, ge=0, description="weight of the likelihood of right results beside the label; ours")


class LabelLikelihood(Loss):
    """A critic's training: -log p of the label that stands behind a case, each case times its weight.

    The label is what is marked as decision, or all loss tokens where nothing is. Other loss tokens are those of a right result: they add
    their mean -log p, times `result_weight` (a side task of ours).
    """

    reads = "label"
    per = "response"
    parts: ClassVar = {"label_probability": "mean probability of the right label"}

    def __init__(self, numbers: LabelNumbers = LabelNumbers()):  # noqa: B008 (frozen)
        self._numbers = numbers

    def __call__(self, logp: torch.Tensor, batch: Batch) -> Total:
        decided = batch.loss_mask & batch.selection_mask
        decided = torch.where(decided.any(dim=1, keepdim=True), decided, batch.loss_mask)
        label = torch.where(decided, logp, 0.0).sum(dim=1)
        others = batch.loss_mask & ~decided
        result = torch.where(others, logp, 0.0).sum(dim=1) / others.sum(dim=1).clamp(min=1)
        value = -((label + self._numbers.result_weight * result) * batch.weight).sum()
        return Total(value, {"label_probability": (label.detach().exp().sum(), float(len(label)))})


def selection(logp: torch.Tensor, batch: Batch) -> Part:
    """-log p of the decision, summed over responses, and their number: a part of a `Total`."""
    return -torch.where(batch.selection_mask, logp.detach(), 0.0).sum(), float(len(logp))


def batch_of(examples: Sequence["Example"], device: torch.device | str, chosen_tokens: float = 1.0) -> Batch:
    """Examples filled up to one micro-batch on `device`; see `Batch` for the shapes and for `chosen_tokens`."""
    longest = max(len(example.response_ids) for example in examples)
    references = [example.reference or [] for example in examples]

    def numbers(name: str, dtype: torch.dtype) -> torch.Tensor:
        return torch.tensor([getattr(example, name) for example in examples], dtype=dtype, device=device)

    return Batch(
        loss_mask=padded([example.loss_mask for example in examples], longest, torch.bool, device),
        selection_mask=padded([example.selection_mask for example in examples], longest, torch.bool, device),
        reference=padded([[value or 0.0 for value in row] for row in references], longest, torch.float32, device),
        has_reference=padded([[value is not None for value in row] for row in references], longest, torch.bool, device),
        **{name: numbers(name, torch.float32) for name in ("advantage", "reward", "weight")},
        **{name: numbers(name, torch.int64) for name in ("pair", "side")},
        kinds=[example.kind for example in examples],
        chosen_tokens=chosen_tokens,
    )


def mean_chosen_tokens(examples: Sequence["Example"]) -> float:
    """Mean number of loss tokens of the chosen responses; 1 where there are none."""
    lengths = [sum(example.loss_mask) for example in examples if example.pair >= 0 and example.side == 1]
    return sum(lengths) / len(lengths) if lengths else 1.0


def padded(rows: list[list], width: int, dtype: torch.dtype, device: torch.device | str) -> torch.Tensor:
    """Rows of any length as [len(rows), width], filled up with 0 or False."""
    out = torch.zeros((len(rows), width), dtype=dtype)
    for row, values in enumerate(rows):
        if values:
            out[row, : len(values)] = torch.tensor(values, dtype=dtype)
    return out.to(device)
