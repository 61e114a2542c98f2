"""Programs start as forks of a process that has imported torch and the rest, since a job's imports cost more than a test's work.

`folder()` starts such processes and gives a folder with a `python`, their client. What the client is asked to run (a program of
`FOLDERS`, a module of `MODULES`) runs in a fork that takes over its arguments, environment, folder, limits, open files and signals.
Everything else runs in a Python of its own; so does what needs other variables at import, and a command line with $COLD in it.

There are two such processes, whose strings hash differently: what depends on the order of a set still differs from run to run.
"""

import os
import sys

IMPORTED = ("accelerate", "pydantic", "scipy.stats", "sympy", "torch", "torch.utils.data", "transformers", "snakemake.cli")
"""Not polars: importing it starts threads, which a fork lacks. (jemalloc, which comes with pyarrow, does without its own.)"""

CLASSES = ("AutoModelForCausalLM", "AutoTokenizer", "LlamaForCausalLM", "PreTrainedTokenizerFast")
MODULES = ("snakemake", "torch.distributed.run")
"""What `python -m` runs in a fork."""

FOLDERS = ("workflow_scripts", "support")
"""Programs of folders of these names run in a fork."""

SIGNALS = (1, 2, 10, 12, 15)
"""Those that reach a program through its client: SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGTERM."""

READ_AT_IMPORT = ("CUDA", "GOMP", "HF_", "LD_", "MALLOC", "MKL", "OMP", "PYTORCH", "TOKENIZERS", "TQDM", "TRANSFORMERS")
"""Variables whose names begin so must be the server's."""


