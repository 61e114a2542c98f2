"""What it costs to write a checkpoint of a training and a policy, and to read them again."""

import shutil
import tempfile
from pathlib import Path

import cards
import sampling
import steps


class NoSpace(Exception):
    """The disk is too full."""


def policy(job, shape: str, taught: bool) -> dict:
    """Write a policy as runs do, in bfloat16, and read it back onto the device; it stays for the parts that sample.

    Args:
        taught: it has learned to write programs; else its weights are random.
    """
    from mathcode.policies import folders

    form, folder, told = job.shapes[shape], job.policy(shape), {}
    if taught:
        model, tokenizer, told = sampling.teach(job, shape)
    else:
        tokenizer = sampling.tokenizer_of(sampling.pairs(400))
        model = form.build("bfloat16", job.device, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    _room(job.work, 2 * model.num_parameters())
    begun = cards.now()
    folders.save_policy(model, tokenizer, folder, dtype="bfloat16")
    written = cards.now() - begun
    del model
    begun = cards.now()
    folders.load_policy(folder, "bfloat16").to(job.device)
    return told | _speeds(folder, written, cards.now() - begun)


def checkpoint(job, shape: str) -> dict:
    """Write a checkpoint of a training of the whole model with AdamW, as the trainer does, and resume from it.

    Returns:
        Sizes and speeds, and `waits_seconds`: how long the training waits for it.
    """
    from mathcode.training import processes
    from mathcode.training.checkpoints import Checkpoints
    from mathcode.training.optimizers import make_optimizers

    form = job.shapes[shape]
    model = form.build(form.train_dtype, job.device)
    _room(job.work, 3 * sum(weight.nbytes for weight in model.parameters()))
    accelerator = processes.accelerator_here("bf16", "checkpoint")
    model, optimizer = accelerator.prepare(model, *make_optimizers(model, steps.optimizer(form, 1, form.micro_batch_tokens), 1e-5))
    for weight in model.parameters():
        weight.grad = weight.detach().clone()
    optimizer.step()  # now there is something to write of the optimizer too
    optimizer.zero_grad()
    with tempfile.TemporaryDirectory(dir=job.work) as folder:
        kept = Checkpoints(Path(folder), accelerator, model, [optimizer])
        begun = cards.now()
        kept.save(1, [])
        waits = cards.now() - begun
        kept.settle()
        written = cards.now() - begun
        begun = cards.now()
        step, _ = kept.resume()
        assert step == 1
        return _speeds(kept.folder, written, cards.now() - begun) | {"waits_seconds": waits, "weights": form.train_dtype}


def _room(folder: Path, needed: int) -> None:
    """Refuse to fill up a disk.

    Raises:
        NoSpace: there would be less than 2 GB left.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + 2e9:
        raise NoSpace(f"{folder} has {free / 1e9:.0f} GB of space; {needed / 1e9:.1f} GB and 2 GB more are needed")


def _speeds(folder: Path, written: float, read: float) -> dict:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9
    return {
        "gigabytes": size, "write_seconds": written, "write_gb_per_second": size / written,
        "read_seconds": read, "read_gb_per_second": size / read,
    }  # fmt: skip
