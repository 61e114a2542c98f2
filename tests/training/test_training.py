"""The training loop on a tiny model."""

import math
import random
from dataclasses import replace

import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mathcode import settings
from mathcode.methods.autocode import demonstrations, objective
from mathcode.policies import adapters, folders, micro_batches, scoring
from mathcode.training import batches, examples, loop, losses, optimizers
from mathcode.training.examples import Example


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tokenizer(tiny_policy):
    return folders.load_tokenizer(tiny_policy)


def from_pairs(pairs, tokenizer, tiny_run) -> list[Example]:
    table = demonstrations.demonstrations(pairs, tokenizer, "plain", tiny_run.start, 1)
    return examples.from_table(table, None, tokenizer, losses.Likelihood())


@pytest.fixture(scope="module")
def shown(pairs, tokenizer, tiny_run) -> list[Example]:
    """SFT examples."""
    return from_pairs(pairs, tokenizer, tiny_run)


@pytest.fixture(scope="module")
def answers(shown) -> list[Example]:
    """RL examples: right and wrong answers of several lengths, with behaviour log-probabilities of their own."""
    draw = random.Random(1)
    return [
        replace(
            example, advantage=draw.uniform(-1, 1), reward=float(number % 2), reference=[draw.uniform(-3, 0) for _ in example.response_ids]
        )
        for number, example in enumerate(shown[:12])
    ]


@pytest.fixture
def chosen(tiny_run) -> settings.Optimizer:
    return tiny_run.train.optimizer


def train(tiny_policy, data, chosen, checkpoints, loss=None, family=None, seed=1):
    model = folders.load_policy(tiny_policy, "float32")
    if family is not None:
        model = adapters.trainable(model, family, seed)
    trained = loop.train(model, 0, data, loss or losses.Likelihood(), chosen=chosen, iteration=1, checkpoints=checkpoints, seed=seed)
    return trained.model, trained.log


@pytest.mark.parametrize(
    ("name", "warmup", "expected"),
    [
        ("constant", 0.0, {0: 1.0, 50: 1.0, 99: 1.0}),
        ("linear", 0.0, {0: 1.0, 50: 0.5, 99: 0.01}),
        ("cosine", 0.0, {0: 1.0, 50: 0.5, 99: 0.5 * (1 + math.cos(math.pi * 0.99))}),
        ("flat_linear", 0.0, {0: 1.0, 29: 1.0, 65: 1 - 0.99 / 2}),
        ("linear", 0.1, {0: 0.1, 9: 1.0, 10: 1.0, 55: 0.5}),
    ],
)
def test_schedule(chosen, name, warmup, expected):
    chosen = chosen.model_copy(update={"schedule": name, "warmup": warmup})
    for step, value in expected.items():
        assert optimizers.schedule(step, 100, chosen) == pytest.approx(value)
    every = [optimizers.schedule(step, 100, chosen) for step in range(100)]
    assert all(0 < rate <= 1 for rate in every)
    assert every[10:] == sorted(every[10:], reverse=True)


@pytest.mark.parametrize("batch", [1, 4, 7, 50])
def test_every_epoch_shows_every_example_once(shown, chosen, batch):
    chosen = chosen.model_copy(update={"batch": batch, "epochs": 3})
    plan = batches.batches(lengths(shown), chosen, seed=1)
    per_epoch = math.ceil(len(shown) / batch)
    for epoch in range(3):
        indices = [index for part in plan[epoch * per_epoch : (epoch + 1) * per_epoch] for index in part]
        assert sorted(indices) == list(range(len(shown)))
    assert plan == batches.batches(lengths(shown), chosen, seed=1)
    if batch < len(shown):
        assert plan != batches.batches(lengths(shown), chosen, seed=2)
        assert plan[:per_epoch] != plan[per_epoch : 2 * per_epoch]


