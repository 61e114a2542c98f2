"""What keeps a program in: namespaces, a root of its own, Landlock, seccomp. Used by `worker.py` only.

Three levels, the best of which a machine allows is taken:

    sandbox   user, process, network, IPC, host-name and mount namespaces; a root that holds Python, the system's libraries
              (both read-only) and an empty, bounded scratch folder; system-call filter; no capabilities
    landlock  Landlock rules for files, TCP, abstract sockets and signals as far as the kernel knows them; system-call filter
    process   a process of its own with resource limits; a program may read and write what the user may

Standard library and system calls only: programs are forked from the process that loads this file.
"""

import contextlib
import ctypes
import os
import resource
import signal
import struct

import namespaces
from system_calls import LIBC, Filter, call, machine, prctl

LEVELS = ("process", "landlock", "sandbox")
"""From the weakest to the strongest."""

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 4, 36, 38, 47

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446


class IsolationError(Exception):
    """The machine does not allow the level that the settings ask for."""


class Usage:
    """What a process has taken so far: resident bytes, and CPU seconds with those of its reaped children."""

    def __init__(self, number: int, resident: int, cpu_seconds: float):
        self.number, self.resident, self.cpu_seconds = number, resident, cpu_seconds


def reach(strongest: str, least: str, scratch: str) -> "Process":
    """Take the best level this machine allows, in this process and for its children; see the module's list of levels.

    The sandbox forks: the caller goes on as the first process of new namespaces, its parent waits for it.

    Args:
        strongest: the level to try first.
        least: the weakest level that will do.
        scratch: folder the program may write to where there is no root of our own.

    Raises:
        IsolationError: the best level is weaker than `least`; says what to do.
    """
    reasons = []
    for kind in (Sandbox, Landlock, Process):
        if LEVELS.index(least) <= LEVELS.index(kind.name) <= LEVELS.index(strongest):
            try:
                return kind(scratch)
            except OSError as error:
                reasons.append(f"{kind.name}: {error.strerror or error}")
    advice = "allow user namespaces on this machine, or lower interpreter.isolation in the run's settings, knowing what that permits"
    raise IsolationError(f"isolation level '{least}' cannot be reached here ({'; '.join(reasons)}): {advice}")


