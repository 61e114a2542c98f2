"""Run model-written programs: isolated, limited, killable, in order, at hundreds a second.

A few worker processes (`interpreter_worker.py`), each of which has the preloaded modules imported, fork one process per
program. The driver below only moves text: it never compiles, imports or unpickles anything that a program made. A worker
that dies is replaced; its program is tried once more, and no other program notices.
"""

import json
import re
import selectors
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from autocode import settings

OUTCOMES = ("ok", "error", "timed_out", "memory", "output_limit", "infrastructure_error")

_WORKER = Path(__file__).with_name("interpreter_worker.py")
_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",  # order of sets, so that equal programs print equal text
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
}
_START_SECONDS = 300
"""A worker that has not imported its modules by then never will."""
_GRACE_SECONDS = 20
"""Beyond a program's own limit: a worker that still has not answered is itself stopped."""
_ADDRESS = re.compile(r"\b0x[0-9a-f]{8,16}\b")


class InterpreterError(Exception):
    """No worker can be started."""


@dataclass(frozen=True)
class Execution:
    """How one program ended: outcome (see OUTCOMES), what it printed, its last error line ("" when ok), and how long it took.

    `seconds` is wall clock from the program's start; two executions that differ in nothing else are equal.
    """

    outcome: str
    stdout: str
    error: str
    seconds: float = field(default=0.0, compare=False)


def feedback(execution: Execution, output_chars: int) -> str:
    """What the model is shown of an execution: its output, else its last error line, the middle cut out when long.

    Cut and halves as in the DeepSeek-Math harness (100 characters: first 50, "...", last 50; spec 1.3).
    """
    text = execution.stdout.strip() or execution.error.strip()
    if len(text) <= output_chars:
        return text
    half = output_chars // 2
    return text[:half] + "..." + text[len(text) - half :]


@dataclass
class _Worker:
    """One worker process and the job it is at."""

    process: subprocess.Popen
    channel: socket.socket
    scratch: Path
    deadline: float
    ready: bool = False
    job: int | None = None
    incoming: bytearray = field(default_factory=bytearray)
    outgoing: memoryview = field(default_factory=lambda: memoryview(b""))


