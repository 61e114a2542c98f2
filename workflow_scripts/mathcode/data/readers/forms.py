"""Readers of the questions that `mathcode.data.arithmetic_forms` generates: with the gold as a site wrote it, or as a checker would."""

from collections.abc import Callable

from mathcode.data.readers.english import Query
from mathcode.data.text import Record


def forms(record: Record) -> Query:
    """The gold in the form of its site; level is the name of that form, type the family."""
    return Query(record["question"], record["answer"], record["form"], record["family"], record["language"])


def forms_plain(record: Record) -> Query:
    """The same questions with the values themselves as gold: what an oracle compares with."""
    return Query(record["question"], ", ".join(record["values"]), "plain", record["family"], record["language"])


READERS: dict[str, Callable[[Record], Query]] = {reader.__name__: reader for reader in (forms, forms_plain)}
