r"""From the text of an answer to its form: lists first, then relations, then brackets, then single values.

`read` never fails: what no form takes to the last sign is `Raw` (mathematics) or `Words`.
"""

from fractions import Fraction
from functools import lru_cache

from mathcode.grading.forms import numerals, quantities, times, words
from mathcode.grading.forms.algebra import NotAlgebra, Parser
from mathcode.grading.forms.names import INTERVALS, LETTERS, LISTS, LOGICAL, MATRICES, OPAQUE, RELATIONS, SETS, TUPLES
from mathcode.grading.forms.quantities import symbols
from mathcode.grading.forms.regions import builder, inequality, interval, named_set, union
from mathcode.grading.forms.tokens import Token, tokens, written
from mathcode.grading.forms.values import Chain, Items, Matrix, Moment, Named, Quantity, Range, Ratio, Raw, Region, Relation, Words

MAX_NESTING = 12
"""Forms within forms."""
MAX_ITEMS = 200

_SEPARATING = {("op", ","), ("op", ";"), ("op", "\n"), ("op", "或"), ("op", "和"), ("op", "及"), ("op", "与"), ("word", "and"), ("word", "or"),
               ("cmd", "land"), ("cmd", "lor"), ("op", "&")}  # fmt: skip
_OPENS = {"(": ")", "[": "]"}
_SIGNS = {("op", "="): "=", ("op", "=="): "=", ("op", "<"): "<", ("op", ">"): ">", ("op", "<="): "<=", ("op", ">="): ">=", ("cmd", "le"): "<=",
          ("cmd", "ge"): ">=", ("cmd", "ne"): "!=", ("op", "!="): "!=", ("cmd", "in"): "in", ("cmd", "approx"): "approx",
          ("cmd", "equiv"): "equiv"}  # fmt: skip


@lru_cache(maxsize=4096)
def read(text: str):
    """The form of an undressed text."""
    return _form(tokens(text), text, 0)


def _form(found: list[Token], text: str | None, depth: int):
    """The form of tokens; `text` is what they were made of, where that is known."""
    if depth > MAX_NESTING or not found:
        return Raw(words.raw(found))
    if text is None:
        text = written(found)
    if (whole := _at_once(found, text)) is not None:
        return whole
    if (found[0][:2] == ("op", "]") or found[-1][:2] == ("op", "[")) and (french := _bracketed(found, depth)) is not None:
        return french
    parts, separators = _split(found)
    if len(parts) > 1:
        return _listed(found, text, parts, separators, depth)
    for read_as in (_signed_pair, _united, _related, _bracketed, _printed, _environment, _ratio, _ranged):
        if (form := read_as(found, depth)) is not None:
            return form
    return _single(found, text)


def _at_once(found: list[Token], text: str):
    """Forms that are told by the whole text: moments, numerals with a base or a period, numbers in words."""
    flat = words.bare(text)
    if len(flat) < 80:
        for kind, told in (("date", times.date), ("clock", times.clock)):
            if (value := told(flat)) is not None:
                return Moment(kind, value)
        if (place := numerals.ordinal(flat)) is not None:
            return Moment("ordinal", place)
    if (form := quantities.based(text)) is not None:
        return form
    if "'" in text and (form := quantities.feet_and_inches(text)) is not None:
        return form
    if (tree := quantities.repeating(text)) is not None:
        return Quantity(tree)
    if found[0].kind == "num" and (value := quantities.quantity(found)) is not None:
        return value
    if len(flat) < 120 and any(not token.value.isascii() or token.kind in ("word", "text") for token in found):
        return quantities.in_words(text)
    return None


def _single(found: list[Token], text: str):
    """A quantity, words, or what is not understood."""
    if (region := named_set(found, text)) is not None:
        return region
    if (marks := words.circled(found)) is not None:
        return Items("", tuple(map(Words, marks))) if len(marks) > 1 else Words(marks[0])
    phrase = words.phrase(text)
    if _is_name(found):
        return Words(phrase or words.bare(text))
    if (value := quantities.quantity(found)) is not None:
        return value
    return Words(phrase) if phrase is not None else Raw(words.raw(found))


def _is_name(found: list[Token]) -> bool:
    """Whether a text is one run of letters, two at the least, that is no function or constant: a word or a name, no product."""
    token = found[0]
    if len(found) != 1 or token.kind not in ("word", "text") or len(token.value.strip()) < 2 or "_" in token.value:
        return token.kind == "text" and len(found) == 1
    if token.value in LETTERS or token.value in ("oo", "inf", "infinity", "Infinity"):
        return False
    return len(token.value) > 2 or not token.value.islower() or token.value in ("no", "ok", "hi", "is", "it", "on", "up", "in", "or", "so", "to", "me", "if")


