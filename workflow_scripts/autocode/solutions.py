r"""SFT pairs: solutions of public sources in one form, with programs that were run again and print the reference answer.

A reader turns one record into a `Draft`, or into the reason why the record is left out. A finished solution is a complete
response without cue: free text and ```python / ```output blocks (`autocode.transcript`), then "The answer is \boxed{...}.".
Programs are model-written and run in `autocode.interpreter` only; here they are text.
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from autocode import corpora, equality, tables, transcript
from autocode.corpora import CorpusError, Record

if TYPE_CHECKING:
    from autocode.interpreter import Interpreter

log = logging.getLogger(__name__)

_OUTPUT_CHARS = 400
"""Longer output is shown with its middle cut out, as the Qwen2.5-Math harness does."""
_CHUNK = 2000
"""Drafts whose programs run together, between two lines of the log."""

_INTERLEAVED = re.compile(r"```python[ \t]*\n(.*?)\n?```\s*```output[ \t]*\n(.*?)\n?```[ \t]*\n?", re.DOTALL)
_LLM_CODE = re.compile(r"<llm-code>\n?(.*?)\n?</llm-code>\s*<llm-code-output>\n?(.*?)\n?</llm-code-output>\n?", re.DOTALL)
_STATEMENT = re.compile(r"(?i)(?:therefore, |thus, |so, |hence, )?the (?:final )?answer is\b([^\n]*)\Z")
_MARKED_ANSWER = re.compile(r"####[^\n]*\Z")
_CALCULATION = re.compile(r"<<[^<>]*>>")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\s*=(?!=)")
_PROGRAM_REQUEST = re.compile(r"(?i)\s*(?:please |let's )(?:write|program)\b[^.?!]*\b(?:program|python)\b[^.?!]*[.!]?\s*$")
_BARE_EXPRESSION = re.compile(
    r"(?!\s|#|(?:print|return|raise|assert|import|from|for|while|if|else|def|class|pass|del)\b)(?![^#]*[^=!<>]=[^=])\S.*"
)


class Draft(NamedTuple):
    """A solution before its programs have run.

    `texts` has one more entry than `programs`: what stands before, between and after them. `recorded` holds the outputs the
    source gives, if any; where `trusted` (the source is our own generator) they are taken instead of running the programs.
    """

    question: str
    gold: str | None
    texts: tuple[str, ...]
    programs: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    type: str | None = None
    trusted: bool = False


def agrees(printed: str, gold: str) -> bool:
    """Whether a printed value is the gold: as numbers by the grader's numeric policy, else as text without blanks and case."""
    same = equality.numeric_equal(gold, printed)
    if same is not None:
        return same
    return "".join(printed.split()).casefold() == "".join(gold.split()).casefold() != ""


# -------------------------------------------------------------------------------------------- readers


def gsm8k_rationale(record: Record) -> Draft | str:
    """The rationale in GSM8K's `answer`, calculator marks removed."""
    question, gold, *_ = corpora.gsm8k(record)
    return Draft(question, gold, (_without_marks(record["answer"]),)) if gold else "no gold"


def math_solution(record: Record) -> Draft | str:
    """The reference solution of MATH."""
    question, gold, _, subject = corpora.math(record)
    return Draft(question, gold, (record["solution"],), type=subject) if gold else "no gold"


def svamp_rationale(record: Record) -> Draft | str:
    """Sampled rationales for SVAMP's training queries; some only point to another record, some end in a wrong answer."""
    stated = re.search(r"[Tt]he answer is <([^<>]*)>\.?\s*$", record["answer_cot"])
    gold = corpora.plain(record["answer_value"])
    if stated is None or not agrees(stated[1], gold):
        return "states another answer"
    steps = _STATEMENT.sub("", record["answer_cot"].strip()).strip()
    return Draft(record["question"], gold, (steps,)) if re.search(r"\d", steps) else "no reasoning"


def svamp_program(record: Record) -> Draft | str:
    """Programs of the form `def solution()` for SVAMP's training queries."""
    return Draft(
        record["question"], corpora.plain(record["answer_value"]), ("", ""), (f"{record['answer_cot'].strip()}\nprint(solution())",)
    )


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
    gold = corpora.without_dollars(stated[1]) if stated else corpora.last_box(response)
    return Draft(question, gold, (response,), type=record["source"]) if gold else "states no answer"


