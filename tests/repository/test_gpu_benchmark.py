"""`benchmarks/gpu`: what it counts, what it keeps when it is killed, and how it says what is missing. Here it is rehearsed on the CPU."""

import importlib
import json
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from support.running import ROOT, environment, run_program

FOLDER = ROOT / "benchmarks/gpu"
PARAMETERS = {"0.5b": 494_032_768 - 24 * 1152, "1.5b": 1_543_714_304 - 28 * 2048, "7b": 6_910_365_696}
"""Of the models whose shapes these are; Qwen2.5 without its biases."""


@pytest.fixture
def gpu(monkeypatch):
    """A module of the benchmark by its name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    names = [path.stem for path in FOLDER.glob("*.py")]
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("card", "teraflops"),
    [
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA H200", 989),
        ("NVIDIA H200 NVL", 835),
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA GeForce RTX 4090", None),
    ],
)
def test_the_limit_of_a_card_is_that_of_its_data_sheet(gpu, card, teraflops):
    assert gpu("cards").limit(card) == (teraflops and teraflops * 1e12)


@pytest.mark.parametrize("shape", PARAMETERS)
def test_a_shape_has_as_many_parameters_as_its_model(gpu, shape):
    assert gpu("shapes").SHAPES[shape].build("bfloat16", "meta").num_parameters() == PARAMETERS[shape]


@pytest.mark.parametrize("shape", PARAMETERS)
def test_flops_are_those_that_torch_counts(gpu, shape):
    """Torch takes every position through the head and all of attention, not the half up to a token: the other half is added here."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    form, tokens = gpu("shapes").TINY[shape], 40
    model = form.build("float32", "cpu")
    model.set_attn_implementation("eager")
    with FlopCounterMode(display=False) as counter:
        model(input_ids=torch.arange(tokens)[None]).logits.sum().backward()
    assert counter.get_total_flops() == form.flops([(tokens, tokens)]) + 6 * form.layers * form.hidden * tokens**2


def test_a_micro_batch_is_halved_until_it_fits(gpu):
    import torch

    steps, asked = gpu("steps"), []

    def work(tokens: int) -> dict:
        asked.append(tokens)
        if tokens > 4096:
            raise torch.OutOfMemoryError("no memory")
        return {"tokens": tokens}

    assert steps.fitting(work, 16384) == {"tokens": 4096}
    assert asked == [16384, 8192, 4096]
    with pytest.raises(torch.OutOfMemoryError):
        steps.fitting(lambda tokens: work(10**6), 2048)


def test_verdicts_of_two_machines_are_compared(gpu, tmp_path):
    opening = "claim,family,benchmark,value,verdict\n"
    (tmp_path / "cpu.csv").write_text(f"{opening}accuracy,tiny,test,9.5,not resolved\nchoice,tiny,test,33,supported\n")
    (tmp_path / "gpu.csv").write_text(f"{opening}accuracy,tiny,test,9.1,supported\nchoice,tiny,test,34,supported\n")
    found = gpu("programs").verdicts(tmp_path / "gpu.csv", str(tmp_path / "cpu.csv"))
    assert found == {"claims": 2, "same_verdicts": 1, "moved": ["accuracy tiny test: not resolved there, supported here"]}


class Counted:
    """An engine of two slots whose rows end one after the other, and a clock that goes on a second with each step."""

    slots, seconds = 2, 0.0

    def __init__(self):
        self.rows = []

    def submit(self, request) -> int:
        self.rows.append(request)
        return request

    def step(self) -> dict:
        Counted.seconds += 1
        return {self.rows.pop(0): SimpleNamespace(token_ids=[0] * 10)} if Counted.seconds % 2 == 0 else {}


@pytest.mark.parametrize(("allowed", "ended"), [(100, 6), (4.5, 2), (0.5, 0)])
def test_sampling_that_runs_out_of_time_counts_what_has_ended(gpu, monkeypatch, allowed, ended):
    sampling, steps, engine = gpu("sampling"), gpu("steps"), Counted()
    monkeypatch.setattr(Counted, "seconds", 0.0)
    monkeypatch.setattr(gpu("cards"), "now", lambda: Counted.seconds)
    watched, waiting = sampling.Watched(engine, allowed), list(range(6))
    with suppress(steps.Enough):
        while waiting or engine.rows:
            while waiting and len(engine.rows) < engine.slots:
                watched.submit(waiting.pop(0))
            watched.progress(len(watched.step()))
    told = watched.numbers()
    assert told["rows"] == ended
    assert (told.get("rows_per_second"), told.get("tokens_per_second")) == ((0.5, 5.0) if ended else (None, None))
    assert told["slots_percent"] == pytest.approx(100 if allowed < 100 else 100 * 11 / 12)  # at last one row, for a step


def test_rows_are_more_than_slots(gpu):
    sampling = gpu("sampling")
    assert sampling.ROWS >= 4 * sampling.SLOTS


def test_code_settings_packages_and_the_model_are_in_the_version(gpu, monkeypatch, tmp_path):
    measure = gpu("measure")
    for name in ("workflow_scripts", "config"):
        (tmp_path / name).mkdir()
    (tmp_path / "workflow_scripts/a.py").touch()
    (tmp_path / "config/b.yaml").touch()
    (tmp_path / "model").mkdir()
    (tmp_path / "model/config.json").write_text("{}")
    monkeypatch.setattr(measure, "ROOT", tmp_path)
    alone = SimpleNamespace(model=None, vllm_python=None)
    before = measure.code_version(alone)
    assert measure.code_version(alone) == before
    found = {before, measure.code_version(SimpleNamespace(model=str(tmp_path / "model"), vllm_python=None))}
    (tmp_path / "config/b.yaml").write_text("changed: true")
    found.add(measure.code_version(alone))
    monkeypatch.setattr(measure.provenance, "versions", lambda: {"torch": "2.14"})
    found.add(measure.code_version(alone))
    assert len(found) == 4
    with pytest.raises(measure.InputError, match="no model here"):
        measure.code_version(SimpleNamespace(model=str(tmp_path), vllm_python=None))


