"""Values between brackets: tuples, lists, sets, intervals, mappings, matrices, and what programs print as a call.

`form` reads the form of tokens (`reading`), one level deeper.
"""

from mathcode.grading.forms.names import INTERVALS, LISTS, LOGICAL, MATRICES, RELATIONS, SETS, TUPLES
from mathcode.grading.forms.regions import as_region, builder, interval, is_set, joined
from mathcode.grading.forms.splitting import MAX_ITEMS, depth_of, positions, split
from mathcode.grading.forms.tokens import Token
from mathcode.grading.forms.turning import turns
from mathcode.grading.forms.values import Items, Matrix, Named, Quantity, Raw, Region, Relation, When, Words

_JOINING = {"&", "and", "or", "land", "lor", "且", "或"}


def bracketed(found: list[Token], reader):
    """Values between brackets that close at the end."""
    first, last = found[0], found[-1]
    kinds = {
        ("op", "("): "(",
        ("op", "["): "[",
        ("cmd", "{"): "{",
        ("op", "{"): "{",
        ("cmd", "langle"): "<",
        ("op", "<"): "<",
        ("op", "]"): "]",
    }
    ends = {
        ("op", ")"): ")",
        ("op", "]"): "]",
        ("cmd", "}"): "}",
        ("op", "}"): "}",
        ("cmd", "rangle"): ">",
        ("op", ">"): ">",
        ("op", "["): "[",
    }
    opening, end = kinds.get(first[:2]), ends.get(last[:2])
    if opening is None or end is None or len(found) < 2 or not _closes_at_end(found, opening):
        return None
    inner = found[1:-1]
    if opening == "{" and end == "}" and (region := builder(inner, reader)) is not None:
        return region
    if opening == "{" and first.kind == "op" and (pairs := _mapping(inner, reader)) is not None:
        return pairs
    if opening == "(" and positions(inner, lambda token: token.value in _JOINING) and is_set(condition := reader(inner)):
        return condition
    items = _items(inner, reader, blanks=opening == "[")
    if items is None:
        return None
    brackets = {"(": "()", "[": "[]", "{": "{}", "<": "<>"}
    if (opening, end) in (("(", ")"), ("[", "]"), ("{", "}"), ("<", ">")):
        return _in_brackets(brackets[opening], items)
    half = {("(", "]"): "(]", ("[", ")"): "[)", ("]", "["): "()", ("]", "]"): "(]", ("[", "["): "[)"}.get((opening, end))
    return interval(Items(half, tuple(items))) if half and len(items) == 2 else None


def _closes_at_end(found: list[Token], opening: str) -> bool:
    if opening == "]":
        return True
    depth = 0
    for token in found[:-1]:
        depth += (token.value == "<") - (token.value == ">") if opening == "<" and token.value in "<>" else depth_of(token)
        if depth <= 0:
            return False
    return True


def _items(inner: list[Token], reader, blanks: bool = False) -> list | None:
    """The forms between separators; of numbers with blanks between them (as numpy prints) each is one."""
    if not inner:
        return []
    parts, separators = split(inner)
    if any(token[:2] in (("word", "or"), ("op", "或")) for token in separators):
        return None
    if len(parts) == 1 and blanks and (spread := _spread(inner)):
        parts = spread
    if len(parts) > MAX_ITEMS:
        return None
    forms = [reader(_unquoted(part)) for part in parts]
    if any(isinstance(form, Raw) for form in forms):
        return None
    flat: list = []
    for form in forms:
        flat += form.items if isinstance(form, Items) and not form.brackets else [form]
    return flat


def _unquoted(part: list[Token]) -> list[Token]:
    """A quoted string of a program without its quotation marks."""
    quotes = (("op", "'"), ("op", '"'))
    return part[1:-1] if len(part) > 2 and part[0][:2] in quotes and part[-1][:2] == part[0][:2] else part


