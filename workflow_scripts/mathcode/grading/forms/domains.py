r"""Of which numbers a letter is: `n \in N^*`, `k \in \mathbb{Z}`, `x \in R`, told beside a value that holds the letter."""

from dataclasses import replace

from mathcode.grading.forms.regions import REALS
from mathcode.grading.forms.tokens import Token
from mathcode.grading.forms.trees import replaced, symbols
from mathcode.grading.forms.values import Domain, Items, Named, Over, Piece, Quantity, Region

_NUMBERS = {"N", "Z", "Q", "R"}
_SIGNS = {("*",): "+", ("+",): "+", ("-",): "-"}


def numbers(found: list[Token]) -> str | None:
    r"""The name of a set of numbers: Z, N, Q, R, and of its positive or negative ones, `N^*`, `Z_+`, `R^{-}`."""
    name = found[0].value.split()[-1] if found and found[0].kind in ("mark", "word", "text") else ""
    marks = [token.value for token in found[1:] if token.value not in ("{", "}", "^", "_")]
    if name not in _NUMBERS or (marks and tuple(marks) not in _SIGNS) or len(found) > 5:
        return None
    name += _SIGNS[tuple(marks)] if marks else ""
    return "Z+" if name == "N+" else name


def told(form) -> Domain | None:
    r"""The domain that a form tells, `x \in R` among them; None where it tells something else."""
    if isinstance(form, Region) and form.pieces == REALS.pieces and form.variable:
        return Domain(form.variable, "R")
    return form if isinstance(form, Domain) else None


def with_letter(one: Over, letter: str):
    """The value with another letter for that of its domain."""
    return one.value if one.domain.variable == letter else _renamed(one.value, {one.domain.variable: letter, letter: letter + " free"})


def _trees(form) -> list[tuple]:
    if isinstance(form, Quantity):
        return [form.tree]
    if isinstance(form, Named):
        return _trees(form.value)
    if isinstance(form, Region):
        ends = [end for piece in form.pieces for end in (piece.low, piece.high) if end]
        return [*ends, ("s", form.variable)] if form.variable else ends
    return [tree for item in form.items for tree in _trees(item)] if isinstance(form, Items) else []


def letters(form) -> set[str]:
    """The letters that a form holds."""
    return {name for tree in _trees(form) for name in symbols(tree)}


def _renamed(form, names: dict[str, str]):
    if isinstance(form, Quantity):
        return replace(form, tree=replaced(form.tree, names))
    if isinstance(form, Named):
        return replace(form, value=_renamed(form.value, names))
    if isinstance(form, Items):
        return replace(form, items=tuple(_renamed(item, names) for item in form.items))
    if isinstance(form, Region):
        pieces = (
            Piece(piece.low and replaced(piece.low, names), piece.low_closed, piece.high and replaced(piece.high, names), piece.high_closed)
            for piece in form.pieces
        )
        return Region(tuple(pieces), names.get(form.variable, form.variable))
    return form
