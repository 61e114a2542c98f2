"""The engine for GPUs: vLLM, with a seed for each row."""

import os
from itertools import count

from mathcode import settings
from mathcode.core import gpu_lease
from mathcode.responses.parse import OUTPUT_FENCE
from mathcode.rollouts.engines import Completion, GenerationError, Request

ROWS_AT_ONCE = {"cpu": 64, "gpu": 256}  # that vLLM decodes together; at its start it takes memory for so many rows of the whole vocabulary


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
        # FlashInfer's sampler knows no seeds of rows, so vLLM would compile it at its start on CUDA and then sample without it.
        os.environ.setdefault("VLLM_USE_FLASHINFER_SAMPLER", "0")
        gpu_lease.take(engine.tensor_parallel)
        try:
            from vllm import LLM
        except ImportError as error:
            raise GenerationError(f"engine vllm is not installed in this environment ({error}); see docs/engines.md") from error
        from vllm.platforms import current_platform

        from mathcode.policies import folders

        if not current_platform.device_type:
            raise GenerationError(
                "vLLM finds no device here that it was built for: its CUDA build needs a GPU; on a CPU take the environment that"
                " `bash setup.sh vllm` makes (`engine.python: .venv-vllm/bin/python`)"
            )
        on_cpu = current_platform.is_cpu()
        options = {"enable_chunked_prefill": False, "max_num_batched_tokens": 16384} if on_cpu else {}
        at_once = ROWS_AT_ONCE["cpu" if on_cpu else "gpu"]
        self.slots = at_once if engine.continuous_batching else min(engine.chunk_rows, at_once)
        self.llm = LLM(
            model=model,
            dtype=engine.dtype,
            max_model_len=engine.max_model_len,
            max_num_seqs=self.slots,
            enforce_eager=on_cpu,
            enable_prefix_caching=True,
            gpu_memory_utilization=engine.gpu_memory,
            tensor_parallel_size=engine.tensor_parallel,
            seed=0,
            **options,
        )
        self.tokenizer = folders.load_tokenizer(model)  # vLLM's own reads a tokenizer by the model's type, not by its files
        self.sampling = sampling
        self._numbers = count()

    def generate(self, requests: list[Request]) -> list[Completion]:
        if not requests:
            return []
        prompts = [{"prompt_token_ids": request.token_ids} for request in requests]
        results = self.llm.generate(prompts, [self._parameters(request) for request in requests], use_tqdm=False)
        return [_from_vllm(result.outputs[0]) for result in results]

    def submit(self, request: Request) -> int:
        from vllm.inputs.engine import tokens_input

        number = next(self._numbers)
        self.llm.llm_engine.add_request(f"row-{number}", tokens_input(request.token_ids), self._parameters(request))
        return number

    def step(self) -> dict[int, Completion]:
        results = [result for result in self.llm.llm_engine.step() if result.finished]
        return {int(result.request_id.removeprefix("row-")): _from_vllm(result.outputs[0]) for result in results}

    def _parameters(self, request: Request):
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        return SamplingParams(
            temperature=self.sampling.temperature,
            top_p=self.sampling.top_p,
            max_tokens=request.max_new_tokens,
            seed=request.seed % 2**63,
            stop=[OUTPUT_FENCE],
            include_stop_str_in_output=True,
            logprobs=0,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )


def _from_vllm(output) -> Completion:
    ids = list(output.token_ids)
    logprobs = [step[token].logprob for step, token in zip(output.logprobs, ids, strict=True)]
    if output.finish_reason == "length":
        return Completion(ids, logprobs, "length")
    return Completion(ids, logprobs, "fence" if output.stop_reason == OUTPUT_FENCE else "eos")
