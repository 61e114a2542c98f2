"""The answers on the page to read first: one sentence, then: did it work, does it take a critic, can it be trusted, what failed?"""

from collections.abc import Mapping

import polars as pl

from mathcode.methods.siam.report.claims import NOT_SHOWN, SHOWN
from mathcode.methods.siam.report.lines import LINES, trusted
from mathcode.methods.siam.report.places import OUT_OF_DOMAIN
from mathcode.methods.siam.report.plan import MAIN, Plan
from mathcode.report.summary import Card, in_words, interval, shown


def answer(tables: Mapping[str, pl.DataFrame], plan: Plan) -> list[str]:
    """What the last round gains out of the seed's domain, what a rule would, and how many claims hold; nothing without such items.

    Args:
        tables: of the run, by name.
    """
    own, lines = _own(tables, plan)
    if (row := _ended(own, plan)) is None:
        return []
    ends, whose = {"low": row["delta_low"], "high": row["delta_high"]}, _of_family(plan, " of {}")
    filtered = f"filtered by {_called(plan.filters[MAIN])} " if MAIN in plan.filters else ""
    rule = [f"With the best rule as the filter it ends {_apart(max(map(_beyond, rules)))}."] if (rules := _rules(own, plan)) else []
    return [
        f"After {_rounds(plan)} {filtered}the policy{whose} solves {shown(row['accuracy'])} % of the items outside the seed's domain ("
        f"{plan.named(row['benchmark'])}, part {row['part']}): {_signed(row['delta'])} against M_0{interval(ends)}.",
        *rule,
        f"{_count(lines)} of {len(lines)} claims{whose} are shown.",
    ]


def cards(tables: Mapping[str, pl.DataFrame], plan: Plan) -> list[Card]:
    """Of the first family; a card whose numbers the run lacks is left out.

    Args:
        tables: of the run, by name.
    """
    own, lines = _own(tables, plan)
    made = [_worked(own, plan, lines), _needed(own, plan), _trusted(own, plan), _failed(lines, plan)]
    return [card for card in made if card is not None]


def _own(tables: Mapping[str, pl.DataFrame], plan: Plan) -> tuple[dict[str, pl.DataFrame], dict[str, dict]]:
    """Tables of the first family, and its rows of the table of claims by the name of the line."""
    family = next(iter(plan.families))
    own = {name: frame.filter(pl.col("family") == family) if "family" in frame.columns else frame for name, frame in tables.items()}
    told = {row["claim"]: row for row in own["claims"].rows(named=True)}
    return own, {line.name: told[line.text] for line in LINES}


def _last(frame: pl.DataFrame, plan: Plan) -> list[dict]:
    """Rows of the last round out of the seed's domain, on the first benchmark that has such a part."""
    if frame.is_empty():
        return []
    rows = frame.filter(pl.col("iteration") == plan.iterations, pl.col("part").is_in(OUT_OF_DOMAIN)).rows(named=True)
    return [row for row in rows if row["benchmark"] == rows[0]["benchmark"]]


def _of_family(plan: Plan, form: str) -> str:
    """The family that sentences and cards speak of, as a part of one of them; nothing where the run has no other."""
    return form.format(next(iter(plan.families.values())).label) if len(plan.families) > 1 else ""


def _place(row: dict, plan: Plan) -> str:
    return f"{_of_family(plan, '{}, ')}{plan.named(row['benchmark'])}, part {row['part']}, {row['n']} items, graded by {row['grader']}"


def _signed(value: float) -> str:
    value = round(value, 1) + 0.0  # without the sign of a negative zero
    return f"{'+' if value > 0 else ''}{shown(value)} points"


def _ended(own: Mapping[str, pl.DataFrame], plan: Plan) -> dict | None:
    """What main ends its rounds with; nothing where the run has no gain to tell."""
    rows = [row for row in _last(own["main"], plan) if row["experiment"] == MAIN and row["preference"] is None]
    return rows[0] if rows and rows[0]["delta"] is not None else None


