"""Rollouts: generate, run the programs, show their output, go on; until the model ends or its budget does.

Rows are saved in fixed chunks (`mathcode.rollouts.chunks`); finished ones survive in an undeclared checkpoint folder.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import polars as pl
from tqdm import tqdm

from mathcode import settings, tables
from mathcode.core import gpu_watch
from mathcode.interpreter.driver import Interpreter
from mathcode.responses.form import Form
from mathcode.rollouts import continuous
from mathcode.rollouts.chunks import check_infrastructure, chunk_path, sampled_before
from mathcode.rollouts.engines import Engine
from mathcode.rollouts.rows import Row, table
from mathcode.rollouts.turns import Turns


@dataclass(frozen=True)
class Plan:
    """The rows of a table to be sampled, and the folder for its finished chunks, which the caller keys by settings, data and model."""

    rows: list[Row]
    checkpoints: Path

    def chunks(self, size: int) -> list[list[Row]]:
        return [self.rows[start : start + size] for start in range(0, len(self.rows), size)]


@gpu_watch.watched()
def sample_rollouts(
    plans: Sequence[Plan],
    engine: Engine,
    interpreter: Interpreter,
    sampling: settings.Sampling,
    limits: settings.Engine,
    form: Form,
    more: bool = False,
) -> list[pl.DataFrame]:
    """Sample all rows and return them, a table `rollouts` for each plan.

    Finished chunks are kept, and taken from there on a second start. A kill costs the chunks that were begun: one, or with
    `continuous_batching` as many as the engine's rows stand in.

    Args:
        more: rows that belong to these follow in a later call, so the share of programs that could not be run is not judged yet.

    Raises:
        RolloutError: too many programs could not be run.
    """
    names = [[chunk_path(plan.checkpoints, number) for number, _ in enumerate(plan.chunks(limits.chunk_rows))] for plan in plans]
    chunks = dict(zip(chain(*names), chain(*(plan.chunks(limits.chunk_rows) for plan in plans)), strict=True))
    done = {path: sampled for path in chunks if (sampled := sampled_before(path)) is not None}
    turns = Turns(engine.tokenizer, interpreter, sampling, limits)

    def save(path: Path) -> None:
        for row in chunks[path]:
            turns.close(row)
        path.parent.mkdir(parents=True, exist_ok=True)
        tables.ROLLOUTS.write(table(chunks[path], engine.tokenizer, form), path)
        done[path] = tables.ROLLOUTS.read(path)

    advance = continuous.sample if limits.continuous_batching else _in_lockstep
    missing = {path: chunk for path, chunk in chunks.items() if path not in done}
    before = sum(map(len, done.values()))
    with tqdm(total=before + sum(map(len, missing.values())), initial=before, unit="row", mininterval=5) as progress:
        if missing:
            advance(missing, engine, turns, save, progress.update)
    if not more:
        check_infrastructure(done, interpreter.limits.max_infrastructure_errors)
    return [pl.concat([done[path] for path in own]) if own else tables.ROLLOUTS.empty() for own in names]


def _in_lockstep(
    chunks: dict[Path, list[Row]], engine: Engine, turns: Turns, save: Callable[[Path], object], progress: Callable[[int], object]
) -> None:
    """Chunk by chunk: one call of the engine for all rows, then all programs they ask for, and again, until all have ended.

    The same rows then meet in a batch on every start, however long programs take, and so the last bits of their numbers are the same.
    """
    for path, chunk in chunks.items():
        while active := [row for row in chunk if row.finish_reason is None]:
            completions = engine.generate([turns.request(row) for row in active])
            asking = [(row, cells) for row, completion in zip(active, completions, strict=True) if (cells := turns.hear(row, completion))]
            executions = iter(turns.interpreter.run([cell for _, cells in asking for cell in cells]))
            for row, cells in asking:
                turns.answer(row, [next(executions) for _ in cells])
        save(path)
        progress(len(chunk))
