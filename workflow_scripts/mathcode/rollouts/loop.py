"""Rollouts: generate, run the programs, show their output, go on; until the model ends or its budget does.

Rows are sampled in fixed chunks (`mathcode.rollouts.chunks`); finished ones survive in an undeclared checkpoint folder.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from tqdm import tqdm

from mathcode import settings, tables
from mathcode.core import gpu_watch, random_streams
from mathcode.interpreter.driver import Execution, Interpreter, cut, feedback
from mathcode.policies import tokens
from mathcode.responses import parse
from mathcode.responses.form import Form
from mathcode.rollouts.chunks import RolloutError, check_infrastructure, chunk_path, sampled_before
from mathcode.rollouts.engines import Completion, Engine, Request

log = logging.getLogger(__name__)


@dataclass
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
) -> list[Row]:
    """One empty row per query and sample index, sorted by query and sample.

    Queries whose prompt is longer than `max_prompt_tokens` would leave no room for an answer: they are logged and still
    get a row, which ends at once with `length`, so that every query is counted; unless no query is left.

    Args:
        mode: the name the rollouts are kept under.
        samples: indices of the rollouts of a query.
        prompt: the text the model is given for a question.
        frame: what of that text is always there, and alone makes control tokens.

    Raises:
        RolloutError: every prompt is too long.
    """
    rows, long = [], 0
    for query_id, question in queries.sort("query_id").select("query_id", "question").iter_rows():
        text = prompt(question)
        prompt_ids = tokens.encode_prompt(tokenizer, text, frame)
        too_long = len(prompt_ids) > max_prompt_tokens
        long += too_long
        for sample in samples:
            row = Row(query_id, mode, sample, random_streams.stream(seed, query_id, mode, sample), text, prompt_ids)
            row.finish_reason = "length" if too_long else None
            rows.append(row)
    if long and long == len(queries):
        raise RolloutError(f"every prompt in mode {mode} is longer than {max_prompt_tokens} tokens: raise engine.max_model_len")
    if long:
        log.warning("%d of %d prompts in mode %s are longer than %d tokens: not answered", long, len(queries), mode, max_prompt_tokens)
    return rows


@gpu_watch.watched()
def sample_rollouts(
    rows: list[Row],
    engine: Engine,
    interpreter: Interpreter,
    sampling: settings.Sampling,
    limits: settings.Engine,
    checkpoints: Path,
    label: str,
    form: Form,
) -> pl.DataFrame:
    """Sample all rows, chunk by chunk, and return them as table `rollouts`.

    Finished chunks are kept in `checkpoints` (which the caller keys by settings, data and model) and taken from there on a
    second start; at most one chunk of work is lost to a kill.
    """
    checkpoints.mkdir(parents=True, exist_ok=True)
    chunks = [rows[start : start + limits.chunk_rows] for start in range(0, len(rows), limits.chunk_rows)]
    done = []
    with tqdm(total=len(rows), desc=label, unit="row", mininterval=5) as progress:
        for number, chunk in enumerate(chunks):
            path = chunk_path(checkpoints, number)
            sampled = sampled_before(path)
            if sampled is None:
                _sample_chunk(chunk, engine, interpreter, sampling, limits)
                tables.ROLLOUTS.write(_table(chunk, engine.tokenizer, form), path)
                sampled = tables.ROLLOUTS.read(path)
            done.append(sampled)
            progress.update(len(chunk))
    check_infrastructure(done, checkpoints, interpreter.limits.max_infrastructure_errors)
    return pl.concat(done) if done else tables.ROLLOUTS.empty()


def _sample_chunk(rows: list[Row], engine: Engine, interpreter: Interpreter, sampling: settings.Sampling, limits: settings.Engine) -> None:
    """Advance every row of a chunk to its end: one call of the engine, then all asked-for programs, and again."""
    while active := [row for row in rows if row.finish_reason is None]:
        requests = [_request(row, sampling, limits) for row in active]
        asking = []
        for row, completion in zip(active, engine.generate(requests), strict=True):
            row.write(completion)
            if programs := _after_call(row, completion, engine.tokenizer):
                asking.append((row, programs))
                row.ran += programs
        wanted = [tuple(row.ran[:end]) for row, programs in asking for end in range(len(row.ran) - len(programs) + 1, len(row.ran) + 1)]
        executions = iter(interpreter.run(wanted))
        for row, programs in asking:
            row.isolation = interpreter.isolation
            _show_outputs(row, programs, [next(executions) for _ in programs], engine.tokenizer, interpreter.limits)
            if row.calls >= sampling.max_calls:
                row.finish_reason = "calls"
            elif _room(row, limits) < 1:
                row.finish_reason = "length"
    for row in rows:
        _close_rounds(row, engine.tokenizer)


def _request(row: Row, sampling: settings.Sampling, limits: settings.Engine) -> Request:
    return Request(
        row.prompt_ids + row.token_ids, random_streams.stream(row.seed, row.calls), min(sampling.max_new_tokens, _room(row, limits))
    )


def _room(row: Row, limits: settings.Engine) -> int:
    return limits.max_model_len - len(row.prompt_ids) - len(row.token_ids)


def _after_call(row: Row, completion: Completion, tokenizer) -> list[str]:
    """The programs to run now, if the model asked for any; otherwise the row is finished."""
    if completion.ended == "length":
        row.finish_reason = "length"
        return []
    programs = parse.pending_programs(tokenizer.decode(row.token_ids, skip_special_tokens=True)[row.shown :])
    if not programs:
        row.finish_reason = "stop"
    elif completion.ended == "eos":
        row.unwrite_last()
    return programs


def _show_outputs(row: Row, programs: list[str], executions: list[Execution], tokenizer, limits: settings.Interpreter) -> None:
    """Append what the programs of a turn printed as the model sees it, in one block, and record a round for each.

    The fence belongs to the model when it wrote it, else (it just ended after its program) to what it is shown.
    """
    outputs = [feedback(execution, limits.output_chars) for execution in executions]
    text = tokenizer.decode(row.token_ids, skip_special_tokens=True)
    shown = parse.render_output("\n".join(filter(None, outputs)))
    if not text.rstrip().endswith(parse.OUTPUT_FENCE):
        shown = f"\n{parse.OUTPUT_FENCE}" + shown
    if text.endswith("\n"):
        shown = shown.removeprefix("\n")
    row.show(tokens.encode_text(tokenizer, shown))
    for said, program, output, execution in zip(_shares(text[row.shown :], programs), programs, outputs, executions, strict=True):
        told = {"result": kept(execution.stdout, limits.result_chars), "error": kept(execution.error, limits.result_chars)}
        row.rounds.append({"text": said, "program": program, "output": output, **told, "outcome": execution.outcome})
    row.shown = len(tokenizer.decode(row.token_ids, skip_special_tokens=True))


def _shares(text: str, programs: list[str]) -> list[str]:
    """The text of a turn cut after each of its programs; the last has what follows too."""
    shares, start = [], 0
    for program in programs[:-1]:
        end = max(start, text.find(program, start) + len(program))
        close = text.find(parse.CLOSE_FENCE, end)
        end = end if close < 0 else close + len(parse.CLOSE_FENCE)
        shares.append(text[start:end])
        start = end
    return [*shares, text[start:]]


def kept(text: str, chars: int) -> str:
    """What a table keeps of a stream: all of it up to `chars`, else its two ends and how much is between them."""
    return cut(text, chars, f"\n[... {len(text) - 2 * (chars // 2)} characters ...]\n")


def _close_rounds(row: Row, tokenizer) -> None:
    text = tokenizer.decode(row.token_ids, skip_special_tokens=True)[row.shown :]
    if text or not row.rounds:
        row.rounds.append({"text": text} | dict.fromkeys(("program", "output", "result", "error", "outcome")))


def _table(rows: list[Row], tokenizer, form: Form) -> pl.DataFrame:
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
