"""The same weights on processors of several kinds: this one, and this one where libraries may use no more than an older one has."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.running import environment

pytestmark = pytest.mark.stage

TRAINED = """
import hashlib, sys, torch
from mathcode import settings
from mathcode.policies import kernels, scratch
kernels.use(sys.argv[1], threads=1)
small = {"vocabulary": 90, "hidden": 96, "intermediate": 256, "layers": 2, "heads": 4, "positions": 64}
size = settings.Scratch(**small, rope_theta=1000.0, initializer_range=0.05)
model = scratch.build_policy(size, 90, end=1, pad=0, seed=5)
steps = torch.optim.AdamW(model.parameters(), lr=5e-3)
drawn = torch.Generator().manual_seed(1)
for length in (31, 40, 57):
    ids = torch.randint(0, 90, (16, length), generator=drawn)
    model(input_ids=ids, labels=ids).loss.backward()
    steps.step()
    steps.zero_grad()
weights = b"".join(one.detach().numpy().tobytes() for one in model.parameters())
print(torch.backends.cpu.get_cpu_capability(), hashlib.sha256(weights).hexdigest())
"""


def trained(chosen: str, **limits: str) -> tuple[str, str]:
    """The instructions that torch used, and a digest of the weights after three steps."""
    done = subprocess.run([sys.executable, "-c", TRAINED, chosen], env=environment(**limits), capture_output=True, text=True, check=True)
    return tuple(done.stdout.split()[-2:])


@pytest.mark.skipif(
    not Path("/proc/cpuinfo").is_file() or "avx512f" not in Path("/proc/cpuinfo").read_text(), reason="this processor has no AVX-512"
)
def test_kernels_of_a_lesser_processor_give_its_weights():
    """MKL_ENABLE_INSTRUCTIONS is how MKL itself plays a processor without AVX-512."""
    used, weights = trained("avx2")
    assert used == "AVX2"
    assert trained("native", ATEN_CPU_CAPABILITY="avx2", MKL_ENABLE_INSTRUCTIONS="AVX2", ONEDNN_MAX_CPU_ISA="AVX2") == ("AVX2", weights)
    assert trained("native")[1] != weights
