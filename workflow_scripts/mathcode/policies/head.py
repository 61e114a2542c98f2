"""The language-model head and the softmax behind it, piece by piece: no fp32 block of [N, vocabulary] is kept for the backward pass."""

import torch
from torch.nn import functional

PIECE = 2**26
LARGE_PIECE = 2**28
"""Numbers in a piece of logits. On a CPU 256 MiB in fp32, some 400 positions of a vocabulary of 150,000; elsewhere 1 GiB, since every
piece goes through the whole head and its gradient again, and those are as large for a vocabulary of 150,000."""


class SelectedLogprobs(torch.autograd.Function):
    """Natural log-probability of one token at each position.

    `apply(hidden [N, hidden], weight [vocabulary, hidden], bias [vocabulary] or None, targets int64 [N])` returns fp32 [N]. Under
    autocast the product is taken in its type, the softmax always in fp32. Logits that fit into one piece are kept for the backward
    pass; otherwise each piece is computed again there (a third more work of the head, for memory that does not grow with N).
    """

    @staticmethod
    def forward(ctx, hidden, weight, bias, targets):
        kind = hidden.device.type
        ctx.dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
        step = max(1, (PIECE if kind == "cpu" else LARGE_PIECE) // len(weight))
        logp = torch.empty(len(hidden), dtype=torch.float32, device=hidden.device)
        normalisers = torch.empty_like(logp)
        kept = None
        with torch.autocast(kind, enabled=False):
            matrix, offset = _as(ctx.dtype, weight, bias)
            for start in range(0, len(hidden), step):
                piece = slice(start, start + step)
                logits = functional.linear(hidden[piece].to(ctx.dtype), matrix, offset).float()
                normalisers[piece] = logits.logsumexp(dim=-1)
                logp[piece] = logits.gather(1, targets[piece, None]).squeeze(1) - normalisers[piece]
                kept = logits if len(hidden) <= step else None
        ctx.step = step
        ctx.save_for_backward(hidden, weight, bias, targets, normalisers, kept)
        return logp

    @staticmethod
    def backward(ctx, slopes):
        hidden, weight, bias, targets, normalisers, kept = ctx.saved_tensors
        wants_hidden, wants_weight, wants_bias, _ = ctx.needs_input_grad
        to_hidden = torch.empty_like(hidden) if wants_hidden else None
        to_weight = None
        to_bias = torch.zeros_like(bias, dtype=torch.float32) if wants_bias else None
        with torch.autocast(hidden.device.type, enabled=False):
            matrix, offset = _as(ctx.dtype, weight, bias)
            for start in range(0, max(1, len(hidden)), ctx.step):  # once without positions too, for a gradient of zeros
                piece = slice(start, start + ctx.step)
                states = hidden[piece].to(ctx.dtype)
                logits = functional.linear(states, matrix, offset).float() if kept is None else kept
                # d logp / d logits = (1 at the target) - softmax
                to_logits = logits.sub_(normalisers[piece, None]).exp_().mul_(-slopes[piece, None])  # in the memory of the logits
                to_logits.scatter_add_(1, targets[piece, None], slopes[piece, None])
                if wants_bias:
                    to_bias += to_logits.sum(dim=0)
                to_logits = to_logits.to(ctx.dtype)
                if wants_hidden:
                    to_hidden[piece] = to_logits @ matrix
                if wants_weight:
                    to_weight = _added(to_weight, to_logits.T, states)
        return to_hidden, _cast(to_weight, weight), _cast(to_bias, bias), None


def _added(so_far: torch.Tensor | None, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """A product added to those of earlier pieces; several are summed up in fp32."""
    if so_far is None:
        return left @ right
    so_far = so_far.float()
    return so_far.addmm_(left, right) if left.dtype == torch.float32 else so_far.add_(left @ right)


def _as(dtype: torch.dtype, weight: torch.Tensor, bias: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor | None]:
    return weight.to(dtype), None if bias is None else bias.to(dtype)


def _cast(gradient: torch.Tensor | None, like: torch.Tensor | None) -> torch.Tensor | None:
    return None if gradient is None else gradient.to(like.dtype)
