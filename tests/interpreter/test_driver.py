"""The interpreter: script semantics, limits, isolation of programs from each other and from the driver."""

import importlib
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mathcode import settings
from mathcode.interpreter import descendants as outside
from mathcode.interpreter import driver
from mathcode.interpreter.driver import Execution, Interpreter, InterpreterError, feedback
from mathcode.interpreter.jobs import Jobs
from mathcode.interpreter.kinds import kind_of, may_hang

LIMITS = settings.Interpreter(timeout=1.0, memory_mb=512, output_chars=100, workers=2, preload=[], isolation="process")


def descendants(process: int) -> set[int]:
    """Ids of all processes below one."""
    children = {int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()}
    return children.union(*(descendants(child) for child in children))


def one(interpreter: Interpreter, program: str) -> Execution:
    return interpreter.run([program])[0]


GOOD = {
    "print": ("print(1 + 1)", "2\n"),
    "nothing": ("", ""),
    "main guard": ("if __name__ == '__main__':\n    print('main')", "main\n"),
    "exit": ("import sys\nprint(3)\nsys.exit()\nprint(4)", "3\n"),
    "exit zero": ("print(3)\nraise SystemExit(0)", "3\n"),
    "star import": ("from math import *\nprint(floor(pi))", "3\n"),
    "trailing loop": ("n = 0\nwhile n < 3:\n    n += 1\n    print(n)", "1\n2\n3\n"),
    "multi-line string": ('text = """a\n  b"""\nprint(text)', "a\n  b\n"),
    "value of a write": ("import sys\nsys.stderr.write('warning')", ""),
    "unicode": ("print('é ∑ 数学 🙂')", "é ∑ 数学 🙂\n"),
    "global function": ("def f(n):\n    return 1 if n == 0 else n * f(n - 1)\nprint(f(5))", "120\n"),
    "dataclass": ("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nprint(A(1))", "A(x=1)\n"),
    "pickle": ("import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))).__name__)", "A\n"),
    "atexit": ("import atexit\natexit.register(print, 'bye')\nprint('hi')", "hi\nbye\n"),
    "thread": ("import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.1), print('late'))).start()", "late\n"),
    "future": ("from __future__ import annotations\ndef f(x: nothing): return 1\nprint(f(0))", "1\n"),
    "own file": ("open('a.txt', 'w').write('kept')\nprint(open('a.txt').read())", "kept\n"),
    "closed output": ("import os\nprint(1, flush=True)\nos.close(1)", "1\n"),
    "no arguments": ("import sys\nprint(sys.argv)", "['program.py']\n"),
    "no input": ("import sys\nprint(repr(sys.stdin.read()))", "''\n"),
}


def test_good_programs_print_what_a_script_prints(interpreter):
    executions = interpreter.run([program for program, _ in GOOD.values()])
    assert dict(zip(GOOD, executions, strict=True)) == {name: Execution("ok", stdout, "") for name, (_, stdout) in GOOD.items()}


BAD = {
    "exception": ("print(1)\n1/0", Execution("error", "1\n", "ZeroDivisionError: division by zero")),
    "syntax": ("x = (", Execution("error", "", "SyntaxError: '(' was never closed")),
    "exit message": ("import sys\nsys.exit('no solution')", Execution("error", "", "no solution")),
    "exit status": ("import sys\nsys.exit(3)", Execution("error", "", "exit status 3")),
    "signal": ("import os\nos.kill(os.getpid(), 11)", Execution("error", "", "the program was killed by SIGSEGV")),
    "input": ("x = input()", Execution("error", "", "EOFError: EOF when reading a line")),
    "missing module": ("import autocode", Execution("error", "", "ModuleNotFoundError: No module named 'autocode'")),
    "neighbour module": ("import tables", Execution("error", "", "ModuleNotFoundError: No module named 'tables'")),
    "memory": ("x = [0] * 10**9", Execution("memory", "", "MemoryError")),
}


def test_bad_programs_end_with_their_last_error_line(interpreter):
    executions = interpreter.run([program for program, _ in BAD.values()])
    assert dict(zip(BAD, executions, strict=True)) == {name: execution for name, (_, execution) in BAD.items()}


