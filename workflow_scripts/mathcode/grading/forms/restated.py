r"""One value stated more than once: `1/2 or 0.5`, `0.5 (1/2)`, `5 km = 5000 m`. What is not certainly one value is several."""

from mathcode.grading.forms import quantities, units
from mathcode.grading.forms.arithmetic import Exact
from mathcode.grading.forms.splitting import depth_of
from mathcode.grading.forms.tokens import Token
from mathcode.grading.forms.trees import hundredth, symbols
from mathcode.grading.forms.values import Quantity

_CONSTANTS = {"pi", "e"}


def one(forms: list) -> Quantity | None:
    """The last of several quantities that are all the same; else None."""
    if len(forms) < 2 or not all(isinstance(form, Quantity) for form in forms):
        return None
    measured = next((form.unit for form in forms if form.unit), None)
    forms = [_measured(form, measured) for form in forms]
    return forms[-1] if all(_same(forms[0], form) for form in forms[1:]) else None


def computed(sides: list, result) -> Quantity | None:
    """`14 / 2 = 7 apples`: the result, with its unit or noun, of arithmetic without one that comes to it; else None."""
    if not isinstance(result, Quantity) or result.percent or None in sides or any(symbols(side) - _CONSTANTS for side in sides):
        return None
    return result if all(Exact().same(side, result.tree) is True for side in sides) else None


def in_brackets(found: list[Token]) -> Quantity | None:
    """`0.5 (1/2)`: a numeral or fraction, and in brackets, set off by a blank, the same value in another writing."""
    start = next((at for at, token in enumerate(found) if at and token[:2] == ("op", "(") and token.spaced), None)
    if start is None or found[-1][:2] != ("op", ")") or sum(map(depth_of, found[start:-1])) != 1:
        return None
    parts = [quantities.quantity(part) for part in (found[:start], found[start + 1 : -1])]
    if not all(part is not None and _is_numeral(part.tree) for part in parts) or parts[0] == parts[1]:
        return None
    return parts[0] if one(parts) is not None else None


def _measured(form: Quantity, unit: units.Unit | None) -> Quantity:
    """A quantity whose letter is a unit beside one of the same kind."""
    return Quantity(*form.loose) if unit and form.loose and units.ratio(form.loose[1], unit) else form


def _same(first: Quantity, second: Quantity) -> bool:
    """Whether two quantities are one without doubt: no unit or noun is missing, per cent count hundredths."""
    if (first.unit is None) != (second.unit is None) or first.noun != second.noun:
        return False
    factor = units.ratio(second.unit, first.unit) if first.unit else 1
    trees = [hundredth(form.tree) if form.percent else form.tree for form in (first, second)]
    if factor is None or any(symbols(tree) - _CONSTANTS for tree in trees):
        return False
    return Exact().same(trees[0], trees[1] if factor == 1 else ("*", (("n", factor, None), trees[1]))) is True


def _is_numeral(tree: tuple) -> bool:
    """Whether a tree is a numeral or a fraction of two."""
    while tree[0] == "-":
        tree = tree[1]
    return tree[0] == "n" or (tree[0] == "/" and tree[1][0] == tree[2][0] == "n")