def _split(found: list[Token]) -> tuple[list[list[Token]], list[Token]]:
    """Parts between separators outside all brackets, and the separators."""
    parts: list[list[Token]] = [[]]
    separators: list[Token] = []
    depth = 0
    for token in found:
        depth += _depth_of(token)
        if depth <= 0 and _separates(token):
            if parts[-1]:
                parts.append([])
                separators.append(token)
            else:
                separators[-1:] = [token]
        else:
            parts[-1].append(token)
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
        separators.pop()
    return parts, separators


def _depth_of(token: Token) -> int:
    if token.kind in ("begin", "end"):
        return 1 if token.kind == "begin" else -1
    if token.kind == "op":
        return (token.value in "([{") - (token.value in ")]}") if len(token.value) == 1 else 0
    if token.kind == "cmd":
        return (token.value in ("{", "langle", "lfloor", "lceil")) - (token.value in ("}", "rangle", "rfloor", "rceil"))
    return 0


def _separates(token: Token) -> bool:
    if token.kind == "text":
        return token.value.strip(" ,;.").lower() in ("and", "or", "", "或", "和") and bool(token.value.strip(" .") or False)
    return token[:2] in _SEPARATING


def _listed(found: list[Token], text: str, parts: list[list[Token]], separators: list[Token], depth: int):
    """Several values; or a compound quantity, a numeral that only looks like a list, a union, or a phrase."""
    if len(parts) > MAX_ITEMS:
        return Raw(words.raw(found))
    if all(token[:2] == ("word", "and") or token[:2] == ("text", "and") for token in separators) or separators == []:
        if (value := quantities.quantity(found)) is not None:
            return value
    forms = [_form(part, None, depth + 1) for part in parts]
    regions = _joined_regions(forms, separators)
    if regions is not None:
        return regions
    if any(isinstance(form, Raw) for form in forms):
        phrase = words.phrase(text)
        return Words(phrase) if phrase is not None else Raw(words.raw(found))
    if any(isinstance(form, Words) and len(form.key.split()) > 4 for form in forms):
        return Words(words.phrase(text) or words.bare(text).casefold())
    flat: list = []
    for form in forms:
        flat += form.items if isinstance(form, Items) and not form.brackets else [form]
    return Items("", tuple(flat))


def _joined_regions(forms: list, separators: list[Token]):
    """Inequalities of one variable that `or` joins, or `and` restricts."""
    if not all(isinstance(form, Region) for form in forms) or len({form.variable for form in forms} - {None}) > 1:
        return None
    said = {"and" if token[:2] in (("word", "and"), ("cmd", "land"), ("op", "&")) or token.value.strip(" ,") == "and" else
            "or" if token[:2] in (("word", "or"), ("cmd", "lor"), ("op", "或")) or token.value.strip(" ,") == "or" else "," for token in separators}  # fmt: skip
    if said == {"or"}:
        return union(forms)
    return Items("and", tuple(forms)) if said == {"and"} else None


def _signed_pair(found: list[Token], depth: int):
    r"""`a \pm b` stands for two values."""
    both = [token[:2] for token in found]
    if ("cmd", "pm") not in both and ("cmd", "mp") not in both:
        return None
    made = []
    for signs in ({"pm": "+", "mp": "-"}, {"pm": "-", "mp": "+"}):
        signed = [Token("op", signs[token.value], token.spaced) if token.kind == "cmd" and token.value in signs else token for token in found]
        made.append(_form(signed[1:] if signed[0][:2] == ("op", "+") else signed, None, depth + 1))
    if any(isinstance(form, Raw | Words) for form in made):
        return None
    if all(isinstance(form, Named) for form in made):
        return Items("", tuple(made))
    return Items("", tuple(made))


def _positions(found: list[Token], wanted) -> list[int]:
    """Where tokens that are wanted stand outside all brackets."""
    depth, places = 0, []
    for place, token in enumerate(found):
        depth += _depth_of(token)
        if depth <= 0 and wanted(token):
            places.append(place)
    return places