class Interpreter:
    """Runs programs; a context manager that owns the worker processes.

    Args:
        limits: time, memory, number of workers and preloaded modules.
        modules: further modules to preload, as paths of trusted Python files.
        strongest: the level of isolation to try first; the weakest that will do is a setting.
    """

    def __init__(self, limits: settings.Interpreter, modules: Sequence[Path] = (), strongest: str = "sandbox"):
        self.limits = limits
        self.isolation: str | None = None
        """The level of `interpreter_isolation` that the machine allowed, known once a worker has started."""
        self._strongest = strongest
        self._preload = [*limits.preload, *map(str, modules)]
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._folder = Path(tempfile.mkdtemp(prefix="interpreter-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        for worker in list(self._workers):
            self._dismiss(worker)
        self._selector.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(
        self,
        programs: Sequence[str],
        progress: Callable[[int], object] | None = None,
        arguments: Sequence[Sequence[str]] | None = None,
    ) -> list[Execution]:
        """Execute programs, results in their order; equal programs with equal arguments run once.

        Args:
            programs: complete program texts, run as scripts.
            progress: called with the number of newly finished programs, as `tqdm.update` wants it.
            arguments: command-line arguments of each program; none by default.

        Raises:
            InterpreterError: a worker cannot be started, for instance because a preloaded module is missing.
        """
        given = [tuple(words) for words in arguments] if arguments is not None else [()] * len(programs)
        jobs = list(zip(programs, given, strict=True))
        distinct = dict.fromkeys(jobs)
        if distinct:
            distinct = dict(zip(distinct, self._run(list(distinct), progress), strict=True))
        if progress and len(jobs) > len(distinct):
            progress(len(jobs) - len(distinct))
        return [distinct[job] for job in jobs]

    def _run(self, jobs: list[tuple[str, tuple[str, ...]]], progress: Callable[[int], object] | None) -> list[Execution]:
        executions: list[Execution | None] = [None] * len(jobs)
        waiting, retried, finished = deque(range(len(jobs))), set(), 0

        def finish(job: int, execution: Execution) -> None:
            nonlocal finished
            executions[job] = execution
            finished += 1
            if progress:
                progress(1)

        def lose(worker: _Worker, reason: str) -> None:
            """The worker is gone: its program gets a second and last try on another one."""
            job = worker.job
            self._dismiss(worker)
            if job is None:
                return
            if job in retried:
                finish(job, Execution("infrastructure_error", "", reason))
            else:
                retried.add(job)
                waiting.append(job)

        while finished < len(jobs):
            while len(self._workers) < min(self.limits.workers, len(jobs) - finished):
                self._hire()
            for worker in self._workers:
                if worker.ready and worker.job is None and waiting:
                    worker.job = waiting.popleft()
                    self._assign(worker, jobs[worker.job])
            now = time.monotonic()
            busy = [worker for worker in self._workers if worker.job is not None or not worker.ready]
            for key, _ in self._selector.select(max(0.0, min(worker.deadline for worker in busy) - now)):
                worker = key.data
                try:
                    replies = self._exchange(worker)
                except OSError:
                    lose(worker, "the worker process died")
                    continue
                for reply in replies:
                    if not worker.ready:
                        self._welcome(worker, reply)
                    else:
                        finish(worker.job, _execution(reply))
                        worker.job = None
            for worker in [worker for worker in busy if worker in self._workers and worker.deadline < time.monotonic()]:
                if not worker.ready:
                    raise InterpreterError(f"an interpreter worker did not start within {_START_SECONDS} s")
                if worker.job is not None:
                    lose(worker, "the worker process stopped answering")
        return executions

    def _hire(self) -> None:
        """Start a worker process."""
        scratch = Path(tempfile.mkdtemp(dir=self._folder))
        configuration = {
            "timeout": self.limits.timeout,
            "memory_mb": self.limits.memory_mb,
            "preload": self._preload,
            "scratch": str(scratch),
            "isolation": [self._strongest, self.limits.isolation],
        }
        channel, other = socket.socketpair()
        # Not -I: it would ignore the hash seed. -s and -P leave out the user's packages and our own folder all the same.
        command = [sys.executable, "-s", "-P", "-B", "-X", "utf8", str(_WORKER), json.dumps(configuration)]
        with other:
            process = subprocess.Popen(command, stdin=other, stdout=subprocess.DEVNULL, env=_ENVIRONMENT, cwd="/", start_new_session=True)
        channel.setblocking(False)
        worker = _Worker(process, channel, scratch, time.monotonic() + _START_SECONDS)
        self._selector.register(channel, selectors.EVENT_READ, worker)
        self._workers.append(worker)

    def _welcome(self, worker: _Worker, greeting: dict) -> None:
        """Take the first message of a worker."""
        if "failed" in greeting:
            raise InterpreterError(f"an interpreter worker cannot start: {greeting['failed']}")
        worker.ready, self.isolation = True, greeting["isolation"]

    def _dismiss(self, worker: _Worker) -> None:
        """Stop a worker and all it runs: it ends its program when its channel closes, or is killed."""
        self._workers.remove(worker)
        self._selector.unregister(worker.channel)
        worker.channel.close()
        try:
            worker.process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        shutil.rmtree(worker.scratch, ignore_errors=True)

    def _assign(self, worker: _Worker, job: tuple[str, tuple[str, ...]]) -> None:
        """Queue a job's frame for sending; its clock runs in the worker, ours only guards the worker."""
        body = json.dumps({"program": job[0], "arguments": job[1]}).encode()
        worker.outgoing = memoryview(struct.pack("!I", len(body)) + body)
        worker.deadline = time.monotonic() + self.limits.timeout + _GRACE_SECONDS
        self._send(worker)

    def _send(self, worker: _Worker) -> None:
        """Send what the channel takes; the rest goes when it is writable again."""
        try:
            while worker.outgoing:
                worker.outgoing = worker.outgoing[worker.channel.send(worker.outgoing) :]
        except BlockingIOError:
            pass
        except OSError:
            worker.outgoing = memoryview(b"")  # the worker is dead; reading from it will say so
        interest = selectors.EVENT_READ | (selectors.EVENT_WRITE if worker.outgoing else 0)
        if self._selector.get_key(worker.channel).events != interest:
            self._selector.modify(worker.channel, interest, worker)

    def _exchange(self, worker: _Worker) -> list[dict]:
        """Move bytes both ways; return the complete messages that came in.

        Raises:
            OSError: the worker is gone.
        """
        if worker.outgoing:
            self._send(worker)
        try:
            part = worker.channel.recv(1 << 20)
        except BlockingIOError:
            return []
        if not part:
            if not worker.ready:
                raise InterpreterError("an interpreter worker ended before it was ready; its message stands above")
            raise ConnectionError("the worker closed its channel")
        worker.incoming += part
        messages = []
        while len(worker.incoming) >= 4 and len(worker.incoming) >= 4 + (length := struct.unpack_from("!I", worker.incoming)[0]):
            messages.append(json.loads(worker.incoming[4 : 4 + length]))
            del worker.incoming[: 4 + length]
        return messages


def _execution(reply: dict) -> Execution:
    """A worker's reply, memory addresses made equal: they differ from run to run, and a transcript may not."""
    stdout, error = (_ADDRESS.sub("0x000000000000", reply[key]) for key in ("stdout", "error"))
    return Execution(reply["outcome"], stdout, error, reply["seconds"])
