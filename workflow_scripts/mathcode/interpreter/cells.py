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
_STREAMS = {"stdin": "r", "stdout": "w", "stderr": "w"}
_AGAIN_SECONDS = 0.5
"""A program that swallows its interruption is interrupted again."""


def run(cells: list[str], arguments: list[str], folder: str, timeout: float, started: Callable[[], object]) -> int:
    """Run programs that share a state; exit status of the last, which runs as `python program.py arguments` would.

    What an earlier program did up to its end, its error or its limit of time stays. `sys.exit` and `os._exit` end it alone, and its
    threads are waited for; what it left to be done at exit is done at the very end, unseen.

    Args:
        cells: the programs; all but the last have run before, each as the last of its own run.
        folder: where modules that the programs write are found.
        timeout: seconds after which an earlier program is interrupted, as by Ctrl-C.
        started: called when the last program is about to start.
    """
    module = types.ModuleType("__main__")
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    sys.argv = ["program.py", *arguments]
    sys.orig_argv = ["python", *sys.argv]
    sys.path.insert(0, folder)
    streams = {name: getattr(sys, name) for name in _STREAMS}
    *earlier, last = cells
    flags = _run_unseen(earlier, module, timeout, streams) if earlier else 0
    started()
    status, _ = _execute(last, len(cells), module, flags)
    for ending in (_end_threads, atexit._run_exitfuncs, lambda: _clear(module, {})):
        with contextlib.suppress(BaseException):
            ending()
    return status or (0 if _flush(streams) else 120)  # as Python does where output cannot be written


def _run_unseen(cells: list[str], module: types.ModuleType, timeout: float, streams: dict) -> int:
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


def _restore(streams: dict, replaced: list) -> None:
    """Give the next program the streams of a script, whatever this one put in their place or closed.

    Args:
        streams: by name; a closed one is replaced.
        replaced: keeps what was in their place: some streams, when collected, close the one they write to.
    """
    _flush(streams)
    for number, (name, mode) in enumerate(_STREAMS.items()):
        if streams[name].closed:
            streams[name] = os.fdopen(number, mode, 1, "utf-8", streams[name].errors, closefd=False)
        replaced.append(getattr(sys, name, None))
        setattr(sys, name, streams[name])


def _end_last(module: types.ModuleType, before: dict, streams: dict, replaced: list) -> None:
    """Let go of what the last program made, and show nothing from then on: what earlier ones made has ended before, and been shown."""
    _clear(module, before)
    _restore(streams, replaced)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        os.dup2(null, number)


def _clear(module: types.ModuleType, kept: dict) -> None:
    """Let go of all variables but the `kept` ones, as Python does at its end: files are flushed and finalisers run."""
    names = [name for name, value in module.__dict__.items() if name != "__builtins__" and kept.get(name) is not value]
    for name in sorted(names, key=lambda name: not name.startswith("_")):
        module.__dict__[name] = None


def _flush(streams: dict) -> bool:
    """Write what is still in buffers of Python and C; whether standard output took it."""
    written = True
    for name in ("stderr", "stdout"):
        for stream in (getattr(sys, name, None), streams[name]):
            try:
                if stream is not None and not getattr(stream, "closed", False):
                    stream.flush()
            except Exception:
                written = name == "stderr"
    _LIBC.fflush(None)
    return written
