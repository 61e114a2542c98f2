"""Run model-written programs: isolated, limited, killable, in order, at hundreds a second.

A few worker processes (`worker.py`) fork one process per program. There are three kinds of worker: `full` ones
have the preloaded modules imported; `light` and `bare` ones have not, and so fork several times faster, which is all that a program
of plain arithmetic needs. A program that runs long makes room for others beside it, so that a few that hang do not stop a batch.
The driver below only moves text: it never compiles, imports or unpickles anything that a program made. A worker that dies is
replaced; its program is tried once more, and no other program notices.
"""

import contextlib
import itertools
import marshal
import math
import os
import re
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from mathcode import settings
from mathcode.core.errors import UserError
from mathcode.interpreter import descendants
from mathcode.interpreter.jobs import Job, Jobs
from mathcode.interpreter.kinds import KINDS, MODULES, WORTH_A_WORKER

OUTCOMES = ("ok", "error", "timed_out", "memory", "output_limit", "infrastructure_error")

_WORKER = Path(__file__).with_name("worker.py")
_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",  # order of sets, so that equal programs print equal text
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "Agg",
    # A Python of environment modules needs it to start.
    **{name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ},
}
_SLOW_SECONDS = 0.25
"""A program that has run for so long no longer counts among the `workers` at work."""
_SLOW_SHARE = 2
"""How many slow programs for each worker may run beside the others: a program has a third of a core at the least."""
_START_SECONDS = 300
"""A worker that has not imported its modules by then never will."""
_GRACE_SECONDS = 20
"""Beyond a program's own limit: a worker that still has not answered is itself stopped."""
_ADDRESS = re.compile(r"(?<= at )0x[0-9a-f]{8,16}\b")
_NO_ADDRESS = "0x000000000000"
_STREAM_BYTES = 1 << 20
"""As in the worker."""
_ERROR_CHARS = 1 << 14
"""A longer error line is cut: its two halves around an ellipsis."""
_GREETING, _REQUEST, _TEXT, _ENDING = (struct.Struct(form) for form in ("!?I", "!III", "!I", "!Bi?dIII"))
_REASONS = ("", "output_limit", "timed_out", "processes", "memory")
"""As in the worker, which says what they are."""


