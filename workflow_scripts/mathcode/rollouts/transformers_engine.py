"""The engine that runs everywhere: transformers, on a CPU or a GPU, with a random stream for each row."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from mathcode import settings
from mathcode.responses.parse import OUTPUT_FENCE
from mathcode.rollouts.engines import Completion, Request

LENGTH_RATIO = 1.5  # prompts in one batch differ by no more: the shorter are padded
LIKELIEST, LARGE = 512, 4096  # tokens that are tried first for a nucleus, in vocabularies larger than so many
ROUNDED = 1e-9  # sums of probabilities are rounded by less
KEEP_SHARE = 0.8  # a batch is cut down when no more than this share of its rows is still open: cutting copies the cache


class TransformersEngine:
    """Batched sampling with a model of `transformers`, with seeded rows.

    Randomness comes from one uniform number per row and step, drawn from the row's own generator before decoding starts;
    the token is found by inverting the cumulative distribution. So a row's draw does not depend on the batch around it.
    The decoding loop is ours, because rows leave and enter the batch: most end long before the longest.
    """

    def __init__(self, model: str, engine: settings.Engine, sampling: settings.Sampling):

        from mathcode.policies import folders, kernels

        kernels.use(engine.kernels, engine.threads)
        self.device = kernels.device()
        self.tokenizer = folders.load_tokenizer(model)
        self.model = folders.load_policy(model, engine.dtype).to(self.device).eval()
        self.sampling = sampling
        self.slots = engine.chunk_rows
        self._numbers, self._waiting = count(), deque()
        self._running: _Batch | None = None
        self._eos = folders.end_tokens(self.model, self.tokenizer)
        self._fence_enders = _fence_enders(self.tokenizer)

    def generate(self, requests: list[Request]) -> list[Completion]:
        rows = [_DecodedRow(number, request) for number, request in enumerate(requests)]
        for alike in _alike(rows):
            batch = self._batch(alike)
            while batch.rows:
                self._advance(batch)
        return [row.completion() for row in rows]

    def submit(self, request: Request) -> int:
        row = _DecodedRow(next(self._numbers), request)
        self._waiting.append(row)
        return row.number

    def step(self) -> dict[int, Completion]:
        """One token for every row. Rows enter when a fifth of the slots is free or more, since taking them in copies the cache."""
        free = self.slots - (self._running.open_rows if self._running else 0)
        if self._waiting and (self._running is None or (self._running.can_grow and free >= (1 - KEEP_SHARE) * self.slots)):
            entering = self._batch([self._waiting.popleft() for _ in range(min(free, len(self._waiting)))])
            ended = self._advance(entering)
            if self._running and entering.rows:
                entering.take_in(self._running)
            self._running = entering if entering.rows else self._running
        else:
            ended = self._advance(self._running)
        if self._running and not self._running.rows:
            self._running = None
        return {row.number: row.completion() for row in ended}

    def _batch(self, rows: list["_DecodedRow"]) -> "_Batch":
        from transformers import DynamicCache

        ids, mask = self._padded([row.request.token_ids for row in rows])
        uniforms = _uniforms([row.request for row in rows], self.sampling, self.device)
        return _Batch(rows, ids, mask, uniforms, DynamicCache(config=self.model.config))

    def _advance(self, batch: "_Batch") -> list["_DecodedRow"]:
        """One forward pass and a token for each row of the batch; the rows that ended with it."""
        import torch

        with torch.inference_mode():
            positions = (batch.mask.cumsum(dim=1) - 1).clamp(min=0)[:, -batch.ids.shape[1] :]
            inputs = {"input_ids": batch.ids, "attention_mask": batch.mask, "position_ids": positions, "past_key_values": batch.cache}
            logits = self.model(**inputs, use_cache=True, logits_to_keep=1).logits[:, -1].float()
            chosen = self._choose(logits, batch.draws())
            logprobs = torch.log_softmax(logits, dim=-1).gather(1, chosen[:, None])[:, 0]
            written = [row for row in batch.rows if row.ended is None]
            for row, token, logprob in zip(batch.rows, chosen.tolist(), logprobs.tolist(), strict=True):
                if row.ended is None:
                    self._write(row, token, logprob)
            batch.go_on(chosen)
        return [row for row in written if row.ended is not None]

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


@dataclass(eq=False)
class _DecodedRow:
    """What has been written for a request so far."""

    number: int
    request: Request
    token_ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    ended: str | None = None

    def completion(self) -> Completion:
        return Completion(self.token_ids, self.logprobs, self.ended)


@dataclass
class _Batch:
    """Rows that are decoded together, padded on the left.

    `ids` are the tokens to be read next, [rows, tokens]; `mask` is 1 where a row has a token, theirs included, [rows, width]; `uniforms`
    are the rows' random numbers, [rows, steps], None when nothing is drawn; `cache` is what the model keeps of the tokens it has read.
    """

    rows: list[_DecodedRow]
    ids: Any
    mask: Any
    uniforms: Any
    cache: Any

    @property
    def open_rows(self) -> int:
        return sum(row.ended is None for row in self.rows)

    @property
    def can_grow(self) -> bool:
        """Whether rows of another length can join: not where a layer keeps no more than a window of them."""
        from transformers.cache_utils import DynamicLayer

        return all(type(layer) is DynamicLayer for layer in self.cache.layers)

    def draws(self):
        """The random number of each row's next token."""
        import torch

        if self.uniforms is None:
            return None
        steps = torch.tensor([min(len(row.token_ids), self.uniforms.shape[1] - 1) for row in self.rows], device=self.uniforms.device)
        return self.uniforms.gather(1, steps[:, None])[:, 0]

    def go_on(self, chosen) -> None:
        """Read the chosen tokens next. Rows that have ended leave, though not before enough have: cutting copies the cache."""
        import torch

        still_open = [place for place, row in enumerate(self.rows) if row.ended is None]
        self.ids = chosen[:, None]
        self.mask = torch.cat([self.mask, torch.ones_like(self.ids)], dim=1)
        if len(still_open) <= KEEP_SHARE * len(self.rows):
            self._select(still_open)

    def take_in(self, other: "_Batch") -> None:
        """Let the open rows of another batch join this one."""
        import torch
        from torch.nn.functional import pad

        other._select([place for place, row in enumerate(other.rows) if row.ended is None])
        unused = int(other.mask.any(dim=0).int().argmax()) if other.rows else 0  # columns that only rows which have left had used
        other.mask = other.mask[:, unused:]
        width = max(self.mask.shape[1], other.mask.shape[1])
        short = [width - batch.mask.shape[1] for batch in (self, other)]
        for mine, theirs in zip(self.cache.layers, other.cache.layers, strict=True):
            for name in ("keys", "values"):
                kept = getattr(mine, name), getattr(theirs, name)[:, :, unused:]
                joined = torch.cat([pad(states, (0, 0, missing, 0)) for states, missing in zip(kept, short, strict=True)])
                setattr(mine, name, joined)
        self.mask = torch.cat([pad(batch.mask, (missing, 0)) for batch, missing in zip((self, other), short, strict=True)])
        self.ids = torch.cat([self.ids, other.ids])
        if self.uniforms is not None:
            steps = max(self.uniforms.shape[1], other.uniforms.shape[1])
            self.uniforms = torch.cat([pad(batch.uniforms, (0, steps - batch.uniforms.shape[1])) for batch in (self, other)])
        self.rows += other.rows

    def _select(self, places: list[int]) -> None:
        import torch

        if len(places) == len(self.rows):
            return
        kept = torch.tensor(places, dtype=torch.long, device=self.ids.device)
        self.rows = [self.rows[place] for place in places]
        self.ids, self.mask = self.ids[kept], self.mask[kept]
        self.uniforms = None if self.uniforms is None else self.uniforms[kept]
        self.cache.batch_select_indices(kept)


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
        return _from_nucleus(probabilities, top_p, uniform)
    return _at(probabilities, uniform).clamp(max=logits.shape[1] - 1)


