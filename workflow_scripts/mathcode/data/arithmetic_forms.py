"""Generated questions whose references are written in many forms, with programs: the toy source of SIaM, in English and Chinese.

A *problem* is a family, a structure and its numbers; a hash of it says which split it belongs to, in every wording and language. So
splits share no problem: the base's, the seed set, what a critic learns from, three rounds of web questions, the tests. The forms of
references have a random stream of their own: the same arguments but for `site` give the same questions, in the same order.
That some families have free forms, and that the base knows every family but is mostly wrong outside the seed's domain, is engineered.
"""

import random
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from pydantic import Field

from mathcode import settings
from mathcode.core.errors import InputError
from mathcode.core.random_streams import share, stream
from mathcode.data import answer_forms
from mathcode.data.answer_forms import Answer, Site, pick
from mathcode.data.form_families import FAMILIES, Compute, Family, Operands, Structure
from mathcode.data.form_wordings import PEOPLE, THINGS, WORDINGS
from mathcode.data.written_terms import Term

SPLITS = {"base": 0.45, "seed_set": 0.51, "critic": 0.59, "web1": 0.71, "web2": 0.81, "web3": 0.90, "test": 1.0}
"""Upper ends of the splits' shares of all problems."""

VARIANTS = ("ordinary", "reworded", "harder")
STYLES = {"line": 0.5, "variable": 0.3, "named": 0.2}
"""How programs are written: one line; x = ... then print; operands named first."""
KNOWN = {True: (0.45, 0.35, 0.20), False: (0.30, 0.45, 0.25)}
"""Chances of what the base believes, in the seed's domain and outside it: right, the dominant mistake, the second one.

One mistake dominates, or greedy answers of a family would be decided by chance.
"""

_PATIENCE = 20_000
"""Draws without any new question after which a family counts as exhausted."""


class Arguments(settings.Section):
    """What `generate:` of a source may say beside `generator: arithmetic_forms`."""

    split: Literal["base", "seed_set", "critic", "web1", "web2", "web3", "test"]
    rows: settings.PositiveInt
    seed: settings.PositiveInt
    language: Literal["en", "zh"] = "en"
    families: Literal["all", "seed", "outside"] = Field(default="all", description="the seed's domain, the families outside it, or all")
    variants: dict[Literal["ordinary", "reworded", "harder"], settings.PositiveNumber] = Field(
        default_factory=lambda: {"ordinary": 1.0}, min_length=1, description="share of each"
    )
    site: Site = Field(default="plain", description="how references are written")
    programs: Literal["right", "believed"] = Field(default="right", description="believed: as often wrong as the base is")


class Problem(NamedTuple):
    """A question before its reference is written."""

    family: str
    variant: str
    question: str
    operands: Operands
    other_words: dict[str, str]


def generate(arguments: dict[str, Any] | Arguments) -> list[dict[str, Any]]:
    """Records of one split, families in equal parts and mixed.

    Returns:
        `rows` records with distinct questions, the same for the same arguments: question, answer (in the form `form`), values (plain),
        language, family, domain (seed, outside), variant, kind, program, printed (what the program prints), right (whether that is right).

    Raises:
        SettingsError: an argument is missing, unknown or out of range.
        InputError: a family has fewer distinct questions than wanted.
    """
    arguments = settings.validated(Arguments, arguments, "generator arithmetic_forms")
    records = [_record(problem, arguments) for problem in _problems(arguments)]
    return sorted(records, key=lambda record: stream("order", arguments.seed, record["question"]))


def split_of(family: str, harder: bool, operands: Operands) -> str:
    """The split that a problem belongs to."""
    position = share("split", family, harder, *operands.values())
    return next(split for split, end in SPLITS.items() if position < end)


def _problems(arguments: Arguments) -> Iterator[Problem]:
    wanted = {"all": (True, False), "seed": (True,), "outside": (False,)}[arguments.families]
    families = {name: 1.0 for name, family in FAMILIES.items() if family.seed in wanted}
    for family, rows in _parts(families, arguments.rows).items():
        for variant, part in _parts(arguments.variants, rows).items():
            yield from _draw(family, variant, part, arguments)


def _parts(shares: dict[str, float], rows: int) -> dict[str, int]:
    """Rows of each name: shares of `rows`, rounded so that they add up."""
    total, reached, given, parts = sum(shares.values()), 0.0, 0, {}
    for name, portion in shares.items():
        reached += portion / total
        parts[name] = round(rows * reached) - given
        given += parts[name]
    return parts


