"""The value that a statement states: the beginning of what follows "the answer is", up to where a remark begins.

A value is a number with its unit, an expression, a list of such, a choice, or a few words. Nothing is computed and nothing is judged
here: the text is cut. Only a window of a few hundred characters is looked at.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from mathcode.responses.amounts import COMPARED, reckoned, with_unit
from mathcode.responses.boxes import boxes, innermost, is_blank
from mathcode.responses.expressions import (
    MACRO_TEXT,
    MACRO_WORDS,
    NUMBER,
    REJECTED,
    REMAINDER,
    TIME,
    TIMES,
    TYPE,
    expression,
)
from mathcode.responses.signs import APART, BELOW, SPELLED

WINDOW = 600
"""Characters behind a lead that are looked at."""

_FILLER = re.compile(
    r"(?:therefore|thus|hence|so|then|clearly|simply|obviously|indeed|just|exactly|precisely|approximately|about|around|roughly|nearly|"
    r"equal to|equals|given by|found to be|actually|really|now|also|still|definitely|certainly|finally|only|in fact|of course|"
    r"a total of|the (?:number|value|fraction|integer|expression|quantity|interval|sum|set|letter)(?! of\b)|"
    r"(?:the )?(?:ordered )?(?:point|pair|triple|tuple|vector|line|(?:line )?segment|equation|inequality|function|ratio|list)"
    r"(?=\s+(?:[$\\({\[<\d-]|[a-zA-Z]\s?[=<>≤≥(]|[A-Z]{2}(?![A-Za-z])))|"
    r"that is|as follows|"
    r"等于|应该是|应该为|应为|就是|约为|约等于|大约是?|(?:是|为)(?!\W*(?:$|\n)))(?![A-Za-z])\s*[,:：，]?\s*",
    re.IGNORECASE,
)
_OPTION = re.compile(
    rf"(?:(?:the\s+)?(?:option|choice|letter|statement)|选项?|项)\s*(?=(?:[\W_]{{0,4}}|{TYPE})[A-J](?![A-Za-z]))", re.IGNORECASE
)
_CHOICE = re.compile(
    rf"{TYPE}([A-J])\s*[)}}\]）]{{0,3}}(?=[.,;:)、。，；：*$_\s]|"
    r"$|[^\x00-\x7f]|\\|<|\")(?!\s*[-+=<>^/*]\s*\S)(?!\s?(?!and\s{1,3}\(?[A-J]\b)[a-z])"
)
_NEXT_CHOICE = re.compile(r"[)\]）\s*$]{0,4}(?:[,，、和&]|,?\s*(?:and|or)\b)[\s*$]{0,3}[(（]?([A-J])[)）]?(?!\w)")
_JOINED_CHOICE = re.compile(r"(?=[A-H]{2,6}(?![A-Za-z]))A?B?C?D?E?F?G?H?(?=[.,;:。．，；：*$\s]|$)(?!\s+[a-z])")
"""Letters of several choices, in order: 故选：AC."""
_CHOICE_REASON = re.compile(r"\(?([A-J])\)?(?=\s+(?:because|since|as|which|is (?:correct|right))\b)")
_NOT_BUT = re.compile(r"(?:not|n't)\s+[^\n]{1,80}?,?\s+but\s+(?:rather\s+|instead\s+)?|不是[^\n]{1,40}?而是")
_NOT = re.compile(r"(?:not|no longer|n't|never|neither|不是|并非|不可能)(?![A-Za-z])", re.IGNORECASE)
MATH = re.compile(r"\$\$(.{1,400}?)\$\$|\$((?:[^$\n\\]|\\[^\n]){1,300}?)\$(?!\d)|\\\((.{1,400}?)\\\)|\\\[(.{1,400}?)\\\]", re.DOTALL)
_PROSE_WORDS = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,}\s+[A-Za-z]{2,}")
_SEPARATOR = re.compile(r"\s*(?:,\s*(?:and|or)\b|[,;，；、]|\b(?:and|or)\b|[和且]|或者?|以及)\s*(?:(?:maybe|perhaps|possibly)\s+)?")
INEQUALITY = re.compile(r"[<>≤≥≠‹›]|\\(?:lt|gt|leq?(?:slant)?|geq?(?:slant)?|neq?|textless|textgreater)(?![A-Za-z])")
_AND_FRACTION = re.compile(r"(\d{1,6}) and (\d{1,3})/(\d{1,3})(?= [A-Za-z]{2})")
DATE = re.compile(
    r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,6}\.? \d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?(?!\d)|"
    r"\d{1,2}(?:st|nd|rd|th)? (?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,6}(?: \d{4})?(?!\d)"
)
_TIME = re.compile(TIME)
_SENTENCE_END = re.compile(r"[.!?](?=[\s*_\"'”’)\]}<]|$)|[。！？；]|\n|</?[a-z]")
_REMARK = re.compile(
    r"\s*(?:[,，;；]|\s[—–-]{1,3}\s|(?<!\\)\((?=[^()]{0,200}[A-Za-z一-鿿]{2})|（|\b(?:because|since|as|so|"
    r"which|where|when|while|if|but|meaning|after|for|i\.e|not)\b|因为|所以|即)"
)
_NO_WORDS = re.compile(
    r"(?:right|correct|wrong|incorrect|invalid|true that|independent|unique|clear|obvious|obtained|found|"
    r"given|in the form|of the form|as|when|if|how|what|which|why|"
    r"where|the same|unknown|unclear|not|to|by|from|in|on|at|for|with|because|since|derived|based|computed|calculated|written|expressed|"
    r"always|consistent|reasonable|valid|boxed|below|above|here|there|this|that|it|we|i|you|let|correctly|supposed|going|probably|likely|"
    r"正确|错误|错的|对的|不(?!够|能|会|可以|行|相等)|什么|多少|怎|如)(?![A-Za-z])",
    re.IGNORECASE,
)
_OPEN_BOX = re.compile(r"[\s$({\[*]{0,6}\\(?:boxed|fbox)\s?\{(?=\s?\S)")
BULLET = re.compile(r"\A-\s+")
_EDGE = " \t\r*_`\"'“”‘’\u200b\u200c\u200d\u200e\u200f\u2060\ufeff" + "".join(map(chr, [*range(9), *range(14, 32), 127]))


@dataclass(frozen=True)
class Value:
    """What a statement states: its text; whether it is a number, an expression, a list or a choice (`clear`) or words; and its length.

    `length` counts the characters of the window up to the end of the value.
    """

    text: str
    clear: bool
    length: int = 0


def stated(window: str, question: str = "") -> Value | None:
    """The value at the beginning of what follows a statement's lead; None where it states none.

    Args:
        window: the text behind the lead; only WINDOW characters are read.
        question: text of the question, which may ask for a left side such as m + n.
    """
    window = window[:WINDOW]
    rest = _unquoted(window, _opened(window))
    for _ in range(4):
        if skipped := _NOT_BUT.match(rest):
            rest = _opened(rest[skipped.end() :])
        elif filler := _FILLER.match(rest):
            rest = _opened(rest[filler.end() :])
        else:
            break
    if not rest or _NOT.match(rest) or _empty_box(rest):
        return None
    found = _choice(rest) or _value(rest, question) or _words(rest)
    if found is None or is_blank(found.text):
        return None
    return Value(found.text, found.clear, len(window) - len(rest) + found.length)


def cut(content: str, question: str = "") -> str:
    """The value of a box or of an answer's tags: its text, or of a sentence or an equation within the value."""
    content = innermost(content.strip()).strip()
    if (words := re.fullmatch(r"\\(?:text|mathrm|mbox|textbf)\s*\{([^{}]*\d[^{}]*)\}", content)) and re.match(
        r"\s*[-−]?[$€£¥￥]?[\d.]", words[1]
    ):
        content = words[1].strip()
    plain = re.sub(r"\\text\s*\{([^{}]*)\}", r"\1", content)
    lead = re.match(
        r"\W{0,4}(?:[Tt]he\s+)?(?:(?:[Ff]inal|[Cc]orrect)\s+)?(?:[Aa]nswers?|ANSWER|[Rr]esult)\b[^:=\n]{0,40}?(?:\bis\b|"
        r"\bare\b|[:=])|最?终?答案(?:是|为|[:：])",
        plain,
    )
    if lead and (value := stated(plain[lead.end() :], question)):
        return value.text
    if len(content) <= WINDOW and content.count("=") >= 1 and "\\begin" not in content:
        return settled(content, question)
    return content


