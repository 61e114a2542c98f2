"""When two forms are equal: the policy of docs/grading.md, kind by kind. What it does not name is different.

True and False are final; None means that the arithmetic at hand (`arithmetic.Exact`) cannot tell, but `arithmetic.Numeric` can.
"""

from dataclasses import replace
from fractions import Fraction

from mathcode.grading.forms import domains, rounding, units
from mathcode.grading.forms.arithmetic import Exact
from mathcode.grading.forms.assignments import Assignments, each_named, is_function
from mathcode.grading.forms.regions import OPERATIONS
from mathcode.grading.forms.sets import Sets
from mathcode.grading.forms.trees import hundredth, replaced, symbols
from mathcode.grading.forms.values import (
    Based,
    Chain,
    Domain,
    Items,
    Matrix,
    Moment,
    Named,
    Order,
    Over,
    Quantity,
    Range,
    Ratio,
    Raw,
    Region,
    Relation,
    Rounded,
    When,
    Words,
    labels,
)
from mathcode.grading.forms.verdicts import Verdict, all_, any_, matched

_ONE = ("n", Fraction(1), None)


class Comparison(Assignments, Sets):
    """Compares forms with one arithmetic."""

    def __init__(self, arithmetic: Exact):
        self.arithmetic = arithmetic

    def equal(self, gold, answer) -> Verdict:
        """Whether an answer's form equals that of the reference answer."""
        if isinstance(gold, Based) or isinstance(answer, Based):
            return _based(gold, answer)
        if isinstance(gold, Raw | Words) or isinstance(answer, Raw | Words):
            return gold == answer
        if isinstance(gold, Over) or isinstance(answer, Over):
            return self._over(gold, answer)
        if isinstance(gold, Rounded) or isinstance(answer, Rounded):
            return self._rounded(gold, answer)
        if isinstance(gold, Items) or isinstance(answer, Items):
            return self._items(gold, answer)
        if isinstance(gold, Named) or isinstance(answer, Named):
            return self._named(gold, answer)
        if isinstance(gold, Chain) or isinstance(answer, Chain):
            return self._chains(gold, answer)
        if isinstance(gold, Moment) and isinstance(answer, Moment):
            said_in_part = gold.kind in ("clock", "date")
            return gold.kind == answer.kind and (gold.value.agrees(answer.value) if said_in_part else gold.value == answer.value)
        if isinstance(gold, Range) != isinstance(answer, Range) and isinstance(gold, Range | Ratio) and isinstance(answer, Range | Ratio):
            gold, answer = _as_ratio(gold), _as_ratio(answer)
        if isinstance(gold, Moment) or isinstance(answer, Moment):
            gold, answer = _as_ratio(gold), _as_ratio(answer)
        if isinstance(gold, Relation) != isinstance(answer, Relation) or _of_two_letters(gold, answer):
            gold, answer = _as_inequality(gold), _as_inequality(answer)
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
        factors = units.ratios(answer.unit, gold.unit) if gold.unit and answer.unit else [Fraction(1)]
        if not factors:
            return False
        contradicting = (gold.noun and answer.noun and not _one_noun(gold.noun, answer.noun)) or (gold.noun and answer.unit)
        if (contradicting or (gold.unit and answer.noun)) and not (_counts(gold) or _counts(answer)):
            return False
        same = self.arithmetic.same
        if gold.percent != answer.percent:
            if gold.unit or answer.unit or gold.noun or answer.noun:
                return False
            percent, plain = (gold.tree, answer.tree) if gold.percent else (answer.tree, gold.tree)
            return any_(same(plain, value) for value in (percent, hundredth(percent)))
        return any_(same(gold.tree, answer.tree if factor == 1 else ("*", (("n", factor, None), answer.tree))) for factor in factors)

    def _named(self, gold, answer) -> Verdict:
        """A value with its name: the name may be left out, but not be another one, unless the two are one equation."""
        if isinstance(gold, Named) and isinstance(answer, Named):
            answer = _in_order(answer, gold.name)
            if gold.name[0] == answer.name[0] == "(" and gold.name != answer.name:
                return self.assigned(each_named(gold), each_named(answer))
            chained = all_([self.chained(gold), self.chained(answer)])
            if gold.name == answer.name or (is_function(gold) != is_function(answer) and {gold.name, answer.name} & {"y"}):
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
        return all_([self.chained(named), self.equal(*pair)])

    def _chains(self, gold, answer) -> Verdict:
        """A true chain of constants states its last side."""
        parts = []
        for form in (gold, answer):
            if isinstance(form, Chain):
                parts.append(all_(self.arithmetic.same(form.sides[-1], side) for side in form.sides[:-1]))
        values = [Quantity(form.sides[-1]) if isinstance(form, Chain) else form for form in (gold, answer)]
        return all_([*parts, self.equal(*values)]) if False not in parts else False

    def _rounded(self, gold, answer) -> Verdict:
        """A value and its decimal, which agree to the digits that are shown, state both."""
        agree = all_(rounding.agree(form, self.arithmetic) for form in (gold, answer))
        if isinstance(gold, Rounded) and isinstance(answer, Rounded):
            return all_([agree, self.equal(gold.value, answer.value), self.equal(gold.decimal, answer.decimal)])
        return all_([agree, any_(self.equal(ours, theirs) for ours in rounding.stated(gold) for theirs in rounding.stated(answer))])

    def _over(self, gold, answer) -> Verdict:
        """Values of the same letter in the same numbers, whatever the letter is; what is said of it on one side alone is dropped."""
        if isinstance(gold, Over) and isinstance(answer, Over):
            same = gold.domain.numbers == answer.domain.numbers
            return same and self.equal(gold.value, domains.with_letter(answer, gold.domain.variable))
        return self.equal(*(form.value if isinstance(form, Over) else form for form in (gold, answer)))

    def relations(self, gold: Relation, answer: Relation) -> Verdict:
        """Equations with the same solutions by a constant factor; inequalities by one above zero."""
        if gold.sign != answer.sign:
            return False
        if gold.sign in ("=", "!="):
            swapped = all_([self.arithmetic.same(gold.left, answer.right), self.arithmetic.same(gold.right, answer.left)])
            straight = all_([self.arithmetic.same(gold.left, answer.left), self.arithmetic.same(gold.right, answer.right)])
            if True in (swapped, straight):
                return True
        differences = [("+", (form.left, ("-", form.right))) for form in (gold, answer)]
        if self.arithmetic.proportional(differences[0], _ONE, False) is True:  # true or false whatever the symbols are: 7 + a > a
            return all_([self.arithmetic.same(gold.left, answer.left), self.arithmetic.same(gold.right, answer.right)])
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
        if any(map(_zero, (*gold.terms, *answer.terms))):  # 1:0 is a score
            pairs = [self.arithmetic.same(*pair) for pair in zip(gold.terms, answer.terms, strict=True)]
            return all_(pairs)
        first, its = gold.terms[0], answer.terms[0]
        return all_(
            self.arithmetic.same(("*", (first, other)), ("*", (its, one)))
            for one, other in zip(gold.terms[1:], answer.terms[1:], strict=True)
        )

    def _items(self, gold, answer) -> Verdict:
        """Lists, sets, tuples, and what a single value may be beside them."""
        gold, answer = _unwrapped(gold), _unwrapped(answer)
        sets = [self._region_of(gold), self._region_of(answer)]
        if (
            sets[0] is not None
            and sets[1] is not None
            and not (isinstance(gold, Items) and isinstance(answer, Items) and not _odd(gold, answer))
        ):
            return self.regions(gold, answer)
        if isinstance(gold, Matrix) or isinstance(answer, Matrix):
            return self._matrix_and_items(gold, answer)
        if isinstance(gold, Named) and isinstance(gold.value, Items) and isinstance(answer, Items):
            return self._items(gold.value, answer) if not _names(answer) else self.assigned(each_named(gold), answer)
        if isinstance(answer, Named) and isinstance(answer.value, Items) and isinstance(gold, Items):
            return self._items(gold, answer.value) if not _names(gold) else self.assigned(gold, each_named(answer))
        if not isinstance(gold, Items) or not isinstance(answer, Items):
            return False
        if _odd(gold, answer):
            return self.regions(gold, answer)
        if "|" in (gold.brackets, answer.brackets):
            return gold.brackets == answer.brackets and matched(gold.items, answer.items, self.equal)
        if _names(gold) or _names(answer):
            return self.assigned(gold, answer)
        ordered = _ordered(gold.brackets, answer.brackets)
        if ordered is None or len(gold.items) != len(answer.items):
            return False
        if ordered or _told_by_place(gold, answer):
            return all_(self.equal(*pair) for pair in zip(gold.items, answer.items, strict=True))
        return matched(gold.items, answer.items, self.equal)

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
        return all_(
            self.equal(*pair) for ours, theirs in zip(gold.rows, answer.rows, strict=True) for pair in zip(ours, theirs, strict=True)
        )

    def conditional(self, gold: When, answer: When) -> Verdict:
        return all_([self.equal(gold.condition, answer.condition), self.equal(gold.value, answer.value)])

    def ranges(self, gold: Range, answer: Range) -> Verdict:
        return all_([self.equal(gold.low, answer.low), self.equal(gold.high, answer.high)])


