"""What a training step minimises: sums over a micro-batch, so that a batch cut into pieces has the same gradient."""

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Batch:
    """Responses padded to [B, T]; `behaviour` holds log-probabilities under the frozen policy where `has_behaviour`, else 0."""

    loss_mask: torch.Tensor
    selection_mask: torch.Tensor
    behaviour: torch.Tensor
    has_behaviour: torch.Tensor
    advantage: torch.Tensor
    reward: torch.Tensor


@dataclass(frozen=True)
class Loss:
    """Summed loss (to minimise) and its detached parts, each summed over responses."""

    total: torch.Tensor
    policy: float
    selection: float
    metrics: dict[str, float]


Compute = Callable[[torch.Tensor, Batch], Loss]


def likelihood(logp: torch.Tensor, loss_mask: torch.Tensor) -> torch.Tensor:
    """SFT: summed negative log-likelihood of the loss tokens (divide by their number in the batch)."""
    return -(logp * loss_mask).sum()


def sft_loss(logp: torch.Tensor, batch: Batch) -> Loss:
    """The SFT likelihood in the form of the other objectives."""
    total = likelihood(logp, batch.loss_mask)
    cue = -torch.where(batch.selection_mask, logp.detach(), 0.0).sum().item()
    return Loss(total, total.item(), cue, {"tokens": float(batch.loss_mask.sum().item())})
