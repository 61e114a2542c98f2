"""AutoCode (arXiv 2502.00691): a math LM learns to choose by itself, query by query, between chain of thought and code."""

from mathcode.methods.autocode import dictations
from mathcode.methods.autocode.form import FORM
from mathcode.methods.autocode.report.index import ITEMS
from mathcode.methods.autocode.settings import AutoCodeRun, check, optimizers
from mathcode.methods.method import Method

METHOD = Method(
    name="autocode",
    run=AutoCodeRun,
    per_experiment=frozenset({"explore", "estimate", "synthesize", "train"}),
    form=FORM,
    modes=dictations.MODES,
    prompt=dictations.render,
    optimizers=optimizers,
    check=check,
    items=ITEMS,
    reporting="mathcode.methods.autocode.report.parts:PARTS",
)
