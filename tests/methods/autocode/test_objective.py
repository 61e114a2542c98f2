"""Objectives: values and gradients against numbers worked out by hand."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mathcode import settings
from mathcode.methods.autocode import objective
from mathcode.methods.autocode.form import KINDS, REHEARSED
from mathcode.methods.autocode.settings import Train
from mathcode.training.losses import Batch

OPTIMIZER = settings.Optimizer(
    learning_rate=[1e-3], optimizer="adamw", weight_decay=0, schedule="constant", warmup=0, epochs=1, batch=1,
    micro_batch_tokens=1, max_tokens=1, max_gradient_norm=1, checkpoint_minutes=1, threads=1,
)  # fmt: skip
TRAIN = Train(
    objective="paper", clip_form="min", clip_low=0.8, clip_high=1.2, ratio_level="token", selection_weight=1.0, optimizer=OPTIMIZER
)
quick = hypothesis_settings(max_examples=40, deadline=None)


def train(**changes) -> Train:
    return TRAIN.model_copy(update=changes)


def batch(logp, ratios, advantages, loss=None, cue=None, known=None, rewards=None, kinds=None) -> tuple[torch.Tensor, Batch]:
    """Log-probabilities that want a gradient, and a batch with the given ratios to its behaviour policy; double precision."""
    logp = torch.tensor(logp, dtype=torch.float64, requires_grad=True)
    loss = torch.tensor(loss) if loss is not None else torch.ones(logp.shape, dtype=torch.bool)
    behaviour = logp.detach() - torch.tensor(ratios, dtype=torch.float64).log()
    return logp, Batch(
        loss_mask=loss,
        selection_mask=torch.tensor(cue) if cue is not None else torch.zeros_like(loss),
        reference=torch.where(loss, behaviour, 0.0),
        has_reference=(torch.tensor(known)[:, None] if known is not None else torch.tensor(True)).expand(logp.shape),
        advantage=torch.tensor(advantages, dtype=torch.float64),
        reward=torch.tensor(rewards if rewards is not None else [1.0] * len(logp)),
        weight=torch.ones(len(logp), dtype=torch.float64),
        pair=torch.full((len(logp),), -1),
        side=torch.ones(len(logp), dtype=torch.int64),
        kinds=kinds or ["exploratory_native"] * len(logp),
    )


def gradient(total: torch.Tensor, logp: torch.Tensor) -> list:
    return torch.autograd.grad(total, logp)[0].tolist()


def numbers(total) -> dict[str, tuple[float, float]]:
    """The parts of a loss, read."""
    return {name: (float(value), float(count)) for name, (value, count) in total.parts.items()}


def close(expected):
    return pytest.approx(expected, abs=1e-9)


# One response of three tokens with ratios inside, above and below the clip range: 1, 1.5, 0.5.
LOGP, RATIOS = [[-0.5, -1.0, -2.0]], [[1.0, 1.5, 0.5]]

# What each token adds to the objective, and its derivative by the token's log-probability (d ratio / d logp = ratio).
BY_HAND = {
    ("min", 1.0): ([1.0, 1.2, 0.5], [1.0, 0.0, 0.5]),
    ("min", -1.0): ([-1.0, -1.5, -0.8], [-1.0, -1.5, 0.0]),
    ("pure", 1.0): ([1.0, 1.2, 0.8], [1.0, 0.0, 0.0]),
    ("pure", -1.0): ([-1.0, -1.2, -0.8], [-1.0, 0.0, 0.0]),
    ("detached", 1.0): ([-0.5, -1.2, -1.6], [1.0, 1.2, 0.8]),
    ("detached", -1.0): ([0.5, 1.2, 1.6], [-1.0, -1.2, -0.8]),
}


@pytest.mark.parametrize(("form", "advantage"), BY_HAND)
def test_ratio_per_token(form, advantage):
    values, slopes = BY_HAND[form, advantage]
    logp, given = batch(LOGP, RATIOS, [advantage])
    loss = objective.Paper(train(clip_form=form))(logp, given)
    assert loss.value.item() == close(-sum(values) / 3)
    assert loss.parts["policy_loss"][0] == close(-sum(values) / 3)
    assert loss.parts["selection_loss"][0] == 0
    assert gradient(loss.value, logp) == [close([-slope / 3 for slope in slopes])]


@pytest.mark.parametrize(("form", "advantage"), BY_HAND)
def test_ratio_of_the_whole_response(form, advantage):
    """Three responses of two tokens, ratios 1 = .5 x 2, 1.5 = .75 x 2, .5 = .25 x 2; the same cases, one per response."""
    values, slopes = BY_HAND[form, advantage]
    ratios = [[0.5, 2.0], [0.75, 2.0], [0.25, 2.0]]
    logp, given = batch([[-0.25, -0.75], [-1.5, -0.5], [-1.0, -3.0]], ratios, [advantage] * 3)  # means: -.5, -1, -2
    loss = objective.Paper(train(clip_form=form, ratio_level="sequence"))(logp, given)
    assert loss.value.item() == close(-sum(values))
    per_token = 2 if form == "detached" else 1  # the ratio is a product over tokens, the detached form a mean
    assert gradient(loss.value, logp) == [close([-slope / per_token] * 2) for slope in slopes]


def test_the_advantage_scales():
    logp, given = batch(LOGP, RATIOS, [2.5])
    loss = objective.Paper(TRAIN)(logp, given)
    assert loss.value.item() == close(-2.5 * 2.7 / 3)
    assert gradient(loss.value, logp) == [close([-2.5 / 3, 0, -1.25 / 3])]


def test_the_selection_term_alone_is_over_the_cue():
    cue, loss_mask = [[True, False, False, False]], [[True, True, False, True]]  # the third token is execution output
    logp, given = batch([[-0.7, -0.5, -9.0, -1.0]], [[3.0, 1.0, 1.0, 1.1]], [2.0], loss_mask, cue)
    loss = objective.Paper(train(selection_weight=4.0))(logp, given)
    assert loss.parts["policy_loss"][0] == close(-(1.0 + 1.1) / 2 * 2)
    assert loss.parts["selection_loss"][0] == close(0.7)
    assert loss.value.item() == close(-2.1 + 4 * 0.7)
    assert gradient(loss.value, logp) == [close([-4.0, -1.0, 0.0, -1.1])]


def test_without_a_selection_term_the_cue_is_a_token_like_the_others():
    cue = [[True, False]]
    logp, given = batch([[-0.7, -0.5]], [[1.1, 1.0]], [2.0], cue=cue)
    loss = objective.Paper(train(selection_weight=0.0))(logp, given)
    assert loss.value.item() == close(-(1.1 + 1.0) / 2 * 2)
    assert gradient(loss.value, logp) == [close([-1.1, -1.0])]


def test_a_response_of_nothing_but_its_cue_has_no_policy_part():
    for level in ("token", "sequence"):
        logp, given = batch([[-0.7]], [[2.0]], [2.0], cue=[[True]])
        loss = objective.Paper(train(ratio_level=level))(logp, given)
        assert (loss.parts["policy_loss"][0], loss.value.item()) == close((0.0, 0.7))
        assert gradient(loss.value, logp) == [close([-1.0])]


@pytest.mark.parametrize("form", ["min", "pure", "detached"])
@pytest.mark.parametrize("level", ["token", "sequence"])
def test_a_response_without_behaviour_has_ratio_1_and_its_gradient(form, level):
    logp, given = batch([[-0.5, -1.5]], [[3.0, 0.1]], [2.0], known=[False])
    loss = objective.Paper(train(clip_form=form, ratio_level=level))(logp, given)
    slope = 2.0 if level == "sequence" and form != "detached" else 1.0
    assert loss.value.item() == close(2.0 if form == "detached" else -2.0)
    assert gradient(loss.value, logp) == [close([-slope, -slope])]


@pytest.mark.parametrize("form", ["min", "pure", "detached"])
@pytest.mark.parametrize("advantage", [1.5, -1.5])
@pytest.mark.parametrize("difference", [200.0, -200.0])
def test_ratios_out_of_all_bounds_keep_the_gradient_finite(form, advantage, difference):
    logp = torch.tensor([[-1.0, -1.0]], requires_grad=True)
    _, given = batch([[-1.0, -1.0]], [[1.0, 1.0]], [advantage])
    given = Batch(**{**vars(given), "reference": torch.full((1, 2), -1.0 - difference / 2), "advantage": torch.tensor([advantage])})
    for level in ("token", "sequence"):
        loss = objective.Paper(train(clip_form=form, ratio_level=level))(logp, given)
        assert math.isfinite(loss.value.item())
        assert all(map(math.isfinite, gradient(loss.value, logp)[0]))


def test_parts_are_sums_with_their_counts():
    logp, given = batch(LOGP, RATIOS, [1.0])
    parts = numbers(objective.Paper(TRAIN)(logp, given))
    assert (parts["ratio"], parts["clip_share"]) == (close((3.0, 3.0)), close((2.0, 3.0)))
    assert parts["kl_behaviour"] == close((0.5 - math.log(1.5) - 0.5 - math.log(0.5), 3.0))
    assert parts["advantage"] == (1.0, 1.0)
    assert set(parts) == {*objective.PARTS, *objective.SHOWN}


@pytest.mark.parametrize(("ratio", "reflective"), [("own", 3), ("one", 5)])
def test_which_tokens_have_no_behaviour_policy(ratio, reflective):
    """Of a reflective response its hint, before the cue; all of it where it is learned like a target of SFT; of others nothing."""
    row = {"token_ids": [1] * 5, "selection_mask": [False, False, False, True, False]}
    loss = objective.Paper(train(reflective_ratio=ratio))
    assert loss.unreferenced(row | {"kind": "reflective"}) == reflective
    assert loss.unreferenced(row | {"kind": "exploratory_native"}) == 0


@pytest.mark.parametrize("loss", [objective.Paper(TRAIN), objective.Released(), objective.ReleasedFirst()])
def test_a_rehearsed_demonstration_is_learned_like_sft(loss):
    """No policy sampled it: ratio 1, and so the gradient of its mean log-likelihood, of the cue as of every other token."""
    row = {"token_ids": [1, 2, 3], "selection_mask": [False] * 3, "kind": REHEARSED}
    assert loss.unreferenced(row) == 3
    logp, given = batch([[-2.0, -1.0, -0.5]], [[1.0] * 3], [1.0], known=[False], kinds=[REHEARSED])
    assert gradient(loss(logp, given).value, logp) == [close([-1 / 3] * 3)]


def test_parts_by_kind_are_those_of_its_responses():
    kinds = ["reflective", "exploratory_native"]
    logp, given = batch([[-0.5, -1.0], [-1.0, -1.0]], [[100.0, 1.0], [1.1, 0.9]], [1.0, 1.0], kinds=kinds)
    parts = numbers(objective.Paper(TRAIN)(logp, given))
    assert (parts["ratio/reflective"], parts["ratio/exploratory_native"]) == (close((101.0, 2.0)), close((2.0, 2.0)))
    assert parts["ratio_squared/reflective"] == close((10_001.0, 2.0))
    assert (parts["clip_share/reflective"], parts["clip_share/exploratory_native"]) == ((1.0, 2.0), (0.0, 2.0))
    assert parts["kl_behaviour/reflective"] == close((99 - math.log(100), 2.0))
    assert parts["ratio/exploratory_dictated"] == (0.0, 0.0)  # the log leaves out what nothing was counted for
    for name in objective.WATCHED:
        told = [parts[f"{name}/{kind}"] for kind in KINDS]
        assert parts[name] == close(tuple(map(sum, zip(*told, strict=True))))


def test_the_largest_ratio_has_a_square():
    logp, given = batch([[-1.0]], [[1.0]], [1.0])
    far = Batch(**{**vars(given), "reference": torch.full((1, 1), -101.0)})
    logp = logp.detach().float().requires_grad_()
    assert math.isfinite(objective.Paper(TRAIN)(logp, far).parts["ratio_squared"][0])


def test_the_released_objective_clamps_from_above_only():
    logp, given = batch(LOGP, RATIOS, [2.0])
    loss = objective.Released()(logp, given)
    # detached weights 1, 1.2, .5: (.5 x 1 + 1 x 1.2 + 2 x .5) / 3 x 2
    assert loss.parts["policy_loss"][0] == close(2.7 / 3 * 2)
    # twice half the mean log-probability lost: -(ln 1.5 + ln .5) / 3
    assert loss.value.item() == close(1.8 - (math.log(1.5) + math.log(0.5)) / 3)
    assert gradient(loss.value, logp) == [close([-(2 * weight + 1) / 3 for weight in (1.0, 1.2, 0.5)])]


def test_the_released_penalty_is_a_tenth_for_wrong_responses():
    logp, given = batch(LOGP, RATIOS, [-2.0], rewards=[0.0])
    loss = objective.Released()(logp, given)
    assert loss.parts["policy_loss"][0] == close(-1.8)
    assert loss.value.item() == close(-1.8 - 0.1 * (math.log(1.5) + math.log(0.5)) / 3)
    assert gradient(loss.value, logp) == [close([(2 * weight - 0.1) / 3 for weight in (1.0, 1.2, 0.5)])]


def test_the_released_objective_without_behaviour_is_weighted_likelihood():
    logp, given = batch(LOGP, RATIOS, [2.0], known=[False])
    loss = objective.Released()(logp, given)
    assert loss.value.item() == close(3.5 / 3 * 2)
    assert gradient(loss.value, logp) == [close([-2 / 3] * 3)]


def test_the_released_objective_learns_the_cue_with_the_rest_and_no_outputs():
    loss_mask, cue = [[True, True, False]], [[True, False, False]]
    logp, given = batch([[-0.7, -0.5, -9.0]], [[1.0, 1.0, 1.0]], [1.0], loss_mask, cue, known=[False])
    loss = objective.Released()(logp, given)
    assert loss.value.item() == close(0.6)
    assert loss.parts["selection_loss"][0] == close(0.7)
    assert gradient(loss.value, logp) == [close([-0.5, -0.5, 0.0])]


NUMBERS = st.floats(-3, 3, allow_subnormal=False)


@st.composite
def batches(draw, responses: int = 4, tokens: int = 5) -> tuple[torch.Tensor, Batch]:
    """Responses of several lengths with masks, some without behaviour."""
    table = st.lists(st.lists(NUMBERS, min_size=tokens, max_size=tokens), min_size=responses, max_size=responses)
    lengths = draw(st.lists(st.integers(1, tokens), min_size=responses, max_size=responses))
    loss = [[place < length for place in range(tokens)] for length in lengths]
    cue = [[place == 0 for place in range(tokens)]] * responses
    ratios = [[math.exp(value / 3) for value in row] for row in draw(table)]
    per_response = st.lists(NUMBERS, min_size=responses, max_size=responses)
    known = draw(st.lists(st.booleans(), min_size=responses, max_size=responses))
    rewards = [float(value > 0) for value in draw(per_response)]
    logp = [[-abs(value) for value in row] for row in draw(table)]
    kinds = draw(st.lists(st.sampled_from([*KINDS]), min_size=responses, max_size=responses))
    return batch(logp, ratios, draw(per_response), loss, cue, known, rewards, kinds)


def part(given: Batch, rows: slice) -> Batch:
    cut = {name: value[rows] for name, value in vars(given).items() if isinstance(value, torch.Tensor | list)}
    return replace(given, **cut)


OBJECTIVES = [
    *[
        (objective.Paper, {"clip_form": form, "ratio_level": level})
        for form in ("min", "pure", "detached")
        for level in ("token", "sequence")
    ],
    (objective.Paper, {"selection_weight": 0.0}),
    (lambda _: objective.Released(), {}),
]


@quick
@given(batches(), st.integers(1, 3), st.sampled_from(OBJECTIVES))
def test_micro_batches_add_up_to_the_batch(drawn, cut, which):
    (logp, given), (compute, changes) = drawn, which
    whole = compute(train(**changes))(logp, given)
    halves = [compute(train(**changes))(logp[rows], part(given, rows)) for rows in (slice(cut), slice(cut, None))]
    assert sum(half.value for half in halves).item() == close(whole.value.item())
    for name, (value, count) in numbers(whole).items():
        assert [sum(pair) for pair in zip(*(numbers(half)[name] for half in halves), strict=True)] == [close(value), count]
    added = torch.autograd.grad(sum(half.value for half in halves), logp)[0]
    assert torch.allclose(added, torch.autograd.grad(whole.value, logp)[0])


@quick
@given(batches(), st.sampled_from(["token", "sequence"]))
def test_clipping_never_enlarges_a_gradient(drawn, level):
    logp, given = drawn
    clipped, free = (
        torch.tensor(gradient(objective.Paper(train(ratio_level=level, selection_weight=0.0, **bounds))(logp, given).value, logp))
        for bounds in ({}, {"clip_low": 1e-12, "clip_high": 1e12})
    )
    assert (clipped.abs() <= free.abs() + 1e-12).all()
    same = torch.isclose(clipped, free) | (clipped == 0)
    assert same.all()


@quick
@given(batches(), st.sampled_from(OBJECTIVES))
def test_what_is_masked_has_no_gradient(drawn, which):
    (logp, given), (compute, changes) = drawn, which
    slopes = torch.tensor(gradient(compute(train(**changes))(logp, given).value, logp))
    assert (slopes[~(given.loss_mask | given.selection_mask)] == 0).all()
