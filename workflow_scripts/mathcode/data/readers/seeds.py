"""Readers of seed sets, questions with a program that answers them: Chinese equations, hand-written examples, generated problems.

As everywhere in SFT data, a program of a public source counts only when it has run here and printed the reference.
"""

from collections.abc import Callable

from mathcode.data.draft import Draft
from mathcode.data.readers.solutions import printing
from mathcode.data.text import Record


def equation_program(record: Record) -> Draft | str:
    """Ape210K and Math23K: the source's equation as a program of one line. What it recorded vouches where the gold is no plain number."""
    if not record["program"]:
        return "no program"
    if not record["program_matches_answer"]:
        return "its equation gives another value than its answer"
    return Draft(record["question"], record["answer"].strip(), ("", ""), (record["program"],), language="zh")


def code_examples(record: Record) -> Draft | str:
    """Hand-written programs for training questions of MATH and GSM8K; the value of a last line counts as printed."""
    if not record["in_train"] or record["in_test"]:
        return "not a training question"
    programs = tuple(printing(program) for program in record["programs"])
    if not programs:
        return "no program"
    return Draft(record["question"], record["answer"], ("",) * (len(programs) + 1), programs, tuple(record["outputs"]), record["dataset"])


def forms(record: Record) -> Draft:
    """Programs of `mathcode.data.arithmetic_forms`, which print the values of the gold by construction."""
    return _generated(record, record["answer"])


def forms_mixed(record: Record) -> Draft:
    """The same where some are wrong by design: what a base model knows. Nothing vouches for them, so there is no gold."""
    return _generated(record, None)


def _generated(record: Record, gold: str | None) -> Draft:
    return Draft(
        question=record["question"],
        gold=gold,
        texts=("", ""),
        programs=(record["program"],),
        recorded=(record["printed"],),
        type=record["family"],
        trusted=True,
        language=record["language"],
    )


READERS: dict[str, Callable[[Record], Draft | str]] = {
    reader.__name__: reader for reader in (equation_program, code_examples, forms, forms_mixed)
}
