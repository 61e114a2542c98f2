"""Programs of a response as cells of a notebook, and what single programs show: golden cases, limits, endings."""

import json
from pathlib import Path

import pytest

from mathcode import settings
from mathcode.interpreter.driver import Execution, Interpreter

GOLDEN = Path(__file__).parent / "golden"
LIMITS = settings.Interpreter(timeout=8.0, memory_mb=512, output_chars=100, workers=2, preload=["numpy", "sympy"], isolation="process")
RESPONSES, PROGRAMS = (
    {case["id"]: case for case in map(json.loads, (GOLDEN / name).read_text().splitlines())} for name in ("rounds.jsonl", "programs.jsonl")
)


def rounds(interpreter: Interpreter, programs: list[str]) -> list[Execution]:
    """How each program of a response ends, run after those before it."""
    return interpreter.run([programs[: end + 1] for end in range(len(programs))])


@pytest.fixture(scope="module")
def shown(interpreter):
    """What each program of the golden responses showed, all in one batch."""
    wanted = [(name, case["programs"][: end + 1]) for name, case in RESPONSES.items() for end in range(len(case["programs"]))]
    ended: dict[str, list[Execution]] = {name: [] for name in RESPONSES}
    for (name, _), execution in zip(wanted, interpreter.run([cells for _, cells in wanted]), strict=True):
        ended[name].append(execution)
    return ended


@pytest.mark.stage
@pytest.mark.parametrize("name", RESPONSES)
def test_programs_of_a_response_share_their_state_and_show_nothing_twice(shown, name):
    outputs = RESPONSES[name]["expected"]["outputs"]
    assert [execution.outcome for execution in shown[name]] == ["ok"] * len(outputs)
    for execution, output in zip(shown[name], outputs, strict=True):
        head, cut, tail = output.partition("...")
        printed = execution.stdout.rstrip()
        assert printed == output or (cut and printed.startswith(head) and printed.endswith(tail))


@pytest.fixture(scope="module")
def ended(interpreter):
    return dict(zip(PROGRAMS, interpreter.run([case["program"] for case in PROGRAMS.values()]), strict=True))


@pytest.mark.stage
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_ends_and_shows_what_it_should(ended, name):
    expected, execution = PROGRAMS[name]["expected"], ended[name]
    assert execution.outcome == expected["outcome"]
    assert execution.stdout == expected.get("stdout", execution.stdout)
    assert expected.get("error_has", "") in execution.error
    assert len(execution.stdout) == expected.get("stdout_length", len(execution.stdout))
    assert execution.stdout.endswith(expected.get("stdout_ends", ""))


ZERO = "ZeroDivisionError: division by zero"


def test_a_failed_program_leaves_what_it_had_done_and_its_error_is_not_shown_again(interpreter):
    programs = ["x = 1\ny = [x]\nprint('before')\n1 / 0\nx = 2", "print(x, y)\ny.append(2)\nint('z')", "print(y)"]
    failed, again, last = rounds(interpreter, programs)
    assert failed == Execution("error", "before\n", ZERO)
    assert again == Execution("error", "1 [1]\n", "ValueError: invalid literal for int() with base 10: 'z'")
    assert last == Execution("ok", "[1, 2]\n", "")


def test_a_program_that_is_no_python_leaves_nothing_and_harms_nothing(interpreter):
    assert rounds(interpreter, ["x = (", "x = 3", "print(x)"])[2] == Execution("ok", "3\n", "")


def test_tracebacks_name_the_line_of_the_right_program(interpreter):
    programs = [
        "import traceback\n\ndef f():\n    raise KeyError('k')\nx = 1",
        "\n\ntry:\n    f()\nexcept KeyError:\n    print(traceback.format_exc())",
        "import inspect\nprint(inspect.getsource(f))",
    ]
    _, traced, source = rounds(interpreter, programs)
    assert 'File "program_2.py", line 4, in <module>\n    f()' in traced.stdout
    assert "File \"program.py\", line 4, in f\n    raise KeyError('k')" in traced.stdout
    assert source.stdout == "def f():\n    raise KeyError('k')\n\n"


@pytest.mark.stage
def test_a_program_at_its_limit_is_interrupted_when_it_is_run_again():
    hanging = "x = 5\nwhile True:\n    pass\nx = 6"
    with Interpreter(LIMITS.model_copy(update={"timeout": 1.0})) as interpreter:
        first, second, third = rounds(interpreter, [hanging, "print(x)\nx = 7", "print(x)"])
    assert first.outcome == "timed_out"
    assert (second.stdout, third.stdout) == ("5\n", "7\n")
    assert third.seconds < 1.0, "its own time is counted"


