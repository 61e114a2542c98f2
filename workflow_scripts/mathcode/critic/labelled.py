"""Table `cases` of cases whose labels came with public data (`mathcode.data.readers.labelled`).

They measure judges; no critic learns from them.
"""

import logging
from collections import Counter
from collections.abc import Iterable

import polars as pl

from mathcode import tables
from mathcode.core.errors import UserError
from mathcode.critic import cases
from mathcode.grading.judge import Labelled

log = logging.getLogger(__name__)


class LabelledError(UserError):
    """Labelled data are not what `config/sources.yaml` says."""


def table(dataset: str, read: Iterable[tuple[str, Labelled | str]], expected: int | None) -> pl.DataFrame:
    """Table `cases`, sorted by case_id, all of the split `test`.

    Args:
        dataset: its name.
        read: what its reader made of each record, with the record's place.
        expected: cases there must be; None: not known beforehand.

    Raises:
        LabelledError: no case is left, or not `expected` ones.
    """
    kept: dict[str, dict] = {}
    dropped: Counter[str] = Counter()
    for _, found in read:
        if isinstance(found, str):
            dropped[found] += 1
        elif (case := _case(found))["case_id"] in kept:
            dropped["repeated"] += 1
        elif (opposite := _case(found, not found.right))["case_id"] in kept:
            raise LabelledError(f"'{dataset}' labels one case both ways: {opposite['case_id']}")
        else:
            kept[case["case_id"]] = case | {"split": "test"}
    log.info("%s: %d cases kept; left out: %s", dataset, len(kept), dict(dropped) or "none")
    if not kept or (expected is not None and len(kept) != expected):
        raise LabelledError(f"'{dataset}' has {len(kept)} cases, config/sources.yaml says {expected or 'at least one'}")
    return pl.DataFrame(list(kept.values()), schema=tables.CASES.schema).sort("case_id")


def _case(found: Labelled, right: bool | None = None) -> dict:
    """Its row but for the split: a published run where a program printed the result, else written by people.

    Args:
        right: a label in place of its own.
    """
    query = {"query_id": found.name, "question": found.question, "language": "en"}
    origin, by = ("human", "human") if found.program is None else ("rollout", "source")
    label = cases.YES if (found.right if right is None else right) else cases.NO
    return cases.case_row(query, found.gold, found.program, found.result, origin, found.benchmark, label, by)
