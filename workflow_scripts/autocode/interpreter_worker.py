"""Fork server that runs untrusted programs, one at a time, each in a process of its own.

Started by `autocode.interpreter` as a script with one JSON argument, never imported. It speaks frames (length, JSON) over
the socket it finds as standard input: first `{"isolation": ...}` or `{"failed": ...}`, then one `{"outcome", "stdout",
"error"}` for each `{"program", "arguments"}`. It stays small and single-threaded, because every program is forked from it.
"""

import atexit
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import resource
import select
import signal
import struct
import sys
import time
import types

CONTROL = 0
STREAM_BYTES = 1 << 20
FILE_BYTES = 64 << 20
OPEN_FILES = 64

WATCH_SECONDS = 0.05
"""How often the processes of a program are counted and their memory added up; most programs end before the first time."""


def main() -> None:
    """Isolate, preload, say so, then serve until the driver hangs up."""
    configuration = json.loads(sys.argv[1])
    try:
        isolation = load(os.path.join(os.path.dirname(__file__), "interpreter_isolation.py"))
        preload(configuration["preload"])
        with open("/proc/self/statm") as handle:
            mapped, resident = (int(pages) * resource.getpagesize() for pages in handle.read().split()[:2])
        level = isolation.reach(*configuration["isolation"], configuration["scratch"])
    except BaseException as error:
        send({"failed": f"{type(error).__name__}: {error}"})
        return
    server = Server(configuration, level, mapped, resident)
    gc.collect()
    gc.freeze()
    send({"isolation": level.name})
    while (request := receive()) is not None:
        send(server.execute(request))


def load(path: str) -> types.ModuleType:
    """Import a file by its path, under its own name."""
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def preload(modules: list[str]) -> None:
    """Import modules by name or, where the name ends in .py, by path."""
    for name in modules:
        load(name) if name.endswith(".py") else importlib.import_module(name)


class Server:
    """Runs programs one after the other."""

    def __init__(self, configuration: dict, level, mapped: int, resident: int):
        self.timeout = configuration["timeout"]
        self.memory_mb = configuration["memory_mb"]
        self.level = level
        # The limits are the program's own: what the preloaded modules take comes on top.
        self.address_bytes = mapped + self.memory_mb * 2**20
        self.preloaded_bytes = resident
        self.served = 0

    def execute(self, request: dict) -> dict:
        """Run one program to its end, or to a limit; nothing of it is alive afterwards."""
        self.served += 1
        folder = self.level.folder(self.served)
        streams, ends = zip(os.pipe(), os.pipe(), strict=True)
        enclosed, confirm = os.pipe()
        start = time.monotonic()
        child = os.fork()
        if child == 0:
            self._become(request, folder, ends, confirm)
        for end in (*ends, confirm):
            os.close(end)
        try:
            reason, texts, status = self._attend(child, streams)
            seconds = time.monotonic() - start
            if not os.read(enclosed, 1):
                raise RuntimeError(f"a program could not be enclosed: {texts[1].decode(errors='replace')}")
        finally:
            self._sweep(child)
            for stream in (*streams, enclosed):
                os.close(stream)
            self.level.clear(folder)
        ended = verdict(reason, texts, status, self.timeout, self.memory_mb)
        return {key: value.replace(folder, "/scratch") for key, value in ended.items()} | {"seconds": seconds}

    def _become(self, request: dict, folder: str, ends: tuple[int, int], confirm: int) -> None:
        """In the child: drop what is the server's, take limits, run the program. Never returns."""
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDONLY)
            for target, source in enumerate((null, *ends)):
                os.dup2(source, target)
            os.chdir(folder)
            if os.environ.get("HOME") != folder:
                os.environ["HOME"] = os.environ["TMPDIR"] = folder
            self._limit()
            self.level.enclose()
            os.write(confirm, b"1")
            os.closerange(3, 4096)
            os._exit(run_as_script(request["program"], request["arguments"], folder))
        except BaseException as error:
            os.write(2, repr(error).encode())
        finally:
            os._exit(1)

    def _limit(self) -> None:
        """Take the resource limits of a program."""
        for limit, value in (
            (resource.RLIMIT_AS, self.address_bytes),
            (resource.RLIMIT_CPU, int(self.timeout) + 2),
            (resource.RLIMIT_FSIZE, FILE_BYTES),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_NOFILE, OPEN_FILES),
            *self.level.limits(),
        ):
            hard = resource.getrlimit(limit)[1]
            value = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(limit, (value, value))

    def _attend(self, child: int, streams: tuple[int, int]) -> tuple[str | None, list[bytes], int]:
        """Collect output until the child ends or a limit is met: (limit, output and error text, wait status).

        That both streams are closed is the usual sign of the end; a child that closed them early, or left them to others,
        is looked after every now and then. A signal handler would be one more thing to undo in every child.
        """
        now = time.monotonic()
        deadline, watch, pause = now + self.timeout, now + WATCH_SECONDS, 1e-4
        texts = {stream: bytearray() for stream in streams}
        for stream in streams:
            os.set_blocking(stream, False)
        reason, opened = None, list(streams)
        while reason is None and not (not opened and has_ended(child)):
            wake = min(deadline, watch)
            if not opened:
                wake, pause = min(wake, now + pause), pause * 2
            for descriptor in select.select([CONTROL, *opened], [], [], max(0.0, wake - now))[0]:
                if descriptor == CONTROL:  # the driver hung up; a driver never writes while a program runs
                    self._sweep(child)
                    os._exit(0)
                elif not pour(descriptor, texts[descriptor]):
                    opened.remove(descriptor)
            now = time.monotonic()
            if any(len(text) > STREAM_BYTES for text in texts.values()):
                reason = "output_limit"
            elif now >= deadline:
                reason = "timed_out"
            elif now >= watch:
                if has_ended(child):
                    break
                reason, watch = self._excess(), now + WATCH_SECONDS
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        for stream in streams:
            while len(texts[stream]) <= STREAM_BYTES and pour(stream, texts[stream]) and readable(stream):
                pass
        if any(len(text) > STREAM_BYTES for text in texts.values()):
            reason = reason or "output_limit"
        return reason, [bytes(texts[stream]) for stream in streams], status

    def _excess(self) -> str | None:
        """The limit that all processes of the program together exceed, if any; each has limits of its own besides."""
        processes = self.level.processes()
        if len(processes) > self.level.max_processes:
            return "processes"
        allowed = self.memory_mb * 2**20 + self.preloaded_bytes
        if sum(size for _, size in processes) <= allowed:
            return None
        return "memory" if sum(self.level.shared_fairly(*process) for process in processes) > allowed else None

    def _sweep(self, child: int) -> None:
        """Kill and reap every process the program left behind."""
        while True:
            self.level.kill_all()
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
    module.__file__ = "program.py"
    sys.modules["__main__"] = module
    sys.argv = ["program.py", *arguments]
    sys.orig_argv = ["python", *sys.argv]
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
    try:
        sys.stdout.flush()
    except Exception:
        status = status or 120  # as Python does
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    return status


