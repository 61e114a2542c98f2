"""Settings: what `config/` may say, merged, validated, and handed to each stage.

`config/config.yaml` holds the base (the paper's values, each with its source), `config/runs/<run>.yaml` a sparse override
that names a run, and every row of `experiments:` a sparse override of stages inside the run. Everything is merged and
validated before the DAG is built; an unknown or missing key is an error that names file and key.
"""

import hashlib
import json
import math
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from autocode import prompts
from autocode.transcript import BlockRule

Mode = Literal["native", "native_extra", "cot", "code"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
PositiveInt = Annotated[int, Field(ge=1)]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Alpha = Annotated[float, BeforeValidator(lambda value: math.inf if value == "inf" else value), Field(gt=0)]


EXPERIMENT_SECTIONS = {"explore", "estimate", "synthesize", "train"}
"""What an experiment may set for itself. The start policy, its rollouts and the evaluation belong to the run."""


class SettingsError(Exception):
    """A configuration file is missing, unreadable, or says something that is not allowed."""


class Section(BaseModel):
    """Base of all sections: no unknown keys, no mutation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Build(Section):
    """What the run's target builds."""

    families: list[Name] = Field(min_length=1, description="families of config/families.yaml")
    experiments: list[Name] = Field(min_length=1, description="rows of experiments")
    seeds: list[PositiveInt] = Field(min_length=1, description="training and sampling seeds")
    benchmarks: list[Name] = Field(min_length=1, description="benchmarks of config/sources.yaml")
    iterations: PositiveInt = Field(description="EM (or RL) iterations")
    published: Literal["v1", "v3"] = Field(default="v1", description="version of the paper whose main table stands beside ours")


class Data(Section):
    """What the run trains on."""

    queries: list[Name] = Field(min_length=1, description="query datasets for exploration and RL")
    sft: list[Name] = Field(description="SFT datasets")
    sft_rows: PositiveInt | None = Field(description="SFT pairs kept, drawn by hash; null: all")
    ngram: PositiveInt = Field(description="words in a run that counts as n-gram overlap")
    remove: Literal["exact", "ngram"] = Field(description="which overlap removes a training row")


class Optimizer(Section):
    """One optimisation: SFT, or one RL iteration."""

    learning_rate: list[PositiveNumber] = Field(min_length=1, description="peak learning rate; per iteration, the last one repeats")
    optimizer: Literal["adamw", "muon"] = Field(description="muon: Muon on matrices of the blocks, AdamW on the rest")
    weight_decay: float = Field(ge=0)
    schedule: Literal["linear", "cosine", "constant", "flat_linear"] = Field(description="after warm-up")
    warmup: float = Field(ge=0, lt=1, description="share of the steps")
    epochs: float = Field(gt=0, description="passes over the data")
    batch: PositiveInt = Field(description="responses per optimiser step, over all processes")
    micro_batch_tokens: PositiveInt = Field(description="padded tokens per forward pass and process")
    max_tokens: PositiveInt = Field(description="longer prompt+response pairs are left out and counted")
    max_gradient_norm: float = Field(gt=0)
    checkpoint_steps: PositiveInt = Field(description="optimiser steps between resumable checkpoints")
    threads: PositiveInt = Field(description="CPU threads of torch; fixed, since another number may round otherwise")


class Start(Section):
    """Code4Math SFT: the policy iteration 1 starts from."""

    optimizer: Optimizer
    native_share: float = Field(ge=0, le=1, description="share of pairs shown without a methodology instruction")
    native_code_share: float = Field(ge=0, le=1, description="share of code pairs that may be shown so; below 1 it prefers CoT")


class Sampling(Section):
    """How a response is sampled, call by call."""

    temperature: float = Field(ge=0, description="0: greedy")
    top_p: float = Field(gt=0, le=1)
    max_new_tokens: PositiveInt = Field(description="new tokens per call of the engine")
    max_calls: PositiveInt = Field(description="calls of the engine per response; one more than the programs it may run")


class Explore(Section):
    """Self-exploration of one policy."""

    queries_per_iteration: PositiveInt = Field(description="queries explored in each iteration")
    fresh_queries: bool = Field(description="iteration n takes the n-th slice of the shuffled queries, not the first again")
    samples: PositiveInt = Field(description="K rollouts per query and mode")
    extra_native_samples: PositiveInt = Field(description="further native rollouts, for standard RL at equal rollouts")
    modes: list[Mode] = Field(min_length=1, description="rollouts an experiment uses")
    sampling: Sampling


class Engine(Section):
    """What samples tokens."""

    name: Literal["transformers", "vllm"]
    python: str = Field(description="interpreter of the environment that holds the engine")
    dtype: Literal["float32", "bfloat16"]
    chunk_rows: PositiveInt = Field(description="rows sampled together, the unit in which work is shared; finished chunks survive a kill")
    threads: PositiveInt = Field(description="CPU threads of torch; fixed, since another number may round otherwise")
    max_model_len: PositiveInt = Field(description="prompt and response tokens together")
    gpu_memory: float = Field(gt=0, le=1, description="share of GPU memory vLLM may take")
    tensor_parallel: PositiveInt = Field(description="GPUs one vLLM engine is spread over")
    kv_cache_gb: PositiveInt = Field(description="key-value cache on a CPU, GiB")


IsolationLevel = Literal["process", "landlock", "sandbox"]
"""What keeps programs in (docs/interpreter.md), from the weakest to the strongest."""


class Interpreter(Section):
    """How model-written programs run."""

    timeout: float = Field(gt=0, description="seconds of wall clock from the program's start")
    memory_mb: PositiveInt = Field(description="address space")
    output_chars: PositiveInt = Field(description="longer output is cut: its two halves around an ellipsis")
    workers: PositiveInt = Field(default=1, description="processes; the rules set it from the job's threads")
    preload: list[str] = Field(description="modules imported once, before programs are forked")
    isolation: IsolationLevel = Field(
        default="landlock", description="weakest level of isolation that will do; the best one a machine allows is taken"
    )
    max_infrastructure_errors: float = Field(
        default=0.01, ge=0, le=1, description="share of rollouts past which sampling fails, their chunks to be sampled again"
    )


class Grading(Section):
    """How answers are judged."""

    timeout: float = Field(gt=0, description="seconds per pair; over it the outcome is timed_out")
    workers: PositiveInt = Field(default=1, description="processes; the rules set it from the job's threads")
    max_infrastructure_errors: float = Field(ge=0, le=1, description="share of rows past which the stage fails")
    extraction: Literal["autocode", "deepseek_math", "qwen2.5_math"] = Field(
        default="autocode", description="rules by which an answer is found in a response (docs/grading.md)"
    )


class Estimate(Section):
    """E-step: prior, Q-values, reference strategy."""

    rule: Literal["prior_times_q", "q"]
    alpha: Alpha = Field(description="temperature of s*; inf = hard max, ties to CoT")


class Synthesize(Section):
    """Complete responses and their advantages."""

    keep: Literal["reference", "all"] = Field(description="rollouts that follow the reference label, or all of them (standard RL)")
    reflective_per_query: int = Field(ge=0, description="self-reflective responses per query at most")
    reflective_from_iteration: PositiveInt = Field(description="first iteration that has self-reflective responses")
    learn_hint: bool = Field(description="the reflective hint enters the policy objective, with importance ratio 1")
    whitening: Literal["paper", "released"] = Field(description="sample std with epsilon, or the released program's rules")
    all_correct_advantage: float = Field(description="advantage where every response of a query is right (whitening gives 0)")
    min_advantage: float | None = Field(description="floor of advantages; null: none")


class Train(Section):
    """M-step: off-policy RL."""

    objective: Literal["paper", "released"]
    clip_form: Literal["min", "pure", "detached"] = Field(
        description="paper objective: PPO min, clipped product, or clipped weight x log-likelihood"
    )
    clip_low: float = Field(gt=0, le=1)
    clip_high: float = Field(ge=1)
    ratio_level: Literal["token", "sequence"]
    selection_weight: float = Field(ge=0, description="weight of the selection log-loss")
    optimizer: Optimizer


class Evaluate(Section):
    """Greedy evaluation, and the sampled rollouts behind selection labels."""

    sampling: Sampling
    benchmark_rows: PositiveInt | None = Field(description="items evaluated of each benchmark, drawn by hash; null: all")
    selection_benchmarks: list[Name] = Field(description="benchmarks whose queries get Monte-Carlo labels")
    selection_samples: PositiveInt = Field(description="dictated rollouts per query and methodology for the labels")
    selection_sampling: Sampling
    grading: dict[str, Any] = Field(default_factory=dict, description="keys of `grading` that differ for what is evaluated")


class Hardware(Section):
    """What a job of this run asks for."""

    gpus: int = Field(ge=0, description="GPUs per sampling or training job; of a node, where training has several")
    nodes: PositiveInt = Field(default=1, description="nodes of a training job; several need SLURM")
    cpus: PositiveInt
    memory_gb: PositiveInt
    max_memory_gb: PositiveInt = Field(default=400, description="further attempts ask for more memory up to this")
    hours: PositiveInt = Field(description="walltime of a sampling or training job")
    max_hours: PositiveInt = Field(default=24, description="further attempts ask for more time up to this")
    shards: PositiveInt = Field(default=1, description="jobs that sampling of one policy is split into; the results are the same bytes")


class Experiment(Section):
    """A row of settings: its label in figures, and the stages it overrides."""

    label: str
    settings: dict[str, Any] = Field(default_factory=dict)


class Run(Section):
    """One run: everything that is not a family or a source."""

    description: str
    build: Build
    data: Data
    start: Start
    explore: Explore
    engine: Engine
    interpreter: Interpreter
    grading: Grading
    estimate: Estimate
    synthesize: Synthesize
    train: Train
    evaluate: Evaluate
    hardware: Hardware
    experiments: dict[Name, Experiment]

    def of(self, experiment: str) -> "Run":
        """This run with an experiment's stages put over it."""
        if experiment not in self.experiments:
            raise SettingsError(f"no experiment '{experiment}'; there are: {', '.join(self.experiments)}")
        return validated(Run, merge(self.model_dump(), self.experiments[experiment].settings), f"experiment '{experiment}'")

    @property
    def evaluation_grading(self) -> Grading:
        """How evaluated responses are judged: as those that are trained on, but for what `evaluate.grading` says."""
        return validated(Grading, merge(self.grading.model_dump(), self.evaluate.grading), "key 'evaluate.grading'")


class Lora(Section):
    """LoRA adapters on every linear layer; merged into the weights when a stage ends."""

    rank: PositiveInt
    alpha: PositiveInt


class Scratch(Section):
    """A Llama built inside the workflow, with a tokenizer trained on the SFT text."""

    vocabulary: PositiveInt
    hidden: PositiveInt
    intermediate: PositiveInt
    layers: PositiveInt
    heads: PositiveInt
    positions: PositiveInt
    rope_theta: float
    initializer_range: float


def learned_from(precondition: str) -> list[str]:
    """What policies of a family learn from, by the names of its files below results/{run}/data."""
    return ["queries", "sft"] if precondition == "sft" else ["queries"]


class Family(Section):
    """A base model and how it is spoken to."""

    label: str = Field(description="name in tables and figures")
    published: dict[str, str] = Field(default_factory=dict, description="rows of data/published that are this family's")
    hub: str | None = Field(default=None, description="hub id of the base model")
    revision: str | None = Field(default=None, description="commit of the hub repository")
    path: str | None = Field(default=None, description="local folder with the base model, instead of the hub")
    scratch: Scratch | None = Field(default=None, description="build the base model in the workflow")
    precondition: Literal["sft", "none"] = Field(description="Code4Math SFT first, or used as it is")
    prompt: str = Field(description="prompt profile of autocode.prompts")
    blocks: BlockRule = Field(default="replay", description="what the earlier programs of a response leave to the next")
    lora: Lora | None = Field(default=None)
    train_dtype: Literal["float32", "bfloat16"] = Field(description="type of the trained weights (LoRA adapters are float32)")
    mixed_precision: Literal["no", "bf16"] = Field(default="no", description="autocast of the forward pass while training")


class SourceFile(Section):
    """One file of a source."""

    path: str = Field(description="path inside the mirror folder")
    rows: PositiveInt
    sha256: str | None = Field(default=None, description="of the uncompressed bytes")
    url: str | None = Field(default=None, description="public address of the same records at a fixed commit, uncompressed")


class Source(Section):
    """Raw public data: files in a mirror folder, a hub dataset, or a seeded generator."""

    license: str
    files: list[SourceFile] = Field(default_factory=list)
    hub: str | None = None
    revision: str | None = None
    subset: str | None = Field(default=None, description="configuration name of the hub dataset; several, comma-separated, are joined")
    split: str | None = None
    rows: PositiveInt | None = Field(default=None, description="rows of the hub split, or of what is generated, where known")
    generate: dict[str, Any] | None = Field(default=None, description="arguments of the arithmetic generator")


class Dataset(Section):
    """A normalised table made of a source."""

    source: str
    reader: str = Field(description="reader of autocode.corpora, for SFT of autocode.solutions: turns one record into one row")
    rows: PositiveInt | None = Field(default=None, description="rows of the table; null: not known beforehand")
    take: PositiveInt | None = Field(default=None, description="SFT: distinct questions drawn before programs are executed; null: all")


class Sources(Section):
    """config/sources.yaml."""

    sources: dict[Name, Source]
    queries: dict[Name, Dataset]
    sft: dict[Name, Dataset]
    benchmarks: dict[Name, Dataset]
    interpreter: Interpreter = Field(description="how the programs of SFT solutions run, once for all runs")


class Config(Section):
    """All of `config/`."""

    runs: dict[Name, Run]
    families: dict[Name, Family]
    sources: Sources


def load(folder: str | Path = "config") -> Config:
    """Read, merge and validate everything under `folder`.

    Raises:
        SettingsError: naming the file and the key.
    """
    folder = Path(folder)
    base = _read_yaml(folder / "config.yaml")
    runs = {path.stem: validated(Run, merge(base, _read_run(path)), str(path)) for path in sorted((folder / "runs").glob("*.yaml"))}
    families = {
        name: validated(Family, value, f"{folder / 'families.yaml'}: family '{name}'")
        for name, value in _read_yaml(folder / "families.yaml").items()
    }
    sources = validated(Sources, _read_yaml(folder / "sources.yaml"), str(folder / "sources.yaml"))
    config = validated(Config, {"runs": runs, "families": families, "sources": sources}, str(folder))
    _check_names(config, folder)
    return config


def merge(base: dict, override: dict) -> dict:
    """`base` with `override` put over it: mappings merge key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in override.items():
        merged[key] = merge(merged[key], value) if isinstance(value, dict) and isinstance(merged.get(key), dict) else value
    return merged


def fingerprint(*parts: Any) -> str:
    """Short stable hash of JSON-able parts: equal settings and data, equal fingerprint."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=_jsonable).encode()).hexdigest()[:16]


def dumps(section: Section | dict[str, Any]) -> str:
    """One-line JSON of a section, or of several by name, for a command line; infinity is written as "inf"."""
    return json.dumps(_finite(section), sort_keys=True)


def parse(model: type[Section], text: str, flag: str = "--settings") -> Any:
    """Read a section back from a command line; `flag` is named in errors.

    Raises:
        SettingsError: the text is not JSON, or not such a section.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(f"{flag} is not JSON: {error}") from error
    return validated(model, value, flag)


def _finite(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _finite(value.model_dump())
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return "inf" if value == math.inf else value


def _read_run(path: Path, extending: tuple[Path, ...] = ()) -> dict:
    """A run's overrides, on top of those of the run it `extends`."""
    value = _read_yaml(path)
    if (extended := value.pop("extends", None)) is None:
        return value
    other, chain = path.with_name(f"{extended}.yaml"), (*extending, path)
    if other in chain or not other.is_file():
        raise SettingsError(f"{path}: key 'extends': {'a circle' if other in chain else 'no run'}: '{extended}'")
    return merge(_read_run(other, chain), value)


def _jsonable(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else str(value)


def _read_yaml(path: Path) -> dict:
    if not path.is_file():
        raise SettingsError(f"{path}: no such file")
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(value, dict):
        raise SettingsError(f"{path}: expected keys and values")
    return value


def validated(model: type[Section], value: Any, where: str) -> Any:
    """A section made of plain values; `where` is named in errors.

    Raises:
        SettingsError: a key is missing, unknown or out of range.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(top)"
        raise SettingsError(f"{where}: key '{key}': {first['msg'].lower()}") from None


def _check_sharding(config: Config, run: Run, where: str) -> None:
    """What cannot be trained where several GPUs share the weights (autocode.training) is not asked of them."""
    if not run.hardware.gpus or run.hardware.gpus * run.hardware.nodes == 1:
        return
    for name in run.build.families:
        if config.families[name].lora:
            raise SettingsError(f"{where}: LoRA adapters of family '{name}' need the whole model: take hardware: {{gpus: 1, nodes: 1}}")
    optimizers = [run.start.optimizer, *(run.of(experiment).train.optimizer for experiment in run.build.experiments)]
    if any(chosen.optimizer == "muon" for chosen in optimizers):
        raise SettingsError(f"{where}: optimizer muon needs whole matrices: take adamw, or hardware: {{gpus: 1, nodes: 1}}")


def _check_names(config: Config, folder: Path) -> None:
    """Every name a run uses exists, so a typo is found before any job starts."""
    sources = config.sources
    for group in (sources.queries, sources.sft, sources.benchmarks):
        for name, dataset in group.items():
            _known(dataset.source, sources.sources, f"{folder / 'sources.yaml'}: '{name}'", "source")
    for name, family in config.families.items():
        _known(family.prompt, prompts.PROFILES, f"{folder / 'families.yaml'}: family '{name}': key 'prompt'", "prompt profile")
        if family.scratch and family.precondition == "none":
            raise SettingsError(
                f"{folder / 'families.yaml'}: family '{name}': key 'precondition': a model from scratch knows nothing, so 'sft'"
            )
    for name, run in config.runs.items():
        where = f"{folder / 'runs' / name}.yaml"
        for kind, used, known in [
            ("family", run.build.families, config.families),
            ("experiment", run.build.experiments, run.experiments),
            ("benchmark", run.build.benchmarks, sources.benchmarks),
            ("benchmark", run.evaluate.selection_benchmarks, run.build.benchmarks),
            ("query dataset", run.data.queries, sources.queries),
            ("SFT dataset", run.data.sft, sources.sft),
        ]:
            for value in used:
                _known(value, known, where, kind)
        try:
            _ = run.evaluation_grading
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None
        if "start" in run.experiments:
            raise SettingsError(f"{where}: an experiment may not be called 'start': that name is the start policy's")
        for experiment, row in run.experiments.items():
            try:
                explore = run.of(experiment).explore
            except SettingsError as error:
                raise SettingsError(f"{where}: {error}") from None
            if shared := set(row.settings) - EXPERIMENT_SECTIONS:
                raise SettingsError(
                    f"{where}: experiment '{experiment}' may not override '{min(shared)}', which all experiments share;"
                    f" it may override {', '.join(sorted(EXPERIMENT_SECTIONS))}"
                )
            if explore.model_copy(update={"modes": run.explore.modes}) != run.explore:
                raise SettingsError(f"{where}: experiment '{experiment}' may override 'explore.modes' only: rollouts are shared")
        _check_sharding(config, run, where)


def _known(name: str, known: Any, where: str, kind: str) -> None:
    if name not in known:
        raise SettingsError(f"{where}: unknown {kind} '{name}'; there are: {', '.join(sorted(known))}")
