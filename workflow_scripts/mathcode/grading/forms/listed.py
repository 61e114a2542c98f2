"""Several values in a row: what the words and commas between them say, and which of them are one thing."""

from mathcode.grading.forms import domains, quantities, restated, words
from mathcode.grading.forms.assignments import each_named
from mathcode.grading.forms.regions import is_set, joined
from mathcode.grading.forms.splitting import MAX_ITEMS
from mathcode.grading.forms.tokens import Token
from mathcode.grading.forms.values import Chain, Items, Matrix, Named, Over, Quantity, Ratio, Raw, When, Words, labels

SAID = {"and": "and", "land": "and", "&": "and", "且": "and", "or": "or", "lor": "or", "或": "or"}
"""What joins conditions."""


def listed(found: list[Token], text: str, parts: list[list[Token]], separators: list[Token], reader):
    """Several values; or a compound quantity, a numeral that only looks like a list, a union, or a phrase."""
    if len(parts) > MAX_ITEMS:
        return Raw(words.raw(found))
    if all(token.value.strip() == "and" for token in separators) and (value := quantities.quantity(found)) is not None:
        return value
    forms = [reader(part) for part in parts]
    said = [SAID.get(token.value.strip(" ,"), ",") for token in separators]
    if said[-1] == "," and (domain := domains.told(forms[-1])) is not None:
        value = _several(found, text, forms[:-1], said[:-1])
        if domain.variable in domains.letters(value):
            return Over(value, domain)
    return _several(found, text, forms, said)


def _several(found: list[Token], text: str, forms: list, said: list[str]):
    """Forms with what is said between them."""
    if len(forms) == 1:
        return forms[0]
    if (value := joined(forms, said) or (restated.one(forms) if set(said) == {"or"} else None)) is not None:
        return value
    if any(isinstance(form, Raw) for form in forms):
        phrase = words.phrase(text)
        return Words(phrase) if phrase is not None else Raw(words.raw(found))
    if any(isinstance(form, Words) and len(form.key.split()) > 4 for form in forms):
        return Words(words.phrase(text) or words.bare(text).casefold())
    groups = _alternatives(forms, said)
    if len(groups) > 1 and not _of_one_thing(groups):
        return Items("|", tuple(group[0] if len(group) == 1 else Items("", tuple(group)) for group in groups))
    return Items("", _paired([item for group in groups for item in group]))


def _alternatives(forms: list, said: list[str]) -> list[list]:
    """The values between one `or` and the next. In `red, blue or green` a comma says what the last word does."""
    if said[-1] == "or" and set(said[:-1]) == {","} and not any(isinstance(form, Named) or is_set(form) for form in forms):
        said = ["or"] * len(said)
    groups: list[list] = [[]]
    for word, form in zip([",", *said], forms, strict=True):
        if word == "or":
            groups.append([])
        groups[-1] += form.items if isinstance(form, Items) and not form.brackets else [form]
    return groups


def _of_one_thing(groups: list[list]) -> bool:
    """Whether alternatives are values of one thing, for which a comma says as much as `or`: unnamed ones, or of the same names."""
    items = [item for group in groups for item in group]
    if len(labels(items)) > 1 or not all(isinstance(item, Named) or _is_plain(item) for item in items):
        return False
    names = [{one.name for item in group if isinstance(item, Named) for one in each_named(item).items} for group in groups]
    return all(own in (names[0], set()) for own in names[1:])


def _is_plain(form) -> bool:
    """Whether a form is a number, an expression or a point; a letter alone may be a name."""
    if isinstance(form, Quantity):
        return form.tree[0] != "s" or form.tree[1] in ("pi", "e", "i", "oo")
    return isinstance(form, Ratio | Matrix | Chain) or (isinstance(form, Items) and form.brackets in ("()", "[]", "<>", "{}"))


def _paired(items: list) -> tuple:
    """Values with conditions between them, `2x, x < 3, 6, x > 3`: each value with its own."""
    if len(items) < 4 or [is_set(item) for item in items] != [False, True] * (len(items) // 2):
        return tuple(items)
    return tuple(When(*pair) for pair in zip(items[::2], items[1::2], strict=True))
