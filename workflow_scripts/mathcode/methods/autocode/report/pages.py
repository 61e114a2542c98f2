"""The pages of a run of AutoCode: the shared ones, with its parts in them."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import polars as pl

from mathcode.methods.autocode.report import cards, dictated, examples, health, index, published
from mathcode.methods.autocode.report.claims import CLAIMS
from mathcode.methods.autocode.report.columns import columns_with
from mathcode.methods.autocode.report.plan import Plan
from mathcode.methods.autocode.report.responses import parts
from mathcode.report import browser
from mathcode.report import summary as shared
from mathcode.report.results import Results


def _rollouts(about: shared.About, plan: Plan) -> str:
    words = f"K = {about.samples} a query and methodology, and as many native ones"
    return f"at most {words}: fewer once the label is decided (certainty {plan.adaptive.certainty:g})" if plan.adaptive else words


def _published(plan: Plan) -> str:
    return (
        f"Table 1 of arXiv 2502.00691{plan.published}, others of v1 and of the authors' released program; "
        "marks of what was read where are in data/published/README.md"
    )


def summary(tables: Mapping[str, pl.DataFrame], costs: pl.DataFrame, figure: str, results: Results, about: shared.About, run: str) -> str:
    """The page to read first; arguments as `summary.Made` has them, and the results that worked examples are taken from."""
    parts = shared.Parts(
        tables=index.TABLES,
        columns=columns_with(results.plan.labels),
        main="main",
        claims=[claim.text for claim in CLAIMS],
        answer=cards.answer,
        cards=cards.cards,
        picture=index.FIGURES[0].about,
        rollouts=partial(_rollouts, plan=results.plan),
        published=_published,
        discrepancies=published.discrepancies,
        remarks=lambda tables, plan: [*dictated.remarks(tables, plan), health.remark(tables, plan)],
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
    return browser.render(browser.collect(results, run, benchmarks, items, parts(results.plan)), size)
