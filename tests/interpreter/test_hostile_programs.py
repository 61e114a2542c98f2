"""Programs that want out. Each prints ESCAPED when it gets what it wants; the next program must not notice any of them."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support import tiers

from mathcode import settings
from mathcode.interpreter.driver import Execution, Interpreter

LIMITS = settings.Interpreter(timeout=1.0, memory_mb=256, output_chars=100, workers=1, preload=["fractions"], isolation="process")
SECRET = "the secret of the driver"

# {secret} a file, {folder} its folder, {victim} a process of the same user, {driver} this one, {port} a local TCP and UDP port,
# {path} a unix socket, {name} an abstract one. LEVELS of isolation that need not hold an attack stand beside it.
FILES = {
    "read a file": "print('ESCAPED' if open('{secret}').read() else '')",
    "overwrite a file": "open('{secret}', 'w').write('x'); print('ESCAPED')",
    "append to a file": "open('{secret}', 'a').write('x'); print('ESCAPED')",
    "truncate a file": "import os; os.truncate('{secret}', 0); print('ESCAPED')",
    "delete a file": "import os; os.remove('{secret}'); print('ESCAPED')",
    "rename a file": "import os; os.rename('{secret}', 'mine'); print('ESCAPED')",
    "make a file": "open('{folder}/new', 'w').write('x'); print('ESCAPED')",
    "make a folder": "import os; os.mkdir('{folder}/new'); print('ESCAPED')",
    "list a folder": "import os; print('ESCAPED' if os.listdir('{folder}') else '')",
    "files of the home folder": "import os; print('ESCAPED' if any(os.path.isfile(f'{home}/{{f}}') for f in os.listdir('{home}')) else '')",
    "link to a file": "import os; os.symlink('{secret}', 'link'); print('ESCAPED' if open('link').read() else '')",
    "hard link to a file": "import os; os.link('{secret}', 'link'); print('ESCAPED' if open('link').read() else '')",
    "link to the root": "import os; os.symlink('/', 'root'); print('ESCAPED' if open('root{secret}').read() else '')",
    "up and out": "import os; print('ESCAPED' if open('../' * 40 + '{secret}'.lstrip('/')).read() else '')",
    "through /proc/self/root": "print('ESCAPED' if open('/proc/self/root{secret}').read() else '')",
    "through /proc/1/root": "print('ESCAPED' if open('/proc/1/root{secret}').read() else '')",
    "through the parent's folder": "import os; print('ESCAPED' if os.listdir(f'/proc/{{os.getppid()}}/cwd') else '')",
    "change the mode of a file": "import os; os.chmod('{secret}', 0o777); print('ESCAPED')",
    "change the owner of a file": "import os; os.chown('{secret}', 1, 1); print('ESCAPED')",
    "set the times of a file": "import os; os.utime('{secret}', (0, 0)); print('ESCAPED')",
    "shell": "import os; print('ESCAPED' if os.system('cat {secret}') == 0 else '')",
    "child process": "import subprocess; print('ESCAPED' if subprocess.run(['cat', '{secret}'], capture_output=True).stdout else '')",
    "passwords": "print('ESCAPED' if 'root' in open('/etc/passwd').read() else '')",
    "write into Python's library": "import os; open(os.__file__, 'a').write('#'); print('ESCAPED')",
    "write a module for the next": "import fractions, os; open(os.path.dirname(fractions.__file__) + '/evil.py', 'w'); print('ESCAPED')",
    "write into site-packages": "import site, os; open(site.getsitepackages()[0] + '/evil.pth', 'w').write('x'); print('ESCAPED')",
    "write to /tmp": "open('/tmp/evil-{driver}', 'w').write('x'); print('ESCAPED')",
    "write to /dev/shm": "open('/dev/shm/evil', 'w').write('x')",
    "raw disk": "import os; os.mknod('disk', 0o60600, os.makedev(254, 0)); os.open('disk', os.O_RDONLY); print('ESCAPED')",
    "kernel memory": "open('/dev/mem', 'rb').read(1); print('ESCAPED')",
    "kernel settings": "open('/proc/sys/kernel/hostname', 'w').write('evil'); print('ESCAPED')",
    "sysrq": "open('/proc/sysrq-trigger', 'w').write('h'); print('ESCAPED')",
    "control groups": "import os; os.mkdir('/sys/fs/cgroup/evil'); print('ESCAPED')",
    "open by handle": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).open_by_handle_at(-100, b'x' * 32, 0) >= 0 else '')",
}
PROCESSES = {
    "signal the driver": "import os; os.kill({driver}, 0); print('ESCAPED')",
    "kill a process": "import os; os.kill({victim}, 9); print('ESCAPED')",
    "kill everybody": "import os; os.kill(-1, 9)",
    "kill the group": "import os; os.killpg(0, 9)",
    "kill the driver's group": "import os; os.killpg(os.getpgid({driver}), 9); print('ESCAPED')",
    "stop the parent": "import os; os.kill(os.getppid(), 19)",
    "kill the parent": "import os; os.kill(os.getppid(), 9)",
    "interrupt the parent": "import os; os.kill(os.getppid(), 2)",
    "kill the first process": "import os; os.kill(1, 9)",
    "signal by a thread": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).syscall(234, {victim}, {victim}, 0) == 0 else '')",
    "signal by descriptor": "import os, signal; signal.pidfd_send_signal(os.pidfd_open({victim}), 0); print('ESCAPED')",
    "see a process": "import os; print('ESCAPED' if os.path.exists('/proc/{victim}/cmdline') else '')",
    "environment of a process": "print('ESCAPED' if open('/proc/{victim}/environ').read() else '')",
    "environment of the parent": "import os; print('ESCAPED' if 'DRIVER' in open(f'/proc/{{os.getppid()}}/environ').read() else '')",
    "memory of the parent": "import os; open(f'/proc/{{os.getppid()}}/mem', 'rb'); print('ESCAPED')",
    "trace a process": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).ptrace(16, {victim}, 0, 0) == 0 else '')",
    "trace the parent": "import ctypes, os; print('ESCAPED' if ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0) == 0 else '')",
    "priority of the driver": "import os; os.setpriority(os.PRIO_PROCESS, {driver}, 19); print('ESCAPED')",
    "cores of the driver": "import os; os.sched_setaffinity({driver}, {{0}}); print('ESCAPED')",
    "own cores": "import os; os.sched_setaffinity(0, {{0}})",
    "limits of the driver": "import resource; resource.prlimit({driver}, resource.RLIMIT_NOFILE, (8, 8)); print('ESCAPED')",
    "lift own limits": "import resource as r; r.setrlimit(r.RLIMIT_AS, (-1, -1)); print('ESCAPED')",
    "become root": "import os; os.setuid(0); open('/etc/shadow'); print('ESCAPED')",
    "set-user-id program": "import os, subprocess; print('ESCAPED' if subprocess.run(['su', '-c', 'cat {secret}'], capture_output=True).stdout else '')",
    "daemon": "import os, time\nif os.fork() == 0:\n    try: os.setsid()\n    except OSError: pass\n    if os.fork() == 0:\n        time.sleep(99)\n    os._exit(0)\nos.wait()",
    "forked sleepers": "import os, time\nfor _ in range(20):\n    if os.fork() == 0:\n        time.sleep(99)",
    "fork bomb": "import os\nwhile True: os.fork()",
    "stubborn fork bomb": "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass",
    "thread bomb": "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,)).start()",
    "session of its own": "import os\nif os.fork() == 0:\n    os.setsid(); os.write(1, b'ESCAPED')\nos.wait()",
    "group of its own": "import os\nif os.fork() == 0:\n    os.setpgid(0, 0); os.write(1, b'ESCAPED')\nos.wait()",
    "orphan that prints": "import os, time\nif os.fork() == 0:\n    while True: print('x' * 100)",
}
KERNEL = {
    "own user namespace": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).unshare(0x10000000) == 0 else '')",
    "own mount namespace": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).unshare(0x20000) == 0 else '')",
    "namespaces by a program": "import subprocess; print('ESCAPED' if subprocess.run(['unshare', '-r', 'true']).returncode == 0 else '')",
    "clone with namespaces": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).syscall(56, 0x10000011, 0, 0, 0, 0) >= 0 else '')",
    "enter namespaces": "import os, ctypes; print('ESCAPED' if ctypes.CDLL(None).setns(os.open('/proc/1/ns/mnt', 0), 0) == 0 else '')",
    "mount": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).mount(b'none', b'.', b'tmpfs', 0, None) == 0 else '')",
    "unmount": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).umount2(b'/scratch', 2) == 0 else '')",
    "change root": "import os; os.chroot('.'); print('ESCAPED')",
    "load a kernel module": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).syscall(175, b'x', 1, b'') == 0 else '')",
    "kernel keys": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).syscall(248, b'user', b'a', b'b', 1, -3) >= 0 else '')",
    "bpf": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).syscall(321, 0, 0, 0) >= 0 else '')",
    "performance counters": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).syscall(298, b'\\0' * 112, 0, -1, -1, 0) >= 0 else '')",
    "io_uring": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).syscall(425, 8, b'\\0' * 120) >= 0 else '')",
    "set the clock": "import time; time.clock_settime(time.CLOCK_REALTIME, 0); print('ESCAPED')",
    "set the host name": "import socket; socket.sethostname('evil'); print('ESCAPED')",
    "shared memory": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).shmget(4242, 1 << 20, 0o1666) >= 0 else '')",
    "message queue": "import ctypes; print('ESCAPED' if ctypes.CDLL(None).msgget(4242, 0o1666) >= 0 else '')",
    "file in memory": "import os; os.write(os.memfd_create('x'), b'x'); print('ESCAPED')",
}
NETWORK = {
    "tcp": "import socket; socket.create_connection(('127.0.0.1', {port}), 1); print('ESCAPED')",
    "tcp over ipv6": "import socket; socket.create_connection(('::1', {port}), 1); print('ESCAPED')",
    "udp": "import socket as s; s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port})); print('ESCAPED')",
    "listen": "import socket; socket.create_server(('127.0.0.1', 0)); print('ESCAPED')",
    "raw socket": "import socket as s; s.socket(s.AF_PACKET, s.SOCK_RAW); print('ESCAPED')",
    "netlink": "import socket as s; s.socket(s.AF_NETLINK, s.SOCK_RAW); print('ESCAPED')",
    "unix socket": "import socket as s; s.socket(s.AF_UNIX).connect('{path}'); print('ESCAPED')",
    "abstract unix socket": "import socket as s; s.socket(s.AF_UNIX).connect('\\0{name}'); print('ESCAPED')",
    "name resolution": "import socket; socket.getaddrinfo('localhost', 80); socket.socket(); print('ESCAPED')",
    "download": "import urllib.request; urllib.request.urlopen('http://127.0.0.1:{port}', timeout=1); print('ESCAPED')",
}
RESOURCES = {
    "memory": "x = bytearray(10**10); print('ESCAPED')",
    "memory step by step": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "memory of fresh processes": "import subprocess, sys, time\nc = [sys.executable, '-c', 'x = bytearray(100 << 20); import time; time.sleep(9)']\nps = [subprocess.Popen(c) for _ in range(6)]\ntime.sleep(9); print('ESCAPED')",
    "forks of a thread": "import os, threading, time\ndef forks():\n    for _ in range(10):\n        if os.fork() == 0:\n            x = bytearray(100 << 20); time.sleep(9)\n    time.sleep(9)\nthreading.Thread(target=forks).start()",
    "cores of its neighbours": "import os, time\nfor _ in range(40):\n    if os.fork() == 0:\n        while True: pass\ntime.sleep(99)",
    "memory of many": "import os, time\nfor _ in range(10):\n    if os.fork() == 0:\n        x = bytearray(100 << 20)\n        time.sleep(9)\ntime.sleep(9)",
    "file too large": "f = open('f', 'wb')\nwhile True: f.write(b'x' * (1 << 20))",
    "many files": "for n in range(10**6): open(str(n), 'w').close()",
    "disk by many files": "for n in range(10**6): open(str(n), 'wb').write(b'x' * (1 << 20))",
    "deep folders": "import os\nfor _ in range(5000):\n    os.mkdir('d'); os.chdir('d')",
    "folder without rights": "import os\nos.makedirs('a/b'); open('a/b/c', 'w').close(); os.chmod('a/b', 0); os.chmod('a', 0)",
    "many descriptors": "x = [open('/dev/null') for _ in range(10**6)]; print('ESCAPED')",
    "output": "while True: print('x' * 10**6)",
    "output to both": "import sys\nwhile True: print('x' * 100); sys.stderr.write('x' * 100)",
    "raw bytes": "import sys; sys.stdout.buffer.write(bytes(range(256)) * 100)",
    "huge integer": "print(10 ** (10 ** 8))",
    "huge text of an integer": "import sys; sys.set_int_max_str_digits(0); print(len(str(3 ** (10 ** 8))))",
    "C loop": "sum(x for x in iter(int, 1))",
    "regular expression": "import re; re.match('(a+)+$', 'a' * 99 + 'b')",
    "recursion": "import sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "deep syntax": "eval('(' * 10**5)",
    "null pointer": "import ctypes; ctypes.string_at(0)",
}
TRICKS = {
    "ignores signals": "import signal, time\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n    except OSError: pass\ntime.sleep(99)",
    "own alarm": "import signal; signal.alarm(0); signal.setitimer(signal.ITIMER_REAL, 0); signal.pthread_sigmask(0, range(1, 65))",
    "signal without a name": "import os; os.kill(os.getpid(), 40)",
    "signals of a descriptor to the parent": "import fcntl, os, socket\na, b = socket.socketpair()\nfcntl.fcntl(a, 8, os.getppid()); print('ESCAPED')",
    "datagrams": "import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); print('ESCAPED')",
    "mode and time of its folder": "import os; os.utime('.', (5, 5)); os.chmod('.', 0)",
    "attribute of its folder": "import os; os.setxattr('.', 'user.left', b'behind')",
    "folder above": "open('../left', 'w').write('x'); print('ESCAPED')",
    "closed output": "import os; os.close(1); print('x')",
    "exits hard": "import os; print('x', flush=True); os._exit(0)",
    "aborts": "import os; os.abort()",
    "replaces print": "import builtins; builtins.print = lambda *_: None",
    "replaces open": "import builtins, io; builtins.open = io.open = None",
    "replaces imports": "import builtins; builtins.__import__ = None",
    "import hook": "import sys; sys.meta_path.insert(0, None); sys.path_hooks.clear(); sys.path_importer_cache.clear()",
    "patches a preloaded module": "import fractions; fractions.Fraction.__add__ = None; fractions.math.pi = 3",
    "empties sys.modules": "import sys; sys.modules.clear()",
    "breaks the exit": "import os, sys; os._exit = sys.exit = sys.excepthook = None; raise ValueError('x')",
    "error without text": "class E(Exception):\n    def __str__(self): raise E\nraise E",
    "result that runs when unpickled": "class E(Exception):\n    def __reduce__(self): return print, ('ESCAPED',)\nraise E('x')",
    "writes to every descriptor": "import os\nfor n in range(3, 256):\n    try: os.write(n, b'ESCAPED'); print('ESCAPED')\n    except OSError: pass",
    "reads every descriptor": "import os\nfor n in range(3, 256):\n    try: os.read(n, 1); print('ESCAPED')\n    except OSError: pass",
    "environment": "import os; print('ESCAPED' if 'SECRET_OF_THE_DRIVER' in os.environ else '')",
    "our modules": "import mathcode; print('ESCAPED')",
}
# What a level without namespaces cannot hold; the docs say so.
LANDLOCK_LACKS = {"change the mode of a file", "change the owner of a file", "set the times of a file", "see a process"}
ATTACKS = FILES | PROCESSES | KERNEL | NETWORK | RESOURCES | TRICKS
FORK_BOMBS = {"fork bomb", "stubborn fork bomb"}
"""Only in the tier `full`: one that outlives its worker leaves a machine unusable."""
CANARY = """import fractions, os
print(fractions.Fraction(1, 3) + 1, os.listdir('.'), os.path.exists('/dev/shm/evil'), os.listxattr('.'), os.access('.', os.W_OK))"""


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory):
    """What the attacks aim at, all of it real."""
    folder = tmp_path_factory.mktemp("surroundings")
    secret = folder / "secret"
    secret.write_text(SECRET)
    tcp = socket.create_server(("127.0.0.1", 0))
    port = tcp.getsockname()[1]
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))
    unix, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    unix.bind(f"{folder}/socket")
    abstract.bind(f"\0attacked-{os.getpid()}")
    for listening in (unix, abstract):
        listening.listen()
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield {"secret": secret, "folder": folder, "victim": victim.pid, "driver": os.getpid(), "port": port,
           "path": f"{folder}/socket", "name": f"attacked-{os.getpid()}", "home": Path.home()}  # fmt: skip
    assert victim.poll() is None, "a program killed a process outside"
    assert secret.read_text() == SECRET
    assert sorted(path.name for path in folder.iterdir()) == ["secret", "socket"]
    assert not Path(f"/tmp/evil-{os.getpid()}").exists()
    victim.kill()
    victim.wait()
    for one in (tcp, udp, unix, abstract):
        one.close()


@pytest.fixture(scope="module", params=["sandbox", "landlock"])
def interpreter(request, surroundings):
    os.environ["SECRET_OF_THE_DRIVER"] = SECRET
    with Interpreter(LIMITS, strongest=request.param) as interpreter:
        interpreter.run(["pass"])
        if interpreter.isolation != request.param:
            pytest.skip(f"this machine does not allow the isolation level {request.param}")
        yield interpreter
    del os.environ["SECRET_OF_THE_DRIVER"]


def test_there_are_enough():
    assert len(ATTACKS) >= 80


@pytest.mark.parametrize("name", tiers.cut(ATTACKS, 4, FORK_BOMBS))
def test_an_attack_is_contained(interpreter, surroundings, name):
    if interpreter.isolation == "landlock" and name in LANDLOCK_LACKS:
        pytest.skip("not held without namespaces")
    attack, after = interpreter.run([ATTACKS[name].format(**surroundings), CANARY])
    assert "ESCAPED" not in attack.stdout + attack.error
    assert attack.outcome != "infrastructure_error"
    assert after == Execution("ok", "4/3 [] False [] True\n", "")
