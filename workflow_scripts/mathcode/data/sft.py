r"""SFT pairs: solutions of public sources in one form, with programs that were run again and print the reference answer.

A finished solution is a complete response without cue: free text and ```python / ```output blocks (`mathcode.responses.parse`),
then "The answer is \boxed{...}.". Programs are model-written and run in `mathcode.interpreter` only.
"""

import hashlib
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from mathcode import tables
from mathcode.data.draft import STATEMENT, Draft, agrees
from mathcode.data.queries import refuse_lacking
from mathcode.data.readers import SFT_READERS
from mathcode.data.text import CorpusError, Record, query_id, read_all, unboxed
from mathcode.grading import equality
from mathcode.responses import parse

if TYPE_CHECKING:
    from mathcode.interpreter.driver import Interpreter

log = logging.getLogger(__name__)

Readers = Mapping[str, Callable[[Record], Draft | str]]

_OUTPUT_CHARS = 400
"""Longer output is shown with its middle cut out, as the Qwen2.5-Math harness does."""
_CHUNK = 2000
"""Drafts whose programs run together, between two lines of the log."""
_MARKED_ANSWER = re.compile(r"####[^\n]*\Z")


def conclude(text: str, answer: str, joiner: str = "\n") -> str:
    """The text with ours for its own final statement, where that says no more; the only box of the response."""
    text = unboxed(text).strip()
    stated = STATEMENT.search(text)
    if stated and agrees(stated[1].strip(" :$."), answer.strip("$")):
        text = text[: stated.start()].strip()
    text = _MARKED_ANSWER.sub("", text).strip()
    statement = f"The answer is \\boxed{{{answer}}}."
    return f"{text}{joiner}{statement}" if text else statement


def render(draft: Draft, outputs: Iterable[str], answer: str) -> str:
    """The complete response: texts, programs and outputs interleaved, closed by the statement of the answer."""
    response = ""
    for text, program, output in zip(draft.texts, draft.programs, outputs, strict=False):
        lead = f"{unboxed(text).strip()}\n" if text.strip() else ""
        block = f"{parse.CODE_FENCE}\n{program}\n{parse.CLOSE_FENCE}\n{parse.OUTPUT_FENCE}"
        response += lead + block + parse.render_output(output)
    # One line of steps stays one line; longer reasoning gets the statement on a line of its own.
    return response + conclude(draft.texts[-1], answer, "\n" if "\n" in draft.texts[-1].strip() or draft.programs else " ")


def table(
    dataset: str,
    records: Iterable[tuple[str, Record]],
    reader: str,
    expected: int | None,
    interpreter: "Callable[[], Interpreter]",
    readers: Readers = SFT_READERS,
) -> pl.DataFrame:
    """Table `sft` of one source, in the order of its records.

    Args:
        dataset: its name.
        records: raw records with their places.
        reader: name of the reader, one of `readers`.
        expected: rows the table must have; None: not known beforehand.
        interpreter: makes the interpreter; called only if there are programs to run.

    Raises:
        CorpusError: a record cannot be read, no row is left, or not `expected` ones.
    """
    dropped: Counter[str] = Counter()
    drafts = list(_kept(read_all(records, readers, reader), dropped))
    executed = iter(_execute([draft for draft in drafts if draft.programs and not draft.trusted], interpreter))
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for draft in drafts:
        result = next(executed) if draft.programs and not draft.trusted else _taken(draft)
        if isinstance(result, str):
            dropped[result] += 1
            continue
        outputs, answer, isolation = result
        row = {
            "query_id": query_id(dataset, draft.question),
            "dataset": dataset,
            "question": draft.question,
            "gold": draft.gold,
            "methodology": "code" if draft.programs else "cot",
            "solution": render(draft, outputs, answer),
            "type": draft.type,
            "isolation": isolation,
            "language": draft.language,
        }
        if rows.setdefault((row["query_id"], row["solution"]), row) is not row:
            dropped["repeated"] += 1
    log.info("%s: %d solutions kept; dropped: %s", dataset, len(rows), dict(dropped) or "none")
    refuse_lacking(dataset, len(rows), dropped, expected)
    return pl.DataFrame(list(rows.values()), schema=tables.SFT.schema)


def questions_drawn(
    dataset: str, records: Iterable[tuple[str, Record]], reader: str, questions: int, readers: Readers = SFT_READERS
) -> set[str]:
    """Ids of `questions` distinct questions drawn by hash among those the reader keeps."""
    names = {query_id(dataset, draft.question) for draft in _kept(read_all(records, readers, reader), Counter())}
    return set(sorted(names)[:questions])


def of_questions(
    dataset: str, records: Iterable[tuple[str, Record]], reader: str, chosen: set[str], readers: Readers = SFT_READERS
) -> list[tuple[str, Record]]:
    """One record per chosen question and methodology, drawn by hash, in the order of the source.

    OpenMathInstruct-1 has some 120 solutions to a question, others one or a few: all of them would drown the others.
    """
    drawn: dict[tuple[str, bool], tuple[str, int, str, Record]] = {}  # hash, place in the order, place by name, record
    for number, (place, record) in enumerate(records):
        draft = readers[reader](record)
        if isinstance(draft, str) or (name := query_id(dataset, draft.question)) not in chosen:
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


def _taken(draft: Draft) -> tuple[tuple[str, ...], str, None]:
    """Outputs and answer of a draft that is not run."""
    return draft.recorded, draft.recorded[-1] if draft.gold is None else draft.gold, None


def _execute(drafts: list[Draft], interpreter: "Callable[[], Interpreter]") -> list[tuple[list[str], str, str] | str]:
    """Run all programs; per draft its outputs, its answer and the level of isolation, or the reason why it is left out."""
    if not drafts:
        return []
    results, failed, total = [], 0, 0
    with interpreter() as running:
        accepted = running.limits.max_infrastructure_errors
        for start in range(0, len(drafts), _CHUNK):
            chunk = drafts[start : start + _CHUNK]
            # Each program of a solution runs after those before it, whose prints are not shown again.
            executions = iter(running.run([draft.programs[: end + 1] for draft in chunk for end in range(len(draft.programs))]))
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
    from mathcode.interpreter.driver import feedback

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
