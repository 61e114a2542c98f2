"""Pages as a browser without a network draws them."""

import html
import json
import os
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


LOOKS = """
<script>
document.querySelectorAll("details").forEach((one) => { one.open = true; });
const cut = [...document.querySelectorAll(".wide")].filter((one) => one.scrollWidth > one.clientWidth + 1);
const before = (one) => {
  while (one && one.tagName !== "H2") one = one.previousElementSibling ?? one.parentElement;
  return one?.textContent;
};
document.body.dataset.cut = JSON.stringify(cut.map(before));
document.body.dataset.scrolls = document.documentElement.scrollWidth > window.innerWidth;
</script>
"""


def cut_off(browser: str, page: str, width: int, folder: Path) -> tuple[list[str], bool]:
    """Headings of the tables that a window so wide (pixels) cuts, all folds opened; and whether the page itself scrolls sideways."""
    (folder / "looked_at.html").write_text(page.replace("</body>", LOOKS + "</body>"))
    document, _, _ = opened(browser, folder / "looked_at.html", folder, f"--window-size={width},900")
    cut, scrolls = (re.search(rf'data-{name}="([^"]*)"', document)[1] for name in ("cut", "scrolls"))
    return json.loads(html.unescape(cut)), scrolls == "true"


PICTURES = """
<script>
addEventListener("load", () => {
  const unseen = [...document.images].filter((one) => !one.naturalWidth);
  document.body.dataset.unseen = JSON.stringify(unseen.map((one) => `no picture: ${one.alt}`));
});
</script>
"""

VIEWS = {"wide": (1280, ""), "phone": (390, ""), "dark": (1280, "--blink-settings=preferredColorScheme=0")}
"""How a page is looked at: width in pixels, and a switch of the browser."""


def looked_at(browser: str, page: str, folder: Path, name: str) -> dict[str, list[str]]:
    """What is wrong with a page that needs no network, by view.

    Complaints of its programs, requests, scrolling sideways, pictures without a text, pictures that cannot be seen.

    Screenshots are kept as NAME-VIEW.png in the folder that the environment variable MATHCODE_SCREENSHOTS names, if it names one.
    """
    kept = Path(os.environ.get("MATHCODE_SCREENSHOTS", folder)).resolve()
    kept.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.html").write_text(page.replace("</body>", PICTURES + "</body>"), encoding="utf-8")
    wrong = {}
    for view, (width, switch) in VIEWS.items():
        _, scrolls = cut_off(browser, page, width, folder)
        switches = [f"--window-size={width},2400", f"--screenshot={kept / f'{name}-{view}.png'}", *filter(None, [switch])]
        document, console, asked = opened(browser, folder / f"{name}.html", folder, *switches)
        silent = [picture for picture in re.findall(r"<img[^>]*>", document) if not re.search(r'alt="[^"]+"', picture)]
        unseen = json.loads(html.unescape(re.search(r'data-unseen="([^"]*)"', document)[1]))
        wrong[view] = console + asked + silent + unseen + ["the page scrolls sideways"] * scrolls
        assert (kept / f"{name}-{view}.png").stat().st_size > 10_000, "no screenshot was made"
    return wrong


def opened(browser: str, page: Path | str, folder: Path, *more: str) -> tuple[str, list[str], list[str]]:
    """A page as a browser without network draws it: its document, what its programs complained of, and what it asked the network for."""
    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-gpu")
    done = run_program(
        *(browser, "--headless=new", "--no-sandbox", *quiet, "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr"),
        *(f"--user-data-dir={folder / 'profile'}", f"--log-net-log={folder / 'net.json'}", "--net-log-capture-mode=Everything"),
        *("--virtual-time-budget=8000", *more, "--dump-dom", page if isinstance(page, str) else page.as_uri()),
    )
    assert done.returncode == 0, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    asked = re.findall(r'"url":"(https?://[^"]+)"', (folder / "net.json").read_text())
    own = ("google.com", "googleapis.com", "gvt1.com")  # the browser's own housekeeping
    return done.stdout, console, sorted({url for url in asked if not url.split("/")[2].endswith(own)})