def _united(found: list[Token], depth: int):
    r"""Unions of sets, and sets without another."""
    places = _positions(found, lambda token: token[:2] in (("cmd", "cup"), ("cmd", "setminus"), ("cmd", "backslash")) or token[:2] == ("word", "U"))
    if not places or places[0] == 0:
        return None
    parts = [found[low + 1 : high] for low, high in zip([-1, *places], [*places, len(found)], strict=True)]
    if not all(parts):
        return None
    forms = [_as_region(_form(part, None, depth + 1)) for part in parts]
    if any(form is None for form in forms):
        return None
    signs = [found[place].value for place in places]
    if all(sign in ("cup", "U") for sign in signs):
        return union(forms)
    return Items("minus", tuple(forms)) if len(forms) == 2 else None


def _as_region(form):
    """A set as a region: intervals stay, two values in brackets are an interval, values in braces are points."""
    if isinstance(form, Named):
        form = form.value
    if isinstance(form, Items):
        return interval(form) or (Region(tuple(_point(item) for item in form.items)) if form.brackets == "{}" and all(map(_is_plain, form.items)) else None)
    if isinstance(form, Quantity) and _is_plain(form):
        return Region((_point(form),))
    return form if isinstance(form, Region) else None


def _is_plain(form) -> bool:
    return isinstance(form, Quantity) and not form.unit and not form.percent


def _point(form: Quantity):
    from mathcode.grading.forms.values import Piece

    return Piece(form.tree, True, form.tree, True)


def _related(found: list[Token], depth: int):
    """Equations, assignments, inequalities, memberships."""
    places = _positions(found, lambda token: token[:2] in _SIGNS)
    if not places or len(places) > 6:
        return None
    parts = [found[low + 1 : high] for low, high in zip([-1, *places], [*places, len(found)], strict=True)]
    signs = [_SIGNS[found[place][:2]] for place in places]
    if not parts[-1] or (not parts[0] and signs != ["approx"]):
        return None
    if signs[0] in ("in", "approx"):
        return _member(parts, signs, depth)
    trees = [_tree(part) for part in parts]
    if all(sign == "=" for sign in signs):
        return _equated(parts, trees, depth)
    if None in trees or "=" in signs or "in" in signs:
        return None
    return inequality(trees, signs)


def _member(parts: list, signs: list[str], depth: int):
    r"""`x \in S`; `\approx 5`."""
    if len(signs) > 1:
        return None
    form = _form(parts[1], None, depth + 1)
    if signs[0] == "approx":
        return form if not parts[0] and isinstance(form, Quantity) else None
    region = _as_region(form)
    name = _name(parts[0])
    if region is None or name is None:
        return None
    return Region(region.pieces, name)


def _tree(part: list[Token]) -> tuple | None:
    """The expression that a part is."""
    value = quantities.quantity(part)
    return value.tree if value is not None and not (value.unit or value.noun or value.percent) else None


def _name(part: list[Token]) -> str | None:
    """The name that stands before an equals sign: a symbol, a function of symbols, a word."""
    tree = _tree(part)
    if tree is not None and tree[0] == "s":
        return tree[1]
    if tree is not None and tree[0] == "f" and tree[1].rstrip("'") in OPAQUE and all(one[0] == "s" for one in tree[2]):
        return tree[1]
    if tree is not None and tree[0] == "*" and len(tree[1]) == 2 and tree[1][0][0] == tree[1][1][0] == "s" and written(part).endswith(")"):
        return tree[1][0][1]
    if all(token.kind in ("word", "text") for token in part) and 0 < len(part) < 5 and not _is_product(part):
        return words.bare(written(part)).casefold()
    return None


def _is_product(part: list[Token]) -> bool:
    tree = _tree(part)
    return tree is not None and (tree[0] != "s")


def _equated(parts: list, trees: list, depth: int):
    """A named value, a chain of constants, or an equation."""
    name = _name(parts[0])
    if len(parts) == 2 and name is None and (swapped := _name(parts[1])) is not None and trees[1] is not None and trees[0] is not None:
        parts, trees, name = parts[::-1], trees[::-1], swapped
    if name is not None:
        value = _form(parts[-1], None, depth + 1)
        if isinstance(value, Raw):
            return None
        if trees[0] is not None and trees[-1] is not None and trees[0][0] == "s" and trees[0][1] in symbols(trees[-1]):
            return Relation("=", trees[0], trees[-1])
        if len(parts) > 2:
            return Named(name, value, trees[0], tuple(trees[1:])) if None not in trees[1:] else None
        return Named(name, value, trees[0])
    if None in trees:
        return None
    if all(not symbols(tree) - {"pi", "e", "i"} for tree in trees):
        return Chain(tuple(trees))
    return Relation("=", *trees) if len(trees) == 2 else None


