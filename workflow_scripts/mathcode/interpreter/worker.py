"""Fork server that runs untrusted programs, one at a time, each in a process of its own.

Started by `mathcode.interpreter.driver` as a script with one JSON argument, never imported. It speaks frames (length, JSON) over
the socket it finds as standard input: first `{"isolation": ...}` or `{"failed": ...}`, then for each `{"program", "arguments"}`
how it ended, `{"reason", "status", "seconds", "folder"}`, with what it wrote to both streams. It stays small and
single-threaded, because every program is forked from it. What programs are or print never enters memory that a later
program inherits: a program reads its own request, and its output is kept where no child sees it.
"""

import atexit
import contextlib
import gc
import importlib.util
import json
import mmap
import os
import resource
import select
import struct
import sys
import time
import types

CONTROL = 0
STREAM_BYTES = 1 << 20
PART_BYTES = 1 << 16
FILE_BYTES = 64 << 20
OPEN_FILES = 64
ENCLOSED, HUNG_UP = b"1", b"0"

WATCH_SECONDS = 0.05
"""How often the processes of a program are counted and their memory added up; most programs end before the first time."""


def main() -> None:
    """Isolate, preload, say so, then serve until the driver hangs up."""
    configuration = json.loads(sys.argv[1])
    try:
        load(os.path.join(os.path.dirname(__file__), "system_calls.py"))
        isolation = load(os.path.join(os.path.dirname(__file__), "isolation.py"))
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
    while (ending := server.execute()) is not None:
        send(ending, server.output)


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
        self.output = (Output(), Output())
        self.served = 0

    def execute(self) -> dict | None:
        """Run the next program to its end, or to a limit; nothing of it is alive afterwards. None when the driver hung up."""
        select.select([CONTROL], [], [])
        self.served += 1
        folder = self.level.folder(self.served)
        streams, ends = zip(os.pipe(), os.pipe(), strict=True)
        enclosed, confirm = os.pipe()
        child = os.fork()
        if child == 0:
            self._become(folder, ends, confirm)
        for end in (*ends, confirm):
            os.close(end)
        for output, stream in zip(self.output, streams, strict=True):
            output.attach(stream)
        try:
            answer, start = os.read(enclosed, 1), time.monotonic()
            reason, status = self._attend(child)
            seconds = time.monotonic() - start
        finally:
            self._sweep()
            for stream in (*streams, enclosed):
                os.close(stream)
            self.level.clear(folder)
        if answer == HUNG_UP:
            return None
        if not answer:
            raise RuntimeError(f"a program could not be enclosed: {bytes(self.output[1].written).decode(errors='replace')}")
        return {"reason": reason, "status": os.waitstatus_to_exitcode(status), "seconds": seconds, "folder": folder}

    def _become(self, folder: str, ends: tuple[int, int], confirm: int) -> None:
        """In the child: read the program, drop what is the server's, take limits, run. Never returns."""
        try:
            request = receive()
            if request is None:
                os.write(confirm, HUNG_UP)
                os._exit(0)
            null = os.open(os.devnull, os.O_RDONLY)
            for target, source in enumerate((null, *ends)):
                os.dup2(source, target)
            os.chdir(folder)
            if os.environ.get("HOME") != folder:
                os.environ["HOME"] = os.environ["TMPDIR"] = folder
            self._limit()
            self.level.enclose()
            os.write(confirm, ENCLOSED)
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

    def _attend(self, child: int) -> tuple[str | None, int]:
        """Collect output until the child ends or a limit is met: (limit, wait status).

        That both streams are closed is the usual sign of the end; a child that closed them early, or left them to others,
        is looked after every now and then. A signal handler would be one more thing to undo in every child.
        """
        now = time.monotonic()
        deadline, watch, pause = now + self.timeout, now + WATCH_SECONDS, 1e-4
        reason, opened = None, {output.stream: output for output in self.output}
        while reason is None and not (not opened and has_ended(child)):
            wake = min(deadline, watch)
            if not opened:
                wake, pause = min(wake, now + pause), pause * 2
            for descriptor in select.select([CONTROL, *opened], [], [], max(0.0, wake - now))[0]:
                if descriptor == CONTROL:  # the driver hung up; a driver never writes while a program runs
                    self.level.stop(child)
                    self._sweep()
                    os._exit(0)
                elif not opened[descriptor].pour():
                    del opened[descriptor]
            now = time.monotonic()
            if any(output.is_full for output in self.output):
                reason = "output_limit"
            elif now >= deadline:
                reason = "timed_out"
            elif now >= watch:
                if has_ended(child):
                    break
                reason, watch = self._excess(), now + WATCH_SECONDS
        self.level.stop(child)
        _, status = os.waitpid(child, 0)
        for output in self.output:
            while not output.is_full and output.pour() and readable(output.stream):
                pass
        if any(output.is_full for output in self.output):
            reason = reason or "output_limit"
        return reason, status

    def _excess(self) -> str | None:
        """The limit that all processes of the program together exceed, if any; each has limits of its own besides."""
        processes = self.level.processes()
        if len(processes) > self.level.max_processes:
            return "processes"
        if sum(process.cpu_seconds for process in processes) > self.timeout:
            return "timed_out"
        allowed = self.memory_mb * 2**20 + self.preloaded_bytes
        if sum(process.resident for process in processes) <= allowed:
            return None
        return "memory" if sum(self.level.shared_fairly(process.number, process.resident) for process in processes) > allowed else None

    def _sweep(self) -> None:
        """Kill and reap every process the program left behind."""
        while True:
            self.level.kill_all()
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
        self.level.collect_descriptors()


class Output:
    """What a program writes to one stream, in memory that no forked child inherits."""

    def __init__(self):
        self.stream = -1
        self._pages = mmap.mmap(-1, STREAM_BYTES + PART_BYTES)
        self._pages.madvise(mmap.MADV_DONTFORK)
        self._room = memoryview(self._pages)
        self._length = 0

    def attach(self, stream: int) -> None:
        """Begin anew with another pipe."""
        self.stream, self._length = stream, 0
        os.set_blocking(stream, False)

    @property
    def is_full(self) -> bool:
        return self._length > STREAM_BYTES

    @property
    def written(self) -> memoryview:
        return self._room[: self._length]

    def pour(self) -> bool:
        """Take what the pipe holds, with room for it; false at its end."""
        try:
            count = os.readv(self.stream, [self._room[self._length : self._length + PART_BYTES]])
        except BlockingIOError:
            return True
        self._length += count
        return count > 0


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
    if "linecache" in sys.modules:  # for tracebacks and inspect: the program has no file of its own
        sys.modules["linecache"].cache["program.py"] = (len(program), None, program.splitlines(keepends=True), "program.py")
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


def has_ended(child: int) -> bool:
    """Whether `child` has ended, without reaping it: its id must stay taken until its group is killed."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def readable(stream: int) -> bool:
    """Whether `stream` holds more to read right now."""
    return bool(select.select([stream], [], [], 0)[0])


def send(message: dict, output: tuple[Output, ...] = ()) -> None:
    """Write one frame to the driver: a message, and what the program wrote to each stream."""
    body = json.dumps(message).encode()
    written = [stream.written for stream in output] or [b"", b""]
    for part in (struct.pack("!III", len(body), *map(len, written)) + body, *written):
        data = memoryview(part)
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