def test_part_of_an_epoch_is_as_many_steps(shown, chosen):
    plan = batches.batches(lengths(shown), chosen.model_copy(update={"batch": 10, "epochs": 0.5}), seed=1)
    assert len(plan) == math.ceil(0.5 * len(shown) / 10)


@pytest.mark.parametrize("limit", [1, 40, 120, 10_000])
def test_micro_batches_hold_every_example_and_no_more_tokens_than_allowed(shown, limit):
    order = sorted(range(len(shown)), key=lambda index: -shown[index].length)
    parts = list(micro_batches.by_tokens(order, lengths(shown), limit))
    assert [index for part in parts for index in part] == order
    for part in parts:
        assert len(part) == 1 or len(part) * max(shown[index].length for index in part) <= limit


@given(st.lists(st.integers(1, 90), min_size=1, max_size=40), st.integers(1, 300), st.integers(1, 2), st.integers(1, 8))
def test_processes_share_a_step_out_evenly_in_no_more_rounds(unit_lengths, limit, rows, processes):
    def padded(part: list[int]) -> int:
        return len(part) * rows * max(unit_lengths[index] for index in part)

    def seconds(parts: list[list[int]]) -> int:
        """Tokens that the slowest processes see, round by round."""
        return sum(max(map(padded, parts[start : start + processes])) for start in range(0, len(parts), processes))

    order = sorted(range(len(unit_lengths)), key=lambda index: (-unit_lengths[index], index))
    largest = list(micro_batches.by_tokens(order, unit_lengths, limit, rows))
    parts = micro_batches.shared_out(unit_lengths, limit, rows, processes)
    assert [index for part in parts for index in part] == order
    assert all(len(part) == 1 or padded(part) <= limit for part in parts)
    assert math.ceil(len(parts) / processes) == math.ceil(len(largest) / processes)
    assert max(map(padded, parts)) <= max(map(padded, largest))
    if processes == 1:
        assert parts == largest
    if len(largest) <= processes:
        assert seconds(parts) <= seconds(largest)


def test_two_processes_do_not_wait_for_a_third_micro_batch():
    assert micro_batches.shared_out([10] * 9, 40, 1, 2) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]], (
        "of 40 tokens each there were three too: 4, 4, 1"
    )


def lengths(data: list[Example]) -> list[int]:
    return [example.length for example in data]


def gradients(tiny_policy, data, loss, tokens: int) -> dict[str, torch.Tensor]:
    model = folders.load_policy(tiny_policy, "float32")
    order = sorted(range(len(data)), key=lambda index: -data[index].length)
    for indices in micro_batches.by_tokens(order, lengths(data), tokens):
        part = [data[index] for index in indices]
        loss(scoring.token_logprobs(model, part, 0), losses.batch_of(part, "cpu")).value.backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


@pytest.mark.parametrize("objective_name", ["likelihood", "paper", "released"])
def test_the_size_of_micro_batches_does_not_change_the_gradient(tiny_policy, answers, tiny_run, objective_name):
    train_settings = tiny_run.train
    computes = {
        "likelihood": losses.Likelihood(),
        "paper": objective.Paper(train_settings),
        "released": objective.Released(),
    }
    whole, single = (gradients(tiny_policy, answers, computes[objective_name], tokens) for tokens in (100_000, 1))
    for name, gradient in whole.items():
        assert gradient.abs().max() > 0
        torch.testing.assert_close(single[name], gradient, rtol=1e-3, atol=1e-4 * float(gradient.abs().max()), msg=name)


def test_padding_and_order_do_not_change_log_probabilities(tiny_policy, shown):
    model = folders.load_policy(tiny_policy, "float32")
    together = scoring.score(model, shown, 0, 100_000, "test")
    alone = scoring.score(model, shown[::-1], 0, 1, "test")[::-1]
    for one, other, example in zip(together, alone, shown, strict=True):
        assert len(one) == sum(example.loss_mask)
        assert one == pytest.approx(other, abs=1e-4)


