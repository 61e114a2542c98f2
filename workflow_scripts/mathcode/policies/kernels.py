"""What torch computes with: which CPU instructions, and which device.

Another set of instructions, or another number of threads, rounds otherwise, and trains another policy.
"""

import os

from mathcode.core import gpu_lease

AVX2 = {"ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}
"""Environment in which torch's own kernels, MKL and oneDNN take what every x86-64-v3 processor has, however much more this one has.
MKL promises the same results on Intel's processors only."""


def use(kernels: str, threads: int) -> None:
    """Fix instructions and threads for the rest of the process; before its first operation, at which the libraries choose for good.

    Args:
        kernels: `avx2`, or `native` for the fastest that the processor has.
    """
    import torch

    if kernels == "avx2":
        os.environ.update(AVX2)
    torch.set_num_threads(threads)


def spare_memory() -> None:
    """Let blocks of GPU memory grow, before CUDA is asked for anything: what grows token by token would leave its old blocks behind."""
    os.environ.setdefault("PYTORCH_ALLOC_CONF", "expandable_segments:True")


def device() -> str:
    """Where a job of one GPU computes: `cuda`, on a GPU of its own, or `cpu` where there is none."""
    import torch

    gpu_lease.take(1)
    spare_memory()
    return "cuda" if torch.cuda.is_available() else "cpu"
