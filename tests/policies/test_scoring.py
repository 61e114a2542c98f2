"""The head only where somebody looks: the same log-probabilities and gradients as from all logits, on every kind of model."""

import random
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from mathcode import settings
from mathcode.policies import adapters, head, scoring
from mathcode.policies.scoring import ScoringError, TokenSequence

SIZE = {
    "vocab_size": 97, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 128, "initializer_range": 0.3,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def llama(**changes):
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(**SIZE | changes))


def qwen(**changes):
    torch.manual_seed(0)
    return Qwen2ForCausalLM(Qwen2Config(**SIZE | changes))


def with_adapters(**changes):
    model = adapters.add_lora(llama(**changes), settings.Lora(rank=4, alpha=8), 1)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:  # zero at first, and the gradient of the other factor with it
            torch.nn.init.normal_(parameter, std=0.1)
    return model


def checkpointed(**changes):
    model = llama(**changes)
    model.config.use_cache = False
    model.gradient_checkpointing_enable()
    return model.train()


MODELS = {
    "llama": llama,
    "tied": lambda: llama(tie_word_embeddings=True),
    "qwen2": qwen,
    "lora": with_adapters,
    "checkpointed": checkpointed,
}


@pytest.fixture
def sequences() -> list[TokenSequence]:
    """Of several lengths, with gaps in their masks; one has nothing to look at."""
    draw = random.Random(5)
    made = []
    for number in range(6):
        prompt, response = ([draw.randrange(97) for _ in range(draw.randint(1, 9))] for _ in range(2))
        made.append(TokenSequence(prompt, response, [number != 3 and draw.random() < 0.6 for _ in response]))
    return made


def from_all_logits(model, sequences: list[TokenSequence]) -> torch.Tensor:
    """The plain way: every logit of the batch in fp32."""
    ids, attention = scoring.filled_up([[*one.prompt_ids, *one.response_ids] for one in sequences], 0)
    every = model(input_ids=ids, attention_mask=attention).logits.float().log_softmax(dim=-1)
    out = torch.zeros((len(sequences), max(len(one.response_ids) for one in sequences)))
    for row, one in enumerate(sequences):
        for place, (token, wanted) in enumerate(zip(one.response_ids, one.loss_mask, strict=True)):
            if wanted:
                out[row, place] = every[row, len(one.prompt_ids) + place - 1, token]
    return out


def gradients(model, logp: torch.Tensor) -> dict[str, torch.Tensor]:
    model.zero_grad()
    slopes = torch.randn(logp.shape, generator=torch.Generator().manual_seed(1))
    (logp * slopes).sum().backward()
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}


@pytest.mark.parametrize("piece", [2**24, 5 * 97, 1])
@pytest.mark.parametrize("name", MODELS)
def test_values_and_gradients_are_those_of_all_logits(sequences, monkeypatch, name, piece):
    monkeypatch.setattr(head, "PIECE", piece)  # all at once, five positions, one position
    model = MODELS[name]()
    plain, ours = from_all_logits(model, sequences), scoring.token_logprobs(model, sequences, 0)
    torch.testing.assert_close(ours, plain, rtol=1e-6, atol=2e-6)
    expected, found = gradients(model, plain), gradients(model, ours)
    assert expected.keys() == found.keys()
    for weight, gradient in expected.items():
        torch.testing.assert_close(found[weight], gradient, rtol=1e-5, atol=1e-6 * float(gradient.abs().max()) + 1e-7, msg=weight)


@pytest.mark.parametrize("name", MODELS)
def test_no_number_needs_the_mask_that_is_left_out_on_cuda(sequences, monkeypatch, name):
    on_cuda, here = SimpleNamespace(is_cuda=True), torch.ones((1, 1))
    assert scoring._mask(on_cuda) is None
    assert scoring._mask(here) is here
    model, prompts = MODELS[name](), [[1, 2, 3], [4], [5, 6, 7, 8, 9]]
    given = []
    model.register_forward_pre_hook(lambda _, positional, named: given.append(named["attention_mask"]), with_kwargs=True)

    def scored() -> tuple[torch.Tensor, torch.Tensor]:
        return scoring.token_logprobs(model, sequences, 0), scoring.score_labels(model, prompts, {"YES": [1, 2], "NO": [3]})

    masked = scored()
    monkeypatch.setattr(scoring, "_mask", lambda attention: None)
    for without, expected in zip(scored(), masked, strict=True):
        torch.testing.assert_close(without, expected, rtol=0, atol=1e-5)
    assert [mask is None for mask in given] == [False, False, True, True]