@pytest.mark.parametrize(("part", "spared"), [("limit", True), ("vllm-0.5b", False)])
def test_memory_may_grow_before_any_part_starts_cuda(gpu, monkeypatch, part, spared):
    measure, asked = gpu("measure"), []
    monkeypatch.setattr(measure.parent, "end_with_it", lambda *_: None)
    monkeypatch.setattr(measure.kernels, "spare_memory", lambda: asked.append("memory"))
    monkeypatch.setattr(measure.cards, "device", lambda: asked.append("device"))
    monkeypatch.setattr(measure, "Job", lambda **_: None)
    monkeypatch.setattr(measure, "PARTS", [SimpleNamespace(name=part, process=part, limit=1, run=lambda job: {})])
    told = json.dumps({"parts": [part], "job": {"work": "."}}).encode()
    sent = []
    measure.work(SimpleNamespace(recv_bytes=lambda: told, send_bytes=sent.append))
    assert json.loads(sent[1])["state"] == "measured"
    assert asked == (["memory", "device"] if spared else ["device"])


def lines(out: Path) -> dict[str, dict]:
    path = out / "measurements.jsonl"
    read = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    assert len({row["part"] for row in read}) == len(read)
    return {row["part"]: row for row in read}


@pytest.mark.stage
def test_killed_on_the_way_it_goes_on_with_what_is_missing(tmp_path):
    command = [sys.executable, str(FOLDER / "measure.py"), "--tiny", "--out", str(tmp_path), "--only", "limit", "sft-0.5b", "demo"]
    started = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL)
    while "limit" not in lines(tmp_path) and started.poll() is None:
        time.sleep(0.05)
    workers = psutil.Process(started.pid).children()
    started.kill()
    assert started.wait() == -signal.SIGKILL
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    before = lines(tmp_path)
    done = run_program(*command[:-1])
    assert done.returncode == 0, done.stderr
    after = lines(tmp_path)
    assert after["limit"] == before["limit"]
    assert after["sft-0.5b"]["state"] == "measured", (tmp_path / "work/parts.log").read_text()
    assert after["sft-0.5b"]["tokens_per_second"] > 0
    assert 0 < after["sft-0.5b"]["measured_limit_share"] < 1
    page = (tmp_path / "page.html").read_text()
    assert "sft-0.5b" in page
    assert "no speed" in page
    assert ": 0 parts to measure" in run_program(*command[:-1]).stdout


@pytest.mark.stage
def test_the_parts_that_sample_and_write_are_measured(tmp_path):
    parts = ("policy-0.5b", "transformers-0.5b", "checkpoint-0.5b", "rl-0.5b", "dpo-0.5b", "lora-0.5b")
    done = run_program(sys.executable, str(FOLDER / "measure.py"), "--tiny", "--out", str(tmp_path), "--only", *parts)
    assert done.returncode == 0, done.stderr
    found = lines(tmp_path)
    assert {part: found[part]["state"] for part in parts} == dict.fromkeys(parts, "measured"), (tmp_path / "work/parts.log").read_text()
    assert found["transformers-0.5b"]["rows"] == 32
    assert found["transformers-0.5b"]["slots"] == 8
    assert 0 < found["transformers-0.5b"]["slots_percent"] <= 100
    assert found["transformers-0.5b"]["programs_ok"] > 0
    assert found["checkpoint-0.5b"]["waits_seconds"] <= found["checkpoint-0.5b"]["write_seconds"]


@pytest.mark.stage
def test_a_part_without_time_is_stopped_and_tried_again_by_the_next_start(tmp_path):
    command = (sys.executable, str(FOLDER / "measure.py"), "--tiny", "--out", str(tmp_path), "--only", "policy-0.5b")
    assert run_program(*command, "--minutes", "0.1").returncode == 0
    stopped = lines(tmp_path)["policy-0.5b"]
    assert stopped["state"] == "overran"
    assert stopped["seconds"] <= 6
    assert ": 1 parts to measure" in run_program(*command, "--minutes", "0").stdout


@pytest.mark.stage
def test_run_explains_itself():
    done = run_program("bash", str(FOLDER / "run.sh"), "--help")
    assert done.returncode == 0
    assert "--wheels FOLDER" in done.stdout
    assert "python benchmarks/gpu/measure.py" in done.stdout
    assert "set -euo" not in done.stdout


@pytest.mark.stage
def test_run_installs_wheels_beside_the_packages_of_its_python(tmp_path):
    for name in ("benchmarks/gpu", "workflow_scripts"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "wheels").mkdir()
    with zipfile.ZipFile(tmp_path / "wheels/carried-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("carried.py", "")
        wheel.writestr("carried-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: carried\nVersion: 1.0\n")
        wheel.writestr("carried-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("carried-1.0.dist-info/RECORD", "")
    run = ("bash", "benchmarks/gpu/run.sh", "--wheels", "wheels", "--list")
    done = run_program(*run, cwd=tmp_path, PYTHON=sys.executable)
    assert done.returncode == 0, done.stderr
    assert "sft-0.5b" in done.stdout
    assert run_program(str(tmp_path / ".venv-gpu/bin/python"), "-c", "import carried, polars, torch").returncode == 0
    shutil.rmtree(tmp_path / "wheels")
    refused = run_program(*run, cwd=tmp_path, PYTHON=sys.executable)
    assert (refused.returncode, refused.stderr) == (1, "run.sh: wheels holds no wheels (*.whl)\n")
