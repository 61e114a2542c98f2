"""Programs of one response, run one after the other in one process as cells of a notebook; only the last is seen.

Loaded by `worker.py` alone, and used in the process of the programs. Source text is never edited: earlier programs run as they are, with
their streams pointed at nothing on the level of descriptors, so that no print, child process or C code shows anything twice.
"""

import __future__

import atexit
import builtins
import contextlib
import ctypes
import fcntl
import os
import signal
import sys
import types
from collections.abc import Callable, Iterator

HIDDEN = 60
"""Descriptors from here on keep what earlier programs must not write to; below the limit of open files."""
_FUTURES = __future__.annotations.compiler_flag | __future__.barry_as_FLUFL.compiler_flag
"""Future imports that a cell still inherits; the others are Python by now."""
_LIBC = ctypes.CDLL(None)
_STREAMS = ("stdin", "stdout", "stderr")
_SAMPLE = '''
def solution():
    """A word problem."""
    price, count, total = 3.5, 4, 0
    for number in range(count):
        total += price * number if number % 2 else price // 1
    while total > 20:
        total -= 0.5
    result = {"total": round(total, 2), "list": [number ** 2 for number in range(3)]}
    return f"{result['total']:.2f}" + str(result)
text = solution()
'''
_WARM_ROUNDS = 20
"""Python makes a function faster after it was called some times, and writes to its code until then."""
_AGAIN_SECONDS = 0.5
"""A program that swallows its interruption is interrupted again."""


def run(cells: list[str], arguments: list[str], folder: str, timeout: float, started: Callable[[], object] | None = None) -> int:
    """Run programs that share a state; exit status of the last, which runs as `python program.py arguments` would.

    What an earlier program did up to its end, its error or its limit of time stays. `sys.exit` and `os._exit` end it alone, and its
    threads are waited for; what it left to be done at exit is done at the very end, unseen.

    Args:
        cells: the programs; all but the last have run before, each as the last of its own run.
        folder: where modules that the programs write are found.
        timeout: seconds after which an earlier program is interrupted, as by Ctrl-C.
        started: called after earlier programs, when the last one is about to start.
    """
    module = types.ModuleType("__main__")
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    sys.argv = ["program.py", *arguments]
    sys.orig_argv = ["python", *sys.argv]
    sys.path.insert(0, folder)
    streams, flags = [sys.stdin, sys.stdout, sys.stderr], 0
    if len(cells) > 1:
        flags = _run_unseen(cells[:-1], module, timeout, streams)
        started()
    status, _ = _execute(cells[-1], len(cells), module, flags)
    for ending in (_end_threads, atexit._run_exitfuncs, module.__dict__):
        try:
            ending() if ending is not module.__dict__ else _clear(ending, {})
        except BaseException:
            continue
    return status or (0 if _flush(streams) else 120)  # as Python does where output cannot be written


def warm_up() -> None:
    """Do once what every program does, before programs are forked: what is made on first use is made once then."""
    for _ in range(_WARM_ROUNDS):
        module = types.ModuleType("warm")
        module.__builtins__ = builtins
        _execute(_SAMPLE, 1, module, 0)
        _clear(module.__dict__, {})
        _flush([None, None, None])


