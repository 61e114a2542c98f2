"""The exact judge: an equality check that text, fractions and lists decide here, and a killable symbolic judge elsewhere.

Nothing a model wrote is parsed or evaluated in this process beyond regular expressions and fractions; a pair that needs a
LaTeX parser goes to `symbolic_judge.py`, run by the same isolated interpreter that runs model-written programs.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Self

from mathcode import __version__, settings
from mathcode.grading import equality
from mathcode.grading.judge import Case, GradingError, Verdict
from mathcode.interpreter.driver import Execution, Interpreter, InterpreterError

GRADER = f"exact-{__version__}/math-verify-{version('math-verify')}"
"""Name and version of the grader, written beside every grade."""

VERDICTS = ("equal", "different", "gold_unparsed", "timed_out", "infrastructure_error")

_JUDGE_MODULES = [Path(__file__).with_name("equality.py"), Path(__file__).with_name("symbolic_judge.py")]
_JUDGE = "import sys, symbolic_judge\nprint(symbolic_judge.verdict(*sys.argv[1:]))"
_JUDGE_MEMORY_MB = 2048
_OUTCOMES = {"equal": "correct", "different": "wrong"}


@dataclass(frozen=True)
class Judgement:
    """A verdict (see VERDICTS), and the seconds it took."""

    verdict: str
    seconds: float


class Grader:
    """Compares pairs of answers; a context manager that owns the judge's worker processes, started when first needed.

    Verdicts are remembered, so a pair is judged once however often and in whatever company it is asked for.
    """

    def __init__(self, limits: settings.Grading):
        self._known: dict[tuple[str, str], Judgement] = {}
        self._interpreter = Interpreter(
            settings.Interpreter(
                timeout=limits.timeout,
                memory_mb=_JUDGE_MEMORY_MB,
                output_chars=100,
                workers=limits.workers,
                preload=["math_verify"],
                isolation="process",  # the judge is our program: it parses what a model wrote and executes none of it
            ),
            modules=_JUDGE_MODULES,
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
            GradingError: the symbolic judge cannot start or fails its self-test.
        """
        pairs = list(pairs)
        hard = []
        for pair in dict.fromkeys(pair for pair in pairs if pair not in self._known):
            start = time.perf_counter()
            if (verdict := quick_verdict(*pair)) is None:
                hard.append(pair)
            else:
                self._known[pair] = Judgement(verdict, time.perf_counter() - start)
        if progress:
            progress(len(pairs) - len(hard))
        try:
            judged = self._interpreter.run([_JUDGE] * len(hard), progress, hard)
        except InterpreterError as error:
            raise GradingError(f"the grader does not work: {error}") from error
        self._known |= {pair: Judgement(_verdict(execution), execution.seconds) for pair, execution in zip(hard, judged, strict=True)}
        return [self._known[pair] for pair in pairs]


class ExactJudge:
    """Accepts a case whose answer equals the reference answer, by the policy of docs/grading.md."""

    name = GRADER

    def __init__(self, limits: settings.Grading):
        self._grader = Grader(limits)

    def __enter__(self) -> Self:
        self._grader.__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._grader.__exit__(*error)

    def judge(self, cases: Sequence[Case], progress: Callable[[int], object] | None = None) -> list[Verdict]:
        """A verdict for each case, in order; equal pairs of answers are compared once.

        Raises:
            GradingError: the symbolic judge cannot start or fails its self-test.
        """
        pairs = [(case.gold, answer) for case in cases for answer in case.stated]
        verdicts = dict(zip(pairs, self._grader.verdicts(pairs), strict=True))
        if progress:
            progress(len(cases))
        return [_case_verdict(case, verdicts) for case in cases]


def _case_verdict(case: Case, verdicts: dict[tuple[str, str], str]) -> Verdict:
    outcome = "no_answer" if case.answer is None else outcome_of(verdicts[case.gold, case.answer])
    return Verdict(outcome, outcome == "correct", any(verdicts[case.gold, answer] == "equal" for answer in case.stated))


def outcome_of(verdict: str) -> str:
    """How a response ends whose answer got this verdict: correct, wrong, or why nothing could be compared."""
    return _OUTCOMES.get(verdict, verdict)


def quick_verdict(gold: str, answer: str) -> str | None:
    """The verdict where text, numbers and lists of them decide; None where a symbolic judge is needed."""
    equal = equality.compare(equality.normalise(gold), equality.normalise(answer), lambda *_: None)
    return None if equal is None else "equal" if equal else "different"


def _verdict(execution: Execution) -> str:
    """Verdict of a finished judge; one stopped at its limit of memory counts as stopped at its limit of time."""
    if execution.outcome == "ok" and execution.stdout.strip() in VERDICTS:
        return execution.stdout.strip()
    return "timed_out" if execution.outcome in ("timed_out", "memory") else "infrastructure_error"
