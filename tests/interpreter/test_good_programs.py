"""Awkward but good programs give exactly what `python FILE` gives: same output, same last error line."""

import subprocess
import sys

import pytest

from mathcode import settings
from mathcode.interpreter.driver import Execution, Interpreter

LIMITS = settings.Interpreter(timeout=10.0, memory_mb=1024, output_chars=100, workers=2, preload=["numpy", "sympy"], isolation="process")
PROGRAMS = {
    "guard": "def main():\n    print('main')\nif __name__ == '__main__':\n    main()",
    "exit": "import sys\nprint(1)\nsys.exit()\nprint(2)",
    "exit status": "import sys\nprint(1)\nsys.exit(3)",
    "exit message": "import sys\nprint(1)\nsys.exit('no solution')",
    "quit": "print(1)\nquit()",
    "star import": "from math import *\nfrom fractions import *\nprint(floor(pi), Fraction(1, 3))",
    "multi-line text": 'text = """\n  one\n\ttwo\n"""\nprint(text, end="")',
    "ends in a loop": "n = 0\nwhile True:\n    n += 1\n    if n > 3:\n        break",
    "ends in an expression": "x = 3\nx + 1",
    "writes to error output": "import sys\nsys.stderr.write('warning\\n')\nprint(7)",
    "no output": "x = 1",
    "empty": "",
    "comment only": "# nothing",
    "no final newline": "import sys\nsys.stdout.write('7')",
    "tabs": "def f():\n\treturn 1\nprint(f())",
    "carriage returns": "x = 1\r\nprint(x)\r\n",
    "unicode": "π = 3\nprint('π ≈', π, '数', '🙂')",
    "bytes": "import sys\nsys.stdout.buffer.write(b'a\\xc3\\xa9\\n')",
    "global": "n = 0\ndef f():\n    global n\n    n += 1\nf(); f()\nprint(n)",
    "closure": "def counter():\n    n = 0\n    def add():\n        nonlocal n\n        n += 1\n        return n\n    return add\nf = counter()\nprint(f(), f())",
    "recursion": "import functools\n@functools.lru_cache(None)\ndef f(n): return n if n < 2 else f(n - 1) + f(n - 2)\nprint(f(90))",
    "deep recursion": "def f(n): return 0 if n == 0 else 1 + f(n - 1)\nprint(f(900))",
    "too deep recursion": "def f(n): return f(n + 1)\nf(0)",
    "comprehension in a class": "class A:\n    n = 3\n    squares = [i * i for i in range(3)]\nprint(A.squares)",
    "dataclass": "from dataclasses import dataclass\n@dataclass(order=True)\nclass P:\n    x: int\n    y: int = 2\nprint(sorted([P(3), P(1)]))",
    "enumeration": "from enum import Enum\nclass C(Enum):\n    A = 1\nprint(C.A, C(1).name)",
    "named tuple": "from typing import NamedTuple\nclass P(NamedTuple):\n    x: int\nprint(P(1))",
    "pickle": "import pickle\nclass A:\n    x = 1\nprint(pickle.loads(pickle.dumps(A())).x)",
    "annotations": "from __future__ import annotations\ndef f(x: Missing) -> Missing: return x\nprint(f(1), f.__annotations__)",
    "match": "match (1, 2):\n    case (1, x):\n        print(x)",
    "walrus": "print([y for x in range(4) if (y := x * x) > 1])",
    "generator": "def g():\n    x = yield 1\n    print(x)\n    yield 2\ni = g(); next(i); print(i.send('in'))",
    "async": "import asyncio\nasync def f(n):\n    await asyncio.sleep(0)\n    return n\nasync def main(): return await asyncio.gather(*map(f, range(3)))\nprint(asyncio.run(main()))",
    "its own source": "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))",
    "event loop": "import asyncio\nasync def f():\n    return 5\nprint(asyncio.run(f()))",
    "threads": "import threading\nresults = []\nts = [threading.Thread(target=results.append, args=(n,)) for n in range(5)]\n[t.start() for t in ts]; [t.join() for t in ts]\nprint(sorted(results))",
    "thread outlives main": "import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()\nprint('early')",
    "thread pool": "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(3) as pool: print(list(pool.map(lambda x: x * x, range(4))))",
    "child process": "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(2 ** 10)'], capture_output=True, text=True).stdout)",
    "at exit": "import atexit\natexit.register(print, 'bye')\nprint('hi')",
    "finally": "try:\n    1 / 0\nfinally:\n    print('finally')",
    "exception": "print('before')\nraise ValueError('wrong', 3)",
    "chained exception": "try:\n    {}['x']\nexcept KeyError as error:\n    raise RuntimeError('second') from error",
    "own exception": "class Mine(Exception): pass\nraise Mine('text')",
    "exception group": "raise ExceptionGroup('many', [ValueError(1), TypeError(2)])",
    "assertion": "assert 1 == 2, 'not equal'",
    "syntax error": "print(1)\nx = = 2",
    "indentation error": "def f():\nprint(1)",
    "name error": "print(undefined)",
    "warning": "import warnings\nwarnings.warn('careful')\nprint(1)",
    "recursive data": "x = []\nx.append(x)\nprint(x)",
    "file": "with open('a.txt', 'w') as f: f.write('1\\n2\\n')\nprint(sum(int(line) for line in open('a.txt')))",
    "temporary file": "import tempfile\nwith tempfile.TemporaryFile('w+') as f:\n    f.write('x'); f.seek(0)\n    print(f.read())",
    "own module": "open('mine.py', 'w').write('x = 5')\nimport mine\nprint(mine.x)",
    "input at its end": "try:\n    input()\nexcept EOFError:\n    print('none')",
    "arguments": "import sys\nprint(len(sys.argv), __name__, '__file__' in dir())",
    "inspect itself": "import sys\nprint(sys.modules['__main__'].__dict__ is globals())",
    "decimal": "from decimal import Decimal, getcontext\ngetcontext().prec = 30\nprint(Decimal(1) / 7)",
    "big integer": "print(2 ** 2000)",
    "statistics": "import statistics\nprint(statistics.stdev([1, 2, 4]))",
    "itertools": "from itertools import permutations\nprint(sum(1 for p in permutations(range(6)) if p[0] < p[-1]))",
    "sets": "print({'b', 'a', 'c'} == set('abc'), sorted({3, 1, 2}))",
    "regular expressions": "import re\nprint(re.findall(r'\\d+', 'a1b22'))",
    "json": "import json\nprint(json.dumps({'a': [1, None, True]}, indent=1))",
    "dates": "import datetime\nprint(datetime.date(2024, 2, 29) + datetime.timedelta(365))",
    "complex": "import cmath\nprint(cmath.sqrt(-4), abs(3 + 4j))",
    "numpy": "import numpy as np\na = np.arange(6).reshape(2, 3)\nprint(a @ a.T, np.linalg.det(np.eye(3)))",
    "sympy": "from sympy import *\nx = symbols('x')\nprint(solve(x ** 2 - 5 * x + 6, x), integrate(sin(x), (x, 0, pi)), Rational(1, 3) + 1)",
    "sympy prints": "import sympy as sp\nx, y = sp.symbols('x y')\nprint(sp.expand((x + y) ** 3), sp.nsimplify('0.25'), sp.factorint(360))",
    "GSM8K": "eggs = 16\neaten = 3\nbaked = 4\nsold = eggs - eaten - baked\nprice = 2\nanswer = sold * price\nprint(f'The answer is {answer} dollars.')",
}  # fmt: skip


