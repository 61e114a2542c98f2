"""Losses of the M-step, off-policy RL on synthesized responses: what Eq. 9 says, and what the released program does.

The reference of the trainer is the behaviour policy here. Losses are sums over responses, to be divided by those of the whole batch.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from mathcode.methods.autocode.settings import OffPolicy
from mathcode.training.losses import Batch, Loss, Total, selection

RELEASED_CLIP = 1.2
"""The released program clamps its detached ratio from above only."""

RELEASED_PENALTY = {True: 0.5, False: 0.05}
"""Weight of the released program's log-probability penalty, for correct and for wrong responses."""

RELEASED_DEVICE_BATCH = 2
"""The penalty is summed over a device batch of 2 responses and averaged over device batches: per response it counts twice."""

LARGEST_LOG_RATIO = 60.0
"""Exponentials up to it, summed over a batch, are still finite fp32 numbers."""


PARTS = {
    "policy_loss": "the loss without its selection part and penalty, per response",
    "selection_loss": "mean -log p of the reference cue, before weighting, nats per response",
    "ratio": "mean importance ratio to the behaviour policy, per token",
    "clip_share": "share of tokens with a ratio outside the clip range",
    "kl_behaviour": "mean estimated KL to the behaviour policy, nats per token",
    "advantage": "mean advantage of the batch",
}


class Paper(Loss):
    """Eq. 9: clipped importance ratio times whitened reward on the solution, plus the selection log-loss on the cue.

    The policy part runs over y_a, the tokens after the cue; without a selection term (standard RL) over the whole y, as the
    decision would otherwise have no gradient. Ratio per token, or of the whole sequence p(y_a|x)/xi(y_a|x); 1, with its gradient,
    where a token has no behaviour log-probability.
    `clip_form`: `min` is PPO's, `pure` the product as printed, `detached` weighs the log-likelihood with the clipped ratio.
    """

    reads = "off_policy"
    per = "response"
    needs_reference = True
    parts: ClassVar = PARTS

    def __init__(self, numbers: OffPolicy):
        self.numbers = numbers

    def unreferenced(self, row: Mapping[str, Any]) -> int:
        """No policy sampled the hint, which stands before the cue: with its ratio the clip would hold it where it is."""
        return row["selection_mask"].index(True) if row["kind"] == "reflective" else 0

    def __call__(self, logp: torch.Tensor, batch: Batch) -> Total:
        numbers = self.numbers
        solution = batch.loss_mask & ~batch.selection_mask if numbers.selection_weight > 0 else batch.loss_mask
        lengths = solution.sum(dim=1).clamp(min=1)
        behaviour = torch.where(batch.has_reference, batch.reference, logp.detach())
        difference = torch.where(solution, logp - behaviour, 0.0)
        advantage = batch.advantage
        if numbers.ratio_level == "token":
            per_token = _surrogate(_ratio(difference), advantage[:, None], logp, numbers)
            per_response = torch.where(solution, per_token, 0.0).sum(dim=1) / lengths
        else:
            mean_logp = torch.where(solution, logp, 0.0).sum(dim=1) / lengths
            per_response = _surrogate(_ratio(difference.sum(dim=1)), advantage, mean_logp, numbers)
            per_response = torch.where(solution.any(dim=1), per_response, 0.0)
        policy = -per_response.sum()
        cue = -torch.where(batch.selection_mask, logp, 0.0).sum()
        measured = _measured(policy, logp, batch, difference, solution, numbers.clip_low, numbers.clip_high)
        return Total(policy + numbers.selection_weight * cue, measured)


class Released(Loss):
    """The released program's loss: detached ratio, clamped from above, times reward and log-likelihood.

    Plus 0.5 (correct) or 0.05 (wrong) times the mean log-probability lost against the behaviour policy. Responses without a
    behaviour log-probability (all of iteration 1, and reflective ones) have ratio 1 and no penalty.
    """

    reads = "off_policy"
    per = "response"
    parts: ClassVar = PARTS

    def __init__(self, numbers: OffPolicy):
        """Its clip and its penalty are constants of that program: `numbers` change nothing."""

    def unreferenced(self, row: Mapping[str, Any]) -> int:
        """Reflective responses have no behaviour log-probabilities there."""
        return len(row["token_ids"]) if row["kind"] == "reflective" else 0

    def __call__(self, logp: torch.Tensor, batch: Batch) -> Total:
        mask = batch.loss_mask
        lengths = mask.sum(dim=1).clamp(min=1)
        difference = torch.where(mask & batch.has_reference, logp - batch.reference, 0.0)
        weight = difference.exp().detach().clamp(max=RELEASED_CLIP)
        policy = (torch.where(mask, -logp * weight, 0.0).sum(dim=1) / lengths * batch.advantage).sum()
        strength = torch.where(batch.reward > 0, RELEASED_PENALTY[True], RELEASED_PENALTY[False])
        penalty = RELEASED_DEVICE_BATCH * (strength * -difference.sum(dim=1) / lengths).sum()
        return Total(policy + penalty, _measured(policy, logp, batch, difference, mask, 0.0, RELEASED_CLIP))


class ReleasedFirst(Released):
    """What the released program does in its first round: it has no behaviour log-probabilities yet, so all ratios are 1."""

    def unreferenced(self, row: Mapping[str, Any]) -> int:
        return len(row["token_ids"])


def _ratio(difference: torch.Tensor) -> torch.Tensor:
    """Importance ratio; bounded, as an infinite one has a gradient of 0 x inf where it is clipped."""
    return difference.clamp(max=LARGEST_LOG_RATIO).exp()


def _surrogate(ratio: torch.Tensor, advantage: torch.Tensor, logp: torch.Tensor, numbers: OffPolicy) -> torch.Tensor:
    clipped = ratio.clamp(numbers.clip_low, numbers.clip_high)
    if numbers.clip_form == "min":
        return torch.minimum(ratio * advantage, clipped * advantage)
    if numbers.clip_form == "pure":
        return clipped * advantage
    return clipped.detach() * advantage * logp


def _measured(
    policy: torch.Tensor, logp: torch.Tensor, batch: Batch, difference: torch.Tensor, mask: torch.Tensor, low: float, high: float
) -> dict[str, tuple[float, float]]:
    """Parts, each a sum and a count: those of responses; over the tokens of `mask` the ratio, whether it is outside [low, high], and
    the KL estimate r - 1 - log r >= 0 of tokens from the behaviour policy."""
    difference, responses, tokens = difference.detach(), float(len(logp)), float(mask.sum().item())
    ratio = difference.exp()
    outside = mask & ((ratio < low) | (ratio > high))
    kl = torch.where(mask, ratio - 1 - difference, 0.0)
    return {
        "policy_loss": (policy.item(), responses),
        "selection_loss": selection(logp, batch),
        "ratio": (torch.where(mask, ratio, 0.0).sum().item(), tokens),
        "clip_share": (float(outside.sum().item()), tokens),
        "kl_behaviour": (kl.sum().item(), tokens),
        "advantage": (batch.advantage.sum().item(), responses),
    }
