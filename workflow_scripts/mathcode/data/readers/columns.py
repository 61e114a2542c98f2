"""Readers of your own files: the columns of a record by name, as `columns` of a dataset in `config/sources.yaml` says them."""

from collections.abc import Callable

from mathcode import settings
from mathcode.data.draft import Draft, agrees
from mathcode.data.readers.english import Query
from mathcode.data.readers.record_types import TEXT, TEXT_OR_NULL_OR_NUMBER, TEXT_OR_NUMBER, reads
from mathcode.data.text import Record, last_box, plain, without_dollars
from mathcode.responses import parse


def query_reader(columns: settings.Columns) -> Callable[[Record], Query]:
    """A reader of questions and reference answers. Of an answer that is a number, 3.0 is read as 3; a text stays as it is."""

    @reads(**_wanted(columns))
    def read(record: Record) -> Query:
        level, kind = (_text(record[name]) if name else None for name in (columns.level, columns.type))
        return Query(record[columns.question], _text(record[columns.answer]) or "", level, kind, columns.language)

    return read


def solution_reader(columns: settings.Columns) -> Callable[[Record], Draft | str]:
    """A reader of solutions: text with programs in ```python blocks. Programs are run again; outputs in the text are not read."""

    @reads(**_wanted(columns), **{columns.solution: TEXT})
    def read(record: Record) -> Draft | str:
        gold = _text(record[columns.answer])
        if not gold:
            return "no answer"
        kind = _text(record[columns.type]) if columns.type else None
        return _drafted(record[columns.question], gold, record[columns.solution], kind, columns.language)

    return read


def _wanted(columns: settings.Columns) -> dict:
    optional = [name for name in (columns.level, columns.type) if name]
    return {columns.question: TEXT, columns.answer: TEXT_OR_NUMBER, **dict.fromkeys(optional, TEXT_OR_NULL_OR_NUMBER)}


def _text(content: str | float | None) -> str | None:
    return content.strip() if isinstance(content, str) else None if content is None else plain(content)


def _drafted(question: str, gold: str, solution: str, kind: str | None, language: str) -> Draft | str:
    """A solution cut at its programs; one that states another answer in a box is left out."""
    texts, programs = [""], []
    for span in parse.spans(solution):
        if span.kind == "program":
            programs.append(span.block.read(solution))
            texts.append("")
        elif span.kind != "output":
            texts[-1] += solution[span.start : span.end]
    stated = last_box(texts[-1])
    if stated and not agrees(without_dollars(stated), without_dollars(gold)):
        return "states another answer"
    if not "".join(texts).strip() and not programs:
        return "an empty solution"
    return Draft(question, gold, tuple(texts), tuple(programs), type=kind, language=language)
