"""The page to read first: what was run, whether the paper's claims hold in it, by how much, at what cost; then every table.

One self-contained HTML file. It needs no network.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import polars as pl
from pydantic import Field

from mathcode import settings
from mathcode.report.columns import SHARED, Columns
from mathcode.report.costs import KNOWN as COSTS
from mathcode.report.examples import Examples
from mathcode.report.examples import render as worked
from mathcode.report.frame import framed
from mathcode.report.index import Item
from mathcode.report.results import Plan


class About(settings.Section):
    """What a run was made of, in the words of its settings; made by `about_json` of rules/targets.smk."""

    description: str
    queries: list[str] = Field(description="query sets for exploration and RL")
    sft: list[str] = Field(description="SFT sets")
    queries_per_iteration: int | None = Field(description="null: all of a pool")
    samples: int = Field(description="K")
    engine: str
    hardware: str = Field(description="what a job asked for")


@dataclass(frozen=True)
class Card:
    """An answer in one look: a question, a number, what it means, and where it holds; below the words, what is listed line by line."""

    title: str
    big: str
    words: str
    place: str
    lines: Sequence[str] = ()


@dataclass(frozen=True)
class Remark:
    """A sentence on what a reader must know beside the answers: the section that shows more, if any; whether it is a warning."""

    text: str
    section: str = ""
    grave: bool = False


ON_VERDICTS = (
    "A claim is supported if its whole 95 % interval is on the claimed side and its own test agrees (p at most 0.05, before correction). "
    "The p-values shown are corrected by Holm for all tests of this table. "
    "With one seed, intervals and tests are over items alone and say nothing about another seed."
)


@dataclass(frozen=True)
class Parts:
    """What a method tells on the page.

    Attributes:
        tables: shown in this order, those that have a title.
        columns: of these tables.
        main: the table that says how many items a benchmark has, in its column n.
        claims: of the paper, in words, in the order of the table `claims`.
        answer: the first sentences of the page, from the tables by name and the plan; the first is the answer; [] where there is none.
        remarks: what stands below the claims, from the same.
        cards: what more there is to the answer, from the tables by name and the plan.
        picture: what the figure shows, to who cannot see it.
        legend: how to read it; empty: it needs no words.
        words: terms of the page, and what they mean.
        rollouts: sentence about how queries are explored.
        published: sentence about where the published values are from.
        discrepancies: where published numbers disagree with themselves: rows of keys where and discrepancy.
        on_verdicts: sentence below the claims.
        caution: sentence that no table may be read without, from the tables by name; empty: none.
    """

    tables: Sequence[Item]
    columns: Columns
    main: str
    claims: Sequence[str]
    answer: Callable[[Mapping[str, pl.DataFrame], Plan], list[str]]
    cards: Callable[[Mapping[str, pl.DataFrame], Plan], list[Card]]
    picture: str
    rollouts: Callable[[About], str]
    published: Callable[[Plan], str]
    discrepancies: Callable[[], list[dict[str, str]]]
    on_verdicts: str = ON_VERDICTS
    caution: Callable[[Mapping[str, pl.DataFrame]], str] = lambda tables: ""
    remarks: Callable[[Mapping[str, pl.DataFrame], Plan], list[Remark]] = lambda tables, plan: []
    legend: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


ROWS_SHOWN = 20
"""A longer table is folded at first."""

TEMPLATE = Path(__file__).with_name("summary.html")

_VERDICTS = {
    "supported": "supported",
    "contradicted": "contradicted",
    "not resolved": "unresolved",
    "not run": "missing",
    "shown": "supported",
    "not shown": "unresolved",
    "not testable at this size": "missing",
}
"""Verdicts, and the class of the page that colours them."""

_IN_WORDS = {"contradicted": "the opposite holds"}
"""Verdicts as a reader asks for them, where these are others."""


@dataclass(frozen=True)
class Made:
    """What the page is made of.

    Attributes:
        tables: by name, as made by `rows.tabulate`; one is called claims.
        costs: as made by `costs.tabulate`.
        figure: an SVG, shown above the claims.
        examples: worked ones.
        about: what the run was made of.
        run: its name.
    """

    tables: Mapping[str, pl.DataFrame]
    costs: pl.DataFrame
    figure: str
    examples: Examples
    about: About
    run: str


def render(made: Made, plan: Plan, parts: Parts) -> str:
    """The page as text.

    Args:
        plan: what the run built, with labels.
        parts: what its method tells.
    """
    tables, costs = made.tables, made.costs
    picture = base64.b64encode(made.figure.encode()).decode()
    cards = "".join(map(_card, [*parts.cards(tables, plan), _cost(costs)]))
    said = parts.answer(tables, plan)
    answer = f'<p class="answer">{escape(said[0])}</p><p class="beside">{escape(" ".join(said[1:]))}</p>' if said else ""
    caution = f'<p class="caution"><strong>{escape(said)}</strong></p>' if (said := parts.caution(tables)) else ""
    listed = [item for item in parts.tables if item.title]
    body = [
        f'<p class="grey">{escape(made.about.description)}</p>{answer}{caution}',
        f'<div class="wide" tabindex="0"><img class="first" alt="{escape(parts.picture)}" src="data:image/svg+xml;base64,{picture}"></div>'
        + _below(parts),
        f"<h2>The paper's claims</h2>{_verdicts(tables['claims'], plan, parts.claims)}<p>{escape(parts.on_verdicts)}</p>{caution}",
        *map(_remark, parts.remarks(tables, plan)),
        f'<div class="cards">{cards}</div>',
        worked(made.examples),
        f"<h2>What was run</h2>{_made_of(tables[parts.main], costs, plan, made.about, parts)}",
        '<p class="grey">The responses behind the numbers: <code>responses.html</code> beside this page, or Responses in the report.</p>',
        *(section(item.name, item.title, item.about, tables[item.name], plan, parts.columns, caution) for item in listed),
        _discrepancies(plan, parts.discrepancies),
        section("costs", "Costs", "What was measured of every job, added up by stage.", costs, plan, COSTS),
    ]
    return page(f"Summary of run {made.run}", f"Results of the run {made.run}", "\n".join(body))


def _below(parts: Parts) -> str:
    """What stands below the figure: how to read it, and the words of the page."""
    legend = f'<p class="grey">{escape(parts.legend)}</p>' if parts.legend else ""
    words = "".join(f"<dt>{escape(word)}</dt><dd>{escape(meaning)}</dd>" for word, meaning in parts.words.items())
    return legend + (f"<details><summary>Words used on this page</summary><dl>{words}</dl></details>" if words else "")


def page(title: str, heading: str, body: str) -> str:
    """A self-contained page in the look of the summary; `body` is HTML."""
    text = framed(TEMPLATE)
    return text.replace("{{title}}", escape(title)).replace("{{heading}}", escape(heading)).replace("{{body}}", body)


def _cost(costs: pl.DataFrame) -> Card:
    total = costs.filter(pl.col("stage") == "all").row(0, named=True)
    memory = f"; the largest needed {total['peak_memory_gb']:.1f} GB" if total["peak_memory_gb"] is not None else ""
    return Card(
        "At what cost?",
        f"{total['gpu_hours']:.1f} GPU hours" if total["gpu_hours"] else f"{_hours(total['hours'])} of jobs",
        f"{total['jobs']} jobs, {_hours(total['hours'])} of wall clock added up, {_hours(total['cpu_hours'])} of processor time{memory}. "
        "By stage at the end of this page.",
        "all stages measured, training to grading",
    )


def _card(card: Card) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in card.lines)
    return (
        f'<div class="card"><h3>{escape(card.title)}</h3><p class="big">{escape(card.big)}</p>'
        f'<p>{escape(card.words)}</p>{f"<ul>{lines}</ul>" if lines else ""}<p class="grey">{escape(card.place)}</p></div>'
    )


def _remark(remark: Remark) -> str:
    text = escape(remark.text)
    more = f' <a href="#{remark.section}">More</a>' if remark.section else ""
    return f'<p class="caution"><strong>{text}</strong>{more}</p>' if remark.grave else f'<p class="grey">{text}{more}</p>'


def _hours(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.0f} minutes"


def in_words(row: dict) -> str:
    """What a row of the table of claims says, as a sentence."""
    return f"The paper's claim: {verdict(row)}{interval(row)}"


def interval(row: dict) -> str:
    """The interval of a row of that table, in brackets; nothing where it has none."""
    return "" if row["low"] is None else f" (95 % interval {shown(row['low'])} to {shown(row['high'])})"


def verdict(row: dict) -> str:
    """A verdict as a reader asks for it; with a warning where it would not stand among all tests of the run."""
    return _IN_WORDS.get(row["verdict"], row["verdict"]) + (", only before correction" if weak(row) else "")


def weak(row: dict) -> bool:
    """Whether a verdict holds by its own test, and not among all tests of the run."""
    return row["verdict"] in ("supported", "contradicted") and row["adjusted_p"] is not None and row["adjusted_p"] > 0.05


def _verdicts(frame: pl.DataFrame, plan: Plan, claims: Sequence[str]) -> str:
    """Each claim with its verdict on every benchmark."""
    titles = ("claim", "where", "effect, 95 % interval", "p, corrected", "verdict")
    head = "".join(f'<th class="text">{title}</th>' for title in titles)
    rows = []
    for claim in claims:
        for number, row in enumerate(frame.filter(pl.col("claim") == claim).iter_rows(named=True)):
            again = " again" if number else ""
            family = plan.families[row["family"]].label if len(plan.families) > 1 or not row["benchmark"] else ""
            where = ", ".join(filter(None, (family, plan.named(row["benchmark"] or ""))))
            detail = f'<br><span class="grey">{escape(row["detail"])}</span>' if row.get("detail") else ""
            sign = "+" if claim.endswith(", points") and (row["value"] or 0) > 0 else ""
            effect = "" if row["value"] is None else sign + shown(row["value"])
            interval = "" if row["low"] is None else f' <span class="interval">[{shown(row["low"])}, {shown(row["high"])}]</span>'
            p_value = "" if row["adjusted_p"] is None else "&lt; 0.001" if row["adjusted_p"] < 0.001 else f"{row['adjusted_p']:.2g}"
            kind = "weak" if weak(row) else _VERDICTS[row["verdict"]]
            rows.append(
                f'<tr><td class="text long{again}">{escape(claim) if number == 0 else ""}{detail}</td><td class="text">{escape(where)}</td>'
                f'<td class="text" data-name="effect">{effect}{interval}</td><td class="text" data-name="p, corrected">{p_value}</td>'
                f'<td class="text verdict {kind}">{verdict(row)}</td></tr>'
            )
    return (
        f'<div class="wide" tabindex="0"><table class="claims"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _made_of(main: pl.DataFrame, costs: pl.DataFrame, plan: Plan, about: About, parts: Parts) -> str:
    learned = f"SFT {', '.join(about.sft)}; " if about.sft else ""
    items = {name: _items(main.filter(pl.col("benchmark") == name)) for name in plan.benchmarks}
    each = "as many as a pool has" if about.queries_per_iteration is None else f"{about.queries_per_iteration}"
    facts = {
        "models": ", ".join(family.label for family in plan.families.values()),
        "experiments": ", ".join(plan.experiments.values()),
        "seeds": ", ".join(map(str, plan.seeds)),
        "learned from": f"{learned}queries {', '.join(about.queries)}, {each} an iteration",
        "rollouts": parts.rollouts(about),
        "iterations": str(plan.iterations),
        "tested on": ", ".join(f"{plan.named(name)} ({count} items)" for name, count in items.items()),
        "engine": about.engine,
        "a sampling or training job": about.hardware,
        "longest job": _hours(costs.filter(pl.col("stage") != "all")["longest_hours"].max()),
        "intervals": "95 %, "
        + ("over seeds and items" if len(plan.seeds) > 1 else "over items alone: they say nothing about another seed"),
    }
    if any(family.published for family in plan.families.values()):
        facts["shaded cells"] = f"published values, not ours: {parts.published(plan)}. Everything else was measured in this run"
    return "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts.items()) + "</dl>"


def _items(rows: pl.DataFrame) -> int | None:
    """Items of a benchmark; of its parts together where it has any."""
    if "part" not in rows.columns:
        return rows["n"].max()
    return rows.group_by("part").agg(pl.col("n").max())["n"].sum()


def _discrepancies(plan: Plan, known: Callable[[], list[dict[str, str]]]) -> str:
    """Where the published numbers disagree with themselves; nothing where none of them is shown."""
    if not any(family.published for family in plan.families.values()):
        return ""
    found = "".join(f"<dt>{escape(row['where'])}</dt><dd>{escape(row['discrepancy'])}</dd>" for row in known())
    return f'\n<h2 id="discrepancies">Published numbers that disagree with themselves</h2>\n<p>Left as printed.</p><dl>{found}</dl>'


def section(name: str, title: str, sentence: str, frame: pl.DataFrame, plan: Plan | None, known: Columns, caution: str = "") -> str:
    """A table as part of a page, below its title and a sentence; without a plan it may have no column family or experiment."""
    opening = f'<h2 id="{name}">{escape(title)}</h2>\n<p>{escape(sentence)}</p>{caution}'
    if frame.is_empty():
        return f"{opening}\n<p>Nothing to show.</p>"
    hidden = known.ends()
    columns = [column for column in frame.columns if column not in hidden and not (frame[column].is_null().all() and column != "verdict")]
    same = [column for column in columns if frame.height > 1 and _places_rows(frame, column) and _one_value(frame[column])]
    alike = ", ".join(f"{_named(column)} {_text(column, frame[column][0], plan, known)}" for column in same if frame[column][0] != "")
    varied = [column for column in columns if column not in same] or columns
    head = "".join(
        f'<th class="{_classes(frame, column, known)}" title="{escape(known.meaning(column))}">{escape(_named(column))}</th>'
        for column in varied
    )
    rows = "\n".join(f"<tr>{''.join(_cell(column, row, plan, known) for column in varied)}</tr>" for row in frame.iter_rows(named=True))
    meanings = "".join(f"<dt>{column}</dt><dd>{escape(known.meaning(column))}</dd>" for column in columns)
    more = f'<label><input type="checkbox"> all columns, as in {name}.csv</label>' if known.folded & {*varied} else ""
    table = f'<table class="sortable"><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table>'
    wide = f'{more}<div class="wide" tabindex="0">{table}</div>'
    opened = " open" if frame.height <= ROWS_SHOWN else ""
    counted = ("1 row" if frame.height == 1 else f"{frame.height} rows") + (f", all with {escape(alike)}" if alike else "")
    return (
        f"{opening}\n<details{opened}><summary>{counted}</summary>{wide}</details>\n"
        f'<details><summary>What the columns mean</summary><dl class="columns">{meanings}</dl></details>'
    )


def _places_rows(frame: pl.DataFrame, column: str) -> bool:
    """Whether a column says what its row is about: said once where all rows are about the same. What was measured stays in the table."""
    text = frame.schema[column] == pl.String and column != "verdict"
    return text or column in ("iteration", "seeds", "n", "infrastructure_errors")


def _one_value(series: pl.Series) -> bool:
    return series.n_unique() == 1 and not series.has_nulls()


def _classes(frame: pl.DataFrame, column: str, known: Columns) -> str:
    return " ".join(["text"] * (frame.schema[column] == pl.String) + ["folded"] * (column in known.folded))


def _cell(column: str, row: dict, plan: Plan | None, known: Columns) -> str:
    value = row[column]
    kind = " ".join(["published"] * column.startswith("published") + ["folded"] * (column in known.folded))
    if value is None:
        return f'<td class="{kind}"></td>'
    text = escape(_text(column, value, plan, known))
    if column == "verdict":
        return f'<td class="text {_VERDICTS[value]}">{text}</td>'
    if isinstance(value, str):
        return f'<td class="text {kind}">{text}</td>'
    low, high = (row.get(end) for end in known.intervals.get(column, (None, None)))
    interval = f' <span class="interval">[{shown(low)}, {shown(high)}]</span>' if low is not None else ""
    return f'<td class="{kind}">{text}{interval}</td>'


def _named(column: str) -> str:
    return column.replace("_", " ")


def _text(column: str, value: str | float, plan: Plan | None, known: Columns) -> str:
    """A value as a reader knows it: names of families and experiments in words, numbers with as many decimals as they need."""
    if column == "family":
        return plan.families[value].label
    if column == "benchmark" and plan:
        return plan.named(value)
    if column == "experiment":
        return plan.label(value)
    if isinstance(value, str):
        return value
    return f"{value:g}" if column.startswith("published") else shown(value, column, known)


def shown(value: float, column: str = "", known: Columns = SHARED) -> str:
    """A number with one decimal where its column needs no more, whole numbers as such, a true minus sign."""
    return known.digits(column, value, 1).replace("-", "\N{MINUS SIGN}")
