"""Losses over pairs: the same values and gradients as TRL 1.16's own trainers on the same batch, and what theirs do not promise."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from mathcode.policies import folders, micro_batches, scoring
from mathcode.training import batches, examples, loop, losses
from mathcode.training.examples import Example
from mathcode.training.preferences import DPO, ORPO, DPONumbers, ORPONumbers, log1mexp, log_odds

NO_LABEL = -100


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def preferred() -> list[Example]:
    """Four preferred, rejected first in two of them; responses of several lengths."""
    draw = random.Random(4)
    made = []
    for pair in range(4):
        prompt = [draw.randrange(3, 50) for _ in range(draw.randint(2, 6))]
        both = []
        for side in (1, 0):
            ids = [draw.randrange(3, 50) for _ in range(draw.randint(2, 9))]
            reference = [draw.uniform(-4, 0) for _ in ids]
            both.append(Example(prompt, ids, [True] * len(ids), [False] * len(ids), reference=reference, pair=pair, side=side))
        made += both if pair % 2 else both[::-1]
    return made


@pytest.fixture
def model():
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2}
    return LlamaForCausalLM(LlamaConfig(vocab_size=50, max_position_embeddings=64, initializer_range=0.3, pad_token_id=0, **sizes))


def batch_of(shown: list[Example], part: slice = slice(None)) -> losses.Batch:
    """A part of a batch, as the trainer makes it."""
    return losses.batch_of(shown[part], "cpu", losses.mean_chosen_tokens(shown))


def ours(model, loss, shown: list[Example]) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss per pair and its gradients, as the trainer computes them."""
    model.zero_grad()
    value = loss(scoring.token_logprobs(model, shown, 0), batch_of(shown)).value / (len(shown) / 2)
    value.backward()
    return value.item(), {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


def trl_dpo(model, shown: list[Example], folder, kinds: list[str], weights: list[float]) -> tuple[float, dict[str, torch.Tensor]]:
    """`DPOTrainer._compute_loss` of TRL on a batch, with our reference log-probabilities as its precomputed ones."""
    from datasets import Dataset
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast
    from trl import DPOConfig, DPOTrainer

    units = batches.units(shown, "pair")
    rows = [{"prompt_ids": one.prompt_ids, "chosen_ids": one.response_ids, "rejected_ids": other.response_ids} for one, other in units]
    for row, (chosen, rejected) in zip(rows, units, strict=True):
        row |= {"ref_chosen_logps": sum(chosen.reference), "ref_rejected_logps": sum(rejected.reference)}
    words = Tokenizer(models.WordLevel({f"t{number}": number for number in range(50)}, unk_token="t1"))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, eos_token="t2", pad_token="t0")
    text = Dataset.from_list([{"prompt": "t3", "chosen": "t4", "rejected": "t5"}])
    given = {"report_to": "none", "use_cpu": True, "bf16": False, "fp16": False, "gradient_checkpointing": False, "disable_tqdm": True}
    config = DPOConfig(output_dir=str(folder), beta=0.3, loss_type=kinds, loss_weights=weights, precompute_ref_log_probs=True, **given)
    trainer = DPOTrainer(model=model, args=config, train_dataset=text, processing_class=tokenizer)
    model.zero_grad()
    value = trainer._compute_loss(trainer.model, trainer.data_collator(rows), return_outputs=False)
    value.backward()
    return value.item(), {name: parameter.grad.clone() for name, parameter in trainer.model.named_parameters()}


@pytest.mark.parametrize(
    ("numbers", "kinds", "weights"),
    [
        ({}, ["sigmoid"], [1.0]),
        ({"length_normalised": True}, ["sigmoid_norm"], [1.0]),
        ({"likelihood_weight": 0.7}, ["sigmoid", "sft"], [1.0, 0.7]),
        ({"likelihood_weight": 1.0, "length_normalised": True}, ["sigmoid_norm", "sft"], [1.0, 1.0]),
    ],
)
def test_dpo_is_trls(model, preferred, tmp_path, numbers, kinds, weights):
    value, slopes = ours(model, DPO(DPONumbers(beta=0.3, **numbers)), preferred)
    expected, theirs = trl_dpo(model, preferred, tmp_path, kinds, weights)
    assert value == pytest.approx(expected, abs=1e-5)
    for name, slope in slopes.items():
        torch.testing.assert_close(slope, theirs[name], rtol=1e-4, atol=1e-6, msg=name)


