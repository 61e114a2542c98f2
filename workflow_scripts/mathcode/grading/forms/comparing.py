"""When two forms are equal: the policy of docs/grading.md, kind by kind. What it does not name is different.

True and False are final; None means that the arithmetic at hand (`arithmetic.Exact`) cannot tell, but `arithmetic.Numeric` can.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction

from mathcode.grading.forms import units
from mathcode.grading.forms.arithmetic import Exact, replaced
from mathcode.grading.forms.quantities import symbols
from mathcode.grading.forms.regions import interval
from mathcode.grading.forms.values import (
    Based,
    Chain,
    Items,
    Matrix,
    Moment,
    Named,
    Piece,
    Quantity,
    Range,
    Ratio,
    Raw,
    Region,
    Relation,
    Words,
)

Verdict = bool | None
_HUNDRED = ("n", Fraction(100), None)


class Comparison:
    """Compares forms with one arithmetic."""

    def __init__(self, arithmetic: Exact):
        self.arithmetic = arithmetic

    def equal(self, gold, answer) -> Verdict:
        """Whether an answer's form equals that of the reference answer."""
        if isinstance(gold, Based) or isinstance(answer, Based):
            return _based(gold, answer)
        if isinstance(gold, Raw | Words) or isinstance(answer, Raw | Words):
            return gold == answer
        if isinstance(gold, Items) or isinstance(answer, Items):
            return self._items(gold, answer)
        if isinstance(gold, Named) or isinstance(answer, Named):
            return self._named(gold, answer)
        if isinstance(gold, Chain) or isinstance(answer, Chain):
            return self._chains(gold, answer)
        if isinstance(gold, Moment) and isinstance(answer, Moment):
            return gold.kind == answer.kind and (gold.value.agrees(answer.value) if gold.kind == "clock" else gold.value == answer.value)
        gold, answer = _as_ratio(gold), _as_ratio(answer)
        if isinstance(gold, Ratio) or isinstance(answer, Ratio):
            return self._ratios(gold, answer)
        if type(gold) is not type(answer):
            return False
        return _KINDS[type(gold)](self, gold, answer)

    def quantities(self, gold: Quantity, answer: Quantity) -> Verdict:
        """Numbers and expressions with their units; a unit or noun on one side alone is dropped, contradicting ones differ."""
        found = self._measures(gold, answer)
        if found is not False:
            return found
        if answer.loose and not gold.loose and answer.loose[1].name not in symbols(gold.tree):
            return self._measures(gold, Quantity(*answer.loose))
        if gold.loose and answer.unit:
            return self._measures(Quantity(*gold.loose), answer)
        if gold.loose and answer.loose:
            return self._measures(Quantity(*gold.loose), Quantity(*answer.loose))
        return False

    def _measures(self, gold: Quantity, answer: Quantity) -> Verdict:
        factor = Fraction(1)
        if gold.unit and answer.unit:
            factor = units.ratio(answer.unit, gold.unit)
            if factor is None:
                return False
        if (gold.noun and answer.noun and not _one_noun(gold.noun, answer.noun)) or (gold.noun and answer.unit) or (gold.unit and answer.noun):
            if not (_counts(gold) or _counts(answer)):
                return False
        same = self.arithmetic.same
        if gold.percent != answer.percent:
            if gold.unit or answer.unit or gold.noun or answer.noun:
                return False
            percent, plain = (gold.tree, answer.tree) if gold.percent else (answer.tree, gold.tree)
            return any_(same(plain, value) for value in (percent, ("/", percent, _HUNDRED)))
        tree = answer.tree if factor == 1 else ("*", (("n", factor, None), answer.tree))
        return same(gold.tree, tree)

    def _named(self, gold, answer) -> Verdict:
        """A value with its name: the name may be left out, but not be another one, unless the two are one equation."""
        if isinstance(gold, Named) and isinstance(answer, Named):
            chained = all_([self._chained(gold), self._chained(answer)])
            if gold.name == answer.name or _is_function(gold) != _is_function(answer) and {gold.name, answer.name} & {"y"}:
                return all_([chained, self.equal(gold.value, _renamed(gold, answer))])
            left, right = _as_relation(gold), _as_relation(answer)
            return self.relations(left, right) if left and right and symbols(left.right) and not gold.sides and not answer.sides else False
        named, other = (gold, answer) if isinstance(gold, Named) else (answer, gold)
        if isinstance(other, Relation):
            relation = _as_relation(named)
            return self.relations(relation, other) if relation else False
        if isinstance(named.value, Words) or isinstance(other, Region | Chain):
            return False
        if isinstance(other, Quantity) and named.tree is not None and named.tree[0] == "s" and named.tree[1] in symbols(other.tree):
            return False
        pair = (named.value, other) if named is gold else (other, named.value)
        return all_([self._chained(named), self.equal(*pair)])

    def _chained(self, named: Named) -> Verdict:
        """Whether all sides of a chain of equations are equal."""
        return all_(self.arithmetic.same(named.sides[-1], side) for side in named.sides[:-1])

    def _chains(self, gold, answer) -> Verdict:
        """A true chain of constants states its last side."""
        parts = []
        for form in (gold, answer):
            if isinstance(form, Chain):
                parts.append(all_(self.arithmetic.same(form.sides[-1], side) for side in form.sides[:-1]))
        values = [Quantity(form.sides[-1]) if isinstance(form, Chain) else form for form in (gold, answer)]
        return all_([*parts, self.equal(*values)]) if False not in parts else False

    def relations(self, gold: Relation, answer: Relation) -> Verdict:
        """Equations with the same solutions by a constant factor; inequalities by one above zero."""
        if gold.sign != answer.sign:
            return False
        if gold.sign in ("=", "!="):
            swapped = all_([self.arithmetic.same(gold.left, answer.right), self.arithmetic.same(gold.right, answer.left)])
            straight = all_([self.arithmetic.same(gold.left, answer.left), self.arithmetic.same(gold.right, answer.right)])
            if True in (swapped, straight):
                return True
        if not any(symbols(form.left) | symbols(form.right) for form in (gold, answer)):
            return all_([self.arithmetic.same(gold.left, answer.left), self.arithmetic.same(gold.right, answer.right)])
        differences = [("+", (form.left, ("-", form.right))) for form in (gold, answer)]
        return self.arithmetic.proportional(*differences, gold.sign not in ("=", "!="))

    def _ratios(self, gold, answer) -> Verdict:
        """Terms in proportion; a ratio of two terms is a fraction."""
        if not isinstance(gold, Ratio) or not isinstance(answer, Ratio):
            ratio, other = (gold, answer) if isinstance(gold, Ratio) else (answer, gold)
            if len(ratio.terms) != 2 or not isinstance(other, Quantity) or other.percent or other.unit:
                return False
            return self.arithmetic.same(other.tree, ("/", *ratio.terms))
        if len(gold.terms) != len(answer.terms):
            return False
        if _zero(gold.terms[0]) or _zero(answer.terms[0]):
            pairs = [self.arithmetic.same(*pair) for pair in zip(gold.terms, answer.terms, strict=True)]
            return all_(pairs)
        first, its = gold.terms[0], answer.terms[0]
        return all_(
            self.arithmetic.same(("*", (first, other)), ("*", (its, one))) for one, other in zip(gold.terms[1:], answer.terms[1:], strict=True)
        )

    def _items(self, gold, answer) -> Verdict:
        """Lists, sets, tuples, and what a single value may be beside them."""
        gold, answer = _unwrapped(gold), _unwrapped(answer)
        sets = [self._region_of(gold), self._region_of(answer)]
        if sets[0] is not None and sets[1] is not None and not (isinstance(gold, Items) and isinstance(answer, Items) and not _odd(gold, answer)):
            return self.regions(gold, answer)
        if isinstance(gold, Matrix) or isinstance(answer, Matrix):
            return self._matrix_and_items(gold, answer)
        if isinstance(gold, Named) and isinstance(gold.value, Items) and isinstance(answer, Items):
            return self._items(gold.value, answer) if not _names(answer) else self._assignments(Items("", (gold,)), answer)
        if isinstance(answer, Named) and isinstance(answer.value, Items) and isinstance(gold, Items):
            return self._items(gold, answer.value) if not _names(gold) else self._assignments(gold, Items("", (answer,)))
        if not isinstance(gold, Items) or not isinstance(answer, Items):
            return False
        if "and" in (gold.brackets, answer.brackets) or "minus" in (gold.brackets, answer.brackets):
            return self.regions(gold, answer)
        if _names(gold) or _names(answer):
            return self._assignments(gold, answer)
        ordered = _ordered(gold.brackets, answer.brackets)
        if ordered is None or len(gold.items) != len(answer.items):
            return False
        if ordered:
            return all_(self.equal(*pair) for pair in zip(gold.items, answer.items, strict=True))
        return matched(gold.items, answer.items, self.equal)

    def _region_of(self, form):
        """A form as a set of reals, where it can be one."""
        if isinstance(form, Region) or (isinstance(form, Items) and form.brackets in ("and", "minus")):
            return form
        if isinstance(form, Named) and isinstance(form.value, Region):
            return form.value
        return interval(form) if isinstance(form, Items) and form.brackets in ("()", "[]") else None

    def _matrix_and_items(self, gold, answer) -> Verdict:
        """A matrix and rows in brackets; a column and a vector."""
        items = gold if isinstance(gold, Items) else answer
        matrix = answer if items is gold else gold
        if not isinstance(items, Items) or not isinstance(matrix, Matrix) or matrix.kind:
            return False
        rows = _rows(items)
        if rows is None:
            if items.brackets not in ("()", "<>", "[]") or len(matrix.rows[0]) > 1:
                return False
            rows = tuple((item,) for item in items.items)
        other = Matrix(rows)
        return self.matrices(*((other, matrix) if items is gold else (matrix, other)))

    def matrices(self, gold: Matrix, answer: Matrix) -> Verdict:
        """Entry by entry."""
        if gold.kind != answer.kind or [len(row) for row in gold.rows] != [len(row) for row in answer.rows]:
            return False
        return all_(self.equal(*pair) for ours, theirs in zip(gold.rows, answer.rows, strict=True) for pair in zip(ours, theirs, strict=True))

    def _assignments(self, gold: Items, answer: Items) -> Verdict:
        """Values by their names. Names on one side alone are left out: values in the order of their names, or in any for a bare list."""
        chained = all_(self._chained(item) for form in (gold, answer) for item in form.items if isinstance(item, Named))
        if chained is not True:
            return chained
        ours, theirs = _by_name(gold), _by_name(answer)
        if not ours and not theirs:
            return matched(gold.items, answer.items, self.equal)
        if any(isinstance(item, Named) for form, named in ((gold, ours), (answer, theirs)) if not named for item in form.items):
            return False
        if ours and theirs:
            if set(ours) != set(theirs):
                return False
            return all_(matched(ours[name], theirs[name], self.equal) if len(ours[name]) == len(theirs[name]) else False for name in ours)
        named, other = (ours, answer) if ours else (theirs, gold)
        values = [value for name in sorted(named) for value in named[name]]
        if other.brackets in ("()", "<>", "[]") and len(named) > 1:
            if len(values) != len(other.items) or any(len(name) > 1 and "_" not in name for name in named):
                return False
            return all_(self.equal(*((value, item) if ours else (item, value))) for value, item in zip(values, other.items, strict=True))
        if len(values) != len(other.items) or other.brackets not in ("", "{}", "[]"):
            return False
        return matched(values, other.items, self.equal) if ours else matched(other.items, values, self.equal)

    def regions(self, gold, answer) -> Verdict:
        """Sets of reals: the same points."""
        ours, theirs = self._region_of(gold), self._region_of(answer)
        if ours is None or theirs is None:
            return False
        variables = [{one.variable for one in _regions(form)} - {None} for form in (ours, theirs)]
        if variables[0] and variables[1] and variables[0] != variables[1]:
            return False
        ends = [end for form in (ours, theirs) for one in _regions(form) for piece in one.pieces for end in (piece.low, piece.high) if end]
        if len(ends) > 60:
            return False
        breaks = self._sorted(ends)
        if breaks is None:
            return self._piecewise(ours, theirs)
        places = {id(end): place for place, group in enumerate(breaks) for end in group}
        if not all(_is_proper(piece, places) for form in (ours, theirs) for one in _regions(form) for piece in one.pieces):
            return self._piecewise(ours, theirs)
        return all(_holds(ours, cell, places) == _holds(theirs, cell, places) for cell in range(2 * len(breaks) + 1))

    def _sorted(self, ends: list[tuple]) -> list[list[tuple]] | None:
        """Ends in groups of equal ones, ascending; None if two cannot be ordered."""
        groups: list[list[tuple]] = []
        for end in ends:
            low, high = 0, len(groups)
            while low < high:
                middle = (low + high) // 2
                order = self.arithmetic.order(groups[middle][0], end)
                if order is None:
                    return None
                if order == 0:
                    groups[middle].append(end)
                    break
                low, high = (middle + 1, high) if order < 0 else (low, middle)
            else:
                groups.insert(low, [end])
        if len(ends) == 1 and self.arithmetic.order(ends[0], ("n", Fraction(0), None)) is None:
            return None
        return groups

    def _piecewise(self, gold, answer) -> Verdict:
        """Regions whose ends hold symbols: the same pieces, in any order."""
        if not isinstance(gold, Region) or not isinstance(answer, Region) or len(gold.pieces) != len(answer.pieces):
            return False
        return matched(gold.pieces, answer.pieces, self._pieces)

    def _pieces(self, gold: Piece, answer: Piece) -> Verdict:
        if (gold.low_closed, gold.high_closed) != (answer.low_closed, answer.high_closed):
            return False
        pairs = [(gold.low, answer.low), (gold.high, answer.high)]
        if any((one is None) != (other is None) for one, other in pairs):
            return False
        return all_(self.arithmetic.same(*pair) for pair in pairs if pair[0] is not None)

    def ranges(self, gold: Range, answer: Range) -> Verdict:
        return all_([self.equal(gold.low, answer.low), self.equal(gold.high, answer.high)])