def _spread(inner: list[Token]) -> list[list[Token]] | None:
    """Numbers, or lists of them, that only blanks separate."""
    parts: list[list[Token]] = []
    depth, before = 0, None
    for token in inner:
        starts = depth == 0 and (token.spaced or not parts) and (before is None or before.kind == "num" or before.value == "]")
        if depth == 0 and token.kind != "num" and token.value not in ("[", "]", "-", "\n"):
            return None
        if token.value == "\n":
            continue
        if starts or not parts:
            parts.append([])
        parts[-1].append(token)
        depth += depth_of(token)
        before = token
    return parts if len(parts) > 1 else None


def _in_brackets(brackets: str, items: list):
    """Values in a pair of brackets. One value alone is that value; rows of one length are a matrix."""
    if brackets == "{}" and not items:
        return Region(())
    if len(items) == 1:
        only = items[0]
        nested = isinstance(only, Items) and brackets == "[]" and only.brackets in ("()", "[]")
        if not nested and not (isinstance(only, Region) and brackets != "()"):
            return only
    if brackets == "{}" and items and all(isinstance(item, Region) for item in items):
        return None
    if brackets in ("()", "[]") and len(items) == 2 and _infinite(items) and (region := interval(Items(brackets, tuple(items)))):
        return region
    return Items(brackets, tuple(items))


def _infinite(items: list) -> bool:
    return any(isinstance(item, Quantity) and item.tree in (("s", "oo"), ("-", ("s", "oo"))) for item in items)


def _mapping(inner: list[Token], reader):
    """The pairs of a mapping that a program prints; names as keys make it named values."""
    parts, _ = split(inner)
    pairs = []
    for part in parts:
        places = positions(part, lambda token: token[:2] == ("op", ":"))
        if len(places) != 1:
            return None
        key, value = (reader(_unquoted(side)) for side in (part[: places[0]], part[places[0] + 1 :]))
        pairs.append((key, value))
    if all((isinstance(key, Quantity) and key.tree[0] == "s") or (isinstance(key, Words) and not turns(key.key)) for key, _ in pairs):
        named = [Named(key.key, value) if isinstance(key, Words) else Named(key.tree[1], value, key.tree) for key, value in pairs]
        return named[0] if len(named) == 1 else Items("", tuple(named))
    return Items("{:}", tuple(Items("()", pair) for pair in pairs))


def printed(found: list[Token], reader):
    """What programs print as a call: sets, intervals, points, matrices, relations."""
    if found[0].kind != "call" or found[-1][:2] != ("op", ")"):
        return None
    name = found[0].value
    short = name if name in INTERVALS else name.rsplit(".", 1)[-1]
    if not _closes_at_end(found[1:], "("):
        return None
    inner = found[2:-1]
    if short in RELATIONS:
        parts, _ = split(inner)
        sign = {"=": ("op", "="), "<": ("op", "<"), ">": ("op", ">"), "<=": ("cmd", "le"), ">=": ("cmd", "ge"), "!=": ("cmd", "ne")}[
            RELATIONS[short]
        ]
        return reader([*parts[0], Token(*sign), *parts[1]]) if len(parts) == 2 else None
    if short in MATRICES | TUPLES | SETS | LISTS | LOGICAL or name in INTERVALS:
        parts = split(inner)[0] if inner else []
        forms = [reader(part) for part in parts if not _keyword(part)]
        if any(isinstance(form, Raw) for form in forms):
            return None
        return _called(short, forms)
    return None


def _keyword(part: list[Token]) -> bool:
    return len(part) > 2 and part[0].kind == "word" and part[1][:2] == ("op", "=") and part[0].value in ("dtype", "evaluate", "domain")


