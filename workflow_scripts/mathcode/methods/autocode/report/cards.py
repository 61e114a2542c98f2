"""The answers on the page to read first: one sentence, then by how much EM works, with how much code, and at what price."""

from collections.abc import Mapping

import polars as pl

from mathcode.methods.autocode.report.claims import CLAIMS
from mathcode.methods.autocode.report.plan import EM, Plan
from mathcode.paths import START
from mathcode.report.summary import Card, in_words, interval, shown, verdict


def answer(tables: Mapping[str, pl.DataFrame], plan: Plan) -> str:
    """What EM gains on the first benchmark, how sure that is, at what cost in programs, and how many claims hold; '' without EM.

    Args:
        tables: of the run, by name.
    """
    if EM not in plan.experiments:
        return ""
    family, benchmark = next(iter(plan.families)), plan.benchmarks[0]
    row = _claims(tables, family, benchmark)
    auto = next(one for one in _of(tables["main"], family, benchmark) if (one["experiment"], one["mode"]) == (EM, "auto"))
    whose = f" of {plan.families[family].label}" if len(plan.families) > 1 else ""
    right = f"{plan.label(EM)}{whose}, left to choose, answers {shown(auto['accuracy'])} % of {plan.named(benchmark)} right"
    better = f"{_gained(row['accuracy'])} against the better dictated mode of the start policy{interval(row['accuracy'])}"
    known = row["executions"]["value"] is not None
    fewer = f", with {_saved(row['executions'])} of programs than when that is dictated to code" if known else ""
    held = f"{sum(one['verdict'] == 'supported' for one in row.values())} of {len(row)} claims of the paper are reproduced there"
    return f"{right}: {better}{fewer}; verdict on the gain: {verdict(row['accuracy'])}; {held}."


def cards(tables: Mapping[str, pl.DataFrame], plan: Plan) -> list[Card]:
    """By how much EM is better and what it saves, for the first family on the first benchmark; nothing where a run has no EM.

    Args:
        tables: of the run, by name.
    """
    if EM not in plan.experiments:
        return []
    family, benchmark = next(iter(plan.families)), plan.benchmarks[0]
    place = f"{plan.families[family].label}, {plan.named(benchmark)}"
    main = {(row["experiment"], row["mode"]): row for row in _of(tables["main"], family, benchmark)}
    row = _claims(tables, family, benchmark)
    auto = main[EM, "auto"]
    compared = auto["accuracy"] - row["accuracy"]["value"]  # items that lack a verdict in one mode may tip two that are nearly level
    better = min((main[START, mode] for mode in plan.labels), key=lambda one: abs(one["accuracy"] - compared))
    return [
        Card(
            "Did it work?",
            _gained(row["accuracy"]),
            f"Accuracy {shown(auto['accuracy'])} % in auto after {plan.iterations} iterations of EM; the better dictated mode of the "
            f"start policy ({better['mode']}) has {shown(better['accuracy'])} %. {in_words(row['accuracy'])}.",
            place,
        ),
        Card(
            "With how much code?",
            _saved(row["executions"]),
            f"{shown(auto['code_rate'])} % of the responses run a program. Compared are program runs with the start policy dictated "
            f"to code. {in_words(row['executions'])}.",
            place,
        ),
        _price(_of(tables["frontier"], family, benchmark), place),
    ]


def _price(points: list[dict], place: str) -> Card:
    """Where EM stands among all policies by accuracy and programs run."""
    ours = next(point for point in points if point["experiment"] == EM)
    better = [point for point in points if point["accuracy"] > ours["accuracy"] and point is not ours]
    listed = "; ".join(f"{point['label']}: {shown(point['accuracy'])} % at {point['executions']:.2f}" for point in better)
    words = f"At least as accurate with no more programs, and better in one of the two: {ours['left_behind_by'] or 'no other policy'}."
    return Card("At what price?", f"{ours['executions']:.2f} programs a response", f"{words} More accurate: {listed or 'none'}.", place)


def _claims(tables: Mapping[str, pl.DataFrame], family: str, benchmark: str) -> dict[str, dict]:
    """Rows of the table of claims, by the name of the claim."""
    told = {row["claim"]: row for row in _of(tables["claims"], family, benchmark)}
    return {claim.name: told[claim.text] for claim in CLAIMS}


def _of(frame: pl.DataFrame, family: str, benchmark: str) -> list[dict]:
    return frame.filter((pl.col("family") == family) & (pl.col("benchmark") == benchmark)).rows(named=True)


def _gained(row: dict) -> str:
    return f"{'+' if row['value'] > 0 else ''}{shown(row['value'])} points"


def _saved(row: dict) -> str:
    if row["value"] is None:
        return "none to save"
    return f"{shown(abs(row['value']))} % {'fewer' if row['value'] >= 0 else 'more'} runs"