def test_log_probabilities_that_a_wrapper_rounds_are_refused(sequences):
    """As full sharding does that is left to accelerate: bf16 knows no number between -6.00 and -6.03."""

    class Rounding(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.module = llama()

        def forward(self, **given):
            out = self.module(**given)
            out.logits = out.logits.bfloat16()
            return out

    with pytest.raises(ScoringError, match="came out in bfloat16, not float32"):
        scoring.token_logprobs(Rounding(), sequences, 0)


def test_the_head_sees_the_looked_at_positions_and_keeps_no_block_of_logits(sequences, monkeypatch):
    monkeypatch.setattr(head, "PIECE", 4 * 97)
    shapes = []

    def seen(states, matrix, bias, linear=functional.linear):
        shapes.append(tuple(states.shape))
        return linear(states, matrix, bias)

    monkeypatch.setattr(head.functional, "linear", seen)
    model, wanted = llama(), sum(sum(one.loss_mask) for one in sequences)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor.shape) or tensor, lambda tensor: tensor):
        logp = scoring.token_logprobs(model, sequences, 0)
    on_head = [shape[0] for shape in shapes if len(shape) == 2]
    assert sum(on_head) == wanted
    assert max(on_head) == 4
    assert not [shape for shape in kept if shape and shape[-1] == 97], "logits are kept for the backward pass"
    assert logp.shape == (6, max(len(one.response_ids) for one in sequences))
    assert (logp != 0).sum() == wanted


def test_the_head_is_its_own_again_whatever_happens(sequences):
    model = llama()
    before = model(input_ids=torch.tensor([[1, 2, 3]])).logits
    scoring.token_logprobs(model, sequences, 0)
    with pytest.raises(IndexError):
        scoring.token_logprobs(model, [TokenSequence([1], [99999], [True])], 0)
    assert "forward" not in vars(model.lm_head)
    assert torch.equal(model(input_ids=torch.tensor([[1, 2, 3]])).logits, before)


def test_under_autocast_the_product_is_rounded_and_the_softmax_is_not(sequences):
    model = llama()
    exact = scoring.token_logprobs(model, sequences, 0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded, plain = scoring.token_logprobs(model, sequences, 0), from_all_logits(model, sequences)
    assert rounded.dtype == torch.float32
    assert 0 < (rounded - exact).abs().max() < 0.2
    torch.testing.assert_close(rounded, plain, rtol=1e-3, atol=1e-3)
    expected, found = gradients(model, plain), gradients(model, rounded)
    for weight, gradient in expected.items():
        torch.testing.assert_close(found[weight], gradient, rtol=0.1, atol=0.03 * float(gradient.abs().max()), msg=weight)


def test_nothing_to_look_at_is_a_zero_with_a_gradient():
    model = llama()
    logp = scoring.token_logprobs(model, [TokenSequence([1, 2], [3, 4], [False, False])], 0)
    logp.sum().backward()
    assert logp.tolist() == [[0.0, 0.0]]
    assert all(float(parameter.grad.abs().max()) == 0 for parameter in model.parameters())


def test_labels_are_summed_over_their_spellings():
    model, prompts = llama().eval(), [[1, 2, 3], [4], [5, 6, 7, 8, 9]]
    words = {"YES": [10, 11, 12], "NO": [20]}
    for tokens in (1, 1000):
        scored = scoring.score_labels(model, prompts, words, micro_batch_tokens=tokens)
        for row, prompt in zip(scored, prompts, strict=True):
            every = model(input_ids=torch.tensor([prompt])).logits[0, -1].softmax(dim=-1)
            assert row.exp().tolist() == pytest.approx([every[ids].sum().item() for ids in words.values()], rel=1e-4)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: scoring.token_logprobs(llama(), [TokenSequence([], [1], [True])], 0), "without a prompt"),
        (lambda: scoring.score_labels(llama(), [[1], []], {"YES": [1]}), "an empty prompt"),
        (lambda: scoring.score_labels(llama(), [[1]], {"YES": [1], "NO": []}), "'NO' has no token"),
        (lambda: scoring.score_labels(scaled(), [[1]], {"YES": [1]}), "'logit_scale' of its config.json"),
        (lambda: scoring.score_labels(adapted_head(), [[1]], {"YES": [1]}), "only a plain linear head"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(call, said):
    with pytest.raises(ScoringError, match=said):
        call()


def scaled():
    model = llama()
    model.config.logit_scale = 0.5
    return model


def adapted_head():
    from peft import LoraConfig, get_peft_model

    return get_peft_model(llama(), LoraConfig(r=2, target_modules=["lm_head"]))
