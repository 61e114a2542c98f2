"""What tests of SIaM are made of: rollouts of one program, their grades, the queries behind them."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from mathcode import tables
from mathcode.methods.siam import asking


def tiny_queries(*ids: str, golds: Sequence[str] = (), types: Sequence[str | None] = ()) -> pl.DataFrame:
    """Table `queries`; reference answer 5 and type sums where nothing else is said."""
    golds, types = golds or ["5"] * len(ids), types or ["sums"] * len(ids)
    known = zip(ids, golds, types, strict=True)
    rows = [{"query_id": one, "dataset": "d", "question": f"Question {one}?", "gold": gold, "type": kind} for one, gold, kind in known]
    filled = {"level": pl.lit(None, pl.String), "language": pl.lit("en")}
    names = ("query_id", "dataset", "question", "gold", "level", "type", "language")
    return pl.DataFrame(rows, schema_overrides={"type": pl.String}).with_columns(**filled).select(names)


def ran(program: str, result: str | None, outcome: str = "ok", text: str | None = None) -> list[dict[str, Any]]:
    """The round of a program that ran, as a list."""
    written = asking.response(program) if text is None else text
    return [{"text": written, "program": program, "output": result, "result": result, "error": None, "outcome": outcome}]


def rollouts(rows: Sequence[tuple], **changes: Any) -> pl.DataFrame:
    """Table `rollouts` of rows (query, sample, rounds, ...): the model wrote 11, 12, 13, then 21 and 22 were shown to it."""
    usual = {"mode": "code", "seed": 1, "prompt": "asked\n", "response": "said", "methodology": "code", "isolation": "landlock"}
    usual |= {"token_ids": [11, 12, 13, 21, 22], "generated": [True] * 3 + [False] * 2, "logprobs": [-0.5] * 3, "finish_reason": "calls"}
    made = [usual | {"query_id": row[0], "sample": row[1], "rounds": row[2] or _unrun()} | changes for row in rows]
    return pl.DataFrame(made, schema=tables.ROLLOUTS.schema)


def graded(rows: Sequence[tuple]) -> pl.DataFrame:
    """Table `grades` of rows (query, sample, rounds, accepted) or, of a critic, (query, sample, rounds, accepted, score)."""
    usual = {"mode": "code", "methodology": "code", "lenient": True, "code_executed": True, "code_written": True}
    usual |= {"code_decides": True, "attempts": 1, "executions": 1, "programs_failed": 0, "finish_reason": "calls", "run_on": 0}
    made = [
        usual
        | {
            "query_id": row[0],
            "sample": row[1],
            "strict": row[3],
            "outcome": "correct" if row[3] else "wrong",
            "grader": "test",
            "score": row[4] if len(row) > 4 else None,
        }
        for row in rows
    ]
    return pl.DataFrame(made, schema=tables.GRADES.schema)


def _unrun() -> list[dict[str, Any]]:
    return [{"text": "I do not know."} | dict.fromkeys(("program", "output", "result", "error", "outcome"))]