def settled(text: str, question: str = "") -> str:
    """The result of an equation: what stands behind the last sign of equality of arithmetic or of what the question asks for."""
    flat = _flat(text)
    signs = [match.start() for match in _EQUALS.finditer(flat)]
    if not signs or "," in re.sub(r"\d,\d{3}", "", flat):
        return text
    between = flat[signs[0] : signs[-1]]
    if "\\begin" in flat or any(not _REPEATED_SIGN.match(flat, signs[0] + match.end()) for match in _NEXT_EQUATION.finditer(between)):
        return text
    sides = [text[start + 1 : end] for start, end in pairwise([-1, *signs, len(text)])]
    sides = [re.sub(r"\A[ &]*(?:\$(?!\s?\d)[ &]*)?|[ $&]*\Z", "", side) for side in sides]
    names = [re.fullmatch(r"\\?[A-Za-z]+(?:_\{?\w+\}?)?'?(?:\([A-Za-z]\))?", side) for side in sides[:-1]]
    last = sides[-1] if "{" in sides[-1] else sides[-1].rstrip("} $")
    if not last or all(names) or not re.search(r"\d|\\pi|π", last):
        return text
    if len(sides) > 2:
        return text if re.search(r"[<>≤≥]|\\[lg]eq?", text) else last
    letters = re.search(r"(?<![\\A-Za-z])[A-Za-z]", MACRO_TEXT.sub("", TIMES.sub("*", sides[0])))
    asked = _bare(sides[0])
    return last if not letters or (len(asked) >= 3 and asked in _bare(question)) else text


