"""Programs that print a literal and compute nothing: right or wrong, they are counted apart.

Read by regular expressions alone; nothing is parsed or run. A program counts if every line of it gives a name a literal, imports
something, or prints literals and names.
"""

import re

MAX_CHARS = 4000
"""A longer program computes something."""

_STRING = r"\"[^\"\n]*\"|'[^'\n]*'"
_LITERAL = rf"-?[\d_]+(?:\.\d*)?|True|False|None|{_STRING}"
_ITEM = rf"(?:{_LITERAL}|[A-Za-z_]\w*)"
_COMMENT = re.compile(rf"({_STRING})|#[^\n]*")
_LINE = re.compile(rf"(?:[A-Za-z_]\w*\s*=\s*(?:{_LITERAL})|print\(\s*{_ITEM}(?:\s*,\s*{_ITEM})*\s*\)|(?:import|from)\s[^\n]*)\s*")


def prints_literal(program: str) -> bool:
    """Whether a program prints what stands in it, without computing."""
    if len(program) > MAX_CHARS or "print(" not in program:
        return False
    lines = _COMMENT.sub(lambda match: match.group(1) or "", program).splitlines()
    return all(_LINE.fullmatch(line.strip()) for line in lines if line.strip())
