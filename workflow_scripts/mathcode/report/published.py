"""Published numbers, looked up to stand beside ours: rows of data/published/*.csv, as printed.

A family names its rows by role. A role says which file a row is in and, where a file names a model more than once, which of its
rows is meant: (file, what else its columns must say).
"""

import csv
import functools
from collections.abc import Mapping
from pathlib import Path

from mathcode.core.errors import UserError

FOLDER = Path(__file__).parents[3] / "data" / "published"

Roles = Mapping[str, tuple[str, Mapping[str, str]]]


class PublishedError(UserError):
    """A family names a published row or role that does not exist."""


@functools.cache
def rows(file: str) -> list[dict[str, str]]:
    """All rows of a file of data/published."""
    with open(FOLDER / file, encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def row(family: Mapping[str, str], role: str, roles: Roles) -> dict[str, str]:
    """The row that a family has in a role; empty where it names none, or one that there is not."""
    if role not in family:
        return {}
    file, wanted = roles[role]
    wanted = {"model": family[role], **wanted}
    return next((row for row in rows(file) if wanted.items() <= row.items()), {})


def number(text: str | None) -> float | None:
    """A value of a row; None where the paper gives none, or where it is marked as inferred (~)."""
    return None if not text or text.startswith("~") else float(text)


def check(family: Mapping[str, str], name: str, roles: Roles, unnamed: str = "") -> None:
    """Every role is known and every named row exists.

    Args:
        unnamed: a role whose file does not name the model, as it is about one alone.

    Raises:
        PublishedError: naming the family and the role.
    """
    for role in family:
        if role not in roles:
            raise PublishedError(f"family '{name}': unknown role '{role}' of a published row; there are: {', '.join(roles)}")
        if role != unnamed and not row(family, role, roles):
            raise PublishedError(f"family '{name}': {FOLDER.name}/{roles[role][0]} has no row '{family[role]}' for role '{role}'")
