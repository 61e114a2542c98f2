"""Where prose states an answer, where it takes one back, and where it only concludes: marks with their places, in English and Chinese.

A statement commits: a box, "the answer is", ####, answer tags, a key `answer` of JSON, "option B is correct". A conclusion ("so it is
7") counts where nothing commits, or after something was taken back. A retraction has a strength: see `mathcode.responses.retractions`.
"""

import re
from collections.abc import Iterator

from mathcode.responses import values
from mathcode.responses.boxes import boxes, is_blank
from mathcode.responses.conclusions import DOUBTED, HYPOTHETICAL, OTHERS, SENTENCE, Mark, asks, in_sentence, outer, sentence_start
from mathcode.responses.expressions import NUMBER, TYPE
from mathcode.responses.retractions import RETRACTION, RETRACTION_HINTS, STRENGTHS
from mathcode.responses.signs import before_box

_A_LETTER = rf"(?:[\W_]{{0,4}}|{TYPE})[A-J](?![A-Za-z'’])"

_LEADS = re.compile(
    r"(?P<tag><\s?answer\s?>)"
    r"|(?P<hash>^[ \t*]{0,8}####(?!#)[ \t]{0,8}(?=\S))"
    r"|(?P<json>[\"'](?:final_?\s?)?answer[\"']\s{0,8}:\s{0,8})"
    r"|(?P<heading>^[ \t#*_]{0,12}(?:the\s)?(?:final\s)?answer[ \t*_:：]{0,8}$)"
    r"|(?P<answer>\banswers?\b(?!\s+(?:key|choices?|options?)\b)[^\n:：=.?!]{0,60}?(?:\b(?:is|are|"
    r"would be|should be|must be|will be|has to be|comes? (?:out )?(?:to|as)|becomes|equals?)\b|"
    r"[:：=]))"
    r"|(?P<of>\banswer\s(?:of\s|(?:→|->|=>|⇒|[-–])\s)(?=[-−]?\$?\d))"
    rf"|(?P<ahead>(?<![\w./^,*+×÷−-])(?<![*+×÷−/-]\s)(?P<amount>[-−]?\$?{NUMBER}\s?%?)\s(?:is|as)\s"
    r"(?:the|our|my)\s(?:final\s|correct\s)?answer\b(?!\s(?:to|for|if|key|choice)))"
    r"|(?P<bracket>\[answer\]\s{0,4})"
    r"|(?P<foreign>\b(?:antwort|respuesta|resposta|réponse|ответ)\s?[:：]\s?|\b(?:die antwort (?:ist|lautet)|la respuesta (?:final )?es|"
    r"la réponse (?:finale )?est|jibu ni)\s(?:[:：]\s)?|答えは|คำตอบคือ\s?|উত্তর হল\s?)"
    r"|(?P<short>^[ \t*_>]{0,8}ans(?:\.|wer)?\s{0,4}[:=.]\s{0,4})"
    r"|(?P<final>\b(?:final|correct) (?:result|value|total|output|count|number|choice|option|solution)\b[^\n:：=.?!]{0,40}?(?:\b(?:is|"
    r"are|equals?)\b|[:：=]))"
    r"|(?P<correction>\b(?:correction|corrected|edit|update)\s{0,3}[:：]|更正[:：为]?)"
    r"|(?P<chosen>\b(?:choose|select|pick|go with)\s+(?=[\W_]{0,4}(?:(?:option|choice|answer|letter)\b)?"
    rf"{_A_LETTER}))"
    rf"|(?P<option>\b(?:option|choice|statement)\s+(?:[\W_]{{0,4}}|{TYPE})(?P<letter>[A-J])[\W_]{{0,4}}\s+is\s+(?:the\s+)?(?:correct|"
    r"right|answer|only|best))"
    r"|(?P<so>\b(?:so|therefore|thus|hence|consequently)[,:]?\s+(?:(?:the|it is|it's|correct|right)\s+){0,3}(?:option|choice)\s+"
    rf"(?={_A_LETTER}))"
    r"|(?P<must>\b(?:so|therefore|thus|hence|consequently)[,:]?\s+(?:it|this|that|the (?:correct |right )?letter)\s+"
    r"(?:must be|has to be|is)\s+"
    r"(?=[\W_]{0,4}(?-i:[A-HJ])[\W_]{0,4}(?:[.。\n]|\Z)))"
    r"|(?P<named>\b(?:matches|corresponds to|(?<!not )is|gives|leads to)\s+(?:the\s+)?(?:answer\s+)?(?:choice|option)\s+"
    rf"(?=(?-i:{_A_LETTER})[\W_]{{0,4}}(?:[.。,;\n]|\Z)))"
    rf"|(?P<closest>\b(?:closest|best|matching|right|correct)\s+(?:answer\s+)?(?:choice|option|letter)\s+is\s+(?=(?-i:{_A_LETTER})))"
    rf"|(?P<both>\b(?:options|choices)\s+(?=(?-i:{_A_LETTER}(?:,{_A_LETTER}){{0,4}},?\s+and{_A_LETTER})\s+are\s+(?:both\s+|all\s+)?(?:correct|right|true)\b))"
    r"|(?P<right>(?<!angle )(?<![A-Za-z])\(?(?P<upper>[A-J])\)?\s+is\s+(?:the\s+)?(?:correct|right|best)(?!\s+(?:that|angle|triangle|to)))"
    r"|(?P<mend>(?<=[\d})%$])[,;—]\s{0,3}(?:(?:no|rather|or rather|I mean|sorry)[,:]|I mean|make (?:that|it))"
    r"\s{1,3}(?:wait[,.]?\s)?(?=[-−$€£\\]{0,2}\d))"
    r"|(?P<correct>(?P<character>[A-J])\s{0,2}(?:选项|项)?\s{0,2}是?(?:正确|对的|符合(?:题意|要求|条件)))"
    r"|(?P<circled>正确的?(?:命题|结论|说法|序号)?[是为][:：]?\s?(?P<signs>[①-⑳](?:[、，,和]?[①-⑳]){0,9})(?=\s{0,4}(?:[.。．\n]|\Z)))"
    r"|(?P<chinese>(?:答案|正确的?选项)(?:应该是|应当是|应该为|应是|应为|就是|应?选择?(?:选?项)?|[是为]|[:：]|等于)[:：]?|【\s?答案\s?】|"
    rf"答案(?=不是[^\n。]{{1,30}}而是)|答案(?={TYPE}[A-J][)）}}$*]{{0,4}}\s{{0,4}}(?:[.,，;；。．!！]|$)))"
    r"|(?P<reply>(?:^|(?<=[\n。\s*]))答\s?[:：,，])"
    rf"|(?P<pick>(?<![错误未不可])(?<!不[能会应该])(?:应|故|所以|因此|正确)?选择?(?:选项)?[:：]?(?={TYPE}(?:[A-J](?![A-Za-z])|[A-H]{{2,6}}(?![A-Za-z]))))",
    re.IGNORECASE | re.MULTILINE,
)
"""What stands before a stated answer."""

