r"""Values beside their decimals, 4\pi \approx 12.57: whether the two agree, and what they state."""

from dataclasses import replace
from fractions import Fraction

from mathcode.grading.forms.arithmetic import Exact
from mathcode.grading.forms.values import Chain, Named, Quantity, Rounded
from mathcode.grading.forms.verdicts import Verdict

_HUNDRED = ("n", Fraction(100), None)


def agree(form, arithmetic: Exact) -> Verdict:
    """Whether a decimal is the rounding or the cut of its value; true of forms that state no decimal."""
    if not isinstance(form, Rounded):
        return True
    exact, shown = _last(form.value), form.decimal
    if not isinstance(exact, Quantity) or (exact.unit and shown.unit and exact.unit != shown.unit):
        return False
    value, decimal = (("/", one.tree, _HUNDRED) if one.percent else one.tree for one in (exact, shown))
    step = ("n", Fraction(1, 10 ** (_decimals(shown.tree) + 2 * shown.percent)), None)
    difference = ("+", (value, ("-", decimal)))
    orders = [arithmetic.order(difference, step), arithmetic.order(("-", step), difference)]
    return None if None in orders else orders == [-1, -1]


def stated(form) -> tuple:
    """The forms that a form states: a value and its decimal, or itself."""
    if not isinstance(form, Rounded):
        return (form,)
    value = form.value
    return (value, replace(value, value=form.decimal, sides=()) if isinstance(value, Named) else form.decimal)


def _last(form):
    """The value of a name, the last side of a chain, or the form."""
    if isinstance(form, Named):
        return form.value
    return Quantity(form.sides[-1]) if isinstance(form, Chain) else form


def _decimals(tree: tuple) -> int:
    """Digits behind the point of a numeral; 0 of what is none."""
    while tree[0] == "-":
        tree = tree[1]
    return max(0, tree[2][1]) if tree[0] == "n" and tree[2] else 0