class InterpreterError(UserError):
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

    Cut and halves as in the DeepSeek-Math harness (100 characters: first 50, "...", last 50).
    """
    text = execution.stdout.strip() or execution.error.strip()
    return cut(text, output_chars, "...")


def cut(text: str, chars: int, mark: str) -> str:
    """The text, or where it is longer than `chars` its two ends of half as many with `mark` between them."""
    half = chars // 2
    return text if len(text) <= chars else text[:half] + mark + text[len(text) - half :]


@dataclass
class _Worker:
    """One worker process and the job it is at."""

    kind: str
    process: subprocess.Popen
    channel: socket.socket
    scratch: Path
    deadline: float
    ready: bool = False
    job: int | None = None
    started: float = 0.0
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
        """The level of `isolation` that the machine allowed, known once a worker has started."""
        self._strongest = strongest
        self._preload = ["random", *limits.preload, *map(str, modules)]  # what draws numbers is seeded for every program
        self._jobs = Jobs()
        self._ended: dict[int, Execution] = {}
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()
        self._folder = Path(tempfile.mkdtemp(prefix="interpreter-"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        for worker in self._workers:
            worker.channel.close()  # all end at once
        while self._workers:
            self._dismiss(self._workers[0])
        self._selector.close()
        _remove(self._folder)

    def run(
        self,
        programs: Sequence[str | Sequence[str]],
        progress: Callable[[int], object] | None = None,
        arguments: Sequence[Sequence[str]] | None = None,
    ) -> list[Execution]:
        """Execute programs, results in their order; equal programs with equal arguments run once.

        Args:
            programs: each the text of a program, run as a script; or several programs of a response, of which the last is to run, in
                the state that the others leave: they run before it in one process, unseen, each up to its end, its error or its limit.
            progress: called with the number of newly finished programs, as `tqdm.update` wants it.
            arguments: command-line arguments of each program; none by default.

        Raises:
            InterpreterError: a worker cannot be started, for instance because a preloaded module is missing.
        """
        given = [tuple(words) for words in arguments] if arguments is not None else [()] * len(programs)
        jobs = [(_cells(program), words) for program, words in zip(programs, given, strict=True)]
        distinct = list(dict.fromkeys(jobs))
        if progress and len(jobs) > len(distinct):
            progress(len(jobs) - len(distinct))
        executions = dict(zip(distinct, self._wait_for(self._jobs.add(distinct), progress), strict=True))
        return [executions[job] for job in jobs]

    def submit(self, programs: Sequence[str | Sequence[str]]) -> list[int]:
        """Hand in programs, each as for `run`, and do not wait: their tickets, in order."""
        tickets = self._jobs.add([(_cells(program), ()) for program in programs])
        self._start()
        return tickets

    def poll(self, wait: bool = False) -> dict[int, Execution]:
        """Executions by ticket that have ended since the last call; with `wait` at least one, if any program is still to end.

        Programs go on by themselves, but the next in line starts only in here: call it often.

        Raises:
            InterpreterError: as for `run`.
        """
        self._advance(block=False)
        while wait and self._jobs.unfinished and not self._ended:
            self._advance()
        ended, self._ended = self._ended, {}
        return ended

    def _wait_for(self, numbers: list[int], progress: Callable[[int], object] | None) -> list[Execution]:
        awaited, executions = set(numbers), {}
        while awaited:
            self._advance()
            if ended := self._ended.keys() & awaited:
                executions |= {number: self._ended.pop(number) for number in ended}
                awaited -= ended
                if progress:
                    progress(len(ended))
        return [executions[number] for number in numbers]

    def _advance(self, block: bool = True) -> None:
        """Give out jobs, and take in what workers have sent; with `block` not before one has, or is due."""
        wake = self._start()
        for key, _ in self._selector.select(max(0.0, wake - time.monotonic()) if block else 0):
            worker = key.data
            try:
                replies = self._exchange(worker)
            except OSError:
                self._lose(worker, "the worker process died")
                continue
            for execution in replies:
                self._finish(worker.job, execution)
                worker.job, worker.started, worker.deadline = None, 0.0, math.inf
        now = time.monotonic()
        for worker in [worker for worker in self._workers if worker.deadline < now]:
            if not worker.ready:
                raise InterpreterError(f"an interpreter worker did not start within {_START_SECONDS} s")
            self._lose(worker, "the worker process stopped answering")
        if not block:
            self._start()

    def _start(self) -> float:
        """Give jobs to workers as far as there is room, hiring those that are missing; when to look again at the latest."""
        now = time.monotonic()
        busy = [worker for worker in self._workers if worker.job is not None]
        recent = [worker.started for worker in busy if worker.started > now - _SLOW_SECONDS]
        room = self.limits.workers + min(_SLOW_SHARE * self.limits.workers, len(busy) - len(recent)) - len(busy)
        for kind in KINDS:
            waiting = len(self._jobs.waiting[kind])
            wanted = max(0, min(room, waiting))
            own = [worker for worker in self._workers if worker.kind == kind and not now - _SLOW_SECONDS >= worker.started > 0]
            free = [worker for worker in own if worker.job is None]
            worth = max(1, waiting // WORTH_A_WORKER[kind]) - len(own)
            free += [self._hire(kind) for _ in range(min(worth, wanted - len(free)))]
            for worker in [worker for worker in free if worker.ready][:wanted]:
                self._assign(worker, *self._jobs.take(kind))
                recent.append(now)
                room -= 1
        slow = min(recent) + _SLOW_SECONDS if self._jobs.is_waiting and recent else math.inf
        return min([slow, *(worker.deadline for worker in self._workers)])

    def _finish(self, number: int, execution: Execution) -> None:
        self._ended[number] = execution
        self._jobs.finish(number)

    def _lose(self, worker: _Worker, reason: str) -> None:
        """A worker is gone: its program gets a second and last try on another one."""
        self._dismiss(worker)
        if worker.job is not None and not self._jobs.retry(worker.job):
            self._finish(worker.job, Execution("infrastructure_error", "", reason))

    def _hire(self, kind: str) -> _Worker:
        """Start a worker process."""
        scratch = Path(tempfile.mkdtemp(dir=self._folder))
        configuration = {
            "timeout": self.limits.timeout,
            "memory_mb": self.limits.memory_mb,
            "preload": list(MODULES.get(kind, self._preload)),
            "scratch": str(scratch),
            "isolation": [self._strongest, self.limits.isolation],
        }
        channel, other = socket.socketpair()
        # Not -I: it would ignore the hash seed. -s and -P leave out the user's packages and our own folder all the same.
        command = [sys.executable, "-s", "-P", "-B", "-X", "utf8", str(_WORKER), marshal.dumps(configuration).hex()]
        with other:
            process = subprocess.Popen(command, stdin=other, stdout=subprocess.DEVNULL, env=_ENVIRONMENT, cwd="/", start_new_session=True)
        channel.setblocking(False)
        worker = _Worker(kind, process, channel, scratch, time.monotonic() + _START_SECONDS)
        self._selector.register(channel, selectors.EVENT_READ, worker)
        self._workers.append(worker)
        return worker

    def _welcome(self, worker: _Worker, ready: bool, text: str) -> None:
        """Take the first message of a worker."""
        if not ready:
            raise InterpreterError(f"an interpreter worker cannot start: {text}")
        worker.ready, worker.deadline, self.isolation = True, math.inf, text

    def _dismiss(self, worker: _Worker) -> None:
        """Stop a worker and all it runs: it ends its program when its channel closes, or is killed."""
        self._workers.remove(worker)
        if worker.channel.fileno() >= 0:
            self._selector.unregister(worker.channel)
            worker.channel.close()
        try:
            worker.process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            descendants.kill(worker.process.pid)
            worker.process.kill()
            worker.process.wait()
        _remove(worker.scratch)

    def _assign(self, worker: _Worker, number: int, job: Job) -> None:
        """Queue a job's frame for sending; its clock runs in the worker, ours only guards the worker."""
        texts = [text.encode("utf-8", "surrogatepass") for part in job for text in part]
        body = b"".join(_TEXT.pack(len(text)) + text for text in texts)
        worker.outgoing = memoryview(_REQUEST.pack(len(body), *map(len, job)) + body)
        worker.job, worker.started = number, time.monotonic()
        worker.deadline = worker.started + self.limits.timeout * len(job[0]) + _GRACE_SECONDS
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

    def _exchange(self, worker: _Worker) -> list[Execution]:
        """Move bytes both ways; return how the worker's program ended, where that has come in whole.

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
        form = _ENDING if worker.ready else _GREETING
        if len(worker.incoming) < form.size:
            return []
        values = form.unpack_from(worker.incoming)
        ends = list(itertools.accumulate(values[4:] if worker.ready else values[1:], initial=form.size))
        if len(worker.incoming) < ends[-1]:
            return []
        texts = [worker.incoming[start:end].decode("utf-8", "replace") for start, end in itertools.pairwise(ends)]
        del worker.incoming[: ends[-1]]
        if worker.ready:
            return [self._execution(*values[:4], *texts)]
        self._welcome(worker, values[0], *texts)
        return []

    def _execution(self, reason: int, status: int, started: bool, seconds: float, folder: str, stdout: str, stderr: str) -> Execution:
        """How a program ended, its own folder and memory addresses made equal: they differ from run to run."""
        told = _REASONS[reason]
        if not started and told in ("", "timed_out"):
            told = "stuck" if told else "killed"
        outcome, *texts = _verdict(told, status, stdout, stderr, self.limits)
        return Execution(outcome, *(_ADDRESS.sub(_NO_ADDRESS, text.replace(folder, "/scratch")) for text in texts), seconds)


def _cells(program: str | Sequence[str]) -> tuple[str, ...]:
    return (program,) if isinstance(program, str) else tuple(program)


def _remove(folder: Path) -> None:
    """Remove what a program may have built: `rm`, unlike Python, knows no depth. Most folders are empty."""
    with contextlib.suppress(OSError):
        return folder.rmdir()
    subprocess.run(["rm", "-rf", "--", str(folder)], check=False, stderr=subprocess.DEVNULL)


def _verdict(reason: str, status: int, stdout: str, stderr: str, limits: settings.Interpreter) -> tuple[str, str, str]:
    """Outcome, output and last error line. What a stopped program had printed by then is chance, so it is dropped.

    Args:
        reason: the limit that the worker stopped the program for; or that it never ran, since an earlier program killed the process
            (`killed`) or could not be interrupted (`stuck`).
        status: its exit status, or a signal's number, negative.
    """
    if reason == "output_limit":
        return reason, "", f"OutputLimit: more than {_STREAM_BYTES} bytes were printed"
    if reason == "memory":
        return reason, "", f"MemoryError: its processes together took more than {limits.memory_mb} MB"
    if reason == "processes":
        return "error", "", "OSError: too many processes were started"
    if reason == "stuck":
        return "error", "", f"TimeoutError: an earlier program could not be interrupted after {limits.timeout:g} s"
    if reason == "timed_out" or status == -signal.SIGXCPU:
        return "timed_out", "", f"TimeoutError: the program was stopped after {limits.timeout:g} s"
    if reason == "killed":
        return "error", "", "RuntimeError: an earlier program ended the process that they share"
    if status == 0:
        return "ok", stdout, ""
    if status < 0:
        named = {number.value: number.name for number in signal.Signals}  # realtime signals have no name
        return "error", stdout, f"the program was killed by {named.get(-status, f'signal {-status}')}"
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    error = cut(lines[-1], _ERROR_CHARS, " ... ") if lines else f"exit status {status}"
    return "memory" if "MemoryError" in error.split(":")[0] else "error", stdout, error