_CONFIRMATION = re.compile(
    r"\b(?:yes|yep|indeed|correct|that(?:'s| is) right|is right|checks out|confirmed|confirms|"
    r"matches|consistent|still holds|as before|same (?:answer|result))\b|没错|正确|是对的",
    re.IGNORECASE,
)
_CHECKED = re.compile(
    r"(?:\b(?:double-?|re-?|cross-?)?(?:check|verif|confirm|test|validat|prov(?:e|ing))[a-z]{0,5}\s+(?:(?:that|if|whether)\s+)?"
    r"(?:(?:the|our|my|this|that|your|its|final|above|obtained|found|correct|previous)\s+){0,3}|(?:验算|检验|验证|检查|核对)[^。\n]{0,6})\Z",
    re.IGNORECASE,
)
"""What stands before an answer that is only checked: let us verify our answer: ..."""
_CHECK = re.compile(r"\A\W*answers?\W{1,3}(?:check|verification)|\bby (?:check|verify|confirm|test|substitut|plug)\w*", re.IGNORECASE)
"""What a lead holds that tells how the answer is checked, not what it is."""
_CLAUSE_ENDS = re.compile(
    r"[\s*_$\"'”’`)\]}]*(?:\Z|\n|[.!?,;:]|[。，；：！？（(<]|\b(?:because|since|so|which|where|if|but|meaning|i\.e|not|when|while)\b|因为|所以|即)"
)
_WORD_BEHIND = re.compile(r"[\s*_$\"'”’`)\]}]*[A-Za-z\d一-鿿]")
_REASON = re.compile(
    r"[\s*_$\"'”’`)\]}]*(?:\Z|[.。!！;；\n]|[,，—–-]?\s*(?:\(|（|\b(?:because|since|that is|i\.e)\b|因为|由于|即)|"
    r",\s?wh(?:o|ose|ich|ere)\b[^=\n.]{0,200}(?:\Z|[.\n]))",
    re.IGNORECASE,
)
"""Behind words that are an answer by themselves: nothing, or what explains them."""
_OPTION_WITH_TEXT = re.compile(r"[A-J](?:[)）].?|.[)）.．、:：])", re.DOTALL)
"""The letter of a choice, the sign before what stands behind it, and the sign that divides it from its text: C) 12."""
_VERDICT = re.compile(r"(?:yes|no|true|false)|(?!.*[后时前共总])[一-鿿]{1,3}", re.IGNORECASE)
_SAID = re.compile(
    r"(?!.*(?:\b(?:not?|never|none|or)\b|n't|[\\^=<>]|\n))(?=.*\d)(?:[A-Z][a-z]*\s+(?:[a-z]{2,}\s+){1,8}[$\d]|"
    r"(?!.*[不没无未非或,，、])[一-鿿]{1,12}[有是为剩需要得共了花用]{1,2}\d)"
)
"""A sentence in a box: She has 8 apples."""
_NEGATED = re.compile(r"(?:\bnot|n't|n’t|\brather than|\binstead of|不是|而不是)\s*\$?\s*\\?\Z", re.IGNORECASE)
_ANSWERING = re.compile(
    r"\b(?:answer|so|therefore|thus|hence|result|finally|choose|is)\b[^.!?\n]{0,40}\Z|"
    r"[:：=]\s*\$?\s*\Z|(?:所以|因此|答案|故)[^。\n]{0,20}\Z",
    re.IGNORECASE,
)
_LEAD_HINTS = re.compile(
    "make |so[ ,:]|therefore|thus|hence|consequently|right| best|no,|rather|i mean|sorry|正确|对的|"
    "answer|####|antwort|respuesta|resposta|réponse|ответ|jibu|答え|คำตอบ|উত্তর|ans|final |correct|edit|update|"
    "choose|select|pick|go with|option|choice|statement|closest|matching|答|更正|选|符合"
)
"""Beginnings of what the long patterns need: found quickly, since no pattern ignores case here."""