def test_log_probabilities_are_those_of_a_plain_forward_pass(tiny_policy, shown):
    model = folders.load_policy(tiny_policy, "float32").eval()
    example = shown[0]
    (scored,) = scoring.score(model, [example], 0, 100, "test")
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([example.prompt_ids + example.response_ids])).logits[0]
    expected = [
        torch.log_softmax(logits[len(example.prompt_ids) + position - 1], dim=-1)[token].item()
        for position, token in enumerate(example.response_ids)
        if example.loss_mask[position]
    ]
    assert scored == pytest.approx(expected, abs=1e-5)


def part(log: pl.DataFrame, name: str) -> list[float]:
    """A part of the loss, step by step."""
    return [next(found["value"] for found in parts if found["name"] == name) for parts in log["parts"]]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_the_loss_falls(tiny_policy, shown, chosen, tmp_path, optimizer):
    chosen = chosen.model_copy(update={"optimizer": optimizer, "epochs": 3, "checkpoint_minutes": 1000})
    _, log = train(tiny_policy, shown, chosen, tmp_path)
    assert log.height == len(batches.batches(lengths(shown), chosen, 1))
    assert log["loss"].tail(5).mean() < 0.6 * log["loss"].head(5).mean()
    assert log["epoch"][-1] == 3
    assert (log["gradient_norm"] > 0).all()
    assert log["tokens"].sum() == sum(sum(example.loss_mask) for example in shown) * 3
    assert log["responses"].sum() == len(shown) * 3
    assert part(log, "selection_loss")[-1] < part(log, "selection_loss")[0]


def test_execution_output_is_not_learned(tiny_policy, tokenizer, pairs, tiny_run, chosen, tmp_path):
    (example,) = from_pairs(pairs.filter(methodology="code").head(1), tokenizer, tiny_run)
    masked = [token for token, learned in zip(example.response_ids, example.loss_mask, strict=True) if not learned]
    assert tokenizer.decode(masked) == "\n4\n```\n"
    _, log = train(tiny_policy, [example], chosen.model_copy(update={"epochs": 1}), tmp_path)
    assert log["tokens"].to_list() == [len(example.response_ids) - len(masked)]


@pytest.mark.parametrize("name", ["Paper", "Released"])
def test_rl_raises_what_was_good_and_lowers_what_was_bad(tiny_policy, shown, tiny_run, chosen, tmp_path, name):
    model = folders.load_policy(tiny_policy, "float32")
    behaviour = scoring.score(model, shown[:8], 0, 1000, "test")
    data = []
    for number, (example, scored) in enumerate(zip(shown[:8], behaviour, strict=True)):
        values = iter(scored)
        spread = [next(values) if flag else 0.0 for flag in example.loss_mask]
        advantage = 1.0 if number % 4 == 0 else -1.0
        data.append(replace(example, advantage=advantage, reward=max(advantage, 0.0), reference=spread))
    chosen = chosen.model_copy(update={"learning_rate": [1e-3], "epochs": 2, "schedule": "constant", "warmup": 0.0})
    settings_of_train = tiny_run.train.model_copy(update={"selection_weight": 0.0, "clip_form": "min"})
    loss = objective.Paper(settings_of_train) if name == "Paper" else objective.Released()
    trained, log = train(tiny_policy, data, chosen, tmp_path, loss)
    after = scoring.score(trained, data, 0, 1000, "test")
    moved = [sum(new) / len(new) - sum(old) / len(old) for new, old in zip(after, behaviour, strict=True)]
    assert sum(moved[0::4]) / 2 > sum(moved[number] for number in range(8) if number % 4) / 6
    assert part(log, "ratio")[0] == pytest.approx(1, abs=1e-4)
    assert part(log, "kl_behaviour")[0] == pytest.approx(0, abs=1e-4)
    assert part(log, "kl_behaviour")[-1] > 1e-4


