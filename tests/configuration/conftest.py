"""Settings of one's own, to be changed."""

import shutil

import pytest


@pytest.fixture
def folder(root, tmp_path):
    """A copy of `config/` with the runs `paper`, `demo`, `autocode_critic` and `siam_demo` only."""
    copy = tmp_path / "config"
    shutil.copytree(root / "config", copy)
    for path in (copy / "runs").glob("*.yaml"):
        if path.stem not in ("paper", "demo", "autocode_critic", "siam_demo"):
            path.unlink()
    return copy
