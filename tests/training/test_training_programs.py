"""The programs that train and score: killed, stopped, resumed, on several processes, sharded."""

import json
import os
import random
import re
import shutil
import signal
import time
from contextlib import suppress
from unittest import mock

import polars as pl
import pytest
import safetensors.torch
import torch
from support import training_commands
from support.running import files, program, run_here, run_program
from support.training_commands import begin, checkpoints, settings_json, sharded, start_command, succeed, train_command, wait_for_checkpoint

import train_policy
from mathcode import settings, tables
from mathcode.configuration import LOSSES
from mathcode.core import provenance
from mathcode.core.errors import UserError
from mathcode.methods.autocode import objective
from mathcode.policies import folders, scoring
from mathcode.policies.folders import load_policy, load_tokenizer, save_policy
from mathcode.training import examples, loop

pytestmark = pytest.mark.stage


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tokenizer(tiny_policy):
    return load_tokenizer(tiny_policy)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, trained_policy, tiny_policy, pairs, tiny_run, tiny_family):
    """Tables of a small SFT (`demonstrations`), and of a small RL (`training`, `logprobs`)."""
    folder = tmp_path_factory.mktemp("inputs")
    tables.SFT.write(pairs, folder / "sft.parquet")
    succeed(
        program(
            "demonstrate_solutions",
            *("--sft", folder / "sft.parquet", "--model", tiny_policy, "--profile", tiny_family.prompt, "--seed", 1),
            *("--settings", settings.dumps(tiny_run.start), "--out", folder / "demonstrations.parquet"),
        ),
        run_here,
    )
    draw = random.Random(2)
    shown = tables.TRAINING.read(folder / "demonstrations.parquet").with_row_index()
    training = shown.with_columns(
        kind=pl.lit("exploratory_native"),
        loss=pl.lit("off_policy"),
        reward=(pl.col("index") % 2).cast(pl.Float64),
        advantage=pl.Series([draw.uniform(-1, 1) for _ in range(shown.height)]),
        isolation=pl.lit("landlock"),
    )
    tables.TRAINING.write(training.drop("index"), folder / "training.parquet")
    scored = run_here(
        *program(
            "score_logprobs",
            *("--training", folder / "training.parquet", "--model", trained_policy, "--out", folder / "logprobs.parquet"),
            *("--profile", "plain", "--micro-batch-tokens", 512, "--threads", 1, "--dtype", "float32"),
        )
    )
    assert scored.returncode == 0, scored.stderr[-2000:]
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory, inputs, tiny_policy, trained_policy, tiny_family, tiny_run):
    """What SFT and RL write, undisturbed."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("start", "train")}
    succeed(start_command(folders["start"], inputs, tiny_policy, tiny_family, tiny_run))
    succeed(train_command(folders["train"], inputs, trained_policy, tiny_family, tiny_run))
    return {name: files(folder / "out") for name, folder in folders.items()}


def test_the_programs_write_a_policy_its_log_settings_and_provenance(whole, tiny_run):
    for name in ("start", "train"):
        names = set(whole[name])
        assert {"model/config.json", "model/model.safetensors", "model/tokenizer.json"} <= names
        assert {"log.parquet", "settings.json", "provenance.json"} <= names
        assert json.loads(whole[name]["provenance.json"])["isolation"] == (["landlock"] if name == "train" else [])
        assert json.loads(whole[name]["settings.json"])["training"] == json.loads(settings_json(tiny_run, int(name == "train")))
        assert not [file for file in names if file.endswith(".tmp")]


@pytest.mark.parametrize("name", ["start", "train"])
def test_killed_again_and_again_it_ends_with_the_same_bytes(
    whole, inputs, tiny_policy, trained_policy, tiny_family, tiny_run, tmp_path, name
):
    """kill -9 in the moment the first checkpoint appears, and a random time after the next; then to the end."""
    command = {
        "start": lambda: start_command(tmp_path, inputs, tiny_policy, tiny_family, tiny_run),
        "train": lambda: train_command(tmp_path, inputs, trained_policy, tiny_family, tiny_run),
    }[name]()
    for count, pause in ((1, 0.0), (2, random.Random(name).random() / 20)):
        started = begin(command)
        wait_for_checkpoint(started, tmp_path, count)
        time.sleep(pause)
        os.killpg(started.pid, signal.SIGKILL)
        started.communicate()
        assert started.returncode == -signal.SIGKILL
    done = run_program(*command)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "resumed from step" in done.stderr
    assert files(tmp_path / "out") == whole[name]
    assert not (tmp_path / "kept").exists()


def test_checkpoints_at_other_times_do_not_start_it_anew(whole, inputs, tiny_policy, tiny_family, tiny_run, tmp_path):
    started = begin(start_command(tmp_path, inputs, tiny_policy, tiny_family, tiny_run))
    wait_for_checkpoint(started, tmp_path)
    os.killpg(started.pid, signal.SIGKILL)
    started.communicate()
    done = run_program(*start_command(tmp_path, inputs, tiny_policy, tiny_family, tiny_run, checkpoint_minutes=15))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "resumed from step" in done.stderr
    ended = files(tmp_path / "out")
    assert {name for name in ended if ended[name] != whole["start"][name]} == {"settings.json"}


def test_sigterm_saves_and_says_so(whole, inputs, trained_policy, tiny_family, tiny_run, tmp_path):
    command = train_command(tmp_path, inputs, trained_policy, tiny_family, tiny_run)
    started = begin(command)
    wait_for_checkpoint(started, tmp_path)
    started.terminate()
    started.terminate()  # by SLURM and by the job's Snakemake
    _, errors = started.communicate(timeout=120)
    assert started.returncode == 143
    (step,) = [line.split("step ")[1].split(";")[0] for line in errors.splitlines() if "stopped by a signal" in line]
    ((saved, latest),) = checkpoints(tmp_path).items()
    assert saved == int(step)

    for name in ("__0_0.distcp", ".metadata"):
        kept = (latest / name).read_bytes()
        (latest / name).write_bytes(kept[: len(kept) // 2])  # as a lost node may leave it
        refused = run_program(*command)
        assert refused.returncode == 1
        assert refused.stderr.strip().splitlines()[-1].startswith(f"train_policy.py: {latest}: the checkpoint cannot be read"), name
        (latest / name).write_bytes(kept)

    done = run_program(*command)
    assert f"resumed from step {step}" in done.stderr
    assert files(tmp_path / "out") == whole["train"]


@pytest.mark.parametrize("name", ["start", "train"])
def test_a_full_disk_ends_in_one_sentence_and_costs_nothing_but_the_checkpoint(
    whole, inputs, tiny_policy, trained_policy, tiny_family, tiny_run, disk, name
):
    """The disk has room for one checkpoint and not for the next one beside it."""
    folder = disk.folder / "work"
    command = {
        "start": lambda: start_command(folder, inputs, tiny_policy, tiny_family, tiny_run),
        "train": lambda: train_command(folder, inputs, trained_policy, tiny_family, tiny_run),
    }[name]()
    size = len(whole[name]["model/model.safetensors"]) // 1024
    disk.fill(left_kib=4 * size)  # weights, two moments of AdamW, and less than a second set
    done = run_program(*command)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("train_policy.py: ")
    assert "checkpoint" in last
    assert "space" in last
    assert not (folder / "out").exists()
    disk.make_space()
    done = run_program(*command)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "resumed from step" in done.stderr
    assert files(folder / "out") == whole[name]


def test_a_checkpoint_of_other_settings_or_data_is_not_used(inputs, trained_policy, tiny_policy, tiny_family, tiny_run, tmp_path):
    started = begin(train_command(tmp_path, inputs, trained_policy, tiny_family, tiny_run))
    wait_for_checkpoint(started, tmp_path)
    os.killpg(started.pid, signal.SIGKILL)
    started.communicate()
    kept = {path.name for path in (tmp_path / "kept").iterdir() if path.is_dir()}
    other = train_command(tmp_path, inputs, tiny_policy, tiny_family, tiny_run)
    for command in (train_command(tmp_path, inputs, trained_policy, tiny_family, tiny_run, selection_weight=0.5), other):
        started = begin(command)
        while len({path.name for path in (tmp_path / "kept").iterdir() if path.is_dir()}) == len(kept) and started.poll() is None:
            time.sleep(0.01)
        os.killpg(started.pid, signal.SIGKILL)
        _, errors = started.communicate()
        assert "resumed" not in errors
        kept |= {path.name for path in (tmp_path / "kept").iterdir() if path.is_dir()}
    assert len(kept) == 3


def test_a_checkpoint_of_another_base_model_is_not_used(inputs, tiny_policy, trained_policy, tiny_family, tiny_run, tmp_path):
    """A base folder whose weights were replaced is another base model."""
    started = begin(start_command(tmp_path, inputs, tiny_policy, tiny_family, tiny_run))
    wait_for_checkpoint(started, tmp_path)
    os.killpg(started.pid, signal.SIGKILL)
    started.communicate()
    done = run_here(*start_command(tmp_path, inputs, trained_policy, tiny_family, tiny_run))
    assert done.returncode == 0, done.stderr[-2000:]
    assert "resumed" not in done.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"loss": "likelihood", "numbers": {}}, "is for a loss of kind 'off_policy'; the loss asked for reads 'likelihood'"),
        ({"loss": "dpo", "numbers": {}}, "is for a loss of kind 'off_policy'; the loss asked for reads 'pair'"),
        ({"loss": "nothing"}, f"unknown loss 'nothing'; there are: {', '.join(LOSSES)}"),
        ({"loss": "likelihood"}, "loss 'likelihood' takes no numbers, and 'clip_form' was given"),
        ({"loss": "dpo", "numbers": {"beta": 0}}, "numbers of loss 'dpo': key 'beta': input should be greater than 0"),
    ],
)
def test_a_loss_that_the_rows_are_not_for_is_one_sentence(inputs, trained_policy, tiny_family, tiny_run, tmp_path, change, said):
    command = train_command(tmp_path, inputs, trained_policy, tiny_family, tiny_run)
    asked = json.loads(settings_json(tiny_run, 1)) | change
    with pytest.raises(UserError, match=f"{re.escape(said)}$"):
        train_policy.main([*command[2:], "--settings", json.dumps(asked)])


def test_logprobs_of_another_dataset_are_one_clear_sentence(inputs, trained_policy, tiny_family, tiny_run, tmp_path):
    short = tmp_path / "short"
    short.mkdir()
    (short / "training.parquet").write_bytes((inputs / "training.parquet").read_bytes())
    tables.LOGPROBS.write(tables.LOGPROBS.read(inputs / "logprobs.parquet").tail(5), short / "logprobs.parquet")
    with pytest.raises(UserError, match="does not have one value per loss token; score the training table again"):
        train_policy.main(train_command(tmp_path, short, trained_policy, tiny_family, tiny_run)[2:])
    assert not (tmp_path / "out").exists()


def test_behaviour_log_probabilities_are_those_of_the_scoring_policy(inputs, trained_policy, tokenizer, tiny_run):
    training, logprobs = tables.TRAINING.read(inputs / "training.parquet"), tables.LOGPROBS.read(inputs / "logprobs.parquet")
    data = examples.from_table(training, logprobs, tokenizer, objective.Paper(tiny_run.train))
    scored = scoring.score(load_policy(trained_policy, "float32"), data, 0, 64, "test")
    for example, values in zip(data, scored, strict=True):
        given = [value for value, flag in zip(example.reference, example.loss_mask, strict=True) if flag]
        assert given == pytest.approx(values, abs=1e-4)


def test_a_signal_in_the_last_step_or_while_the_policy_is_written_loses_no_step(
    whole, inputs, trained_policy, tiny_family, tiny_run, tmp_path, monkeypatch
):
    """Whoever sent it may take the job for failed, and remove what it wrote."""
    _, _, *words = train_command(tmp_path, inputs, trained_policy, tiny_family, tiny_run)
    (tmp_path / "log.parquet").write_bytes(whole["train"]["log.parquet"])
    steps = tables.TRAINING_LOG.read(tmp_path / "log.parquet").height
    taken = []

    def warned_in_the_last(*given, step=loop._step):
        row = step(*given)
        taken.append(row)
        if len(taken) == steps:
            signal.raise_signal(signal.SIGTERM)
        return row

    def warned(*given, save=save_policy):
        signal.raise_signal(signal.SIGTERM)
        save(*given)

    monkeypatch.setattr(loop, "_step", warned_in_the_last)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit, match="143"):
            train_policy.main(words)
        assert list(checkpoints(tmp_path)) == [steps]
        monkeypatch.setattr(folders, "save_policy", warned)
        assert train_policy.main(words) == 0
        assert list(checkpoints(tmp_path)) == [steps]
        monkeypatch.undo()
        assert train_policy.main(words) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert len(taken) == steps
    assert not (tmp_path / "kept").exists()
    written = files(tmp_path / "out")
    assert all(written[name] == whole["train"][name] for name in ("model/model.safetensors", "log.parquet"))


def test_a_policy_is_read_once_for_its_digest(inputs, trained_policy, tiny_family, tiny_run, tmp_path):
    """For the key of the checkpoints and for provenance.json: with 7B weights each time is 16 GB."""
    _, _, *words = train_command(tmp_path, inputs, trained_policy, tiny_family, tiny_run)
    before = signal.getsignal(signal.SIGTERM)
    try:
        with mock.patch.object(provenance, "folder_digest", wraps=provenance.folder_digest) as reading:
            assert train_policy.main(words) == 0
    finally:
        signal.signal(signal.SIGTERM, before)
    assert [str(call.args[0]) for call in reading.call_args_list] == [str(trained_policy), str(tmp_path / "out/model")]
    told = json.loads((tmp_path / "out/provenance.json").read_text())
    assert told["inputs"][str(trained_policy)] == provenance.folder_digest(trained_policy)


def test_two_processes_stop_together_and_train_like_one(whole, inputs, trained_policy, tiny_family, tiny_run, tmp_path):
    """Gloo on this machine: the batch is spread over two processes, one of which at times has no micro-batch of its own."""
    python, *command = train_command(tmp_path, inputs, trained_policy, tiny_family, tiny_run)
    launched = [python, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", *command]
    started = begin(launched)
    wait_for_checkpoint(started, tmp_path)
    os.killpg(started.pid, signal.SIGTERM)
    started.terminate()  # the launcher again, by the job's Snakemake
    _, errors = started.communicate(timeout=120)
    assert started.returncode != 0
    assert errors.count("stopped by a signal") == 2
    (saved,) = checkpoints(tmp_path).values()
    assert {"__0_0.distcp", "__1_0.distcp"} <= {path.name for path in saved.iterdir()}  # each wrote a share
    done = run_program(*launched)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stderr.count("resumed from step") == 2
    (tmp_path / "one.parquet").write_bytes(whole["train"]["log.parquet"])
    log, one = (tables.TRAINING_LOG.read(tmp_path / name) for name in ("out/log.parquet", "one.parquet"))
    assert log["tokens"].to_list() == one["tokens"].to_list()
    assert log["loss"].to_list() == pytest.approx(one["loss"].to_list(), rel=1e-4, abs=1e-5)
    found, expected = ([(part["name"], part["value"]) for parts in table["parts"] for part in parts] for table in (log, one))
    had = {name for name in objective.PARTS if name.partition("/")[2] in ("", "exploratory_native")}  # all rows are of this kind
    assert {name for name, _ in expected} == had
    for (name, value), (same, other) in zip(found, expected, strict=True):
        assert (name, value) == (same, pytest.approx(other, rel=1e-4, abs=1e-5))


def test_full_sharding_that_would_silently_be_something_else_is_refused(inputs, trained_policy, tiny_family, tiny_run, tmp_path):
    done = run_program(*train_command(tmp_path, inputs, trained_policy, tiny_family, tiny_run), ACCELERATE_USE_FSDP="true")
    assert done.returncode == 1
    assert re.search(r"full sharding \(FSDP\) was asked for, and accelerate chose NO on this machine\n$", done.stderr), done.stderr[-2000:]


@pytest.mark.parametrize(("change", "said"), [("lora", "LoRA adapters cannot be merged"), ("muon", "optimizer muon needs whole")])
def test_what_cannot_be_sharded_is_refused_before_a_model_is_loaded(inputs, tiny_family, tiny_run, tmp_path, change, said):
    family = tiny_family.model_copy(update={"lora": settings.Lora(rank=4, alpha=8)}) if change == "lora" else tiny_family
    optimizer = {"optimizer": "muon"} if change == "muon" else {}
    for command in (
        start_command(tmp_path, inputs, tmp_path / "absent", family, tiny_run, **optimizer),
        train_command(tmp_path, inputs, tmp_path / "absent", family, tiny_run, optimizer=optimizer),
    ):
        done = run_program(*command, ACCELERATE_USE_FSDP="true")
        assert done.returncode == 1
        assert re.fullmatch(rf"train_policy\.py: {said}.+", done.stderr.splitlines()[-1]), done.stderr[-2000:]
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["start", "train"])
def test_sharded_by_accelerate_two_processes_stop_resume_and_write_the_policy_of_one(
    whole, inputs, trained_policy, tiny_policy, tiny_family, tiny_run, tmp_path, name
):
    """On CPUs that accelerate takes for GPUs. One process alone can go on from their checkpoint, and two from its."""
    start, model = (start_command, tiny_policy) if name == "start" else (train_command, trained_policy)
    command, *others = (start(tmp_path / folder, inputs, model, tiny_family, tiny_run) for folder in (".", "alone", "again", "undisturbed"))
    started = begin(sharded(command))
    wait_for_checkpoint(started, tmp_path)
    with suppress(ProcessLookupError):  # it failed: the assertion below shows what it said
        os.killpg(started.pid, signal.SIGTERM)
    _, errors = started.communicate(timeout=120)
    assert errors.count("stopped by a signal") == 2, errors[-3000:]
    assert len(checkpoints(tmp_path)) == 1
    shutil.copytree(tmp_path / "kept", tmp_path / "alone/kept")
    alone = begin(others[0])
    wait_for_checkpoint(alone, tmp_path / "alone", 2)
    os.killpg(alone.pid, signal.SIGKILL)
    assert "resumed from step" in alone.communicate()[1]
    assert max(checkpoints(tmp_path / "alone")) > max(checkpoints(tmp_path))
    shutil.move(tmp_path / "alone/kept", tmp_path / "again/kept")
    for launched in (sharded(command), sharded(others[1])):
        done = run_program(*launched)
        assert done.returncode == 0, done.stderr[-3000:]
        assert done.stderr.count("resumed from step") == 2
    succeed(sharded(others[2]))
    assert files(tmp_path / "out") == files(tmp_path / "undisturbed/out")
    # anywhere in a line: progress of the other process may stand before it
    for said in ("process 0 has the weights", "process 1 has no weights"):
        assert said in done.stderr, done.stderr[-3000:]
    written, mixed = files(tmp_path / "out"), files(tmp_path / "again/out")
    same = set(whole[name]) - {"model/model.safetensors", "log.parquet", "provenance.json"}
    assert {file: written[file] for file in same} == {file: whole[name][file] for file in same}
    one, *others = (safetensors.torch.load(outputs["model/model.safetensors"]) for outputs in (whole[name], written, mixed))
    for two in others:
        assert one.keys() == two.keys()
        for weight, value in one.items():
            torch.testing.assert_close(two[weight], value, rtol=1e-3, atol=1e-3, msg=weight)
    (tmp_path / "one.parquet").write_bytes(whole[name]["log.parquet"])
    log, alone = (tables.TRAINING_LOG.read(tmp_path / path) for path in ("out/log.parquet", "one.parquet"))
    for column in ("tokens", "loss"):
        assert log[column].to_list() == pytest.approx(alone[column].to_list(), rel=1e-3, abs=1e-5), column
    # A token at the edge of the ratio's clip counts in one and not in the other, in few steps.
    apart = (log["gradient_norm"] / alone["gradient_norm"] - 1).abs()
    assert apart.median() < 1e-5
    assert apart.max() < 1e-2


def test_two_processes_that_share_the_weights_take_the_steps_of_one(inputs, trained_policy, tiny_run):
    """torch's full sharding, on gloo: equal losses, and the gathered weights are those of one process."""
    alone, shared = training_commands.sharded_steps(2, inputs, trained_policy, tiny_run)
    assert shared["losses"] == pytest.approx(alone["losses"], rel=1e-5, abs=1e-5)
    assert len(set(alone["losses"])) == 3
    assert shared["weights"] == pytest.approx(alone["weights"], rel=1e-4)


def test_log_probabilities_of_shards_in_bf16_are_not_rounded_to_it(inputs, trained_policy, tiny_run):
    """accelerate's own choice for shards casts what the model returns, and sums gradients up in bf16."""
    alone, sharded = training_commands.sharded_steps(1, inputs, trained_policy, tiny_run, "bf16")
    assert sharded["logp"] == pytest.approx(alone["logp"], abs=0.15)  # shards cast at other places than bf16 weights do
    found = torch.tensor([value for value in sharded["logp"] if value])
    assert (found != found.bfloat16().float()).double().mean() > 0.9


def test_shards_of_accelerate_train_in_bf16_on_such_log_probabilities(inputs, trained_policy, tiny_family, tiny_run, tmp_path):
    """Rounded ones would be refused (`policies.scoring.token_logprobs`)."""
    family = tiny_family.model_copy(update={"mixed_precision": "bf16"})
    succeed(sharded(train_command(tmp_path, inputs, trained_policy, family, tiny_run)))
