"""Losses over pairs of responses to one prompt, a chosen and a rejected one: DPO and ORPO, each with a likelihood term of the chosen one.

Sums over pairs, to be divided by the pairs of the whole batch. A likelihood term has a weight and a normalisation, which decides
what the weight means: `sum` adds -log p of the whole chosen response, `mean` that of one token of it (over all chosen tokens of the
batch, as TRL does; TRL takes its micro-batch for the batch). Both numbers belong beside every result.

Sources: DPO, arXiv 2305.18290, Eq. 7; its length-normalised form, arXiv 2411.15124; ORPO, arXiv 2403.07691, Eq. 4, 6 and 7. Parity with
TRL 1.16 is tested: `DPOTrainer` (`sigmoid`, `sigmoid_norm`, `sft`) and `ORPOTrainer`, of which ours leaves the prompt out.
"""

from typing import ClassVar, Literal

import torch
from pydantic import Field
from torch.nn import functional

from mathcode import settings
from mathcode.training.losses import Batch, Loss, Part, Total

SURE = -torch.finfo(torch.float32).eps
"""Mean log-probability from which on odds are no longer told apart: at 0 they are infinite, and so is their gradient."""

LOGPROBS = {"chosen_logprob": "log p of the chosen response", "rejected_logprob": "log p of the rejected response"}
"""Parts that both losses report: alignment may raise the one, or lower both."""


class DPONumbers(settings.Section):
    """What DPO is set to."""

    beta: settings.PositiveNumber = Field(default=0.1, description="strength of the pull to the reference model")
    length_normalised: bool = Field(default=False, description="log-ratios are means over tokens instead of sums")
    likelihood_weight: float = Field(default=0.0, ge=0, description="weight of the chosen response's -log p")
    likelihood_normalisation: Literal["mean", "sum"] = Field(default="mean", description="of that term: per token, or per response")


class ORPONumbers(settings.Section):
    """What ORPO is set to."""

    odds_weight: float = Field(default=0.1, ge=0, description="lambda of the paper, `beta` in TRL")
    likelihood_weight: float = Field(default=1.0, ge=0, description="weight of the chosen response's -log p")
    likelihood_normalisation: Literal["mean", "sum"] = Field(default="mean", description="of that term: per token, or per response")


class DPO(Loss):
    """-log sigmoid(beta x (log-ratio of the chosen - log-ratio of the rejected response)), plus the likelihood term.

    A log-ratio is log p - log p_reference over the loss tokens of a response: their sum, or their mean where `length_normalised`.
    """

    reads = "pair"
    per = "pair"
    needs_reference = True
    parts: ClassVar = {
        "preference_loss": "-log sigmoid of the margin, per pair",
        "likelihood_loss": "-log p of the chosen response before weighting, per pair, normalised as set",
        "margin": "beta x (log-ratio of the chosen - of the rejected response), per pair",
        "chosen_reward": "beta x log-ratio of the chosen response",
        "rejected_reward": "beta x log-ratio of the rejected response",
        **LOGPROBS,
        "preferred": "share of pairs with a margin above 0",
    }

    def __init__(self, numbers: DPONumbers):
        self.numbers = numbers

    def __call__(self, logp: torch.Tensor, batch: Batch) -> Total:
        chosen, rejected = sides(batch)
        summed = torch.where(batch.loss_mask, logp, 0.0).sum(dim=1)
        scores = torch.where(batch.loss_mask, logp - batch.reference, 0.0).sum(dim=1)
        if self.numbers.length_normalised:
            scores = scores / lengths(batch)
        rewards = self.numbers.beta * scores
        margin = rewards[chosen] - rewards[rejected]
        preference = -functional.logsigmoid(margin)
        likelihood = chosen_likelihood(summed, batch, chosen, self.numbers.likelihood_normalisation)
        value = ((preference + self.numbers.likelihood_weight * likelihood) * batch.weight[chosen]).sum()
        measured = {"chosen_reward": rewards[chosen], "rejected_reward": rewards[rejected], "preferred": (margin > 0).float()}
        measured |= {"chosen_logprob": summed[chosen], "rejected_logprob": summed[rejected]}
        return Total(value, means(preference_loss=preference, likelihood_loss=likelihood, margin=margin, **measured))


