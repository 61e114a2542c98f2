"""Questions as text: records of raw files, stable ids, LaTeX boxes and dollar signs."""

import hashlib
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from mathcode.core.errors import UserError
from mathcode.responses.boxes import boxes

Record = dict[str, Any]
Row = TypeVar("Row")


class CorpusError(UserError):
    """A record or a table is not what its declaration promises."""


def last_box(text: str) -> str:
    """Content of the last box, or "" without one."""
    found = boxes(text)
    return found[-1].content if found else ""


def unboxed(text: str) -> str:
    """The text with every box replaced by its content."""
    parts, position = [], 0
    for box in boxes(text):
        parts += [text[position : box.start], box.content]
        position = box.end
    return "".join([*parts, text[position:]])


def without_dollars(text: str) -> str:
    r"""The text without mathematics and currency signs: "$\$ 3040$" is "3040"."""
    return re.sub(r"\\\$\s*|\$", "", text).strip()


def plain(value: int | float | str) -> str:
    """A number as text, whole numbers without decimals: 145.0 is "145", "025" is "25", 6.02e23 is "6.02e+23"; of an int all digits.

    Raises:
        ValueError: it is no finite number.
    """
    try:
        return str(int(value)) if isinstance(value, int | str) else _plain(value)
    except ValueError:
        return _plain(float(value))


def _plain(number: float) -> str:
    if not math.isfinite(number):
        raise ValueError(f"{number} is not a finite number")
    return repr(number + 0.0).removesuffix(".0")  # 1e+20 stays: the digits that it lacks are nobody's; and -0.0 is 0


def read_all(records: Iterable[tuple[str, Record]], readers: Mapping[str, Callable[[Record], Row]], name: str) -> Iterator[tuple[str, Row]]:
    """Apply the reader called `name` to records that come with their place.

    Raises:
        CorpusError: no such reader, or a record lacks a key or holds something else there; names file, row and key.
    """
    if name not in readers:
        raise CorpusError(f"no reader '{name}'; there are: {', '.join(readers)}")
    for place, record in records:
        try:
            yield place, readers[name](record)
        except KeyError as error:
            raise CorpusError(
                f"{place}: key {error} is missing (reader '{name}'); the record has: {', '.join(map(str, record))}"
            ) from error
        except (TypeError, ValueError, AttributeError) as error:
            raise CorpusError(f"{place}: {error} (reader '{name}')") from error


def canonical(question: str) -> str:
    """The question as ids see it: one Unicode form, single blanks. Signs stay, since 2 + 3 is not 2 - 3."""
    return " ".join(unicodedata.normalize("NFC", question).split())


def query_id(dataset: str, question: str, occurrence: int = 0) -> str:
    """Stable id of a question of a dataset: 16 hexadecimal digits; repeats inside a benchmark differ by `occurrence`."""
    parts = [dataset, canonical(question)] + ([str(occurrence)] if occurrence else [])
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
