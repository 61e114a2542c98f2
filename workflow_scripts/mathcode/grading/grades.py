"""Grades of rollouts: what each response answers, what a judge says of it, and what it did with code."""

from collections.abc import Sequence

import polars as pl

from mathcode import settings, tables
from mathcode.grading import answers
from mathcode.grading.judge import Case, GradingError, Judge, Verdict
from mathcode.responses import parse
from mathcode.responses.form import Form


def grade_rollouts(rollouts: pl.DataFrame, queries: pl.DataFrame, judge: Judge, form: Form, limits: settings.Grading) -> pl.DataFrame:
    """Grade every rollout against its query's reference answer.

    Args:
        rollouts: table `rollouts`.
        queries: table `queries`, with every query of the rollouts.
        judge: an open judge.
        form: what separates the attempts of a response.
        limits: how answers are found, and the share of infrastructure errors that is still accepted.

    Returns:
        Table `grades`, rows as in `rollouts`.

    Raises:
        GradingError: an unknown query or one without what the judge compares with, a broken judge, or too many infrastructure errors.
    """
    known = {row["query_id"]: row for row in queries.iter_rows(named=True)}
    rows = list(rollouts.iter_rows(named=True))
    if unknown := next((row["query_id"] for row in rows if row["query_id"] not in known), None):
        raise GradingError(f"query_id '{unknown}' of the rollouts is in none of the query tables")
    cases = [_case(row, known[row["query_id"]], form, limits.extraction, judge) for row in rows]
    attempts = [form.attempts(row["response"]) for row in rows]
    again = [number for number, own in enumerate(attempts) if len(own) > 1]
    firsts = [
        _case(_cut(rows[number], attempts[number][0]), known[rows[number]["query_id"]], form, limits.extraction, judge) for number in again
    ]
    verdicts = judge.judge([*cases, *firsts])
    first = dict(zip(again, verdicts[len(cases) :], strict=True))
    grades = [
        _grade(row, case, verdicts[number], first.get(number), len(attempts[number]), judge.name, form)
        for number, (row, case) in enumerate(zip(rows, cases, strict=True))
    ]
    broken = sum(grade["outcome"] == "infrastructure_error" for grade in grades)
    if broken > limits.max_infrastructure_errors * len(grades):
        raise GradingError(
            f"{broken} of {len(grades)} rollouts ended in an infrastructure error, above the accepted share "
            f"{limits.max_infrastructure_errors:g} (grading.max_infrastructure_errors)"
        )
    return pl.DataFrame(grades, schema=tables.GRADES.schema)


def _cut(row: dict, first: str) -> dict:
    """A rollout of several attempts as it stood before the first hint: with the rounds that had been written by then."""
    rounds, end = [], 0
    for round_ in row["rounds"]:
        end = max(row["response"].find(round_["text"], end), end) + len(round_["text"])
        if end <= len(first):
            rounds.append(round_)
    return row | {"response": first, "rounds": rounds}


def _case(row: dict, query: dict, form: Form, extraction: str, judge: Judge) -> Case:
    """What a judge is shown of a rollout."""
    response = _in_full(row) if extraction == "autocode" else row["response"]  # published orders read what the model read
    found = answers.extract(response, extraction, query["dataset"], query["question"], query["gold"], form)
    ran = [round_ for round_ in row["rounds"] if round_["outcome"]]
    program, result, ended = (ran[-1][name] for name in ("program", "result", "outcome")) if ran else (None, None, None)
    return Case(query["question"], _reference(query, judge), found.strict, found.candidates, program, result, ended)


def _in_full(row: dict) -> str:
    """The response with all that its last program printed: the model may have been shown less, which an answer must not be read from."""
    last = next((round_ for round_ in reversed(row["rounds"]) if round_["outcome"]), None)
    if last is None or len(printed := last["result"].strip()) <= len(last["output"]):
        return row["response"]
    shown, full = parse.render_output(last["output"]).lstrip("\n"), parse.render_output(printed).lstrip("\n")
    before, found, behind = row["response"].rpartition(shown)
    return before + full + behind if found else row["response"]


def _reference(query: dict, judge: Judge) -> str:
    """What the judge compares with; which answer is compared is found without it, so that judges differ in their verdicts alone."""
    column = getattr(judge, "compares_with", "gold")
    if query[column] is None:
        name = judge.name.partition("-")[0]
        raise GradingError(f"judge '{name}' needs the {column} of query '{query['query_id']}', which only generated data have")
    return query[column]


def _grade(row: dict, case: Case, verdict: Verdict, first: Verdict | None, attempts: int, judge: str, form: Form) -> dict:
    """One row of table `grades`. Where a program could not be run, nothing is known of the response.

    Args:
        first: of the first of several attempts.
        attempts: how many there are.
    """
    executed = [round_["outcome"] for round_ in row["rounds"] if round_["outcome"]]
    read = form.read(row["response"], case.question)
    outcome = "infrastructure_error" if "infrastructure_error" in executed else verdict.outcome
    sound = outcome != "infrastructure_error"
    return {
        **{column: row[column] for column in ("query_id", "mode", "sample", "methodology", "finish_reason", "isolation")},
        "answer": case.answer,
        "outcome": outcome,
        "strict": sound and verdict.accepted,
        "lenient": sound and verdict.lenient,
        "code_executed": bool(executed),
        "code_written": read.writes_code,
        "code_decides": bool(executed) and answers.code_decides(_in_full(row), case.answer, case.question, form),
        "attempts": attempts,
        "first_right": first.accepted if first is not None and sound else None,
        "cues": form.count_cues(row["response"]),
        "executions": len(executed),
        "programs_failed": sum(one != "ok" for one in executed),
        "run_on": read.run_on,
        "grader": judge,
        "score": verdict.score if sound else None,
    }


def concatenated(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Query tables as one, each query once.

    Raises:
        GradingError: two tables give one query different reference answers.
    """
    queries = pl.concat(frames).unique(["query_id", "gold"], maintain_order=True)
    if repeated := queries.filter(queries["query_id"].is_duplicated())["query_id"].to_list():
        raise GradingError(f"query_id '{repeated[0]}' has two different reference answers in the query tables")
    return queries
