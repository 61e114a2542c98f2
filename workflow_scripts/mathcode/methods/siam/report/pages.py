"""The pages of a run of SIaM: the shared ones, with its parts in them."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from mathcode.methods.siam.report import cards, examples, index, published
from mathcode.methods.siam.report.columns import COLUMNS
from mathcode.methods.siam.report.lines import LINES
from mathcode.methods.siam.report.places import GENERATED
from mathcode.methods.siam.report.plan import Plan
from mathcode.methods.siam.report.responses import PARTS
from mathcode.report import browser
from mathcode.report import summary as shared
from mathcode.report.results import Results

_ON_VERDICTS = (
    "Shown: the whole 95 % interval supports the claim, so do the further conditions listed below it, and the p-value, adjusted by Holm "
    "over the lines that could be tested, is at most 0.05. With one seed, intervals and p-values are over items alone and say "
    "nothing about another seed."
)


def _caution(tables: Mapping[str, pl.DataFrame]) -> str:
    if GENERATED not in tables["main"]["data"].to_list():
        return ""
    return (
        "The gap between families is engineered: we chose which questions the base can answer and which have free-form references. "
        "Read it as a mechanism, not as a size of effect."
    )


def _substitution(tables: Mapping[str, pl.DataFrame], plan: Plan) -> list[shared.Remark]:
    """What the run learns from in the place of what the paper had."""
    made = " They are generated." if GENERATED in tables["main"]["data"].to_list() else ""
    named = f"of {', '.join(plan.web)} " if plan.web else ""
    return [shared.Remark(f"The paper's web corpus is not available; questions {named}take its place.{made}")]


def _rollouts(about: shared.About) -> str:
    return f"{about.samples} programs a question in each round; more for the seed set and for pairs (settings)"


def _published(plan: Plan) -> str:
    return "two gains of the abstract of arXiv 2408.15565 and one unverified row of a survey; the paper's own tables are not available"


def summary(tables: Mapping[str, pl.DataFrame], costs: pl.DataFrame, figure: str, results: Results, about: shared.About, run: str) -> str:
    """The page to read first; arguments as `summary.Made` has them, and the results that worked examples are taken from."""
    parts = shared.Parts(
        tables=index.TABLES,
        columns=COLUMNS,
        main="main",
        claims=[line.text for line in LINES],
        answer=cards.answer,
        cards=cards.cards,
        picture=index.FIGURES[0].about,
        rollouts=_rollouts,
        published=_published,
        discrepancies=published.notes,
        on_verdicts=_ON_VERDICTS,
        caution=_caution,
        remarks=_substitution,
    )
    return shared.render(shared.Made(tables, costs, figure, examples.worked(results), about, run), results.plan, parts)


def responses(results: Results, run: str, benchmarks: Mapping[str, Path], items: int, size: int) -> str:
    """The page of responses, with at most so many items of a place, and at most `size` bytes.

    Args:
        benchmarks: tables `queries` of the benchmarks, by name.

    Raises:
        TableError: a table is missing or damaged.
        BrowserError: one item of each place does not fit.
    """
    return browser.render(browser.collect(results, run, benchmarks, items, PARTS), size)
