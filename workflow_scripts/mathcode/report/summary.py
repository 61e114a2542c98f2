"""The page to read first: what was run, whether the paper's claims hold in it, by how much, at what cost; then every table.

One self-contained HTML file. It needs no network.
"""

import base64
from collections.abc import Callable
from html import escape
from pathlib import Path

import polars as pl
from pydantic import Field

from mathcode import settings
from mathcode.methods.autocode.report import claims, published
from mathcode.report.columns import INTERVALS, digits, meaning
from mathcode.report.costs import COLUMNS
from mathcode.report.results import EM, START, Plan


class About(settings.Section):
    """What a run was made of, in the words of its settings; made by `about_json` of rules/common.smk."""

    description: str
    queries: list[str] = Field(description="query sets for exploration and RL")
    sft: list[str] = Field(description="SFT sets")
    queries_per_iteration: int
    samples: int = Field(description="K")
    engine: str
    hardware: str = Field(description="what a job asked for")


TITLES = {
    "main": (
        "Main results (Table 1)",
        "The start policy dictated and native, and the policy after the last EM iteration; greedy, one response an item.",
    ),
    "ablation": (
        "Ablations (Table 2)",
        "Native responses after each iteration of each experiment, and their difference from EM on the same items.",
    ),
    "selection": (
        "Selection (Table 3)",
        "Does the first methodology agree with the one that solves an item more often when sampled? And is code used where it is needed?",
    ),
    "dictation": ("Dictation (Table 4)", "The same policies told to reason, told to write a program, and told nothing."),
    "sft_sources": ("SFT sources (Table 5)", "What the start policies were trained on, and what of each benchmark it held before removal."),
    "rounds": (
        "Rounds (Table 6)",
        "Methodology attempts and program runs of native responses. The paper's rounds may be counted otherwise.",
    ),
    "samples": (
        "Several samples (pass@k, maj@k)",
        "The chance that one of k sampled responses is right, and that the answer most of them give is. Not in the paper.",
    ),
    "regimes": (
        "Training regimes (version 3 of the paper)",
        "SFT or none, alone and with RL, and EM; and how likely k native rollouts of a query all choose alike.",
    ),
}

ROWS_SHOWN = 12
"""A longer table is folded at first."""

TEMPLATE = Path(__file__).with_name("summary.html")

_VERDICTS = {"supported": "supported", "contradicted": "contradicted", "not resolved": "unresolved", "not run": "missing"}

_IN_WORDS = {
    "supported": "reproduced",
    "contradicted": "not reproduced: the opposite",
    "not resolved": "cannot be told at this size",
    "not run": "not run",
}
"""Verdicts as a reader asks for them."""

_ON_VERDICTS = (
    "A verdict is what the whole 95 % interval of that line says, where the test of it alone agrees (p at most 0.05). "
    "The p-values shown are adjusted by Holm for all tests of this table; "
    "with one seed they, and the intervals, are over items alone and say nothing about another seed."
)


def render(tables: dict[str, pl.DataFrame], costs: pl.DataFrame, figure: str, plan: Plan, about: About, run: str) -> str:
    """The page as text.

    Args:
        tables: by name, as made by `tabulation.tabulate`.
        costs: as made by `costs.tabulate`.
        figure: an SVG, shown below the claims.
        plan: what the run built, with labels.
        about: what it was made of.
        run: its name.
    """
    picture = base64.b64encode(figure.encode()).decode()
    body = [
        f'<p class="grey">{escape(about.description)}</p>',
        f'<div class="cards">{"".join(_cards(tables, costs, plan))}</div>',
        f"<h2>The paper's claims</h2>{_verdicts(tables['claims'], plan)}<p>{_ON_VERDICTS}</p>",
        f'<p><img alt="Accuracy of each mode, and the code rate of auto" src="data:image/svg+xml;base64,{picture}"></p>',
        f"<h2>What was run</h2>{_made_of(tables['main'], costs, plan, about)}",
        '<p class="grey">The responses behind the numbers: <code>responses.html</code> beside this page, or Responses in the report.</p>',
        *(_section(name, *TITLES[name], tables[name], plan) for name in TITLES),
        _discrepancies(plan),
        _section("costs", "Costs", "What was measured of every job, added up by stage.", costs, plan, COLUMNS.__getitem__),
    ]
    return TEMPLATE.read_text(encoding="utf-8").replace("{{run}}", escape(run)).replace("{{body}}", "\n".join(body))


