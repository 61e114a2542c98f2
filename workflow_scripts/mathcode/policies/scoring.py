"""One training loop for Code4Math SFT and for RL: resumable, deterministic on a CPU, one or many processes.

The order of the data follows from seed and step alone, so a run killed at any moment and resumed from its last checkpoint
ends with the weights of an uninterrupted one. Checkpoints are undeclared files: Snakemake deletes a failed job's outputs.
"""

import torch
from torch.nn import functional
from tqdm import tqdm

from mathcode.core import gpu_watch
from mathcode.training import losses
from mathcode.training.batches import by_tokens
from mathcode.training.examples import Example

IGNORED = -100
"""cross_entropy's label for positions without a loss."""


def token_logprobs(model, examples: list[Example], pad: int) -> tuple[torch.Tensor, losses.Batch]:
    """Log-probability of every response token under the model, shape [B, T] (T: longest response), and the padded masks."""
    device = next(model.parameters()).device
    width = max(example.length for example in examples)
    longest = max(len(example.response_ids) for example in examples)
    ids = torch.full((len(examples), width), pad)
    attention = torch.zeros_like(ids)
    labels = torch.full((len(examples), width), IGNORED)
    for row, example in enumerate(examples):
        start, end = len(example.prompt_ids), example.length
        ids[row, :end] = torch.tensor(example.prompt_ids + example.response_ids)
        attention[row, :end] = 1
        labels[row, start:end] = ids[row, start:end]
    logits = model(input_ids=ids.to(device), attention_mask=attention.to(device)).logits[:, :-1]
    flat = -functional.cross_entropy(
        logits.float().flatten(0, 1), labels[:, 1:].to(device).flatten(), ignore_index=IGNORED, reduction="none"
    ).view(len(examples), width - 1)
    # Response token t of a row stands at prompt length + t, and is predicted one position earlier.
    offsets = torch.tensor([len(example.prompt_ids) for example in examples])[:, None] - 1 + torch.arange(longest)
    logp = flat.gather(1, offsets.clamp(max=width - 2).to(device))
    behaviour = [example.behaviour or [] for example in examples]
    batch = losses.Batch(
        loss_mask=padded([example.loss_mask for example in examples], longest, torch.bool, device),
        selection_mask=padded([example.selection_mask for example in examples], longest, torch.bool, device),
        behaviour=padded([[value or 0.0 for value in row] for row in behaviour], longest, torch.float32, device),
        has_behaviour=padded([[value is not None for value in row] for row in behaviour], longest, torch.bool, device),
        advantage=torch.tensor([example.advantage for example in examples], dtype=torch.float32, device=device),
        reward=torch.tensor([example.reward for example in examples], dtype=torch.float32, device=device),
    )
    return logp, batch


@gpu_watch.watched()
def score(model, examples: list[Example], pad: int, micro_batch_tokens: int, label: str) -> list[list[float]]:
    """Teacher forcing: the log-probability of each loss token of each example, in the examples' order."""
    order = sorted(range(len(examples)), key=lambda index: (examples[index].length, index))
    scored: dict[int, list[float]] = {}
    model.eval()
    with torch.inference_mode(), tqdm(total=len(examples), desc=label, unit="response", mininterval=5) as progress:
        for indices in by_tokens(order, examples, micro_batch_tokens):
            logp, batch = token_logprobs(model, [examples[index] for index in indices], pad)
            for row, index in enumerate(indices):
                scored[index] = logp[row][batch.loss_mask[row]].tolist()
            progress.update(len(indices))
    return [scored[index] for index in range(len(examples))]


def padded(rows: list[list], width: int, dtype: torch.dtype, device) -> torch.Tensor:
    out = torch.zeros((len(rows), width), dtype=dtype)
    for row, values in enumerate(rows):
        if values:
            out[row, : len(values)] = torch.tensor(values, dtype=dtype)
    return out.to(device)
