"""Cases whose labels came with public data: a reference, a result, and what those who published them say of the two.

They measure judges; no critic learns from them. A reader turns one record into a case, or into the reason why it is left out.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import polars as pl

from mathcode import tables
from mathcode.core.errors import UserError
from mathcode.critic import cases
from mathcode.grading import equality

log = logging.getLogger(__name__)


class LabelledError(UserError):
    """Labelled data are not what `config/sources.yaml` says."""


def answer_judge(record: dict[str, Any]) -> dict | str:
    """NeMo-Skills' pairs for testing a judge: written and labelled by its makers, without a program."""
    query = {"query_id": record["id"], "question": record["question"], "language": "en"}
    return cases.case_row(query, record["reference"], None, record["result"], "human", None, record["label"], "human")


def mathcoder_runs(record: dict[str, Any]) -> dict | str:
    """MathCoder's runs on test questions, labelled by its rule for the final answer.

    That is a label of what the program printed only where the final answer is that; and it is sure only where a reader would agree,
    so runs whose number is near the reference (another rounding, sign, unit, or one value of several) are left out.
    """
    if record["verdict"] is None:
        return "without a verdict"
    if record["near_miss"]:
        return "a reader may differ from the verdict"
    if not record["blocks"]:
        return "without a program"
    printed = record["blocks"][-1]["output"]
    if not printed.strip() or not equality.numeric_equal(record["final"], printed.strip().splitlines()[-1].strip()):
        return "answers something else than its program printed"
    query = {"query_id": record["id"], "question": record["question"], "language": "en"}
    program = "\n".join(block["code"] for block in record["blocks"])
    label = cases.YES if record["verdict"] == "correct" else cases.NO
    return cases.case_row(query, record["reference"], program, printed, "rollout", record["dataset"], label, "source")


READERS: dict[str, Callable[[dict[str, Any]], dict | str]] = {"answer_judge": answer_judge, "mathcoder_runs": mathcoder_runs}
"""Readers that a set of labelled cases may name in `config/sources.yaml`."""


def table(dataset: str, read: Iterable[tuple[str, dict | str]], expected: int | None) -> pl.DataFrame:
    """Table `cases`, sorted by case_id, all of the split `test`.

    Args:
        dataset: its name.
        read: what its reader made of each record, with the record's place.
        expected: cases there must be; None: not known beforehand.

    Raises:
        LabelledError: no case is left, or not `expected` ones.
    """
    kept, dropped = {}, Counter()
    for _, case in read:
        if isinstance(case, str):
            dropped[case] += 1
        elif case["case_id"] in kept:
            dropped["repeated"] += 1
        else:
            kept[case["case_id"]] = case | {"split": "test"}
    log.info("%s: %d cases kept; left out: %s", dataset, len(kept), dict(dropped) or "none")
    if not kept or (expected is not None and len(kept) != expected):
        raise LabelledError(f"'{dataset}' has {len(kept)} cases, config/sources.yaml says {expected or 'at least one'}")
    return pl.DataFrame(list(kept.values()), schema=tables.CASES.schema).sort("case_id")
