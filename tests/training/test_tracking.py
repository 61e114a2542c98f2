"""What a training tells while it runs: a real TensorBoard holds every step, the log a line a minute, and no artifact changes."""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

import pytest
import torch
from support.running import files
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mathcode import settings
from mathcode.methods.autocode import demonstrations, objective
from mathcode.policies import folders
from mathcode.training import examples, loop, losses, preferences, tracking
from mathcode.training.examples import Example, TrainingError


@pytest.fixture
def train(tiny_policy, tiny_run, pairs, tmp_path, monkeypatch):
    """Trains some steps in a folder of its own; gives weights and log."""
    torch.set_num_threads(1)
    tokenizer = folders.load_tokenizer(tiny_policy)
    table = demonstrations.demonstrations(pairs, tokenizer, "plain", tiny_run.start, 1)
    shown = examples.from_table(table, None, tokenizer, losses.Likelihood())[:24]
    chosen = settings.Optimizer(**tiny_run.train.optimizer.model_dump() | {"batch": 4, "epochs": 1, "checkpoint_minutes": 0})

    def run(name: str, tracked: str = "", loss=losses.Likelihood(), rewards: Sequence[float] = (0.0,)):  # noqa: B008 (keeps nothing)
        (tmp_path / name).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / name)
        monkeypatch.setenv(tracking.VARIABLE, tracked)
        place = tmp_path / name / "checkpoints/demo/start/tiny/seed1/key"
        model = folders.load_policy(tiny_policy, "float32")
        rewarded = [replace(example, reward=reward) for example, reward in zip(shown, cycle(rewards), strict=False)]
        made = loop.train(model, 0, rewarded, loss, chosen=chosen, iteration=1, checkpoints=place, seed=1)
        return made.model.state_dict(), made.log

    return run


def scalars(folder) -> dict[str, dict[int, float]]:
    """What TensorBoard's own reader finds below a folder: by name, then by step."""
    (place,) = {path.parent for path in folder.rglob("events.out.*")}  # of one key of settings
    events = EventAccumulator(str(place)).Reload()
    return {name: {event.step: event.value for event in events.Scalars(name)} for name in events.Tags()["scalars"]}


def test_every_step_is_in_the_tracker_and_no_number_changes(train, tmp_path):
    weights, log = train("alone")
    watched, watched_log = train("watched", "tensorboard")
    assert watched_log.equals(log)
    assert all(torch.equal(weights[name], watched[name]) for name in weights)
    found = scalars(tmp_path / "watched/logs/tracked/demo/start/tiny/seed1")
    for name in ("loss", "learning_rate", "gradient_norm"):
        assert found[name] == pytest.approx(dict(log.select("step", name).iter_rows()), rel=1e-6)
    assert found["tokens_per_response"][1] == pytest.approx(log["tokens"][0] / log["responses"][0])
    assert not [path for path in files(tmp_path / "alone") if "logs" in path]


def test_a_line_a_minute_says_how_it_goes(train, monkeypatch, caplog):
    monkeypatch.setattr(tracking, "EVERY", 0.0)
    with caplog.at_level(logging.INFO):
        _, log = train("told")
    lines = [record.getMessage() for record in caplog.records if "learning rate" in record.getMessage()]
    assert len(lines) == log.height
    assert lines[0].startswith(f"step 1 of {log.height}: loss {log['loss'][0]:.4g}, ")
    assert all(int(re.search(r"([\d.]+) tokens/s", line)[1]) > 0 for line in lines)
    assert f", {log['tokens'][0] / log['responses'][0]:.0f} tokens a response, selection_loss " in lines[0]


def test_the_reward_is_shown_and_no_table_has_it(train, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(tracking, "EVERY", 0.0)
    with caplog.at_level(logging.INFO):
        _, log = train("rewarded", "tensorboard", objective.Released(), rewards=[1.0, 0.0, 0.0, 1.0])
    assert {part["name"] for parts in log["parts"] for part in parts} <= set(objective.PARTS)
    found = scalars(tmp_path / "rewarded/logs/tracked/demo/start/tiny/seed1")["reward"]
    assert sum(found.values()) / len(found) == pytest.approx(0.5)  # each step shows 4 of the 24, all once
    lines = [record.getMessage() for record in caplog.records if "learning rate" in record.getMessage()]
    assert [f"reward {value:.4g}" in line for value, line in zip(found.values(), lines, strict=True)] == [True] * log.height


@pytest.mark.parametrize(
    ("named", "words"), [("tensorbord", "names 'tensorbord'; there are: .*tensorboard"), ("aim", "'aim', whose package")]
)
def test_a_tracker_that_is_not_there_is_said_before_the_first_step(train, named, words):
    with pytest.raises(TrainingError, match=words):
        train("refused", named)


def test_a_training_that_goes_on_after_a_kill_shows_every_step_once(train, tmp_path, monkeypatch):
    killed = loop._step
    steps = iter(range(1, 100))

    def until_the_fourth(*given):
        if next(steps) == 4:
            raise KeyboardInterrupt
        return killed(*given)

    monkeypatch.setattr(loop, "_step", until_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        train("watched", "tensorboard")
    monkeypatch.setattr(loop, "_step", killed)
    _, log = train("watched", "tensorboard")
    (place,) = {path.parent for path in (tmp_path / "watched/logs/tracked").rglob("events.out.*")}
    events = EventAccumulator(str(place), purge_orphaned_data=True).Reload().Scalars("loss")
    assert [event.step for event in events] == log["step"].to_list()


def test_pairs_count_both_of_their_responses(monkeypatch, tiny_policy, tmp_path, caplog):
    monkeypatch.setattr(tracking, "EVERY", 1e9)
    told = []
    monkeypatch.setattr(tracking.Tracking, "step", lambda self, row, tokens: told.append((row["responses"], tokens)))
    sides = [
        Example(
            prompt_ids=[1, 2],
            response_ids=[3] * length,
            loss_mask=[True] * length,
            selection_mask=[False] * length,
            reference=[-1.0] * length,
            pair=number,
            side=side,
        )
        for number in range(2)
        for side, length in ((0, 4), (1, 3))
    ]
    chosen = settings.Optimizer(
        learning_rate=[1e-3],
        optimizer="adamw",
        weight_decay=0,
        schedule="constant",
        warmup=0,
        epochs=1,
        batch=2,
        micro_batch_tokens=256,
        max_tokens=64,
        max_gradient_norm=1,
        checkpoint_minutes=10,
        threads=1,
    )
    loop.train(
        folders.load_policy(tiny_policy, "float32"),
        0,
        sides,
        preferences.DPO(preferences.DPONumbers()),
        chosen=chosen,
        iteration=1,
        checkpoints=tmp_path / "checkpoints/x/key",
        seed=1,
    )
    assert told == [(4, 4 * 2 + 2 * (4 + 3))]