def openmathinstruct1(record: Record) -> Draft | str:
    """OpenMathInstruct-1: solutions its own grader accepted; the value of a block's last line counts as printed."""
    if not record["is_correct"]:
        return "wrong in the source"
    draft = _interleaved(record["question"], record["expected_answer"], record["generated_solution"], _LLM_CODE, record["dataset"])
    return draft if isinstance(draft, str) else draft._replace(programs=tuple(_printing(program) for program in draft.programs))


def mmos(record: Record) -> Draft | str:
    """MMOS: ToRA-like responses; the gold is what the response states, so only its programs vouch for it."""
    question = record["prompt"].replace("<|user|>", "").replace("<|assistant|>", "").strip()
    gold = corpora.last_box(record["completion"])
    return _interleaved(question, gold, record["completion"], _INTERLEAVED, None) if gold else "states no answer"


def arithmetic(record: Record) -> Draft | str:
    """Demonstrations of `autocode.arithmetic`, whose programs print the answer by construction."""
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
    stated = corpora.last_box(texts[-1])
    if not stated or not agrees(corpora.without_dollars(stated), corpora.without_dollars(gold)):
        return "states another answer"
    return Draft(question, gold, tuple(texts), tuple(programs), tuple(recorded), kind)


def _printing(program: str) -> str:
    """A program whose last line is a bare expression prints it, as the notebook it was written for did."""
    if "print(" in program:
        return program
    *lines, last = program.rstrip().split("\n")
    return "\n".join([*lines, f"print({last})"]) if _BARE_EXPRESSION.fullmatch(last) else program


def _without_marks(rationale: str) -> str:
    return _CALCULATION.sub("", rationale.rpartition("####")[0]).strip()


# -------------------------------------------------------------------------------------------- finishing


def conclude(text: str, answer: str, joiner: str = "\n") -> str:
    """The text with ours for its own final statement, where that says no more; the only box of the response."""
    text = corpora.unboxed(text).strip()
    stated = _STATEMENT.search(text)
    if stated and agrees(stated[1].strip(" :$."), answer.strip("$")):
        text = text[: stated.start()].strip()
    text = _MARKED_ANSWER.sub("", text).strip()
    statement = f"The answer is \\boxed{{{answer}}}."
    return f"{text}{joiner}{statement}" if text else statement


def render(draft: Draft, outputs: Iterable[str], answer: str) -> str:
    """The complete response: texts, programs and outputs interleaved, closed by the statement of the answer."""
    response = ""
    for text, program, output in zip(draft.texts, draft.programs, outputs, strict=False):
        lead = f"{corpora.unboxed(text).strip()}\n" if text.strip() else ""
        block = f"{transcript.CODE_FENCE}\n{program}\n{transcript.CLOSE_FENCE}\n{transcript.OUTPUT_FENCE}"
        response += lead + block + transcript.render_output(output)
    # One line of steps stays one line; longer reasoning gets the statement on a line of its own.
    return response + conclude(draft.texts[-1], answer, "\n" if "\n" in draft.texts[-1].strip() or draft.programs else " ")


def table(
    dataset: str, records: Iterable[tuple[str, Record]], reader: str, expected: int | None, interpreter: "Callable[[], Interpreter]"
) -> pl.DataFrame:
    """Table `sft` of one source, in the order of its records.

    Args:
        dataset: its name.
        records: raw records with their places.
        reader: name of the reader.
        expected: rows the table must have; None: not known beforehand.
        interpreter: makes the interpreter; called only if there are programs to run.

    Raises:
        CorpusError: a record cannot be read, no row is left, or not `expected` ones.
    """
    dropped: Counter[str] = Counter()
    drafts = list(_kept(corpora.read_all(records, READERS, reader), dropped))
    executed = iter(_execute([draft for draft in drafts if draft.programs and not draft.trusted], interpreter))
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for draft in drafts:
        result = next(executed) if draft.programs and not draft.trusted else (draft.recorded, draft.gold, None)
        if isinstance(result, str):
            dropped[result] += 1
            continue
        outputs, answer, isolation = result
        row = {
            "query_id": corpora.query_id(dataset, draft.question),
            "dataset": dataset,
            "question": draft.question,
            "gold": draft.gold,
            "methodology": "code" if draft.programs else "cot",
            "solution": render(draft, outputs, answer),
            "type": draft.type,
            "isolation": isolation,
        }
        if rows.setdefault((row["query_id"], row["solution"]), row) is not row:
            dropped["repeated"] += 1
    log.info("%s: %d solutions kept; dropped: %s", dataset, len(rows), dict(dropped) or "none")
    if not rows or (expected is not None and len(rows) != expected):
        raise CorpusError(f"'{dataset}' has {len(rows)} rows, config/sources.yaml says {expected or 'at least one'}")
    return pl.DataFrame(list(rows.values()), schema=tables.schema("sft"))


