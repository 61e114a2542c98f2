"""What a response answers: extraction from its text, and whether a program decided it.

Three sets of rules, chosen by `grading.extraction`:

    autocode      the last box; else the last sentence "answer is ..."; else the last line a program printed; else the last
                  number of the last attempt. Only what the model itself stated counts: no box inside execution output or
                  inside the source text of a program. The same for every benchmark
    deepseek_math the order of the DeepSeek-Math harness on the whole text, outputs included: `final answer is $...$.
                  I hope`; all boxes; "he answer is"; the last output; the last number. Word problems take the last of these,
                  other benchmarks as many of the last distinct ones as the reference answer has items
    qwen2.5_math  the order of the Qwen2.5-Math harness: `final answer is $...$. I hope`; the last box; "he answer is";
                  "final answer is"; "答案是"; the last number. None of our benchmarks has its rule for multiple choice

The two of others are for comparison with numbers published under them.
"""

import re
from dataclasses import dataclass

from mathcode.grading.equality import equal, listed, normalise
from mathcode.responses import parse
from mathcode.responses.form import PLAIN, Form
from mathcode.responses.parse import boxes

__all__ = ["RULES", "Answers", "boxes", "code_decides", "extract", "normalise"]

RULES = ("autocode", "deepseek_math", "qwen2.5_math")
_SENTENCE = re.compile(r"(?:\banswer\s+is\b|答案[是为])\s*[:：]?\s*([^\n]+)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.。](?=\s|$)|\.\s*$")
_NUMBER = re.compile(r"-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|-?\.\d+")
_MINERVA = re.compile(r"final answer is \$(.*?)\$\. I hope", re.DOTALL)
_HARNESS_NUMBER = re.compile(r"-?\d*\.?\d+")
_WORD_PROBLEMS = ("gsm", "mgsm", "cmath", "svamp", "asdiv", "mawps", "arithmetic")
"""Beginnings of the names of datasets with one number as the answer."""
_PROGRAM = re.compile(r"```python.*?(?:```|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Answers:
    """Answers of one response: the one that counts, and all that were stated (the strict one among them)."""

    strict: str | None
    candidates: tuple[str, ...]


def extract(response: str, rules: str = "autocode", dataset: str = "", question: str = "", gold: str = "", form: Form = PLAIN) -> Answers:
    """The answers of a response; `strict` is None when there is nothing to extract.

    Args:
        response: its whole text, with the outputs of its programs.
        rules: one of RULES.
        dataset: name of the query's dataset; like the next two read by the rules `deepseek_math` only.
        question: text of the query.
        gold: its reference answer.
        form: what separates attempts; of several, only the last has a last number that counts.
    """
    stated = boxes(_stated_text(response))
    if rules == "deepseek_math":
        strict = _as_deepseek_math(response, dataset.startswith(_WORD_PROBLEMS), question, gold)
    elif rules == "qwen2.5_math":
        strict = _as_qwen(response)
    else:
        strict = stated[-1] if stated else _sentence(response) or _printed(response) or _last_number(response, form)
    candidates = dict.fromkeys([*stated, strict] if strict is not None else stated)
    return Answers(strict, tuple(candidates))


def _as_deepseek_math(response: str, single: bool, question: str, gold: str) -> str | None:
    """Answer by the order of the DeepSeek-Math harness, several of them joined by commas."""
    outputs = parse.outputs(response)
    if minerva := _MINERVA.findall(response):
        found = minerva[-1:]
    elif not (found := boxes(response)):
        if "he answer is" in response:
            found = [response.rsplit("he answer is", 1)[1]]
        elif outputs:
            found = outputs[-1:]
        else:
            found = _HARNESS_NUMBER.findall(response.replace(",", ""))[-1:]
    found = [_first_line(one) for one in found]
    if not single:
        if "separated by commas" in question:
            found = [part for one in found for part in ([one] if re.search(r"[()\[\]]", one) else one.split(","))]
        found = [part.strip() for one in found for part in re.split(r"\\text\s*\{\s*and\s*\}", one)]
    latest = list(dict.fromkeys(reversed([one for one in found if one])))
    wanted = 1 if single else listed(gold)
    return ", ".join(reversed(latest[:wanted])) or None


def _as_qwen(response: str) -> str | None:
    """Answer by the order of the Qwen2.5-Math harness."""
    if minerva := _MINERVA.findall(response):
        return minerva[-1].strip() or None
    if found := boxes(response):
        return found[-1]
    for phrase in ("he answer is", "final answer is", "答案是"):
        if phrase in response:
            return _first_line(response.rsplit(phrase, 1)[1]) or None
    return next(iter(_HARNESS_NUMBER.findall(response.replace(",", ""))[-1:]), None)


def _first_line(text: str) -> str:
    """The first line, without what sentences put around an answer."""
    lines = text.strip().splitlines() or [""]
    return lines[0].lstrip(":：").strip().rstrip("./。").strip()


def code_decides(response: str, answer: str | None) -> bool:
    """Whether the graded answer is what a program printed: the last line of the last output, or there is no box at all.

    A box decides for the program when it repeats that line as text or as a number.
    """
    printed = _printed(response)
    if answer is None or not parse.outputs(response):
        return False
    if not boxes(_stated_text(response)):
        return True
    return printed is not None and equal(answer, printed) is True


def _stated_text(response: str) -> str:
    """What the model said in its own words: no execution output, no program text."""
    return _PROGRAM.sub(" ", parse.without_outputs(response))


def _sentence(response: str) -> str | None:
    """What follows the last "answer is", up to the end of its sentence."""
    matches = _SENTENCE.findall(_stated_text(response))
    return _SENTENCE_END.split(matches[-1])[0].strip() or None if matches else None


def _printed(response: str) -> str | None:
    """The last non-empty line of the last execution output."""
    outputs = parse.outputs(response)
    lines = [line.strip() for line in outputs[-1].splitlines() if line.strip()] if outputs else []
    return lines[-1] if lines else None


def _last_number(response: str, form: Form) -> str | None:
    numbers = _NUMBER.findall(_stated_text(form.attempts(response)[-1]))
    return numbers[-1] if numbers else None