@pytest.mark.stage
def test_each_program_has_the_limit_of_time_for_itself():
    with Interpreter(LIMITS.model_copy(update={"timeout": 1.0})) as interpreter:
        slow = "import time\ntime.sleep(0.7)\nprint('slept')"
        assert [execution.outcome for execution in rounds(interpreter, [slow, f"{slow} # 2", f"{slow} # 3"])] == ["ok"] * 3
        late = "import time\nwhile True:\n    time.sleep(0.1)"
        assert rounds(interpreter, ["x = 1", late])[1].outcome == "timed_out"


@pytest.mark.stage
@pytest.mark.parametrize("end", ["import os\nos.abort()", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"])
def test_a_program_that_kills_the_process_is_named_by_those_after_it(interpreter, end):
    killed, after = rounds(interpreter, [f"x = 1\nprint(x, flush=True)\n{end}", "print(x)"])
    assert (killed.outcome, killed.stdout) == ("error", "1\n")
    assert after == Execution("error", "", "RuntimeError: an earlier program ended the process that they share")


@pytest.mark.stage
def test_a_program_that_nothing_interrupts_is_named_by_those_after_it():
    """A signal is handled between two steps of Python, and this is one."""
    with Interpreter(LIMITS.model_copy(update={"timeout": 0.5})) as interpreter:
        first, after = rounds(interpreter, ["sum(range(10**11))", "print(1)"])
    assert first.outcome == "timed_out"
    assert after == Execution("error", "", "TimeoutError: an earlier program could not be interrupted after 0.5 s")


@pytest.mark.stage
def test_what_an_earlier_program_prints_is_not_counted(interpreter):
    chatty = "import sys\nfor n in range(30):\n    print('x' * 100_000)\n    print('x' * 100_000, file=sys.stderr)\nx = 1"
    first, second = rounds(interpreter, [chatty, "print(x)"])
    assert first.outcome == "output_limit"
    assert second == Execution("ok", "1\n", "")


@pytest.mark.stage
def test_an_earlier_program_does_not_reach_the_streams_of_the_last(interpreter):
    leaking = (
        "import os\nfor n in range(3, 64):\n    try:\n        os.write(n, b'leak') if n < 60 else None\n    except OSError:\n        pass"
    )
    assert rounds(interpreter, [leaking, "print(1)"])[1] == Execution("ok", "1\n", "")
    closing = "import os\nos.closerange(0, 256)"
    assert rounds(interpreter, [closing, "print(1)"])[1].outcome == "error"


UNSEEDED = """
import os, random, secrets, tempfile, uuid
import numpy as np
print(np.random.default_rng().integers(10**9), np.random.RandomState().randint(10**9), random.Random().random(), os.urandom(4),
      secrets.token_hex(4), uuid.uuid4(), random.SystemRandom().random(), os.path.basename(tempfile.mkdtemp()))
random.seed()
np.random.seed()
print(random.random(), np.random.rand(), random.choice('abc'))
"""


@pytest.mark.stage
def test_randomness_is_the_same_in_every_run():
    printed = []
    for workers in (1, 2):
        with Interpreter(LIMITS.model_copy(update={"workers": workers})) as interpreter:
            printed += [execution.stdout for execution in interpreter.run([f"{UNSEEDED}# {number}" for number in range(3)])]
    assert len(set(printed)) == 1
    assert len(set(printed[0].split())) == len(printed[0].split())


BOMB = """
import os, time
for _ in range(200):
    try:
        if os.fork() == 0:
            time.sleep(9)
    except OSError:
        pass
time.sleep(9)
"""
FEW = """
import os, time
for _ in range(20):
    if os.fork() == 0:
        time.sleep(0.3)
        os._exit(0)  # without it each would go on with the loop: a bomb too
time.sleep(0.3)
print(2)
"""


@pytest.mark.stage
@pytest.mark.parametrize("level", ["sandbox", "landlock"])
def test_a_fork_bomb_behind_a_handler_has_started_too_many_processes(level):
    with Interpreter(LIMITS.model_copy(update={"workers": 1, "timeout": 10.0}), strongest=level) as interpreter:
        bombed, after, few = interpreter.run([BOMB, "print(1)", FEW])
    assert bombed == Execution("error", "", "OSError: too many processes were started")
    assert (after.stdout, few.stdout) == ("1\n", "2\n"), "what processes share is counted once"