_KINDS = {
    Quantity: Comparison.quantities,
    Region: Comparison.regions,
    Matrix: Comparison.matrices,
    Relation: Comparison.relations,
    Range: Comparison.ranges,
    When: Comparison.conditional,
    Domain: lambda _, gold, answer: gold == answer,
    Order: lambda _, gold, answer: gold == answer,
    Moment: lambda *_: False,
}


def _one_noun(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether one noun phrase is the other, or says more of it."""
    fewer, more = sorted((one, other), key=len)
    return more[-len(fewer) :] == fewer or (set(fewer) <= set(more) and fewer[-1] == more[-1])


def _counts(quantity: Quantity) -> bool:
    """Whether the unit is a measure word, or says no more than that units are counted."""
    return bool(quantity.unit and quantity.unit.dimension in ((("count", 1),), (("unit", 1),)))


def _as_ratio(form):
    """A time without half of the day may be a ratio where the other side is no time, and `2 to 3` one beside another ratio."""
    if isinstance(form, Range) and all(isinstance(end, Quantity) and not (end.unit or end.percent) for end in (form.low, form.high)):
        return Ratio((form.low.tree, form.high.tree))
    if isinstance(form, Moment) and form.kind == "clock" and not form.value.twelve:
        parts = (form.value.hour, form.value.minute, *[form.value.second] * bool(form.value.second))
        return Ratio(tuple(("n", Fraction(part), None) for part in parts))
    return form


def _of_two_letters(gold, answer) -> bool:
    """Whether two inequalities are read as sets of two variables: `a > b`, `b < a`."""
    variables = [form.variable for form in (gold, answer) if isinstance(form, Region)]
    return len(variables) == 2 and None not in variables and variables[0] != variables[1]


def _as_inequality(form):
    """A half-line whose end holds symbols is an inequality of two expressions, and all but one point is one that denies equality."""
    if not isinstance(form, Region) or not form.variable or not 0 < len(form.pieces) < 3:
        return form
    piece, variable = form.pieces[0], ("s", form.variable)
    if len(form.pieces) == 2:
        apart = piece.low is None and form.pieces[1].high is None and piece.high == form.pieces[1].low is not None
        open_ = not (piece.high_closed or form.pieces[1].low_closed)
        return Relation("!=", variable, piece.high) if apart and open_ else form
    if piece.low is None and piece.high is not None:
        return Relation("<=" if piece.high_closed else "<", variable, piece.high)
    return Relation("<=" if piece.low_closed else "<", piece.low, variable) if piece.high is None and piece.low is not None else form


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
    sign, tree = ("-", other.tree[1]) if other.tree[0] == "-" else ("", other.tree)
    if tree[0] == "n":
        return tree[2] is None and tree[1].denominator == 1 and f"{sign}{tree[1]}" == based.digits
    letters = tree[1] if tree[0] == "*" and not sign else ()
    spelled = "".join(str(node[1]) for node in letters if node[0] in "ns")
    return len(letters) > 1 and spelled == based.digits


def _renamed(gold: Named, answer: Named):
    """The value of a function with its variables named as those of the reference answer."""
    if not (is_function(gold) and is_function(answer)) or not isinstance(answer.value, Quantity):
        return answer.value
    ours, theirs = ([node[1] for node in named.tree[2 if named.tree[0] == "f" else 1] if node[0] == "s"] for named in (gold, answer))
    names = {name: name + " free" for name in ours if name not in theirs} | dict(zip(theirs, ours, strict=False))
    return replace(answer.value, tree=replaced(answer.value.tree, names))


def _in_order(named: Named, name: str) -> Named:
    """A ratio of named terms, `a:b`, with its terms in the order of another name; what has other names as it is."""
    names, wanted = named.name.split(":"), name.split(":")
    if not isinstance(named.value, Ratio) or names == wanted or sorted(names) != sorted(wanted):
        return named
    return replace(named, name=name, value=Ratio(tuple(named.value.terms[names.index(one)] for one in wanted)))


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
    return bool({gold.brackets, answer.brackets} & OPERATIONS)


def _ordered(gold: str, answer: str) -> bool | None:
    """Whether order counts between two pairs of brackets; None: they cannot be equal."""
    if gold == answer:
        return gold in ("()", "[]", "<>", "R")
    if {gold, answer} == {"()", "<>"}:
        return True
    if gold == "[]":
        return True if answer == "" else None
    if gold in ("", "{}") and answer in (("", "{}", "[]", "()") if not gold else ("", "{}", "[]")):
        return False
    return None


def _names(items: Items) -> bool:
    return any(isinstance(item, Named) for item in items.items)


def _told_by_place(gold: Items, answer: Items) -> bool:
    """Whether different nouns or units on one side alone leave it to the place which value is whose."""
    counts = [len(labels(form.items)) for form in (gold, answer)]
    return max(counts) > 1 and not min(counts)


def _rows(items: Items) -> tuple | None:
    """Rows in brackets as rows of a matrix."""
    if items.brackets not in ("[]", "()") or not items.items:
        return None
    rows = []
    for item in items.items:
        if isinstance(item, Items) and item.brackets in ("[]", "()"):
            rows.append(item.items)
        else:
            return None
    return tuple(rows) if len({len(row) for row in rows}) == 1 else None
