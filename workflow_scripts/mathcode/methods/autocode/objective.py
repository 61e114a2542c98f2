"""Losses of the M-step, off-policy RL on synthesized responses: what Eq. 9 says, and what the released program does.

The reference of the trainer is the behaviour policy here. Losses are sums over responses, to be divided by those of the whole batch.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch

from mathcode.methods.autocode.form import KINDS, REHEARSED
from mathcode.methods.autocode.settings import OffPolicy
from mathcode.training.losses import Batch, Loss, Part, Total, selection

RELEASED_CLIP = 1.2
"""The released program clamps its detached ratio from above only."""

RELEASED_PENALTY = {True: 0.5, False: 0.05}
"""Weight of the released program's log-probability penalty, for correct and for wrong responses."""

RELEASED_DEVICE_BATCH = 2
"""The penalty is summed over a device batch of 2 responses and averaged over device batches: per response it counts twice."""

LARGEST_LOG_RATIO = 60.0
"""Exponentials up to it, summed over a batch, are still finite fp32 numbers."""


WATCHED = {
    "ratio": "mean importance ratio to the behaviour policy, per token",
    "ratio_squared": "mean of its square; (mean ratio)^2 over it is the share of tokens that an equally weighted sample would need",
    "clip_share": "share of tokens with a ratio outside the clip range",
    "kl_behaviour": "mean estimated KL to the behaviour policy, nats per token",
}
"""How far the policy is from the one that wrote its data: of all tokens, and of each kind of response, as in `ratio/reflective`."""

PARTS = {
    "policy_loss": "the loss without its selection part and penalty, per response",
    "selection_loss": "mean -log p of the reference cue (and of the hint, with learn_hint: selection), before weighting, nats per response",
    "advantage": "mean advantage of the batch",
    **WATCHED,
    **{f"{name}/{kind}": f"{meaning}; {words}" for kind, words in KINDS.items() for name, meaning in WATCHED.items()},
}

SHOWN = {"reward": "mean reward of the batch"}


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
    watched: ClassVar = SHOWN

    def __init__(self, numbers: OffPolicy):
        self.numbers = numbers

    def unreferenced(self, row: Mapping[str, Any]) -> int:
        """No policy sampled the hint, which stands before the cue: with its ratio the clip would hold it where it is.
        None sampled a demonstration that is rehearsed."""
        if row["kind"] == REHEARSED:
            return len(row["token_ids"])
        if row["kind"] != "reflective":
            return 0
        marked = row["selection_mask"]
        return len(marked) if self.numbers.reflective_ratio == "one" or True not in marked else marked.index(True)

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
    watched: ClassVar = SHOWN

    def unreferenced(self, row: Mapping[str, Any]) -> int:
        """Reflective responses have no behaviour log-probabilities there, and rehearsed demonstrations none anywhere."""
        return len(row["token_ids"]) if row["kind"] in ("reflective", REHEARSED) else 0

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
) -> dict[str, Part]:
    """Parts, each a sum and a count: those of responses; what is watched over the tokens of `mask`, of all and of each kind of response:
    the ratio, its square, whether it is outside [low, high], and the KL estimate r - 1 - log r >= 0 from the behaviour policy."""
    responses = float(len(logp))
    parts = {
        "policy_loss": (policy.detach(), responses),
        "selection_loss": selection(logp, batch),
        "advantage": (batch.advantage.sum(), responses),
        "reward": (batch.reward.sum(), responses),
    }
    difference = difference.detach().double()  # squares of the largest ratios are no fp32 numbers
    ratio = difference.exp()
    watched = torch.stack([ratio, ratio**2, ((ratio < low) | (ratio > high)).double(), ratio - 1 - difference, torch.ones_like(ratio)])
    of_kind = {f"/{kind}": torch.tensor([one == kind for one in batch.kinds], device=mask.device)[:, None] for kind in KINDS}
    counted = {"": mask} | {suffix: mask & made_so for suffix, made_so in of_kind.items()}
    sums = torch.where(torch.stack([*counted.values()])[:, None], watched, 0.0).sum(dim=(2, 3))
    for suffix, (*found, tokens) in zip(counted, sums, strict=True):
        parts |= {f"{name}{suffix}": (value, tokens) for name, value in zip(WATCHED, found, strict=True)}
    return parts
