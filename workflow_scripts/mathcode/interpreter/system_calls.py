"""System calls by number, and the filter that keeps programs from those that lead out. Loaded by `worker.py` only."""

import ctypes
import os
import struct

LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_SECCOMP = 22
_EPERM, _ENOSYS = 1, 38

# Numbers of system calls by machine; those above 423 are the same everywhere.
_CALLS = {
    "x86_64": {
        "arch": 0xC000003E,
        "pivot_root": 155,
        "capset": 126,
        "socket": 41,
        "socketpair": 53,
        "leaving": (109, 112),  # setpgid, setsid: a program stays in the group it is killed with
        "owners": ((72, (8, 10, 15)), (16, (0x8901, 0x8902))),  # fcntl F_SETOWN, F_SETSIG, F_SETOWN_EX; ioctl FIOSETOWN, SIOCSPGRP
        "clone": 56,
        "signals": (62, 200, 234, 129, 297, 424),
        "tuning": (302, 203),  # prlimit64, sched_setaffinity
        "denied": {
            "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "mount": 165, "umount2": 166, "pivot_root": 155,
            "chroot": 161, "unshare": 272, "setns": 308, "keyctl": 250, "add_key": 248, "request_key": 249, "bpf": 321,
            "perf_event_open": 298, "userfaultfd": 323, "open_by_handle_at": 304, "name_to_handle_at": 303, "kexec_load": 246,
            "init_module": 175, "finit_module": 313, "delete_module": 176, "swapon": 167, "swapoff": 168, "reboot": 169,
            "settimeofday": 164, "clock_settime": 227, "sethostname": 170, "setdomainname": 171, "acct": 163, "quotactl": 179,
            "memfd_create": 319, "shmget": 29, "msgget": 68, "semget": 64, "mq_open": 240, "personality": 135, "ioperm": 173,
            "iopl": 172, "kcmp": 312, "adjtimex": 159, "clock_adjtime": 305, "kexec_file_load": 320, "sync": 162, "syncfs": 306,
            "fanotify_init": 300, "syslog": 103, "vhangup": 153, "setpriority": 141,
            "sched_setscheduler": 144, "sched_setattr": 314, "ioprio_set": 251, "modify_ldt": 154,
        },
    },
    "aarch64": {
        "arch": 0xC00000B7,
        "pivot_root": 41,
        "capset": 91,
        "socket": 198,
        "socketpair": 199,
        "leaving": (154, 157),
        "owners": ((25, (8, 10, 15)), (29, (0x8901, 0x8902))),
        "clone": 220,
        "signals": (129, 130, 131, 138, 240, 424),
        "tuning": (261, 122),
        "denied": {
            "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "mount": 40, "umount2": 39, "pivot_root": 41,
            "chroot": 51, "unshare": 97, "setns": 268, "keyctl": 219, "add_key": 217, "request_key": 218, "bpf": 280,
            "perf_event_open": 241, "userfaultfd": 282, "open_by_handle_at": 265, "name_to_handle_at": 264, "kexec_load": 104,
            "init_module": 105, "finit_module": 273, "delete_module": 106, "swapon": 224, "swapoff": 225, "reboot": 142,
            "settimeofday": 170, "clock_settime": 112, "sethostname": 161, "setdomainname": 162, "acct": 89, "quotactl": 60,
            "memfd_create": 279, "shmget": 194, "msgget": 186, "semget": 190, "mq_open": 180, "personality": 92, "kcmp": 272,
            "adjtimex": 171, "clock_adjtime": 266, "kexec_file_load": 294, "sync": 81, "syncfs": 267,
            "fanotify_init": 262, "syslog": 116, "vhangup": 58, "setpriority": 140, "sched_setscheduler": 119,
            "sched_setattr": 274, "ioprio_set": 30,
        },
    },
}  # fmt: skip
_NEWER_DENIED = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_open": 434, "pidfd_getfd": 438, "mount_setattr": 442,
    "memfd_secret": 447, "quotactl_fd": 443, "landlock_create_ruleset": 444, "landlock_add_rule": 445,
    "landlock_restrict_self": 446, "open_tree_attr": 467,
}  # fmt: skip
_CLONE3 = 435
NEW_NAMESPACES = 0x10000000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x00020000 | 0x02000000
"""Flags of `clone`: user, process, network, IPC, host-name, mount and cgroup namespaces."""


