"""What the text of a program tells about the worker it needs and the time it may take. A wrong guess costs time and nothing else."""

import re
from collections.abc import Sequence

MODULES = {
    "bare": ("math", "sys", "time"),
    "light": (
        "ast", "bisect", "cmath", "collections", "contextlib", "copy", "datetime", "decimal", "fractions", "functools", "heapq", "io",
        "itertools", "math", "operator", "re", "string", "sys", "time", "typing",
    ),
}  # fmt: skip
"""What workers have imported, by kind; a program goes to the first kind that has all it imports, else to a full one."""
KINDS = (*MODULES, "full")
WORTH_A_WORKER = {"bare": 4, "light": 4, "full": 16}
"""Programs of a kind that must wait for each worker hired beside the first: to start one costs as much as they do."""
_IMPORT = re.compile(r"\bfrom\s+([\w.]+)\s+import\b|\bimport\s+([\w.]+[\w., \t]*)|(__import__)")
_OPEN_LOOP = re.compile(r"\bwhile\b")


def kind_of(cells: Sequence[str]) -> str:
    """The kind of worker for programs that run in one process."""
    names = set()
    for source, listed, dynamic in _IMPORT.findall("\n".join(cells)):
        names.update(part.split()[0].split(".")[0] for part in (source or listed or dynamic).split(",") if part.strip())
    return next((kind for kind, modules in MODULES.items() if names.issubset(modules)), "full")


def may_hang(cells: Sequence[str]) -> bool:
    """Whether they hold a loop without a bound: what hangs should do so beside the others, not after all of them have ended."""
    return any(map(_OPEN_LOOP.search, cells))
