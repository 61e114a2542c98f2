"""The transformers engine: real sampling on a real, tiny model."""

import json
import math
import os
import shutil
import sys
from unittest import mock

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mathcode import settings
from mathcode.methods.autocode import dictations
from mathcode.policies import folders, scoring
from mathcode.responses.parse import OUTPUT_FENCE
from mathcode.rollouts import engines, transformers_engine
from mathcode.rollouts.engines import Request
from mathcode.rollouts.transformers_engine import TransformersEngine


def engine(folder, tiny_run, temperature: float = 1.0, top_p: float = 1.0) -> TransformersEngine:
    sampling = settings.Sampling(temperature=temperature, top_p=top_p, max_new_tokens=40, max_calls=3)
    return engines.start_engine(str(folder), tiny_run.engine, sampling)


@pytest.mark.parametrize(("before", "after"), [({}, "0"), ({"VLLM_USE_FLASHINFER_SAMPLER": "1"}, "1")])
def test_vllm_is_told_to_leave_flashinfer_out_before_it_is_imported(tiny_policy, tiny_run, before, after):
    """It reads the variable where its sampler is made. The import fails here, as without vLLM."""
    limits, greedy = (
        tiny_run.engine.model_copy(update={"name": "vllm"}),
        settings.Sampling(temperature=0, top_p=1, max_new_tokens=4, max_calls=1),
    )
    with mock.patch.dict(sys.modules, {"vllm": None}), mock.patch.dict(os.environ, before):
        with pytest.raises(engines.GenerationError, match="engine vllm is not installed in this environment"):
            engines.start_engine(str(tiny_policy), limits, greedy)
        assert os.environ["VLLM_USE_FLASHINFER_SAMPLER"] == after


TEXTS = ("What is 2 + 3?\n", "What is 5 + 6?\n", "2", "What is 4 + 4? Let's see:\n")


def requests(tokenizer, tokens: int = 12) -> list[Request]:
    return [Request(tokenizer(text)["input_ids"], 1000 + number, tokens) for number, text in enumerate(TEXTS)]


def test_no_request_no_completion(tiny_policy, tiny_run):
    assert engine(tiny_policy, tiny_run).generate([]) == []


def test_a_folder_without_a_model_is_an_error(tmp_path, tiny_run):
    with pytest.raises(folders.ModelError, match=r"no model here \(config.json is missing\)"):
        engine(tmp_path, tiny_run)


def test_a_row_does_not_depend_on_its_neighbours_or_their_order(tiny_policy, tiny_run):
    sampler = engine(tiny_policy, tiny_run)
    rows = requests(sampler.tokenizer)
    together = sampler.generate(rows)
    assert [row.token_ids for row in sampler.generate(rows[::-1])[::-1]] == [row.token_ids for row in together]
    longer = Request(rows[0].token_ids * 3, 5, 30)  # wider and longer than all the others
    for row, completion in zip(rows, together, strict=True):
        alone, _ = sampler.generate([row, longer])
        assert alone.token_ids == completion.token_ids
        assert alone.logprobs == pytest.approx(completion.logprobs, abs=1e-4)


def test_seeds_decide(tiny_policy, tiny_run):
    sampler = engine(tiny_policy, tiny_run)
    prompt = sampler.tokenizer("What is 2 + 3?\n")["input_ids"]
    rows = [completion.token_ids for completion in sampler.generate([Request(prompt, seed, 12) for seed in (1, 2, 3, 1, 2**63 - 1)])]
    assert rows[0] == rows[3]
    assert len({tuple(row) for row in rows}) == 4


def test_greedy_takes_the_likeliest_token_of_a_plain_forward_pass(tiny_policy, tiny_run):
    sampler = engine(tiny_policy, tiny_run, temperature=0)
    model = folders.load_policy(tiny_policy, "float32").eval()
    rows = requests(sampler.tokenizer)
    for row, completion in zip(rows, sampler.generate(rows), strict=True):
        ids = list(row.token_ids)
        for token in completion.token_ids:
            with torch.inference_mode():
                logits = model(input_ids=torch.tensor([ids])).logits[0, -1]
            assert token == int(logits.argmax())
            ids.append(token)
        assert len(ids) > len(row.token_ids)


