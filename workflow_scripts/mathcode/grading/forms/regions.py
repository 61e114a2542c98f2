r"""Sets of real numbers: intervals, unions, inequalities, set-builder notation, each as pieces with ends that are open or closed."""

from mathcode.grading.forms import words
from mathcode.grading.forms.tokens import Token
from mathcode.grading.forms.trees import symbols
from mathcode.grading.forms.values import Items, Named, Piece, Quantity, Region, Relation

INFINITY, MINUS_INFINITY = ("s", "oo"), ("-", ("s", "oo"))
OPERATIONS = frozenset({"and", "or", "minus", ","})
"""What `Items` of sets can be: an intersection, a union, a difference; or what commas alone leave open."""
REALS = Region((Piece(None, False, None, False),))
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}
_ALL = {
    "all real numbers",
    "all reals",
    "all real",
    "set of all real numbers",
    "real numbers",
    "全体实数",
    "任意实数",
    "一切实数",
    "所有实数",
}


def named_set(found: list[Token], text: str) -> Region | None:
    """The real numbers, or the empty set, by a name."""
    if len(found) == 1 and found[0][:2] in (("mark", "mathbb R"), ("mark", "mathbf R")):
        return REALS
    if len(found) == 1 and (found[0][:2] == ("cmd", "emptyset") or found[0][:2] == ("word", "EmptySet")):
        return Region(())
    if len(found) == 1 and found[0][:2] == ("word", "Reals"):
        return REALS
    said = words.bare(text).casefold().rstrip(".").removeprefix("the ") if len(text) < 60 else ""
    return REALS if said in _ALL else Region(()) if said in ("empty set", "空集") else None


def interval(form: Items) -> Region | None:
    """Two values between brackets as an interval; at infinity it is open whatever the bracket."""
    if len(form.items) != 2 or form.brackets not in ("()", "[]", "(]", "[)"):
        return None
    ends = []
    for item, closed, infinite in zip(
        form.items, (form.brackets[0] == "[", form.brackets[1] == "]"), (MINUS_INFINITY, INFINITY), strict=True
    ):
        if not isinstance(item, Quantity) or item.percent:
            return None
        if item.tree == infinite or (infinite == INFINITY and item.tree == ("+", INFINITY)):
            ends.append((None, False))
        elif item.tree in (INFINITY, MINUS_INFINITY):
            return None
        else:
            ends.append((item.tree, closed))
    (low, low_closed), (high, high_closed) = ends
    return Region((Piece(low, low_closed, high, high_closed),))


def union(regions: list[Region]) -> Region:
    """All pieces; the variable is the one that is named."""
    variables = {region.variable for region in regions} - {None}
    return Region(tuple(piece for region in regions for piece in region.pieces), variables.pop() if len(variables) == 1 else None)


def is_set(form) -> bool:
    """Whether a form is a region, or made of regions."""
    return isinstance(form, Region) or (isinstance(form, Items) and form.brackets in OPERATIONS)


def regions_of(form) -> list[Region]:
    """All regions that a set is made of."""
    if isinstance(form, Region):
        return [form]
    return [one for item in form.items for one in regions_of(item if is_set(item) else Region(()))]


def joined(forms: list, said: list[str]) -> Region | Items | None:
    """Sets of one variable between which `and`, `or` or commas are said, of which `and` binds more; None where something else is."""
    variables = {one.variable for form in forms if is_set(form) for one in regions_of(form)} - {None}
    if not said or len(variables) > 1:
        return None
    if set(said) == {","} and all(isinstance(form, Region) and form.variable for form in forms):
        return Items(",", tuple(forms))
    forms = [_as_point(form, variables) for form in forms]
    if not set(said) <= {"and", "or"} or not all(map(is_set, forms)):
        return None
    groups = [[forms[0]]]
    for word, form in zip(said, forms[1:], strict=True):
        if word == "or":
            groups.append([])
        groups[-1].append(form)
    sets = [group[0] if len(group) == 1 else Items("and", tuple(group)) for group in groups]
    if all(isinstance(one, Region) for one in sets):
        return union(sets)
    return sets[0] if len(sets) == 1 else Items("or", tuple(sets))


def _as_point(form, variables: set[str]):
    """`x = 3` beside sets of x is the set of one point."""
    return (
        Region((_point(form.value),), form.name) if isinstance(form, Named) and form.name in variables and _is_plain(form.value) else form
    )