_KINDS = {
    Quantity: Comparison.quantities,
    Region: Comparison.regions,
    Matrix: Comparison.matrices,
    Relation: Comparison.relations,
    Range: Comparison.ranges,
    Moment: lambda *_: False,
}


def all_(verdicts: Iterable[Verdict]) -> Verdict:
    """Whether all are true; None if that hangs on an open one."""
    found: Verdict = True
    for verdict in verdicts:
        if verdict is False:
            return False
        found = None if verdict is None else found
    return found


def any_(verdicts: Iterable[Verdict]) -> Verdict:
    """Whether one is true; None if that hangs on an open one."""
    found: Verdict = False
    for verdict in verdicts:
        if verdict:
            return True
        found = None if verdict is None else found
    return found


def matched(golds, answers, equal: Callable) -> Verdict:
    """Whether the items can be paired off; None when some pair is open and the open ones could matter."""
    if len(golds) != len(answers):
        return False
    table = [[equal(gold, answer) for answer in answers] for gold in golds]
    if _pairs_off(table, (True,)):
        return True
    return None if _pairs_off(table, (True, None)) else False


def _pairs_off(table: list[list[Verdict]], accepted: tuple) -> bool:
    """Whether a perfect matching exists (augmenting paths)."""
    partner: dict[int, int] = {}

    def place(row: int, seen: set[int]) -> bool:
        for column, decision in enumerate(table[row]):
            if decision in accepted and column not in seen:
                seen.add(column)
                if column not in partner or place(partner[column], seen):
                    partner[column] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(table)))