class Process:
    """Level `process`: nothing but the limits every program has."""

    name = "process"
    max_processes = 64

    def __init__(self, scratch: str):
        self.scratch = scratch
        self._list_of_processes = os.open("/proc", os.O_RDONLY | os.O_CLOEXEC)
        prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what a program leaves behind becomes our child

    def enclose(self) -> None:
        """In a program's own process, after fork: give up what the level forbids."""
        os.setsid()
        _bind_to_parent()

    def folder(self, number: int) -> str:
        """An empty folder for the program of this number."""
        path = f"{self.scratch}/{number}"
        os.mkdir(path, 0o700)
        return path

    def clear(self, folder: str) -> None:
        """Remove a program's folder, whatever the program made of it; most leave it empty."""
        try:
            os.rmdir(folder)
        except OSError:
            import subprocess  # not above: what it loads makes every fork slower, and hardly a program needs it

            for command in (["chmod", "-R", "u+rwx", folder], ["rm", "-rf", folder]):  # unlike Python's, they know no depth
                subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def limits(self) -> list[tuple[int, int]]:
        """Resource limits of a program beyond those that all levels share."""
        return []

    def stop(self, child: int) -> None:
        """Kill a program by its first process, not reaped yet, with all that did not leave its group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)

    def kill_all(self) -> None:
        """Send SIGKILL to every process that descends from this one."""
        for process in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.number, signal.SIGKILL)

    def collect_descriptors(self) -> None:
        """Make the kernel close what dead programs had in flight between their sockets; else it counts for the user."""
        pair = (ctypes.c_int * 2)()
        if LIBC.socketpair(1, 1, 0, pair) == 0:  # it looks when a unix socket is closed
            for end in pair:
                os.close(end)

    def shared_fairly(self, process: int) -> int:
        """Bytes of a process, pages that several have divided among them; all of its bytes where the kernel does not say."""
        with contextlib.suppress(OSError, ValueError):
            return _proportional(self._told(process, "smaps_rollup"))
        with contextlib.suppress(OSError, ValueError):
            return self._usage(process).resident  # nothing, where it does not say because the process has ended
        return 0

    def processes(self) -> list["Usage"]:
        """Everything that descends from this process."""
        found, waiting = [], _children(os.getpid())
        while waiting:
            process = waiting.pop()
            with contextlib.suppress(OSError, ValueError):
                found.append(self._usage(process))
                waiting += _children(process)
        return found

    def _usage(self, process: int) -> "Usage":
        """What a process has taken.

        Raises:
            OSError: it is gone.
            ValueError: it goes just now.
        """
        words = self._told(process, "stat").rpartition(b")")[2].split()
        if len(words) < 22:
            raise ValueError("nothing is told of a process")
        ticks = sum(int(words[place]) for place in (11, 12, 13, 14))  # its own and those of its children that it has waited for
        return Usage(process, int(words[21]) * resource.getpagesize(), ticks / os.sysconf("SC_CLK_TCK"))

    def _told(self, process: int, file: str) -> bytes:
        """What the kernel tells of a process in one of its small files."""
        descriptor = os.open(f"{process}/{file}", os.O_RDONLY, dir_fd=self._list_of_processes)
        try:
            return os.read(descriptor, 4096)
        finally:
            os.close(descriptor)


class Landlock(Process):
    """Level `landlock`: rules that a process lays on itself; no privilege and no namespace needed."""

    name = "landlock"

    _READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read file, read folder
    _WRITE_DEVICE = 1 << 1 | 1 << 14  # write file, truncate
    _NETWORK, _SCOPES = 3, 3  # bind and connect TCP; abstract unix sockets and signals

    def __init__(self, scratch: str):
        super().__init__(scratch)
        self._filter = Filter()
        version = LIBC.syscall(_LANDLOCK_CREATE, None, 0, 1)
        if version < 3:  # older ones let a program empty any file of the user
            raise OSError(0, "the kernel has no Landlock, or one that does not know truncation")
        self._files = files = (1 << (15 + (version >= 5))) - 1
        handled = struct.pack("QQQ", files, self._NETWORK if version >= 4 else 0, self._SCOPES if version >= 6 else 0)
        handled = handled[: 8 if version < 4 else 16 if version < 6 else 24]
        self._rules = call(_LANDLOCK_CREATE, handled, len(handled), 0)
        for path in namespaces.readable_paths():
            self._allow(self._rules, path, self._READ if os.path.isdir(path) else self._READ & ~(1 << 3))
        for path in namespaces.DEVICES:
            self._allow(self._rules, path, self._WRITE_DEVICE | 1 << 2)
        self._allow(self._rules, scratch, self._own_files())
        self._own_signals_only = version < 6

    def _own_files(self) -> int:
        return self._files & ~(1 << 0 | 1 << 6 | 1 << 9 | 1 << 11)  # no execution, no devices, no sockets

    def _allow(self, rules: int, path: str, rights: int) -> None:
        with contextlib.suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            try:
                call(_LANDLOCK_ADD, rules, 1, struct.pack("=Qi", rights, descriptor), 0)
            finally:
                os.close(descriptor)

    def enclose(self) -> None:
        super().enclose()
        call(_LANDLOCK_RESTRICT, self._rules, 0)
        writing = self._files & ~self._READ
        own = call(_LANDLOCK_CREATE, struct.pack("Q", writing), 8, 0)  # the folders of other programs are not its own to write
        self._allow(own, ".", self._own_files() & writing)
        for path in namespaces.DEVICES:
            self._allow(own, path, self._WRITE_DEVICE)
        call(_LANDLOCK_RESTRICT, own, 0)
        os.close(own)
        _drop_capabilities()
        numbers = machine()  # without namespaces the processes of the user are in sight
        self._filter.apply(numbers["tuning"] + (numbers["signals"] if self._own_signals_only else ()), os.getpid())


class Sandbox(Process):
    """Level `sandbox`: namespaces, and a root that holds no file of the user."""

    name = "sandbox"
    _places = ("/scratch", "/dev/shm")

    def __init__(self, scratch: str):
        super().__init__("/scratch")
        self._drops_root = os.getuid() == 0
        if not _succeeds(lambda: self._enter(scratch)):  # tried by a child first: a half-entered sandbox has no way back
            raise OSError(0, "the machine does not allow namespaces and mounts to its users")
        self._enter(scratch)

    def _enter(self, folder: str) -> None:
        """New namespaces for this process's child, which goes on here; a root of our own below `folder`.

        The child gives up itself what its programs must not have, so that none of them needs the time to do so: the
        parent stays outside of the filter to empty the scratch folders when asked.
        """
        namespaces.unshare_with_users(self._drops_root)
        asked, self._ask = os.pipe()
        self._answered, answer = os.pipe()
        first = os.fork()
        if first:
            namespaces.empty_when_asked(asked, answer, self._places)
            _, status = os.waitpid(first, 0)
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
        os.close(asked)
        os.close(answer)
        os.close(self._list_of_processes)
        self._list_of_processes = namespaces.build_root(folder)
        if self._drops_root:  # the server stays root, out of reach of its programs
            os.setgroups([])
            os.setresgid(namespaces.NOBODY, namespaces.NOBODY, namespaces.NOBODY)
        else:  # the server is a user like its programs: as first process it takes no signal that it has no handler for
            _drop_capabilities()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.setsid()  # one group for all programs: the kernel shares the cores among groups where it is told to
        _bind_to_parent()  # not sooner: a change of ids takes it back
        Filter().apply(machine()["tuning"])
        self._untouched = self._state()

    def enclose(self) -> None:
        if self._drops_root:
            os.setresuid(namespaces.NOBODY, namespaces.NOBODY, namespaces.NOBODY)  # with it go all capabilities
            LIBC.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # else the kernel does not tell the server how much of its memory is shared
        else:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        # The server gave up new privileges for all, and with it, the first process of the namespace, all end.

    def folder(self, number: int) -> str:
        return self.scratch

    def clear(self, folder: str) -> None:
        if self._state() != self._untouched:
            os.write(self._ask, b"1")
            if not os.read(self._answered, 1):
                raise RuntimeError("the scratch folder of a program cannot be emptied")
            self._untouched = self._state()

    def _state(self) -> list[tuple[int, ...]]:
        """What changes with any file made, mode, time or attribute set, and as long as removed files are held open.

        The time of change alone would not do: a change right after the mount may carry the same tick of the clock.
        """
        state = []
        for place in self._places:
            folder, room = os.stat(place), os.statvfs(place)
            own = (folder.st_ctime_ns, folder.st_mtime_ns, folder.st_mode, len(os.listxattr(place)))
            state.append((*own, room.f_bfree, room.f_ffree))
        return state

    def limits(self) -> list[tuple[int, int]]:
        return [(resource.RLIMIT_NPROC, self.max_processes)]

    def stop(self, child: int) -> None:
        self.kill_all()

    def kill_all(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # everybody in our process namespace but ourselves

    def processes(self) -> list["Usage"]:
        found = []
        for name in os.listdir(self._list_of_processes):
            if name.isdigit() and name != "1":
                with contextlib.suppress(OSError, ValueError):
                    found.append(self._usage(int(name)))
        return found


def _bind_to_parent() -> None:
    """Die with the parent, and never gain privileges."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _drop_capabilities() -> None:
    LIBC.prctl(_PR_CAP_AMBIENT, 4, 0, 0, 0)
    call(machine()["capset"], struct.pack("II", 0x20080522, 0), struct.pack("IIIIII", 0, 0, 0, 0, 0, 0))


def _succeeds(work) -> bool:
    """Whether `work` raises nothing in a child of ours."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def _children(process: int) -> list[int]:
    found = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{process}/task/{thread}/children") as handle:
                found += [int(child) for child in handle.read().split()]
    return found


def _proportional(rollup: bytes) -> int:
    """Proportional set size in bytes by what a `smaps_rollup` file tells.

    Raises:
        ValueError: it tells nothing: the process has ended.
    """
    for line in rollup.splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError("nothing is told of a process")
