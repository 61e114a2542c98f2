"""A program started as a fork of the tests' warm process behaves as one started by itself."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from support.running import environment, run_program

pytestmark = pytest.mark.stage

LOOKS = """
import json, os, resource, signal, sys
umask = os.umask(0)
print(json.dumps({
    "arguments": sys.argv[1:], "name": __name__, "folder": os.getcwd(), "variable": os.environ.get("LOOKED_AT"), "umask": umask,
    "searched": sys.path[0], "warm": "torch" in sys.modules, "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
    "interrupt": signal.getsignal(signal.SIGINT) == signal.SIG_IGN, "read": sys.stdin.read(),
}))
"""


@pytest.fixture
def scripts(tmp_path):
    """A folder by whose name its programs are forked, as those of the repository."""
    folder = tmp_path / "workflow_scripts"
    folder.mkdir()
    return folder


def written(path, text):
    path.write_text(text)
    return str(path)


def test_a_fork_sees_what_a_process_of_its_own_sees(scripts):
    looks = written(scripts / "looks.py", LOOKS)
    script = f'umask 027; ulimit -n 77; trap "" INT; echo said | LOOKED_AT=this exec "$0" {looks} a "b c"'
    seen = {}
    for python in ("python", sys.executable):
        done = run_program("bash", "-c", script, python, cwd=scripts)
        assert done.returncode == 0, done.stderr
        seen[python] = json.loads(done.stdout)
    assert seen["python"].pop("warm")
    assert not seen[sys.executable].pop("warm")
    assert seen["python"] == seen[sys.executable]
    assert seen["python"]["arguments"] == ["a", "b c"]


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("pass", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('one sentence')", 1, "one sentence\n"),
        ("import sys; sys.exit(True)", 1, ""),
        ("import atexit; atexit.register(print, 'at last', file=__import__('sys').stderr)", 0, "at last\n"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
        ("raise ValueError('odd')", 1, "ValueError: odd\n"),
    ],
)
def test_it_ends_as_its_program_ends(scripts, text, status, said):
    path = written(scripts / "ends.py", text)
    for python in ("python", sys.executable):
        done = run_program(python, path)
        assert (done.returncode, done.stderr[-len(said) :] if said else done.stderr) == (status, said)


WAITS = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
pathlib.Path("pid.new").write_text(str(os.getpid()))
os.rename("pid.new", "pid")
time.sleep(60)
"""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 7), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_signal_reaches_the_program_and_it_dies_with_its_client(scripts, number, status):
    waits = written(scripts / "waits.py", WAITS)
    started = subprocess.Popen(["python", waits], env=environment(), cwd=scripts)
    while not (scripts / "pid").exists() and started.poll() is None:
        time.sleep(0.01)
    pid = int((scripts / "pid").read_text())
    assert pid != started.pid
    started.send_signal(number)
    assert started.wait(30) == status
    deadline = time.monotonic() + 30
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not os.path.exists(f"/proc/{pid}")


def test_what_needs_a_process_of_its_own_has_one(scripts):
    path = written(scripts / "warm.py", "import sys; print('torch' in sys.modules)")
    assert run_program("python", path).stdout == "True\n"
    assert run_program("python", path, OMP_NUM_THREADS="2").stdout == "False\n"
    assert run_program("python", path, COLD="/warm.py").stdout == "False\n"
    assert run_program("python", "-c", "import sys; print('torch' in sys.modules)").stdout == "False\n"