def _one_noun(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one noun phrase is the other, or says more of it."""
    fewer, more = sorted((one, other), key=len)
    return more[-len(fewer) :] == fewer or set(fewer) <= set(more) and fewer[-1] == more[-1]


def _counts(quantity: Quantity) -> bool:
    """Whether a unit is a measure word, or a noun says no more than that units are counted."""
    return bool(quantity.unit and quantity.unit.dimension == (("count", 1),)) or quantity.noun in (("unit",), ("squar", "unit"))


def _as_ratio(form):
    """A time without half of the day may be a ratio where the other side is no time."""
    if isinstance(form, Moment) and form.kind == "clock" and not form.value.half_said and not form.value.second:
        return Ratio(tuple(("n", Fraction(part), None) for part in (form.value.hour, form.value.minute)))
    return form


def _zero(tree: tuple) -> bool:
    return tree[0] == "n" and not tree[1]


def _based(gold, answer) -> bool:
    """Digits of a base: the base may be left out, but not be another one."""
    if isinstance(gold, Based) and isinstance(answer, Based):
        return gold == answer
    based, other = (gold, answer) if isinstance(gold, Based) else (answer, gold)
    if isinstance(other, Words):
        return other.key.upper() == based.digits
    if not isinstance(other, Quantity) or other.unit or other.percent:
        return False
    if other.tree[0] == "n":
        return other.tree[2] is None and other.tree[1].denominator == 1 and str(other.tree[1]) == based.digits
    letters = other.tree[1] if other.tree[0] == "*" else ()
    spelled = "".join(str(node[1]) for node in letters if node[0] in "ns")
    return len(letters) > 1 and spelled == based.digits


def _is_function(named: Named) -> bool:
    return named.tree is not None and named.tree[0] in "f*"


def _renamed(gold: Named, answer: Named):
    """The value of a function with its variables named as those of the reference answer."""
    if not (_is_function(gold) and _is_function(answer)) or not isinstance(answer.value, Quantity):
        return answer.value
    ours, theirs = ([node[1] for node in named.tree[2 if named.tree[0] == "f" else 1] if node[0] == "s"] for named in (gold, answer))
    names = {name: name + " free" for name in ours if name not in theirs} | dict(zip(theirs, ours, strict=False))
    return replace(answer.value, tree=replaced(answer.value.tree, names))


def _as_relation(named: Named) -> Relation | None:
    if isinstance(named.value, Quantity) and named.tree is not None and not (named.value.unit or named.value.percent):
        return Relation("=", named.tree, named.value.tree)
    return None


def _unwrapped(form):
    """Items of one value in a list that programs print are that value."""
    if isinstance(form, Items) and form.brackets in ("[]", "{}") and len(form.items) == 1:
        item = form.items[0]
        return item if not isinstance(item, Items) or item.brackets == "()" else form
    return Region(()) if isinstance(form, Items) and form.brackets == "[]" and not form.items else form


def _odd(gold: Items, answer: Items) -> bool:
    return bool({gold.brackets, answer.brackets} & {"and", "minus"})


def _ordered(gold: str, answer: str) -> bool | None:
    """Whether order counts between two pairs of brackets; None: they cannot be equal."""
    if gold == answer:
        return gold in ("()", "[]", "<>")
    if {gold, answer} == {"()", "<>"}:
        return True
    if gold == "[]":
        return True if answer == "" else None
    if gold in ("", "{}") and answer in ("", "{}", "[]", "()"):
        return False
    return None


def _names(items: Items) -> bool:
    return any(isinstance(item, Named) for item in items.items)


def _by_name(items: Items) -> dict[str, list]:
    """Values by name; what follows the first name without one of its own is another value of it. Empty if some have no name."""
    found: dict[str, list] = {}
    last = None
    for item in items.items:
        if isinstance(item, Named):
            last = item.name if not _is_function(item) else f"{item.name} {item.tree}"
            values = list(item.value.items) if isinstance(item.value, Items) and not item.value.brackets else [item.value]
            found.setdefault(last, []).extend(values)
        elif last is not None and len(found) == 1:
            found[last].append(item)
        else:
            return {}
    return found


def _rows(items: Items) -> tuple | None:
    """Rows in brackets as rows of a matrix."""
    if items.brackets not in ("[]", "()") or not items.items:
        return None
    rows = []
    for item in items.items:
        if isinstance(item, Items) and item.brackets in ("[]", "()"):
            rows.append(item.items)
        elif isinstance(item, Quantity) and rows == [] and False:
            rows.append((item,))
        else:
            return None
    return tuple(rows) if len({len(row) for row in rows}) == 1 else None


def _regions(form) -> list[Region]:
    if isinstance(form, Region):
        return [form]
    return [one for item in form.items for one in _regions(item if isinstance(item, Region | Items) else Region(()))]


def _is_proper(piece: Piece, places: dict[int, int]) -> bool:
    """Whether an interval holds anything: its ends are in order."""
    if piece.low is None or piece.high is None:
        return True
    low, high = places[id(piece.low)], places[id(piece.high)]
    return low < high or (low == high and piece.low_closed and piece.high_closed)


def _holds(form, cell: int, places: dict[int, int]) -> bool:
    """Whether a set holds a cell: odd cells are the ends themselves, even ones lie between."""
    if isinstance(form, Region):
        return any(_within(piece, cell, places) for piece in form.pieces)
    held = [_holds(item, cell, places) for item in form.items]
    return all(held) if form.brackets == "and" else held[0] and not held[1]


def _within(piece: Piece, cell: int, places: dict[int, int]) -> bool:
    if piece.low is not None:
        low = 2 * places[id(piece.low)] + 1
        if cell < low or (cell == low and not piece.low_closed):
            return False
    if piece.high is not None:
        high = 2 * places[id(piece.high)] + 1
        if cell > high or (cell == high and not piece.high_closed):
            return False
    return True