def _from_nucleus(probabilities, top_p: float, uniform):
    """Token of each row from the fewest likeliest that reach top_p; of equal ones those of lower ids.

    To sort a large vocabulary takes longer than all else, so the likeliest are tried first, and all are sorted for those rows alone whose
    nucleus may reach beyond. The tokens are the same, whichever way they are found.
    """
    if probabilities.shape[1] <= LARGE:
        return _among(*probabilities.sort(dim=-1, descending=True, stable=True), top_p, uniform)[0]
    tokens, whole = _among(*_likeliest(probabilities), top_p, uniform)
    if len(rest := (~whole).nonzero()[:, 0]):
        tokens[rest] = _among(*probabilities[rest].sort(dim=-1, descending=True, stable=True), top_p, uniform[rest])[0]
    return tokens


def _likeliest(probabilities):
    """The likeliest tokens of each row, likeliest first: their probabilities and ids."""
    values, ids = probabilities.topk(LIKELIEST, dim=-1, sorted=False)
    ids, places = ids.sort(dim=-1)
    ordered, places = values.gather(1, places).sort(dim=-1, descending=True, stable=True)
    return ordered, ids.gather(1, places)


def _among(ordered, ids, top_p: float, uniform):
    """Token of each row from the nucleus, and whether no token behind those given can belong to it; likeliest first.

    Those behind may be as likely as the last ones here: the nucleus must end before these, by more than sums are rounded.
    """
    import torch

    before = ordered.cumsum(dim=-1) - ordered
    rank = _at(torch.where(before >= top_p, 0.0, ordered), uniform)
    whole = ((before >= top_p + ROUNDED) | (ordered > ordered[:, -1:])).all(dim=-1) & (rank < ordered.shape[1])
    return ids.gather(1, rank.clamp(max=ordered.shape[1] - 1)[:, None])[:, 0], whole


def _at(weights, uniform):
    """Place of each row where the cumulative weight first exceeds the uniform share of the whole; one behind the last: nowhere."""
    import torch

    cumulative = weights.cumsum(dim=-1)
    return torch.searchsorted(cumulative, uniform[:, None] * cumulative[:, -1:], right=True)[:, 0]
