"""Fork server that runs untrusted programs, one at a time, each in a process of its own.

Started by `autocode.interpreter` as a script with one JSON argument, never imported. It speaks frames (length, JSON) over
the socket it finds as standard input: first `{"isolation": ...}` or `{"failed": ...}`, then one `{"outcome", "stdout",
"error"}` for each `{"program", "arguments"}`. It stays small and single-threaded, because every program is forked from it.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import importlib.util
import json
import os
import random  # noqa: F401 - programs find it imported, and seeded
import resource
import select
import shutil
import signal
import struct
import sys
import time
import types

CONTROL = 0
STREAM_BYTES = 1 << 20
FILE_BYTES = 64 << 20
OPEN_FILES = 64

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_NEW_NAMESPACES = 0x10000000 | 0x40000000 | 0x20000000 | 0x08000000  # user, network, process ids, System V IPC


def main() -> None:
    """Isolate, preload, say so, then serve until the driver hangs up."""
    configuration = json.loads(sys.argv[1])
    isolation = isolate() if configuration["namespaces"] else "process"
    if isolation == "process":
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what a program leaves behind becomes our child, so `sweep` finds it
    try:
        preload(configuration["preload"])
    except BaseException as error:
        send({"failed": f"{type(error).__name__}: {error}"})
        return
    server = Server(configuration, isolation)
    gc.collect()
    gc.freeze()
    send({"isolation": isolation})
    while (request := receive()) is not None:
        send(server.execute(request))


def isolate() -> str:
    """Enter namespaces of our own where the machine allows it: "namespaces", else "process".

    Inside, this process is the first of its process namespace: programs cannot signal it or anything outside, whatever
    they leave behind dies with one signal, and there is no network device.
    """
    user, group = os.getuid(), os.getgid()
    if _LIBC.unshare(_NEW_NAMESPACES) != 0:
        return "process"
    for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with contextlib.suppress(OSError), open(f"/proc/self/{file}", "w") as handle:
            handle.write(text)
    first = os.fork()
    if first:
        os.close(CONTROL)
        _, status = os.waitpid(first, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    return "namespaces"


def preload(modules: list[str]) -> None:
    """Import modules by name or, where the name ends in .py, by path."""
    for name in modules:
        if name.endswith(".py"):
            stem = os.path.splitext(os.path.basename(name))[0]
            spec = importlib.util.spec_from_file_location(stem, name)
            sys.modules[stem] = module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
        else:
            importlib.import_module(name)


class Server:
    """Runs programs one after the other."""

    def __init__(self, configuration: dict, isolation: str):
        self.timeout = configuration["timeout"]
        self.scratch = configuration["scratch"]
        self.isolation = isolation
        with open("/proc/self/statm") as handle:
            pages = int(handle.read().split()[0])
        # The limit is the program's own: what the preloaded modules map comes on top.
        self.address_bytes = pages * resource.getpagesize() + configuration["memory_mb"] * 2**20
        self.served = 0
        self.child_ended, wake = os.pipe()
        os.set_blocking(self.child_ended, False)
        os.set_blocking(wake, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def execute(self, request: dict) -> dict:
        """Run one program to its end, or to a limit; nothing of it is alive afterwards."""
        self.served += 1
        folder = f"{self.scratch}/{self.served}"
        os.mkdir(folder, 0o700)
        streams, ends = zip(os.pipe(), os.pipe(), strict=True)
        child = os.fork()
        if child == 0:
            self._become(request, folder, ends)
        for end in ends:
            os.close(end)
        try:
            reason, texts, status = self._attend(child, streams)
        finally:
            self._sweep(child)
            for stream in streams:
                os.close(stream)
            remove(folder)
        return {key: value.replace(folder, "/scratch") for key, value in verdict(reason, texts, status, self.timeout).items()}

    def _become(self, request: dict, folder: str, ends: tuple[int, int]) -> None:
        """In the child: drop what is the server's, take limits, run the program. Never returns."""
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            os.setsid()
            null = os.open(os.devnull, os.O_RDONLY)
            for target, source in enumerate((null, *ends)):
                os.dup2(source, target)
            os.closerange(3, 4096)
            os.chdir(folder)
            os.environ.update(HOME=folder, TMPDIR=folder)
            cpu = int(self.timeout) + 2
            for limit, value in (
                (resource.RLIMIT_AS, self.address_bytes),
                (resource.RLIMIT_CPU, cpu),
                (resource.RLIMIT_FSIZE, FILE_BYTES),
                (resource.RLIMIT_CORE, 0),
                (resource.RLIMIT_NOFILE, OPEN_FILES),
            ):
                hard = resource.getrlimit(limit)[1]
                value = value if hard == resource.RLIM_INFINITY else min(value, hard)
                resource.setrlimit(limit, (value, value))
            os._exit(run_as_script(request["program"], request["arguments"], folder))
        finally:
            os._exit(1)

    def _attend(self, child: int, streams: tuple[int, int]) -> tuple[str | None, list[bytes], int]:
        """Collect output until the child ends or a limit is met: (limit, output and error text, wait status)."""
        deadline = time.monotonic() + self.timeout
        poll = select.poll()
        texts = {stream: bytearray() for stream in streams}
        for descriptor in (CONTROL, self.child_ended, *streams):
            poll.register(descriptor, select.POLLIN)
        for stream in streams:
            os.set_blocking(stream, False)
        reason, ended = None, False
        while reason is None and not ended:
            remaining = deadline - time.monotonic()
            events = poll.poll(remaining * 1000) if remaining > 0 else []
            if not events and time.monotonic() >= deadline:
                reason = "timed_out"
            for descriptor, _ in events:
                if descriptor == CONTROL:  # the driver hung up; a driver never writes while a program runs
                    self._sweep(child)
                    os._exit(0)
                elif descriptor == self.child_ended:
                    ended = drain(self.child_ended) and has_ended(child)
                elif not pour(descriptor, texts[descriptor]):
                    poll.unregister(descriptor)
            if any(len(text) > STREAM_BYTES for text in texts.values()):
                reason = "output_limit"
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        for stream in streams:
            while len(texts[stream]) <= STREAM_BYTES and pour(stream, texts[stream]) and readable(stream):
                pass
        if any(len(text) > STREAM_BYTES for text in texts.values()):
            reason = reason or "output_limit"
        return reason, [bytes(texts[stream]) for stream in streams], status

    def _sweep(self, child: int) -> None:
        """Kill and reap every process the program left behind."""
        while True:
            if self.isolation == "namespaces":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(-1, signal.SIGKILL)  # everybody in our process namespace but ourselves
            else:
                for process in children():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(process, signal.SIGKILL)
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break


