"""Readers of cases whose labels came with public data: a reference, a result, and what those who published them say of the two."""

from collections.abc import Callable

from mathcode.data.text import Record
from mathcode.grading import equality
from mathcode.grading.judge import Labelled


def answer_judge(record: Record) -> Labelled | str:
    """NeMo-Skills' pairs for testing a judge: written and labelled by its makers, without a program."""
    texts = _texts(record["id"], record["question"], record["reference"], record["result"])
    return Labelled(*texts, None, None, _RIGHT["answer_judge"][record["label"]]) if record["label"] in _RIGHT["answer_judge"] else _UNKNOWN


def mathcoder_runs(record: Record) -> Labelled | str:
    """MathCoder's runs on test questions, labelled by its rule for the final answer.

    The label applies to the printed result only where the final answer equals it. It is reliable only where a reader would agree, so runs
    whose number is near the reference (another rounding, sign, unit, or one value of several) are left out.
    """
    if record["verdict"] is None:
        return "without a verdict"
    if record["verdict"] not in _RIGHT["mathcoder_runs"]:
        return _UNKNOWN
    if record["near_miss"]:
        return "a reader may differ from the verdict"
    if not record["blocks"]:
        return "without a program"
    printed = record["blocks"][-1]["output"]
    if not printed.strip() or not equality.numeric_equal(record["final"], printed.strip().splitlines()[-1].strip()):
        return "answers something else than its program printed"
    program = "\n".join(block["code"] for block in record["blocks"])
    texts = _texts(record["id"], record["question"], record["reference"], printed)
    return Labelled(*texts, program, record["dataset"], _RIGHT["mathcoder_runs"][record["verdict"]])


_RIGHT = {"answer_judge": {"YES": True, "NO": False}, "mathcoder_runs": {"correct": True, "wrong": False}}
"""What the labels of each source mean."""
_UNKNOWN = "its label is not known"


def _texts(*values: object) -> tuple[str, ...]:
    for value in values:
        if not isinstance(value, str):
            raise TypeError(f"expected text, found {value!r}")
    return values


READERS: dict[str, Callable[[Record], Labelled | str]] = {"answer_judge": answer_judge, "mathcoder_runs": mathcoder_runs}
