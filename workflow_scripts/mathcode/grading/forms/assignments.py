"""Values by their names: whose each value is, and, where names come again, which values are one solution."""

from itertools import groupby

from mathcode.grading.forms.arithmetic import Exact
from mathcode.grading.forms.values import TOGETHER, Items, Named, Relation
from mathcode.grading.forms.verdicts import Verdict, all_, matched

Solution = dict[str, list]
"""The values of each name."""


class Assignments:
    """Compares named values with one arithmetic."""

    arithmetic: Exact

    def equal(self, gold, answer) -> Verdict:
        """Whether two forms are equal."""
        raise NotImplementedError

    def chained(self, named: Named) -> Verdict:
        """Whether all sides of a chain of equations are equal."""
        return all_(self.arithmetic.same(named.sides[-1], side) for side in named.sides[:-1])

    def assigned(self, gold: Items, answer: Items) -> Verdict:
        """Values by their names. Names on one side alone are left out: values in the order of their names, or in any for a bare list."""
        chained = all_(self.chained(item) for form in (gold, answer) for item in form.items if isinstance(item, Named))
        if chained is not True:
            return chained
        ours, theirs = _solutions(gold), _solutions(answer)
        if not ours and not theirs:
            return matched(_owned(gold), _owned(answer), self._one_item)
        if any(isinstance(item, Named) for form, named in ((gold, ours), (answer, theirs)) if not named for item in form.items):
            return False
        if ours and theirs:
            if (roots := _roots(ours, theirs)) is not None:
                return self._same_roots(*roots)
            return matched(ours, theirs, self._one_solution)
        if len(ours or theirs) > 1:
            return self._as_tuples(gold, answer, ours)
        named, other = (ours[0], answer) if ours else (theirs[0], gold)
        return self._without_names(named, other, ours_named=bool(ours))

    def _one_solution(self, gold: Solution, answer: Solution) -> Verdict:
        if set(gold) != set(answer):
            return False
        return all_(matched(gold[name], answer[name], self.equal) for name in gold)

    def _same_roots(self, gold: list, answer: list) -> Verdict:
        """Roots in any order; of equal ones one alone may be named."""
        one, several = sorted((gold, answer), key=len)
        if len(one) == 1:
            return all_(self.equal(*((one[0], root) if one is gold else (root, one[0]))) for root in several)
        return matched(gold, answer, self.equal)

    def _one_item(self, gold: tuple, answer: tuple) -> Verdict:
        """Whether two items, each with the name that it stands behind, are one."""
        (ours, one), (theirs, other) = gold, answer
        named = isinstance(one, Named)
        return named == isinstance(other, Named) and (named or ours == theirs) and self.equal(one, other)

    def _as_tuples(self, gold: Items, answer: Items, ours: list[Solution]) -> Verdict:
        """Several solutions beside as many tuples."""
        named, other = (gold, answer) if ours else (answer, gold)
        rows = [_row(solution, named) for solution in ours or _solutions(named)]
        if None in rows or other.brackets not in ("", "{}", "[]"):
            return False
        if not all(isinstance(item, Items) and item.brackets in ("()", "<>", "[]") for item in other.items):
            return False
        tuples = [item.items for item in other.items]
        return matched(rows, tuples, self._in_place) if ours else matched(tuples, rows, self._in_place)

    def _in_place(self, gold, answer) -> Verdict:
        """Values one by one."""
        return len(gold) == len(answer) and all_(self.equal(*pair) for pair in zip(gold, answer, strict=True))

    def _without_names(self, named: Solution, other: Items, ours_named: bool) -> Verdict:
        """Named values beside values without names."""
        values = [value for name in sorted(named) for value in named[name]]
        if other.brackets in ("()", "<>", "[]") and len(named) > 1:
            if any(not _is_variable(name) for name in named):
                return False
            return self._in_place(*((values, other.items) if ours_named else (other.items, values)))
        if len(values) != len(other.items) or other.brackets not in ("", "{}", "[]"):
            return False
        if ours_named and len(named) > 1:  # without names it must be told by its place which value is whose
            return self._in_place([value for one in named.values() for value in one], other.items)
        return matched(values, other.items, self.equal) if ours_named else matched(other.items, values, self.equal)


