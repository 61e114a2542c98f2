"""What responses of AutoCode say with the paper's two methodologies; a run that adds others has its own (`methodologies.form_of`)."""

from mathcode.methods.autocode.methodologies import PAPER, form_of
from mathcode.responses.form import Form

FORM = form_of(PAPER)

KINDS = {
    "exploratory_native": "native responses",
    "exploratory_dictated": "dictated responses",
    "reflective": "self-reflective responses",
}
"""How the responses that an iteration trains on were made (column `kind` of table `training`), in words."""

REHEARSED = "demonstration_dictated"
"""Kind of an SFT demonstration whose prompt dictates the methodology: iterations may learn it again (`synthesize.rehearsal`)."""


def with_cue(methodology: str, solution: str, form: Form = FORM) -> str:
    """A complete response y = [y_c, y_a]: the cue that announces the methodology, then the solution."""
    return f"{form.cues[methodology]}\n{solution}"
