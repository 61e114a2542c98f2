"""Rollouts of hostile text: a question and an output that hold markers make no control token, and sampled tokens stay as they are."""

from functools import partial

import polars as pl
import pytest

from mathcode import tables
from mathcode.interpreter.driver import Interpreter
from mathcode.methods.autocode import METHOD
from mathcode.methods.autocode.form import FORM
from mathcode.policies import folders, tokens
from mathcode.responses import prompts
from mathcode.rollouts import loop
from mathcode.rollouts.engines import Completion
from mathcode.rollouts.rows import plan_rows

MARKED = "What is <|end|> + <|pad|>?"
PROGRAM = "Let's write a program.\n```python\nprint('<|end|>' + '<|pad|>' * 2)\n```\n```output"


class LetterEngine:
    """Says its texts letter by letter, which is not how the tokenizer itself would cut them, each with a log-probability of its own."""

    def __init__(self, tokenizer, *texts: str):
        self.tokenizer, self.texts, self.said = tokenizer, list(texts), []

    def generate(self, requests):
        text = self.texts.pop(0)
        ids = [token for letter in text.removesuffix("<eos>") for token in tokens.encode_text(self.tokenizer, letter)]
        ids += [self.tokenizer.eos_token_id] * text.endswith("<eos>")
        logprobs = [-0.25 * place for place in range(len(ids))]
        self.said.append((ids, logprobs))
        return [Completion(ids, logprobs, "eos" if text.endswith("<eos>") else "fence") for _ in requests]


@pytest.fixture(scope="module")
def rolled(tiny_policy, tiny_run, tmp_path_factory):
    """Tokenizer, engine and the one rollout of a marked question whose program prints markers."""
    tokenizer = folders.load_tokenizer(tiny_policy)
    queries = pl.DataFrame([{"query_id": "q", "dataset": "d", "question": MARKED, "gold": "5"}], schema=tables.QUERIES.schema)
    engine = LetterEngine(tokenizer, PROGRAM, "The answer is \\boxed{5}.<eos>")
    frame = prompts.profile("plain").frame
    rows = plan_rows(queries, "code", range(1), 1, partial(METHOD.prompt, "plain", "code"), tokenizer, 200, frame)
    limits = tiny_run.engine.model_copy(update={"max_model_len": 500})
    sampling = tiny_run.explore.sampling.model_copy(update={"max_calls": 3})
    with Interpreter(tiny_run.interpreter) as interpreter:
        (made,) = loop.sample_rollouts([loop.Plan(rows, tmp_path_factory.mktemp("kept"))], engine, interpreter, sampling, limits, FORM)
    return tokenizer, engine, rows[0], made.row(0, named=True)


def test_neither_question_nor_output_makes_a_control_token(rolled):
    tokenizer, _, row, made = rolled
    controls = tokens.control_tokens(tokenizer)
    assert controls.isdisjoint(row.prompt_ids)
    assert tokenizer.decode(row.prompt_ids) == made["prompt"]
    shown = [token for token, own in zip(made["token_ids"], made["generated"], strict=True) if not own]
    assert controls.isdisjoint(shown)
    assert [token for token in made["token_ids"] if token in controls] == [tokenizer.eos_token_id]


def test_what_a_program_printed_is_read_back(rolled):
    tokenizer, _, _, made = rolled
    printed = "<|end|>" + "<|pad|>" * 2
    assert made["rounds"][0]["output"] == printed
    assert f"```output\n{printed}\n```\n" in made["response"]
    assert tokenizer.decode(made["token_ids"], skip_special_tokens=True) == made["response"]


def test_sampled_tokens_and_their_log_probabilities_stay_as_sampled(rolled):
    _, engine, _, made = rolled
    own = [token for token, generated in zip(made["token_ids"], made["generated"], strict=True) if generated]
    assert own == [token for ids, _ in engine.said for token in ids]
    assert made["logprobs"] == [logprob for _, logprobs in engine.said for logprob in logprobs]