@pytest.fixture(scope="module", params=["sandbox", "landlock", "process"])
def executions(request):
    with Interpreter(LIMITS, strongest=request.param) as interpreter:
        results = interpreter.run(list(PROGRAMS.values()))
        if interpreter.isolation != request.param:
            pytest.skip(f"this machine does not allow the isolation level {request.param}")
    return dict(zip(PROGRAMS, results, strict=True))


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """What `python FILE` gives for each program."""
    folder = tmp_path_factory.mktemp("scripts")
    results = {}
    for number, (name, program) in enumerate(PROGRAMS.items()):
        place = folder / str(number)
        place.mkdir()
        (place / "program.py").write_text(program, newline="")
        command = [sys.executable, "-X", "utf8", "program.py"]
        ended = subprocess.run(command, cwd=place, capture_output=True, stdin=subprocess.DEVNULL, env={"PYTHONHASHSEED": "0"}, timeout=60)
        lines = [line.strip() for line in ended.stderr.decode().splitlines() if line.strip()]
        error = "" if ended.returncode == 0 else lines[-1] if lines else f"exit status {ended.returncode}"
        results[name] = Execution("ok" if ended.returncode == 0 else "error", ended.stdout.decode(), error)
    return results


def test_there_are_enough():
    assert len(PROGRAMS) >= 40


@pytest.mark.stage
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_gives_what_python_gives(executions, scripts, name):
    assert executions[name] == scripts[name]
