"""Log-probabilities under a policy, with the language-model head at the positions somebody looks at and nowhere else.

The logits of a batch, [B, T, vocabulary], are its largest tensor by far, and most of them are of prompts, padding and execution output.
Here the model's own forward runs as always (adapters, gradient checkpointing, sharding and autocast see nothing unusual); for that
one call its head takes the hidden states of the wanted positions, [N, hidden], and returns what was asked of their logits.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from tqdm import tqdm

from mathcode.core import gpu_watch
from mathcode.core.errors import UserError
from mathcode.policies.head import SelectedLogprobs
from mathcode.policies.micro_batches import by_tokens

SCALED_LOGITS = ("final_logit_softcapping", "logit_scale", "logits_scaling", "lm_head_multiplier", "output_multiplier")
"""Settings of models that change their logits after the head, which here returns none."""


class ScoringError(UserError):
    """A model whose head cannot be computed at single positions, or a sequence that nothing precedes."""


@dataclass(frozen=True)
class TokenSequence:
    """A prompt and what follows it, as token ids; `loss_mask` marks, of what follows, the tokens that are scored."""

    prompt_ids: list[int]
    response_ids: list[int]
    loss_mask: list[bool]

    @property
    def length(self) -> int:
        """Tokens of prompt and response."""
        return len(self.prompt_ids) + len(self.response_ids)

    @property
    def looked_at(self) -> list[bool]:
        """Per token of the response: its log-probability is wanted."""
        return self.loss_mask


def token_logprobs(model, sequences: Sequence[TokenSequence], pad: int) -> torch.Tensor:
    """Natural log-probability of every token that is looked at, given all before it.

    Args:
        model: causal language model, whole, sharded, or with adapters.
        pad: token id that fills up shorter rows on the right, where no token looks at it.

    Returns:
        fp32 [B, T], T the longest response; 0 where nobody looks. It carries the gradient.

    Raises:
        ScoringError: the model's head is not a plain linear layer, a prompt is empty, or the result is not fp32.
    """
    device = next(model.parameters()).device
    rows, columns, places = [], [], []
    for row, sequence in enumerate(sequences):
        if not sequence.prompt_ids:
            raise ScoringError("a response without a prompt has no log-probability of its first token")
        for place, wanted in enumerate(sequence.looked_at):
            if wanted:  # predicted one position earlier
                rows.append(row)
                columns.append(len(sequence.prompt_ids) + place - 1)
                places.append(place)
    row_index, column_index, place_index = (torch.tensor(index, dtype=torch.long, device=device) for index in (rows, columns, places))
    ids, attention = (tensor.to(device) for tensor in filled_up([[*one.prompt_ids, *one.response_ids] for one in sequences], pad))
    targets = ids[row_index, column_index + 1]

    def chosen(head: torch.nn.Linear, hidden: torch.Tensor) -> torch.Tensor:
        return SelectedLogprobs.apply(hidden[row_index, column_index], head.weight, head.bias, targets)

    with _head_replaced(model, chosen):
        logp = model(input_ids=ids, attention_mask=_mask(attention)).logits
    if logp.dtype != torch.float32:
        raise ScoringError(
            f"log-probabilities came out in {str(logp.dtype).removeprefix('torch.')}, not float32: the wrapper of the model rounds them"
        )
    longest = max(len(sequence.response_ids) for sequence in sequences)
    return logp.new_zeros((len(sequences), longest)).index_put((row_index, place_index), logp)


@gpu_watch.watched()
def score(model, sequences: Sequence[TokenSequence], pad: int, micro_batch_tokens: int, label: str) -> list[list[float]]:
    """Teacher forcing: natural log-probabilities of the loss tokens of each sequence, in the sequences' order.

    Args:
        micro_batch_tokens: padded tokens of a forward pass.
        label: name of the progress bar.
    """
    order = sorted(range(len(sequences)), key=lambda index: (sequences[index].length, index))
    scored: dict[int, list[float]] = {}
    model.eval()
    with torch.inference_mode(), tqdm(total=len(sequences), desc=label, unit="response", mininterval=5) as progress:
        for indices in by_tokens(order, [sequence.length for sequence in sequences], micro_batch_tokens):
            logp = token_logprobs(model, [sequences[index] for index in indices], pad).tolist()
            for row, index in enumerate(indices):
                mask = sequences[index].loss_mask
                scored[index] = [value for value, flag in zip(logp[row], mask, strict=False) if flag]
            progress.update(len(indices))
    return [scored[index] for index in range(len(sequences))]


@torch.inference_mode()
def score_labels(
    model, prompts: Sequence[list[int]], words: Mapping[str, list[int]], pad: int = 0, micro_batch_tokens: int = 8192
) -> torch.Tensor:
    """Natural log-probability that the token after a prompt is a word, in any of its spellings.

    Args:
        prompts: token ids, none empty.
        words: of each word the token ids that spell it (` YES`, `Yes`, ...); their probabilities are summed.

    Returns:
        fp32 [B, len(words)] on the CPU, in the order of both.

    Raises:
        ScoringError: the model's head is not a plain linear layer, a prompt is empty, or a word has no spelling.
    """
    if not all(prompts):
        raise ScoringError("an empty prompt has no next token to score")
    if unspelt := [word for word, ids in words.items() if not ids]:
        raise ScoringError(f"the word '{unspelt[0]}' has no token that spells it")
    model.eval()
    device = next(model.parameters()).device
    order = sorted(range(len(prompts)), key=lambda index: (len(prompts[index]), index))
    out = torch.empty((len(prompts), len(words)))
    for indices in by_tokens(order, [len(prompt) for prompt in prompts], micro_batch_tokens):
        ids, attention = (tensor.to(device) for tensor in filled_up([prompts[index] for index in indices], pad))
        last = attention.sum(dim=1) - 1

        def labels(head: torch.nn.Linear, hidden: torch.Tensor, last: torch.Tensor = last) -> torch.Tensor:
            logits = torch.nn.functional.linear(hidden[torch.arange(len(last), device=device), last], head.weight, head.bias)
            every = logits.float().log_softmax(dim=-1)
            return torch.stack([every[:, spellings].logsumexp(dim=-1) for spellings in words.values()], dim=-1)

        with _head_replaced(model, labels):
            out[indices] = model(input_ids=ids, attention_mask=_mask(attention)).logits.cpu()
    return out


def filled_up(rows: Sequence[list[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of token ids filled up on the right: ids and attention mask, both int64 [B, longest row]."""
    ids = torch.full((len(rows), max(map(len, rows))), pad)
    attention = torch.zeros_like(ids)
    for row, tokens in enumerate(rows):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        attention[row, : len(tokens)] = 1
    return ids, attention


