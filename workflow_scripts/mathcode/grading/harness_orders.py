"""The orders in which two published harnesses look for an answer, for comparison with numbers published under them.

    deepseek_math the order of the DeepSeek-Math harness on the whole text, outputs included: `final answer is $...$.
                  I hope`; all boxes; "he answer is"; the last output; the last number. Word problems take the last of these,
                  other benchmarks as many of the last distinct ones as the reference answer has items
    qwen2.5_math  the order of the Qwen2.5-Math harness: `final answer is $...$. I hope`; the last box; "he answer is";
                  "final answer is"; "答案是"; the last number. None of our benchmarks has its rule for multiple choice

They are blind to thinking, retractions and run-on, as those harnesses are. Equality stays ours.
"""

import re

from mathcode.responses import boxes, parse

_MINERVA = re.compile(r"final answer is \$([^$]*)\$\. I hope")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?|-?\.\d+")
_WORD_PROBLEMS = ("gsm", "mgsm", "cmath", "svamp", "asdiv", "mawps", "arithmetic")
"""Beginnings of the names of datasets with one number as the answer."""


def as_deepseek_math(response: str, dataset: str, question: str, gold: str) -> str | None:
    """Answer by the order of the DeepSeek-Math harness, several of them joined by commas."""
    single = dataset.startswith(_WORD_PROBLEMS)
    outputs = parse.outputs(response)
    if minerva := _MINERVA.findall(response):
        found = minerva[-1:]
    elif not (found := boxes.contents(response)):
        if "he answer is" in response:
            found = [response.rsplit("he answer is", 1)[1]]
        elif outputs:
            found = outputs[-1:]
        else:
            found = _NUMBER.findall(response.replace(",", ""))[-1:]
    found = [_first_line(one) for one in found]
    if not single:
        if "separated by commas" in question:
            found = [part for one in found for part in ([one] if re.search(r"[()\[\]]", one) else one.split(","))]
        found = [part.strip() for one in found for part in re.split(r"\\text\s*\{\s*and\s*\}", one)]
    latest = list(dict.fromkeys(reversed([one for one in found if one])))
    return ", ".join(reversed(latest[: 1 if single else items(gold)])) or None


def as_qwen(response: str) -> str | None:
    """Answer by the order of the Qwen2.5-Math harness."""
    if minerva := _MINERVA.findall(response):
        return minerva[-1].strip() or None
    if found := boxes.contents(response):
        return found[-1]
    for phrase in ("he answer is", "final answer is", "答案是"):
        if phrase in response:
            return _first_line(response.rsplit(phrase, 1)[1]) or None
    return next(iter(_NUMBER.findall(response.replace(",", ""))[-1:]), None)


def items(gold: str) -> int:
    r"""How many answers a reference answer lists without brackets around them: 2 of `1, 2` and of `\pm 1`, 1 of `(1, 2)` and `1,234`."""
    text = re.sub(
        r"\\left|\\right|\\text\s*\{\s*,?\s*(?:and|or)\s*\}", lambda match: "," if "text" in match.group() else "", gold.strip(" $.")
    )
    text = re.sub(r"(?<=\d)(?:\{,\}|,)(?:\\!)?(?=\d{3}(?!\d))", "", text)
    depth, count = 0, 1
    for position, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        count += depth == 0 and (sign in ",;\n" or text.startswith("\\pm", position))
    return count


def _first_line(text: str) -> str:
    """The first line, without what sentences put around an answer."""
    lines = text.strip().splitlines() or [""]
    return lines[0].lstrip(":：").strip().rstrip("./。").strip()
