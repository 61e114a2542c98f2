"""The turns of a response: what the engine is asked, which programs run, and what the model is shown of them."""

from dataclasses import dataclass
from typing import Any

from mathcode import settings
from mathcode.core import random_streams
from mathcode.interpreter.driver import Execution, Interpreter, cut, feedback
from mathcode.policies import tokens
from mathcode.responses import parse
from mathcode.rollouts.engines import Completion, Request
from mathcode.rollouts.rows import Row


@dataclass(frozen=True)
class Turns:
    """The rules by which a row goes on: an engine writes, `hear` says which programs to run, `answer` shows how they ended."""

    tokenizer: Any
    interpreter: Interpreter
    sampling: settings.Sampling
    limits: settings.Engine

    def request(self, row: Row) -> Request:
        """What the engine is asked to add to a row."""
        seed = random_streams.stream(row.seed, row.calls)
        return Request(row.prompt_ids + row.token_ids, seed, min(self.sampling.max_new_tokens, self._room(row)))

    def hear(self, row: Row, completion: Completion) -> list[tuple[str, ...]]:
        """Write down what the engine added. The programs to run now, each behind all that ran before it; if none, the row is finished."""
        row.write(completion)
        if completion.ended == "length":
            row.finish_reason = "length"
            return []
        programs = parse.pending_programs(self._text(row)[row.shown :])
        if not programs:
            row.finish_reason = "stop"
        elif completion.ended == "eos":
            row.unwrite_last()
        before = len(row.ran)
        row.ran += programs
        return [tuple(row.ran[:end]) for end in range(before + 1, len(row.ran) + 1)]

    def answer(self, row: Row, executions: list[Execution]) -> None:
        """Append what the programs of a turn printed as the model sees it, in one block, and record a round for each.

        The fence belongs to the model when it wrote it, else (it just ended after its program) to what it is shown.
        """
        programs, limits = row.ran[-len(executions) :], self.interpreter.limits
        outputs = [feedback(execution, limits.output_chars) for execution in executions]
        text = self._text(row)
        shown = parse.render_output("\n".join(filter(None, outputs)))
        if not parse.asks(text[row.shown :]):
            shown = f"\n{parse.OUTPUT_FENCE}" + shown
        if text.endswith("\n"):
            shown = shown.removeprefix("\n")
        row.show(tokens.encode_text(self.tokenizer, shown))
        for said, program, output, execution in zip(_shares(text[row.shown :], programs), programs, outputs, executions, strict=True):
            told = {"result": kept(execution.stdout, limits.result_chars), "error": kept(execution.error, limits.result_chars)}
            row.rounds.append({"text": said, "program": program, "output": output, **told, "outcome": execution.outcome})
        row.shown = len(self._text(row))
        row.isolation = self.interpreter.isolation
        if row.calls >= self.sampling.max_calls:
            row.finish_reason = "calls"
        elif self._room(row) < 1:
            row.finish_reason = "length"

    def close(self, row: Row) -> None:
        """Record what a finished row says after its last program."""
        text = self._text(row)[row.shown :]
        if text or not row.rounds:
            row.rounds.append({"text": text} | dict.fromkeys(("program", "output", "result", "error", "outcome")))

    def _room(self, row: Row) -> int:
        return self.limits.max_model_len - len(row.prompt_ids) - len(row.token_ids)

    def _text(self, row: Row) -> str:
        return self.tokenizer.decode(row.token_ids, skip_special_tokens=True)


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
