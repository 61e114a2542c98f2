"""An interpreter of small limits: a program that runs in it alone, and the processes below it."""

from pathlib import Path

from mathcode import settings
from mathcode.interpreter.driver import Execution, Interpreter

LIMITS = settings.Interpreter(timeout=1.0, memory_mb=512, output_chars=100, workers=2, preload=[], isolation="process")


def descendants(process: int) -> set[int]:
    """Ids of all processes below one."""
    children = {int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()}
    return children.union(*(descendants(child) for child in children))


def one(interpreter: Interpreter, program: str) -> Execution:
    return interpreter.run([program])[0]
