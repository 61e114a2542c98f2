"""Rows: responses in the making, from the prompt to a row of table `rollouts`."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from mathcode import tables
from mathcode.core import random_streams
from mathcode.policies import tokens
from mathcode.responses.form import Form
from mathcode.rollouts.chunks import RolloutError
from mathcode.rollouts.engines import Completion

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Row:
    """A response in the making. `logprobs` has one entry per generated token."""

    query_id: str
    mode: str
    sample: int
    seed: int
    prompt: str
    prompt_ids: list[int]
    token_ids: list[int] = field(default_factory=list)
    generated: list[bool] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    rounds: list[dict] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)  # its programs that were run; the next one finds what they left
    calls: int = 0
    finish_reason: str | None = None
    isolation: str | None = None
    shown: int = 0  # characters of the response that earlier rounds cover

    def write(self, completion: Completion) -> None:
        self.token_ids += completion.token_ids
        self.generated += [True] * len(completion.token_ids)
        self.logprobs += completion.logprobs
        self.calls += 1

    def unwrite_last(self) -> None:
        """Take back the end-of-text token: the response goes on with the output of its program."""
        self.token_ids.pop()
        self.generated.pop()
        self.logprobs.pop()

    def show(self, ids: list[int]) -> None:
        self.token_ids += ids
        self.generated += [False] * len(ids)


def plan_rows(
    queries: pl.DataFrame,
    mode: str,
    samples: range,
    seed: int,
    prompt: Callable[[str], str],
    tokenizer,
    max_prompt_tokens: int,
    frame: str = tokens.QUESTION,
    some: bool = False,
) -> list[Row]:
    """One empty row per query and sample index, sorted by query and sample.

    Queries whose prompt is longer than `max_prompt_tokens` would leave no room for an answer: they are logged and still
    get a row, which ends at once with `length`, so that every query is counted; unless no query of a table is left.

    Args:
        mode: the name the rollouts are kept under.
        samples: indices of the rollouts of a query.
        prompt: the text the model is given for a question.
        frame: what of that text is always there, and alone makes control tokens.
        some: these are some of the queries of a table, and none of them need fit.

    Raises:
        RolloutError: every prompt is too long.
    """
    rows, long = [], 0
    queries = queries.sort("query_id")
    texts = [prompt(question) for question in queries["question"]]
    for query_id, text, prompt_ids in zip(queries["query_id"], texts, tokens.encode_prompts(tokenizer, texts, frame), strict=True):
        too_long = len(prompt_ids) > max_prompt_tokens
        long += too_long
        for sample in samples:
            row = Row(query_id, mode, sample, random_streams.stream(seed, query_id, mode, sample), text, prompt_ids)
            row.finish_reason = "length" if too_long else None
            rows.append(row)
    if long and long == len(queries) and not some:
        raise RolloutError(f"every prompt in mode {mode} is longer than {max_prompt_tokens} tokens: raise engine.max_model_len")
    if long:
        log.warning("%d of %d prompts in mode %s are longer than %d tokens: not answered", long, len(queries), mode, max_prompt_tokens)
    return rows


def table(rows: Sequence[Row], tokenizer, form: Form) -> pl.DataFrame:
    """Finished rows as table `rollouts`."""
    records = []
    for row in rows:
        response = tokenizer.decode(row.token_ids, skip_special_tokens=True)
        records.append(
            {
                "query_id": row.query_id,
                "mode": row.mode,
                "sample": row.sample,
                "seed": row.seed,
                "prompt": row.prompt,
                "response": response,
                "methodology": form.first_methodology(response),
                "rounds": row.rounds,
                "token_ids": row.token_ids,
                "generated": row.generated,
                "logprobs": row.logprobs,
                "finish_reason": row.finish_reason,
                "isolation": row.isolation,
            }
        )
    return pl.DataFrame(records, schema=tables.ROLLOUTS.schema)
