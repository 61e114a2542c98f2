"""What prose only concludes, without saying that it is the answer: "so it is 7", "= 7", and the one amount of a sentence."""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, pairwise

from mathcode.responses import mentions, values
from mathcode.responses.expressions import CURRENCY, IN_GROUPS, NUMBER, QUOTIENT, RATIO, TIME
from mathcode.responses.signs import SAYING, SIGN

_CONCLUSIONS = re.compile(
    r"(?:\b(?:is|are|was|were|be|equals?|gives?|makes?|becomes?|get|gets|obtain|have|leaves|yields?|"
    r"costs?|needs?|paid|pays?|took|takes|earns?|totals?|so|thus|hence|therefore|leaving|making)\b,?|(?<![<>!=])=(?!=)|"
    r"(?<!\d)(?<!\d )[:：]|(?<=\d)[:：](?!\d)|得到?|等于|[是为共])"
    r"[ \t*_]{0,6}(?:\btherefore\b|\bthen\b|\bexactly\b|\bonly\b|\ba total of\b|\bnow\b)?"
    r"[ \t*_]{0,4}(?=(?:[-−+±(\[√∛∜]|负|零下|minus |negative )?[$€£¥￥\\]{0,2}[$\d.\\*(\[]|"
    rf"(?:{SAYING}[-−][ ][$€£¥￥\\]{{0,2}}[\d.]))",
    re.IGNORECASE,
)
_PURPOSE = re.compile(r"\Ato (?:make|get|give|have|obtain|need|take|earn|pay)\b", re.IGNORECASE)
"""What a number is needed for: tablespoons to make 80 meatballs."""
_CUES = re.compile(
    r"\b(?:so|thus|therefore|hence|finally|altogether|in total|in all|overall|total|result|sum|"
    r"solution|value|in conclusion|consequently|it|that|this|should be|must be)\b|"
    r"所以|因此|故|总|共|结果",
    re.IGNORECASE,
)

_ASIDE_OF_A_RESULT = re.compile(
    r"(?:[,，(（]\s*(?:which|where|whose|that|i\.e\.?|since|because|as|即|其中)\b[^,.]{0,60}|"
    r"\b(?:at|when|where|if|for|with)\s[$\\(\s]{0,4}[A-Za-z]\w{0,3}\s?)\Z"
)
"""What goes on about the result of its own sentence: is 30, which is 20 % of 150; is 3, attained at x = 2."""
HYPOTHETICAL = re.compile(
    r"\b(?:if|suppose|supposing|assume|assuming|whether|unless|(?<!second )thought|(?<!\bi )think|guess(?:ed)?|imagine|"
    r"maybe|perhaps|say that|would mean|might say|some say|tempted|like|such as|example|format|"
    r"write|state|"
    r"verify that|check that|ensure that|see if|put|replace|instead of)\b[^.!?\n]{0,60}\Z|"
    r"(?:如果|假设|假如|若|设|是否|难道)[^。，\n]{0,30}\Z",
    re.IGNORECASE,
)
OTHERS = re.compile(
    r"\b(?:(?:common|typical|frequent|usual|tempting|careless|popular)\s+(?:\w+\s+){0,2}(?:mistakes?|errors?|answers?|misconceptions?)"
    r"|\ban?\s(?:wrong|incorrect|naive|mistaken)\s(?:answer|result)|(?:mistake|error|misconception|trap)\s+(?:is|would be)"
    r"|(?:some|many|others|students)(?: people| students)?\s(?:\w+\s)?(?:might|may|would)\s(?:\w+\s)?"
    r"(?:say|think|answer|guess|conclude))\b"
    r"(?:(?!\b(?:but|however|correct|right|actual|actually|true)\b)[^.!?;\n]){0,80}\Z"
    r"|(?:常见的?错误|错误的?答案|误认为|误以为|有人(?:可能|会))(?:(?!但|而|正确)[^。；\n]){0,30}\Z",
    re.IGNORECASE,
)
"""Before what others answer wrongly: a common mistake is to answer 5."""
DOUBTED = re.compile(
    r"(?:\b(?:don't|don’t|do not|doesn't|does not|cannot|can't|can’t|can not|could not|couldn't|unable to|impossible to)\s(?:\w+\s)?"
    r"(?:think|believe|know|determine|tell|answer|say)\b|\bdoubt\b|\bunclear\b|\bnot (?:sure|certain|clear)\b|\bunsure\b"
    r"|\bcannot be (?:determined|known|answered)\b"
    r"|\bno (?:real )?solutions? exists?\b|无法(?:确定|判断|求|得出|回答|知道)|不能确定|不确定|不知道|无解)"
    r"(?:(?!\b(?:so|but|then|unless|until|if)\b)[^.!?\n,;:=，；。]){0,80}"
    r"(?:[,，]?\s?(?:since\b|because\b|as\b|因为|由于)[^.!?\n。]{0,120})?\Z",
    re.IGNORECASE,
)
"""Before a number in a sentence that doubts it, or that refuses to answer and says why."""
SENTENCE = re.compile(r"[.!?](?=[\s*_\"'”’)\]}<$]|$)|[。！？]|\n")


