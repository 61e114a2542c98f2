"""How many programs a second run isolated, against a fresh interpreter for each and against a pool without isolation.

    python benchmarks/interpreter.py
    python benchmarks/interpreter.py --programs programs.jsonl --hanging 0.05 --workers 1 2 4

All kinds run the same programs, one after the other, in this run; a share of them hangs for the full time limit.
The pool is the design of common harnesses: `exec` in reused processes with an alarm for each program, nothing contained.
"""

import contextlib
import io
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
    parser.add_argument("--hanging", type=float, default=0.001, help="share of programs that hang (%(default)s)")
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
        memory = sum(process.memory_full_info().pss for process in psutil.Process().children(recursive=True)) / 2**20
    return sum(execution.outcome == "ok" for execution in ended), interpreter.isolation, memory


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


def timed(work, count: int) -> tuple[float, object]:
    """Programs a second, and what the work returned."""
    start = time.perf_counter()
    result = work()
    return count / (time.perf_counter() - start), result


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    programs = corpus(args.programs, args.count, args.hanging)
    few = [program for program in programs if not program.startswith(HANGS)][: args.fresh]
    print(f"{len(programs)} programs, {sum(program.startswith(HANGS) for program in programs)} of them hang for {args.timeout:g} s")
    for workers in args.workers:
        peer, ended = timed(partial(pooled, programs, workers, args.timeout), len(programs))
        print(f"{workers} workers: exec pool, nothing contained: {peer:.0f} programs/s ({ended} ended well)")
        slow, ended = timed(partial(fresh, few, workers, args.timeout), len(few))
        print(f"{workers} workers: a fresh interpreter each: {slow:.0f} programs/s ({ended} of {len(few)} ended well)")
        for level in ("process", "landlock", "sandbox"):
            ours, (ended, reached, memory) = timed(partial(isolated, programs, workers, args.timeout, level), len(programs))
            print(
                f"{workers} workers: level {reached}: {ours:.0f} programs/s ({ended} ended well), {ours / peer:.2f} of the exec pool,"
                f" {ours / slow:.1f} of fresh interpreters, {memory:.0f} MiB"
            )
    return 0


if __name__ == "__main__":
    cli.run(main)
