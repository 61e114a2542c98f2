"""The first answers on the page to read first: did it work, does it take a critic, can the critic be trusted, what was not shown?"""

from collections.abc import Mapping

import polars as pl

from mathcode.methods.siam.report.claims import NOT_SHOWN, SHOWN
from mathcode.methods.siam.report.lines import LINES, trusted
from mathcode.methods.siam.report.places import OUT_OF_DOMAIN
from mathcode.methods.siam.report.plan import MAIN, Plan
from mathcode.report.summary import Card, in_words, shown


def cards(tables: Mapping[str, pl.DataFrame], plan: Plan) -> list[Card]:
    """Of the first family; a card whose numbers the run lacks is left out.

    Args:
        tables: of the run, by name.
    """
    family = next(iter(plan.families))
    own = {name: frame.filter(pl.col("family") == family) if "family" in frame.columns else frame for name, frame in tables.items()}
    told = {row["claim"]: row for row in own["claims"].rows(named=True)}
    lines = {line.name: told[line.text] for line in LINES}
    made = [_worked(own, plan, lines), _needed(own, plan), _trusted(own, plan), _failed(lines)]
    return [card for card in made if card is not None]


def _last(frame: pl.DataFrame, plan: Plan) -> list[dict]:
    """Rows of the last round out of the seed's domain, on the first benchmark that has such a part."""
    if frame.is_empty():
        return []
    rows = frame.filter(pl.col("iteration") == plan.iterations, pl.col("part").is_in(OUT_OF_DOMAIN)).rows(named=True)
    return [row for row in rows if row["benchmark"] == rows[0]["benchmark"]]


def _place(row: dict) -> str:
    return f"{row['benchmark']}, part {row['part']}, {row['n']} items, graded by {row['grader']}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{shown(value)} points"


def _worked(own: Mapping[str, pl.DataFrame], plan: Plan, lines: Mapping[str, dict]) -> Card | None:
    rows = [row for row in _last(own["main"], plan) if row["experiment"] == MAIN and row["preference"] is None]
    if not rows or rows[0]["delta"] is None:
        return None
    row = rows[0]
    words = f"Accuracy {shown(row['accuracy'])} % after {plan.iterations} rounds, {shown(row['accuracy'] - row['delta'])} % before (M_0)."
    return Card("Did it work?", _signed(row["delta"]), f"{words} {in_words(lines['generalises'])}.", _place(row))


def _needed(own: Mapping[str, pl.DataFrame], plan: Plan) -> Card | None:
    """What the same rounds lose with a rule for a critic."""
    rules = {"exact": "a strict rule", "lenient": "a rule that reads the numbers of the reference"}
    rows = [row for row in _last(own["filter"], plan) if row["judge"] in rules and row["difference_from_main"] is not None]
    if not rows:
        return None
    said = [
        f"{_signed(-row['difference_from_main'])} over {rules[row['judge']]}"
        + ("" if row["difference_from_main_low"] is None else f" [{_ends(row)}]")
        for row in rows
    ]
    least = max(row["difference_from_main"] for row in rows)
    return Card("Does it take a critic?", _signed(-least), "; ".join(said) + ". The best rule is the one to beat.", _place(rows[0]))


def _ends(row: dict) -> str:
    return f"{shown(-row['difference_from_main_high'])}, {shown(-row['difference_from_main_low'])}"


def _trusted(own: Mapping[str, pl.DataFrame], plan: Plan) -> Card | None:
    rows = [row for row in own["critic"].rows(named=True) if row["answer_type"] == "all" and row["judge"] == trusted(plan) and row["n"]]
    if not rows or rows[0]["precision"] is None:
        return None
    row = rows[0]
    words = (
        f"of what the critic accepts is right; it finds {shown(row['recall'])} % of the right results. "
        f"Kappa with the truth {shown(row['kappa'])} (times 100)."
    )
    return Card("Can the critic be trusted?", f"{shown(row['precision'])} %", words, f"{row['label']}, {row['case_set']}, {row['n']} cases")


def _failed(lines: Mapping[str, dict]) -> Card:
    """What the run does not show, and what it cannot."""
    count = sum(row["verdict"] == SHOWN for row in lines.values())
    not_shown = [name.replace("_", " ") for name, row in lines.items() if row["verdict"] == NOT_SHOWN]
    untested = [name.replace("_", " ") for name, row in lines.items() if row["verdict"] not in (SHOWN, NOT_SHOWN)]
    said = [f"{what}: {', '.join(names)}" for what, names in (("not shown", not_shown), ("not testable", untested)) if names]
    return Card("What failed?", f"{count} of {len(lines)} claims shown", ("; ".join(said) or "nothing") + ".", "lines of the table below")