def _called(name: str, forms: list):
    if name in INTERVALS:
        return interval(Items(INTERVALS[name], tuple(forms[:2]))) if len(forms) == 2 else None
    if name in LOGICAL:
        sets = [form if is_set(form) else as_region(form) for form in forms]
        return sets[0] if len(sets) == 1 else joined(sets, ["or" if name in ("Union", "Or") else "and"] * (len(sets) - 1))
    if name in TUPLES:
        return _in_brackets("()", forms)
    only = forms[0] if len(forms) == 1 else None
    if name in MATRICES:
        return only if isinstance(only, Items) else None
    if name in SETS and isinstance(only, Items):
        forms = list(only.items)
    if name in SETS:
        return Region(()) if not forms else _in_brackets("{}", forms)
    return only if isinstance(only, Items) else None


def environment(found: list[Token], reader):
    """A matrix, with or without brackets around its environment; cases are named values, one under the other."""
    inner, kind, open_brace = found, "", False
    if inner[0][:2] in (("op", "["), ("op", "("), ("op", "|"), ("cmd", "{")) and len(inner) > 2 and inner[1].kind == "begin":
        kind = "determinant" if inner[0].value == "|" else ""
        closes = inner[-1].value == {"[": "]", "(": ")", "|": "|", "{": "}"}[inner[0].value]
        open_brace = inner[0].value == "{" and not closes
        inner = inner[1:-1] if closes else inner[1:] if open_brace else inner
    if inner[0].kind != "begin" or inner[-1].kind != "end" or inner[0].value != inner[-1].value:
        return None
    name = inner[0].value
    if name not in ("pmatrix", "bmatrix", "matrix", "array", "vmatrix", "Bmatrix", "smallmatrix", "cases", "aligned"):
        return None
    rows, row, cell = [], [], []
    for token in [*inner[1:-1], Token("cmd", "\\")]:
        if token[:2] in (("op", "&"), ("cmd", "\\")):
            row.append(cell)
            cell = []
        elif token.kind in ("begin", "end"):
            return None
        elif token[:2] != ("op", "\n") and token[:2] != ("cmd", "hline"):
            cell.append(token)
        if token[:2] == ("cmd", "\\"):
            rows.append(row)
            row = []
    rows = [row for row in rows if any(row)]
    if name in ("cases", "aligned") or open_brace:  # a brace on the left alone is that of cases, whatever lays out their lines
        if (branches := _branches(rows, reader)) is not None:
            return branches
        lines = [[token for cell in row for token in cell] for row in rows]
        return reader([token for at, line in enumerate(lines) for token in ([Token("op", ",")] * bool(at) + line)]) if lines else None
    forms = tuple(tuple(reader(cell) for cell in row) for row in rows)
    if not forms or len({len(row) for row in forms}) > 1 or any(isinstance(one, Raw) for row in forms for one in row):
        return None
    return Matrix(forms, "determinant" if name == "vmatrix" else kind)


_ELSE = {"otherwise", "else", "其他", "其它"}
_IF = {"if", "when", "for", "当"}


def _branches(rows: list[list[list[Token]]], reader) -> Items | None:
    """Lines of a value and its condition each, with `&` or a comma between; None where one is no such line."""
    found = []
    for row in rows:
        cells = [cell for cell in row if cell]
        halves = cells if len(cells) == 2 else split(cells[0])[0] if len(cells) == 1 else []
        if len(halves) != 2 or not all(part := split(half)[0] for half in halves) or len(part) > 1:
            return None
        value, condition = split(halves[0])[0], _bare_condition(part[0])
        form = reader(condition) if len(value) == 1 and condition and condition[0].value != "=" else None
        told = is_set(form) or isinstance(form, Relation) or (isinstance(form, Words) and form.key in _ELSE)
        if not told and not (isinstance(form, Named) and not positions(value[0], lambda token: token[:2] == ("op", "="))):
            return None
        found.append(When(reader(value[0]), form))
    if len(found) < 2 or any(isinstance(branch.value, Raw) for branch in found):
        return None
    return Items("", tuple(found))


def _bare_condition(part: list[Token]) -> list[Token]:
    """A condition without the word before it."""
    return part[1:] if part[0].value.strip(" ,").lower() in _IF else part
