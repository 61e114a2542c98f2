"""Likelihoods: values and gradients against numbers worked out by hand."""

from dataclasses import replace

import pytest
import torch

from mathcode import configuration, settings
from mathcode.training import losses
from mathcode.training.examples import Example

SHOWN = [
    Example([1], [5, 6], [True, False], [True, False], weight=2.0),
    Example([1], [7, 8, 9], [True, True, True], [True, True, False], reference=[-1.0, None, -3.0], advantage=0.5, reward=1.0),
]


NUMBERS = {"paper": {"clip_form": "min", "clip_low": 0.8, "clip_high": 1.2, "ratio_level": "token", "selection_weight": 1.0}}


@pytest.fixture
def logp() -> torch.Tensor:
    return torch.tensor([[-0.5, -1.0, 0.0], [-2.0, -4.0, -1.0]], requires_grad=True)


def test_a_batch_is_filled_up():
    batch = losses.batch_of(SHOWN, "cpu", 2.5)
    assert batch.loss_mask.tolist() == [[True, False, False], [True, True, True]]
    assert batch.selection_mask.tolist() == [[True, False, False], [True, True, False]]
    assert batch.reference.tolist() == [[0, 0, 0], [-1, 0, -3]]
    assert batch.has_reference.tolist() == [[False] * 3, [True, False, True]]
    assert [getattr(batch, name).tolist() for name in ("advantage", "reward", "weight")] == [[0, 0.5], [0, 1], [2, 1]]
    assert (batch.pair.tolist(), batch.side.tolist(), batch.chosen_tokens) == ([-1, -1], [1, 1], 2.5)


def test_likelihood_is_over_the_loss_tokens(logp):
    total = losses.Likelihood()(logp, losses.batch_of(SHOWN, "cpu"))
    assert total.value.item() == 2 * 0.5 + 7
    assert torch.autograd.grad(total.value, logp)[0].tolist() == [[-2, 0, 0], [-1, -1, -1]]
    assert total.parts == {"selection_loss": (6.5, 2.0)}


def test_a_critic_learns_its_label(logp):
    cases = [replace(example, loss_mask=mask) for example, mask in zip(SHOWN, ([True, False], [False, True, False]), strict=True)]
    total = losses.LabelLikelihood()(logp, losses.batch_of(cases, "cpu"))
    assert total.value.item() == 2 * 0.5 + 4
    assert torch.autograd.grad(total.value, logp)[0].tolist() == [[-2, 0, 0], [0, -1, 0]]
    summed, count = total.parts["label_probability"]
    assert (summed, count) == (pytest.approx(0.60653 + 0.01832, abs=1e-4), 2.0)


def test_a_critic_may_learn_right_results_beside_its_label(logp):
    """The label is what is marked; of the other loss tokens the mean counts, times its weight."""
    label = [replace(one, selection_mask=mask) for one, mask in zip(SHOWN, ([True, False], [False, False, True]), strict=True)]
    batch = losses.batch_of(label, "cpu")
    for weight in (0.0, 0.5):
        total = losses.LabelLikelihood(losses.LabelNumbers(result_weight=weight))(logp, batch)
        assert total.value.item() == 2 * 0.5 + 1 + weight * (2 + 4) / 2
        assert torch.autograd.grad(total.value, logp)[0].tolist() == [[-2, 0, 0], [-weight / 2, -weight / 2, -1]]
        assert total.parts["label_probability"][0] == pytest.approx(0.60653 + 0.36788, abs=1e-4)


def test_the_mean_length_of_chosen_responses():
    pairs = [replace(example, pair=0, side=side) for example, side in zip(SHOWN, (1, 0), strict=True)]
    assert losses.mean_chosen_tokens(pairs) == 1
    assert losses.mean_chosen_tokens([replace(one, side=1 - one.side) for one in pairs]) == 3
    assert losses.mean_chosen_tokens(SHOWN) == 1


@pytest.mark.parametrize("name", configuration.LOSSES)
def test_every_named_loss_can_be_made(name, tiny_run):
    loss = configuration.make_loss(settings.Training(loss=name, numbers=NUMBERS.get(name, {}), optimizer=tiny_run.train.optimizer))
    assert isinstance(loss, losses.Loss)
    assert loss.reads in {"likelihood", "label", "pair", "off_policy"}
    assert loss.per in {"token", "response", "pair"}
    assert loss.parts


@pytest.mark.parametrize("name", configuration.LOSSES)
def test_no_loss_waits_for_a_number(name, tiny_run):
    """Whoever reads one before the backward pass lets a GPU stand still. Tensors without numbers have none to read."""
    loss = configuration.make_loss(settings.Training(loss=name, numbers=NUMBERS.get(name, {}), optimizer=tiny_run.train.optimizer))
    shown = [replace(example, pair=0, side=side, kind="reflective") for example, side in zip(SHOWN, (1, 0), strict=True)]
    total = loss(torch.zeros((2, 3), device="meta", requires_grad=True), losses.batch_of(shown, "meta"))
    total.value.backward()
    assert not any(number.requires_grad for part in total.parts.values() for number in part if isinstance(number, torch.Tensor))