def _cards(tables: dict[str, pl.DataFrame], costs: pl.DataFrame, plan: Plan) -> list[str]:
    """Did it work, by how much, at what cost: for the first family on the first benchmark."""
    family, benchmark = next(iter(plan.families)), plan.benchmarks[0]
    place = f"{plan.families[family].label}, {benchmark}"
    main = {(row["experiment"], row["mode"]): row for row in _of(tables["main"], family, benchmark)}
    told = {row["claim"]: row for row in _of(tables["claims"], family, benchmark)}
    row = {claim.name: told[claim.text] for claim in claims.CLAIMS}
    cards = []
    if EM in plan.experiments:
        auto = main[EM, "auto"]
        compared = auto["accuracy"] - row["accuracy"]["value"]  # items that lack a verdict in one mode may tip two that are nearly level
        better = min((main[START, mode] for mode in ("cot", "code")), key=lambda one: abs(one["accuracy"] - compared))
        cards += [
            _card(
                "Did it work?",
                _gained(row["accuracy"]),
                f"Accuracy {_number(auto['accuracy'])} % in auto after {plan.iterations} iterations of EM; the better dictated mode of the "
                f"start policy ({better['mode']}) has {_number(better['accuracy'])} %. {_in_words(row['accuracy'])}.",
                place,
            ),
            _card(
                "With how much code?",
                _saved(row["executions"]),
                f"{_number(auto['code_rate'])} % of the responses run a program. Compared are program runs with the start policy dictated "
                f"to code. {_in_words(row['executions'])}.",
                place,
            ),
        ]
    total = costs.filter(pl.col("stage") == "all").row(0, named=True)
    cards.append(
        _card(
            "At what cost?",
            f"{total['gpu_hours']:.1f} GPU hours" if total["gpu_hours"] else f"{_hours(total['hours'])} of jobs",
            f"{total['jobs']} jobs, {_hours(total['hours'])} of wall clock added up, {_hours(total['cpu_hours'])} of processor time; "
            f"the largest needed {total['peak_memory_gb']:.1f} GB. By stage at the end of this page.",
            "all stages measured, training to grading",
        )
    )
    return cards


def _card(title: str, big: str, words: str, place: str) -> str:
    return (
        f'<div class="card"><h3>{escape(title)}</h3><p class="big">{escape(big)}</p>'
        f'<p>{escape(words)}</p><p class="grey">{escape(place)}</p></div>'
    )


def _hours(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"


def _of(frame: pl.DataFrame, family: str, benchmark: str) -> list[dict]:
    return frame.filter((pl.col("family") == family) & (pl.col("benchmark") == benchmark)).rows(named=True)


def _gained(row: dict) -> str:
    return f"{'+' if row['value'] > 0 else ''}{_number(row['value'])} points"


def _saved(row: dict) -> str:
    if row["value"] is None:
        return "none to save"
    return f"{_number(abs(row['value']))} % {'fewer' if row['value'] >= 0 else 'more'} runs"


def _in_words(row: dict) -> str:
    interval = "" if row["low"] is None else f" (95 % interval {_number(row['low'])} to {_number(row['high'])})"
    return f"The paper's claim: {_verdict(row)}{interval}"


def _verdict(row: dict) -> str:
    """A verdict as a reader asks for it; with a warning where it would not stand among all tests of the run."""
    weak = row["verdict"] in ("supported", "contradicted") and row["adjusted_p"] is not None and row["adjusted_p"] > 0.05
    return _IN_WORDS[row["verdict"]] + (", but not after adjusting for all tests" if weak else "")


def _verdicts(frame: pl.DataFrame, plan: Plan) -> str:
    """Each claim with its verdict on every benchmark."""
    titles = ("claim", "where", "effect, 95 % interval", "p, adjusted", "verdict")
    head = "".join(f'<th class="text">{title}</th>' for title in titles)
    rows = []
    for claim in claims.CLAIMS:
        for number, row in enumerate(frame.filter(pl.col("claim") == claim.text).iter_rows(named=True)):
            where = f"{plan.families[row['family']].label}, {row['benchmark']}"
            effect = "" if row["value"] is None else _number(row["value"])
            interval = "" if row["low"] is None else f' <span class="interval">[{_number(row["low"])}, {_number(row["high"])}]</span>'
            p_value = "" if row["adjusted_p"] is None else f"{row['adjusted_p']:.2g}"
            rows.append(
                f'<tr><td class="text long">{escape(claim.text) if number == 0 else ""}</td><td class="text">{escape(where)}</td>'
                f'<td class="text">{effect}{interval}</td><td class="text">{p_value}</td>'
                f'<td class="text verdict {_VERDICTS[row["verdict"]]}">{_verdict(row)}</td></tr>'
            )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _made_of(main: pl.DataFrame, costs: pl.DataFrame, plan: Plan, about: About) -> str:
    items = {name: main.filter(pl.col("benchmark") == name)["n"].max() for name in plan.benchmarks}
    learned = f"SFT {', '.join(about.sft)}; " if about.sft else ""
    facts = {
        "models": ", ".join(family.label for family in plan.families.values()),
        "experiments": ", ".join(plan.experiments.values()),
        "seeds": ", ".join(map(str, plan.seeds)),
        "learned from": f"{learned}queries {', '.join(about.queries)}, {about.queries_per_iteration} an iteration",
        "rollouts": f"K = {about.samples} a query and methodology, and as many native ones",
        "iterations": str(plan.iterations),
        "tested on": ", ".join(f"{name} ({count} items)" for name, count in items.items()),
        "engine": about.engine,
        "a sampling or training job": about.hardware,
        "longest job": _hours(costs.filter(pl.col("stage") != "all")["longest_hours"].max()),
        "intervals": "95 %, "
        + ("over seeds and items" if len(plan.seeds) > 1 else "over items alone: they say nothing about another seed"),
        "shaded cells": f"published values, not ours: Table 1 of arXiv 2502.00691{plan.published}, others of v1 and of the authors' "
        "released program; marks of what was read where are in data/published/README.md. Everything else was measured in this run",
    }
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items()) + "</dl>"


