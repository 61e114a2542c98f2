"""Rewards for other people's trainers and harnesses: 1 where a judge accepts what a response answers, else 0.

Called as TRL calls reward functions; `score` is for anything else. docs/library.md shows both.

With an interpreter, a response ends with its first program: that is run, and the response is read with what it printed, whatever it says
behind it. Without one, nothing is run, and outputs that a response shows are believed: for trainers that run programs themselves.
"""

from collections.abc import Sequence
from typing import Any, Self

from mathcode import settings
from mathcode.core.errors import InputError
from mathcode.grading import answers
from mathcode.grading.exact import ExactJudge
from mathcode.grading.judge import Case, Judge, Verdict
from mathcode.interpreter.driver import Execution, Interpreter
from mathcode.responses import parse
from mathcode.responses.form import PLAIN, Form


class Reward:
    """Whether responses are right, by a judge; a context manager that owns the processes of its judge and interpreter.

    Args:
        judge: who judges, not yet entered; None: the exact judge with five seconds a pair.
        interpreter: runs the first program of a response; it ends with this reward, so no two share one.
        form: sentences that separate attempts, for policies of a method here.
        gold, question: columns of the data with the reference answers and, where there is one, the question's text.
    """

    def __init__(
        self,
        judge: Judge | None = None,
        interpreter: Interpreter | None = None,
        form: Form = PLAIN,
        gold: str = "answer",
        question: str = "question",
    ):
        self._judge = judge or ExactJudge(settings.Grading(timeout=5.0, max_infrastructure_errors=1.0))
        self._interpreter, self._form, self._gold, self._question = interpreter, form, gold, question
        self._state = "new"
        self.__name__ = f"right_by_{self._judge.name.partition('-')[0]}"  # what a trainer's log calls it

    def __enter__(self) -> Self:
        if self._state == "closed":
            raise InputError("this Reward is closed; make another one")
        if self._state == "new":
            self._judge.__enter__()
            self._state = "open"
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the judge's and the interpreter's processes; it cannot be used again."""
        if self._state == "closed":
            return
        self._state = "closed"
        self._judge.__exit__(None, None, None)
        if self._interpreter is not None:
            self._interpreter.__exit__(None, None, None)

    def __call__(self, completions: Sequence[str | list[dict]], **columns: Any) -> list[float | None]:
        """A reward for each completion, as TRL wants them: 1 or 0; None where machinery broke, which is not the response's fault.

        Args:
            completions: texts, or conversations whose last message is the response.
            columns: of the data, in the same order.

        Raises:
            InputError: there is no column with the reference answers.
        """
        if self._gold not in columns:
            there = ", ".join(sorted(columns))
            raise InputError(
                f"the data have no column '{self._gold}'; name that of the reference answers: Reward(gold=...); there are: {there}"
            )
        questions = columns.get(self._question) or [""] * len(completions)
        verdicts = self.score(questions, columns[self._gold], [_text(one) for one in completions])
        return [None if one.outcome == "infrastructure_error" else float(one.accepted) for one in verdicts]

    def score(self, questions: Sequence[str], golds: Sequence[Any], responses: Sequence[str]) -> list[Verdict]:
        """A verdict on each response to a question with a reference answer (text, or a number), in order.

        Raises:
            InputError: it was closed.
        """
        self.__enter__()
        ran = self._run(responses)
        cases = [self._case(question, str(gold), *rest) for question, gold, *rest in zip(questions, golds, responses, ran, strict=True)]
        verdicts = self._judge.judge(cases)
        broken = Verdict("infrastructure_error", False, False)
        return [broken if case.ended == "infrastructure_error" else one for case, one in zip(cases, verdicts, strict=True)]

    def _run(self, responses: Sequence[str]) -> list[tuple[str, Execution] | None]:
        """Of each response the text up to the end of its first program, and how that ended; None where none is run."""
        if self._interpreter is None:
            return [None] * len(responses)
        found = [_first_program(text) for text in responses]
        executed = iter(self._interpreter.run([one[1] for one in found if one]))
        return [(one[0], next(executed)) if one else None for one in found]

    def _case(self, question: str, gold: str, response: str, ran: tuple[str, Execution] | None) -> Case:
        text = response if ran is None else f"{ran[0].rstrip()}\n{parse.OUTPUT_FENCE}{parse.render_output(ran[1].stdout)}"
        found = answers.extract(text, question=question, gold=gold, form=self._form)
        rounds = [one for one in self._form.read(text, question).rounds if one.output is not None]
        program = rounds[-1].program if rounds else None
        result, ended = (rounds[-1].output, "ok") if rounds else (None, None)
        if ran is not None:
            result, ended = ran[1].stdout, ran[1].outcome
        return Case(question, gold, found.strict, found.candidates, program, result, ended)


def _text(completion: str | list[dict]) -> str:
    """The response: a text, or what the last message of a conversation says; messages without words, as tool calls are, say nothing."""
    said = completion if isinstance(completion, str) else completion[-1].get("content") if completion else None
    if isinstance(said, list):
        return "".join(part.get("text") or "" for part in said)
    return said or ""


def _first_program(text: str) -> tuple[str, str] | None:
    """The text up to the end of the first closed program, and that program."""
    first = next((span for span in parse.spans(text) if span.kind == "program" and span.block.closed), None)
    return None if first is None else (text[: first.end], first.block.read(text))
