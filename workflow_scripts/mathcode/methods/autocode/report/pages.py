"""The pages of a run of AutoCode: the shared ones, with its parts in them."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import polars as pl

from mathcode.methods.autocode.report import cards, clean, corrected, dictated, examples, health, index, published
from mathcode.methods.autocode.report.claims import CLAIMS
from mathcode.methods.autocode.report.columns import columns_with
from mathcode.methods.autocode.report.plan import Plan
from mathcode.methods.autocode.report.responses import parts
from mathcode.report import browser, case_judges
from mathcode.report import summary as shared
from mathcode.report.columns import JUDGED
from mathcode.report.results import Results

_LEGEND = (
    "Each point is a policy, further up more accurate, further left with fewer programs. Pale: another one is no worse on either "
    "count, and surely better on one (its 95 % interval). Dotted: through all that are not pale."
)

_WORDS = {
    "start policy": "the model before the first iteration: after SFT on solutions in words and solutions with programs",
    "dictated, told to use": "the prompt asks for a methodology: CoT (reasoning in words) or code (a program, really run)",
    "auto, native": "the prompt asks for none: the policy chooses",
    "cue": "the sentence that opens a response and announces its methodology",
    "EM": "an iteration of AutoCode: explore, estimate, synthesize, train",
    "Q": "share of right answers of a methodology on a query; by Q alone: labels that leave out the prior, how often it was chosen in auto",
    "self-reflective": "a training response made of a failed attempt, a hint, and a right attempt by another methodology",
    "NO_REFL": "EM without such responses in the first iteration; later ones have them",
    "released objective": "loss, labels and whitening as in the authors' released program, in place of the paper's formulas",
    "standard RL": "trained on undictated rollouts alone: as many of these as EM has (same K), or as EM has in all (equal rollouts)",
}


def _rollouts(about: shared.About, plan: Plan) -> str:
    words = f"K = {about.samples} a query and methodology, and as many native ones"
    return f"at most {words}: fewer once the label is decided (certainty {plan.adaptive.certainty:g})" if plan.adaptive else words


def _remarks(tables: Mapping[str, pl.DataFrame], plan: Plan) -> list[shared.Remark]:
    after = (corrected.remark(tables, plan), health.remark(tables, plan))
    return [*clean.remarks(tables, plan), *dictated.remarks(tables, plan), *after]


def _published(plan: Plan) -> str:
    return (
        f"Table 1 of arXiv 2502.00691{plan.published}, others of v1 and of the authors' released program; "
        "data/published/README.md says where each number was read"
    )


def summary(tables: Mapping[str, pl.DataFrame], costs: pl.DataFrame, figure: str, results: Results, about: shared.About, run: str) -> str:
    """The page to read first; arguments as `summary.Made` has them, and the results that worked examples are taken from."""
    parts = shared.Parts(
        tables=(*index.TABLES, *(case_judges.TABLES if results.plan.case_sets else ())),
        columns=columns_with(results.plan.labels).extended(JUDGED) if results.plan.case_sets else columns_with(results.plan.labels),
        main="main",
        claims=[claim.text for claim in CLAIMS],
        answer=cards.answer,
        cards=cards.cards,
        picture=index.FIGURES[0].about,
        rollouts=partial(_rollouts, plan=results.plan),
        published=_published,
        discrepancies=published.discrepancies,
        remarks=_remarks,
        legend=_LEGEND,
        words=_WORDS,
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