def _discrepancies(plan: Plan) -> str:
    """Where the published numbers disagree with themselves; nothing where none of them is shown."""
    if not any(family.published for family in plan.families.values()):
        return ""
    found = "".join(f"<dt>{escape(row['where'])}</dt><dd>{escape(row['discrepancy'])}</dd>" for row in published.discrepancies())
    return f'\n<h2 id="discrepancies">Published numbers that disagree with themselves</h2>\n<p>Left as printed.</p><dl>{found}</dl>'


def _section(name: str, title: str, sentence: str, frame: pl.DataFrame, plan: Plan, meaning: Callable[[str], str] = meaning) -> str:
    opening = f'<h2 id="{name}">{escape(title)}</h2>\n<p>{escape(sentence)}</p>'
    if frame.is_empty():
        return f"{opening}\n<p>This run has no such rows.</p>"
    hidden = {end for ends in INTERVALS.values() for end in ends}
    columns = [column for column in frame.columns if column not in hidden and not (frame[column].is_null().all() and column != "verdict")]
    head = "".join(f"<th{_text_class(frame, column)}>{escape(column.replace('_', ' '))}</th>" for column in columns)
    rows = "\n".join(f"<tr>{''.join(_cell(column, row, plan) for column in columns)}</tr>" for row in frame.iter_rows(named=True))
    meanings = "".join(f"<dt>{column}</dt><dd>{escape(meaning(column))}</dd>" for column in columns)
    table = f'<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>'
    shown = " open" if frame.height <= ROWS_SHOWN else ""
    return (
        f"{opening}\n<details{shown}><summary>{frame.height} rows</summary>{table}</details>\n"
        f'<details><summary>What the columns mean</summary><dl class="columns">{meanings}</dl></details>'
    )


def _text_class(frame: pl.DataFrame, column: str) -> str:
    return ' class="text"' if frame.schema[column] == pl.String else ""


def _cell(column: str, row: dict, plan: Plan) -> str:
    value = row[column]
    published = "published" if column.startswith("published_") else ""
    if column == "family" and value is not None:
        value = plan.families[value].label
    if column == "experiment" and value is not None:
        value = plan.label(value)
    if value is None:
        return f'<td class="{published}"></td>'
    if column == "verdict":
        return f'<td class="text {_VERDICTS[value]}">{value}</td>'
    if isinstance(value, str):
        return f'<td class="text{" long" if column == "claim" else ""} {published}">{escape(value)}</td>'
    shown = f"{value:g}" if published else _number(value, column)
    low, high = (row.get(end) for end in INTERVALS.get(column, (None, None)))
    interval = f' <span class="interval">[{_number(low)}, {_number(high)}]</span>' if low is not None else ""
    return f'<td class="{published}">{shown}{interval}</td>'


def _number(value: float, column: str = "") -> str:
    """One decimal where a column needs no more, whole numbers as such, a true minus sign."""
    return digits(column, value, 1).replace("-", "\N{MINUS SIGN}")
