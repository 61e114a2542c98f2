"""Which of the things a response says is its answer, and whether a program decided it.

Three sets of rules, chosen by `grading.extraction`:

    autocode      what the last attempt committed to last: a box, a sentence "the answer is ...", an answer line, and the like, outside
                  of thinking, programs and outputs; what was taken back does not count, nor what follows the end of the answer. Where
                  nothing was committed to: what its last sentence concludes, what a program printed last, the last number.
                  The same for every benchmark
    deepseek_math, qwen2.5_math: the orders of two published harnesses, see `mathcode.grading.harness_orders`
"""

import re
from dataclasses import dataclass, replace
from typing import get_args

from mathcode import settings
from mathcode.grading import equality
from mathcode.grading.harness_orders import as_deepseek_math, as_qwen
from mathcode.responses import alone, conclusions, mentions, reading, statements, values
from mathcode.responses.conclusions import Mark
from mathcode.responses.form import PLAIN, Form
from mathcode.responses.reading import Attempt

RULES = get_args(settings.Extraction)


@dataclass(frozen=True)
class Answers:
    """Answers of one response: the one that counts, and all that were stated (the strict one among them)."""

    strict: str | None
    candidates: tuple[str, ...]


@dataclass(frozen=True)
class _Choice:
    """An answer and whether a program printed it; `answer` is None where there is none."""

    answer: str | None
    printed: bool = False


def extract(response: str, rules: str = "autocode", dataset: str = "", question: str = "", gold: str = "", form: Form = PLAIN) -> Answers:
    """The answers of a response; `strict` is None when there is nothing to extract.

    Args:
        response: its whole text, with the outputs of its programs.
        rules: one of RULES.
        dataset: name of the query's dataset; read by the rules `deepseek_math` only.
        question: text of the query; `autocode` leaves the boxes out that quote it.
        gold: its reference answer; read by the rules `deepseek_math` only.
        form: what separates attempts; of several, only the last counts.
    """
    read = form.read(response, question)
    if rules == "deepseek_math":
        strict = as_deepseek_math(response, dataset, question, gold)
    elif rules == "qwen2.5_math":
        strict = as_qwen(response)
    else:
        strict = _choose(read.attempts[-1]).answer
    boxed = [mark.value for attempt in read.attempts for mark in attempt.marks if mark.kind == "box"]
    return Answers(strict, tuple(dict.fromkeys([*boxed, strict] if strict is not None else boxed)))


def released(response: str, question: str = "", form: Form = PLAIN) -> tuple[str, ...]:
    """What AutoCode's released program counts, right if any of it is: all boxes, and what the first program printed."""
    read = form.read(response, question)
    boxed = [mark.value for attempt in read.attempts for mark in attempt.marks if mark.kind == "box"]
    first = next((output.text for attempt in read.attempts for output in attempt.outputs), "")
    line = reading.printed(first)
    return tuple(dict.fromkeys([*boxed, _in_output(line)] if line is not None else boxed))


def code_decides(response: str, answer: str | None, question: str = "", form: Form = PLAIN) -> bool:
    """Whether the graded answer is what a program printed: it comes from the last output of the last attempt, or repeats it."""
    last = form.read(response, question).attempts[-1]
    line = _printed(last)
    if answer is None or line is None:
        return False
    chosen = _choose(last)
    return (chosen.printed and chosen.answer == answer) or _same(answer, _in_output(line, question))


def _choose(attempt: Attempt) -> _Choice:
    """The answer of an attempt: its last commitment that stands, else what it concludes, prints or mentions last."""
    committed = _commitment(attempt)
    if isinstance(committed, str):
        return _Choice(committed)
    return _uncommitted(attempt, committed)


def _commitment(attempt: Attempt) -> str | int:
    """The last commitment that was not taken back, or the place behind which the attempt is free of any."""
    start = 0
    standing: Mark | None = None
    taken: Mark | None = None
    for mark in attempt.marks:
        if mark.kind in ("box", "statement"):
            standing, taken = _with_box_before(attempt, standing, mark), None
        elif mark.kind == "words":
            if standing is None or standing.kind == "words" or (taken is not None and taken.strength > 1):
                standing, taken = mark, None
        elif mark.kind == "retraction" and standing is not None and mark.start >= standing.end:
            if (right := _put_right(attempt, mark)) is not None:
                standing, taken = right, None
                continue
            strength = mark.strength if mark.strength < 3 or _is_meant(attempt, standing, mark) else 1
            if strength == 3 and _is_close(attempt, standing, mark):
                standing, taken, start = None, None, mark.end
            elif taken is None or strength > taken.strength:
                taken = replace(mark if taken is None else taken, strength=strength)
    if standing is None:
        return start
    if taken is not None and (instead := _instead(attempt, taken)) is not None:
        return instead
    return standing.value


