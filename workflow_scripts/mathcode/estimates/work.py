"""What a planned job does, read off the paths of its files and the settings of its run: tokens, rows, and what it leaves on the disk."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mathcode import paths, settings
from mathcode.estimates.plan import Job
from mathcode.estimates.sizes import Examples, Sizes, busy, trained_rows
from mathcode.policies.micro_batches import shared_out

SPREAD = (0.5, 1.0, 1.5)
"""Mean lengths of batches, as shares of that of all examples: a batch holds neighbours in length. Assumed."""
WITHIN = 0.1
"""By what share the lengths of a batch lie above and below their mean. Assumed; `benchmarks/step_shares.py` finds as much idle time."""
_BYTES = {"float32": 4, "bfloat16": 2}
_SAMPLED = (
    r"(?P<policy>.+)/(?:explore/(?P<explored>\w+)/(?P<pool>\w+)|eval/(?P<evaluated>\w+)/(?P<benchmark>\w+))"
    r"/(?:rollouts\.parquet|responses\.parquet|shards/\d+of(?P<shards>\d+)\.parquet|(?P<judge>\w+)/grades\.parquet)"
)


@dataclass(frozen=True)
class Work:
    """What a job does.

    Attributes:
        task: what its model does; None: it has none.
        weights: parameters of that model.
        tokens: sampled, trained on (all passes), or scored.
        rows: judged by rules.
        busy: share of the time of its workers in which they have something to do.
        sampled: rows that each of its engines samples.
        lockstep: it samples without continuous batching, so that rows wait for each other.
        kept: bytes of its files.
        checkpoint: bytes of one checkpoint of a training.
        minutes: between two checkpoints.
        steps: of a training.
    """

    task: settings.Task | None = None
    weights: float = 0
    tokens: float = 0
    rows: float = 0
    busy: float = 1
    sampled: float = 0
    lockstep: bool = False
    kept: float = 0
    checkpoint: float = 0
    minutes: float = 0
    steps: float = 0


@dataclass(frozen=True)
class Method:
    """What a run's method says of it, as functions."""

    samples: Callable[[str, str, paths.Policy], range]
    evaluation: Callable[[str], tuple[int, settings.Sampling]]
    training: Callable[[paths.Policy | paths.Critic], settings.Training]
    examples: Callable[[paths.Policy | paths.Critic], Examples]
    critic_of: Callable[[str], str | None]


def of_job(job: Job, run: str, sizes: Sizes, method: Method) -> Work:
    """What a job of a plan does. Jobs that only move, merge or tabulate have an empty one."""
    names = [path.removeprefix(f"results/{run}/") for path in job.outputs]
    log = next((name for name in names if name.endswith("/training_log.parquet")), None)
    if log is not None:
        return _training(paths.trained(log.removesuffix("/training_log.parquet")), max(job.gpus, 1), sizes, method)
    if match := re.fullmatch(r"data/models/(\w+)", names[0]):
        return Work(kept=2 * sizes.weights(match[1]))
    if match := re.fullmatch(r"(.+)/(training|logprobs)\.parquet", names[0]):
        return _table(paths.trained(match[1]), match[2] == "logprobs", sizes, method)
    if match := re.fullmatch(r"cases/(\w+)/seed\d+/(\w+)/verdicts\.parquet", names[0]):
        return _judging(match[2], sizes.cases(match[1]), sizes, method)
    if matches := [match for name in names if (match := re.fullmatch(_SAMPLED, name))]:
        work = _sampling(matches, max(job.gpus, 1), sizes, method)
        return Work(kept=work.kept) if job.merges else work
    return Work()