class Filter:
    """A system-call filter: what programs never need and escapes do, answered with "not permitted"."""

    def __init__(self):
        self._machine = machine()

    def apply(self, confined: tuple[int, ...] = (), process: int = 0) -> None:
        """Lay the filter on this process, for good.

        Args:
            confined: system calls whose first argument, a process, may only be `process` or 0, the caller.
            process: see `confined`.
        """
        code = self._code(confined, process)
        buffer = ctypes.create_string_buffer(code, len(code))
        program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(buffer))
        prctl(_PR_SET_SECCOMP, 2, ctypes.create_string_buffer(program, len(program)))

    def _code(self, confined: tuple[int, ...], process: int) -> bytes:
        load, equal, greater, flags, mask, back = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
        allow, refuse, kill = 0x7FFF0000, 0x00050000 | _EPERM, 0x80000000
        numbers = self._machine
        lines = [(load, 0, 0, 4), (equal, 1, 0, numbers["arch"]), (back, 0, 0, kill), (load, 0, 0, 0)]
        lines += [(greater, 0, 1, 0x40000000), (back, 0, 0, refuse)]  # the second numbering of x86-64
        lines += [(equal, 0, 1, _CLONE3), (back, 0, 0, 0x00050000 | _ENOSYS)]  # its flags are out of reach; C libraries fall back
        for number in (*numbers["denied"].values(), *_NEWER_DENIED.values(), *numbers["leaving"], numbers["socket"]):
            lines += [(equal, 0, 1, number), (back, 0, 0, refuse)]
        checked = [(load, 0, 0, 16), (equal, 1, 0, 1), (back, 0, 0, refuse), (load, 0, 0, 24), (mask, 0, 0, 15)]
        checked += [(equal, 0, 1, 2), (back, 0, 0, refuse), (back, 0, 0, allow)]  # unix pairs; no datagrams, which can go elsewhere
        lines += [(equal, 0, len(checked), numbers["socketpair"]), *checked]
        for number, commands in numbers["owners"]:  # who gets the signals of a descriptor
            checked = [(load, 0, 0, 24)]
            for command in commands:
                checked += [(equal, 0, 1, command), (back, 0, 0, refuse)]
            checked.append((back, 0, 0, allow))
            lines += [(equal, 0, len(checked), number), *checked]
        lines += [
            (equal, 0, 4, numbers["clone"]),
            (load, 0, 0, 16),
            (flags, 0, 1, NEW_NAMESPACES),
            (back, 0, 0, refuse),
            (back, 0, 0, allow),
        ]
        for number in confined:
            checked = [(load, 0, 0, 16), (equal, 2, 0, process), (equal, 1, 0, 0), (back, 0, 0, refuse), (back, 0, 0, allow)]
            lines += [(equal, 0, len(checked), number), *checked]
        lines.append((back, 0, 0, allow))
        return b"".join(struct.pack("HBBI", *line) for line in lines)


def machine() -> dict:
    """Numbers of system calls on this machine.

    Raises:
        OSError: they are not known.
    """
    name = os.uname().machine
    if name not in _CALLS:
        raise OSError(0, f"system calls of machine '{name}' are not known here")
    return _CALLS[name]


def prctl(option: int, *arguments) -> None:
    """`prctl(2)` with integers and buffers."""
    words = [argument if not isinstance(argument, int) else ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0)][:4]
    call_by_name("prctl", option, *words)


def call_by_name(name: str, *arguments) -> int:
    """Result of a function of the C library; OSError where it fails."""
    return _checked(getattr(LIBC, name)(*arguments), name)


def call(number: int, *arguments) -> int:
    """Result of a system call; OSError where it fails."""
    return _checked(LIBC.syscall(ctypes.c_long(number), *arguments), f"system call {number}")


def _checked(result: int, name: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result
