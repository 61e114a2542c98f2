"""Tiers and skips of all tests; policies and settings small enough for every test."""

import os
import subprocess
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from support import tiers, warm
from support.running import ROOT

from mathcode import configuration, settings, tables
from mathcode.methods.autocode.form import FORM

SCRATCH = settings.Scratch(
    vocabulary=200, hidden=64, intermediate=96, layers=2, heads=2, positions=512, rope_theta=1000.0, initializer_range=0.2
)

GUARD = tiers.Guard()

# Examples follow from the test alone, and no test fails because the machine is busy.
hypothesis_settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("steady")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tiers.assign(items)
    tiers.slowest_first(items)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol():
    """What a test leaves of variables that libraries read when they are imported ends with it: programs would start cold ever after."""
    before = _read_at_import()
    try:
        return (yield)
    finally:
        for name in _read_at_import():
            del os.environ[name]
        os.environ.update(before)


def _read_at_import() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(warm.READ_AT_IMPORT)}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item):
    with GUARD.over(item):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item):
    with GUARD.over(item):
        return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The last lines of a run: how many tests were skipped, by reason. `.ci/run` collects them."""
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.stats.get("skipped", []))
    terminalreporter.section("skips")
    for reason, count in reasons.most_common():
        terminalreporter.line(f"skipped: {count} x {reason}")
    if not reasons:
        terminalreporter.line("skipped: none")


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def shipped(root) -> configuration.Config:
    """Everything that `config/` says."""
    return configuration.load(root / "config")


@pytest.fixture(scope="session")
def tiny_run() -> settings.Run:
    """The demo, cut to what a test waits for."""
    run = configuration.load(ROOT / "config").runs["demo"]
    optimizer = {"learning_rate": [3e-3], "optimizer": "adamw", "epochs": 2, "batch": 4, "micro_batch_tokens": 256, "max_tokens": 128}
    changes = {
        "start": {"optimizer": {**optimizer, "checkpoint_minutes": 0, "threads": 1, "kernels": "native"}},
        "train": {"optimizer": {**optimizer, "checkpoint_minutes": 0, "threads": 1, "kernels": "native"}},
        "explore": {"sampling": {"max_new_tokens": 40}},
        "engine": {"chunk_rows": 8, "max_model_len": 160, "kernels": "native"},
    }  # native kernels: in this process torch has computed before a program could choose others
    return type(run).model_validate(settings.merge(run.model_dump(), changes))


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
                rows.append([f"{a}-{b}", "sums", question, str(a + b), methodology, solution, None, None, "en"])
    return pl.DataFrame(rows, schema=tables.SFT.schema, orient="row")


@pytest.fixture(scope="session")
def queries(pairs) -> pl.DataFrame:
    """Table `queries`: the questions of `pairs`."""
    distinct = pairs.unique("query_id", maintain_order=True)
    return distinct.select("query_id", "dataset", "question", "gold", level=pl.lit(None, pl.String), type=pl.lit(None, pl.String))


@pytest.fixture(scope="session")
def tiny_policy(tmp_path_factory, pairs, tiny_family) -> Path:
    """Folder of a Llama with random weights and a tokenizer of its own. Heads have 32 dimensions: vLLM wants that on a CPU."""
    from mathcode.methods.autocode import demonstrations
    from mathcode.policies import folders, scratch

    folder = tmp_path_factory.mktemp("policies") / "random"
    model, tokenizer = scratch.build(tiny_family.scratch, demonstrations.texts(pairs, "plain"), FORM.phrases, seed=3)
    folders.save_policy(model, tokenizer, folder)
    return folder


@pytest.fixture(scope="session")
def trained_policy(tmp_path_factory, tiny_policy, pairs, tiny_run) -> Path:
    """The same Llama after a few seconds of SFT on `pairs`: it writes programs, stops at their fence, and ends its text."""
    import torch

    from mathcode.methods.autocode import demonstrations
    from mathcode.policies import folders
    from mathcode.training import examples, loop, losses

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("policies") / "trained"
    tokenizer = folders.load_tokenizer(tiny_policy)
    start = tiny_run.start.model_copy(update={"native_share": 0.0})
    shown = demonstrations.demonstrations(pairs, tokenizer, "plain", start, 1)
    loss = losses.Likelihood()
    chosen = start.optimizer.model_copy(update={"epochs": 16, "batch": 10, "micro_batch_tokens": 2048, "checkpoint_minutes": 1000})
    checkpoints = tmp_path_factory.mktemp("checkpoints")
    model = folders.load_policy(tiny_policy, "float32")
    how = {"chosen": chosen, "iteration": 1, "checkpoints": checkpoints, "seed": 1}
    model = loop.train(model, tokenizer.pad_token_id, examples.from_table(shown, None, tokenizer, loss), loss, **how).model
    folders.save_policy(model, tokenizer, folder)
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
