"""Fences of a response, line by line: which blocks are programs, which are outputs, and where a block that was left open ends.

A fence is a run of three or more backticks or tildes at the start of a line, after blanks, a list's mark or a quotation's; its first
word says the language. In the middle of a line a run opens a block only where a program's or an output's name ends the line, and it
never closes one. A run closes what a run of the same sign and no greater length opened. Everything is read once, in linear time.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_RUN = re.compile(r"```|~~~|</?llm-code")
_LINE_START = re.compile(r"([ \t>]{0,100}(?:(?:[-*+]|\d{1,9}[.)])[ \t]{1,20})?)(`{3,}|~{3,})")
_TAG = re.compile(r"([ \t]{0,100})<(/?)llm-code(-output)?>[ \t]{0,100}\Z")
_WORD = re.compile(r"[\s{.=]{0,20}([A-Za-z][\w.+#-]{0,30})")
_PYTHON = re.compile(r"(?:i?python|py)[ _-]?\d{0,2}(?:\.\d{1,3}){0,2}|pycode|python-exec|tool_code")
_OUTPUTS = {"output", "outputs", "stdout", "tool_output", "execution_output", "python_output", "python-output"}
_TEXTS = re.compile(r"text|txt|plain|plaintext|markdown|md|latex|tex|math|json|json5|jsonc|yaml|xml|html")
_LISTINGS = re.compile(
    r"bash|sh|shell|zsh|console|powershell|bat|cmd|c|c\+\+|cpp|csharp|cs|java|javascript|js|typescript|ts|go|rust|ruby|"
    r"perl|php|lua|r|julia|matlab|octave|scala|kotlin|swift|haskell|lean|lean4|isabelle|coq|sql|wolfram|mathematica|sage|"
    r"sagemath|maple|gp|pari|fortran|asm|basic|pycon|diff|makefile|dockerfile|toml|ini|css"
)
SHELLS = {"bash", "sh", "shell", "zsh", "console", "powershell", "bat", "cmd"}
"""Languages of listings that may have an output of their own."""
_CODE = re.compile(
    r"^[ \t]{0,40}(?:import \w|from [\w.]{1,60} import |def \w|class \w|print\(|for \w[^\n]{0,100}:[ \t]{0,20}$|"
    r"while [^\n]{1,100}:$)",
    re.M,
)


@dataclass(frozen=True)
class Block:
    """A fenced stretch of a text.

    Attributes:
        kind: `program`, `output`, `listing` (code of another language) or `text`.
        start, end: from its opening run, or the blanks before it, to behind its closing line.
        content, content_end: what stands between the fences.
        lead: what the opening line has before its run, and every line of the content may repeat.
        closed: whether a fence closes it.
        language: the first word behind the opening run, in small letters.
    """

    kind: str
    start: int
    end: int
    content: int
    content_end: int
    lead: str = ""
    closed: bool = True
    language: str = ""

    def read(self, text: str) -> str:
        """The content without the indentation of its list or quotation, with line ends of one kind."""
        content = text[self.content : self.content_end].replace("\r\n", "\n").removesuffix("\r")
        if not self.lead:
            return content
        return "\n".join(_without_lead(line, self.lead) for line in content.split("\n"))


@dataclass(frozen=True)
class _Mark:
    """A line with a run: where the run and the line stand, and what the run can do."""

    start: int
    end: int  # of the line, its end included
    run_end: int
    sign: str
    length: int
    lead: str
    language: str | None  # None: it cannot open a block
    rest: bool  # something stands behind the run
    at_start: bool  # of its line
    weak: bool = False  # ends a line that begins with something else

    @property
    def kind(self) -> str:
        return "none" if self.language is None else kind_of(self.language)

    @property
    def breaks(self) -> bool:
        """Whether it opens a block of a language that is known, whatever is open before it."""
        return bool(self.language) and (self.kind != "text" or _TEXTS.fullmatch(self.language) is not None)


def kind_of(language: str) -> str:
    """What a block of a language is: `program`, `output`, `listing` or `text`."""
    if _PYTHON.fullmatch(language):
        return "program"
    if language in _OUTPUTS:
        return "output"
    return "listing" if _LISTINGS.fullmatch(language) else "text"


def blocks(text: str, stops: re.Pattern | None = None) -> list[Block]:
    """The blocks of a text in order; they do not overlap.

    Args:
        stops: what ends a block that was left open, such as the end of the thinking around it.
    """
    found, marks, number = [], list(_marks(text)), 0
    closings = _Closings(marks)
    while number < len(marks):
        mark = marks[number]
        if mark.language is None:
            number += 1
            continue
        if (closing := closings.of(number)) is not None:
            close = marks[closing]
            found.append(_block(text, mark, close.start, close.run_end if close.rest else close.end, True))
            number = closing + 1
            continue
        number += 1
        if mark.kind != "text":
            while number < len(marks) and not marks[number].breaks:
                number += 1
            found.append(_left_open(text, mark, marks[number] if number < len(marks) else None, stops))
    return _named(text, found)


def _left_open(text: str, mark: _Mark, following: _Mark | None, stops: re.Pattern | None) -> Block:
    """A block that no fence closes: up to the next one. The output of a program closes it all the same."""
    end = following.start if following else len(text)
    stop = stops.search(text, mark.end, end) if stops else None
    answered = stop is None and following is not None and mark.kind == "program" and following.kind == "output"
    end = stop.start() if stop else end
    return _block(text, mark, end, end, answered)


class _Closings:
    """Where blocks end, asked in the order of their openings. What a long search found out is not searched for again."""

    def __init__(self, marks: list[_Mark]):
        self._marks = marks
        self._open_until: dict[tuple[str, int], tuple[int, bool]] = {}
        """By sign and length of a run: up to which mark no line of its own closes such a run, and whether the end of any line does."""

    def of(self, number: int) -> int | None:
        """Number of the mark that closes the one of `number`; None where another block opens before, or nothing closes it."""
        opening = self._marks[number]
        until, weakly = self._open_until.get((opening.sign, opening.length), (0, False))
        if number < until:
            ends = (later for later in range(number + 1, until) if self._marks[later].weak and self._fits(later, opening))
            weak = next(ends, None) if weakly else None
        else:
            strong, weak, until = self._searched(number, opening)
            if strong is not None:
                return strong
        self._open_until[opening.sign, opening.length] = until, weak is not None
        return weak

    def _searched(self, number: int, opening: _Mark) -> tuple[int | None, int | None, int]:
        """The line that closes a block, the first line whose end does, and up to where was searched."""
        weak = None
        for later in range(number + 1, len(self._marks)):
            mark = self._marks[later]
            if not self._fits(later, opening):
                continue
            if mark.breaks and mark.at_start:
                return None, weak, later
            if mark.at_start and _can_close(mark, opening):
                return later, weak, later
            if mark.weak and weak is None:
                weak = later
        return None, weak, len(self._marks)

    def _fits(self, later: int, opening: _Mark) -> bool:
        return self._marks[later].sign == opening.sign and self._marks[later].length >= opening.length


def _can_close(mark: _Mark, opening: _Mark) -> bool:
    return mark.language is None if opening.sign == "<" else not mark.lead.strip(" \t>")


def _block(text: str, mark: _Mark, content_end: int, end: int, closed: bool) -> Block:
    content_end = max(content_end, mark.end)
    if content_end > mark.end and text[content_end - 1] == "\n":
        content_end -= 1
    lead = " " * len(mark.lead) if mark.lead.strip(" \t>") else mark.lead
    return Block(mark.kind, mark.start, max(end, mark.end), mark.end, content_end, lead, closed, mark.language or "")


def _named(text: str, found: list[Block]) -> list[Block]:
    """The blocks with those without language told apart: a program if an output follows, a listing if it looks like code."""
    for number, block in enumerate(found):
        if block.language:
            continue
        following = found[number + 1] if number + 1 < len(found) else None
        if following and following.kind == "output" and not text[block.end : following.start].strip():
            found[number] = replace(block, kind="program")
        elif _CODE.search(text, block.content, min(block.content_end, block.content + 20_000)):
            found[number] = replace(block, kind="listing")
    return found


def _marks(text: str) -> Iterator[_Mark]:
    """The lines of a text that hold a run, each by what its first, or else its last run can do."""
    position = 0
    while hit := _RUN.search(text, position):
        start = text.rfind("\n", position, hit.start()) + 1 or position
        stop = text.find("\n", hit.start())
        end, stop = (stop + 1, stop) if stop >= 0 else (len(text), len(text))
        line = text[start:stop].rstrip("\r")
        yield from _mark(line, start, end)
        position = end


def _mark(line: str, start: int, end: int) -> Iterator[_Mark]:
    if tag := _TAG.match(line):
        language = None if tag[2] else "output" if tag[3] else "python"
        yield _Mark(start, end, end, "<", 2 if tag[3] else 1, tag[1], language, False, True)
    elif match := _LINE_START.match(line):
        run, info = match[2], line[match.end() :]
        opens = run[0] == "~" or "`" not in info
        language = _language(info) if opens else None
        yield _Mark(start, end, start + match.end(), run[0], len(run), match[1], language, bool(info.strip()), True)
    elif (at := max(line.rfind("```"), line.rfind("~~~"))) >= 0:
        sign, tail = line[at], line[at + 3 :].strip()
        length = 3 + at - len(line[:at].rstrip(sign))
        begin = start + at + 3 - length
        language = _language(tail)
        if not tail:
            yield _Mark(begin, end, start + at + 3, sign, length, "", None, False, False, True)
        elif _WORD.fullmatch(tail) and kind_of(language) in ("program", "output"):
            yield _Mark(begin, end, start + at + 3, sign, length, "", language, True, False)


def _language(info: str) -> str:
    match = _WORD.match(info)
    return match[1].lower().rstrip(".") if match else ""


def _without_lead(line: str, lead: str) -> str:
    if line.startswith(lead):
        return line[len(lead) :]
    blank = len(line) - len(line.lstrip(" \t"))
    return line[min(blank, len(lead)) :]