def each_named(named: Named) -> Items:
    """A named value as assignments: of `(x, y)` each item has its name."""
    if named.name[0] != "(" or not isinstance(named.value, Items):
        return Items("", (named,))
    names = named.name[1:-1].split(TOGETHER)
    if len(names) != len(named.value.items):
        return Items("", (named,))
    return Items("", tuple(Named(name, item, ("s", name)) for name, item in zip(names, named.value.items, strict=True)))


def is_function(named: Named) -> bool:
    """Whether the name is a function's, `f(x)`."""
    return named.tree is not None and named.tree[0] in "f*" and named.name[0] != "|"


def _solutions(form: Items) -> list[Solution]:
    """Values by name: one solution, in which a name can have several values on end; or several, each up to where a name comes again.

    What follows a name that is the only one has that name too. None if some values have no name.
    """
    named: list[tuple[str, list]] = []
    last: Named | None = None
    for item in form.items:
        if isinstance(item, Named):
            last = item
        elif not isinstance(item, Relation) and (
            (last is not None and len({name for name, _ in named}) == 1) or _together(last) == _together(item) > 0
        ):
            item = Named(last.name, item, last.tree)
        else:
            return []
        named += [_named_values(one) for one in each_named(item).items]
    runs = [name for name, _ in groupby(named, key=lambda pair: pair[0])]
    apart = len(runs) > len(set(runs))
    found: list[Solution] = [{}]
    for name, values in named:
        if apart and name in found[-1]:
            found.append({})
        found[-1].setdefault(name, []).extend(values)
    return found


def _roots(gold: list[Solution], answer: list[Solution]) -> tuple[list, list] | None:
    """The values where one side numbers the roots, `x_1 = 1, x_2 = 3`, and the other does not, `x = 1 or x = 3`; else None."""
    if len(gold) != 1 or len(answer) != 1 or min(map(len, (gold[0], answer[0]))) != 1:
        return None
    plain, numbered = sorted((gold[0], answer[0]), key=len)
    (letter,) = plain
    if len(numbered) < 2 or set(numbered) != {f"{letter}_{index}" for index in range(1, len(numbered) + 1)}:
        return None
    return tuple([value for values in one.values() for value in values] for one in (gold[0], answer[0]))


def _owned(form: Items) -> list[tuple]:
    """Each item with the last name before it, which an equation has no use for."""
    found: list[tuple] = []
    for item in form.items:
        name = item.name if isinstance(item, Named) else found[-1][0] if found and not isinstance(item, Relation) else None
        found.append((name, item))
    return found


def _named_values(named: Named) -> tuple[str, list]:
    """A name, with its variables if it is a function's, and the values that it has."""
    values = list(named.value.items) if isinstance(named.value, Items) and not named.value.brackets else [named.value]
    return named.name if not is_function(named) else f"{named.name} {named.tree}", values


def _together(form) -> int:
    """How many values a tuple holds, or a name that names several together has; else 0."""
    if isinstance(form, Named):
        return form.name.count(TOGETHER) + 1 if form.name[0] == "(" else 0
    return len(form.items) if isinstance(form, Items) and form.brackets == "()" else 0


def _row(solution: Solution, form: Items) -> list | None:
    """The values of a solution as of a tuple: in the order in which they are named together, else of their names."""
    if any(len(values) != 1 or not _is_variable(name) for name, values in solution.items()):
        return None
    together = any(isinstance(item, Named) and item.name[0] == "(" for item in form.items)
    return [solution[name][0] for name in (solution if together else sorted(solution))]


def _is_variable(name: str) -> bool:
    """Whether a name has an order among others: a letter, with or without an index."""
    return len(name) == 1 or "_" in name