class ORPO(Loss):
    """Likelihood of the chosen response, plus `odds_weight` x -log sigmoid(log odds of the chosen - log odds of the rejected one).

    odds = P / (1 - P), P = exp(mean log-probability of a response's loss tokens). There is no reference model.
    """

    reads = "pair"
    per = "pair"
    parts: ClassVar = {
        "preference_loss": "-log sigmoid of the difference of log odds, per pair",
        "likelihood_loss": "-log p of the chosen response before weighting, per pair, normalised as set",
        "margin": "log odds of the chosen - of the rejected response, per pair",
        **LOGPROBS,
        "preferred": "share of pairs with a margin above 0",
    }

    def __init__(self, numbers: ORPONumbers):
        self.numbers = numbers

    def __call__(self, logp: torch.Tensor, batch: Batch) -> Total:
        chosen, rejected = sides(batch)
        summed = torch.where(batch.loss_mask, logp, 0.0).sum(dim=1)
        odds = log_odds(summed / lengths(batch))
        margin = odds[chosen] - odds[rejected]
        preference = -functional.logsigmoid(margin)
        likelihood = chosen_likelihood(summed, batch, chosen, self.numbers.likelihood_normalisation)
        per_pair = self.numbers.odds_weight * preference + self.numbers.likelihood_weight * likelihood
        value = (per_pair * batch.weight[chosen]).sum()
        measured = {"margin": margin, "preferred": (margin > 0).float()}
        measured |= {"chosen_logprob": summed[chosen], "rejected_logprob": summed[rejected]}
        return Total(value, means(preference_loss=preference, likelihood_loss=likelihood, **measured))


def sides(batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of the chosen and of the rejected responses, int64 [pairs] each, pair by pair. No pair is cut (`batches.units`)."""
    chosen, rejected = torch.argsort(2 * batch.pair - batch.side).view(-1, 2).unbind(dim=1)
    return chosen, rejected


def lengths(batch: Batch) -> torch.Tensor:
    """Loss tokens of each response, [B], at least 1."""
    return batch.loss_mask.sum(dim=1).clamp(min=1)


def chosen_likelihood(summed: torch.Tensor, batch: Batch, chosen: torch.Tensor, normalisation: str) -> torch.Tensor:
    """-log p of each chosen response, [pairs]: with `sum` over its loss tokens; with `mean` scaled so that the mean over pairs equals the
    mean over all loss tokens of chosen responses.

    Args:
        summed: log p of each response, [B].
    """
    return -summed[chosen] if normalisation == "sum" else -summed[chosen] / batch.chosen_tokens


def log_odds(mean_logp: torch.Tensor) -> torch.Tensor:
    """log(P / (1 - P)) of P = exp(mean_logp), finite with a finite gradient up to P = 1."""
    mean_logp = mean_logp.clamp(max=SURE)
    return mean_logp - log1mexp(mean_logp)


def log1mexp(values: torch.Tensor) -> torch.Tensor:
    """log(1 - exp(values)) of values below 0, each branch where it is exact; the other one is given what keeps its gradient finite."""
    near = values > -0.6931471805599453  # -log 2
    from_near = torch.log(-torch.expm1(torch.where(near, values, -1.0)))
    from_far = torch.log1p(-torch.exp(torch.where(near, -1.0, values)))
    return torch.where(near, from_near, from_far)


def means(**values: torch.Tensor) -> dict[str, Part]:
    """Detached parts of a `Total`: of each its sum over pairs and their number."""
    return {name: (value.detach().sum(), float(len(value))) for name, value in values.items()}