def _run_unseen(cells: list[str], module: types.ModuleType, timeout: float, streams: list) -> int:
    """Run the earlier programs; flags of the compiler that the next one inherits."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    shown = {number: fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, HIDDEN) for number in (1, 2)}
    hidden = fcntl.fcntl(null, fcntl.F_DUPFD_CLOEXEC, HIDDEN)
    os.close(null)
    replaced, flags = [], 0
    for number, cell in enumerate(cells, 1):
        for target in (0, 1, 2):
            os.dup2(hidden, target)
        with _interrupted(timeout), _exits_caught():
            _, flags = _execute(cell, number, module, flags)
            _join_threads()
        _restore(streams, replaced)
    for number, stream in shown.items():
        os.dup2(stream, number)
        os.close(stream)
    os.close(hidden)
    # At exit, what the last program registered runs before this, and what earlier ones did after it.
    atexit.register(_end_last, module, dict(module.__dict__), streams, replaced)
    return flags


def _execute(cell: str, number: int, module: types.ModuleType, flags: int) -> tuple[int, int]:
    """Run one program; its exit status, and the compiler's flags for the next."""
    name = "program.py" if number == 1 else f"program_{number}.py"
    module.__file__ = name
    if "linecache" in sys.modules:  # for tracebacks and inspect: the program has no file of its own
        sys.modules["linecache"].cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    try:
        code = compile(cell.removeprefix("\ufeff"), name, "exec", flags, dont_inherit=True)
        flags |= code.co_flags & _FUTURES
        exec(code, module.__dict__)
    except SystemExit as exit_:
        return _exit_status(exit_.code), flags
    except BaseException:
        kind, error, trace = sys.exc_info()
        with contextlib.suppress(BaseException):
            sys.excepthook(kind, error, trace.tb_next)
        return 1, flags
    return 0, flags


def _exit_status(code: object) -> int:
    """Exit status of `sys.exit(code)`; as Python does, a message goes to standard error."""
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    with contextlib.suppress(Exception):
        print(code, file=sys.stderr)
    return 1


@contextlib.contextmanager
def _interrupted(timeout: float) -> Iterator[None]:
    """Interrupt what runs for longer, as Ctrl-C would; its program is at its limit and the next one takes over."""

    def interrupt(*_):
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGALRM, interrupt)
        signal.setitimer(signal.ITIMER_REAL, timeout, _AGAIN_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            if signal.getsignal(signal.SIGALRM) is interrupt:  # not the program's own
                signal.signal(signal.SIGALRM, before)
    except KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextlib.contextmanager
def _exits_caught() -> Iterator[None]:
    """Make `os._exit` end the program and not the process of all programs; a process that the program forks ends as it says."""
    leave, own = os._exit, os.getpid()

    def end(status):
        if os.getpid() != own:
            leave(status)
        raise SystemExit(status)

    os._exit = end
    try:
        yield
    finally:
        os._exit = leave


def _join_threads() -> None:
    """Wait for threads as the end of a script does; those of a pool that is still open wait for work, and go on."""
    if "threading" in sys.modules:
        pools = sys.modules.get("concurrent.futures.thread")
        threading, idle = sys.modules["threading"], pools._threads_queues if pools else {}
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon and thread not in idle:
                thread.join()


def _end_threads() -> None:
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()


def _restore(streams: list, replaced: list) -> None:
    """Give the next program the streams of a script, whatever this one put in their place or closed.

    Args:
        streams: in the order of their descriptors; a closed one is replaced.
        replaced: keeps what was in their place: some streams, when collected, close the one they write to.
    """
    _flush(streams)
    for number, name in enumerate(_STREAMS):
        if streams[number].closed:
            streams[number] = os.fdopen(number, "w" if number else "r", 1, "utf-8", streams[number].errors, closefd=False)
        replaced.append(getattr(sys, name, None))
        setattr(sys, name, streams[number])


def _end_last(module: types.ModuleType, before: dict, streams: list, replaced: list) -> None:
    """Let go of what the last program made, and show nothing from then on: what earlier ones made has ended before, and been shown."""
    _clear(module.__dict__, before)
    _restore(streams, replaced)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        os.dup2(null, number)


def _clear(variables: dict, kept: dict) -> None:
    """Let go of all variables but the `kept` ones, as Python does at its end: files are flushed and finalisers run."""
    names = [name for name, value in variables.items() if name != "__builtins__" and kept.get(name) is not value]
    for private in (True, False):
        for name in names:
            if name.startswith("_") is private:
                variables[name] = None


def _flush(streams: list) -> bool:
    """Write what is still in buffers of Python and C; whether standard output took it."""
    written = True
    for number in (2, 1):
        for stream in {streams[number], getattr(sys, _STREAMS[number], None)}:
            try:
                if stream is not None and not getattr(stream, "closed", False):
                    stream.flush()
            except Exception:
                written = number == 2
    _LIBC.fflush(None)
    return written