def _bracketed(found: list[Token], depth: int):
    """Values between brackets that close at the end."""
    first, last = found[0], found[-1]
    kinds = {("op", "("): "(", ("op", "["): "[", ("cmd", "{"): "{", ("op", "{"): "{", ("cmd", "langle"): "<", ("op", "<"): "<", ("op", "]"): "]"}
    ends = {("op", ")"): ")", ("op", "]"): "]", ("cmd", "}"): "}", ("op", "}"): "}", ("cmd", "rangle"): ">", ("op", ">"): ">", ("op", "["): "["}
    opening, end = kinds.get(first[:2]), ends.get(last[:2])
    if opening is None or end is None or len(found) < 2 or not _closes_at_end(found, opening, end):
        return None
    inner = found[1:-1]
    if opening == "{" and end == "}" and (region := builder(inner, lambda part: _form(part, None, depth + 1))) is not None:
        return region
    if opening == "{" and first.kind == "op" and any(token.value == ":" for token in inner) and (pairs := _mapping(inner)) is not None:
        return pairs
    items = _items(inner, depth, blanks=opening == "[")
    if items is None:
        return None
    brackets = {"(": "()", "[": "[]", "{": "{}", "<": "<>"}
    if (opening, end) in (("(", ")"), ("[", "]"), ("{", "}"), ("<", ">")):
        return _in_brackets(brackets[opening], items, found)
    half = {("(", "]"): "(]", ("[", ")"): "[)", ("]", "["): "()", ("]", "]"): "(]", ("[", "["): "[)"}.get((opening, end))
    return interval(Items(half, tuple(items))) if half and len(items) == 2 else None


def _closes_at_end(found: list[Token], opening: str, end: str) -> bool:
    if opening == "]":
        return True
    depth = 0
    for place, token in enumerate(found):
        change = _depth_of(token) if token.value not in "<>" or opening != "<" else (token.value == "<") - (token.value == ">")
        depth += change
        if depth <= 0 and place < len(found) - 1:
            return end == "[" and False
    return True


def _items(inner: list[Token], depth: int, blanks: bool = False) -> list | None:
    """The forms between separators; of numbers with blanks between them (as numpy prints) each is one."""
    if not inner:
        return []
    parts, separators = _split(inner)
    if any(token[:2] in (("word", "or"), ("op", "或")) for token in separators):
        return None
    if len(parts) == 1 and blanks and (spread := _spread(inner)):
        parts = spread
    if len(parts) > MAX_ITEMS:
        return None
    forms = [_form(_unquoted(part), None, depth + 1) for part in parts]
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
        depth += _depth_of(token)
        before = token
    return parts if len(parts) > 1 else None


def _in_brackets(brackets: str, items: list, found: list[Token]):
    """Values in a pair of brackets. One value alone is that value; rows of one length are a matrix."""
    if brackets == "{}" and not items:
        return Region(())
    if len(items) == 1 and not (isinstance(items[0], Region) and brackets != "()" or isinstance(items[0], Items) and items[0].brackets == "()" and brackets == "[]"):
        if isinstance(items[0], Items) and brackets == "[]" and items[0].brackets == "[]":
            return Items(brackets, tuple(items))
        return items[0]
    if brackets == "{}" and items and all(isinstance(item, Region) for item in items):
        return None
    if brackets in ("()", "[]") and len(items) == 2 and _infinite(items) and (region := interval(Items(brackets, tuple(items)))):
        return region
    return Items(brackets, tuple(items))


def _infinite(items: list) -> bool:
    return any(isinstance(item, Quantity) and item.tree in (("s", "oo"), ("-", ("s", "oo"))) for item in items)


def _mapping(inner: list[Token]):
    """The pairs of a mapping that a program prints; names as keys make it named values."""
    parts, _ = _split(inner)
    pairs = []
    for part in parts:
        places = _positions(part, lambda token: token[:2] == ("op", ":"))
        if len(places) != 1:
            return None
        key, value = (_form(_unquoted(side), None, 5) for side in (part[: places[0]], part[places[0] + 1 :]))
        pairs.append((key, value))
    if all(isinstance(key, Quantity) and key.tree[0] == "s" for key, _ in pairs):
        return Items("", tuple(Named(key.tree[1], value, key.tree) for key, value in pairs))
    return Items("{:}", tuple(Items("()", pair) for pair in pairs))