def _draw(family: str, variant: str, rows: int, arguments: Arguments) -> list[Problem]:
    """`rows` problems with distinct questions, all of the asked split; fewer rows are the first of more."""
    generator = random.Random(f"{arguments.seed}/{arguments.split}/{family}/{variant}/{arguments.language}")
    structure = _structure(FAMILIES[family], variant)
    text = WORDINGS[family][arguments.language][VARIANTS.index(variant)]
    found: dict[str, Problem] = {}
    misses = 0
    while len(found) < rows:
        if (misses := misses + 1) > _PATIENCE:
            raise InputError(
                f"generator arithmetic_forms: family '{family}' ({variant}) has only {len(found)} distinct questions in split"
                f" '{arguments.split}', {rows} are wanted"
            )
        operands = structure.draw(generator)
        if split_of(family, variant == "harder", operands) != arguments.split:
            continue
        name, other = generator.sample(PEOPLE[arguments.language], 2)
        item, other_item = generator.sample(THINGS[arguments.language], 2)
        words = {"name": name, "other": other, "item": item, "other_item": other_item}
        question = text.format(**words, **operands)
        if question not in found:
            found[question] = Problem(family, variant, question, operands, words)
            misses = 0
    return list(found.values())


def _structure(family: Family, variant: str) -> Structure:
    return family.harder if variant == "harder" else family.ordinary


def _record(problem: Problem, arguments: Arguments) -> dict[str, Any]:
    family, texts = FAMILIES[problem.family], WORDINGS[problem.family][arguments.language]
    structure = _structure(family, problem.variant)
    ids = (arguments.seed, problem.question)
    right = structure.right(**_terms(problem.operands))
    labelled = texts.labelled.replace("{name}", problem.other_words["name"]).replace("{other}", problem.other_words["other"])
    answer = Answer(family.kind, tuple(term.value for term in right), texts.units, labelled, arguments.language)
    form, written = answer_forms.write(answer, arguments.site, family.free, *ids)
    compute = structure.right if arguments.programs == "right" else _believed(family, structure, problem.operands, *ids)
    printed = _printed(compute(**_terms(problem.operands)))
    return {
        "question": problem.question,
        "answer": written,
        "values": [answer_forms.number(value) for value in answer.values],
        "form": form,
        "language": arguments.language,
        "family": problem.family,
        "domain": "seed" if family.seed else "outside",
        "variant": problem.variant,
        "kind": family.kind,
        "program": _program(compute, problem.operands, pick(STYLES, *ids, "style")),
        "printed": printed,
        "right": printed == _printed(right),
    }


def _believed(family: Family, structure: Structure, operands: Operands, *ids: object) -> Compute:
    """What the base computes: the right thing, or a mistake that gives something else."""
    chances = KNOWN[family.seed]
    choices = {"right": structure.right, "first": structure.mistakes[0], "second": structure.mistakes[1]}
    chosen = pick(dict(zip(choices, chances, strict=True)), *ids, "belief")
    if chosen == "right":
        return structure.right
    truth = _printed(structure.right(**_terms(operands)))
    in_order = [choices[chosen], *(mistake for mistake in structure.mistakes if mistake is not choices[chosen])]
    return next((mistake for mistake in in_order if _printed(mistake(**_terms(operands))) != truth), structure.right)


def _terms(operands: Operands, names: dict[str, str] | None = None) -> dict[str, Term]:
    return {key: Term.of(value, names and names[key]) for key, value in operands.items()}


def _printed(values: tuple[Term, ...]) -> str:
    return " ".join(value.printed for value in values)


def _program(compute: Compute, operands: Operands, style: str) -> str:
    """A program that prints the values, in one of the styles."""
    if style == "named":
        names = dict(zip(operands, "abcdef", strict=False))
        lines = [f"{names[key]} = {value}" for key, value in operands.items()]
        values = compute(**_terms(operands, names))
        return "\n".join([*lines, f"print({', '.join(value.text for value in values)})"])
    values = compute(**_terms(operands))
    if style == "line":
        return f"print({', '.join(value.text for value in values)})"
    lines = [f"{name} = {value.text}" for name, value in zip("xy", values, strict=False)]
    return "\n".join([*lines, f"print({', '.join('xy'[: len(values)])})"])