_ARITHMETIC = re.compile(r"(?:\A|[A-Za-z,:;]{2}|[,:;])[ $(]*\d[\d.,]*(?:[ ]?[-+*/×÷x–−%][ ]?[$(]?\d[\d.,]*[)%]?){1,20}[ ]*\Z")
_NUMBERS = re.compile(rf"(?<![A-Za-z0-9_.]){SIGN}?(?:{QUOTIENT}|{TIME}|{RATIO}|{IN_GROUPS}|(?:{CURRENCY}[ ]?)?{NUMBER})")
_CLAUSE = re.compile(r"[,;](?=\s)|[，；]")
_SUBORDINATE = re.compile(
    r"\s*(?:(?:so|therefore|thus|hence|and|then|but|now),?\s)?(?:(?:after|before|when|while|if|since|because|as|with|in|on|at|for|from|by|"
    r"during|given|which|of (?:which|whom|these|them)|who|whose|than|leaving)\b|"
    r"当|如果|若|因为|由于|比|[^\n]{1,60}(?:后|时|之前)[,，\s]*\Z)",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\b(?:for|in|after|before|from|with|than|by|at|every|each|per|on|within|between|over|"
    r"to (?!pay|spend|earn|save)[a-z]{1,20}|(?:end|start|beginning|course) of)"
    r"\s(?:(?:the|a|all|about|these|those|her|his|their|its|first|last|next|other)\s){0,2}\Z|\b(?:the|these|those|both|all|"
    r"day|week|step|part|case|question|problem|grade|chapter|round) \Z",
    re.IGNORECASE,
)
"""Before a number that is no more than a circumstance: boxes for 45 rooms."""
_ASIDE_BEHIND = re.compile(r"\s(?:[a-z]{1,20}\s){0,2}(?:later|ago|earlier|from now|more|less|fewer|times)\b")
MOST = 200
"""Of more boxes, leads or retractions in a stretch of prose only as many at its beginning and at its end are read."""


@dataclass(frozen=True)
class Mark:
    """A place where prose states, concludes or takes back.

    Attributes:
        kind: `box`, `statement`, `words` (a statement of a few words, no number, expression or choice), `supposed` (a statement behind
            "if", "perhaps" and the like), `conclusion` or `retraction`.
        start, end: where it stands in the text of the response.
        value: what is stated; "" of a retraction.
        strength: of a retraction, 1 to 3.
        cued: of a conclusion: its sentence says that it concludes.
    """

    kind: str
    start: int
    end: int
    value: str = ""
    strength: int = 0
    cued: bool = False


def conclusions(text: str, start: int, end: int, question: str = "") -> list[Mark]:
    """The conclusions of a stretch of prose: "is 7", "= 7", "Total: 7" at the end of a clause, in no question and no supposition."""
    found = []
    last = start
    for match in outer(_CONCLUSIONS.finditer(text, start, end)):
        if match.start() < last:
            continue
        began = sentence_start(text, start, match.start())
        before = text[began : match.start()]
        cue = _CUES.search(text, began, match.end()) is not None
        if (
            _PURPOSE.search(text[max(0, match.start() - 3) : match.end()])
            or (not cue and re.search(r"\bthere\s*\Z", before, re.IGNORECASE))
            or HYPOTHETICAL.search(before)
            or mentions.denied(text, max(began, match.start() - 24), match.end(), question)
            or (found and found[-1].start >= began and _ASIDE_OF_A_RESULT.search(text, began, match.start()))
        ):
            continue
        if match.group()[:2] == "be" and re.search(r"\bfor\b[^.,]{1,40}\bto\s\Z", before):
            continue
        if match.group()[0] == "=" and (whole := mentions.equation(text[:end], began, match.start(), question)):
            found.append(Mark("conclusion", match.start(), whole[1], whole[0], cued=cue))
            last = whole[1]
            continue
        window = text[match.end() : min(end, match.end() + values.WINDOW)]
        value = values.stated(window, question)
        if value and "," in value.text and re.match(r"(?:give|make|get|have|obtain|leave|need|took|take|pa)", match.group(), re.IGNORECASE):
            continue
        if value is None or not value.clear or not re.search(r"[\d\\π]", value.text + window[: value.length]):
            continue
        stop = match.end() + value.length
        if asks(text, stop, end) or re.match(r"\s*[-+*/×÷^=]\s*\d", text[stop : stop + 6]):
            continue
        found.append(Mark("conclusion", match.start(), stop, value.text, cued=cue))
        last = stop
    return found


def outer(items: Iterable) -> list:
    """The first and the last `MOST` of the items."""
    left = iter(items)
    return [*islice(left, MOST), *deque(left, maxlen=MOST)]


def in_sentence(window: str, question: str) -> values.Value | None:
    """The value of an answer line that is a sentence of its own: what it concludes, else the one amount that it is about."""
    opened = window.lstrip(" \t\r\n*_:：")
    offset = len(window) - len(opened)
    stop = SENTENCE.search(opened)
    sentence = opened[: stop.start()] if stop else opened
    concluded = conclusions(sentence, 0, len(sentence), question)
    if concluded:
        return values.Value(concluded[-1].value, True, offset + len(sentence))
    numbers = _numbers(sentence)
    if not numbers:
        return None
    if len(numbers) > 1:
        numbers = [one for one in numbers if not _given(sentence, one, question)] or numbers
    found = _amount(sentence, numbers[0], question)
    equal = [one for one in numbers if re.search(r"=\s*\Z", sentence[max(0, one[0] - 4) : one[0]])]
    if equal and len(numbers) > 1:
        return values.Value(_amount(sentence, equal[-1], question)[0], True, offset + len(sentence))
    if numbers[-1][1] > numbers[0][0] + found[1] or "," in found[0]:
        about = _about(sentence, numbers)
        if about is None:
            return None
        found = _amount(sentence, about, question)
        if "," in re.sub(r"\d,\d{3}", "", found[0]):
            return None
    return values.Value(found[0], True, offset + len(sentence))


def equated(text: str, start: int, end: int, question: str) -> str | None:
    """The result of arithmetic in the last sentence with a number, where further numbers follow: 8*3 = 24 dollars for 3 glasses."""
    last = max((match.start() for match in _NUMBERS.finditer(text, max(start, end - 400), end)), default=None)
    if last is None:
        return None
    began = sentence_start(text, start, last)
    sign = text.rfind("=", began, last)
    if sign < 0 or re.search(r"[\\^_]", text[began:end]) or not _ARITHMETIC.search(text[began:sign]):
        return None
    value = values.stated(text[sign + 1 : end], question)
    if (
        value is None
        or not value.clear
        or sign + 1 + value.length > last
        or re.search(r"[,;，；∵（]", text[sign + 1 + value.length : last])
    ):
        return None
    return value.text


def doubted(text: str, start: int, end: int) -> bool:
    """Whether the last sentence with a number doubts that number, or says that there is no answer."""
    last = max((match.start() for match in _NUMBERS.finditer(text, max(start, end - 400), end)), default=None)
    return last is not None and DOUBTED.search(text[sentence_start(text, start, last) : last]) is not None


def subject(text: str, start: int, end: int) -> int | None:
    """Where the one number of the last sentence that is no aside stands: 45 in "He is 45 miles from home after 4 hours.".

    None where the sentence has but one number, a formula, an equation, or several numbers that are no asides.
    """
    last = max((match.start() for match in _NUMBERS.finditer(text, max(start, end - 400), end)), default=None)
    if last is None:
        return None
    began = sentence_start(text, start, last)
    stop = SENTENCE.search(text, last, end)
    sentence = text[began : stop.start() if stop else end]
    if re.search(r"[=<>\\^一-鿿]", sentence) or len(sentence) > 300 or any(values.formulas(sentence)):
        return None
    numbers = _numbers(sentence)
    clauses = [0, *(match.end() for match in _CLAUSE.finditer(sentence)), len(sentence)]
    told = [
        place
        for first, past in pairwise(clauses)
        if not _SUBORDINATE.match(sentence[first:past])
        for place, close in numbers
        if first <= place < past and not _ASIDE.search(sentence[first:place]) and not _ASIDE_BEHIND.match(sentence, close)
    ]
    if len(told) != 1 or len(numbers) == 1 or _JOINED.search(sentence[: told[0]]):
        return None
    return began + told[0]


_JOINED = re.compile(r"\b(?:and|or|to)\s\Z")


def _numbers(sentence: str) -> list[tuple[int, int]]:
    """Where the numbers of a sentence stand; a formula is one."""
    whole = list(values.formulas(sentence))
    alone = [match.span() for match in _NUMBERS.finditer(sentence) if not any(start <= match.start() < end for start, end in whole)]
    return sorted(whole + alone)


def _amount(sentence: str, number: tuple[int, int], question: str) -> tuple[str, int]:
    """The number at a place with what belongs to it, and its length."""
    start, end = number
    value = values.stated(sentence[start:], question)
    return (value.text, value.length) if value and value.clear else (sentence[start:end], end - start)


def _given(sentence: str, number: tuple[int, int], question: str) -> bool:
    """Whether a number of a sentence stands in the question with the same unit or noun: it is no result."""
    counted = re.compile(r"\s?(?:[一-鿿]{1,2}|[A-Za-z]{2,20})").match(sentence, number[1])
    if counted is None or not question:
        return False
    said = re.escape(sentence[number[0] : number[1]]) + r"\s?" + re.escape(counted.group().strip())
    return re.search(rf"(?<![\d.]){said}", question, re.IGNORECASE) is not None


def _about(sentence: str, numbers: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The number that a sentence with several is about: the last of its first main clause, asides left out."""
    clauses = [0, *(match.end() for match in _CLAUSE.finditer(sentence)), len(sentence)]
    for start, end in pairwise(clauses):
        own = [one for one in numbers if start <= one[0] < end]
        if not own or _SUBORDINATE.match(sentence[start:end]):
            continue
        if re.search(r"[一-鿿]", sentence[start:end]):
            return own[-1]
        kept = [one for one in own if not _ASIDE.search(sentence[start : one[0]]) and not _ASIDE_BEHIND.match(sentence, one[1])]
        return kept[0] if len(kept) == 1 else None
    return None


def asks(text: str, start: int, end: int) -> bool:
    """Whether the sentence that goes on at a place is a question."""
    stop = SENTENCE.search(text, start, min(end, start + 200))
    return stop is not None and stop.group() in "?？"


def sentence_start(text: str, start: int, position: int) -> int:
    """Where the sentence begins that holds a place; at most 200 characters before it."""
    near = max(start, position - 200)
    found = near
    for match in SENTENCE.finditer(text, near, position):
        found = match.end()
    return found
