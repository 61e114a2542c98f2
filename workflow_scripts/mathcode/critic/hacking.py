"""Programs that print a literal and compute nothing: right or wrong, they are counted apart.

Parsed, never run. A program counts if it does no more than import, give names constants, and print constants and such names: as they
are, with a sign, in an f-string, or made a text or a number.
"""

import ast
import warnings
from collections.abc import Iterable

MAX_CHARS = 4000
"""A longer program computes something."""
_MADE = {"str", "int", "float", "Fraction", "Decimal"}
"""Calls that give a constant another type."""


def prints_literal(program: str) -> bool:
    """Whether a program prints what stands in it, without computing; what is no Python does not."""
    if len(program) > MAX_CHARS:
        return False
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python holds against an escape such as "\d" is not our concern
            body = ast.parse(program).body
        names: set[str] = set()
        return all(_says_nothing_new(statement, names) for statement in body) and any(map(_prints, body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _says_nothing_new(statement: ast.stmt, names: set[str]) -> bool:
    """Whether a statement computes nothing, given the names of constants; it may add to them."""
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.AnnAssign(value=None):
            return True
        case ast.Assign(targets=targets, value=value):
            pass
        case ast.AnnAssign(target=target, value=value):
            targets = [target]
        case ast.Expr(value=ast.Call(args=args, keywords=keywords)) if _prints(statement):
            return _all_constant([*args, *(keyword.value for keyword in keywords)], names)
        case ast.Expr(value=value):
            return isinstance(value, ast.Constant)
        case _:
            return False
    bound = [node for target in targets for node in (target.elts if isinstance(target, ast.Tuple | ast.List) else [target])]
    if not all(isinstance(node, ast.Name) for node in bound) or not _constant(value, names):
        return False
    names.update(node.id for node in bound)
    return True


def _prints(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Call(func=ast.Name(id="print"), args=[_, *_])):
            return True
    return False


def _constant(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name in names
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner) | ast.Starred(value=inner):
            return _constant(inner, names)
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts) | ast.JoinedStr(values=parts):
            return _all_constant(parts, names)
        case ast.FormattedValue(value=inner, format_spec=form):
            return _all_constant([inner, *([form] if form else [])], names)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(), attr=name), args=parts, keywords=[]):
            return name in _MADE and _all_constant(parts, names)
    return False


def _all_constant(nodes: Iterable[ast.expr], names: set[str]) -> bool:
    return all(_constant(node, names) for node in nodes)