def test_a_null_byte_is_an_error_of_the_program(interpreter):
    execution = one(interpreter, "print(1)\0")
    assert execution.outcome == "error"
    assert execution.error.endswith("source code string cannot contain null bytes")


STOPPED = {
    "loop": ("while True: pass", "timed_out"),
    "sleep": ("import time\ntime.sleep(99)", "timed_out"),
    "deaf": (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(99)",
        "timed_out",
    ),
    "power": ("print(9**9**9)", "timed_out"),
    "patient thread": ("import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()", "timed_out"),
    "closed pipes": ("import os, time\nos.close(1)\nos.close(2)\ntime.sleep(99)", "timed_out"),
    "flood": ("while True: print('x' * 1000)", "output_limit"),
    "one flood": ("print('x' * 5_000_000)", "output_limit"),
    "error flood": ("import sys\nwhile True: sys.stderr.write('x' * 1000)", "timed_out"),
}


@pytest.mark.parametrize("name", STOPPED)
def test_a_stopped_program_leaves_the_next_unharmed(interpreter, name):
    program, outcome = STOPPED[name]
    stopped, *after = interpreter.run([program, "print(1)", "print(2)", "print(3)"])
    assert (stopped.outcome, stopped.stdout) == (outcome, "")
    assert after == [Execution("ok", f"{n}\n", "") for n in (1, 2, 3)]


@pytest.mark.stage
@pytest.mark.parametrize(
    "attack", ["os.kill(os.getppid(), 9)", "os.kill(os.getppid(), 19)", "os.killpg(0, 9)", "os.kill(-os.getppid(), 9)"]
)
def test_no_program_takes_others_with_it(attack):
    with Interpreter(LIMITS.model_copy(update={"workers": 1})) as interpreter:
        attacked, *after = interpreter.run([f"import os\n{attack}\nprint('alive')", "print(1)", "print(2)"])
    assert attacked.outcome in ("ok", "error", "infrastructure_error")
    assert after == [Execution("ok", "1\n", ""), Execution("ok", "2\n", "")]


@pytest.mark.stage
def test_a_program_that_kills_its_worker_twice_is_an_infrastructure_error():
    killer = "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(99)"
    with Interpreter(LIMITS, strongest="process") as interpreter:
        executions = interpreter.run([killer, *(f"print({n})" for n in range(20))])
        (ticket,) = interpreter.submit([killer])
        assert interpreter.poll(wait=True) == {ticket: executions[0]}
    assert executions[0].outcome == "infrastructure_error"
    assert executions[1:] == [Execution("ok", f"{n}\n", "") for n in range(20)]


SPREADING = """
import ctypes, os, time
ctypes.CDLL(None).prctl(36, 1)  # as a worker does: what loses its parent becomes its child
for number in range(6):
    if os.fork() == 0:
        os.setsid()
        while number < 3:  # these go on to spread, a new process every hundredth of a second
            os.fork() or time.sleep(99)
            time.sleep(0.01)
        time.sleep(99)
time.sleep(99)
"""


@pytest.mark.stage
def test_all_that_descends_from_a_worker_that_does_not_answer_is_killed():
    """Also what left its group, and what forks while it is looked for; the worker itself is left to its driver."""
    worker = subprocess.Popen([sys.executable, "-c", SPREADING], start_new_session=True)
    try:
        deadline = time.monotonic() + 30
        while len(descendants(worker.pid)) < 6:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        before = descendants(worker.pid)
        outside.kill(worker.pid)
        assert worker.poll() is None
        assert not [process for process in before if outside.lives(process)]
        assert not outside.below(worker.pid)
    finally:
        outside.kill(worker.pid)
        worker.kill()
        worker.wait()


@pytest.mark.stage
def test_a_killed_worker_is_replaced_between_runs():
    with Interpreter(LIMITS) as interpreter:
        assert one(interpreter, "print(1)").stdout == "1\n"
        for worker in interpreter._workers:
            worker.process.kill()
            worker.process.wait()
        assert one(interpreter, "print(2)").stdout == "2\n"


LEFTOVER = """
import contextlib, os, time
if os.fork() == 0:
    {escape}
    if os.fork() == 0:
        for descriptor in (0, 1, 2):
            os.close(descriptor)
        open("started", "w").close()
        time.sleep(99)
    os._exit(0)
while not os.path.exists("started"):
    time.sleep(0.01)
print("done")
"""


