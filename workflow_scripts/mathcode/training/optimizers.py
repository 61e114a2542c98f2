"""Optimisers and the learning rate of a step."""

import functools
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


class Muon(torch.optim.Muon):
    """Torch's Muon, its Newton-Schulz iteration taken in the type of the gradient.

    Torch (2.13) takes bfloat16 always. A CPU without instructions for it is then slower than in fp32 (docs/engines.md), and rounds
    otherwise than one that has them, so that the same seed trains another policy there.
    """

    @torch.no_grad()
    def step(self, closure=None):
        """One step over every matrix that has a gradient; closures are not supported."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._update(matrix, group)

    def _update(self, matrix: torch.Tensor, group: dict) -> None:
        momentum = self.state[matrix].setdefault("momentum_buffer", torch.zeros_like(matrix.grad))
        momentum.lerp_(matrix.grad, 1 - group["momentum"])
        direction = matrix.grad.lerp(momentum, group["momentum"]) if group["nesterov"] else momentum
        direction = orthogonalised(direction, group["ns_coefficients"], group["ns_steps"], group["eps"])
        # As large as AdamW's updates ("match_rms_adamw": Moonshot, arXiv 2502.16982), whatever the shape.
        rate = group["lr"] * 0.2 * max(matrix.shape) ** 0.5
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(direction, alpha=-rate)


def orthogonalised(matrix: torch.Tensor, coefficients: tuple[float, float, float], steps: int, epsilon: float) -> torch.Tensor:
    """The matrix with its singular values pushed towards 1, by a quintic Newton-Schulz iteration; its type and shape stay."""
    a, b, c = coefficients
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    wide = wide / wide.norm().clamp(min=epsilon)  # no singular value above 1
    for _ in range(steps):
        gram = wide @ wide.T
        wide = torch.addmm(wide, torch.addmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide if matrix.shape[0] <= matrix.shape[1] else wide.T


def make_optimizers(model, chosen: settings.Optimizer, rate: float) -> list[torch.optim.Optimizer]:
    """AdamW, or Muon on the blocks' matrices and AdamW on the rest, if any: LoRA trains matrices of blocks alone.

    AdamW runs as one fused kernel where the fastest kernels are asked for: on a CPU that takes a fifth of the time. It rounds
    otherwise than the same operations one by one, which the fixed kernels keep.
    """
    adamw = functools.partial(torch.optim.AdamW, fused=True if chosen.kernels == "native" else None)
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    if chosen.optimizer == "adamw":
        return [adamw([parameter for _, parameter in trained], lr=rate, weight_decay=chosen.weight_decay)]
    matrices = [parameter for name, parameter in trained if parameter.ndim == 2 and ".layers." in name]
    inside = {id(parameter) for parameter in matrices}
    rest = [parameter for _, parameter in trained if id(parameter) not in inside]
    kinds = [(Muon, matrices), (adamw, rest)]
    return [kind(parameters, lr=rate, weight_decay=chosen.weight_decay) for kind, parameters in kinds if parameters]
