"""Fork server that runs untrusted programs, one at a time, each in a process of its own.

Started by `mathcode.interpreter.driver` as a script with its configuration, marshalled, in hexadecimal; never imported. It speaks
frames over the socket it finds as standard input: first whether it is ready (GREETING), then for each request (REQUEST: cells and
arguments) how the last cell ended (ENDING), with what it wrote to both streams. It stays small and single-threaded, because every
program is forked from it, and does little for each: a page that it or the program touches is a page to copy. What programs are or
print never enters memory that a later program inherits: a program reads its own request, and its output is kept where no child sees it.
"""

import fcntl
import gc
import importlib.util
import marshal
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
HUNG_UP = b"\0"
GREETING = struct.Struct("!?I")
"""Whether the worker is ready, and bytes of what follows: its level of isolation, else why not."""
REQUEST = struct.Struct("!III")
"""Bytes of what follows, cells and arguments; what follows are their texts, each after its length (TEXT)."""
TEXT = struct.Struct("!I")
ENDING = struct.Struct("!Bi?dIII")
"""Reason (REASONS), exit status, whether the last cell started, seconds; bytes of the folder's name and of two streams, which follow."""
REASONS = ("", "output_limit", "timed_out", "processes", "memory")
REHEARSAL_SECONDS = 1.0
"""Beyond the limits of the earlier programs themselves, before the last one must have started."""

WATCH_SECONDS = 0.05
"""How often the processes of a program are counted and their memory added up; most programs end before the first time."""


def main() -> None:
    """Isolate, preload, say so, then serve until the driver hangs up."""
    configuration = marshal.loads(bytes.fromhex(sys.argv[1]))
    try:
        own = [
            os.path.join(os.path.dirname(__file__), f"{name}.py")
            for name in ("system_calls", "namespaces", "isolation", "cells", "randomness")
        ]
        _, _, isolation, cells, randomness = map(load, own)
        for module in own:
            del sys.modules[name_of(module)]  # no program finds them
        preload(configuration["preload"])
        randomness.fix()
        with open("/proc/self/statm") as handle:
            mapped, resident = (int(pages) * resource.getpagesize() for pages in handle.read().split()[:2])
        level = isolation.reach(*configuration["isolation"], configuration["scratch"])
        os.environ.pop("LD_LIBRARY_PATH", None)  # what programs see is the same everywhere
    except BaseException as error:
        greet(False, f"{type(error).__name__}: {error}")
        return
    make_streams()
    server = Server(configuration, level, cells, randomness, mapped, resident)
    cells.warm_up()
    gc.collect()
    gc.freeze()
    greet(True, level.name)
    while (ending := server.execute()) is not None:
        send(ending)


def load(path: str) -> types.ModuleType:
    """Import a file by its path, under its own name."""
    name = name_of(path)
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def name_of(path: str) -> str:
    """Name of the module in a file."""
    return os.path.splitext(os.path.basename(path))[0]


def preload(modules: list[str]) -> None:
    """Import modules by name or, where the name ends in .py, by path."""
    for name in modules:
        load(name) if name.endswith(".py") else importlib.import_module(name)


def make_streams() -> None:
    """Make the streams that programs print to; at each line end what was printed leaves, so that a crash does not take it along.

    Python asks once whether a stream can seek, and remembers: programs are given pipes, so pipes they must be when it asks.
    """
    reading, writing = os.pipe()
    for number, name in ((1, "stdout"), (2, "stderr")):
        own = os.dup(number)
        os.dup2(writing, number)
        stream = os.fdopen(number, "w", 1, "utf-8", getattr(sys, name).errors, closefd=False)
        stream.buffer.raw.name = f"<{name}>"
        os.dup2(own, number)
        os.close(own)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    os.close(reading)
    os.close(writing)