def test_log_probabilities_are_the_models_own_at_any_temperature(tiny_policy, tiny_run):
    model = folders.load_policy(tiny_policy, "float32")
    for temperature, top_p in ((0, 1.0), (0.5, 1.0), (1.3, 0.8)):
        sampler = engine(tiny_policy, tiny_run, temperature, top_p)
        rows = requests(sampler.tokenizer)
        completions = sampler.generate(rows)
        examples = [
            scoring.TokenSequence(row.token_ids, completion.token_ids, [True] * len(completion.token_ids))
            for row, completion in zip(rows, completions, strict=True)
        ]
        scored = scoring.score(model, examples, sampler.tokenizer.pad_token_id, 64, "test")
        for completion, logprobs in zip(completions, scored, strict=True):
            assert completion.logprobs == pytest.approx(logprobs, abs=1e-4)


def test_a_models_own_generation_settings_do_not_bend_the_samples(tiny_policy, tiny_run, tmp_path):
    """Instruction-tuned models bring a repetition penalty, top-k and the like: the run's settings are the only ones that count."""
    bent = tmp_path / "bent"
    shutil.copytree(tiny_policy, bent)
    path = bent / "generation_config.json"
    habits = {"repetition_penalty": 5.0, "top_k": 1, "temperature": 0.1, "do_sample": True}
    path.write_text(json.dumps(json.loads(path.read_text()) | habits))
    plain, other = engine(tiny_policy, tiny_run), engine(bent, tiny_run)
    rows = requests(plain.tokenizer)
    assert other.generate(rows) == plain.generate(rows)


def test_sampled_frequencies_follow_temperature_and_nucleus():
    logits = torch.log(torch.tensor([0.1, 0.5, 0.15, 0.25]))
    uniform = (torch.arange(20000, dtype=torch.float64) + 0.5) / 20000

    def shares(temperature: float, top_p: float) -> list[float]:
        chosen = transformers_engine._invert((logits / temperature).expand(len(uniform), -1), top_p, uniform)
        return (torch.bincount(chosen, minlength=4) / len(uniform)).tolist()

    assert shares(1.0, 1.0) == pytest.approx([0.1, 0.5, 0.15, 0.25], abs=1e-3)
    squares = [0.01, 0.25, 0.0225, 0.0625]
    assert shares(0.5, 1.0) == pytest.approx([square / sum(squares) for square in squares], abs=1e-3)
    # The nucleus is the fewest likeliest tokens that reach top_p: 0.5 + 0.25 >= 0.7, with 0.15 up to 0.9.
    assert shares(1.0, 0.7) == pytest.approx([0, 2 / 3, 0, 1 / 3], abs=1e-3)
    assert shares(1.0, 0.8) == pytest.approx([0, 0.5 / 0.9, 0.15 / 0.9, 0.25 / 0.9], abs=1e-3)
    assert shares(1.0, 0.3) == [0, 1, 0, 0]


def by_sorting_all(logits, top_p: float, uniform):
    """The nucleus in the plain way."""
    ordered, order = torch.softmax(logits.double(), dim=-1).sort(dim=-1, descending=True, stable=True)
    cumulative = torch.where(ordered.cumsum(dim=-1) - ordered >= top_p, 0.0, ordered).cumsum(dim=-1)
    rank = torch.searchsorted(cumulative, uniform[:, None] * cumulative[:, -1:], right=True).clamp(max=logits.shape[1] - 1)
    return order.gather(1, rank)[:, 0]


@given(
    st.integers(0, 2**31),
    st.sampled_from([0.0, 0.01, 1.0, 5.0, 30.0, 300.0]),
    st.sampled_from([40, 300]),
    st.sampled_from([None, 1.0, 0.1]),
    st.sampled_from([1e-9, 0.3, 0.5, 0.9, 0.95, 1 - 2**-53]),
)
def test_the_nucleus_of_a_large_vocabulary_is_that_of_sorting_all(seed, scale, vocabulary, grid, top_p):
    """Logits from flat to certain, ties (numbers on a grid) and infinities among them; uniform numbers to the last before 1."""
    source = torch.Generator().manual_seed(seed)
    logits = torch.randn(12, vocabulary, generator=source) * scale * torch.rand(12, 1, generator=source)
    logits = logits if grid is None else (logits / grid).round() * grid
    logits[0, torch.randperm(vocabulary, generator=source)[: vocabulary - 3]] = -math.inf
    logits[1] = 0.0
    logits[2, 3] = math.nan
    uniform = torch.rand(12, generator=source, dtype=torch.float64)
    uniform[3], uniform[4] = 0.0, 1 - 2**-53
    with mock.patch.multiple(transformers_engine, LIKELIEST=16, LARGE=20):
        assert torch.equal(transformers_engine._invert(logits, top_p, uniform), by_sorting_all(logits, top_p, uniform))


