"""Where the tokens of an answer fall apart: at separators, signs and words outside all brackets."""

from mathcode.grading.forms.tokens import Token

MAX_ITEMS = 100
"""Values of a list; a longer one is equal as text alone."""
_SEPARATING = {("op", ","), ("op", ";"), ("op", "\n"),
               ("op", "或"), ("op", "且"), ("op", "和"), ("op", "及"), ("op", "与"), ("word", "and"), ("word", "or"),
               ("cmd", "land"), ("cmd", "lor"), ("op", "&")}  # fmt: skip


def split(found: list[Token]) -> tuple[list[list[Token]], list[Token]]:
    """Parts between separators outside all brackets, and the separators."""
    parts: list[list[Token]] = [[]]
    separators: list[Token] = []
    depth = 0
    for token in found:
        depth += depth_of(token)
        if depth <= 0 and _separates(token):
            if parts[-1]:
                parts.append([])
                separators.append(token)
            else:
                separators[-1:] = [token] if separators else []
        else:
            parts[-1].append(token)
    if len(parts) > 1 and not parts[-1]:
        parts.pop()
        separators.pop()
    return parts, separators


def depth_of(token: Token) -> int:
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


def positions(found: list[Token], wanted) -> list[int]:
    """Where tokens that are wanted stand outside all brackets."""
    depth, places = 0, []
    for place, token in enumerate(found):
        depth += depth_of(token)
        if depth <= 0 and wanted(token):
            places.append(place)
    return places
