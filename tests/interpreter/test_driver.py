"""The interpreter at each level of isolation: script semantics, limits, what is out of reach; feedback that a model is shown."""

import importlib
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.small_interpreter import LIMITS, descendants, one

from mathcode.interpreter import driver
from mathcode.interpreter.driver import Execution, Interpreter, InterpreterError, feedback

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
    "a number in base 16": ("print(hex(3735928559))", "0xdeadbeef\n"),
    "an address": ("print(type('A', (), {})(), print)", "<__main__.A object at 0x000000000000> <built-in function print>\n"),
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
