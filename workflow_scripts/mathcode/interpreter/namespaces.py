"""The namespaces of a sandbox, and the root that its programs see. Used by `isolation.py` only; standard library and system calls."""

import contextlib
import ctypes
import os
import struct
import sys

from system_calls import call, call_by_name, machine

SCRATCH_BYTES = 64 << 20
SCRATCH_FILES = 1024
NOBODY = 65534

_NEWUSER, _NEWPID, _NEWNET, _NEWIPC, _NEWUTS, _NEWNS = 0x10000000, 0x20000000, 0x40000000, 0x08000000, 0x04000000, 0x00020000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_MNT_DETACH = 2
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV, _AT_RECURSIVE = 1, 2, 4, 0x8000

_MOUNT_SETATTR = 442

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def readable_paths() -> list[str]:
    """What a program may read: this Python with its packages, and the system's programs and libraries."""
    wanted = ["/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", sys.prefix, sys.base_prefix, sys.exec_prefix]
    wanted += [path for path in [*sys.path, *os.environ.get("LD_LIBRARY_PATH", "").split(":")] if os.path.isabs(path)]
    wanted += [os.path.realpath(path) for path in wanted]
    kept: list[str] = []
    for path in sorted({os.path.normpath(path) for path in wanted if os.path.exists(path)}, key=len):
        if not any(path == other or path.startswith(f"{other}/") for other in kept):
            kept.append(path)
    return kept


def build_root(folder: str) -> int:
    """Make `folder` the root of a file system of our own, without anything of the old one; a descriptor of its process list."""
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", folder, "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode=755,size=1m,nr_inodes={SCRATCH_FILES}")
    for path in readable_paths():
        _show(path, folder + path)
    for path in filter(os.path.exists, DEVICES):
        _show(path, folder + path, _ATTR_RDONLY | _ATTR_NOSUID)
    for place in ("/scratch", "/dev/shm", "/proc"):
        os.makedirs(folder + place)
    mount_scratch(f"{folder}/scratch")
    mount_scratch(f"{folder}/dev/shm")
    _mount("proc", f"{folder}/proc", "proc", _MS_NOSUID | _MS_NODEV)
    processes = os.open(f"{folder}/proc", os.O_RDONLY | os.O_CLOEXEC)
    call_by_name("umount2", f"{folder}/proc".encode(), _MNT_DETACH)  # programs see no process; the descriptor still lists them
    os.chdir(folder)
    call(machine()["pivot_root"], b".", b".")
    call_by_name("umount2", b".", _MNT_DETACH)
    os.chdir("/")
    _restrict(b"/", _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, recursive=False)
    call_by_name("sethostname", b"sandbox", 7)
    return processes


def empty_when_asked(asked: int, answer: int, places: tuple[str, ...]) -> None:
    """Replace the file systems at `places` by empty ones for each byte that comes, until no more can come."""
    for descriptor in range(4096):
        if descriptor not in (2, asked, answer):
            with contextlib.suppress(OSError):
                os.close(descriptor)
    with contextlib.suppress(OSError):  # on failure the answer never comes, and the other side stops
        while os.read(asked, 1):
            for place in places:
                call_by_name("umount2", place.encode(), _MNT_DETACH)
                mount_scratch(place)
            os.write(answer, b"1")
    os.close(answer)


def mount_scratch(folder: str) -> None:
    """An empty folder in memory that everybody may write to, and that cannot be filled beyond its bounds."""
    _mount("tmpfs", folder, "tmpfs", _MS_NOSUID | _MS_NODEV, f"mode=777,size={SCRATCH_BYTES},nr_inodes={SCRATCH_FILES}")


def _show(source: str, target: str, attributes: int = _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV) -> None:
    """Bind a file or folder, read-only; a link is made again as a link."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if os.path.islink(source) and os.path.dirname(source) == "/":
        os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    _mount(source, target, None, _MS_BIND | _MS_REC)
    _restrict(target.encode(), attributes, recursive=True)


def _restrict(target: bytes, attributes: int, recursive: bool) -> None:
    """Set mount attributes."""
    call(_MOUNT_SETATTR, -100, target, _AT_RECURSIVE if recursive else 0, struct.pack("QQQQ", attributes, 0, 0, 0), 32)


def unshare_with_users(privileged: bool) -> None:
    """Enter new namespaces with our own user mapped to itself; for root also `nobody`, whom the limit of processes binds."""
    users = f"{os.getuid()} {os.getuid()} 1\n" + (f"{NOBODY} {NOBODY} 1\n" if privileged else "")
    groups = f"{os.getgid()} {os.getgid()} 1\n" + (f"{NOBODY} {NOBODY} 1\n" if privileged else "")
    namespaces = _NEWUSER | _NEWPID | _NEWNET | _NEWIPC | _NEWUTS | _NEWNS
    if not privileged:
        call_by_name("unshare", namespaces)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", users)
        _write("/proc/self/gid_map", groups)
        return
    entered, enter = os.pipe()
    us = os.getpid()
    helper = os.fork()  # two users can only be mapped from outside
    if helper == 0:
        os.close(enter)
        os.read(entered, 1)
        with contextlib.suppress(OSError):
            _write(f"/proc/{us}/uid_map", users)
            _write(f"/proc/{us}/gid_map", groups)
            os._exit(0)
        os._exit(1)
    os.close(entered)
    try:
        call_by_name("unshare", namespaces)
    finally:
        os.close(enter)
        _, status = os.waitpid(helper, 0)
    if status:
        raise OSError(0, "user ids cannot be mapped")


def _write(path: str, text: str) -> None:
    with open(path, "w") as handle:
        handle.write(text)


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    encoded = [word.encode() if word is not None else None for word in (source, target, kind, options)]
    call_by_name("mount", *encoded[:3], ctypes.c_ulong(flags), encoded[3])