def marks(text: str, start: int, end: int, question: str = "", quoted: frozenset[str] = frozenset()) -> list[Mark]:
    """The marks of a stretch of prose, in order of their beginnings.

    Args:
        text: of the whole response.
        start, end: the stretch.
        question: text of the question.
        quoted: contents of the question's own boxes.
    """
    boxed = list(_boxes(text, start, end, question, quoted))
    found = boxed + list(_statements(text, start, end, question))
    for match in outer(_near(RETRACTION, RETRACTION_HINTS, text, start, end, 90)):
        found.append(Mark("retraction", match.start(), match.end(), strength=STRENGTHS[match.lastgroup]))
    return sorted(found, key=lambda mark: (mark.start, mark.end))


def _near(pattern: re.Pattern, hints: re.Pattern, text: str, start: int, end: int, before: int) -> Iterator[re.Match]:
    """The matches of a pattern in a stretch, looked for only around what they cannot do without."""
    lowered = text[start:end].lower()
    if len(lowered) != end - start:
        yield from pattern.finditer(text, start, end)
        return
    position = start
    for hint in hints.finditer(lowered):
        at = start + hint.start()
        if at < position:
            continue
        line = text.find("\n", at, min(end, at + 300))
        if match := pattern.search(text, max(position, at - before), line + 1 if line >= 0 else min(end, at + 300)):
            yield match
            position = max(match.end(), position + 1)


