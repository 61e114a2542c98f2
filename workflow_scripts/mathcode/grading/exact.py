"""The exact judge: equality by forms, decided here where fractions and a finite field can tell, else by killable processes.

Nothing a model wrote is evaluated in this process but as fractions and residues of one size; what needs real numbers goes to
`numeric_judge.py`, many pairs at a time, run by the same isolated interpreter that runs model-written programs.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from mathcode import __version__, settings
from mathcode.grading import equality
from mathcode.grading.judge import Case, GradingError, Verdict, shown
from mathcode.interpreter.driver import Execution, Interpreter, InterpreterError

GRADER = f"exact-{__version__}"
"""Name and version of the grader, written beside every grade."""

VERDICTS = ("equal", "different", "gold_unparsed", "timed_out", "infrastructure_error")

_JUDGE_MEMORY_MB = 1024
_AT_ONCE = 32
"""Pairs that one process judges; where it does not end well, each of them is judged alone."""
_OUTCOMES = {"equal": "correct", "different": "wrong"}


@dataclass(frozen=True)
class Judgement:
    """A verdict (see VERDICTS), and the seconds it took."""

    verdict: str
    seconds: float


class Grader:
    """Compares pairs of answers; a context manager that owns the judge's worker processes, started when first needed.

    Verdicts are remembered, so a pair is judged once however often and in whatever company it is asked for.

    Attributes:
        module: Python file whose `verdicts` judges pairs in other processes.
    """

    module = Path(__file__).with_name("numeric_judge.py")

    def __init__(self, limits: settings.Grading):
        self._known: dict[tuple[str, str], Judgement] = {}
        self._interpreter = Interpreter(
            settings.Interpreter(
                timeout=limits.timeout,
                memory_mb=_JUDGE_MEMORY_MB,
                output_chars=100,
                workers=limits.workers,
                preload=["decimal"],
                isolation="process",  # the judge is our program: it parses what a model wrote and executes none of it
            ),
            modules=[self.module],
        )

    def __enter__(self) -> Self:
        self._interpreter.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._interpreter.__exit__(*error)

    def verdicts(self, pairs: Iterable[tuple[str, str]]) -> list[str]:
        """A verdict (see VERDICTS) for each (gold, answer), in order; raises what `compare` raises."""
        return [judgement.verdict for judgement in self.compare(pairs)]

    def compare(self, pairs: Iterable[tuple[str, str]], progress: Callable[[int], object] | None = None) -> list[Judgement]:
        """A judgement for each (gold, answer), in order; equal pairs are judged once.

        Args:
            progress: called with the number of newly judged pairs, as `tqdm.update` wants it.

        Raises:
            GradingError: the numeric judge cannot start or fails its self-test.
        """
        pairs = list(pairs)
        hard = []
        for pair in dict.fromkeys(pair for pair in pairs if pair not in self._known):
            start = time.perf_counter()
            if (verdict := self.quick(*pair)) is None:
                hard.append(pair)
            else:
                self._known[pair] = Judgement(verdict, time.perf_counter() - start)
        if progress:
            progress(len(pairs) - len(hard))
        self._judge(hard, _AT_ONCE, progress)
        return [self._known[pair] for pair in pairs]

    def quick(self, gold: str, answer: str) -> str | None:
        """The verdict where this process may tell; None where another one must."""
        return quick_verdict(gold, answer)

    def named(self, gold: str, equal: bool) -> str:
        """The verdict on a pair that is equal or not."""
        return _named(gold, equal)

    def _judge(self, pairs: list[tuple[str, str]], at_once: int, progress: Callable[[int], object] | None) -> None:
        """Judge pairs elsewhere, so many in one process; those of a process that did not end well are judged again, each alone."""
        batches = [pairs[start : start + at_once] for start in range(0, len(pairs), at_once)]
        judge = f"import sys, {self.module.stem}\nprint({self.module.stem}.verdicts(*sys.argv[1:]))"
        try:
            judged = self._interpreter.run([judge] * len(batches), None, [[text for pair in batch for text in pair] for batch in batches])
        except InterpreterError as error:
            raise GradingError(f"the grader does not work: {error}") from error
        again = []
        for batch, execution in zip(batches, judged, strict=True):
            signs = execution.stdout.strip()
            if len(batch) > 1 and (execution.outcome != "ok" or len(signs) != len(batch)):
                again += batch
                continue
            signs = signs if len(signs) == len(batch) else " "
            for pair, sign in zip(batch, signs, strict=True):
                self._known[pair] = Judgement(self._verdict(pair[0], sign, execution), execution.seconds / len(batch))
            if progress:
                progress(len(batch))
        if again:
            self._judge(again, 1, progress)

    def _verdict(self, gold: str, sign: str, execution: Execution) -> str:
        """Verdict of a finished judge; one stopped at its limit of memory counts as stopped at its limit of time."""
        if execution.outcome == "ok" and sign in "=/":
            return self.named(gold, sign == "=")
        return "timed_out" if execution.outcome in ("timed_out", "memory") else "infrastructure_error"


class ExactJudge:
    """Accepts a case whose answer equals the reference answer, by the policy of docs/grading.md."""

    name = GRADER
    grader = Grader

    def __init__(self, limits: settings.Grading):
        self._grader = self.grader(limits)

    def __enter__(self) -> Self:
        self._grader.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._grader.__exit__(*error)

    def judge(self, cases: Sequence[Case], progress: Callable[[int], object] | None = None) -> list[Verdict]:
        """A verdict for each case, in order; equal pairs of answers are compared once.

        Raises:
            GradingError: the numeric judge cannot start or fails its self-test.
        """
        pairs = [(case.gold, answer) for case in cases for answer in case.stated]
        verdicts = dict(zip(pairs, self._grader.verdicts(pairs), strict=True))
        if progress:
            progress(len(cases))
        return [self._verdict(case, verdicts) for case in cases]

    def _verdict(self, case: Case, verdicts: dict[tuple[str, str], str]) -> Verdict:
        outcome = "no_answer" if case.answer is None else outcome_of(verdicts[case.gold, case.answer])
        if outcome == "wrong" and self.accepts_output(case):
            outcome = "correct"
        return Verdict(
            outcome, outcome == "correct", outcome == "correct" or any(verdicts[case.gold, one] == "equal" for one in case.stated)
        )

    def accepts_output(self, case: Case) -> bool:
        """Whether a program printed the values of the reference in their order, with blanks between them.

        They are all that it printed, or its last line, and the answer that counts stands at their end.
        """
        printed = (case.result or "").rstrip()
        if case.ended != "ok" or shown(case) != printed:
            return False
        return any(equality.equal_in_order(case.gold, text) for text in (printed, printed.rpartition("\n")[2]))


def outcome_of(verdict: str) -> str:
    """How a response ends whose answer got this verdict: correct, wrong, or why nothing could be compared."""
    return _OUTCOMES.get(verdict, verdict)


def quick_verdict(gold: str, answer: str) -> str | None:
    """The verdict where no real numbers are needed; None where they are."""
    equal = equality.equal(gold, answer)
    return None if equal is None else _named(gold, equal)


def _named(gold: str, equal: bool) -> str:
    """A reference answer that cannot be read is no measure of an answer."""
    return "equal" if equal else "different" if equality.understood(gold) else "gold_unparsed"