def _training(trained: paths.Policy | paths.Critic, workers: int, sizes: Sizes, method: Method) -> Work:
    """Each process takes micro-batches of a step in turn. A checkpoint holds weights and two moments of each: of an adapter few."""
    family = sizes.families[_family(trained, sizes)]
    chosen, examples = method.training(trained).optimizer, method.examples(trained)
    shown = trained_rows(examples, chosen)
    weights = sizes.weights(_family(trained, sizes))
    return Work(
        task="train",
        weights=weights,
        tokens=shown * examples.tokens,
        busy=_shared(chosen, examples.tokens / examples.responses, workers, examples.responses),
        kept=weights * _BYTES[family.saved_dtype or family.train_dtype],
        checkpoint=0 if family.lora else 3 * weights * _BYTES[family.train_dtype],
        minutes=chosen.checkpoint_minutes,
        steps=shown / chosen.batch,
    )


def _shared(chosen: settings.Optimizer, tokens: float, workers: int, rows: int = 1) -> float:
    """Share of the processes' time in which they work. Steps are cut as training cuts them; a round lasts as long as its largest part.

    Args:
        tokens: of a response.
        rows: responses of what a batch counts, which are not cut apart: two of a pair.
    """
    work = spent = 0.0
    for part in SPREAD:
        lengths = [max(1, round(part * tokens * (1 + WITHIN * (2 * place / chosen.batch - 1)))) for place in range(chosen.batch)]
        padded = [len(one) * lengths[one[0]] for one in shared_out(lengths, chosen.micro_batch_tokens, rows, workers)]
        work += sum(padded)
        spent += workers * sum(max(padded[start : start + workers]) for start in range(0, len(padded), workers))
    return work / spent


def _table(trained: paths.Policy | paths.Critic, scored: bool, sizes: Sizes, method: Method) -> Work:
    """Training data, or their log-probabilities (4 bytes a token) under the model that training starts from."""
    examples = method.examples(trained)
    tokens = examples.rows * examples.tokens
    if not scored:
        return Work(kept=tokens * sizes.costs.token_bytes.value)
    return Work(task="score", weights=sizes.weights(_family(trained, sizes)), tokens=tokens, kept=4 * tokens)


def _judging(judge: str, rows: float, sizes: Sizes, method: Method) -> Work:
    """A critic reads every row; a rule judges it."""
    if (critic := method.critic_of(judge)) is None:
        return Work(rows=rows)
    row = sizes.run.critics[critic]
    return Work(task="score", weights=sizes.weights(row.family), tokens=rows * sizes.shown(row.family, row.judge.prompt))


def _sampling(tables: Sequence[re.Match], gpus: int, sizes: Sizes, method: Method) -> Work:
    """Tables of responses to be sampled, or already sampled and to be judged, by one policy or judge; engines take chunks in turn."""
    run, one = sizes.run, tables[0]
    asked = [_asked(table, sizes, method) for table in tables]
    rows = sum(count for count, _ in asked)
    if one["judge"]:
        return _judging(one["judge"], rows, sizes, method)
    tokens = sum(count * sizes.response(sampling) for count, sampling in asked)
    engines = max(gpus // run.engine.tensor_parallel, 1)
    return Work(
        task="sample",
        weights=sizes.weights(paths.Policy.parse(one["policy"]).family),
        tokens=tokens,
        busy=busy(rows, run.engine.chunk_rows, engines),
        sampled=rows / engines,
        lockstep=not run.engine.continuous_batching,
        kept=0 if one["shards"] else tokens * sizes.costs.token_bytes.value,
    )


def _asked(table: re.Match, sizes: Sizes, method: Method) -> tuple[float, settings.Sampling]:
    """Responses of a table, and how they are sampled."""
    if table["explored"]:
        rows = sizes.explored(table["pool"]) * len(method.samples(table["explored"], table["pool"], paths.Policy.parse(table["policy"])))
        return rows / int(table["shards"] or 1), sizes.run.explore.sampling
    drawn, sampling = method.evaluation(table["evaluated"])
    return sizes.items(table["benchmark"]) * drawn / int(table["shards"] or 1), sampling


def _family(trained: paths.Policy | paths.Critic, sizes: Sizes) -> str:
    return sizes.run.critics[trained.name].family if isinstance(trained, paths.Critic) else trained.family