def confirms(text: str, start: int, end: int) -> bool:
    """Whether a stretch says that what stands before it is right."""
    return _CONFIRMATION.search(text, start, end) is not None


def _boxes(text: str, start: int, end: int, question: str, quoted: frozenset[str]) -> Iterator[Mark]:
    for box in outer(boxes(text, start, end)):
        value = _cut(box.content, question)
        if is_blank(box.content) or is_blank(value):
            continue
        before = text[sentence_start(text, start, box.start) : box.start]
        value = before_box(before, value)
        alone = not before.strip("$ \t") and re.match(r"\$?[.\s]{0,5}(?:\n|\Z)", text[box.end : box.end + 8])
        if _NEGATED.search(before) or (box.content in quoted and not alone and not _ANSWERING.search(before)):
            continue
        yield Mark("supposed" if OTHERS.search(before) else "box", box.start, box.end, value)


def _statements(text: str, start: int, end: int, question: str) -> Iterator[Mark]:
    for match in outer(_near(_LEADS, _LEAD_HINTS, text, start, end, 30)):
        kind = _OUTER.get(match.lastgroup, match.lastgroup)
        before = text[sentence_start(text, start, match.start()) : match.start()]
        if kind in ("answer", "final", "chinese") and (_checks(before, match.group()) or _ACTS.match(match.group())):
            continue
        window = text[match.end() : min(end, match.end() + values.WINDOW)]
        value = _stated(kind, match, window, question)
        if value is None:
            continue
        if kind in ("answer", "final", "chinese", "ahead", "of") and asks(text, match.end() + value.length, end):
            continue
        certain = "statement" if value.clear and not (kind == "answer" and _QUALIFIED.match(match.group())) else "words"
        if kind in ("answer", "final", "chinese") and DOUBTED.search(before):
            continue
        supposed = _supposed(kind, before, match.group())
        yield Mark("supposed" if supposed else certain, match.start(), match.end() + value.length, value.text)


def _supposed(kind: str, before: str, lead: str) -> bool:
    """Whether a statement stands behind "if", "perhaps" and the like, or is one of others."""
    if kind == "pick":
        return _IF.search(before) is not None
    return (
        kind in ("answer", "final", "chinese", "ahead", "of") and (HYPOTHETICAL.search(before) or OTHERS.search(before + lead)) is not None
    )


_IF = re.compile(r"(?:如果|假设|假如|若|要是|倘若)[^。，,\n]{0,6}\Z")
_ACTS = re.compile(
    r"answers?\s+(?:(?:also|then|now|just|only|still|here|above|itself)\s+){0,2}"
    r"(?:(?!(?:this|thus|as|always|perhaps|its|is|equals|becomes|comes|has to be)\b)[a-z]{2,}s"
    r"|satisfy|assume|use|depend|have|(?:can|could|may|might|will|would|should|must)\s+(?!be\b|therefore\b|then\b)[a-z]+)(?![a-z'’])",
    re.IGNORECASE,
)
"""A lead whose answer does something before anything is said to be it: the answer assumes that there are 30 days."""
_QUALIFIED = re.compile(
    r"answers?\s+(?:(?:for|to)\s+(?!(?:this|the|our|your|that|my)\s+(?:\w+\s)?(?:question|problem|exercise|task)\b)|"
    r"(?:if|when|without|assuming|in (?:that|this|the other) case)\b)",
    re.IGNORECASE,
)
"""A lead that speaks of the answer to something else or under some condition."""


def _checks(before: str, lead: str) -> bool:
    """Whether a lead is that of a check: what follows the colon or the sign of equality is no answer."""
    return _CHECK.search(lead) is not None or (lead[-1] in ":：=" and _CHECKED.search(before) is not None)


_LETTERS = {"option": "letter", "right": "upper", "correct": "character", "circled": "signs"}
_OUTER = {inner: outer_ for outer_, inner in _LETTERS.items()} | {"amount": "ahead"}
"""Groups of leads that hold the letter of a choice."""