def exit_status(code: object) -> int:
    """Exit status of `sys.exit(code)`; as Python does, a message goes to standard error."""
    if code is None or isinstance(code, int):
        return (code or 0) & 0xFF
    print(code, file=sys.stderr)
    return 1


def verdict(reason: str | None, texts: list[bytes], status: int, timeout: float, memory_mb: int) -> dict[str, str]:
    """Outcome, output and last error line. What a stopped program had printed by then is chance, so it is dropped."""
    if reason == "output_limit":
        return {"outcome": reason, "stdout": "", "error": f"OutputLimit: more than {STREAM_BYTES} bytes were printed"}
    if reason == "memory":
        return {"outcome": reason, "stdout": "", "error": f"MemoryError: its processes together took more than {memory_mb} MB"}
    if reason == "processes":
        return {"outcome": "error", "stdout": "", "error": "OSError: too many processes were started"}
    code = os.waitstatus_to_exitcode(status)
    if reason == "timed_out" or code == -signal.SIGXCPU:
        return {"outcome": "timed_out", "stdout": "", "error": f"TimeoutError: the program was stopped after {timeout:g} s"}
    stdout, stderr = (text.decode("utf-8", "replace") for text in texts)
    if code == 0:
        return {"outcome": "ok", "stdout": stdout, "error": ""}
    if code < 0:
        named = {number.value: number.name for number in signal.Signals}  # realtime signals have no name
        return {"outcome": "error", "stdout": stdout, "error": f"the program was killed by {named.get(-code, f'signal {-code}')}"}
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    error = lines[-1] if lines else f"exit status {code}"
    return {"outcome": "memory" if "MemoryError" in error.split(":")[0] else "error", "stdout": stdout, "error": error}


def has_ended(child: int) -> bool:
    """Whether `child` has ended, without reaping it: its id must stay taken until its group is killed."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


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
    return bool(select.select([stream], [], [], 0)[0])


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