def _flat(text: str) -> str:
    """A text as long as this one, with blanks for what stands in brackets, but for the words of text macros."""
    opened, kept = 0, list(MACRO_WORDS.sub(lambda match: " " * (match.start(1) - match.start()) + match[1] + " ", text))
    for place, sign in enumerate(kept):
        opened = max(0, opened - 1) if sign in ")]}" else opened
        if opened:
            kept[place] = " "
        opened += sign in "([{"
    return "".join(kept)


_EQUALS = re.compile(r"(?<![<>!=:\\])=(?!=)")
_NEXT_EQUATION = re.compile(r"[;；，、\n或和且]|\\(?:\\|q?quad|lor|land|vee|wedge)|\b(?:and|or)\b")
"""What stands between two equations: `x=2 \\text{ or } x=3`, `x_1=1，x_2=2`."""
_REPEATED_SIGN = re.compile(r"\s*&?\s*=")
"""A line of a chain of equations, which has no left side of its own."""


def is_formula(content: str) -> bool:
    """Whether what stands between two dollar signs is a formula, not a stretch of prose between two amounts of money."""
    if content != content.strip(" ") and re.search(r"[A-Za-z]{3}", content) and not re.search(r"\\|\^|=", content):
        return False
    if re.search(r"(?<!\^)[-+*/=×÷]\s*\Z", content):
        return False
    return not _PROSE_WORDS.search(MACRO_TEXT.sub("", content))


def formulas(text: str) -> Iterator[tuple[int, int]]:
    """Where the formulas of a text stand that hold a digit, their signs of TeX included."""
    for found in MATH.finditer(text):
        content = next(group for group in found.groups() if group is not None)
        if re.search(r"\d", content) and is_formula(content):
            yield found.span()


