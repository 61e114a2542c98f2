"""What tests are made of: responses as models write them, tables of grades, groups of rewards; drawn or written in one line."""

import polars as pl
from hypothesis import strategies as st

from mathcode import tables
from mathcode.methods.autocode.form import FORM
from mathcode.methods.autocode.methodologies import PAPER
from mathcode.responses.parse import CLOSE_FENCE, CODE_FENCE, OUTPUT_FENCE, render_output

PLAIN = st.text("abc 123+=.\n{}\\é问", max_size=20)
"""Text without fences."""

LINES = st.text("abc 123+=.()", max_size=12)
"""One line without fences."""


def block(program: str, output: str | None = None) -> str:
    """A program as a response holds it, with its output where it ran."""
    written = f"{CODE_FENCE}\n{program}\n{CLOSE_FENCE}\n"
    return written if output is None else f"{written}{OUTPUT_FENCE}{render_output(output)}"


@st.composite
def attempts(draw) -> str:
    """One try at a question: a cue or none, then text and programs in any order."""
    cue = draw(st.sampled_from(["", *(f"{cue}\n" for cue in FORM.cues.values())]))
    blocks = st.builds(block, LINES, st.none() | LINES)
    return cue + "".join(draw(st.lists(PLAIN | blocks, max_size=4)))


@st.composite
def responses(draw) -> str:
    """A response: tries with hints between them, possibly cut off in the middle of anything."""
    text = draw(attempts())
    for more in draw(st.lists(attempts(), max_size=2)):
        text += f"\n{draw(st.sampled_from(list(FORM.hints.values())))}\n{more}"
    return text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text


def grades(*rows: tuple) -> pl.DataFrame:
    """Table `grades` of rows (query, mode, methodology, verdict): True, False, or an outcome that is no verdict."""
    numbers: dict[tuple, int] = {}
    records = []
    for query_id, mode, methodology, verdict in rows:
        sample = numbers[query_id, mode] = numbers.get((query_id, mode), -1) + 1
        outcome = verdict if isinstance(verdict, str) else "correct" if verdict else "wrong"
        code = methodology == "code"
        right = verdict is True
        record = [query_id, mode, sample, methodology, None, outcome, right, right, code, code, code, 1, None, 1, int(code), 0]
        records.append([*record, "stop", None, 0, "test", None])
    return pl.DataFrame(records, schema=tables.GRADES.schema, orient="row")


def grade_rows() -> st.SearchStrategy[list[tuple]]:
    """Rows for `grades`: any mix of modes, methodologies and outcomes."""
    verdicts = st.sampled_from([True, False, "no_answer", "infrastructure_error"])
    modes, methodologies = st.sampled_from(["native", "cot", "code"]), st.sampled_from(list(PAPER))
    return st.lists(st.tuples(st.sampled_from(["q1", "q2"]), modes, methodologies, verdicts), min_size=1, max_size=25)


REWARDS = st.lists(st.sampled_from([0.0, 1.0]), min_size=1, max_size=12)
"""Rewards of the responses of one query."""
