"""docs/library.md: its blocks of code, and how somebody who installed the package runs them."""

import re
import subprocess
import sys

from support.running import ROOT, environment

PAGE = (ROOT / "docs/library.md").read_text(encoding="utf-8")
BLOCKS = {kind: re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for kind in ("python", "yaml")}


def run(code: str, folder, *arguments: str) -> str:
    """Run a program in a folder as somebody who installed the package; its output."""
    known = environment(PYTHONPATH=str(ROOT / "workflow_scripts"), HF_HUB_OFFLINE="1")
    done = subprocess.run(
        [sys.executable, *arguments, *(["-c", code] if code else [])],
        cwd=folder,
        env=known,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout + done.stderr
