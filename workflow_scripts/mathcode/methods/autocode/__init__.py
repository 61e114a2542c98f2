"""AutoCode (arXiv 2502.00691): a math LM learns to choose by itself, query by query, between chain of thought and code."""

from mathcode.methods.autocode import artifacts, dictations, expected
from mathcode.methods.autocode.form import FORM
from mathcode.methods.autocode.report.index import ITEMS
from mathcode.methods.autocode.report.stages import STAGES
from mathcode.methods.autocode.settings import AutoCodeRun, check, optimizers, origin, training
from mathcode.methods.method import Method
from mathcode.paths import BASE, START


def _texts(pairs, profile: str) -> list[str]:
    from mathcode.methods.autocode import demonstrations

    return demonstrations.texts(pairs, profile)


METHOD = Method(
    name="autocode",
    paper="2502.00691",
    run=AutoCodeRun,
    per_experiment=frozenset({"explore", "estimate", "synthesize", "train"}),
    kinds=(BASE, START),
    form=FORM,
    explored=dictations.EXPLORED,
    evaluated=dictations.EVALUATED,
    sampled=dictations.SAMPLED,
    prompt=dictations.render,
    texts=_texts,
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
)
