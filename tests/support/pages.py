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
addEventListener("load", () => setTimeout(() => {
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  const cut = [...document.querySelectorAll(".wide")].filter((one) => one.scrollWidth > one.clientWidth + 1);
  const before = (one) => {
    while (one && one.tagName !== "H2") one = one.previousElementSibling ?? one.parentElement;
    return one?.textContent;
  };
  const page = document.documentElement;
  parent.postMessage({ cut: JSON.stringify(cut.map(before)), scrolls: page.scrollWidth > page.clientWidth }, "*");
}, 2000));
</script>
"""
"""Two seconds later: a page may draw itself."""

WINDOW = """
<body><script>addEventListener("message", (event) => Object.assign(document.body.dataset, event.data));</script>
<iframe src="framed.html" style="width: {width}px; height: 900px"></iframe></body>
"""
"""A window in the window: the browser's own is never narrower than 500 pixels."""


def cut_off(browser: str, page: str, width: int, folder: Path) -> tuple[list[str], bool]:
    """Headings of the tables that a window so wide (pixels) cuts, all folds opened; and whether the page itself scrolls sideways."""
    (folder / "framed.html").write_text(page.replace("</body>", LOOKS + "</body>"))
    (folder / "looked_at.html").write_text(WINDOW.format(width=width))
    document, _, _ = opened(browser, folder / "looked_at.html", folder, "--window-size=1400,1000")
    cut, scrolls = (re.search(rf'data-{name}="([^"]*)"', document)[1] for name in ("cut", "scrolls"))
    return json.loads(html.unescape(cut)), scrolls == "true"


UNSEEN = """
<script>
const shade = (colour) => {
  const linear = (part) => (part > 0.04 ? ((part + 0.055) / 1.055) ** 2.4 : part / 12.92);
  const [red, green, blue] = colour.match(/[\\d.]+/g).map((part) => linear(part / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const behind = (one) => {
  while (one && /^rgba.*, 0\\)$/.test(getComputedStyle(one).backgroundColor)) one = one.parentElement;
  return one ? getComputedStyle(one).backgroundColor : "rgb(255, 255, 255)";
};
const faint = (one) => {
  const [dark, light] = [getComputedStyle(one).color, behind(one)].map(shade).sort((a, b) => a - b);
  return one.checkVisibility() && (light + 0.05) / (dark + 0.05) < 4.5;
};
const written = (one) => !/SCRIPT|STYLE/.test(one.tagName) && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
addEventListener("load", () => setTimeout(() => {
  const pictures = [...document.images].filter((one) => !one.naturalWidth).map((one) => `no picture: ${one.alt}`);
  const texts = [...document.body.querySelectorAll("*")].filter((one) => written(one) && faint(one));
  document.body.dataset.unseen = JSON.stringify([...pictures, ...texts.map((one) => `hard to read: ${one.textContent.slice(0, 60)}`)]);
}, 2000));
</script>
"""

VIEWS = {"wide": (1280, ""), "phone": (390, ""), "dark": (1280, "--blink-settings=preferredColorScheme=0")}
"""How a page is looked at: width in pixels, and a switch of the browser."""


def looked_at(browser: str, page: str, folder: Path, name: str) -> dict[str, list[str]]:
    """What is wrong with a page that needs no network, by view.

    Complaints of its programs, requests, scrolling sideways, pictures without a text, pictures that cannot be seen, and texts that stand
    out less from what is behind them than WCAG wants (4.5 to 1).

    Screenshots are kept as NAME-VIEW.png in the folder that the environment variable MATHCODE_SCREENSHOTS names, if it names one.
    """
    kept = Path(os.environ.get("MATHCODE_SCREENSHOTS", folder)).resolve()
    kept.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.html").write_text(page.replace("</body>", UNSEEN + "</body>"), encoding="utf-8")
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