def seed() -> None:
    """Make the same program draw the same numbers every time; `random` reseeds itself in a forked process."""
    for name in ("random", "numpy.random", "sympy.core.random"):
        if name in sys.modules:
            sys.modules[name].seed(0)


def run_as_script(program: str, arguments: list[str], folder: str) -> int:
    """Run `program` as `python program.py arguments` would, and return its exit status."""
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = ["program.py", *arguments]
    sys.path.insert(0, folder)
    seed()
    status = 0
    try:
        exec(compile(program, "program.py", "exec", dont_inherit=True), module.__dict__)
    except SystemExit as exit_:
        status = exit_status(exit_.code)
    except BaseException:
        status = 1
        error = sys.exc_info()
        error = (error[0], error[1], error[2].tb_next)
        sys.excepthook(*error)
    with contextlib.suppress(Exception):
        if "threading" in sys.modules:
            sys.modules["threading"]._shutdown()  # a script waits for its threads
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    return status


def exit_status(code: object) -> int:
    """Exit status of `sys.exit(code)`; as Python does, a message goes to standard error."""
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)
    return 1


def verdict(reason: str | None, texts: list[bytes], status: int, timeout: float) -> dict[str, str]:
    """Outcome, output and last error line. What a stopped program had printed by then is chance, so it is dropped."""
    if reason == "output_limit":
        return {"outcome": reason, "stdout": "", "error": f"OutputLimit: more than {STREAM_BYTES} bytes were printed"}
    code = os.waitstatus_to_exitcode(status)
    if reason == "timed_out" or code == -signal.SIGXCPU:
        return {"outcome": "timed_out", "stdout": "", "error": f"TimeoutError: the program was stopped after {timeout:g} s"}
    stdout, stderr = (text.decode("utf-8", "replace") for text in texts)
    if code == 0:
        return {"outcome": "ok", "stdout": stdout, "error": ""}
    if code < 0:
        error = f"the program was killed by {signal.Signals(-code).name}" if -code in signal.valid_signals() else "the program was killed"
        return {"outcome": "error", "stdout": stdout, "error": error}
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    error = lines[-1] if lines else f"exit status {code}"
    return {"outcome": "memory" if "MemoryError" in error.split(":")[0] else "error", "stdout": stdout, "error": error}


def children() -> list[int]:
    """Process ids of our direct children."""
    with open(f"/proc/self/task/{os.getpid()}/children") as handle:
        return [int(process) for process in handle.read().split()]


def has_ended(child: int) -> bool:
    """Whether `child` has ended, without reaping it: its id must stay taken until its group is killed."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def drain(descriptor: int) -> bool:
    """Empty the wake-up pipe."""
    with contextlib.suppress(BlockingIOError):
        os.read(descriptor, 4096)
    return True


def pour(stream: int, text: bytearray) -> bool:
    """Append what `stream` holds to `text`; false at its end."""
    try:
        part = os.read(stream, 65536)
    except BlockingIOError:
        return True
    text += part
    return bool(part)


def readable(stream: int) -> bool:
    """Whether `stream` holds more to read right now."""
    poll = select.poll()
    poll.register(stream, select.POLLIN)
    return any(event & select.POLLIN for _, event in poll.poll(0))


def remove(folder: str) -> None:
    """Remove a scratch folder; most programs leave it empty."""
    try:
        os.rmdir(folder)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)


def send(message: dict) -> None:
    """Write one frame to the driver."""
    body = json.dumps(message).encode()
    data = memoryview(struct.pack("!I", len(body)) + body)
    while data:
        data = data[os.write(CONTROL, data) :]


def receive() -> dict | None:
    """Read one frame from the driver; None when it hung up."""
    header = read_exactly(4)
    body = read_exactly(struct.unpack("!I", header)[0]) if header else None
    return None if body is None else json.loads(body)


def read_exactly(count: int) -> bytes | None:
    """Read `count` bytes from the driver; None when it hung up."""
    parts = bytearray()
    while len(parts) < count:
        part = os.read(CONTROL, min(count - len(parts), 1 << 20))
        if not part:
            return None
        parts += part
    return bytes(parts)


if __name__ == "__main__":
    main()
