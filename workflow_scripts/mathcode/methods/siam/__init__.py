"""SIaM (arXiv 2408.15565): a code-based critic lets a model improve itself on free-form question-answer pairs from the web."""

from mathcode.methods.method import Method
from mathcode.methods.siam import artifacts, asking, expected
from mathcode.methods.siam.report.index import ITEMS
from mathcode.methods.siam.report.stages import STAGES
from mathcode.methods.siam.settings import SiamRun, check, optimizers, origin, training
from mathcode.paths import KINDS
from mathcode.responses.form import PLAIN


def _texts(pairs, profile: str) -> list[str]:
    from mathcode.methods.siam import demonstrations

    return demonstrations.texts(pairs, profile)


METHOD = Method(
    name="siam",
    paper="2408.15565",
    run=SiamRun,
    per_experiment=frozenset({"select", "train"}),
    kinds=KINDS,
    form=PLAIN,
    explored=asking.EXPLORED,
    evaluated=asking.EVALUATED,
    sampled=asking.SAMPLED,
    prompt=asking.render,
    texts=_texts,
    training=training,
    origin=origin,
    optimizers=optimizers,
    judges=artifacts.named_judges,
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
    reporting="mathcode.methods.siam.report.parts:PARTS",
)