@pytest.mark.parametrize("escape", ["pass", "with contextlib.suppress(OSError): os.setsid()"])
def test_processes_left_behind_are_killed(interpreter, escape):
    interpreter.run(["print(1)", "print(2)"])
    before = [descendants(worker.process.pid) for worker in interpreter._workers]
    assert one(interpreter, LEFTOVER.format(escape=escape)).stdout == "done\n"
    assert [descendants(worker.process.pid) for worker in interpreter._workers] == before


SEARCH = """
import re
found = 0
with open('/proc/self/maps') as maps, open('/proc/self/mem', 'rb') as memory:
    for line in maps:
        start, end, rights = re.match('(\\w+)-(\\w+) (\\S+)', line).groups()
        if rights.startswith('rw'):
            memory.seek(int(start, 16))
            found += len(re.findall(rb'SE[C]RET', memory.read(int(end, 16) - int(start, 16))))
print(found)
"""


@pytest.mark.stage
def test_a_program_does_not_inherit_what_earlier_ones_were_and_printed():
    limits = LIMITS.model_copy(update={"workers": 1})
    telling = "print('SECRET' * 9999)\nimport sys\nprint('SECRET' * 9999, file=sys.stderr)"
    with Interpreter(limits, strongest="process") as interpreter:
        told, found = interpreter.run([telling, SEARCH])
        in_sight = one(interpreter, f"kept = 'SECRET' * 2\n{SEARCH}")
    assert (told.outcome, found.stdout, found.error) == ("ok", "0\n", "")
    assert int(in_sight.stdout) >= 2  # the search can find


@pytest.mark.stage
def test_nothing_leaks_from_one_program_to_the_next():
    with Interpreter(LIMITS.model_copy(update={"workers": 1})) as interpreter:
        executions = interpreter.run(
            [
                "import builtins, math, os, sys\nbuiltins.print = None\nmath.pi = 3\nos.environ['A'] = 'b'\n"
                "open('left', 'w').write('x')\nsys.path.clear()",
                "import math, os\nprint(math.pi, os.environ.get('A'), os.listdir('.'))",
            ]
        )
    assert executions[1] == Execution("ok", "3.141592653589793 None []\n", "")


def test_the_environment_and_open_files_of_the_driver_are_hidden(interpreter, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_DRIVER", "x")
    program = """
import os
def is_open(descriptor):
    try:
        return bool(os.fstat(descriptor))
    except OSError:
        return False
print('SECRET_OF_THE_DRIVER' in os.environ, [descriptor for descriptor in range(4096) if is_open(descriptor)])
"""
    with Interpreter(LIMITS) as fresh:
        assert one(fresh, program).stdout == "False [0, 1, 2]\n"
    assert one(interpreter, "import os\nos.write(3, b'x')").error == "OSError: [Errno 9] Bad file descriptor"


@pytest.mark.stage
def test_scratch_folders_are_removed():
    with Interpreter(LIMITS) as interpreter:
        interpreter.run([f"import os\nos.makedirs('a/b')\nopen('a/b/{n}', 'w').write('x')" for n in range(4)])
        assert not any(path.is_file() or path.name == "a" for path in interpreter._folder.rglob("*"))
        folder = interpreter._folder
    assert not folder.exists()


MIXED = [
    *(f"print({n} * 7)" for n in range(30)),
    "print({'a', 'b', 'c', 'd'}, hash('x'))",
    "import random\nprint(random.random(), random.choice('abc'))",
    "print(lambda x: x)",
    "print(x for x in range(3))",
    "import os\nprint(os.getcwd())",
    "import tempfile\nprint(tempfile.gettempdir())",
    "raise ValueError(object())",
    "while True: print(1)",
    "while True: pass",
]


@pytest.mark.stage
def test_results_do_not_depend_on_workers_or_order():
    results = []
    for workers, programs in ((1, MIXED), (3, MIXED), (2, MIXED[::-1])):
        with Interpreter(LIMITS.model_copy(update={"workers": workers})) as interpreter:
            results.append(dict(zip(programs, interpreter.run(programs), strict=True)))
    assert results[0] == results[1] == results[2]


@pytest.mark.stage
def test_hanging_neighbours_and_a_busy_machine_change_no_result():
    """One in twenty hangs; with one worker, with four, and with every core busy with something else."""
    programs = ["while True: pass" if n % 20 == 7 else f"import sympy\nprint(sympy.factorint({n + 360}))" for n in range(60)]
    limits = LIMITS.model_copy(update={"timeout": 3.0, "preload": ["sympy"]})
    results = []
    for workers, load in ((1, 0), (4, 0), (2, os.cpu_count())):
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(load)]
        try:
            with Interpreter(limits.model_copy(update={"workers": workers})) as interpreter:
                results.append(interpreter.run(programs))
        finally:
            for other in others:
                other.kill()
                other.wait()
    assert results[0] == results[1] == results[2]
    assert [execution.outcome == "timed_out" for execution in results[0]] == [n % 20 == 7 for n in range(60)]