_BETWEEN_BOXES = re.compile(
    r"\s*[(（]?\s*(?P<word>[,，、和或]|或者|以及|,?\s?(?:and|or)(?![A-Za-z]))\s*(?P<name>\\?[A-Za-z](?:_\{?\w{1,3}\}?)?\s?=)?\s*"
)
_NAME = re.compile(r"(?<![A-Za-z\\])(\\?[A-Za-z](?:_\{?\w{1,3}\}?)?\s?=)[\s$]*\Z")
_DRESS = re.compile(r"[$*]|\\[()\[\],;: ]|\\q?quad(?![A-Za-z])")


def _with_box_before(attempt: Attempt, standing: Mark | None, mark: Mark) -> Mark:
    """A commitment; a box with the one before it where "or" stands between them, or both have a name: x = 3 and y = 4."""
    if standing is None or standing.kind != "box" or mark.kind != "box" or mark.start - standing.end > 60 or standing.value == mark.value:
        return mark
    plain = re.sub(r"\\text\s?\{([^{}]*)\}", r"\1", _DRESS.sub(" ", attempt.text[standing.end : mark.start]))
    between = _BETWEEN_BOXES.fullmatch(plain)
    alternative = between is not None and re.search(r"or|或", between["word"]) is not None
    name = _NAME.search(attempt.text, max(0, standing.start - 20), standing.start)
    named = between is not None and between["name"] and (name or "=" in standing.value)
    if not named and (not alternative or between["name"]):
        return mark
    first = f"{name[1]} {standing.value}" if named and name else standing.value
    second = f"{between['name']} {mark.value}" if named else mark.value
    return replace(mark, start=standing.start, value=f"{first} or {second}" if alternative else f"{first}, {second}")


_DOUBTS = re.compile(r"\W*(?:wait|hold on|hm+|not quite|等等|等一下|且慢)", re.IGNORECASE)
"""A retraction behind which a number is not yet the right one."""
_RIGHT = re.compile(
    r"[\s,:.，—–-]{0,4}(?:no\b[,:]?\s{0,2})?(?:(?:it(?:'s|’s| is| should be| must be)|(?:it )?should be|rather|I mean|make (?:it|that))\s)?"
    r"(?:应该?[是为]|是)?",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[\s*_$]*(?:\Z|\n|[.!。！)）](?!\d))")


def _put_right(attempt: Attempt, mark: Mark) -> Mark | None:
    """The value that stands alone right behind a retraction, as a statement: Actually no, 5."""
    if _DOUBTS.match(attempt.text[mark.start : mark.end]):
        return None
    stop = next((last for first, last in attempt.prose if first <= mark.start < last), mark.end)
    window = attempt.text[mark.end : min(stop, mark.end + 200)]
    opened = _RIGHT.match(window).end()
    value = values.stated(window[opened:], attempt.question)
    end = opened + (value.length if value else 0)
    if value is None or not value.clear or "=" in window[opened:end] or not _ENDS.match(window, end):
        return None
    return Mark("statement", mark.start, mark.end + end, value.text)


_POINTS = re.compile(r"\W*(?:that|this|it|which|wrong|incorrect|not |这(?!里)|那|此|错|答案|结果|计算|应?舍)", re.IGNORECASE)
"""A retraction that says what it takes back by a pronoun alone, or not at all."""
_INTERJECTIONS = re.compile(
    r"\b(?:wait|no|oh|hm+|but|and|so|actually|however|hold on|ok(?:ay)?|well|sorry|oops)\b|"
    r"等等|等一下|不对?|哦|但是?|然而|可是?|显然|所以|因此|"
    r"\b(?:let me|let's|let’s|let us|i(?:'ll|’ll| will| should| need to)) (?:just )?(?:quickly )?"
    r"(?:double-?|re-?|cross-?)?\s?(?:check|verify|see|think|look|consider)[^.!?\n]{0,60}[.!?:\n]|让?我们?(?:再|来)?(?:检查|验证|验算|看)[^。\n]{0,20}[。：\n]",
    re.IGNORECASE,
)
"""What may stand between a commitment and the pronoun that means it."""


def _is_meant(attempt: Attempt, standing: Mark, mark: Mark) -> bool:
    """Whether a retraction that only points ("that is wrong") can mean the commitment: nothing else was spoken of since."""
    if not _POINTS.match(attempt.text[mark.start : mark.end]):
        return True
    between = _REST.sub("", attempt.text[standing.end : min(mark.start, standing.end + 2000)])
    return not re.search(r"[^\W\d_]", _INTERJECTIONS.sub("", between))


_REST = re.compile(r"\A[\s$]{0,3}[a-z]{2,20}(?: [a-z]{2,20}){0,2}(?=[.!])|\A[\s$]{0,3}[一-鿿]{1,3}(?=[。！])")
"""What follows a commitment in its own sentence and counts it: $\\boxed{12}$ marbles."""


def _is_close(attempt: Attempt, standing: Mark, mark: Mark) -> bool:
    """Whether a retraction speaks of a commitment: nothing with a number of its own stands between them."""
    between = attempt.text[standing.end : mark.start]
    return (len(between) <= 2000 and not re.search(r"\d", between[:2000])) or (
        mark.strength == 3 and re.match(r"\W*(?:\\|my|the|I)", attempt.text[mark.start : mark.end]) is not None
    )


