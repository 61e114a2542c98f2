"""Workers of the interpreter: what kills one, what one program leaves to the next, who runs what and in which order."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.running import ROOT, run_program
from support.small_interpreter import LIMITS, descendants, one

from mathcode.interpreter import descendants as outside
from mathcode.interpreter.driver import Execution, Interpreter, InterpreterError
from mathcode.interpreter.jobs import Jobs
from mathcode.interpreter.kinds import kind_of, may_hang


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


@pytest.mark.stage
def test_a_python_whose_libraries_are_named_by_a_variable_can_start(tmp_path):
    """As environment modules do. Programs do not see the variable, or the same program would print otherwise elsewhere."""
    words = "from mathcode import settings; from mathcode.interpreter.driver import Interpreter\n"
    words += f"with Interpreter(settings.Interpreter(**{LIMITS.model_dump()!r})) as interpreter:\n"
    words += "    print(interpreter.run(['import os\\nprint(os.environ.get(\"LD_LIBRARY_PATH\"))'])[0])\n"
    words += "    worker = interpreter._workers[0].process.pid\n"
    words += "    print('LD_LIBRARY_PATH' in open(f'/proc/{worker}/environ').read())"
    variables = {"LD_LIBRARY_PATH": str(tmp_path), "PYTHONPATH": str(ROOT / "workflow_scripts")}
    told = run_program(sys.executable, "-c", words, **variables)
    assert "stdout='None\\n'" in told.stdout, told.stdout + told.stderr
    assert told.stdout.endswith("True\n")


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
