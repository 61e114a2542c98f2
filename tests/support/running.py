"""How tests start programs, and what they look at afterwards."""

import atexit
import contextlib
import functools
import importlib
import io
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest import mock

from mathcode.core import cli
from support import warm

ROOT = Path(__file__).parents[2]
"""Folder of the repository."""


def program(name: str, *arguments: object, python: str = "python") -> list[str]:
    """Command line of a program of `workflow_scripts/`, for `environment()`: `python` there is warm."""
    return [python, str(ROOT / "workflow_scripts" / f"{name}.py"), *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """The environment of a started program: a warm `python`, this Python's programs, no network for the hub's clients, one thread."""
    return os.environ | _cold() | {"PATH": f"{warm_folder()}{os.pathsep}{_cold()['PATH']}"} | more


def _cold() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "workflow_scripts")}


@functools.cache
def warm_folder() -> str:
    """Folder whose `python` starts programs as forks of a warm process (`support/warm.py`)."""
    home = tempfile.mkdtemp(prefix="warm-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    return warm.folder(home, os.environ | _cold())


def run_program(*command: str, cwd: Path = ROOT, timeout: float = 300, **more: str) -> subprocess.CompletedProcess:
    """Run a command to its end; what it printed is in stdout and stderr."""
    return subprocess.run(command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=timeout, check=False)


def run_here(*command: str) -> subprocess.CompletedProcess:
    """Run a program of `program(...)` in this process, which has paid for torch already; what it says is in stderr.

    For one that ends by itself: nobody can kill it, and what it leaves behind in memory stays.
    """
    _, path, *words = command
    said, root, handler = io.StringIO(), logging.getLogger(), signal.getsignal(signal.SIGTERM)
    spoken, level = logging.StreamHandler(said), root.level
    root.addHandler(spoken)
    root.setLevel(logging.INFO)
    try:
        with contextlib.redirect_stderr(said), mock.patch.object(sys, "argv", [path, *words]), mock.patch.dict(os.environ):
            cli.run(importlib.import_module(Path(path).stem).main)
    except SystemExit as ended:
        return subprocess.CompletedProcess(command, ended.code, "", said.getvalue())
    finally:
        root.removeHandler(spoken)
        root.setLevel(level)
        signal.signal(signal.SIGTERM, handler)


def files(folder: Path) -> dict[str, bytes]:
    """Name and bytes of every file under a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
