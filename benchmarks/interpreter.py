"""How many programs a second run isolated, against a fresh interpreter for each and against a pool without isolation.

    python benchmarks/interpreter.py
    python benchmarks/interpreter.py --programs programs.jsonl --hanging 0 0.01 0.05 --workers 1 2 4
    python benchmarks/interpreter.py --programs tora.jsonl --hanging 0 --timeout 5 --peer ToRA/src/utils/python_executor.py

All kinds run the same programs, one after the other, in this run; a share of them hangs for the full time limit.
The pool is the design of common harnesses: `exec` in reused processes with an alarm for each program, nothing contained.
A peer is a harness of others that is not part of this repository: a file with the class `PythonExecutor` of ToRA and Qwen2.5-Math.
Of each kind the wall clock counts, with its start and its end, and CPU seconds stand beside it: they hold on a busy machine.
"""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing import Pool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import psutil

from mathcode import settings
from mathcode.core import cli, json_lines
from mathcode.data import arithmetic
from mathcode.interpreter.driver import Interpreter

HANGS = "while True: pass"


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--programs", help="JSON lines with the key program; default: the demo's, made by the generator")
    parser.add_argument("--count", type=int, default=2000, help="programs to run (%(default)s)")
    parser.add_argument("--hanging", type=float, nargs="+", default=[0.001], help="shares of programs that hang, to try (0.001)")
    parser.add_argument("--peer", help="file with the class PythonExecutor of another harness, to be run beside")
    parser.add_argument("--levels", nargs="+", default=["process", "landlock", "sandbox"], help="levels of isolation to try (all)")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds for each program (%(default)s)")
    parser.add_argument("--workers", type=int, nargs="+", default=[2], help="numbers of workers to try (2)")
    parser.add_argument("--fresh", type=int, default=100, help="programs for the fresh interpreters, the slowest kind (%(default)s)")
    return parser


def corpus(path: str | None, count: int, hanging: float) -> list[str]:
    """Distinct programs, the hanging ones spread among them."""
    if path:
        programs = [row["program"] for row in json_lines.read(path, ["program"])]
    else:
        mix = {"small": 0.2, "big": 0.2, "verbal": 0.3, "bill": 0.3}
        programs = [row["code"] for row in arithmetic.generate({"split": "test", "rows": count, "seed": 1, "mix": mix})]
    programs = [f"{program}\n# {number}" for number, program in enumerate(programs[:count])]
    for number in range(round(hanging * len(programs))):
        programs[int((number + 0.5) / hanging)] = f"{HANGS}  # {number}"
    return programs


def isolated(programs: list[str], workers: int, timeout: float, level: str) -> tuple[int, str, float]:
    """Ours: programs that ended well, the level reached, MiB of all workers (shared pages counted once)."""
    limits = settings.Interpreter(
        timeout=timeout, memory_mb=1024, output_chars=100, workers=workers, preload=["numpy", "sympy"], isolation="process"
    )
    with Interpreter(limits, strongest=level) as interpreter:
        ended = interpreter.run(programs)
        memory = sum(map(_held, psutil.Process().children(recursive=True)))
    return sum(execution.outcome == "ok" for execution in ended), interpreter.isolation, memory


def _held(process: psutil.Process) -> float:
    """MiB of a process, its share of shared pages among them; none of one that ends just now."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.memory_full_info().pss / 2**20
    return 0.0


def pooled(programs: list[str], workers: int, timeout: float) -> int:
    with Pool(workers) as pool:
        return sum(pool.imap(partial(_exec, timeout=timeout), programs))


def _exec(program: str, timeout: float) -> bool:
    """Run a program in this process; an alarm ends it."""

    def stop(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, timeout)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(program, "program", "exec"), {})
        return True
    except BaseException:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def fresh(programs: list[str], workers: int, timeout: float) -> int:
    with ThreadPoolExecutor(workers) as threads:
        return sum(threads.map(partial(_fresh, timeout=timeout), programs))


def _fresh(program: str, timeout: float) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        return subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, timeout=timeout).returncode == 0
    return False


_PEER = """
import importlib.util, json, os, sys
path, workers, timeout = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
spec = importlib.util.spec_from_file_location("python_executor", path)
sys.modules["python_executor"] = module = importlib.util.module_from_spec(spec)
os.cpu_count = lambda: workers
spec.loader.exec_module(module)
executor = module.PythonExecutor(get_answer_from_stdout=True, timeout_length=timeout)
print(sum(report == "Done" for _, report in executor.batch_apply(json.load(sys.stdin))), file=sys.stderr)
os._exit(0)
"""


def by_peer(programs: list[str], workers: int, timeout: float, path: str) -> int:
    """Another harness, in a process of its own; how many of its programs ended well."""
    command = [sys.executable, "-c", _PEER, path, str(workers), str(timeout)]
    ended = subprocess.run(command, input=json.dumps(programs), capture_output=True, text=True, check=True)
    return int(ended.stderr.splitlines()[-1])


class Rate:
    """Programs a second of some work, CPU milliseconds of each, and what the work returned."""

    def __init__(self, work, count: int):
        start, used = time.perf_counter(), sum(os.times()[:4])
        self.result = work()
        self.rate = count / (time.perf_counter() - start)
        self.cpu = 1000 * (sum(os.times()[:4]) - used) / count

    def __str__(self) -> str:
        return f"{self.rate:.0f} programs/s, {self.cpu:.1f} ms of CPU each"


def compare(args, hanging: float, workers: int) -> None:
    """Run all kinds on the same programs and print a line for each."""
    programs = corpus(args.programs, args.count, hanging)
    few = [program for program in programs if not program.startswith(HANGS)][: args.fresh]
    hangs = sum(program.startswith(HANGS) for program in programs)
    print(f"{len(programs)} programs, {hangs} of them made to hang for {args.timeout:g} s, {workers} workers")
    pool = Rate(partial(pooled, programs, workers, args.timeout), len(programs))
    print(f"  exec pool, nothing contained: {pool} ({pool.result} ended well)")
    slow = Rate(partial(fresh, few, workers, args.timeout), len(few))
    print(f"  a fresh interpreter each: {slow} ({slow.result} of {len(few)} ended well)")
    others = {"the exec pool": pool, "fresh interpreters": slow}
    if args.peer:
        others["the peer"] = peer = Rate(partial(by_peer, programs, workers, args.timeout, args.peer), len(programs))
        print(f"  peer: {peer} ({peer.result} ended well)")
    for level in args.levels:
        ours = Rate(partial(isolated, programs, workers, args.timeout, level), len(programs))
        ended, reached, memory = ours.result
        ratios = ", ".join(f"{ours.rate / other.rate:.2f} of {name}" for name, other in others.items())
        print(f"  level {reached}: {ours} ({ended} ended well), {ratios}, {memory:.0f} MiB", flush=True)


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    for hanging in args.hanging:
        for workers in args.workers:
            compare(args, hanging, workers)
    return 0


if __name__ == "__main__":
    cli.run(main)