def test_equal_programs_run_once(interpreter):
    program, seen = "import time\nprint(time.time_ns())", []
    first, one_, *others = interpreter.run([program, "print(1)", program, program], progress=seen.append)
    assert (one_.stdout, others) == ("1\n", [first, first])
    assert sum(seen) == 4


def test_arguments_reach_the_program(interpreter):
    program = "import sys\nprint(sys.argv[1:])"
    executions = interpreter.run([program, program], arguments=[("a", "β\n"), ()])
    assert [execution.stdout for execution in executions] == ["['a', 'β\\n']\n", "[]\n"]


def test_no_program_at_all(interpreter):
    assert interpreter.run([]) == []


def test_large_programs_and_outputs_pass(interpreter):
    programs = [f"text = {'x' * 400_000!r}\nprint(text + str({n}))" for n in range(6)]
    assert [execution.stdout for execution in interpreter.run(programs)] == ["x" * 400_000 + f"{n}\n" for n in range(6)]


@pytest.mark.stage
def test_programs_handed_in_one_by_one_end_in_their_own_time():
    with Interpreter(LIMITS.model_copy(update={"workers": 2, "timeout": 2.0})) as interpreter:
        (hanging,) = interpreter.submit(["while True: pass"])
        tickets = interpreter.submit([["x = 1", "print(x)"], "print(2)", "print(2)"])
        ended = {}
        while len(ended) < len(tickets):
            ended |= interpreter.poll(wait=True)
        assert hanging not in ended
        assert [ended[ticket].stdout for ticket in tickets] == ["1\n", "2\n", "2\n"]
        assert interpreter.run(["print(3)"])[0].stdout == "3\n", "run waits for its own programs only"
        assert interpreter.poll(wait=True)[hanging].outcome == "timed_out"
        assert interpreter.poll() == interpreter.poll(wait=True) == {}


@pytest.mark.stage
def test_preloaded_modules_are_imported_once():
    """They are there for a program that imports anything heavy; a program of plain arithmetic starts without them."""
    programs = ["import sys, json\nprint('wave' in sys.modules)", "import sys\nprint('wave' in sys.modules)"]
    with Interpreter(LIMITS.model_copy(update={"preload": ["wave"]})) as interpreter:
        assert [execution.stdout for execution in interpreter.run(programs)] == ["True\n", "False\n"]


@pytest.mark.parametrize(
    ("program", "kind"),
    [
        ("print(1)", "bare"),
        ("import math, sys\nfrom math import *", "bare"),
        ("from math import sqrt, pi\nimport itertools, re\nprint(sqrt(4))", "light"),
        ("    import math as m; print(m.pi)", "bare"),
        ("import math, sympy", "full"),
        ("from sympy import *", "full"),
        ("import numpy.linalg as la", "full"),
        ("import random", "full"),
        ("__import__('sympy')", "full"),
        ("# imports from China", "bare"),
    ],
)
def test_light_workers_get_what_needs_no_more(program, kind):
    assert kind_of([program]) == kind
    assert kind_of(["print(1)", program, "print(2)"]) == kind, "of several, the richest"


def test_loops_without_a_bound_start_first():
    assert may_hang(["x = 1", "while x:\n    x += 1"])
    assert not may_hang(["for meanwhile in range(3):\n    pass"])