def _mask(attention: torch.Tensor) -> torch.Tensor | None:
    """The attention mask that a model is given: none on CUDA, where any mask with a 0 keeps torch from its flash attention.

    None is needed: rows are filled up on the right, and no token looks ahead. It stays on CPUs, whose last bits would change without it.
    """
    return None if attention.is_cuda else attention


@contextmanager
def _head_replaced(model, function: Callable[[torch.nn.Linear, torch.Tensor], torch.Tensor]) -> Iterator[None]:
    """Within, the model's `logits` are what `function` makes of its head and the hidden states [B, length, hidden].

    It runs inside the model's forward, where full sharding has gathered the head's weights, and hands its result out through the
    model's outputs, which is where sharding notices that a backward pass begins and gathers them again.
    """
    whole = getattr(model, "module", model)  # the model within DistributedDataParallel
    head = whole.get_output_embeddings()
    if not isinstance(head, torch.nn.Linear):
        raise ScoringError(f"the output head is a {type(head).__name__}: only a plain linear head can be computed at single positions")
    if scaled := [name for name in SCALED_LOGITS if getattr(whole.config, name, None) not in (None, 1, 1.0)]:
        raise ScoringError(f"the model changes its logits after the head ('{scaled[0]}' of its config.json), which is not supported")
    head.forward = lambda hidden: function(head, hidden)
    try:
        yield
    finally:
        del head.forward
