"""Readers by name: those of queries and benchmarks, of solutions to learn from, and of labelled cases.

A reader turns one record into a row, or into the reason why the record is left out. `columns` reads whatever a dataset says.
"""

from collections.abc import Callable

from mathcode import settings
from mathcode.data.draft import Draft
from mathcode.data.readers import chinese, columns, english, forms, labelled, out_of_domain, seeds, solutions, web
from mathcode.data.readers.english import Query
from mathcode.data.text import Record
from mathcode.grading.judge import Labelled

QUERY_READERS: dict[str, Callable[[Record], Query | str]] = {
    **english.READERS,
    **chinese.READERS,
    **web.READERS,
    **out_of_domain.READERS,
    **forms.READERS,
}
SFT_READERS: dict[str, Callable[[Record], Draft | str]] = {**solutions.READERS, **seeds.READERS}


def query_readers(dataset: settings.Dataset) -> dict[str, Callable[[Record], Query | str]]:
    """Readers that a set of queries, or a benchmark, may name."""
    return QUERY_READERS if dataset.columns is None else {settings.COLUMNS: columns.query_reader(dataset.columns)}


def sft_readers(dataset: settings.Dataset) -> dict[str, Callable[[Record], Draft | str]]:
    """Readers that a set of solutions may name."""
    return SFT_READERS if dataset.columns is None else {settings.COLUMNS: columns.solution_reader(dataset.columns)}


def case_readers(dataset: settings.Dataset) -> dict[str, Callable[[Record], Labelled | str]]:
    """Readers that a set of labelled cases may name."""
    return labelled.READERS
