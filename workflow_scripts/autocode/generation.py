"""Engines: token sequences in, sampled continuations out, each row with its own random stream.

Two real implementations of one protocol: `TransformersEngine` (CPU or GPU) and `VllmEngine`. Both stop at the end of
text or at the ```output fence, both return the tokens as sampled, and both report the model's own log-probability of each
token (before temperature and top-p), so that it can be compared with teacher forcing.
"""

import logging
import os
from dataclasses import dataclass
from typing import Literal, Protocol

from autocode import settings
from autocode.transcript import OUTPUT_FENCE

log = logging.getLogger(__name__)


class GenerationError(Exception):
    """An engine cannot be started, or was asked for something it cannot do."""


@dataclass(frozen=True)
class Request:
    """One row: the tokens so far, the seed of its random stream, and how many tokens it may add."""

    token_ids: list[int]
    seed: int
    max_new_tokens: int


@dataclass(frozen=True)
class Completion:
    """The tokens added to a row (end-of-text token included), their log-probabilities (nats), and why it ended."""

    token_ids: list[int]
    logprobs: list[float]
    ended: Literal["fence", "eos", "length"]


class Engine(Protocol):
    """Samples continuations; `tokenizer` is the policy's own."""

    tokenizer: object

    def generate(self, requests: list[Request]) -> list[Completion]:
        """One completion per request, in order. A row's tokens depend on its own seed, not on its neighbours."""
        ...


def start_engine(model: str, engine: settings.Engine, sampling: settings.Sampling) -> Engine:
    """Load the policy in folder `model` into the engine that the settings name.

    Raises:
        GenerationError: the engine's library is not installed, or the folder holds no model.
    """
    if not os.path.isfile(os.path.join(model, "config.json")):
        raise GenerationError(f"{model}: no model here (config.json is missing)")
    return (VllmEngine if engine.name == "vllm" else TransformersEngine)(model, engine, sampling)