@pytest.mark.parametrize("halves", [7, 8, 9])
def test_ties_at_the_end_of_those_tried_first(halves):
    """Half of the probability lies on equal tokens, the other half on as many lower ones behind them."""
    logits = torch.full((1, 64), -math.inf)
    logits[0, 1 : 2 * halves : 2], logits[0, 30:46] = 0.0, -1.0
    uniform = torch.linspace(0, 1 - 2**-53, 200, dtype=torch.float64)
    with mock.patch.multiple(transformers_engine, LIKELIEST=8, LARGE=20):
        for top_p in (0.2, 0.5, 0.6, 0.9):
            many = logits.expand(200, -1)
            assert torch.equal(transformers_engine._invert(many, top_p, uniform), by_sorting_all(many, top_p, uniform))


def test_rows_with_few_likely_tokens_need_no_sorting_of_all(monkeypatch):
    logits = torch.randn(4, 5000, generator=torch.Generator().manual_seed(1))
    logits[:, 7] = 20.0
    sorts = []
    monkeypatch.setattr(torch.Tensor, "sort", lambda self, sort=torch.Tensor.sort, **how: sorts.append(self.shape) or sort(self, **how))
    uniform = torch.full((4,), 0.5, dtype=torch.float64)
    assert transformers_engine._invert(logits, 0.95, uniform).tolist() == [7] * 4
    logits[2, 7] = 0.0
    assert max(size for _, size in sorts) == transformers_engine.LIKELIEST
    assert transformers_engine._invert(logits, 0.95, uniform)[2] == by_sorting_all(logits, 0.95, uniform)[2]
    assert [rows for rows, size in sorts if size == 5000] == [1, 4]


def test_the_nucleus_leaves_out_the_tail(tiny_policy, tiny_run):
    """Every sampled token lies in the nucleus of a plain forward pass, and some unrestricted one does not."""
    model = folders.load_policy(tiny_policy, "float32").eval()

    def outside(top_p: float) -> int:
        sampler, count = engine(tiny_policy, tiny_run, 1.0, top_p), 0
        prompt = sampler.tokenizer("What is 2 + 3?\n")["input_ids"]
        with torch.inference_mode():
            probabilities = torch.softmax(model(input_ids=torch.tensor([prompt])).logits[0, -1].double(), dim=-1)
        for completion in sampler.generate([Request(prompt, seed, 1) for seed in range(64)]):
            likelier = probabilities[probabilities > probabilities[completion.token_ids[0]]].sum()
            count += bool(likelier >= 0.5)
        return count

    assert outside(0.5) == 0
    assert outside(1.0) > 0


def test_a_row_ends_at_the_fence_at_the_end_of_text_or_at_its_length(trained_policy, tiny_run):
    sampler = engine(trained_policy, tiny_run, temperature=0)
    tokenizer = sampler.tokenizer
    code, cot = (tokenizer(dictations.render("plain", mode, "What is 2 + 3?"))["input_ids"] for mode in ("code", "cot"))
    fence, eos, length = sampler.generate([Request(code, 1, 40), Request(cot, 2, 40), Request(cot, 3, 4)])
    assert (fence.ended, eos.ended, length.ended) == ("fence", "eos", "length")
    assert tokenizer.decode(fence.token_ids).endswith(OUTPUT_FENCE)
    assert eos.token_ids[-1] == tokenizer.eos_token_id
    assert tokenizer.eos_token_id not in eos.token_ids[:-1]
    assert length.token_ids == eos.token_ids[:4]
    for completion in (fence, eos, length):
        assert len(completion.logprobs) == len(completion.token_ids)
        assert max(completion.logprobs) <= 0


def test_a_fence_in_the_prompt_does_not_end_a_row(trained_policy, tiny_run):
    sampler = engine(trained_policy, tiny_run, temperature=0)
    text = (
        dictations.render("plain", "code", "What is 2 + 3?") + "Let's write a program.\n```python\nprint(2 + 3)\n```\n```output\n5\n```\n"
    )
    (completion,) = sampler.generate([Request(sampler.tokenizer(text)["input_ids"], 1, 40)])
    assert completion.ended == "eos"
    assert "boxed{5}" in sampler.tokenizer.decode(completion.token_ids)