@pytest.mark.parametrize("loss", [DPO(DPONumbers()), ORPO(ORPONumbers())], ids=["dpo", "orpo"])
def test_the_log_probabilities_of_both_sides_are_reported(model, preferred, loss):
    logp = scoring.token_logprobs(model, preferred, 0)
    parts = loss(logp, batch_of(preferred)).parts
    of_rows = logp.detach().sum(dim=1).tolist()
    for name, side in (("chosen_logprob", 1), ("rejected_logprob", 0)):
        expected = sum(value for value, one in zip(of_rows, preferred, strict=True) if one.side == side)
        assert parts[name] == (pytest.approx(expected, rel=1e-5), 4.0)


def trl_orpo(model, shown: list[Example], weight: float) -> tuple[float, dict[str, torch.Tensor]]:
    """TRL's own functions on all logits, put together as its `get_batch_loss_metrics` does, the prompt left out of the likelihood."""
    from trl.experimental.orpo.orpo_trainer import ORPOTrainer

    trainer = ORPOTrainer.__new__(ORPOTrainer)
    trainer.beta, trainer.accelerator = weight, type("Here", (), {"device": torch.device("cpu")})
    units = batches.units(shown, "pair")
    rows, count = [unit[side] for side in (0, 1) for unit in units], len(units)
    ids, attention = scoring.filled_up([[*row.prompt_ids, *row.response_ids] for row in rows], 0)
    labels = torch.full_like(ids, NO_LABEL)
    for number, row in enumerate(rows):
        labels[number, len(row.prompt_ids) : row.length] = torch.tensor(row.response_ids)
    model.zero_grad()
    logits = model(input_ids=ids, attention_mask=attention).logits
    mean = ORPOTrainer.get_batch_logps(logits, labels, average_log_prob=True)
    found, *_ = trainer.odds_ratio_loss(mean[:count], mean[count:])
    likelihood = torch.nn.functional.cross_entropy(logits[:count, :-1].flatten(0, 1), labels[:count, 1:].flatten())
    value = likelihood - found.mean()
    value.backward()
    return value.item(), {name: parameter.grad.clone() for name, parameter in model.named_parameters()}


def test_orpo_is_trls(model, preferred):
    value, slopes = ours(model, ORPO(ORPONumbers(odds_weight=0.4)), preferred)
    expected, theirs = trl_orpo(model, preferred, 0.4)
    assert value == pytest.approx(expected, abs=1e-5)
    for name, slope in slopes.items():
        torch.testing.assert_close(slope, theirs[name], rtol=1e-4, atol=1e-6, msg=name)


LOSSES = [
    *[
        DPO(DPONumbers(likelihood_weight=0.5, likelihood_normalisation=normalisation, length_normalised=normalised))
        for normalisation in ("mean", "sum")
        for normalised in (True, False)
    ],
    *[ORPO(ORPONumbers(likelihood_normalisation=normalisation)) for normalisation in ("mean", "sum")],
]
SOME = torch.Generator().manual_seed(3)
LOGP = -torch.rand((8, 9), generator=SOME, dtype=torch.float64)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: f"{type(loss).__name__} {loss.numbers}")
@pytest.mark.parametrize("cut", [2, 4, 6])
def test_micro_batches_of_pairs_add_up_to_the_batch(preferred, loss, cut):
    def of(part: slice) -> losses.Total:
        batch = batch_of(preferred, part)
        return loss(LOGP[part, : batch.loss_mask.shape[1]], batch)

    whole, first, rest = of(slice(None)), of(slice(cut)), of(slice(cut, None))
    assert (first.value + rest.value).item() == pytest.approx(whole.value.item())
    assert set(whole.parts) == set(loss.parts)
    for name, (value, count) in whole.parts.items():
        assert first.parts[name][0] + rest.parts[name][0] == pytest.approx(value)
        assert first.parts[name][1] + rest.parts[name][1] == count == 4


def test_what_the_likelihoods_normalisation_means(preferred):
    two = preferred[:2]
    tokens = next(len(example.response_ids) for example in two if example.side)
    logp = torch.full((2, max(len(example.response_ids) for example in two)), -0.5)
    for normalisation, expected in (("sum", 0.5 * tokens), ("mean", 0.5)):
        loss = ORPO(ORPONumbers(odds_weight=0.0, likelihood_weight=2.0, likelihood_normalisation=normalisation))
        assert loss(logp, batch_of(two)).value.item() == pytest.approx(2 * expected)
        assert loss(logp, batch_of(two)).parts["likelihood_loss"] == (pytest.approx(expected), 1.0)