class TransformersEngine:
    """Batched sampling by `transformers`' own generate loop, with seeded rows.

    Randomness comes from one uniform number per row and step, drawn from the row's own generator before decoding starts;
    the token is found by inverting the cumulative distribution. So a row's draw does not depend on the batch around it.
    """

    def __init__(self, model: str, engine: settings.Engine, sampling: settings.Sampling):
        import torch
        from transformers import GenerationConfig

        from autocode import models

        torch.set_num_threads(engine.threads)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.tokenizer = models.load_tokenizer(model)
        self.model = models.load_policy(model, engine.dtype).to(self.device).eval()
        self.sampling = sampling
        self._eos = models.end_tokens(self.model, self.tokenizer)
        self.model.generation_config = GenerationConfig()  # the model's own may hold a repetition penalty, top-k and the like

    def generate(self, requests: list[Request]) -> list[Completion]:
        import torch
        from transformers import LogitsProcessorList

        if not requests:
            return []
        width = max(len(request.token_ids) for request in requests)
        pad = self.tokenizer.pad_token_id
        ids = torch.full((len(requests), width), pad, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for row, request in enumerate(requests):
            ids[row, width - len(request.token_ids) :] = torch.tensor(request.token_ids)
            mask[row, width - len(request.token_ids) :] = 1
        steps = max(request.max_new_tokens for request in requests)
        sampler = _row_sampler(requests, width, steps, self.sampling, self.device)
        with torch.inference_mode():
            out = self.model.generate(
                input_ids=ids.to(self.device),
                attention_mask=mask.to(self.device),
                do_sample=False,
                max_new_tokens=steps,
                logits_processor=LogitsProcessorList([sampler]),
                stop_strings=[OUTPUT_FENCE],
                tokenizer=self.tokenizer,
                eos_token_id=sorted(self._eos),
                pad_token_id=pad,
            )
        logprobs = torch.stack(sampler.logprobs, dim=1).tolist()
        return [
            self._completion(row[: request.max_new_tokens], row_logprobs)
            for request, row, row_logprobs in zip(requests, out[:, width:].tolist(), logprobs, strict=True)
        ]

    def _completion(self, row: list[int], logprobs: list[float]) -> Completion:
        """Cut a generated row, padded after its end, to what was sampled."""
        end = next((position for position, token in enumerate(row) if token in self._eos or token == self.tokenizer.pad_token_id), None)
        written = row if end is None else row[:end]
        if OUTPUT_FENCE in self.tokenizer.decode(written[-16:]):
            return Completion(written, logprobs[: len(written)], "fence")
        if end is None:
            return Completion(written, logprobs[: len(written)], "length")
        return Completion(row[: end + 1], logprobs[: end + 1], "eos")


def _row_sampler(requests: list[Request], width: int, steps: int, sampling: settings.Sampling, device: str):
    """A logits processor that leaves exactly one token per row: the sampled one. Keeps the log-probabilities it saw."""
    import torch
    from transformers import LogitsProcessor

    uniforms = None
    if sampling.temperature > 0:
        uniforms = torch.stack(
            [torch.rand(steps, generator=torch.Generator().manual_seed(request.seed), dtype=torch.float64) for request in requests]
        ).to(device)

    class RowSampler(LogitsProcessor):
        def __init__(self):
            self.logprobs = []

        def __call__(self, input_ids, scores):
            scores = scores.float()
            if uniforms is None:
                chosen = scores.argmax(dim=-1)
            else:
                chosen = _invert(scores / sampling.temperature, sampling.top_p, uniforms[:, input_ids.shape[1] - width])
            self.logprobs.append(torch.log_softmax(scores, dim=-1).gather(1, chosen[:, None])[:, 0].cpu())
            return torch.full_like(scores, float("-inf")).scatter_(1, chosen[:, None], 0.0)

    return RowSampler()


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


class VllmEngine:
    """Continuous batching by vLLM; in-process, so that a killed job leaves no engine behind.

    Chunked prefill is off on a CPU: together with seeded rows it fails there (`CPU Generator does not use offset`, 0.32).
    """

    def __init__(self, model: str, engine: settings.Engine, sampling: settings.Sampling):
        os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0" if engine.tensor_parallel == 1 else "1")
        os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", str(engine.kv_cache_gb))
        os.environ.setdefault("VLLM_CPU_OMP_THREADS_BIND", f"0-{engine.threads - 1}")
        os.environ.setdefault("VLLM_LOGGING_LEVEL", "WARNING")
        os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
        try:
            from vllm import LLM
        except ImportError as error:
            raise GenerationError(f"engine vllm is not installed in this environment ({error}); see docs/engines.md") from error
        from vllm.platforms import current_platform

        on_cpu = current_platform.is_cpu()
        options = {"enable_chunked_prefill": False, "max_num_batched_tokens": 16384} if on_cpu else {}
        self.llm = LLM(
            model=model,
            dtype=engine.dtype,
            max_model_len=engine.max_model_len,
            max_num_seqs=engine.chunk_rows if not on_cpu else min(engine.chunk_rows, 64),
            enforce_eager=on_cpu,
            enable_prefix_caching=True,
            gpu_memory_utilization=engine.gpu_memory,
            tensor_parallel_size=engine.tensor_parallel,
            seed=0,
            **options,
        )
        self.tokenizer = self.llm.get_tokenizer()
        self.sampling = sampling

    def generate(self, requests: list[Request]) -> list[Completion]:
        from vllm import SamplingParams

        if not requests:
            return []
        parameters = [
            SamplingParams(
                temperature=self.sampling.temperature,
                top_p=self.sampling.top_p,
                max_tokens=request.max_new_tokens,
                seed=request.seed % 2**63,
                stop=[OUTPUT_FENCE],
                include_stop_str_in_output=True,
                logprobs=0,
            )
            for request in requests
        ]
        prompts = [{"prompt_token_ids": request.token_ids} for request in requests]
        return [_from_vllm(result.outputs[0]) for result in self.llm.generate(prompts, parameters, use_tqdm=False)]


def _from_vllm(output) -> Completion:
    ids = list(output.token_ids)
    logprobs = [step[token].logprob for step, token in zip(output.logprobs, ids, strict=True)]
    if output.finish_reason == "length":
        return Completion(ids, logprobs, "length")
    return Completion(ids, logprobs, "fence" if output.stop_reason == OUTPUT_FENCE else "eos")
