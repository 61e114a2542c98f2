"""Readers of your own files: the columns of a record by name, as `columns` of a dataset in `config/sources.yaml` says them."""

from collections.abc import Callable
from pathlib import Path

from mathcode import settings
from mathcode.data.draft import Draft, agrees
from mathcode.data.readers.english import Query
from mathcode.data.readers.record_types import TEXT, TEXT_OR_NULL_OR_NUMBER, TEXT_OR_NUMBER, reads
from mathcode.data.record_files import HeaderError, SourceError, column_names
from mathcode.data.sources import at_hand
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
    """A reader of solutions: text with programs in ```python blocks. Programs are run again; outputs in the text are not read.

    Raises:
        SettingsError: no column of solutions is named.
    """
    if columns.solution is None:
        raise settings.SettingsError("key 'columns.solution' is missing: SFT data need a column of solutions")

    @reads(**_wanted(columns) | {columns.solution: TEXT})
    def read(record: Record) -> Draft | str:
        gold = _text(record[columns.answer])
        if not gold:
            return "no answer"
        kind = _text(record[columns.type]) if columns.type else None
        return _drafted(record[columns.question], gold, record[columns.solution], kind, columns.language)

    return read


def refuse_missing(sources: settings.Sources, mirror: str | Path | None, where: str) -> None:
    """Columns that datasets name are in their files. Only what is on this machine is looked at, and of that the first record.

    Args:
        mirror: folder with files that were not fetched yet; None: there is none.
        where: what the datasets stand in, named in errors.

    Raises:
        SettingsError: a column is missing; names the key, the file and the nearest column that there is.
    """
    groups = {"queries": sources.queries, "benchmarks": sources.benchmarks, "sft": sources.sft}
    for group, name, dataset in ((group, *row) for group, rows in groups.items() for row in rows.items()):
        if dataset.columns is None:
            continue
        for path, known in _columns_at_hand(dataset.source, sources.sources[dataset.source], mirror).items():
            for key, column in _read_by(dataset.columns, group == "sft").items():
                if column not in known:
                    said = settings.meant(column, known) or f"; it has: {', '.join(known)}"
                    lacks = f"a column that source '{dataset.source}' lacks ({path})"
                    raise settings.SettingsError(f"{where}: {group} '{name}': key 'columns.{key}' names '{column}', {lacks}{said}")


def _columns_at_hand(name: str, source: settings.Source, mirror: str | Path | None) -> dict[Path, list[str]]:
    """Names of the columns of a source's files that are here; what cannot be read is left to the job that reads all of it.

    Raises:
        SettingsError: a header names no columns.
    """
    found = {}
    try:
        for path in at_hand(name, source, mirror):
            found[path] = column_names(path)
    except HeaderError as error:
        raise settings.SettingsError(f"source '{name}': {error}") from None
    except (SourceError, OSError):
        pass
    return {path: names for path, names in found.items() if names}


def _read_by(columns: settings.Columns, solved: bool) -> dict[str, str]:
    """The columns that a reader reads, by the keys that name them."""
    keys = {"question", "answer", "level", "type"} | ({"solution"} if solved else set())
    return columns.model_dump(include=keys, exclude_none=True)


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