def _stated(kind: str, match: re.Match, window: str, question: str) -> values.Value | None:
    """What a lead of a kind states."""
    if kind in _LETTERS:
        letter = match[_LETTERS[kind]]
        return values.Value(letter, True) if letter.isupper() or not letter.isascii() else None
    if kind == "ahead":
        return values.Value(match["amount"], True)
    if kind == "json":
        return _of_json(window)
    if kind == "tag":
        close = re.search(r"<\s?/\s?answer\s?>", window)
        inside = re.split(r"<\s?answer\s?>", window[: close.start()] if close else window, flags=re.IGNORECASE)[-1]
        return _of_tag(inside, question)
    value = values.stated(window, question)
    if kind in ("foreign", "of", "bracket"):
        return value if value and value.clear else None
    if kind in ("reply", "heading") or (kind in ("answer", "short", "chinese") and match.group()[-1] in ":："):
        return _in_line(value, window, question)
    if kind == "chinese" and value and not value.clear and re.search(r"\d", value.text):
        return in_sentence(window, question)
    return value


def _in_line(value: values.Value | None, window: str, question: str) -> values.Value | None:
    """What an answer line states that may be a sentence: the value that it begins with if its clause ends there, else the sentence's.

    Words count only where their sentence holds no number, or goes on with a reason.
    """
    if value and (value.clear or not re.search(r"\d", value.text)):
        if _OPTION_WITH_TEXT.fullmatch(value.text + window[max(0, value.length - 1) : value.length + 1]):
            return value
        alone = _CLAUSE_ENDS.match(window, value.length) if value.clear else _REASON.match(window, value.length)
        if alone or _VERDICT.fullmatch(value.text):
            return value
    opened = window.lstrip(" \t\r\n*_:：")
    stop = SENTENCE.search(opened)
    numeric = re.search(r"\d", opened[: stop.start()] if stop else opened)
    found = in_sentence(window, question) if numeric else None
    if value and value.clear:
        return found if found and _WORD_BEHIND.match(window, value.length) else value
    return found if numeric else value


def _of_tag(inside: str, question: str) -> values.Value | None:
    """What stands between answer tags: a value, or a sentence or an object that holds one."""
    if keyed := re.search(r"[\"'][\w ]{0,40}answer[\"']\s{0,8}:\s{0,8}", inside, re.IGNORECASE):
        value = _of_json(inside[keyed.end() :])
        return value and values.Value(value.text, True, len(inside))
    led = next((mark for mark in reversed([*_statements(inside, 0, len(inside), question)])), None) if len(inside) > 8 else None
    content = values.cut(inside, question)
    value = values.stated(inside, question)
    if led is not None:
        content = led.value
    elif value and value.clear and not re.search(r"\w", inside[value.length :]):
        content = value.text
    elif "\\" not in content and (found := in_sentence(inside.strip().split("\n")[-1], question)):
        content = found.text
    return values.Value(content, True, len(inside)) if content else None


def _cut(content: str, question: str) -> str:
    """The value of a box, also where it holds a sentence of four words or more."""
    value = values.cut(content, question)
    words = re.fullmatch(r"\\(?:text|mathrm|mbox|textbf)\s*\{([^{}]*\d[^{}]*)\}[.\s]*", value)
    said = words[1] if words else value
    if words and re.fullmatch(r"\s*[A-Za-z]\s?=[^=]{1,40}", said):
        return said.strip()
    if (words and len(said.split()) > 3) or _SAID.match(said):
        found = in_sentence(said, question)
        return found.text if found else value
    return value


def _of_json(window: str) -> values.Value | None:
    """The value of a JSON key: a string, a number, or a list of such."""
    match = re.match(r"\"((?:[^\"\\\n]|\\.){0,300})\"|'((?:[^'\\\n]|\\.){0,300})'|(\[[^\[\]\n]{0,300}\]|[^\s,{}\[\]\"']{1,100})", window)
    if not match:
        return None
    text = next(group for group in match.groups() if group is not None)
    if match[3] is None:
        text = text.replace("\\\\", "\\").replace('\\"', '"')
    return values.Value(values.cut(text), True, match.end()) if text.strip() and text != "null" else None
