"""The form of a response: rounds of text, program and output; attempts; what the model wrote and what it was shown.

A response interleaves free text with programs in ```python fences and their output in ```output fences (the format of
DeepSeekMath and ToRA). The model writes up to and including the ```output fence; what follows, up to and including the
closing fence, is execution output, shown to the model and never learned.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

CODE_FENCE = "```python"
OUTPUT_FENCE = "```output"
CLOSE_FENCE = "```"
ALTERED_FENCE = "'''"

CUES = {"cot": "Let's reason step by step.", "code": "Let's write a program."}
"""Opening sentence that announces a methodology (released program)."""

HINTS = {
    "code": "Sorry, the above solution may be incorrect. It's better to write a program.",
    "cot": "Sorry, the above solution may be incorrect. It's better to simply reason step by step.",
}
"""Reflective hint towards a methodology (released program)."""

_PROGRAM = re.compile(r"```python[ \t]*\n((?:(?!```).)*?)(?:\n)?```(?!python)", re.DOTALL)  # a block left open ends at the next
_OUTPUT = re.compile(r"```output[ \t]*\n(.*?)(?:\n)?```[ \t]*\n?", re.DOTALL)
_HINT = re.compile("|".join(re.escape(hint) for hint in HINTS.values()))


@dataclass(frozen=True)
class Segment:
    """A stretch of a response: written by the model, or shown to it."""

    text: str
    generated: bool


def programs(text: str) -> list[str]:
    """The complete ```python blocks of `text`, in order."""
    return [match.group(1) for match in _PROGRAM.finditer(text)]


def outputs(text: str) -> list[str]:
    """The complete ```output blocks of `text`, in order."""
    return [match.group(1) for match in _OUTPUT.finditer(text)]


def pending_program(text: str) -> str | None:
    """The program a response asks to run: its last block, if closed and followed by no output and no box.

    The response has just ended, at ```output or at its end of text.
    """
    tail = text[text.rfind(CODE_FENCE) :] if CODE_FENCE in text else ""
    match = _PROGRAM.match(tail)
    if match is None:
        return None
    rest = tail[match.end() :].strip()
    return match.group(1) if rest in ("", OUTPUT_FENCE) else None


def segments(text: str) -> list[Segment]:
    """Split a response into what the model wrote and what it was shown; their texts join to `text` again.

    The ```output fence itself is written by the model (it is how it asks for execution); the newline after it, the
    output and its closing fence are shown.
    """
    parts, position = [], 0
    for match in _OUTPUT.finditer(text):
        start = match.start() + len(OUTPUT_FENCE)
        parts += [Segment(text[position:start], True), Segment(text[start : match.end()], False)]
        position = match.end()
    if position < len(text):
        parts.append(Segment(text[position:], True))
    return parts


def render_output(output: str) -> str:
    """What follows the ```output fence in the text shown to the model. A fence in the output would end it early: it is altered."""
    return f"\n{output.replace(CLOSE_FENCE, ALTERED_FENCE)}\n{CLOSE_FENCE}\n"


def without_outputs(text: str) -> str:
    """The response with execution output removed: what the model itself stated."""
    return "".join(segment.text for segment in segments(text) if segment.generated)


def attempts(text: str) -> list[str]:
    """The methodology attempts of a response: the stretches between reflective hints."""
    return _HINT.split(text)


def methodology(attempt: str) -> Literal["cot", "code"]:
    """Methodology of an attempt: what its cue announces; without a cue, code iff it holds a ```python fence."""
    opening = attempt.lstrip()
    for name, cue in CUES.items():
        if opening.startswith(cue):
            return name
    return "code" if CODE_FENCE in attempt else "cot"


def first_methodology(text: str) -> Literal["cot", "code"]:
    """Methodology chosen first: the decision that selection accuracy and the prior are about."""
    return methodology(attempts(text)[0])


def writes_code(text: str) -> bool:
    """The released program's test for code: a ```python fence or a `print(` anywhere."""
    return CODE_FENCE in text or "print(" in text


BlockRule = Literal["replay", "replay_successful", "notebook"]
"""What the earlier programs of a response leave to the next; see `assemble_program`."""


def assemble_program(blocks: list[str], rule: BlockRule = "replay", failed: Collection[int] = ()) -> str:
    """One program that rebuilds the state the earlier blocks of a response left, then runs the last one.

    Args:
        blocks: the programs of a response so far; the last is the one to run.
        rule: `replay`: earlier blocks without their top-level prints, as the DeepSeek-Math harness does;
            `replay_successful`: the same, but of blocks that failed only the imports, as the Qwen2.5-Math and ToRA harnesses
            do; `notebook`: as cells of a notebook, whose state lives on up to an error, and where a last line
            that is an expression shows its value.
        failed: positions of blocks that ended in an error.
    """
    *earlier, last = blocks
    if rule == "notebook":
        return _NOTEBOOK.format(earlier=earlier, last=last)
    kept = []
    for number, block in enumerate(earlier):
        lines = [line for line in block.splitlines() if not line.startswith("print(")]
        if rule == "replay_successful" and number in failed:
            lines = [line for line in lines if line.startswith(("import ", "from "))]
        kept += lines
    return "\n".join([*kept, last])


_NOTEBOOK = """\
import ast, contextlib, io


def _run_cell(cell):
    tree = ast.parse(cell)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "program.py", "exec"), globals())
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "program.py", "eval"), globals())
        if value is not None:
            print(repr(value))


for _cell in {earlier!r}:
    with contextlib.suppress(Exception), contextlib.redirect_stdout(io.StringIO()):
        _run_cell(_cell)
_run_cell({last!r})
"""
