"""Readers of generated questions whose golds are written for people: as a site wrote them, or as a checker would."""

from collections.abc import Callable
from fractions import Fraction

from mathcode.core.random_streams import share
from mathcode.data import number_words
from mathcode.data.readers.english import Query
from mathcode.data.text import Record


def forms(record: Record) -> Query:
    """The gold in the form of its site; level is the name of that form, type the family."""
    return Query(record["question"], record["answer"], record["form"], record["family"], record["language"], _values(record))


def forms_plain(record: Record) -> Query:
    """The same questions with the values themselves as gold."""
    return forms(record)._replace(gold=_values(record), level="plain")


def forms_parts(record: Record) -> Query:
    """The same questions as `forms`, for a test of several parts: level is the part."""
    return forms(record)._replace(level=_part(record))


def arithmetic_free(record: Record) -> Query:
    """Questions of `mathcode.data.arithmetic` with golds for people: a third of its numbers in digits, in words, in Chinese numerals."""
    gold, place = record["answer"], share("form of the gold", record["question"])
    if gold.lstrip("-").isdigit() and place >= 1 / 3:
        written = (number_words.english if place < 2 / 3 else number_words.chinese)(Fraction(gold)) or gold
        return Query(record["question"], written, record["kind"], record["family"], values=gold)
    return Query(record["question"], gold, record["kind"], record["family"], values=gold)


def _values(record: Record) -> str:
    """What the judge `oracle` compares with."""
    return ", ".join(record["values"])


def _part(record: Record) -> str:
    """What is asked of a policy: the seed's domain or what lies outside it, in ordinary words; or other words, or a harder structure."""
    return record["domain"] if record["variant"] == "ordinary" else record["variant"]


READERS: dict[str, Callable[[Record], Query]] = {reader.__name__: reader for reader in (forms, forms_plain, forms_parts, arithmetic_free)}
