"""Watching GPUs: the summary, and that nothing happens where there are none. The command line is a stand-in: no GPU here."""

import logging
import os
import time

import pytest

from mathcode.core import gpu_watch


def test_each_gpu_gets_the_mean_of_its_looks_and_its_largest_memory():
    lines = ["0, 50, 1024\n", "1, 0, 512\n", "0, 100, 2048\n", "1, [N/A], [N/A]\n", "broken\n", "\n"]
    assert gpu_watch.summary(lines) == [
        "GPU 0: 75 % busy on average, 2.0 GiB at most (2 looks)",
        "GPU 1: 0 % busy on average, 0.5 GiB at most (1 looks)",
    ]


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """A program of that name which writes down what it was asked, a line a call, and answers for one GPU."""
    path = tmp_path / "nvidia-smi"
    path.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\necho "0, 40, 1024"\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "asked"


@pytest.mark.stage
def test_a_watch_ends_with_its_stage_even_if_that_fails(nvidia_smi, monkeypatch, caplog):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    caplog.set_level(logging.INFO)

    @gpu_watch.watched(seconds=0.01)
    def stage():
        while not nvidia_smi.exists() or len(nvidia_smi.read_text().splitlines()) < 3:
            time.sleep(0.01)
        raise ValueError("stage")

    with pytest.raises(ValueError, match="stage"):
        stage()
    asked = nvidia_smi.read_text().splitlines()
    assert all("--id=3" in line for line in asked)
    assert caplog.messages == [f"GPU 0: 40 % busy on average, 1.0 GiB at most ({len(asked)} looks)"]


def test_only_the_first_process_of_a_launch_watches(nvidia_smi, monkeypatch, caplog):
    monkeypatch.setenv("LOCAL_RANK", "1")
    with gpu_watch.watched():
        pass
    assert not nvidia_smi.exists()


def test_without_a_gpu_nothing_is_said(monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("PATH", str(tmp_path))
    caplog.set_level(logging.INFO)
    with gpu_watch.watched():
        pass
    assert not caplog.messages
