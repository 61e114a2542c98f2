"""How responses are sampled, and by which engine."""

from typing import Literal

from pydantic import Field

from mathcode.settings.kernels import Kernels
from mathcode.settings.section import IDLE, Name, PositiveInt, Section


class Sampling(Section):
    """How a response is sampled, call by call."""

    temperature: float = Field(ge=0, description="0: greedy")
    top_p: float = Field(gt=0, le=1)
    max_new_tokens: PositiveInt = Field(description="new tokens per call of the engine")
    max_calls: PositiveInt = Field(description="calls of the engine per response; one more than the programs it may run")


class Engine(Section):
    """What samples tokens."""

    name: Name = Field(description="an engine of `mathcode.rollouts.engines.ENGINES`")
    python: str = Field(description="interpreter of the environment that holds the engine", json_schema_extra=IDLE)
    dtype: Literal["float32", "bfloat16"]
    chunk_rows: PositiveInt = Field(description="rows saved together, the unit in which work is shared; finished chunks survive a kill")
    continuous_batching: bool = Field(
        description="a row goes on as soon as its programs have ended, and a new one enters as soon as one leaves; where not, all rows of "
        "a chunk go on together: slower, but the last bits of log-probabilities are the same on every start"
    )
    threads: PositiveInt = Field(description="CPU threads of torch; fixed, since another number may round otherwise")
    kernels: Kernels = "native"
    max_model_len: PositiveInt = Field(description="prompt and response tokens together")
    gpu_memory: float = Field(gt=0, le=1, description="share of GPU memory vLLM may take", json_schema_extra=IDLE)
    tensor_parallel: PositiveInt = Field(description="GPUs one vLLM engine is spread over")
    kv_cache_gb: PositiveInt = Field(description="key-value cache on a CPU, GiB", json_schema_extra=IDLE)
