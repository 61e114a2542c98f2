"""Optimisers and the learning rate of a step."""

import math

import torch

from mathcode import settings


def schedule(step: int, total: int, chosen: settings.Optimizer) -> float:
    """Multiplier of the peak learning rate at optimiser step `step` (from 0) of `total`."""
    warmup = max(1, math.ceil(chosen.warmup * total)) if chosen.warmup else 0
    if step < warmup:
        return (step + 1) / warmup
    done = (step - warmup) / max(1, total - warmup)
    if chosen.schedule == "constant":
        return 1.0
    if chosen.schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * done))
    if chosen.schedule == "linear":
        return 1 - done
    return 1.0 if done < 0.3 else 1 - 0.99 * (done - 0.3) / 0.7  # flat_linear: 30 % flat, then down to 1 %


def make_optimizers(model, chosen: settings.Optimizer, rate: float) -> list[torch.optim.Optimizer]:
    """AdamW, or Muon on the blocks' matrices and AdamW on the rest."""
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    if chosen.optimizer == "adamw":
        return [torch.optim.AdamW([parameter for _, parameter in trained], lr=rate, weight_decay=chosen.weight_decay)]
    matrices = [parameter for name, parameter in trained if parameter.ndim == 2 and ".layers." in name]
    inside = {id(parameter) for parameter in matrices}
    rest = [parameter for _, parameter in trained if id(parameter) not in inside]
    return [
        torch.optim.Muon(matrices, lr=rate, weight_decay=chosen.weight_decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=rate, weight_decay=chosen.weight_decay),
    ]
