"""Readers by name: those of queries and benchmarks, and those of solutions to learn from.

A reader turns one record into a row, or into the reason why the record is left out.
"""

from collections.abc import Callable

from mathcode.data.draft import Draft
from mathcode.data.readers import chinese, english, forms, out_of_domain, seeds, solutions, web
from mathcode.data.readers.english import Query
from mathcode.data.text import Record

QUERY_READERS: dict[str, Callable[[Record], Query | str]] = {
    **english.READERS,
    **chinese.READERS,
    **web.READERS,
    **out_of_domain.READERS,
    **forms.READERS,
}
SFT_READERS: dict[str, Callable[[Record], Draft | str]] = {**solutions.READERS, **seeds.READERS}
