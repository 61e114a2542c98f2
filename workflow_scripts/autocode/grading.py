"""Grade rollouts: an equality check that text, fractions and lists decide here, and a killable symbolic judge elsewhere.

Nothing a model wrote is parsed or evaluated in this process beyond regular expressions and fractions; a pair that needs a
LaTeX parser goes to `symbolic_judge.py`, run by the same isolated interpreter that runs model-written programs.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Self

import polars as pl

from autocode import answers, equality, settings, tables, transcript
from autocode.interpreter import Execution, Interpreter, InterpreterError

GRADER = f"autocode-0.1/math-verify-{version('math-verify')}"
"""Name and version of the grader, written beside every grade."""

VERDICTS = ("equal", "different", "gold_unparsed", "timed_out", "infrastructure_error")

_JUDGE_MODULES = [Path(__file__).with_name("equality.py"), Path(__file__).with_name("symbolic_judge.py")]
_JUDGE = "import sys, symbolic_judge\nprint(symbolic_judge.verdict(*sys.argv[1:]))"
_JUDGE_MEMORY_MB = 2048
_OUTCOMES = {"equal": "correct", "different": "wrong"}


class GradingError(Exception):
    """Grading cannot go on: the judge fails its self-test, or too many rows suffer from broken machinery."""


@dataclass(frozen=True)
class Judgement:
    """A verdict (see VERDICTS), and the seconds it took."""

    verdict: str
    seconds: float


class Grader:
    """Judges pairs of answers; a context manager that owns the judge's worker processes, started when first needed.

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
        """A verdict (see VERDICTS) for each (gold, answer), in order; raises what `judge` raises."""
        return [judgement.verdict for judgement in self.judge(pairs)]

    def judge(self, pairs: Iterable[tuple[str, str]], progress: Callable[[int], object] | None = None) -> list[Judgement]:
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


def quick_verdict(gold: str, answer: str) -> str | None:
    """The verdict where text, numbers and lists of them decide; None where a symbolic judge is needed."""
    equal = equality.compare(equality.normalise(gold), equality.normalise(answer), lambda *_: None)
    return None if equal is None else "equal" if equal else "different"


def grade_rollouts(rollouts: pl.DataFrame, queries: pl.DataFrame, limits: settings.Grading, grader: Grader | None = None) -> pl.DataFrame:
    """Grade every rollout against its query's reference answer.

    Args:
        rollouts: table `rollouts`.
        queries: table `queries`, with every query of the rollouts.
        limits: time per pair, workers, and the share of infrastructure errors that is still accepted.
        grader: an open grader to use; one of its own by default.

    Returns:
        Table `grades`, rows as in `rollouts`.

    Raises:
        GradingError: an unknown query, a broken judge, or more infrastructure errors than accepted.
    """
    if grader is None:
        with Grader(limits) as own:
            return grade_rollouts(rollouts, queries, limits, own)
    known = {row["query_id"]: row for row in queries.iter_rows(named=True)}
    golds = {query_id: row["gold"] for query_id, row in known.items()}
    rows = list(rollouts.iter_rows(named=True))
    if unknown := next((row["query_id"] for row in rows if row["query_id"] not in golds), None):
        raise GradingError(f"query_id '{unknown}' of the rollouts is in none of the query tables")
    found = [answers.extract(row["response"], limits.extraction, *_context(known[row["query_id"]])) for row in rows]
    pairs = [(golds[row["query_id"]], answer) for row, answer_ in zip(rows, found, strict=True) for answer in answer_.candidates]
    verdicts = dict(zip(pairs, grader.verdicts(pairs), strict=True))
    grades = [_grade(row, answer, golds[row["query_id"]], verdicts) for row, answer in zip(rows, found, strict=True)]
    broken = sum(grade["outcome"] == "infrastructure_error" for grade in grades)
    if broken > limits.max_infrastructure_errors * len(grades):
        raise GradingError(
            f"{broken} of {len(grades)} rollouts ended in an infrastructure error, above the accepted share "
            f"{limits.max_infrastructure_errors:g} (grading.max_infrastructure_errors)"
        )
    return pl.DataFrame(grades, schema=tables.schema("grades"))


def _context(query: dict) -> tuple[str, str, str]:
    return query["dataset"], query["question"], query["gold"]


def outcome(answer: str | None, gold: str, verdicts: dict[tuple[str, str], str]) -> str:
    """How a response ends by the verdict on its answer: correct, wrong, no_answer, or why nothing could be compared."""
    if answer is None:
        return "no_answer"
    verdict = verdicts[gold, answer]
    return _OUTCOMES.get(verdict, verdict)


def _grade(row: dict, found: answers.Answers, gold: str, verdicts: dict[tuple[str, str], str]) -> dict:
    """One row of table `grades`."""
    executed = [round_["outcome"] for round_ in row["rounds"] if round_["outcome"]]
    broken = "infrastructure_error" in executed
    ended = "infrastructure_error" if broken else outcome(found.strict, gold, verdicts)
    sound = ended != "infrastructure_error"
    return {
        **{column: row[column] for column in ("query_id", "mode", "sample", "methodology", "finish_reason", "isolation")},
        "answer": found.strict,
        "outcome": ended,
        "strict": ended == "correct",
        "lenient": sound and any(verdicts[gold, answer] == "equal" for answer in found.candidates),
        "code_executed": bool(executed),
        "code_written": transcript.writes_code(row["response"]),
        "code_decides": bool(executed) and answers.code_decides(row["response"], found.strict),
        "attempts": len(transcript.attempts(row["response"])),
        "executions": len(executed),
        "programs_failed": sum(one != "ok" for one in executed),
        "grader": GRADER,
    }


def _verdict(execution: Execution) -> str:
    """Verdict of a finished judge; one stopped at its limit of memory counts as stopped at its limit of time."""
    if execution.outcome == "ok" and execution.stdout.strip() in VERDICTS:
        return execution.stdout.strip()
    return "timed_out" if execution.outcome in ("timed_out", "memory") else "infrastructure_error"


def concatenated(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Query tables as one, each query once.

    Raises:
        GradingError: two tables give one query different reference answers.
    """
    queries = pl.concat(frames).unique(["query_id", "gold"], maintain_order=True)
    if repeated := queries.filter(queries["query_id"].is_duplicated())["query_id"].to_list():
        raise GradingError(f"query_id '{repeated[0]}' has two different reference answers in the query tables")
    return queries
