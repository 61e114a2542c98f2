"""What AutoCode's responses say: a cue that announces the methodology, and a hint between a failed attempt and the next."""

from mathcode.responses.form import Form

CUES = {"cot": "Let's reason step by step.", "code": "Let's write a program."}
"""Opening sentence that announces a methodology (released program)."""

HINTS = {
    "code": "Sorry, the above solution may be incorrect. It's better to write a program.",
    "cot": "Sorry, the above solution may be incorrect. It's better to simply reason step by step.",
}
"""Reflective hint towards a methodology (released program)."""

FORM = Form(CUES, HINTS)

KINDS = {
    "exploratory_native": "native responses",
    "exploratory_dictated": "dictated responses",
    "reflective": "self-reflective responses",
}
"""How the responses that an iteration trains on were made (column `kind` of table `training`), in words."""


def with_cue(methodology: str, solution: str) -> str:
    """A complete response y = [y_c, y_a]: the cue that announces the methodology, then the solution."""
    return f"{CUES[methodology]}\n{solution}"
