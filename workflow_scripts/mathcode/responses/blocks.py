"""Several programs of a response as one: what a program finds of the state that those before it left."""

from collections.abc import Collection

from mathcode import settings


def assemble_program(blocks: list[str], rule: settings.BlockRule = "replay", failed: Collection[int] = ()) -> str:
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