class Server:
    """Runs programs one after the other."""

    def __init__(self, configuration: dict, level, cells: types.ModuleType, randomness: types.ModuleType, mapped: int, resident: int):
        self.cells, self.randomness = cells, randomness
        self.timeout = configuration["timeout"]
        self.memory_mb = configuration["memory_mb"]
        self.level = level
        # The limits are the program's own: what the preloaded modules take comes on top.
        self.address_bytes = mapped + self.memory_mb * 2**20
        self.preloaded_bytes = resident
        self.output = (Output(), Tail())
        self.served = 0
        self.folder = ""
        self.null = os.open(os.devnull, os.O_RDONLY)
        for limit, value in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, FILE_BYTES), (resource.RLIMIT_NOFILE, OPEN_FILES)):
            take_limit(limit, value)  # programs inherit them

    def execute(self) -> list[bytes | memoryview] | None:
        """Run the next program to its end, or to a limit; nothing of it is alive afterwards. The parts of the answer; None at the end."""
        select.select([CONTROL], [], [])
        self.served += 1
        folder = self.level.folder(self.served)
        if folder != self.folder:
            self.folder = os.environ["HOME"] = os.environ["TMPDIR"] = folder
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
            answer = os.read(enclosed, 1)
            ending = self._attend(child, enclosed, answer[0] if answer else 0)
        finally:
            self._sweep()
            for stream in (*streams, enclosed):
                os.close(stream)
            self.level.clear(folder)
        if answer == HUNG_UP:
            return None
        if not answer:
            raise RuntimeError(f"a program could not be enclosed: {bytes(self.output[1].written).decode(errors='replace')}")
        name, written = folder.encode(), [output.written for output in self.output]
        return [ENDING.pack(*ending, len(name), *map(len, written)) + name, *written]

    def _become(self, folder: str, ends: tuple[int, int], confirm: int) -> None:
        """In the child: read the program, drop what is the server's, take limits, run. Never returns."""
        try:
            request = receive()
            if request is None:
                os.write(confirm, HUNG_UP)
                os._exit(0)
            cells, arguments = request
            count = len(cells)
            for target, source in enumerate((self.null, *ends)):
                os.dup2(source, target)
            os.chdir(folder)
            take_limit(resource.RLIMIT_AS, self.address_bytes)
            take_limit(resource.RLIMIT_CPU, int(self.timeout * count) + 2)
            for limit, value in self.level.limits():
                take_limit(limit, value)
            self.level.enclose()
            os.write(confirm, bytes((min(count, 255),)))
            if count > 1:
                self._rehearse_and_run(cells, arguments, folder, confirm)
            os.closerange(3, 4096)
            self.randomness.seed()
            os._exit(self.cells.run(cells, arguments, folder, self.timeout))
        except BaseException as error:
            os.write(2, repr(error).encode())
        finally:
            os._exit(1)

    def _rehearse_and_run(self, cells: list[str], arguments: list[str], folder: str, confirm: int) -> None:
        """Run several programs, telling the server when the last one starts. Never returns."""
        kept = fcntl.fcntl(confirm, fcntl.F_DUPFD_CLOEXEC, self.cells.HIDDEN)
        os.closerange(3, kept)
        os.closerange(kept + 1, 4096)

        def started() -> None:
            os.write(kept, b"1")
            os.close(kept)

        self.randomness.seed()
        os._exit(self.cells.run(cells, arguments, folder, self.timeout, started))

    def _attend(self, child: int, enclosed: int, cells: int) -> tuple[int, int, bool, float]:
        """Collect output until the child ends or a limit is met: number of the reason, exit status, whether the last cell started, seconds.

        That both streams are closed is the usual sign of the end; a child that closed them early, or left them to others,
        is looked after every now and then. A signal handler would be one more thing to undo in every child.

        Args:
            enclosed: where the child tells that the last of several cells starts; its time is counted from then.
            cells: programs that the child runs.
        """
        start = now = time.monotonic()
        started = cells <= 1
        deadline = now + (self.timeout if started else self.timeout * (cells - 1) + REHEARSAL_SECONDS)
        watch, pause = now + WATCH_SECONDS, 1e-4
        reason, opened = "", {output.stream: output for output in self.output}
        waiting = [CONTROL] if started else [CONTROL, enclosed]
        while not reason and not (not opened and has_ended(child)):
            wake = min(deadline, watch)
            if not opened:
                wake, pause = min(wake, now + pause), pause * 2
            for descriptor in select.select([*waiting, *opened], [], [], max(0.0, wake - now))[0]:
                if descriptor == CONTROL:  # the driver hung up; a driver never writes while a program runs
                    self.level.stop(child)
                    self._sweep()
                    os._exit(0)
                elif descriptor == enclosed:
                    waiting, start = [CONTROL], time.monotonic()
                    started, deadline = bool(os.read(enclosed, 1)), start + self.timeout
                elif not opened[descriptor].pour():
                    del opened[descriptor]
            now = time.monotonic()
            if self.output[0].is_full:
                reason = "output_limit"
            elif now >= deadline:
                reason = "timed_out"
            elif now >= watch:
                if has_ended(child):
                    break
                reason, watch = self._excess(self.timeout * cells), now + WATCH_SECONDS
        self.level.stop(child)
        _, status = os.waitpid(child, 0)
        for output in self.output:
            while not output.is_full and output.pour() and readable(output.stream):
                pass
        if self.output[0].is_full:
            reason = reason or "output_limit"
        return REASONS.index(reason), os.waitstatus_to_exitcode(status), started, now - start

    def _excess(self, cpu_seconds: float) -> str:
        """The limit that all processes of the program together exceed, or ""; each has limits of its own besides."""
        processes = self.level.processes()
        if len(processes) >= self.level.max_processes:
            return "processes"
        if sum(process.cpu_seconds for process in processes) > cpu_seconds:
            return "timed_out"
        allowed = self.memory_mb * 2**20 + self.preloaded_bytes
        if sum(process.resident for process in processes) <= allowed:
            return ""
        until, taken = time.monotonic() + WATCH_SECONDS, 0
        for process in processes:
            if time.monotonic() < until:
                taken += self.level.shared_fairly(process.number)
            else:  # processes that fork without pause answer late: of the others, only what is surely theirs counts
                taken += max(0, process.resident - self.preloaded_bytes)
        return "memory" if taken > allowed else ""

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