def _opened(text: str) -> str:
    """What follows, from its first word: marks of emphasis, blank lines, fences and a bullet skipped."""
    for _ in range(8):
        bare = text.lstrip(_EDGE + ":：\n>#" if text[:4] != "####" else "# ")
        text = BULLET.sub("", bare) if "\n" in text[: len(text) - len(bare)] else bare
        if text.startswith(("```", "~~~")):
            text = text.partition("\n")[2]
            continue
        break
    return text


def _unquoted(window: str, rest: str) -> str:
    """What follows without the quoting sign that closes one before it, and without a box that the text leaves open."""
    quote = window[len(window) - len(rest) - 1 :][:1] if len(rest) < len(window) else ""
    if quote and quote in "\"'" and (close := re.match(rf"[^{quote}\n]{{1,80}}({quote})(?!\w)", rest)):
        rest = rest[: close.start(1)] + " " + rest[close.end(1) :]
    opened = _OPEN_BOX.match(rest)
    return rest[opened.end() :] if opened and len(window) < WINDOW and not boxes(rest) else rest


def _empty_box(rest: str) -> bool:
    box = next(iter(boxes(rest)), None)
    return box is not None and is_blank(box.content) and not rest[: box.start].strip(_EDGE + "$({[")


def _choice(rest: str) -> Value | None:
    """The letter of a choice, with its text where that is a value."""
    option = _OPTION.match(rest)
    start = option.end() if option else 0
    bare = rest[start:].lstrip(_EDGE + "$")
    skipped = len(rest) - len(bare)
    if joined := _JOINED_CHOICE.match(bare):
        return Value(joined.group(), True, skipped + joined.end())
    match = _CHOICE.match(bare) or _CHOICE_REASON.match(bare)
    if not match:
        return None
    if bare[match.end() : match.end() + 2].startswith(" ") and re.match(
        r"\s+(?!because|since|as|which|is\b|and\b|or\b)[a-z]", bare[match.end() :]
    ):
        return None
    letters = [match[1]]
    end = match.end()
    for _ in range(6):
        more = _NEXT_CHOICE.match(bare, end)
        if not more:
            break
        letters, end = [*letters, more[1]], more.end()
    return Value(", ".join(letters), True, skipped + end)


def _value(rest: str, question: str) -> Value | None:
    """A box, formulas, numbers and expressions in plain text, one or several."""
    items: list[tuple[str, str]] = []
    position = end = 0
    between = ""
    for _ in range(60):
        item = _item(rest, position, question)
        if item is None or (end and not _ends(rest, item[1])):
            break
        end = item[1]
        if rejected := REJECTED.match(rest, end):
            end = rejected.end()
        else:
            items.append((between, item[0]))
        separator = _SEPARATOR.match(rest, end)
        if not separator or separator.end() == end:
            break
        between, position = separator.group().strip(), separator.end()
    return Value(_joined(items), True, end) if items else None


def _joined(items: list[tuple[str, str]]) -> str:
    """Values with what stands before each as one list; inequalities keep their "or" and "and": a union, or what holds at once."""
    related = any(INEQUALITY.search(text) for _, text in items)
    joined = items[0][1]
    for between, text in items[1:]:
        word = between.strip(",，;； ").lower() if related else ""
        joined += f" {_WORDS_BETWEEN[word]} {text}" if word in _WORDS_BETWEEN else f", {text}"
    return joined


_WORDS_BETWEEN = {"or": "or", "或": "or", "或者": "or", "and": "and", "且": "and", "和": "and", "以及": "and"}


def bounds(text: str) -> bool:
    """Whether a text is an inequality; one whose sides end in arithmetic, as of x <= 9 - 4 = 5, is none."""
    return INEQUALITY.search(_EQUALS.split(text)[-1]) is not None


