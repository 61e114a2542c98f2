"""The card that is measured: its name, its limit, and memory and time on it. A CPU is a card too."""

import platform
import re
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from mathcode.core.errors import InputError

DENSE_BF16 = {
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989e12,
    "H200 NVL": 835e12,
    "H200": 989e12,
    "A100": 312e12,
}
"""Dense bf16 FLOP/s by a part of a card's name, special ones first. NVIDIA's data sheets; theirs with sparsity are twice as much."""


def gpu() -> str | None:
    """Name of the first visible GPU, as nvidia-smi and torch spell it; None: there is none. Starts no CUDA."""
    if not shutil.which("nvidia-smi"):
        if any(Path("/proc/driver/nvidia/gpus").glob("*")):
            raise InputError("there is a GPU here and no nvidia-smi, which names it: start the container with its utilities too")
        return None
    asked = subprocess.run(["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, check=False)
    return asked.stdout.splitlines()[0].strip() if asked.returncode == 0 and asked.stdout.strip() else None


def cpu() -> str:
    """Name of the processor."""
    with suppress(OSError):
        if found := re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.MULTILINE):
            return found[1]
    return platform.machine()


def limit(card: str) -> float | None:
    """Dense bf16 FLOP/s that the card's data sheet promises; None for one that is not in the table."""
    return next((flops for name, flops in DENSE_BF16.items() if set(name.split()) <= set(re.split(r"[\s-]+", card))), None)


def device() -> str:
    """Torch's name of what is measured on, which is ready then.

    Raises:
        RuntimeError: there is a GPU, and torch does not see it.
    """
    import torch

    if gpu() and not torch.cuda.is_available():
        raise RuntimeError(f"nvidia-smi shows {gpu()}, torch {torch.__version__} sees no GPU: is it a build for CUDA?")
    if not torch.cuda.is_available():
        return "cpu"
    torch.cuda.init()  # counting memory wants it
    return "cuda"


def now() -> float:
    """Seconds of a clock, once the device has done all that it was asked."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def forget() -> None:
    """Give back what nobody uses any more, and count the most memory anew."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def peak_memory_gb() -> float:
    """The most memory since `forget`, GB: on a GPU what torch held, without CUDA's own half GB; else what this process held."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_reserved() / 1e9
    held = re.search(r"^VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"), re.MULTILINE)
    return int(held[1]) * 1024 / 1e9


def measured_limit(job) -> dict:
    """What a large bf16 product of random matrices reaches, and how fast memory is copied within the device."""
    import torch

    size, repeats = (1024, 10) if job.tiny else (8192, 20)
    made = {"dtype": torch.bfloat16, "device": job.device}
    left, right = torch.randn(size, size, **made), torch.randn(size, size, **made)
    out = torch.empty(size, size, **made)
    flops = 2 * size**3 * repeats / _seconds(lambda: torch.mm(left, right, out=out), repeats)
    source = torch.empty(2**22 if job.tiny else 2**31, dtype=torch.uint8, device=job.device)
    target = torch.empty_like(source)
    moved = 2 * len(source) * repeats / _seconds(lambda: target.copy_(source), repeats)
    return {"flops_per_second": flops, "memory_gb_per_second": moved / 1e9, "matrix": size}


def _seconds(work, repeats: int) -> float:
    for _ in range(3):
        work()
    start = now()
    for _ in range(repeats):
        work()
    return now() - start
