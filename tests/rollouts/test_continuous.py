"""Continuous batching: rows enter and leave one by one, and say what they say in lockstep."""

from functools import partial

import pytest

from mathcode.interpreter.driver import Interpreter
from mathcode.methods.autocode import METHOD
from mathcode.methods.autocode.form import FORM
from mathcode.rollouts import loop
from mathcode.rollouts.engines import Completion, Request
from mathcode.rollouts.rows import plan_rows

SLOTS = 3
LAST_BITS = 1e-4
"""Nats by which a log-probability may differ when other rows stand beside it."""


@pytest.fixture(scope="module")
def asked(trained_policy, tiny_run, queries):
    """Requests of several lengths, with seeds of their own."""
    from mathcode.policies import folders

    tokenizer = folders.load_tokenizer(trained_policy)
    prompts = [METHOD.prompt("plain", mode, question) for question in queries["question"].head(5) for mode in ("code", "cot")]
    return [Request(tokenizer(prompt)["input_ids"], number, 5 + 9 * (number % 4)) for number, prompt in enumerate(prompts)]


def engine(policy: str, tiny_run, temperature: float):
    from mathcode.rollouts.transformers_engine import TransformersEngine

    sampling = tiny_run.explore.sampling.model_copy(update={"temperature": temperature})
    return TransformersEngine(policy, tiny_run.engine.model_copy(update={"chunk_rows": SLOTS}), sampling)


def stepped(sampler, requests: list[Request]) -> list[Completion]:
    """Completions of requests that enter as others leave, as many at once as there are slots."""
    waiting, numbers, done = list(requests), [], {}
    while waiting or len(done) < len(numbers):
        while waiting and len(numbers) - len(done) < sampler.slots:
            numbers.append(sampler.submit(waiting.pop(0)))
        done |= sampler.step()
    return [done[number] for number in numbers]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_row_that_joins_a_batch_says_what_it_says_in_its_own(trained_policy, tiny_run, asked, temperature):
    sampler = engine(trained_policy, tiny_run, temperature)
    for one, other in zip(stepped(sampler, asked), sampler.generate(asked), strict=True):
        assert (one.token_ids, one.ended) == (other.token_ids, other.ended)
        assert one.logprobs == pytest.approx(other.logprobs, abs=LAST_BITS)


def test_all_rows_may_be_handed_in_at_once(trained_policy, tiny_run, asked):
    sampler = engine(trained_policy, tiny_run, 1.0)
    numbers, done = [sampler.submit(request) for request in asked], {}
    while len(done) < len(numbers):
        done |= sampler.step()
    assert [done[number].token_ids for number in numbers] == [one.token_ids for one in sampler.generate(asked)]


def test_where_a_model_keeps_a_window_rows_wait_for_the_batch_to_end(trained_policy, tiny_run, asked, monkeypatch):
    from mathcode.rollouts import transformers_engine

    monkeypatch.setattr(transformers_engine._Batch, "can_grow", False)
    monkeypatch.delattr(transformers_engine._Batch, "take_in")
    sampler = engine(trained_policy, tiny_run, 1.0)
    assert [one.token_ids for one in stepped(sampler, asked)] == [one.token_ids for one in sampler.generate(asked)]


class OneTurn:
    """An engine of two slots whose rows each write what it was told, a step after they entered; it keeps what went on."""

    slots = 2

    def __init__(self, tokenizer, texts: dict[int, list[str]]):
        self.tokenizer, self.texts, self.entered, self.most, self._open = tokenizer, texts, [], 0, {}

    def submit(self, request: Request) -> int:
        row = next(place for place, prompt in enumerate(self.texts) if request.token_ids[: len(prompt)] == list(prompt))
        self.entered.append(row)
        self._open[len(self.entered)] = self.texts[list(self.texts)[row]].pop(0)
        self.most = max(self.most, len(self._open))
        return len(self.entered)

    def step(self) -> dict[int, Completion]:
        said = {number: self.tokenizer(text, add_special_tokens=False)["input_ids"] for number, text in self._open.items()}
        self._open = {}
        end = self.tokenizer.eos_token_id
        return {number: Completion([*ids, end], [-0.5] * (len(ids) + 1), "eos") for number, ids in said.items()}


@pytest.mark.stage
def test_no_row_waits_for_the_program_of_another(trained_policy, tiny_run, queries, tmp_path):
    from mathcode.policies import folders

    tokenizer = folders.load_tokenizer(trained_policy)
    rows = plan_rows(queries.head(4), "code", range(1), 1, partial(METHOD.prompt, "plain", "code"), tokenizer, 200)
    gate = tmp_path / "gate"  # opened by the second program: the first can end only if somebody went on meanwhile
    programs = ["import time\nwhile True:\n    time.sleep(0.01)", "print(2)", "print(3)", "print(4)"]
    texts = {
        tuple(row.prompt_ids): [f"Let's write a program.\n```python\n{program}\n```\n", "The answer is \\boxed{1}."]
        for row, program in zip(rows, programs, strict=True)
    }
    limits = tiny_run.engine.model_copy(update={"chunk_rows": 1, "max_model_len": 400, "continuous_batching": True})
    sampling = tiny_run.explore.sampling.model_copy(update={"max_calls": 3})
    scripted = OneTurn(tokenizer, texts)
    with Interpreter(tiny_run.interpreter.model_copy(update={"timeout": 3.0})) as interpreter:
        (frame,) = loop.sample_rollouts([loop.Plan(rows, gate)], scripted, interpreter, sampling, limits, FORM)
    assert scripted.most == scripted.slots
    assert sorted(scripted.entered) == sorted([0, 1, 2, 3] * 2), "every row was asked twice"
    assert scripted.entered[-1] == 0, "the row whose program hung came last"
    outcomes = dict(zip(frame["query_id"], [rounds[0]["outcome"] for rounds in frame["rounds"]], strict=True))
    assert [outcomes[row.query_id] for row in rows] == ["timed_out", "ok", "ok", "ok"]