@pytest.mark.stage
def test_a_slow_program_makes_room(monkeypatch):
    order, finish = [], Jobs.finish
    monkeypatch.setattr(Jobs, "finish", lambda jobs, number: (order.append(number), finish(jobs, number)))
    programs = ["while True: pass", "import time, sys\ntime.sleep(30)", *(f"print({n})" for n in range(20))]
    with Interpreter(LIMITS.model_copy(update={"workers": 1, "timeout": 5.0})) as interpreter:
        outcomes = [execution.outcome for execution in interpreter.run(programs)]
    assert outcomes == ["timed_out"] * 2 + ["ok"] * 20
    assert sorted(order[-2:]) == [0, 1], "what hangs held up what does not"


@pytest.mark.stage
def test_a_missing_preload_is_named():
    with (
        Interpreter(LIMITS.model_copy(update={"preload": ["no_such_module"]})) as interpreter,
        pytest.raises(InterpreterError, match="no_such_module"),
    ):
        interpreter.run(["import no_such_module"])


@pytest.mark.stage
def test_workers_end_with_the_interpreter():
    with Interpreter(LIMITS) as interpreter:
        interpreter.run(["print(1)", "print(2)"])
        processes = [worker.process.pid for worker in interpreter._workers]
    assert processes
    assert not any(Path(f"/proc/{process}").exists() for process in processes)


def test_the_network_and_the_driver_are_out_of_reach(interpreter):
    if interpreter.isolation == "process":
        pytest.skip("this level has limits only")
    expected = {"sandbox": "ProcessLookupError", "landlock": "PermissionError"}[interpreter.isolation]
    assert one(interpreter, f"import os\nos.kill({os.getpid()}, 0)").error.startswith(expected)
    assert one(interpreter, "import socket\nsocket.create_connection(('192.0.2.1', 80), 1)").error.startswith("PermissionError")


@pytest.mark.stage
def test_a_level_out_of_reach_is_refused_with_advice():
    limits = LIMITS.model_copy(update={"isolation": "sandbox"})
    with Interpreter(limits, strongest="landlock") as interpreter, pytest.raises(InterpreterError) as raised:
        interpreter.run(["pass"])
    for words in ("isolation level 'sandbox' cannot be reached here", "allow user namespaces", "interpreter.isolation"):
        assert words in str(raised.value)


def test_seconds_are_the_programs_own(interpreter):
    # Clocks of two processes differ by some microseconds, so no more than half of what was slept is asked for.
    slow, *quick = interpreter.run(["import time\ntime.sleep(0.4)", *(f"print({n})" for n in range(6))])
    assert slow.seconds > 0.2
    assert 0 < min(execution.seconds for execution in quick) < slow.seconds


def test_feedback_is_output_then_error_and_cut_in_the_middle():
    assert feedback(Execution("ok", "  5\n", ""), 100) == "5"
    assert feedback(Execution("error", "\n", "ValueError: no"), 100) == "ValueError: no"
    assert feedback(Execution("error", "7\n", "ValueError: no"), 100) == "7"
    assert feedback(Execution("ok", "", ""), 100) == ""
    assert feedback(Execution("ok", "a" * 100, ""), 100) == "a" * 100
    assert feedback(Execution("ok", "a" * 60 + "b" * 60, ""), 100) == "a" * 50 + "..." + "b" * 50


@given(st.text(), st.integers(1, 30))
def test_feedback_keeps_its_length(text, chars):
    shown = feedback(Execution("ok", text, ""), chars)
    assert len(shown) <= chars + 3
    assert shown == text.strip() or "..." in shown


@pytest.mark.stage
def test_a_landlock_that_knows_no_truncation_is_refused(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(Path(driver.__file__).parent))  # the worker's parts import each other by name
    isolation = importlib.import_module("isolation")
    monkeypatch.setattr(isolation, "LIBC", SimpleNamespace(syscall=lambda *_: 2))  # the version of Landlock of Linux 5.19
    monkeypatch.setattr(isolation, "prctl", lambda *_: None)
    with pytest.raises(isolation.IsolationError, match=r"'landlock' cannot be reached here .*truncation.* lower interpreter.isolation"):
        isolation.reach("landlock", "landlock", str(tmp_path))
