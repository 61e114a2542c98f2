"""Changes a synthetic run, so that no two columns of a file of grades say the same: a table made of the wrong one is then seen.

`support.results_tree` writes the scores of changed grades anew, by the program that measures them; no number here is read from those.
"""

import random
from pathlib import Path

import polars as pl

from support import results_tree as tree
from support.recomputed.finished_run import MODES


def roughen(folder: Path, plan: dict) -> None:
    """Make the columns of all grades differ, break some responses, and leave some queries without prior or label."""
    for path in sorted(folder.rglob("grades.parquet")):
        draw = random.Random(str(path.relative_to(folder)))
        rows = pl.read_parquet(path).to_dicts()
        mode = path.parts[-4] if path.parts[-5] == "eval" else None
        if "seed2" in path.parts and mode == "cot":  # code is the better dictated mode of this seed
            rows = [row | {"strict": row["strict"] and n % 3 == 1} for n, row in enumerate(rows)]
        rows = [rough(row, draw) for row in rows]
        if mode == "code_sampled":
            few = {"math500": range(20, 20 if "no_reflection" in path.parts else 25)}.get(path.parts[-3])
            rows = [row | prefer_code(row, few) for row in rows]
        tree.write(rows, path, "grades")
        if mode in MODES:
            tree.score(folder.parents[1], folder, path, path.parts[-3], plan)
    for path in folder.rglob("q_values.parquet"):
        rows = pl.read_parquet(path).to_dicts()
        none = {"n_native": 0, "prior_code": None}
        tree.write([row | (none if n % 20 == 3 else {}) for n, row in enumerate(rows)], path, path.stem)
    # The item found word for word is shorter than a run of words, so it is none of those found by such a run.
    for compared in folder.glob("data/overlap/sft/*/counts.parquet"):
        pl.read_parquet(compared).with_columns(ngram_items=pl.lit(1, pl.Int64)).write_parquet(compared)


def prefer_code(row: dict, few: range | None) -> dict:
    """Sampled code is right wherever it is said to be, else on every third query as well."""
    place = int(row["query_id"][-3:])
    right = place in few if few is not None else row["strict"] or (place % 3 == 0 and place % 17 != 4)
    return {"strict": right, "outcome": row["outcome"] if row["outcome"] == "infrastructure_error" else "correct" if right else "wrong"}


def rough(row: dict, draw: random.Random) -> dict:
    """A response changed by chance.

    Sampled responses to every 13th query never comply by CoT, those to every 17th are never right, nor is CoT to five queries.
    """
    place = int(row["query_id"][-3:])
    sampled = row["mode"].endswith("_sampled")
    if draw.random() < 0.1 or (row["mode"] == "cot_sampled" and place % 13 == 6):
        row |= {"methodology": "code"}
    elif draw.random() < 0.1:
        row |= {"methodology": "cot"}
    if sampled and (place % 17 == 4 or (row["mode"] == "cot_sampled" and 20 <= place < 25)):
        row |= {"strict": False}
    executions = draw.randint(1, 3) if draw.random() < (0.8 if row["methodology"] == "code" else 0.1) else 0
    answer = "1" if row["strict"] else draw.choice(["2", "2", "3", "4", None])
    outcome = "correct" if row["strict"] else "no_answer" if answer is None else "wrong"
    attempts = draw.choice([1, 1, 1, 1, 2, 2, 3, 4, 5])
    return row | {
        "answer": answer,
        "outcome": "infrastructure_error" if draw.random() < 0.03 else outcome,
        "lenient": row["strict"] or draw.random() < 0.2,
        "code_executed": executions > 0,
        "code_written": executions > 0 or draw.random() < 0.2,
        "code_decides": executions > 0 and draw.random() < 0.7,
        "attempts": attempts,
        "first_right": draw.random() < 0.4 if attempts > 1 else None,
        "cues": draw.randint(0, 4),
        "executions": executions,
        "programs_failed": draw.randint(0, executions),
    }
