"""Where a response ends and the model only runs on: at a mark of the end of a turn, or where it asks itself the next question.

A mark or a header ends a response only if something was answered before it: a response may begin with the question once more, and a
question may be about such marks.
"""

import re
from collections.abc import Iterator

from mathcode.responses.parse import END_MARKS

_END = re.compile(END_MARKS)
_GOES_ON = re.compile(r"[ \t]{1,3}[a-z]|[ \t]?[,;:)'\"`’”]")
_DRESS = r"[ \t]{0,8}(?:[*_#>]{1,6}[ \t]{0,4}){0,3}"
_HEADER = re.compile(
    rf"{_DRESS}(?:"
    r"(?P<turn>(?:user|human|student|assistant|system|instruction|input|response|用户|助手|人类)"
    r"[ \t]{0,4}(?:\d{1,3}[ \t]{0,2})?[*_]{0,3}[ \t]?[:：]"
    r"|#{2,6}[ \t]{0,4}(?:instruction|input|response|user|human|assistant)s?\b)"
    r"|(?P<question>(?:next |new |another |follow-?up |bonus |similar )?(?:question|problem|exercise|"
    r"task|example|query|puzzle)[ \t]{0,4}(?:#[ \t]?)?(?P<number>\d{1,3}|[IVX]{1,4}\b)?[*_]{0,3}[ \t]?(?:[:：.)]|"
    r"$)"
    r"|(?:now|ok(?:ay)?|next)?,?[ \t]?(?:here(?:['’]s| is) (?:another|a new|the next|a similar)|"
    r"let(?:['’]s| us) (?:solve|try|do|work (?:on|through)) "
    r"(?:another|a new|the next|a similar|one more)) (?:math )?(?:question|problem|exercise)\b[*_]{0,3}[ \t]?[:：.]?"
    r"|q[ \t]?\d{0,3}[*_]{0,3}[ \t]?[:：.](?![a-z])"
    r"|(?:新|另一?[个道]?|下一?[个道]?)?(?:问题|题目|例题?|习题|练习|(?<=[下另]一)[题道]|第[ \t]?[\d一二三四五六七八九十]{1,3}[ \t]?题|问)"
    r"[ \t]{0,2}[\d一二三四五六七八九十]{0,3}[*_]{0,3}[ \t]?[:：.、])"
    r")",
    re.IGNORECASE | re.MULTILINE,
)
_ASKED = 400
"""Characters behind a header that are compared with the question."""


def end_of_answer(text: str, prose: list[tuple[int, int]], answered: list[int], question: str = "") -> int:
    """Where the run-on of a response begins; the length of the text where there is none.

    Args:
        prose: the stretches of prose outside thinking.
        answered: where statements of an answer, and outputs of programs, end, in order.
        question: text of the question.
    """
    first = min(answered, default=len(text) + 1)
    word = re.search(r"\w", text)
    opening = word.start() if word else len(text)
    for start, end in prose:
        for match in sorted([*_END.finditer(text, start, end), *_headers(text, start, end)], key=re.Match.start):
            before = match.start()
            if before <= opening or (before < first and _own_turn(text, match)):
                continue
            if match.re is _END:
                if _ends(text, match, before >= first, question):
                    return before
            elif _begins_turn(text, match, before >= first, question):
                return before
    return len(text)


def _own_turn(text: str, match: re.Match) -> bool:
    """Whether a mark or header leads from the question, repeated at the start, to the response itself."""
    opened = text[: match.start()].lstrip()[:400] if match.start() < 4000 else ""
    if match.re is _END:
        return match.group() == "[/INST]" and opened.startswith("[INST]") and opened.count("INST]") == 1
    turns = list(_headers(opened, 0, len(opened)))
    return bool(match["turn"]) and len(turns) == 1 and turns[0].start() == 0


def _headers(text: str, start: int, end: int) -> Iterator[re.Match]:
    """The headers at the beginnings of lines."""
    position = start
    while 0 <= position < end:
        if match := _HEADER.match(text, position, end):
            yield match
        position = text.find("\n", position, end) + 1 or end


def _ends(text: str, match: re.Match, answered: bool, question: str) -> bool:
    """Whether a mark stands for the end, and is not spoken of."""
    after = text[match.end() : match.end() + 40]
    alone = not after.strip() or after[0] in "\r\n" or _END.match(after.lstrip()) is not None
    if match.group() in question:
        return alone and answered
    return alone or (answered and not _GOES_ON.match(after)) or not _GOES_ON.match(after)


def _begins_turn(text: str, match: re.Match, answered: bool, question: str) -> bool:
    """Whether a header opens another question: after an answer, or with another text than the question's after some reasoning."""
    before = text[max(0, match.start() - 400) : match.start()]
    if not answered and not re.search(r"\d|\w{3}", before):
        return False
    if match["turn"]:
        return answered or bool(re.search(r"\d", before))
    asked = _plain(text[match.end() : match.end() + _ASKED].lstrip().partition("\n")[0])
    own = _plain(question)
    repeated = bool(own) and len(asked) > 3 and (asked.startswith(own[:40]) or asked[:60] in own)
    if answered:
        return True
    return not repeated and bool(own) and bool(asked) and bool(re.search(r"\d[^\n?]{0,80}\s*(?:---+|\*\*\*+)?\s*\Z", before))


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).lower()