def _instead(attempt: Attempt, taken: Mark) -> str | None:
    """What an attempt concludes after it took something back; None where it finds it right after all."""
    concluded = [mark for mark in attempt.conclusions(taken.start) if mark.cued or taken.strength > 1]
    if concluded:
        return None if taken.strength == 1 and _confirmed(attempt, taken) else concluded[-1].value
    if taken.strength == 1:
        return None
    return next((value for start, end in reversed(attempt.stretches(taken.end)) if (value := _last(attempt, start, end))), None)


def _confirmed(attempt: Attempt, taken: Mark) -> bool:
    return any(statements.confirms(attempt.text, start, last) for start, last in attempt.stretches(taken.end))


def _uncommitted(attempt: Attempt, start: int) -> _Choice:
    """What an attempt says that commits to nothing behind a place."""
    line = _printed(attempt) if attempt.outputs and attempt.outputs[-1].end > start else None
    said = max([start, *(output.end for output in attempt.outputs[-1:])])
    if (only := _alone(attempt, said)) is not None:
        return _Choice(only)
    stretches = attempt.stretches(said)
    if line is None and stretches and conclusions.doubted(attempt.text, *stretches[-1]):
        return _Choice(None)
    concluded = [mark for mark in attempt.conclusions(said) if mark.cued]
    if concluded and (line is not None or _is_last(attempt, concluded[-1])):
        return _Choice(concluded[-1].value)
    if line is not None:
        return _Choice(_in_output(line, attempt.question), True)
    number = next((value for first, last in reversed(stretches) if (value := _last(attempt, first, last))), None)
    return _Choice(number or next((mark.value for mark in reversed(attempt.marks) if mark.kind == "supposed" and mark.end > start), None))


def _alone(attempt: Attempt, said: int) -> str | None:
    """What the last line behind a place states, if it is nothing but an answer."""
    prose = [attempt.text[start:end].strip() for start, end in attempt.stretches(said)]
    last = next((one for one in reversed(prose) if one), "")
    whole = "\n" not in last and sum(map(bool, prose)) == 1 and not attempt.outputs and said == 0
    found = alone.stated(alone.last_line(last), attempt.question, whole)
    return found and found.text


def _is_last(attempt: Attempt, mark: Mark) -> bool:
    """Whether no sentence with a number follows the one of a conclusion."""
    rest = attempt.text[mark.end : attempt.prose[-1][1]]
    stop = re.search(r"[.!?](?=\s|$)|[。！？]|\n", rest)
    return stop is None or not re.search(r"\d", rest[stop.end() :])


def _last(attempt: Attempt, start: int, end: int) -> str | None:
    """The result of its last arithmetic, else what its last sentence is about, else its last number."""
    if equated := conclusions.equated(attempt.text, start, end, attempt.question):
        return equated
    place = conclusions.subject(attempt.text, start, end)
    return mentions.last_value(attempt.text[start:end], attempt.question, None if place is None else place - start)


def _printed(attempt: Attempt) -> str | None:
    """The last line of the last output of an attempt, if it tells a value."""
    return reading.printed(attempt.outputs[-1].text) if attempt.outputs else None


_LABEL = re.compile(r"[A-Za-z一-鿿][^:：=\n\d(\[{]{0,80}(?:\([^()\n]{0,40}\)\s{0,4})?[:：=]\s*(?=[-−+$(\[]?\s?[\d.$(\[\\-])(?!\d\d\b)")


_ANOTHER = re.compile(r"[,;，；]\s*[A-Za-z一-鿿][^,;:：=\n]{0,40}[:：=]")
"""A second label: what stands behind the first is no answer alone."""
_NUMBERED = re.compile(r"(?!ratio)[A-Za-z]{2,12}\s\d{1,3}[:：]\s+(?=[-−$]?\d[\d.,/]*(?:\s?[A-Za-z%]{1,20})?\Z)", re.IGNORECASE)
"""A label with a number of its own: Day 3: 45."""
_PROSE = re.compile(r"[^\n\d:：=]{0,30}[一-鿿]|(?!.*(?:\b(?:not?|never|none)\b|n't))[A-Z][a-z]*\s+(?:[a-z]{2,}\s+|\d+\s+[a-z]+,?\s+)+")
"""How a sentence begins that denies nothing."""
_DENIES = re.compile(r"[不没无未非]")


def _in_output(line: str, question: str = "") -> str:
    """The value in a line that a program printed: behind a label or in a sentence, else the line."""
    found = [mark for mark in statements.marks(line, 0, len(line), question) if mark.kind in ("box", "statement")]
    if found:
        return found[-1].value
    label = _LABEL.match(line) or _NUMBERED.match(line)
    if label and not _ANOTHER.search(line, label.end()):
        return line[label.end() :].strip()
    sentence = conclusions.in_sentence(line, question) if not label and _PROSE.match(line) and not _DENIES.search(line) else None
    return sentence.text if sentence else line


def _same(answer: str, printed: str) -> bool:
    """Whether an answer repeats what was printed, by the exact judge's equality as far as that decides at once."""
    return equality.equal(printed, answer) is True
