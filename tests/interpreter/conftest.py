"""An interpreter at each level of isolation, with the limits that a module sets as LIMITS."""

import pytest

from mathcode.interpreter.driver import Interpreter


@pytest.fixture(scope="module", params=["sandbox", "landlock", "process"])
def interpreter(request):
    with Interpreter(request.module.LIMITS, strongest=request.param) as interpreter:
        interpreter.run(["pass"])
        if interpreter.isolation != request.param:
            pytest.skip(f"this machine does not allow the isolation level {request.param}")
        yield interpreter
