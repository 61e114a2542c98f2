"""A response, or its last line, that is nothing but an answer: a value, a choice, a verdict or a word, without a sentence that says so."""

import re

from mathcode.responses import values
from mathcode.responses.expressions import LAYOUT, TYPE

_VERDICTS = re.compile(r"yes|no|true|false", re.IGNORECASE)
_THEREFORE = re.compile(
    r"\A[\s*_]{0,6}(?:(?:so|therefore|thus|hence|then|answer)\b[,:]?\s*|所以|因此|故|选择?(?=\W{0,3}[A-J]))[,，:：]?\s*", re.IGNORECASE
)
_ONLY_LETTER = re.compile(
    rf"(?:[\W_]{{0,4}}(?:(?:[Oo]ption|[Cc]hoice|[Aa]nswer)\s|选项))?(?:[\W_]{{0,4}}|{TYPE})([A-J])[\W_]{{0,6}}(?:(?:is|was)\s(?:the\s)?"
    r"(?:correct|right|best|final)?\s?(?:answer|choice|option|one)?|(?:选项|项)?(?:是)?(?:正确|对的|正确答案|答案))?[\W_]{0,6}"
)
_WITH_TEXT = re.compile(r"[(（*_\s]{0,4}([A-J])[*_\]]{0,4}\s?[.)）、．][*_]{0,2}\s?\S")
_NEXT_OPTION = re.compile(r"(?<![A-Za-z])[B-J]\s?[.)）、．]")
_ASSIGNED = re.compile(r"\s*\\?[A-Za-z]+(?:_\{?\w+\}?)?(?:\([A-Za-z]\))?\s*=")
_NUMBER_WORD = (
    r"(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]{3,5}teen|[a-z]{3,5}ty|hundred|thousand|million|half|"
    r"halves|thirds?|quarters?|fourths?|fifths?|tenths?)"
)
_ANSWER_WORDS = re.compile(rf"[A-Z][a-z]{{2,14}}|(?i:(?:minus )?{_NUMBER_WORD}(?:(?: and | a |[ -]){_NUMBER_WORD}){{0,9}})|[一-鿿]{{1,4}}")
_INTERJECTION = re.compile(
    r"well|hmm*|okay|sure|sorry|hello|thanks|please|none|nothing|unknown|done|maybe|perhaps|yep|nope|error|omitted|nil|"
    r"[一-鿿]{0,4}(?:不知|不清|抱歉|对不起|你好|谢谢|无法|好的|逐一|验证|如图|[无略得法题解答看见])[一-鿿]{0,5}",
    re.IGNORECASE,
)

_EQUATIONS_END = re.compile(
    r"(?:\\\\|\s){0,9}\\end\s?\{(?:align|aligned|alignat|eqnarray|equation|gather|gathered|multline|split)\*?\}[\s$.\]\\]{0,9}\Z"
)
_ALIGNED = re.compile(r"(?:[ ~=]|\\q?quad(?![A-Za-z])){0,20}")
"""Between the sign that sets rows below each other and the right side of one."""


def last_line(text: str) -> str:
    """The last line of a text; where equations end it that are set in rows, the right side of the last row."""
    end = _EQUATIONS_END.search(text, max(0, len(text) - 50))
    line = text[: end.start() if end else len(text)].rsplit("\n", 1)[-1]
    return _ALIGNED.sub("", line.rpartition("&")[2], count=1) if end else line


def stated(line: str, question: str, whole: bool) -> values.Value | None:
    """What a line states that is nothing but an answer: a value, a choice, a verdict, or, as a whole response, a word.

    Args:
        line: the last one of a response.
        question: text of the question.
        whole: whether the response is no more than this line.
    """
    line = values.BULLET.sub("", line.strip())
    if not line or len(line) > 120:
        return None
    dressed = re.fullmatch(r"\\(?:text|textbf|mathrm|mathbf)\s?\{([^{}]*)\}[.\s]*", line)
    said = _THEREFORE.sub("", dressed[1] if dressed else line)
    if letter := _ONLY_LETTER.fullmatch(said):
        return values.Value(letter[1], True, len(line))
    value = values.stated(said, question)
    if value and value.clear and _only(said, value):
        right = value.text.rpartition("=")[2].strip()
        named = (
            "," in value.text
            or values.bounds(value.text)
            or (re.search(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", re.sub(r"\d[eE][-+]?\d", "", right)) and _ASSIGNED.match(value.text))
        )
        return value if named or not right or right.count("{") != right.count("}") else values.Value(right, True, value.length)
    if whole and (option := _WITH_TEXT.match(said)) and not _NEXT_OPTION.search(said, option.end()):
        return values.Value(option[1], True, len(line))
    words = said.strip(" \t*_.。!！`\"'")
    if _VERDICTS.fullmatch(words) or (whole and _ANSWER_WORDS.fullmatch(words) and not _INTERJECTION.fullmatch(words)):
        return values.Value(words, False, len(line))
    return None


def _only(line: str, value: values.Value) -> bool:
    """Whether a line is no more than a value: a number, an expression, choices, or a list that is none of steps of arithmetic."""
    if len(value.text) > 80 or re.search(r"[^\s.。!！*_$)\]\"'`]", line[value.length :]):
        return False
    if (
        LAYOUT.fullmatch(value.text)
        or not re.search(r"[\d\\π½¼¾⅐-⅞]|\A[A-J]+(?:, [A-J])*\Z", value.text)
        or re.search(r"[A-Za-z]{2,} [A-Za-z]+ [A-Za-z]{2,} [A-Za-z]", value.text)
    ):
        return False
    return "," not in value.text or "=" not in line or line.count("=") == sum(map(bool, map(_ASSIGNED.match, value.text.split(", "))))
