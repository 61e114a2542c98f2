"""What a method's runs end with: an `Item` for each table, figure and page. A method lists its own in `methods/*/report/index.py`.

That list is the one place that rules, programs, pages, LaTeX, captions and tests read. Light: rules import it, so what makes an
item is named, and imported when it is asked for; nothing here or in an index imports polars, numpy or matplotlib.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

Kind = Literal["table", "figure", "page"]


@dataclass(frozen=True)
class Item:
    """A table, figure or page.

    Its caption in the HTML report stands in reports/captions/{captions, or the method}/{kind}s/{name}.rst: Snakemake takes files alone.

    Attributes:
        kind: what it is.
        name: of its file.
        category: the part of the HTML report that lists it.
        label: what it is called there.
        maker: "module:function" that makes it. Of a table: rows (list of dict, shares in percent) from `Results`. Of a figure: a
            matplotlib Figure from `Results` and the run's name. Of a page: its text.
        title: heading of a table on the page to read first; a table without one has a form of its own there.
        about: sentence below that heading; of a figure what it shows to who cannot see it.
        columns: of a table, in order.
        published: files of data/published that it shows.
        captions: folder of its caption, where that is not its method's.
    """

    kind: Kind
    name: str
    category: str
    label: str
    maker: str
    title: str = ""
    about: str = ""
    columns: Sequence[str] = ()
    published: Sequence[str] = ()
    captions: str = ""

    def load(self) -> Callable[..., Any]:
        """The function that makes it, imported now."""
        return load(self.maker)


FOREMOST = ("Summary", "Responses")
"""Categories that the menu of the HTML report lists first."""


def menu_entry(category: str) -> str:
    """What a category is called there: Snakemake sorts them by the alphabet, so those of FOREMOST have a number."""
    return f"{FOREMOST.index(category) + 1}. {category}" if category in FOREMOST else category


def load(name: str) -> Any:
    """What "module:attribute" names."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)


def published_files(items: Iterable[Item]) -> list[str]:
    """The files of data/published that items show, each once."""
    return list(dict.fromkeys(file for item in items for file in item.published))


COSTS = Item("table", "costs", "Costs", "hours and memory by stage (CSV)", "mathcode.report.costs:tabulate", captions="shared")
"""What a run cost, whatever its method; it stands with the logs, and its columns are `costs.COLUMNS`."""
