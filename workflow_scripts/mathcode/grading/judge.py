"""Judges: does a case match its reference answer? Any number of them can grade the same rollouts, each under its own path.

A judge is a context manager, since most own worker processes or a model. `mathcode.configuration.JUDGES` names them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

from mathcode import settings
from mathcode.core.errors import UserError


class GradingError(UserError):
    """Grading cannot go on: the judge fails its self-test, or too many rows suffer from broken machinery."""


@dataclass(frozen=True)
class Case:
    """One response to judge.

    Attributes:
        question, gold: text and reference answer of the query.
        answer: the answer that counts; None: the response states none.
        stated: every answer it states, that one among them.
        program, result: its last program and what that printed; None where none ran.
        ended: outcome of that program (`interpreter.driver.OUTCOMES`); None where none ran.
    """

    question: str
    gold: str
    answer: str | None
    stated: tuple[str, ...] = ()
    program: str | None = None
    result: str | None = None
    ended: str | None = None


class Labelled(NamedTuple):
    """A case whose label came with public data.

    Attributes:
        name: its id in the source.
        question, gold, result: the question, its reference answer, and what answers it.
        program: what printed the result; None: nothing did.
        benchmark: whose question it is, where the source has several.
        right: the label: the result gives the reference answer.
    """

    name: str
    question: str
    gold: str
    result: str
    program: str | None
    benchmark: str | None
    right: bool


@dataclass(frozen=True)
class Verdict:
    """What a judge says of a case.

    Attributes:
        outcome: correct, wrong, no_answer, or why nothing could be compared (gold_unparsed, timed_out, infrastructure_error).
        accepted: the answer that counts is right.
        lenient: one of the stated answers is right.
        score: P(right) of a judge that gives one; None for rules.
    """

    outcome: str
    accepted: bool
    lenient: bool
    score: float | None = None


class Judge(Protocol):
    """Judges cases in order. Equal cases get equal verdicts, in whatever company they are judged."""

    name: str
    """Name and version, written beside every grade."""

    compares_with: str
    """The column of the queries that is the `gold` of its cases; a judge that does not say it compares with the gold."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *error) -> None: ...

    def judge(self, cases: Sequence[Case], progress: Callable[[int], object] | None = None) -> list[Verdict]:
        """A verdict for each case; `progress` is called with the number of newly judged ones.

        Raises:
            GradingError: the judge does not work.
        """
        ...


class RuleJudge:
    """A judge without a state: one rule, asked case by case. A kind of it says its `name` and its `verdict`."""

    name: str

    def __init__(self, limits: settings.Grading):
        """As every judge, made from the section `grading`, of which a rule reads nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error) -> None:
        pass

    def judge(self, cases: Sequence[Case], progress: Callable[[int], object] | None = None) -> list[Verdict]:
        """A verdict for each case, in order."""
        if progress:
            progress(len(cases))
        return [self.verdict(case) for case in cases]

    def verdict(self, case: Case) -> Verdict:
        """The verdict on a case, of which nothing is remembered."""
        raise NotImplementedError

    @staticmethod
    def compared(case: Case, same: Callable[[str, str], bool]) -> Verdict:
        """By the answer that counts; where that is the end of what a program printed, also by all of that, or by its last line."""
        if case.answer is None:
            return Verdict("no_answer", False, False)
        text = (shown(case) or "").strip()
        accepted = any(same(case.gold, one) for one in (case.answer, text, text.rpartition("\n")[2]))
        return Verdict("correct" if accepted else "wrong", accepted, accepted or any(same(case.gold, one) for one in case.stated))


def shown(case: Case) -> str | None:
    """What a case answers with: all that its program printed where the answer is the end of that, else the answer it states."""
    printed = (case.result or "").rstrip()
    decides = case.answer is None or printed.endswith(case.answer.strip())
    return printed if printed and case.ended == "ok" and decides else case.answer