def _worked(own: Mapping[str, pl.DataFrame], plan: Plan, lines: Mapping[str, dict]) -> Card | None:
    if (row := _ended(own, plan)) is None:
        return None
    words = f"Accuracy {shown(row['accuracy'])} % after {_rounds(plan)}, {shown(row['accuracy'] - row['delta'])} % before (M_0)."
    return Card("Did it work?", _signed(row["delta"]), f"{words} {in_words(lines['generalises'])}.", _place(row, plan))


def _needed(own: Mapping[str, pl.DataFrame], plan: Plan) -> Card | None:
    """What the same rounds lose with a rule for a critic."""
    if not _by_critic(plan.filters.get(MAIN, "")) or not (rows := _rules(own, plan)):
        return None
    said = [
        f"{_signed(-_beyond(row))} over {_RULES.get(row['judge'], row['judge'])}"
        + ("" if row["difference_from_main_low"] is None else f" [{_ends(row)}]")
        for row in rows
    ]
    least = max(map(_beyond, rows))
    return Card("Does it take a critic?", _signed(-least), "; ".join(said) + ". The best rule is the one to beat.", _place(rows[0], plan))


_RULES = {"exact": "a strict rule", "lenient": "a rule that reads the numbers of the reference"}


def _rules(own: Mapping[str, pl.DataFrame], plan: Plan) -> list[dict]:
    """What experiments end with that a rule filtered; true values, and whatever executes, are none."""
    rows = [row for row in _last(own["filter"], plan) if row["difference_from_main"] is not None]
    return [row for row in rows if row["judge"] not in ("oracle", "executes") and not _by_critic(row["judge"])]


def _by_critic(judge: str) -> bool:
    return judge.startswith(("critic_", "cascade_"))


def _called(judge: str) -> str:
    """A filter in a sentence."""
    return "the critic" if judge.startswith("critic_") else _RULES.get(judge, f"the judge {judge}")


def _apart(points: float) -> str:
    return f"{shown(abs(points))} points {'higher' if points > 0 else 'lower'}" if round(points, 1) else "equally high"


def _beyond(row: dict) -> float:
    """By how many points it is above main."""
    return row["difference_from_main"]


def _ends(row: dict) -> str:
    return f"{shown(-row['difference_from_main_high'])}, {shown(-row['difference_from_main_low'])}"


def _trusted(own: Mapping[str, pl.DataFrame], plan: Plan) -> Card | None:
    """What the critic is right about, on the largest set of cases."""
    rows = [row for row in own["critic"].rows(named=True) if row["answer_type"] == "all" and row["judge"] == trusted(plan)]
    rows = [row for row in rows if row["n"] and row["precision"] is not None]
    if not rows:
        return None
    row = max(rows, key=lambda row: row["n"])
    words = (
        f"of what the critic accepts is right; it finds {shown(row['recall'])} % of the right results. "
        f"Cohen's kappa with the truth: {shown(row['kappa'])} (times 100)."
    )
    return Card("Can the critic be trusted?", f"{shown(row['precision'])} %", words, f"{row['label']}, {row['case_set']}, {row['n']} cases")


def _rounds(plan: Plan) -> str:
    return f"{plan.iterations} round{'s' * (plan.iterations > 1)}"


def _count(lines: Mapping[str, dict]) -> int:
    """Claims that are shown."""
    return sum(row["verdict"] == SHOWN for row in lines.values())


def _failed(lines: Mapping[str, dict], plan: Plan) -> Card:
    """What the run does not show, and what it cannot."""
    not_shown = [name.replace("_", " ") for name, row in lines.items() if row["verdict"] == NOT_SHOWN]
    untested = [name.replace("_", " ") for name, row in lines.items() if row["verdict"] not in (SHOWN, NOT_SHOWN)]
    said = [f"{what}: {', '.join(names)}" for what, names in (("not shown", not_shown), ("not testable", untested)) if names]
    return Card(
        "How many claims hold?",
        f"{_count(lines)} of {len(lines)} claims shown",
        ("; ".join(said) or "nothing") + ".",
        f"{_of_family(plan, '{}, ')}lines of the table above",
    )