def _ends(rest: str, end: int) -> bool:
    """Whether an item of a list ends there: at a sign, a further item or a unit, not in a remark."""
    return not re.match(r"\s+(?!and\b|or\b)[A-Za-z]+\s+[A-Za-z]", rest[end:])


def _item(rest: str, start: int, question: str) -> tuple[str, int] | None:
    """One value at a place, with its unit, and where it ends."""
    box = next((box for box in boxes(rest, start) if not rest[start : box.start].strip(_EDGE + "$({[\\")), None)
    if box:
        return (cut(box.content, question), box.end + len(re.match(r"[$*)\]}]*", rest[box.end :]).group())) if box.content else None
    lead = re.match(r"[\s*_`\"'“‘]*", rest[start:]).end()
    start += lead
    if sign := SPELLED.match(rest, start) or APART.match(rest, start):
        item = _item(rest, sign.end(), question)
        return (f"-{item[0]}", item[1]) if item and "=" not in rest[start : item[1]] else None
    if (formula := MATH.match(rest, start)) and is_formula(content := next(group for group in formula.groups() if group is not None)):
        money = re.match(rf"\$\s?{NUMBER}(?=[\s.,])", rest[start:])
        if not (money and re.search(r"\s$|^\d[\d,.]*\s+(?:[a-z]{2}|a\s)", content) and "\\" not in content):
            text = settled(content.strip().strip(".,").strip(), question)
            return with_unit(text, rest, formula.end())
    if date := DATE.match(rest, start) or _TIME.match(rest, start):
        return date.group(), date.end()
    if (mixed := _AND_FRACTION.match(rest, start)) and int(mixed[2]) < int(mixed[3]):
        amount = with_unit(f"{mixed[1]} {mixed[2]}/{mixed[3]}", rest, mixed.end())
        if amount[1] > mixed.end():
            return amount
    end = expression(rest, start)
    if end == start:
        return None
    text = rest[start:end].strip().rstrip("*_`").rstrip(",.:;").strip()
    if (
        text.startswith((r"\boxed", r"\fbox", r"\begin{align", r"\begin{equation", r"\begin{gather"))
        or not re.search(r"[\d\\πA-Za-z∞√∅¼½¾⅐-⅞]", text)
        or (re.fullmatch(r"[A-Za-z]", text) and re.match(r"\s+[A-Za-z]{2}", rest[end:]))
    ):
        return None
    if COMPARED.match(rest, end):
        return None
    if re.fullmatch(r"\d{1,9}", text) and (remainder := REMAINDER.match(rest, end)):
        return rest[start : remainder.end()].strip(), remainder.end()
    amount = with_unit(settled(text, question), rest, end)
    if (below := BELOW.match(rest, amount[1])) and text[0].isdigit():
        return f"-{amount[0]}", below.end()
    if side := reckoned(rest, start, amount[1]) if re.search(r"\d", text) else None:
        return rest[side[0] : side[1]].strip(), side[1]
    return amount


def _words(rest: str) -> Value | None:
    """A few words, up to the end of the clause."""
    stop = _SENTENCE_END.search(rest)
    clause = rest[: stop.start()] if stop else rest
    remark = next((one for one in _REMARK.finditer(clause, 1) if _is_closed(clause[: one.start()])), None)
    clause = (clause[: remark.start()] if remark else clause).strip(_EDGE + ":.,")
    if (
        not clause
        or clause.startswith(("\\begin", "\\end"))
        or len(clause) > 60
        or len(clause.split()) > 5
        or _NO_WORDS.match(clause)
        or not re.search(r"\w", clause)
    ):
        return None
    return Value(clause, False, len(clause))


def _is_closed(text: str) -> bool:
    """Whether all brackets of a text are closed."""
    return sum(map(text.count, "([{（")) <= sum(map(text.count, ")]}）"))


def _bare(text: str) -> str:
    return re.sub(r"[\s$*{}\\]", "", text)
