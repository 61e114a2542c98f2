"""The answers on the page to read first: some sentences, then by how much EM works, with how much code, and how its rivals do."""

from collections.abc import Mapping

import polars as pl

from mathcode.methods.autocode.report import rivals
from mathcode.methods.autocode.report.claims import CLAIMS
from mathcode.methods.autocode.report.plan import EM, Plan
from mathcode.paths import START
from mathcode.report.summary import Card, in_words, interval, shown, verdict, weak

MOST = 3
"""Benchmarks that the first sentences speak of."""


def answer(tables: Mapping[str, pl.DataFrame], plan: Plan) -> list[str]:
    """What EM gains on the first benchmarks, how sure that is, at what cost in programs, and how many claims hold; nothing without EM.

    Args:
        tables: of the run, by name.
    """
    if EM not in plan.experiments:
        return []
    family, benchmark = next(iter(plan.families)), plan.benchmarks[0]
    row = _claims(tables, family, benchmark)
    auto = next(one for one in _of(tables["main"], family, benchmark) if (one["experiment"], one["mode"]) == (EM, "auto"))
    whose = f" of {plan.families[family].label}" if len(plan.families) > 1 else ""
    sentences = [
        f"{plan.label(EM)}{whose}, which chooses for itself, answers {shown(auto['accuracy'])} % of {plan.named(benchmark)} right; "
        f"against the better dictated mode of the start policy that is {_told(row['accuracy'])}.",
    ]
    if row["executions"]["value"] is not None:
        sentences.append(f"It runs {_saved(row['executions'])} than the start policy told to write code.")
    sentences += [f"On {plan.named(other)} it is {_told(_claims(tables, family, other)['accuracy'])}." for other in plan.benchmarks[1:MOST]]
    held = [weak(one) for one in row.values() if one["verdict"] == "supported"]
    before = f" ({sum(held)} only before correction)" if any(held) else ""
    tested = sum(one["verdict"] != "not run" for one in row.values())
    return [*sentences, f"Of {tested} claims of the paper tested here {len(held)} hold on {plan.named(benchmark)}{before}."]


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
    open_ = row["accuracy"]["verdict"] == "not resolved"
    return [
        Card(
            "Did it work?",
            "Not resolved" if open_ else _gained(row["accuracy"]),
            f"{_gained(row['accuracy'])}: accuracy {shown(auto['accuracy'])} % in auto after {plan.iterations} iterations of EM; the start "
            f"policy told to use {plan.labels[better['mode']]} has {shown(better['accuracy'])} %. {in_words(row['accuracy'])}.",
            place,
        ),
        Card(
            "With how much code?",
            _saved(row["executions"]),
            f"{shown(auto['code_rate'])} % of the responses run a program. Compared are program runs with the start policy dictated "
            f"to code. {in_words(row['executions'])}.",
            place,
        ),
        *rivals.cards(
            _of(tables["frontier"], family, benchmark),
            {**_apart(_of(tables["ablation"], family, benchmark), plan), (START, better["mode"]): _turned(row["accuracy"])},
            place,
        ),
    ]


def _apart(ablation: list[dict], plan: Plan) -> dict[tuple[str, str], rivals.Difference]:
    """How far from EM's the accuracy of the other experiments' last policies is."""
    ends = ("difference_from_main", "difference_low", "difference_high")
    last = [row for row in ablation if row["iteration"] == plan.iterations and row["difference_from_main"] is not None]
    return {(row["experiment"], row["mode"]): tuple(row[end] for end in ends) for row in last}


def _turned(row: dict) -> rivals.Difference:
    """The difference of a claim, seen from the other side."""
    return -row["value"], *(None if row[end] is None else -row[end] for end in ("high", "low"))


def _claims(tables: Mapping[str, pl.DataFrame], family: str, benchmark: str) -> dict[str, dict]:
    """Rows of the table of claims, by the name of the claim."""
    told = {row["claim"]: row for row in _of(tables["claims"], family, benchmark)}
    return {claim.name: told[claim.text] for claim in CLAIMS}


def _of(frame: pl.DataFrame, family: str, benchmark: str) -> list[dict]:
    return frame.filter((pl.col("family") == family) & (pl.col("benchmark") == benchmark)).rows(named=True)


def _gained(row: dict) -> str:
    return f"{'+' if row['value'] > 0 else ''}{shown(row['value'])} points"


def _told(row: dict) -> str:
    """A difference with its interval and verdict."""
    return f"{_gained(row)}{interval(row)}: {verdict(row)}"


def _saved(row: dict) -> str:
    if row["value"] is None:
        return "none to save"
    return f"{shown(abs(row['value']))} % {'fewer' if row['value'] >= 0 else 'more'} programs"
