"""Judges that a run compares on its case sets, and the tables that show them, whatever its method. Light: rules read this."""

from collections.abc import Iterable, Mapping, Sequence

from mathcode import paths, settings
from mathcode.report.columns import MEASURES, with_interval
from mathcode.report.index import Item

RULES = {
    "string": "the same text",
    "numeric": "the same float",
    "math_verify": "Math-Verify",
    "exact": "strict rule",
    "lenient": "rule that reads the numbers of a reference",
}
"""Judges that critics are compared with, and what tables call them."""


def judges(critics: Iterable[str]) -> list[str]:
    """Rules, and each critic alone and behind the exact judge."""
    return [*RULES, *(f"{kind}_{critic}" for critic in critics for kind in ("critic", "cascade"))]


def verdicts(case_set: str, seed: int, judge: str, seeds: Sequence[int]) -> str:
    """A judge's verdicts on cases, of one of a run's seeds; a rule says the same under each, and is asked under the first."""
    return paths.verdicts(case_set, seeds[0] if judge in RULES else seed, judge)


def lines(critics: Mapping[str, settings.CriticRow], names: Iterable[str]) -> dict[str, list[str]]:
    """Each of these critics with those whose training it goes on from, the first one first."""

    def before(name: str) -> list[str]:
        origin = critics[name].origin
        return [*(before(origin) if origin else []), name]

    return {name: before(name) for name in names}


def taught(critic: str, seed: int) -> str:
    """The cases that a critic learns from, below the run's folder."""
    return paths.of_policy(paths.Critic(critic, seed), "cases")


def read_by_tables(case_sets: Iterable[str], critics: Mapping[str, Sequence[str]], seeds: Sequence[int]) -> list[str]:
    """The files that the tables of these judges are made of, below the run's folder.

    Args:
        critics: each with those before it (`lines`).
    """
    sets, asked = list(case_sets), judges(critics)
    said = [verdicts(case_set, seed, judge, seeds) for case_set in sets for seed in seeds for judge in asked]
    learned = [taught(name, seed) for line in critics.values() for name in line for seed in seeds]
    return list(dict.fromkeys([*said, *map(paths.cases, sets), *learned]))


CASES = ("case_set", "judge", "label", "seeds")
"""Columns that tables about judges on cases open with."""

CRITIC = Item(
    "table",
    "critic",
    "Critic",
    "critic and rules (CSV)",
    "mathcode.report.judged:make_critic",
    "The critic beside rules",
    "Judges on labelled cases, attacks left out. Labels are by construction, by a rule or by the generator's values, in public case "
    "sets by their publishers. Near misses that the strict rule accepts are no cases, which flatters it. "
    "Cases of a question count as independent: intervals are a bit narrow.",
    (*CASES, "answer_type", "n", "yes", "by_rule", "taught_references", *with_interval(*MEASURES), "calibration_expected"),
    captions="shared",
)
ATTACKS = Item(
    "table",
    "attacks",
    "Critic",
    "attacks on judges (CSV)",
    "mathcode.report.judged:make_attacks",
    "Attacks",
    "Results that answer nothing and try to pass; what the strict rule accepts is left out, so its zero is by construction. "
    "A critic from scratch has no habits to exploit: there, a low share proves little.",
    (*CASES, "attack", "n", *with_interval("accepted")),
    captions="shared",
)
TABLES = (CRITIC, ATTACKS)