THREE = (([-0.5, -1.25, -0.75], [-2.0, -0.5]), ([-0.25], [-1.5, -3.0, -0.5, -1.0]), ([-4.0, -2.5], [-0.25]))
"""Log-probabilities of the tokens of three pairs, chosen and rejected; in eighths, which any float holds exactly."""
UNDER_REFERENCE = (([-1.0, -1.0, -1.5], [-1.0, -0.25]), ([-0.5], [-1.25, -2.0, -1.0, -1.5]), ([-3.0, -3.0], [-1.125]))


def as_examples(pairs) -> list[Example]:
    """What the trainer knows of pairs, chosen first."""
    sides = [(number, side, values) for number, two in enumerate(pairs) for side, values in zip((1, 0), two, strict=True)]
    return [Example([3], [5] * len(row), [True] * len(row), [False] * len(row), reference=row, pair=n, side=s) for n, s, row in sides]


def padded_logp(pairs, requires_grad: bool = False) -> torch.Tensor:
    """float64 [2 x pairs, longest]; what is padding has a value that must not count."""
    rows = [row for two in pairs for row in two]
    longest = max(map(len, rows))
    return torch.tensor([row + [-9.0] * (longest - len(row)) for row in rows], dtype=torch.float64, requires_grad=requires_grad)


@pytest.mark.parametrize("normalisation", ["sum", "mean"])
def test_dpo_with_a_likelihood_term_is_its_formula(normalisation):
    """By numpy alone, in float64: of each pair -log sigmoid(beta x (both log-ratios' difference)) + lambda x N(-log p of the chosen)."""
    beta, weight = 0.3, 0.7
    both = zip(THREE, UNDER_REFERENCE, strict=True)
    ratios = np.array([[np.sum(own) - np.sum(other) for own, other in zip(*pair, strict=True)] for pair in both])
    margin = beta * (ratios[:, 0] - ratios[:, 1])
    chosen = np.array([-np.sum(two[0]) for two in THREE])
    tokens = np.array([len(two[0]) for two in THREE])
    likelihood = chosen if normalisation == "sum" else chosen / tokens.mean()  # so that the mean of pairs is that of tokens
    loss = DPO(DPONumbers(beta=beta, likelihood_weight=weight, likelihood_normalisation=normalisation))
    found = loss(padded_logp(THREE), batch_of(as_examples(UNDER_REFERENCE)))
    assert found.value.item() == pytest.approx(np.sum(np.log1p(np.exp(-margin)) + weight * likelihood), rel=1e-12)
    assert found.parts["margin"] == (pytest.approx(margin.sum(), rel=1e-12), 3.0)
    if normalisation == "mean":
        assert likelihood.mean() == pytest.approx(-np.mean(np.concatenate([two[0] for two in THREE])), rel=1e-12)


@pytest.mark.parametrize(("normalisation", "per_token"), [("mean", 1 / 150), ("sum", 1.0)])
@pytest.mark.parametrize("difference", [-20.0, 0.0, 26.0, 27.0])
def test_sizes_of_the_gradients_of_both_terms(normalisation, per_token, difference):
    """Of a chosen token's log-probability: beta x sigmoid(-beta x Delta) by DPO; by the likelihood term lambda / T, or lambda if summed.

    At beta 0.1, T = 150 and lambda 1 the mean's term takes over where beta x Delta passes ln 14 = 2.64; the sum's rules from the start.
    """
    beta, tokens = 0.1, 150
    under_reference = [([-0.5] * tokens, [-0.5] * 40)]
    pairs = [([-0.5 + difference / tokens] * tokens, [-0.5] * 40)]
    slopes = {}
    for weight in (0.0, 1.0):
        logp = padded_logp(pairs, requires_grad=True)
        numbers = DPONumbers(beta=beta, likelihood_weight=weight, likelihood_normalisation=normalisation)
        DPO(numbers)(logp, batch_of(as_examples(under_reference))).value.backward()
        slopes[weight] = -logp.grad[0, 0].item()
        assert logp.grad[1, 40:].abs().max() == 0  # padding
    by_preference, by_likelihood = slopes[0.0], slopes[1.0] - slopes[0.0]
    assert by_preference == pytest.approx(beta / (1 + math.exp(beta * difference)), rel=1e-9)
    assert by_preference <= beta
    assert by_likelihood == pytest.approx(per_token, rel=1e-9)
    assert (by_likelihood > by_preference) == (normalisation == "sum" or beta * difference > math.log(14))


