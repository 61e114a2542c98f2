"""Continuous batching: a row goes on as soon as its programs have ended, and a new one enters as soon as one leaves.

So no row waits for another, neither for its programs nor for its end. Chunks are saved when their last row has ended; nothing waits for
that. Which rows meet in a batch depends on how long programs take, and so do the last bits of log-probabilities. Tokens change only where
two are nearly as likely.
"""

import logging
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path

from mathcode.interpreter.driver import Execution, Interpreter
from mathcode.rollouts.engines import Engine
from mathcode.rollouts.rows import Row
from mathcode.rollouts.turns import Turns

log = logging.getLogger(__name__)


def sample(
    chunks: dict[Path, list[Row]], engine: Engine, turns: Turns, save: Callable[[Path], object], progress: Callable[[int], object]
) -> None:
    """Write every row to its end.

    Args:
        chunks: rows that are saved together, by the file they are saved in.
        save: called with a chunk's file when its last row has ended.
        progress: called with the number of rows that have just ended.
    """
    chunk_of = {row: path for path, rows in chunks.items() for row in rows}
    open_rows = Counter(chunk_of.values())
    ready = deque(chunk_of)
    decoding: dict[int, Row] = {}
    programs = _Programs(turns.interpreter)
    began, in_use = time.perf_counter(), 0.0

    def end(row: Row) -> None:
        open_rows[chunk_of[row]] -= 1
        if not open_rows[chunk_of[row]]:
            save(chunk_of[row])
        progress(1)

    while ready or decoding or programs:
        while ready and len(decoding) < engine.slots:
            row = ready.popleft()
            if row.finish_reason is None:
                decoding[engine.submit(turns.request(row))] = row
            else:
                end(row)
        filled, rows = time.perf_counter(), len(decoding)
        completions = engine.step() if decoding else {}
        for number, completion in completions.items():
            row = decoding.pop(number)
            if cells := turns.hear(row, completion):
                programs.run(row, cells)
            else:
                end(row)
        for row, executions in programs.ended(wait=not decoding):
            turns.answer(row, executions)
            ready.appendleft(row)
        in_use += rows * (time.perf_counter() - filled)
    available = engine.slots * (time.perf_counter() - began)
    log.info("on average %.1f %% of the engine's %d row slots were in use", 100 * in_use / available, engine.slots)


class _Programs:
    """The programs of rows that are being run."""

    def __init__(self, interpreter: Interpreter):
        self._interpreter = interpreter
        self._asked: dict[int, Row] = {}
        self._executions: dict[Row, dict[int, Execution | None]] = {}

    def __bool__(self) -> bool:
        return bool(self._executions)

    def run(self, row: Row, cells: list[tuple[str, ...]]) -> None:
        tickets = self._interpreter.submit(cells)
        self._asked |= dict.fromkeys(tickets, row)
        self._executions[row] = dict.fromkeys(tickets)

    def ended(self, wait: bool) -> list[tuple[Row, list[Execution]]]:
        """Rows of which every program has ended, and how; with `wait` not before there is one, if any is running."""
        rows: list[Row] = []
        while self._executions:
            for ticket, execution in self._interpreter.poll(wait).items():
                row = self._asked.pop(ticket)
                self._executions[row][ticket] = execution
                if None not in self._executions[row].values():
                    rows.append(row)
            if rows or not wait:
                break
        return [(row, list(self._executions.pop(row).values())) for row in rows]
