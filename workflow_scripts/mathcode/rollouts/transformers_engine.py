"""The engine that runs everywhere: transformers, on a CPU or a GPU, with a random stream for each row."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from mathcode import settings
from mathcode.responses.parse import OUTPUT_FENCE
from mathcode.rollouts.engines import Completion, Request

LENGTH_RATIO = 1.5  # prompts in one batch differ by no more: the shorter are padded
KEEP_SHARE = 0.8  # a batch is cut down when no more than this share of its rows is still open: cutting copies the cache


class TransformersEngine:
    """Batched sampling with a model of `transformers`, with seeded rows.

    Randomness comes from one uniform number per row and step, drawn from the row's own generator before decoding starts;
    the token is found by inverting the cumulative distribution. So a row's draw does not depend on the batch around it.
    The decoding loop is ours, because finished rows leave the batch: most rows end long before the longest.
    """

    def __init__(self, model: str, engine: settings.Engine, sampling: settings.Sampling):
        import torch

        from mathcode.policies import folders

        torch.set_num_threads(engine.threads)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.tokenizer = folders.load_tokenizer(model)
        self.model = folders.load_policy(model, engine.dtype).to(self.device).eval()
        self.sampling = sampling
        self._eos = folders.end_tokens(self.model, self.tokenizer)
        self._fence_enders = _fence_enders(self.tokenizer)

    def generate(self, requests: list[Request]) -> list[Completion]:
        import torch

        rows = [_DecodedRow(request) for request in requests]
        with torch.inference_mode():
            for batch in _alike(rows):
                self._decode(batch)
        return [Completion(row.token_ids, row.logprobs, row.ended) for row in rows]

    def _decode(self, rows: list["_DecodedRow"]) -> None:
        """Write every row to its end: one forward pass per step over the rows that are still in the batch."""
        import torch
        from transformers import DynamicCache

        ids, mask = self._padded([row.request.token_ids for row in rows])
        uniforms = _uniforms([row.request for row in rows], self.sampling, self.device)
        cache = DynamicCache(config=self.model.config)
        step = 0
        while True:
            positions = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, -ids.shape[1] :]
            output = self.model(
                input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache, use_cache=True, logits_to_keep=1
            )
            logits = output.logits[:, -1].float()
            chosen = self._choose(logits, None if uniforms is None else uniforms[:, step])
            logprobs = torch.log_softmax(logits, dim=-1).gather(1, chosen[:, None])[:, 0]
            for row, token, logprob in zip(rows, chosen.tolist(), logprobs.tolist(), strict=True):
                if row.ended is None:
                    self._write(row, token, logprob)
            open_rows = [place for place, row in enumerate(rows) if row.ended is None]
            if not open_rows:
                return
            step += 1
            ids = chosen[:, None]
            mask = torch.cat([mask, torch.ones_like(ids)], dim=1)
            if len(open_rows) <= KEEP_SHARE * len(rows):
                kept = torch.tensor(open_rows, device=self.device)
                rows = [rows[place] for place in open_rows]
                ids, mask = ids[kept], mask[kept]
                uniforms = None if uniforms is None else uniforms[kept]
                cache.batch_select_indices(kept)

    def _padded(self, sequences: list[list[int]]):
        """Token ids padded on the left, and their attention mask; shape [rows, longest]."""
        import torch

        width = max(map(len, sequences))
        ids = torch.full((len(sequences), width), self.tokenizer.pad_token_id, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, sequence in enumerate(sequences):
            ids[row, width - len(sequence) :] = torch.tensor(sequence)
            mask[row, width - len(sequence) :] = 1
        return ids.to(self.device), mask.to(self.device)

    def _choose(self, logits, uniform):
        """Next token of each row: the likeliest, or the one that the row's uniform number falls on."""
        return logits.argmax(dim=-1) if uniform is None else _invert(logits / self.sampling.temperature, self.sampling.top_p, uniform)

    def _write(self, row: "_DecodedRow", token: int, logprob: float) -> None:
        """Add a token to a row and say why the row ends, if it does."""
        row.token_ids.append(token)
        row.logprobs.append(logprob)
        if token in self._eos:
            row.ended = "eos"
        elif token in self._fence_enders and OUTPUT_FENCE in self.tokenizer.decode(row.token_ids[-16:]):
            row.ended = "fence"
        elif len(row.token_ids) >= row.request.max_new_tokens:
            row.ended = "length"


@dataclass
class _DecodedRow:
    """What has been written for a request so far."""

    request: Request
    token_ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    ended: str | None = None


def _alike(rows: list[_DecodedRow]) -> Iterator[list[_DecodedRow]]:
    """Batches of rows with prompts of similar length: one long prompt among short ones would be mostly padding."""
    batch: list[_DecodedRow] = []
    for row in sorted(rows, key=lambda row: len(row.request.token_ids)):
        if batch and len(row.request.token_ids) > LENGTH_RATIO * len(batch[0].request.token_ids):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _fence_enders(tokenizer) -> set[int]:
    """Tokens within which the fence can end: after any other, nobody needs to look for it."""
    endings = tuple(OUTPUT_FENCE[start:] for start in range(len(OUTPUT_FENCE)))
    texts = tokenizer.batch_decode([[token] for token in range(len(tokenizer))])
    return {token for token, text in enumerate(texts) if text.startswith(endings) or OUTPUT_FENCE in text}


def _uniforms(requests: list[Request], sampling: settings.Sampling, device: str):
    """A uniform number per row and step, from the row's own seed; None when nothing is drawn."""
    import torch

    if sampling.temperature == 0:
        return None
    steps = max(request.max_new_tokens for request in requests)
    generators = [torch.Generator().manual_seed(request.seed) for request in requests]
    return torch.stack([torch.rand(steps, generator=generator, dtype=torch.float64) for generator in generators]).to(device)


def _invert(logits, top_p: float, uniform):
    """Token of each row whose cumulative probability first exceeds the row's uniform number; nucleus when top_p < 1."""
    import torch

    probabilities = torch.softmax(logits.double(), dim=-1)
    if top_p < 1:
        ordered, order = probabilities.sort(dim=-1, descending=True, stable=True)
        outside = ordered.cumsum(dim=-1) - ordered >= top_p
        probabilities = torch.where(outside, 0.0, ordered)
    cumulative = probabilities.cumsum(dim=-1)
    rank = torch.searchsorted(cumulative, uniform[:, None] * cumulative[:, -1:], right=True).clamp(max=logits.shape[1] - 1)
    return order.gather(1, rank)[:, 0] if top_p < 1 else rank[:, 0]
