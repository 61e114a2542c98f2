"""Readers of SFT solutions: one small function per record format.

A reader turns one record into a `Draft`, or into the reason why the record is left out. Programs are text here: nothing runs them.
"""

import ast
import re
from collections.abc import Callable

from mathcode.data.draft import STATEMENT, Draft, agrees
from mathcode.data.readers import english
from mathcode.data.readers.record_types import CONVERSATION, FLAG, NUMBER, TEXT, TEXT_OR_NULL, reads
from mathcode.data.text import Record, last_box, plain, without_dollars
from mathcode.responses import parse

_CALCULATION = re.compile(r"<<[^<>]*>>")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)")
_PROGRAM_REQUEST = re.compile(r"(?i)\s*(?:please |let's )(?:write|program)\b[^.?!]*\b(?:program|python)\b[^.?!]*[.!]?\s*$")


def gsm8k_rationale(record: Record) -> Draft | str:
    """The rationale in GSM8K's `answer`, calculator marks removed."""
    question, gold, *_ = english.gsm8k(record)
    return Draft(question, gold, (_without_marks(record["answer"]),)) if gold else "no gold"


def math_solution(record: Record) -> Draft | str:
    """The reference solution of MATH."""
    question, gold, _, subject, *_ = english.math(record)
    return Draft(question, gold, (record["solution"],), type=subject) if gold else "no gold"


@reads(question=TEXT, answer_cot=TEXT, answer_value=NUMBER)
def svamp_rationale(record: Record) -> Draft | str:
    """Sampled rationales for SVAMP's training queries; some only point to another record, some end in a wrong answer."""
    stated = re.search(r"[Tt]he answer is <([^<>]*)>\.?\s*$", record["answer_cot"])
    gold = plain(record["answer_value"])
    if stated is None or not agrees(stated[1], gold):
        return "states another answer"
    steps = STATEMENT.sub("", record["answer_cot"].strip()).strip()
    return Draft(record["question"], gold, (steps,)) if re.search(r"\d", steps) else "no reasoning"


@reads(question=TEXT, answer_cot=TEXT, answer_value=NUMBER)
def svamp_program(record: Record) -> Draft | str:
    """Programs of the form `def solution()` for SVAMP's training queries."""
    return Draft(record["question"], plain(record["answer_value"]), ("", ""), (f"{record['answer_cot'].strip()}\nprint(solution())",))


@reads(question=TEXT, answer_cot=TEXT, answer_value=TEXT)
def straight_line(record: Record) -> Draft | str:
    """Lines of assignments for GSM8K's training queries; the last variable is the answer, so it gets printed."""
    program = record["answer_cot"].strip()
    last = _ASSIGNMENT.match(re.split(r"[\n;]", program)[-1].strip())
    if last is None:
        return "does not end in an assignment"
    return Draft(record["question"], record["answer_value"], ("", ""), (f"{program}\nprint({last[1]})",))


@reads(messages=CONVERSATION, gt=TEXT, dataset=TEXT_OR_NULL)
def tora(record: Record) -> Draft | str:
    """ToRA examples: a conversation of two messages, programs and outputs inside the second."""
    question, response = (message["content"] for message in record["messages"])
    return _interleaved(question, record["gt"], response, record["dataset"])


@reads(query=TEXT, response=TEXT, type=TEXT_OR_NULL)
def metamathqa(record: Record) -> Draft | str:
    """MetaMathQA: rationales that end in "The answer is: ..."."""
    _, marker, gold = record["response"].rpartition("The answer is:")
    return (
        Draft(record["query"], gold.strip(), (record["response"],), type=record["type"]) if marker and gold.strip() else "states no answer"
    )


@reads(source=TEXT, instruction=TEXT, output=TEXT)
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


@reads(question=TEXT, expected_answer=TEXT, generated_solution=TEXT, is_correct=FLAG, dataset=TEXT_OR_NULL)
def openmathinstruct1(record: Record) -> Draft | str:
    """OpenMathInstruct-1: solutions its own grader accepted; the value of a block's last line counts as printed."""
    if not record["is_correct"]:
        return "wrong in the source"
    draft = _interleaved(record["question"], record["expected_answer"], record["generated_solution"], record["dataset"])
    return draft if isinstance(draft, str) else draft._replace(programs=tuple(printing(program) for program in draft.programs))


@reads(prompt=TEXT, completion=TEXT)
def mmos(record: Record) -> Draft | str:
    """MMOS: ToRA-like responses; the gold is what the response states, so only its programs vouch for it."""
    question = record["prompt"].replace("<|user|>", "").replace("<|assistant|>", "").strip()
    gold = last_box(record["completion"])
    return _interleaved(question, gold, record["completion"], None) if gold else "states no answer"


@reads(question=TEXT, answer=TEXT, family=TEXT, demo=TEXT)
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


def _interleaved(question: str, gold: str, response: str, kind: str | None) -> Draft | str:
    """Cut a response at its programs; it must state the gold in its last text."""
    texts, programs, recorded = [""], [], []
    for span in parse.spans(response):
        content = span.block.read(response) if span.block else response[span.start : span.end]
        if span.kind == "output":
            recorded.append(content)
            texts.append("")
        elif span.kind == "program" and span.block.closed and len(programs) == len(recorded):
            programs.append(content)
        elif len(programs) > len(recorded) and content.strip():
            return "a program without output"
        elif span.kind not in ("prose", "thinking") or parse.CLOSE_FENCE in content:
            return "a block that is no program"
        elif len(programs) == len(recorded):
            texts[-1] += content
    if len(programs) > len(recorded):
        return "a program without output"
    stated = last_box(texts[-1])
    if not stated or not agrees(without_dollars(stated), without_dollars(gold)):
        return "states another answer"
    return Draft(question, gold, tuple(texts), tuple(programs), tuple(recorded), kind)


def printing(program: str) -> str:
    """A program that prints nothing and ends in an expression prints its value, as the notebook it was written for did."""
    try:
        *_, last = ast.parse(program).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return program
    if "print(" in program or not isinstance(last, ast.Expr):
        return program
    lines = program.encode().split(b"\n")  # columns of a tree count bytes
    row, column = last.end_lineno - 1, last.end_col_offset
    lines[row] = lines[row][:column] + b")" + lines[row][column:]
    row, column = last.lineno - 1, last.col_offset
    lines[row] = lines[row][:column] + b"print(" + lines[row][column:]
    return b"\n".join(lines).decode()


def _without_marks(rationale: str) -> str:
    return _CALCULATION.sub("", rationale.rpartition("####")[0]).strip()