def folder(home: str, environment: dict[str, str]) -> str:
    """Start two servers, which end with this process; the folder with the client, to be put first in PATH."""
    import json
    import shlex
    import socket
    import subprocess

    bin_folder = os.path.join(home, "bin")
    os.makedirs(bin_folder)
    ends, _ = os.pipe()  # a server reads it, and nobody writes: its end is the end of this process
    for number, seed in enumerate(("1", "2")):
        variables = environment | _read_at_import(environment) | {"PYTHONHASHSEED": seed}
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.join(home, f"{number}.socket"))
            server.listen(64)  # clients wait until the imports are done
            command = [sys.executable, os.path.abspath(__file__), "serve", str(server.fileno())]
            subprocess.Popen(command, env=variables, stdin=ends, pass_fds=[server.fileno()], start_new_session=True)
    os.close(ends)
    with open(os.path.join(home, "variables.json"), "w") as file:
        json.dump(_read_at_import(environment), file)
    client = os.path.join(bin_folder, "python")
    command = [sys.executable, "-I", "-S", os.path.abspath(__file__), "run", home, sys.executable]
    with open(client, "w") as file:
        file.write(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    os.chmod(client, 0o755)
    return bin_folder


def _read_at_import(variables) -> dict[str, str]:
    """Those variables, with what programs set before they import and what Snakemake sets beside the number of threads."""
    known = {"OMP_WAIT_POLICY": "PASSIVE", "MKL_NUM_THREADS": variables.get("OMP_NUM_THREADS", ""), **variables}
    return {name: value for name, value in known.items() if name.startswith(READ_AT_IMPORT)}


def run(home: str, python: str, words: list[str]) -> None:
    """Client: run `python words` in a fork of a server and end as it does."""
    import json
    import signal
    import socket

    module = len(words) > 1 and words[0] == "-m" and words[1] in MODULES
    program = bool(words) and os.path.basename(os.path.dirname(os.path.abspath(words[0]))) in FOLDERS
    cold = os.environ.get("COLD") and any(os.environ["COLD"] in word for word in words)
    with open(os.path.join(home, "variables.json")) as file:
        same = json.load(file) == _read_at_import(os.environ)
    if cold or not (module or program) or not same:
        os.execv(python, [python, *words])
    server = socket.socket(socket.AF_UNIX)
    server.connect(os.path.join(home, f"{os.getpid() % 2}.socket"))
    ignored = [number for number in SIGNALS if signal.getsignal(number) == signal.SIG_IGN]
    asked = _state() | {"python": os.path.join(home, "bin/python"), "words": words, "ignored": ignored}
    message = json.dumps(asked).encode("ascii", "surrogateescape")
    for number in set(SIGNALS) - set(ignored):
        signal.signal(number, lambda number, _: server.send(bytes([number])))
    socket.send_fds(server, [len(message).to_bytes(4)], [0, 1, 2])
    server.sendall(message)
    ended = server.recv(2)
    if len(ended) < 2:
        sys.exit("warm: the server has ended")
    status = int.from_bytes(ended)
    if not os.WIFSIGNALED(status):
        os._exit(os.waitstatus_to_exitcode(status))
    if os.WTERMSIG(status) in SIGNALS:
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
    os.kill(os.getpid(), os.WTERMSIG(status))


def _state() -> dict:
    """What a process inherits."""
    import resource

    umask = os.umask(0)
    os.umask(umask)
    numbers = {getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
    limits = [(number, *resource.getrlimit(number)) for number in numbers]
    return {"environment": dict(os.environ), "folder": os.getcwd(), "umask": umask, "limits": limits}


def serve(number: str) -> None:
    """Server: one fork a client, until the process that started it is gone."""
    import gc
    import importlib
    import pathlib
    import select
    import signal
    import socket

    server = socket.socket(fileno=int(number))
    for name in IMPORTED:
        importlib.import_module(name)
    for name in CLASSES:
        getattr(sys.modules["transformers"], name)
    gc.collect()
    gc.freeze()
    threads = {path.read_text().strip() for path in pathlib.Path("/proc/self/task").glob("*/comm")}
    assert len(threads - {"jemalloc_bg_thd"}) == 1, f"a fork would lack some of the threads {threads}"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that watch over a program
    while True:
        ready, _, _ = select.select([server, 0], [], [])
        if 0 in ready:
            return
        client, _ = server.accept()
        if os.fork() == 0:
            server.close()
            _watch(client)
        client.close()


def _watch(client) -> None:
    """Run what a client asks for in a fork; pass on its signals, kill it if the client is gone, say how it ended."""
    import json
    import select
    import signal
    import socket

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, files, _, _ = socket.recv_fds(client, 4, 3)
    message = b""
    while len(message) < int.from_bytes(size):
        message += client.recv(1 << 16)
    pid = os.fork()
    if pid == 0:
        client.close()
        _become(files, json.loads(message))
    for file in (0, *files):
        os.close(file)
    process = os.pidfd_open(pid)
    while True:
        ready, _, _ = select.select([client, process], [], [])
        if process in ready:
            client.sendall(os.waitpid(pid, 0)[1].to_bytes(2))
            os._exit(0)
        number = client.recv(1)
        os.kill(pid, number[0] if number else signal.SIGKILL)
        if not number:
            os._exit(0)


def _become(files: list[int], asked: dict) -> None:
    """Take over what a client is, and run its program to the end."""
    import atexit
    import resource
    import runpy
    import signal
    import threading
    import traceback

    os.setsid()
    for target, file in enumerate(files):
        os.dup2(file, target)
        os.close(file)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN if number in asked["ignored"] else signal.SIG_DFL)
    if signal.SIGINT not in asked["ignored"]:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.umask(asked["umask"])
    for limit in asked["limits"]:
        resource.setrlimit(limit[0], limit[1:])
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    first, *rest = asked["words"]
    searched = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = searched + [path for path in sys.path if path != here]
    sys.executable = asked["python"]  # what the program starts by it is warm too
    sys.argv = rest if first == "-m" else [first, *rest]
    sys.path.insert(0, os.getcwd() if first == "-m" else os.path.dirname(os.path.abspath(first)))
    status = 0
    try:
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True) if first == "-m" else runpy.run_path(first, run_name="__main__")
    except SystemExit as ended:
        status = ended.code
        if status is not None and not isinstance(status, int):
            print(status, file=sys.stderr)
            status = 1
    except BaseException:
        traceback.print_exc()
        status = 1
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status or 0)  # to take the modules apart would take longer than many a program


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        run(sys.argv[2], sys.argv[3], sys.argv[4:])
