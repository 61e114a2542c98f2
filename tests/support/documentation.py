"""What stands in a page of the documentation: its sections, rows of its tables, names in code font."""

import re
from collections.abc import Iterator

from support.running import ROOT

_ESCAPED_BAR = "\0"


def rows(text: str) -> Iterator[list[str]]:
    """Cells of every row of every table of a page."""
    for line in text.replace(r"\|", _ESCAPED_BAR).splitlines():
        if line.startswith("| ") and not set(line) <= set("| -:"):
            yield [cell.strip().replace(_ESCAPED_BAR, "|") for cell in line.strip().strip("|").split("|")]


def section(page: str, heading: str) -> str:
    """Text of a page between a heading and the next one of its level or above."""
    level, lines, inside = heading.split(" ", 1)[0], [], False
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        if inside and re.match(rf"#{{1,{len(level)}}} ", line):
            break
        if inside:
            lines.append(line)
        inside = inside or line == heading
    assert inside, f"{page} has no heading '{heading}'"
    return "\n".join(lines)


def quoted(text: str) -> list[str]:
    """What stands between single backticks."""
    return re.findall(r"`([^`\n]+)`", text)