def test_lora_trains_the_adapters_and_saves_a_merged_policy(tiny_policy, tokenizer, shown, chosen, tiny_family, tmp_path):
    family = tiny_family.model_copy(update={"lora": settings.Lora(rank=4, alpha=8)})
    model, log = train(tiny_policy, shown, chosen.model_copy(update={"epochs": 2}), tmp_path / "kept", family=family)
    trained = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    assert trained
    assert all("lora_" in name for name in trained)
    assert log["loss"].tail(5).mean() < log["loss"].head(5).mean()
    expected = scoring.score(model, shown[:4], 0, 1000, "test")
    folders.save_policy(model, tokenizer, tmp_path / "merged")
    merged = folders.load_policy(tmp_path / "merged", "float32")
    assert type(merged).__name__ == "LlamaForCausalLM"
    for one, other in zip(scoring.score(merged, shown[:4], 0, 1000, "test"), expected, strict=True):
        assert one == pytest.approx(other, abs=1e-3)


def test_nothing_that_fits_is_an_error(tiny_policy, shown, chosen, tmp_path):
    with pytest.raises(examples.TrainingError, match="none of 50 responses fits into max_tokens = 5"):
        train(tiny_policy, shown, chosen.model_copy(update={"max_tokens": 5}), tmp_path)