@pytest.mark.parametrize("normalised", [False, True])
def test_at_its_reference_a_policy_has_no_margin(model, preferred, normalised):
    """DPO's first step: log-probabilities are those of the reference, so every reward is 0 and the loss of a pair is log 2."""
    scored = scoring.score(model, preferred, 0, 1000, "test")
    shown = [replace(example, reference=values) for example, values in zip(preferred, scored, strict=True)]
    parts = DPO(DPONumbers(length_normalised=normalised))(scoring.token_logprobs(model, shown, 0), batch_of(shown)).parts
    for name in ("margin", "chosen_reward", "rejected_reward"):
        assert parts[name] == (pytest.approx(0, abs=1e-5), 4.0)
    assert parts["preference_loss"][0] == pytest.approx(4 * math.log(2), abs=1e-5)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: f"{type(loss).__name__} {loss.numbers}")
def test_a_weight_is_a_factor_of_its_pair(preferred, loss):
    heavy = [replace(example, weight=3.0) for example in preferred]
    logp = LOGP[:, : batch_of(preferred).loss_mask.shape[1]]
    once, thrice = (loss(logp, batch_of(shown)).value.item() for shown in (preferred, heavy))
    assert thrice == pytest.approx(3 * once)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("value", [-1e-6, -1e-3, -0.5, -0.6931, -0.6932, -1.0, -20.0, -90.0])
def test_log_of_one_minus_exp(dtype, value):
    given = torch.tensor(value, dtype=dtype, requires_grad=True)
    found = log1mexp(given)
    found.backward()
    expected = math.log(-math.expm1(given.item())) if value > -0.7 else math.log1p(-math.exp(given.item()))
    assert found.item() == pytest.approx(expected, rel=1e-5, abs=1e-12)
    assert math.isfinite(given.grad.item())


@pytest.mark.parametrize("values", [(0.0, 0.0), (0.0, -30.0), (-30.0, 0.0), (-1e-9, -1e-8), (-500.0, -500.0), (0.0, -1e4)])
def test_orpo_stays_finite_when_the_model_is_sure(values):
    mean = torch.tensor(values, requires_grad=True)
    shown = [Example([1], [2], [True], [False], pair=0, side=side) for side in (1, 0)]
    total = ORPO(ORPONumbers())(mean[:, None], batch_of(shown))
    total.value.backward()
    assert math.isfinite(total.value.item())
    assert all(map(math.isfinite, mean.grad.tolist()))
    assert all(math.isfinite(number) for part in total.parts.values() for number in part)
    assert torch.isfinite(log_odds(mean)).all()


def test_a_pair_is_never_cut(preferred):
    units = batches.units(preferred, "pair")
    assert [(chosen.side, rejected.side, chosen.pair == rejected.pair) for chosen, rejected in units] == [(1, 0, True)] * 4
    lengths = [batches.length(unit) for unit in units]
    for limit in (1, 30, 60, 1000):
        parts = list(micro_batches.by_tokens(range(4), lengths, limit, rows=2))
        assert [index for part in parts for index in part] == [0, 1, 2, 3]
        assert all(len(part) == 1 or 2 * len(part) * max(lengths[index] for index in part) <= limit for part in parts)
    longest = max(lengths)
    assert len(batches.fitting(units, longest - 1)) == sum(length < longest for length in lengths)
    with pytest.raises(examples.TrainingError, match="none of 4 pairs fits into max_tokens = 1"):
        batches.fitting(units, 1)


@pytest.mark.parametrize("loss", [DPO(DPONumbers(likelihood_weight=0.2)), ORPO(ORPONumbers())], ids=["DPO", "ORPO"])
def test_training_prefers_the_chosen_whatever_its_micro_batches(tiny_policy, tiny_run, preferred, tmp_path, loss):
    changes = {"learning_rate": [2e-3], "epochs": 8, "batch": 2, "schedule": "constant", "warmup": 0.0, "checkpoint_minutes": 1000}
    logs = []
    for tokens in (1, 1000):
        chosen = tiny_run.train.optimizer.model_copy(update=changes | {"micro_batch_tokens": tokens})
        model = folders.load_policy(tiny_policy, "float32")
        scored = scoring.score(model, preferred, 0, 1000, "test")
        shown = [replace(example, reference=values) for example, values in zip(preferred, scored, strict=True)]
        logs.append(loop.train(model, 0, shown, loss, chosen=chosen, iteration=1, checkpoints=tmp_path / str(tokens), seed=1).log)
    parts = [{part["name"]: part["value"] for part in row} for row in logs[0]["parts"]]
    assert parts[-1]["margin"] > parts[0]["margin"]
    if loss.needs_reference:  # the policy that training starts from
        assert parts[0]["margin"] == pytest.approx(0, abs=1e-5)
    assert parts[-1]["preferred"] == 1
    assert logs[0]["responses"].to_list() == [4] * 16
    assert logs[0]["loss"].to_list() == pytest.approx(logs[1]["loss"].to_list(), rel=1e-3, abs=1e-3)
