"""Rewards for other people's trainers and harnesses: 1 where a judge accepts what a response answers, else 0.

Called as TRL calls reward functions; `score` is for anything else. docs/library.md shows both.
"""

from collections.abc import Sequence
from typing import Any, Self

from mathcode import settings
from mathcode.grading import answers
from mathcode.grading.exact import ExactJudge
from mathcode.grading.judge import Case, Judge, Verdict
from mathcode.interpreter.driver import Execution, Interpreter
from mathcode.responses import parse
from mathcode.responses.form import PLAIN, Form


class Reward:
    """Whether responses are right, by a judge; a context manager that owns the judge's processes, or closed with `close`.

    Args:
        judge: who judges, not yet entered; None: the exact judge with five seconds a pair.
        interpreter: runs the programs of a response that ends with one; None: nothing is run, and such a response states no answer.
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
        self._open = False
        self.__name__ = f"right_by_{self._judge.name.partition('-')[0]}"  # what a trainer's log calls it

    def __enter__(self) -> Self:
        if not self._open:
            self._judge.__enter__()
            self._open = True
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """End the judge's and the interpreter's processes."""
        if self._open:
            self._judge.__exit__(None, None, None)
            self._open = False
        if self._interpreter is not None:
            self._interpreter.__exit__(None, None, None)

    def __call__(self, completions: Sequence[str | list[dict]], **columns: Any) -> list[float | None]:
        """A reward for each completion, as TRL wants them: 1 or 0; None where machinery broke, which is not the response's fault.

        Args:
            completions: texts, or conversations whose last message is the response.
            columns: of the data, in the same order.

        Raises:
            KeyError: there is no column with the reference answers.
        """
        texts = [one if isinstance(one, str) else one[-1]["content"] for one in completions]
        questions = columns.get(self._question) or [""] * len(texts)
        verdicts = self.score(questions, columns[self._gold], texts)
        return [None if one.outcome == "infrastructure_error" else float(one.accepted) for one in verdicts]

    def score(self, questions: Sequence[str], golds: Sequence[str], responses: Sequence[str]) -> list[Verdict]:
        """A verdict on each response to a question with a reference answer, in order."""
        self.__enter__()
        ran = self._run(responses)
        cases = [self._case(*row) for row in zip(questions, golds, responses, ran, strict=True)]
        verdicts = self._judge.judge(cases)
        broken = Verdict("infrastructure_error", False, False)
        return [broken if case.ended == "infrastructure_error" else one for case, one in zip(cases, verdicts, strict=True)]

    def _run(self, responses: Sequence[str]) -> list[Execution | None]:
        """What the last program of each response printed, after those before it; None where there is none, or its output is shown."""
        programs = [_unanswered(text) if self._interpreter is not None else () for text in responses]
        wanted = [cells for cells in programs if cells]
        executed = iter(self._interpreter.run(wanted) if self._interpreter is not None and wanted else ())
        return [next(executed) if cells else None for cells in programs]

    def _case(self, question: str, gold: str, response: str, ran: Execution | None) -> Case:
        text = response if ran is None else _with_output(response, ran.stdout)
        found = answers.extract(text, question=question, gold=gold, form=self._form)
        rounds = self._form.read(text, question).rounds
        program = rounds[-1].program if rounds else None
        shown = rounds[-1].output if rounds else None
        result, ended = (ran.stdout, ran.outcome) if ran is not None else (shown, None if shown is None else "ok")
        return Case(question, gold, found.strict, found.candidates, program, result, ended)


def _unanswered(text: str) -> tuple[str, ...]:
    """The programs of a response whose last one shows no output."""
    rounds = parse.rounds(parse.spans(text), text)
    return tuple(one.program for one in rounds) if rounds and rounds[-1].output is None else ()


def _with_output(text: str, printed: str) -> str:
    """The response up to its last program, and what that printed; what a model wrote behind it, it wrote without having seen that."""
    end = [span.end for span in parse.spans(text) if span.kind == "program"][-1]
    return f"{text[:end].rstrip()}\n{parse.OUTPUT_FENCE}{parse.render_output(printed)}"