def test_responses_that_do_not_fit_are_left_out(tiny_policy, shown, chosen, tmp_path):
    limit = sorted(example.length for example in shown)[len(shown) // 2]
    fitting = [example for example in shown if example.length <= limit]
    _, log = train(tiny_policy, shown, chosen.model_copy(update={"max_tokens": limit, "epochs": 1}), tmp_path)
    assert log["tokens"].sum() == sum(sum(example.loss_mask) for example in fitting)


def test_a_loss_that_is_no_number_stops_the_training(tiny_policy, shown, chosen, tmp_path):
    class Broken(losses.Likelihood):
        def __call__(self, logp, batch):
            return losses.Total(super().__call__(logp, batch).value * float("nan"))

    with pytest.raises(examples.TrainingError, match="the loss is nan at step 1: lower the learning rate"):
        train(tiny_policy, shown, chosen, tmp_path, Broken())


def test_a_gradient_that_is_no_number_changes_no_weight(tiny_policy, shown, chosen, tmp_path):
    """The loss may be a number where its gradient is none; a step would put the weights, and the checkpoint, beyond repair."""

    class Broken(losses.Likelihood):
        def __call__(self, logp, batch):
            logp.register_hook(lambda slopes: slopes * float("inf"))
            return super().__call__(logp, batch)

    model = folders.load_policy(tiny_policy, "float32")
    before = [weight.detach().clone() for weight in model.parameters()]
    with pytest.raises(examples.TrainingError, match=r"the gradient's norm is (?:inf|nan) at step 1: lower the learning rate"):
        loop.train(model, 0, shown, Broken(), chosen=chosen, iteration=1, checkpoints=tmp_path, seed=1)
    assert all(torch.equal(weight, old) for weight, old in zip(model.parameters(), before, strict=True))


@pytest.mark.parametrize(("kernels", "fused"), [("native", True), ("avx2", None)])
def test_adamw_is_one_kernel_where_the_fastest_are_asked_for(tiny_policy, chosen, kernels, fused):
    chosen = chosen.model_copy(update={"kernels": kernels})
    (adamw,) = optimizers.make_optimizers(folders.load_policy(tiny_policy, "float32"), chosen, 0.1)
    assert adamw.defaults["fused"] is fused


def test_each_iteration_has_its_learning_rate(tiny_policy, shown, chosen, tmp_path):
    chosen = chosen.model_copy(update={"learning_rate": [1e-3, 1e-4], "schedule": "constant", "warmup": 0.0, "epochs": 0.1})
    rates = []
    for iteration in (0, 1, 2, 3):
        model = folders.load_policy(tiny_policy, "float32")
        place = {"iteration": iteration, "checkpoints": tmp_path / str(iteration), "seed": 1}
        log = loop.train(model, 0, shown, losses.Likelihood(), chosen=chosen, **place).log
        rates.append(log["learning_rate"][0])
    assert rates == [1e-3, 1e-3, 1e-4, 1e-4]


@pytest.mark.parametrize("lora", [None, settings.Lora(rank=2, alpha=4)])
@pytest.mark.parametrize(("optimizer", "kinds"), [("adamw", [torch.optim.AdamW]), ("muon", [optimizers.Muon, torch.optim.AdamW])])
def test_every_trained_weight_has_one_optimizer(tiny_policy, chosen, optimizer, kinds, lora):
    """LoRA's adapters are matrices of the blocks alone, so that Muon leaves nothing to AdamW, which refuses to have nothing."""
    model = folders.load_policy(tiny_policy, "float32")
    model = adapters.add_lora(model, lora, seed=1) if lora else model
    made = optimizers.make_optimizers(model, chosen.model_copy(update={"optimizer": optimizer}), 0.1)
    assert [type(one) for one in made] == kinds[: 1 if lora else None]
    held = [id(weight) for one in made for group in one.param_groups for weight in group["params"]]
    assert sorted(held) == sorted(id(weight) for weight in model.parameters() if weight.requires_grad)


def test_muon_steps_as_torchs_does_but_for_its_bfloat16():
    """Torch rounds the direction to bfloat16, three digits: two steps of both agree to that, and keep the same momentum."""
    torch.manual_seed(1)
    start, gradients = torch.randn(24, 16), [torch.randn(24, 16) for _ in range(2)]
    ended = []
    for kind, more in ((optimizers.Muon, {}), (torch.optim.Muon, {"adjust_lr_fn": "match_rms_adamw"})):
        matrix = torch.nn.Parameter(start.clone())
        muon = kind([matrix], lr=0.1, weight_decay=0.01, **more)
        for gradient in gradients:
            matrix.grad = gradient.clone()
            muon.step()
        ended.append((matrix.detach(), muon.state[matrix]["momentum_buffer"]))
    (ours, our_momentum), (theirs, their_momentum) = ended
    assert torch.equal(our_momentum, their_momentum)
    assert (ours - theirs).norm() < 0.02 * (theirs - start).norm()


@pytest.mark.parametrize("shape", [(8, 20), (20, 8), (12, 12)])
def test_orthogonalised_matrices_have_singular_values_near_one(shape):
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2))
    made = optimizers.orthogonalised(matrix, (3.4445, -4.7750, 2.0315), 5, 1e-7)
    assert made.shape == matrix.shape
    values = torch.linalg.svdvals(made)
    assert 0.5 < values.min() <= values.max() < 1.5


@pytest.mark.parametrize(("minutes", "expected"), [(0, [1, 2, 3, 4, 5]), (1, [3]), (2, [5]), (1000, [])])
def test_checkpoints_are_written_by_the_clock(tiny_policy, shown, chosen, tmp_path, monkeypatch, minutes, expected):
    """Steps of 25 seconds; the last of the six needs none."""
    clock, saved = iter(range(0, 10_000, 25)), []
    monkeypatch.setattr(loop.Checkpoints, "save", lambda _, step, rows: saved.append(step))
    monkeypatch.setattr(loop.time, "monotonic", lambda: 0)
    real_step = loop._step

    def step(*given):
        now = next(clock) + 25
        monkeypatch.setattr(loop.time, "monotonic", lambda: now)
        return real_step(*given)

    monkeypatch.setattr(loop, "_step", step)
    chosen = chosen.model_copy(update={"steps": 6, "checkpoint_minutes": minutes})
    train(tiny_policy, shown, chosen, tmp_path / "kept")
    assert saved == expected