def _printed(found: list[Token], depth: int):
    """What programs print as a call: sets, intervals, points, matrices, relations."""
    if found[0].kind != "call" or found[-1][:2] != ("op", ")"):
        return None
    name = found[0].value
    short = name if name in INTERVALS else name.rsplit(".", 1)[-1]
    if not _closes_at_end(found[1:], "(", ")"):
        return None
    inner = found[2:-1]
    if short in RELATIONS:
        parts, _ = _split(inner)
        sign = {"=": ("op", "="), "<": ("op", "<"), ">": ("op", ">"), "<=": ("cmd", "le"), ">=": ("cmd", "ge"), "!=": ("cmd", "ne")}[RELATIONS[short]]
        return _related([*parts[0], Token(*sign), *parts[1]], depth + 1) if len(parts) == 2 else None
    if short in MATRICES | TUPLES | SETS | LISTS | LOGICAL or name in INTERVALS:
        parts = _split(inner)[0] if inner else []
        forms = [_form(part, None, depth + 1) for part in parts if not _keyword(part)]
        if any(isinstance(form, Raw) for form in forms):
            return None
        return _called(short, forms, found)
    return None


def _keyword(part: list[Token]) -> bool:
    return len(part) > 2 and part[0].kind == "word" and part[1][:2] == ("op", "=") and part[0].value in ("dtype", "evaluate", "domain")


def _called(name: str, forms: list, found: list[Token]):
    if name in INTERVALS:
        return interval(Items(INTERVALS[name], tuple(forms[:2]))) if len(forms) == 2 else None
    if name in LOGICAL:
        regions = [_as_region(form) for form in forms]
        if None in regions:
            return None
        return union(regions) if name in ("Union", "Or") else Items("and", tuple(regions))
    if name in TUPLES:
        return _in_brackets("()", forms, found)
    only = forms[0] if len(forms) == 1 else None
    if name in MATRICES:
        return only if isinstance(only, Items) else None
    if name in SETS and isinstance(only, Items):
        forms = list(only.items)
    if name in SETS:
        return Region(()) if not forms else _in_brackets("{}", forms, [Token("cmd", "{"), *found])
    return only if isinstance(only, Items) else None


def _environment(found: list[Token], depth: int):
    """A matrix, with or without brackets around its environment; cases are named values, one under the other."""
    inner, kind = found, ""
    if inner[0][:2] in (("op", "["), ("op", "("), ("op", "|"), ("cmd", "{")) and len(inner) > 2 and inner[1].kind == "begin":
        kind = "determinant" if inner[0].value == "|" else ""
        inner = inner[1:-1] if inner[-1].kind != "end" else inner[1:]
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
    if name in ("cases", "aligned"):
        return _form([token for at, row in enumerate(rows) for token in ([Token("op", ",")] * bool(at) + sum(row, []))], None, depth + 1) if rows else None
    forms = tuple(tuple(_form(cell, None, depth + 1) for cell in row) for row in rows)
    if not forms or len({len(row) for row in forms}) > 1 or any(isinstance(one, Raw) for row in forms for one in row):
        return None
    return Matrix(forms, "determinant" if name == "vmatrix" else kind)


def _ratio(found: list[Token], depth: int):
    """Terms between colons."""
    places = _positions(found, lambda token: token[:2] == ("op", ":") or token[:2] == ("word", "to"))
    if not places or len(places) > 6 or any(found[place].kind == "word" for place in places):
        return None
    parts = [found[low + 1 : high] for low, high in zip([-1, *places], [*places, len(found)], strict=True)]
    trees = [_tree(part) if part else None for part in parts]
    if None in trees:
        name = _name(parts[0]) if len(parts) == 2 and parts[0] and trees[0] is None else None
        form = _form(parts[1], None, depth + 1) if name and parts[1] else None
        return Named(name, form) if isinstance(form, Quantity | Items) else None
    return Ratio(tuple(trees))


def _ranged(found: list[Token], depth: int):
    """`1.4 to 1.6 m/s`, a range with a dash between."""
    places = _positions(found, lambda token: token[:2] in (("word", "to"), ("op", "–"), ("op", "至"), ("op", "到")))
    if len(places) != 1 or not 0 < places[0] < len(found) - 1:
        return None
    low, high = (quantities.quantity(part) for part in (found[: places[0]], found[places[0] + 1 :]))
    return Range(low, high) if low is not None and high is not None else None
