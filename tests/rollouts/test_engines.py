"""The transformers engine: real sampling on a real, tiny model."""

import json
import shutil

import pytest
import torch

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