class Tail(Output):
    """A stream of which the last line is wanted: when there is too much of it, what stands before is let go."""

    def pour(self) -> bool:
        going_on = super().pour()
        if self.is_full:
            self._let_go()
        return going_on

    def _let_go(self) -> None:
        """Keep the last line alone, of a long one its two ends. Nothing is copied to memory that a program inherits."""
        end = self._length
        while end and end > self._length - PART_BYTES and self._pages[end - 1] in b"\r\n \t":
            end -= 1
        start = self._pages.rfind(b"\n", 0, end) + 1
        length = self._length - start
        head = min(length, STREAM_BYTES // 4)
        tail = min(length - head, STREAM_BYTES // 4)
        self._pages.move(0, start, head)
        self._pages.move(head, self._length - tail, tail)
        self._length = head + tail


def has_ended(child: int) -> bool:
    """Whether `child` has ended, without reaping it: its id must stay taken until its group is killed."""
    return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def readable(stream: int) -> bool:
    """Whether `stream` holds more to read right now."""
    return bool(select.select([stream], [], [], 0)[0])


def take_limit(limit: int, value: int) -> None:
    """Set a resource limit for good, as far as the one that is there allows."""
    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(limit, (value, value))


def greet(ready: bool, text: str) -> None:
    """Tell the driver whether programs may come; end where it has hung up meanwhile."""
    body = text.encode(errors="replace")
    try:
        send([GREETING.pack(ready, len(body)) + body])
    except BrokenPipeError:
        os._exit(0)


def send(parts: list[bytes | memoryview]) -> None:
    """Write to the driver."""
    while any(parts):
        sent = os.writev(CONTROL, parts)
        for number, part in enumerate(parts):
            parts[number], sent = part[sent:], max(0, sent - len(part))


def receive() -> tuple[list[str], list[str]] | None:
    """Read cells and arguments; None when the driver hung up. It sends no second request before it has the answer to the first."""
    data = b""
    while len(data) < REQUEST.size or len(data) < REQUEST.size + REQUEST.unpack_from(data)[0]:
        try:
            part = os.read(CONTROL, PART_BYTES // 4 if not data else 1 << 20)
        except ConnectionResetError:
            return None
        if not part:
            return None
        data += part
    _, cells, arguments = REQUEST.unpack_from(data)
    texts, place = [], REQUEST.size
    for _ in range(cells + arguments):
        start = place + TEXT.size
        place = start + TEXT.unpack_from(data, place)[0]
        texts.append(data[start:place].decode("utf-8", "surrogatepass"))
    return texts[:cells], texts[cells:]


if __name__ == "__main__":
    main()
