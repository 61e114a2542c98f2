"""Pages as a browser without a network draws them."""

import re
import shutil
from pathlib import Path

import pytest

from support.running import run_program


def chromium() -> str:
    """Command of the browser; the test is skipped where there is none."""
    found = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no chromium on this machine: pages were made, not opened")
    return found


def opened(browser: str, page: Path | str, folder: Path) -> tuple[str, list[str], list[str]]:
    """A page as a browser without network draws it: its document, what its programs complained of, and what it asked the network for."""
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-gpu")
    done = run_program(
        *(browser, "--headless=new", "--no-sandbox", *quiet, "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"),
        *(f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}", "--net-log-capture-mode=Everything"),
        *("--virtual-time-budget=8000", "--dump-dom", page if isinstance(page, str) else page.as_uri()),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    asked = re.findall(r'"url":"(https?://[^"]+)"', (folder / "net.json").read_text())
    own = ("google.com", "googleapis.com", "gvt1.com")  # the browser's own housekeeping
    return done.stdout, console, sorted({url for url in asked if not url.split("/")[2].endswith(own)})
