"""AutoCode (arXiv 2502.00691): a math LM learns to choose by itself, query by query, between chain of thought and code."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from mathcode.methods.autocode import artifacts, dictations, expected
from mathcode.methods.autocode.methodologies import DECIDING, PAPER, Methodology, form_of, with_added
from mathcode.methods.autocode.report.index import ITEMS, with_columns
from mathcode.methods.autocode.report.stages import STAGES
from mathcode.methods.autocode.settings import AutoCodeRun, check, optimizers, origin, training
from mathcode.methods.method import Method
from mathcode.paths import BASE, START
from mathcode.report import case_judges


def _texts(pairs, profile: str, methodologies: Mapping[str, Methodology]) -> list[str]:
    from mathcode.methods.autocode import demonstrations

    return demonstrations.texts(pairs, profile, methodologies)


def _follows(methodologies: Mapping[str, Methodology]) -> dict[str, Any]:
    """What of the method follows from its methodologies."""
    form = form_of(methodologies)
    return {
        "form": form,
        "explored": dictations.explored(methodologies),
        "evaluated": dictations.evaluated(methodologies),
        "sampled": dictations.sampled(methodologies),
        "prompt": partial(dictations.render, methodologies=methodologies),
        "texts": partial(_texts, methodologies=methodologies),
    }


def _extended(added: Mapping[str, Any]) -> Method:
    methodologies = with_added(added, "--method")
    return replace(METHOD, **_follows(methodologies), items=with_columns(methodologies))


METHOD = Method(
    name="autocode",
    paper="2502.00691",
    run=AutoCodeRun,
    per_experiment=frozenset({"explore", "estimate", "synthesize", "train"}),
    kinds=(BASE, START),
    **_follows(PAPER),
    training=training,
    origin=origin,
    optimizers=optimizers,
    judges=artifacts.judges,
    check=check,
    samples=artifacts.samples,
    examples=expected.examples,
    evaluation=expected.evaluation,
    tabulated=artifacts.tabulated,
    browsed=artifacts.browsed,
    exemplified=artifacts.exemplified,
    planned=artifacts.planned,
    stages=STAGES,
    items=ITEMS,
    reporting="mathcode.methods.autocode.report.parts:PARTS",
    judge_tables=case_judges.TABLES,
    added=artifacts.added,
    extended=_extended,
    deciding=DECIDING,
    adaptive="mathcode.methods.autocode.adaptive",
)