def inequality(trees: list[tuple], signs: list[str]) -> Region | Relation | Items | None:
    """`x < 5`, `1 \\le x < 2`, `x \\ne 3` as regions of x; an inequality of other expressions as a relation."""
    if len(trees) == 3 and trees[1][0] == "s" and signs[0][0] == signs[1][0] and signs[0][0] in "<>":
        (low, first, second, high) = (trees[0], signs[0], signs[1], trees[2])
        if first[0] == ">":
            low, first, second, high = high, second, first, low
        if trees[1][1] in symbols(low) | symbols(high):
            return None
        return _bounded(low, "=" in first, high, "=" in second, trees[1][1])
    if len(trees) > 2:
        return Items("", tuple(_relation(one, sign, other) for one, sign, other in zip(trees, signs, trees[1:], strict=False)))
    left, sign, right = trees[0], signs[0], trees[1]
    if sign not in _FLIPPED:
        return None
    if left[0] != "s" and right[0] == "s":
        left, sign, right = right, _FLIPPED[sign], left
    if left[:2] == ("f", "abs") and (region := _distance(left[2][0], sign, right)):
        return region
    if left[0] == "s" and left[1] not in ("pi", "e", "oo") and left[1] not in symbols(right):
        if sign == "!=":
            return Region((Piece(None, False, right, False), Piece(right, False, None, False)), left[1])
        closed = "=" in sign
        return _bounded(None, False, right, closed, left[1]) if sign[0] == "<" else _bounded(right, closed, None, False, left[1])
    return _relation(left, sign, right)


def _distance(inner: tuple, sign: str, right: tuple) -> Region | None:
    """The region of `|x - 2| < 3`."""
    terms = list(inner[1]) if inner[0] == "+" else [inner]
    variable = next((term for term in terms if term[0] == "s"), None)
    rest = [term for term in terms if term is not variable]
    if variable is None or sign == "!=" or any(symbols(tree) for tree in (*rest, right)):
        return None
    low, high = (("+", (*(("-", term) for term in rest), *end)) for end in ((("-", right),), (right,)))
    closed = "=" in sign
    if sign[0] == "<":
        return Region((Piece(low, closed, high, closed),), variable[1])
    return Region((Piece(None, False, low, closed), Piece(high, closed, None, False)), variable[1])


def _relation(left: tuple, sign: str, right: tuple) -> Relation:
    return Relation(_FLIPPED[sign], right, left) if sign[0] == ">" else Relation(sign, left, right)


def _bounded(low: tuple | None, low_closed: bool, high: tuple | None, high_closed: bool, variable: str) -> Region:
    low = None if low == MINUS_INFINITY else low
    high = None if high == INFINITY else high
    return Region((Piece(low, low_closed and low is not None, high, high_closed and high is not None),), variable)


def as_region(form):
    """A set as a region: intervals stay, two values in brackets are an interval, values in braces are points."""
    if isinstance(form, Named):
        form = form.value
    if isinstance(form, Items):
        return interval(form) or (
            Region(tuple(_point(item) for item in form.items)) if form.brackets == "{}" and all(map(_is_plain, form.items)) else None
        )
    if isinstance(form, Quantity) and _is_plain(form):
        return Region((_point(form),))
    return form if isinstance(form, Region) else None


def _is_plain(form) -> bool:
    return isinstance(form, Quantity) and not form.unit and not form.percent


def _point(form: Quantity):
    return Piece(form.tree, True, form.tree, True)


def builder(inner: list[Token], read) -> Region | None:
    r"""`\{x \mid x > 3\}`, `\{x : 0 < x < 1\}`: the region of the condition; `read` reads a form."""
    place = next((place for place, token in enumerate(inner[:6]) if token[:2] in (("op", "|"), ("op", ":"))), None)
    if place is None:
        return None
    head = inner[:place]
    if not head or head[0].kind not in ("word", "cmd", "mark") or len(head[0].value) > 12:
        return None
    if len(head) > 1 and not (head[1][:2] == ("cmd", "in") and head[2:3] and head[2][:2] == ("mark", "mathbb R") and len(head) == 3):
        return None
    region = read(inner[place + 1 :])
    if isinstance(region, Region) and region.variable in (head[0].value, None):
        return Region(region.pieces)
    if isinstance(region, Items) and region.brackets in ("and", ",") and all(one.variable in (head[0].value, None) for one in region.items):
        return Items("and", tuple(Region(one.pieces) for one in region.items))
    return None