def questions_drawn(dataset: str, records: Iterable[tuple[str, Record]], reader: str, questions: int) -> set[str]:
    """Ids of `questions` distinct questions drawn by hash among those the reader keeps."""
    names = {corpora.query_id(dataset, draft.question) for draft in _kept(corpora.read_all(records, READERS, reader), Counter())}
    return set(sorted(names)[:questions])


def of_questions(dataset: str, records: Iterable[tuple[str, Record]], reader: str, chosen: set[str]) -> list[tuple[str, Record]]:
    """One record per chosen question and methodology, drawn by hash, in the order of the source.

    OpenMathInstruct-1 has some 120 solutions to a question, others one or a few: all of them would drown the others.
    """
    drawn: dict[tuple[str, bool], tuple[str, int, str, Record]] = {}  # hash, place in the order, place by name, record
    for number, (place, record) in enumerate(records):
        draft = READERS[reader](record)
        if isinstance(draft, str) or (name := corpora.query_id(dataset, draft.question)) not in chosen:
            continue
        entry = (hashlib.sha256("\n".join((*draft.texts, *draft.programs)).encode()).hexdigest(), number, place, record)
        key = (name, bool(draft.programs))
        drawn[key] = min(drawn.get(key, entry), entry, key=itemgetter(0, 1))
    return [(place, record) for _, _, place, record in sorted(drawn.values(), key=itemgetter(1))]


def _kept(rows: Iterable[tuple[str, Draft | str]], dropped: Counter) -> Iterator[Draft]:
    for place, draft in rows:
        if isinstance(draft, str):
            dropped[draft] += 1
        elif not draft.question.strip():
            raise CorpusError(f"{place}: the question is empty")
        else:
            yield draft


def _execute(drafts: list[Draft], interpreter: "Callable[[], Interpreter]") -> list[tuple[list[str], str, str] | str]:
    """Run all programs; per draft its outputs, its answer and the level of isolation, or the reason why it is left out."""
    if not drafts:
        return []
    results, failed, total = [], 0, 0
    with interpreter() as running:
        accepted = running.limits.max_infrastructure_errors
        for start in range(0, len(drafts), _CHUNK):
            chunk = drafts[start : start + _CHUNK]
            programs = [
                transcript.assemble_program(list(draft.programs[: end + 1])) for draft in chunk for end in range(len(draft.programs))
            ]
            executions = iter(running.run(programs))
            for draft in chunk:
                own = [next(executions) for _ in draft.programs]
                failed += sum(execution.outcome == "infrastructure_error" for execution in own)
                total += len(own)
                judged = _judge(draft, own)
                results.append(judged if isinstance(judged, str) else (*judged, running.isolation))
            log.info("executed the programs of %d of %d solutions", start + len(chunk), len(drafts))
    if failed > total * accepted:
        raise CorpusError(
            f"{failed} of {total} programs could not be run, above the accepted share {accepted:g} (interpreter.max_infrastructure_errors "
            "of config/sources.yaml); the machine is at fault, not the programs"
        )
    return results


def _judge(draft: Draft, executions: list) -> tuple[list[str], str] | str:
    from autocode.interpreter import feedback

    if bad := next((execution for execution in executions if execution.outcome != "ok"), None):
        return f"program ended with {bad.outcome}"
    printed = executions[-1].stdout.strip()
    if not printed:
        return "program printed nothing"
    if draft.gold is None and "\n" in printed:
        return "program printed several lines"
    symbolic = draft.gold is not None and equality.number(draft.gold) is None  # no number to compare: the recorded output vouches
    same = draft.recorded and "".join(printed.split()) == "".join(draft.recorded[-1].split())
    if draft.gold is not None and not agrees(printed.split("\n")[-1], draft.gold) and not (symbolic and same):
        return "program printed another answer"
    return [feedback(execution, _OUTPUT_CHARS) for execution in executions], draft.gold if draft.gold is not None else printed
