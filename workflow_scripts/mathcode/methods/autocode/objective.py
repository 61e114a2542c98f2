"""Objectives of the M-step, in plain torch: what Eq. 9 says, what the released program does, and the SFT likelihood.

All functions take per-token log-probabilities of shape [responses, tokens] and masks of the same shape. They return sums
over the responses given, to be divided by the responses (or tokens) of the whole batch by the caller, so that a batch cut
into micro-batches, or spread over processes, gives the same gradient.
"""

import torch

from mathcode.methods.autocode.settings import Train
from mathcode.training.losses import Batch, Loss

RELEASED_CLIP = 1.2
"""The released program clamps its detached ratio from above only."""

RELEASED_PENALTY = {True: 0.5, False: 0.05}
"""Weight of the released program's log-probability penalty, for correct and for wrong responses."""

RELEASED_DEVICE_BATCH = 2
"""The penalty is summed over a device batch of 2 responses and averaged over device batches: per response it counts twice."""

LARGEST_LOG_RATIO = 60.0
"""Exponentials up to it, summed over a batch, are still finite fp32 numbers."""


def paper(logp: torch.Tensor, batch: Batch, train: Train) -> Loss:
    """Eq. 9: clipped importance ratio times whitened reward on the solution, plus the selection log-loss on the cue.

    The policy part runs over y_a, the tokens after the cue; without a selection term (standard RL) over the whole y, as the
    decision would otherwise have no gradient. Ratio per token, or of the whole sequence p(y_a|x)/xi(y_a|x); 1, with its gradient,
    where a token has no behaviour log-probability.
    `clip_form`: `min` is PPO's, `pure` the product as printed, `detached` weighs the log-likelihood with the clipped ratio.
    """
    solution = batch.loss_mask & ~batch.selection_mask if train.selection_weight > 0 else batch.loss_mask
    lengths = solution.sum(dim=1).clamp(min=1)
    behaviour = torch.where(batch.has_behaviour, batch.behaviour, logp.detach())
    difference = torch.where(solution, logp - behaviour, 0.0)
    advantage = batch.advantage
    if train.ratio_level == "token":
        per_token = _surrogate(_ratio(difference), advantage[:, None], logp, train)
        per_response = torch.where(solution, per_token, 0.0).sum(dim=1) / lengths
    else:
        mean_logp = torch.where(solution, logp, 0.0).sum(dim=1) / lengths
        per_response = _surrogate(_ratio(difference.sum(dim=1)), advantage, mean_logp, train)
        per_response = torch.where(solution.any(dim=1), per_response, 0.0)
    policy = -per_response.sum()
    selection = -torch.where(batch.selection_mask, logp, 0.0).sum()
    total = policy + train.selection_weight * selection
    return Loss(total, policy.item(), selection.item(), _ratio_metrics(difference, solution, train.clip_low, train.clip_high))


def released(logp: torch.Tensor, batch: Batch, train: Train) -> Loss:
    """The released program's loss: detached ratio, clamped from above, times reward and log-likelihood.

    Plus 0.5 (correct) or 0.05 (wrong) times the mean log-probability lost against the behaviour policy. Responses without a
    behaviour log-probability (all of iteration 1, and reflective ones) have ratio 1 and no penalty.
    """
    mask = batch.loss_mask
    lengths = mask.sum(dim=1).clamp(min=1)
    difference = torch.where(mask & batch.has_behaviour, logp - batch.behaviour, 0.0)
    weight = difference.exp().detach().clamp(max=RELEASED_CLIP)
    policy = (torch.where(mask, -logp * weight, 0.0).sum(dim=1) / lengths * batch.advantage).sum()
    strength = torch.where(batch.reward > 0, RELEASED_PENALTY[True], RELEASED_PENALTY[False])
    penalty = RELEASED_DEVICE_BATCH * (strength * -difference.sum(dim=1) / lengths).sum()
    selection = -torch.where(batch.selection_mask, logp.detach(), 0.0).sum()
    return Loss(policy + penalty, policy.item(), selection.item(), _ratio_metrics(difference, mask, 0.0, RELEASED_CLIP))


def _ratio(difference: torch.Tensor) -> torch.Tensor:
    """Importance ratio; bounded, as an infinite one has a gradient of 0 x inf where it is clipped."""
    return difference.clamp(max=LARGEST_LOG_RATIO).exp()


def _surrogate(ratio: torch.Tensor, advantage: torch.Tensor, logp: torch.Tensor, train: Train) -> torch.Tensor:
    clipped = ratio.clamp(train.clip_low, train.clip_high)
    if train.clip_form == "min":
        return torch.minimum(ratio * advantage, clipped * advantage)
    if train.clip_form == "pure":
        return clipped * advantage
    return clipped.detach() * advantage * logp


def _ratio_metrics(difference: torch.Tensor, mask: torch.Tensor, low: float, high: float) -> dict[str, float]:
    """Token sums of: ratio, ratio outside [low, high], and the KL estimate r - 1 - log r >= 0 of tokens from the behaviour."""
    difference, count = difference.detach(), mask.sum().item()
    ratio = difference.exp()
    outside = mask & ((ratio < low) | (ratio > high))
    kl = torch.where(mask, ratio - 1 - difference, 0.0)
    return {
        "ratio": torch.where(mask, ratio, 0.0).sum().item(),
        "clip_share": float(outside.sum().item()),
        "kl_behaviour": kl.sum().item(),
        "tokens": float(count),
    }
