"""Readers of SFT solutions: one small function per record format.

A reader turns one record into a `Draft`, or into the reason why the record is left out. Programs are text here: nothing runs them.
"""

import re
from collections.abc import Callable

from mathcode.data.draft import STATEMENT, Draft, agrees
from mathcode.data.readers import english
from mathcode.data.text import Record, last_box, plain, without_dollars

_INTERLEAVED = re.compile(r"```python[ \t]*\n(.*?)\n?```\s*```output[ \t]*\n(.*?)\n?```[ \t]*\n?", re.DOTALL)
_LLM_CODE = re.compile(r"<llm-code>\n?(.*?)\n?</llm-code>\s*<llm-code-output>\n?(.*?)\n?</llm-code-output>\n?", re.DOTALL)
_CALCULATION = re.compile(r"<<[^<>]*>>")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)")
_PROGRAM_REQUEST = re.compile(r"(?i)\s*(?:please |let's )(?:write|program)\b[^.?!]*\b(?:program|python)\b[^.?!]*[.!]?\s*$")
_BARE_EXPRESSION = re.compile(
    r"(?!\s|#|(?:print|return|raise|assert|import|from|for|while|if|else|def|class|pass|del)\b)(?![^#]*[^=!<>]=[^=])\S.*"
)


def gsm8k_rationale(record: Record) -> Draft | str:
    """The rationale in GSM8K's `answer`, calculator marks removed."""
    question, gold, *_ = english.gsm8k(record)
    return Draft(question, gold, (_without_marks(record["answer"]),)) if gold else "no gold"


def math_solution(record: Record) -> Draft | str:
    """The reference solution of MATH."""
    question, gold, _, subject, *_ = english.math(record)
    return Draft(question, gold, (record["solution"],), type=subject) if gold else "no gold"


def svamp_rationale(record: Record) -> Draft | str:
    """Sampled rationales for SVAMP's training queries; some only point to another record, some end in a wrong answer."""
    stated = re.search(r"[Tt]he answer is <([^<>]*)>\.?\s*$", record["answer_cot"])
    gold = plain(record["answer_value"])
    if stated is None or not agrees(stated[1], gold):
        return "states another answer"
    steps = STATEMENT.sub("", record["answer_cot"].strip()).strip()
    return Draft(record["question"], gold, (steps,)) if re.search(r"\d", steps) else "no reasoning"


def svamp_program(record: Record) -> Draft | str:
    """Programs of the form `def solution()` for SVAMP's training queries."""
    return Draft(record["question"], plain(record["answer_value"]), ("", ""), (f"{record['answer_cot'].strip()}\nprint(solution())",))


def straight_line(record: Record) -> Draft | str:
    """Lines of assignments for GSM8K's training queries; the last variable is the answer, so it gets printed."""
    program = record["answer_cot"].strip()
    last = _ASSIGNMENT.match(re.split(r"[\n;]", program)[-1].strip())
    if last is None:
        return "does not end in an assignment"
    return Draft(record["question"], record["answer_value"], ("", ""), (f"{program}\nprint({last[1]})",))


def tora(record: Record) -> Draft | str:
    """ToRA examples: a conversation of two messages, programs and outputs inside the second."""
    question, response = (message["content"] for message in record["messages"])
    return _interleaved(question, record["gt"], response, _INTERLEAVED, record["dataset"])


def metamathqa(record: Record) -> Draft | str:
    """MetaMathQA: rationales that end in "The answer is: ..."."""
    _, marker, gold = record["response"].rpartition("The answer is:")
    return (
        Draft(record["query"], gold.strip(), (record["response"],), type=record["type"]) if marker and gold.strip() else "states no answer"
    )


def mathinstruct(record: Record) -> Draft | str:
    """MathInstruct, its GSM8K and MATH parts: rationales, and programs (which come without reference answer)."""
    name = record["source"].lower()
    if "gsm" not in name and "math_train" not in name:
        return "not from GSM8K or MATH"
    question, response = record["instruction"], record["output"]
    if "/pot/" in name:
        program = response.strip()
        return (
            Draft(_PROGRAM_REQUEST.sub("", question), None, ("", ""), (program,), type=record["source"])
            if "print(" in program
            else "prints nothing"
        )
    stated = re.search(r"(?i)the answer is:?\s*(.+?)\.?\s*$", response)
    gold = without_dollars(stated[1]) if stated else last_box(response)
    return Draft(question, gold, (response,), type=record["source"]) if gold else "states no answer"


def openmathinstruct1(record: Record) -> Draft | str:
    """OpenMathInstruct-1: solutions its own grader accepted; the value of a block's last line counts as printed."""
    if not record["is_correct"]:
        return "wrong in the source"
    draft = _interleaved(record["question"], record["expected_answer"], record["generated_solution"], _LLM_CODE, record["dataset"])
    return draft if isinstance(draft, str) else draft._replace(programs=tuple(printing(program) for program in draft.programs))


def mmos(record: Record) -> Draft | str:
    """MMOS: ToRA-like responses; the gold is what the response states, so only its programs vouch for it."""
    question = record["prompt"].replace("<|user|>", "").replace("<|assistant|>", "").strip()
    gold = last_box(record["completion"])
    return _interleaved(question, gold, record["completion"], _INTERLEAVED, None) if gold else "states no answer"


def arithmetic(record: Record) -> Draft | str:
    """Demonstrations of `mathcode.data.arithmetic`, whose programs print the answer by construction."""
    common = {"question": record["question"], "gold": record["answer"], "type": record["family"]}
    if record["demo"] == "cot":
        return Draft(texts=(record["cot"],), **common)
    return Draft(texts=("", ""), programs=(record["code"],), recorded=(record["answer"],), trusted=True, **common)


READERS: dict[str, Callable[[Record], Draft | str]] = {
    reader.__name__: reader
    for reader in (
        gsm8k_rationale,
        math_solution,
        svamp_rationale,
        svamp_program,
        straight_line,
        tora,
        metamathqa,
        mathinstruct,
        openmathinstruct1,
        mmos,
        arithmetic,
    )
}


def _interleaved(question: str, gold: str, response: str, block: re.Pattern, kind: str | None) -> Draft | str:
    """Cut a response at its program blocks; it must state the gold in its last text."""
    pieces = block.split(response)
    texts, programs, recorded = pieces[::3], pieces[1::3], pieces[2::3]
    if any("```" in text or "<llm-code" in text for text in texts):
        return "a program without output"
    stated = last_box(texts[-1])
    if not stated or not agrees(without_dollars(stated), without_dollars(gold)):
        return "states another answer"
    return Draft(question, gold, tuple(texts), tuple(programs), tuple(recorded), kind)


def printing(program: str) -> str:
    """A program whose last line is a bare expression prints it, as the notebook it was written for did."""
    if "print(" in program:
        return program
    *lines, last = program.rstrip().split("\n")
    return "\n".join([*lines, f"print({last})"]) if _BARE_EXPRESSION.fullmatch(last) else program


def _without_marks(rationale: str) -> str:
    return _CALCULATION.sub("", rationale.rpartition("####")[0]).strip()
