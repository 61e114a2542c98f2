"""Policies and settings small enough for every test, and how programs are started."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from autocode import settings, tables

ROOT = Path(__file__).parents[1]
SCRATCH = settings.Scratch(
    vocabulary=200, hidden=64, intermediate=96, layers=2, heads=2, positions=256, rope_theta=1000.0, initializer_range=0.2
)


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def tiny_run() -> settings.Run:
    """The demo, cut to what a test waits for."""
    run = settings.load(ROOT / "config").runs["demo"]
    optimizer = {"learning_rate": [3e-3], "optimizer": "adamw", "epochs": 2, "batch": 4, "micro_batch_tokens": 256, "max_tokens": 128}
    changes = {
        "start": {"optimizer": {**optimizer, "checkpoint_steps": 2, "threads": 1}},
        "train": {"optimizer": {**optimizer, "checkpoint_steps": 2, "threads": 1}},
        "explore": {"sampling": {"max_new_tokens": 40}},
        "engine": {"chunk_rows": 8, "max_model_len": 160},
    }
    return settings.Run.model_validate(settings.merge(run.model_dump(), changes))


@pytest.fixture(scope="session")
def tiny_family() -> settings.Family:
    return settings.Family(label="tiny", scratch=SCRATCH, precondition="sft", prompt="plain", train_dtype="float32")


@pytest.fixture(scope="session")
def pairs() -> pl.DataFrame:
    """Table `sft`: sums of two digits, each solved in words and by a program."""
    rows = []
    for a in range(2, 7):
        for b in range(2, 7):
            answer = f"The answer is \\boxed{{{a + b}}}."
            for methodology, solution in [
                ("cot", f"{a} + {b} = {a + b}.\n{answer}"),
                ("code", f"```python\nprint({a} + {b})\n```\n```output\n{a + b}\n```\n{answer}"),
            ]:
                question = f"What is {a} + {b}?"
                rows.append([f"{a}-{b}", "sums", question, str(a + b), methodology, solution, None, None])
    return pl.DataFrame(rows, schema=tables.schema("sft"), orient="row")


@pytest.fixture(scope="session")
def queries(pairs) -> pl.DataFrame:
    """Table `queries`: the questions of `pairs`."""
    distinct = pairs.unique("query_id", maintain_order=True)
    return distinct.select("query_id", "dataset", "question", "gold", level=pl.lit(None, pl.String), type=pl.lit(None, pl.String))


@pytest.fixture(scope="session")
def tiny_policy(tmp_path_factory, pairs, tiny_family) -> Path:
    """Folder of a Llama with random weights and a tokenizer of its own. Heads have 32 dimensions: vLLM wants that on a CPU."""
    from autocode import demonstrations, models

    folder = tmp_path_factory.mktemp("policies") / "random"
    model, tokenizer = models.base_policy(tiny_family, None, demonstrations.texts(pairs, "plain"), seed=3)
    models.save_policy(model, tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def trained_policy(tmp_path_factory, tiny_policy, pairs, tiny_run) -> Path:
    """The same Llama after a few seconds of SFT on `pairs`: it writes programs, stops at their fence, and ends its text."""
    import torch

    from autocode import demonstrations, models, training

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("policies") / "trained"
    tokenizer = models.load_tokenizer(tiny_policy)
    start = tiny_run.start.model_copy(update={"native_share": 0.0})
    examples = demonstrations.demonstrations(pairs, tokenizer, "plain", start, 1)
    chosen = start.optimizer.model_copy(update={"epochs": 12, "batch": 10, "micro_batch_tokens": 2048, "checkpoint_steps": 1000})
    checkpoints = tmp_path_factory.mktemp("checkpoints")
    model = models.load_policy(tiny_policy, "float32")
    how = {"per": "token", "chosen": chosen, "iteration": 1, "checkpoints": checkpoints, "seed": 1}
    model = training.train(model, tokenizer.pad_token_id, examples, training.sft_loss, **how).model
    models.save_policy(model, tokenizer, folder)
    return folder


@pytest.fixture
def disk(tmp_path):
    """A disk of 16 MiB, empty; `fill` leaves so many KiB of it, `make_space` gives the rest back."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("mounting a small disk needs root")
    yield Disk(folder)
    subprocess.run(["umount", str(folder)], check=True)


class Disk:
    def __init__(self, folder: Path):
        self.folder = folder

    def fill(self, left_kib: int) -> None:
        space = os.statvfs(self.folder)
        (self.folder / "filler").write_bytes(bytes(space.f_bavail * space.f_bsize - left_kib * 1024))

    def make_space(self) -> None:
        (self.folder / "filler").unlink()


def program(name: str, *arguments: object, python: str = sys.executable) -> list[str]:
    """Command line of a program of `workflow_scripts/`."""
    return [python, str(ROOT / "workflow_scripts" / f"{name}.py"), *map(str, arguments)]


def environment(**more: str) -> dict[str, str]:
    """The environment of a started program: no network for the hub's clients, one thread."""
    return os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "workflow_scripts")} | more


def run_program(*command: str, cwd: Path = ROOT, timeout: float = 300, **more: str) -> subprocess.CompletedProcess:
    """Run a command to its end; what it printed is in stdout and stderr."""
    return subprocess.run(command, cwd=cwd, env=environment(**more), capture_output=True, text=True, timeout=timeout, check=False)


def files(folder: Path) -> dict[str, bytes]:
    """Name and bytes of every file under a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


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
