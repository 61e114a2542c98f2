"""Checkpoints: what they hold, when they are whole, and what goes on while they are written."""

import threading

import pytest
import torch
from accelerate import Accelerator
from torch.distributed import checkpoint

from mathcode.training.checkpoints import Checkpoints
from mathcode.training.examples import TrainingError


class Training:
    """A layer that is trained on a frozen one, and its checkpoints."""

    def __init__(self, folder, overlapped: bool, seed: int = 0):
        torch.manual_seed(seed)
        model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 1))
        model[0].requires_grad_(False)
        accelerator = Accelerator(cpu=True)
        optimizer = torch.optim.AdamW(model[1].parameters(), lr=0.1)
        self.model, self.optimizer = accelerator.prepare(model, optimizer)
        self.checkpoints = Checkpoints(folder, accelerator, self.model, [self.optimizer])
        self.checkpoints.overlapped = overlapped

    def step(self) -> None:
        self.model(torch.arange(8.0).reshape(2, 4)).sum().backward()
        self.optimizer.step()
        self.optimizer.zero_grad()

    def weights(self) -> list[float]:
        return self.model[1].weight.flatten().tolist()


@pytest.fixture
def slow_disk(monkeypatch):
    """Nothing is written before it is let go."""
    go_on, write = threading.Event(), checkpoint.FileSystemWriter.write_data

    def write_later(*given):
        assert go_on.wait(60)
        return write(*given)

    monkeypatch.setattr(checkpoint.FileSystemWriter, "write_data", write_later)
    yield go_on
    go_on.set()


@pytest.mark.parametrize("overlapped", [False, True])
def test_training_goes_on_from_the_last_whole_checkpoint(tmp_path, overlapped):
    one = Training(tmp_path, overlapped)
    assert one.checkpoints.resume() == (0, [])
    for step in (1, 2, 10):
        one.step()
        one.checkpoints.save(step, [{"step": step}])
    one.checkpoints.settle()
    assert [path.name for path in tmp_path.iterdir()] == ["step10"]
    (tmp_path / "step11").mkdir()  # a kill left it
    (tmp_path / "step11/__0_0.distcp").touch()
    (tmp_path / "step12.mine").mkdir()
    (tmp_path / "step12.mine/.metadata").touch()  # somebody's own

    other = Training(tmp_path, overlapped)  # the same base: its frozen layer is not kept
    assert other.weights() != one.weights()
    assert other.checkpoints.resume() == (10, [{"step": 10}])
    assert other.weights() == one.weights()
    for training in (one, other):
        training.step()
    assert other.weights() == one.weights()
    other.checkpoints.save(11, [])
    other.checkpoints.settle()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step11", "step12.mine"]


def test_what_is_not_trained_is_not_kept(tmp_path):
    Training(tmp_path, False).checkpoints.save(1, [])
    kept = set(checkpoint.FileSystemReader(tmp_path / "step1").read_metadata().state_dict_metadata)
    assert {name for name in kept if name.startswith("weights.")} == {"weights.1.weight", "weights.1.bias"}


def test_a_frozen_weight_that_has_two_names_is_not_kept_by_either(tmp_path):
    one = Training(tmp_path, False)
    one.model.again = torch.nn.Linear(4, 4)
    one.model.again.weight = one.model[0].weight
    one.model.again.requires_grad_(False)
    one.checkpoints.save(1, [])
    kept = set(checkpoint.FileSystemReader(tmp_path / "step1").read_metadata().state_dict_metadata)
    assert {name for name in kept if name.startswith("weights.")} == {"weights.1.weight", "weights.1.bias"}


@pytest.mark.parametrize("overlapped", [False, True])
def test_a_trained_weight_that_has_two_names_is_kept_once_and_stays_one(tmp_path, overlapped):
    def training(seed: int) -> Training:
        made = Training(tmp_path, overlapped, seed)
        made.model.again = torch.nn.Linear(4, 1)
        made.model.again.weight = made.model[1].weight
        made.model.again.bias.requires_grad_(False)
        return made

    one, other = training(0), training(1)
    assert other.weights() != one.weights()
    one.checkpoints.save(1, [])
    one.checkpoints.settle()
    kept = set(checkpoint.FileSystemReader(tmp_path / "step1").read_metadata().state_dict_metadata)
    assert {name for name in kept if name.startswith("weights.")} == {"weights.1.weight", "weights.1.bias"}
    assert other.checkpoints.resume() == (1, [])
    assert other.weights() == one.weights()
    assert other.model.again.weight is other.model[1].weight


def test_a_folder_that_cannot_be_made_is_told_as_what_it_is(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    one = Training(tmp_path / "not" / "there", False)
    monkeypatch.setattr(checkpoint.FileSystemWriter, "prepare_local_plan", full)
    with pytest.raises(TrainingError, match="No space left on device"):
        one.checkpoints.save(1, [])


def test_steps_taken_meanwhile_do_not_change_what_is_written(tmp_path, slow_disk):
    one = Training(tmp_path, True)
    one.step()
    then = one.weights()
    one.checkpoints.save(1, [])
    one.step()
    assert not one.checkpoints.written()
    assert not (tmp_path / "step1/.metadata").exists()
    slow_disk.set()
    one.checkpoints.settle()

    other = Training(tmp_path, True, seed=1)
    assert other.checkpoints.resume()[0] == 1
    assert other.weights() == then != one.weights()


@pytest.mark.parametrize("overlapped", [False, True])
def test_one_that_cannot_be_written_is_one_sentence_and_the_one_before_stays(tmp_path, monkeypatch, overlapped):
    one = Training(tmp_path, overlapped)
    one.step()
    one.checkpoints.save(1, [])
    one.checkpoints.settle()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint.FileSystemWriter, "write_data", full)
    with pytest.raises(TrainingError, match=r"step2: the checkpoint could not be written, \d+ MiB of space are left \(.*No space left"):
        _ = one.checkpoints.save(2, []), one.checkpoints.settle()
    monkeypatch.undo()
    assert Training(tmp_path, overlapped).checkpoints.resume()[0] == 1
