"""One self-contained HTML page with all tables of a run, the claims first. Plain HTML and CSS: it needs no network."""

from html import escape

import polars as pl

from autocode import columns as described
from autocode.results import Plan

TITLES = {
    "claims": (
        "Claims",
        "What the paper claims, and what this run shows. One seed says nothing about the next: its intervals are over items alone.",
    ),
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
        "SFT alone, RL on top of it, and EM; with the share of queries whose native rollouts all choose alike. Words are the paper's, second-hand.",
    ),
}

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; margin: 2rem auto; max-width: 110rem; padding: 0 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid #ccc; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.87rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25rem 0.6rem; border-bottom: 1px solid #e4e4e4; text-align: right; white-space: nowrap; }
th { position: sticky; top: 0; background: #f5f5f5; vertical-align: bottom; font-weight: 600; }
td.text, th.text { text-align: left; } td.published { color: #6b4a00; background: #fff8e8; }
td.long { white-space: normal; min-width: 20rem; }
.interval { color: #666; } tr:hover td { background: #f0f6ff; }
.supported { color: #00664a; } .contradicted { color: #a33c00; } .unresolved, .missing { color: #666; }
details { margin: 0.6rem 0; } dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; font-size: 0.87rem; }
dt { font-family: monospace; } dd { margin: 0; }
"""

_VERDICTS = {"supported": "supported", "contradicted": "contradicted", "not resolved": "unresolved", "not run": "missing"}


def render(tables: dict[str, pl.DataFrame], plan: Plan, run: str) -> str:
    """The page as text.

    Args:
        tables: as made by `tabulation.tabulate`.
        plan: labels of families and experiments.
        run: name of the run, for the title.
    """
    sections = [_section(name, tables[name], plan) for name in TITLES]
    seeds = f"{len(plan.seeds)} seed{'s' if len(plan.seeds) > 1 else ''}"
    lead = (
        f"{seeds}, {plan.iterations} iteration{'s' if plan.iterations > 1 else ''}. Numbers are percent unless a column says otherwise; "
        "brackets are 95 % intervals, over seeds where there are several, else over items. "
        "Shaded cells are the paper's values (arXiv 2502.00691v1); "
        "everything else was measured in this run."
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head><meta charset="utf-8"><title>Summary of run {escape(run)}</title>\n'
        f"<style>{_STYLE}</style></head>\n<body>\n<h1>Run {escape(run)}</h1>\n<p>{lead}</p>\n"
        + "\n".join(sections)
        + "\n</body>\n</html>\n"
    )


def _section(name: str, frame: pl.DataFrame, plan: Plan) -> str:
    title, sentence = TITLES[name]
    opening = f'<h2 id="{name}">{escape(title)}</h2>\n<p>{escape(sentence)}</p>'
    if frame.is_empty():
        return f"{opening}\n<p>This run has no such rows.</p>"
    hidden = {end for ends in described.INTERVALS.values() for end in ends}
    columns = [column for column in frame.columns if column not in hidden and not (frame[column].is_null().all() and column != "verdict")]
    head = "".join(f"<th{_text_class(frame, column)}>{escape(column.replace('_', ' '))}</th>" for column in columns)
    rows = "\n".join(f"<tr>{''.join(_cell(column, row, plan) for column in columns)}</tr>" for row in frame.iter_rows(named=True))
    meanings = "".join(f"<dt>{column}</dt><dd>{escape(described.meaning(column))}</dd>" for column in columns)
    return (
        f'{opening}\n<div class="wide"><table><thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n'
        f"<details><summary>What the columns mean</summary><dl>{meanings}</dl></details>"
    )


def _text_class(frame: pl.DataFrame, column: str) -> str:
    return ' class="text"' if frame.schema[column] == pl.String else ""


def _cell(column: str, row: dict, plan: Plan) -> str:
    value = row[column]
    published = ' class="published"' if column.startswith("published_") else ""
    if column == "family" and value is not None:
        value = plan.families[value].label
    if column == "experiment" and value is not None:
        value = plan.label(value)
    if value is None:
        return f"<td{published}></td>"
    if column == "verdict":
        return f'<td class="text {_VERDICTS[value]}">{value}</td>'
    if isinstance(value, str):
        return f'<td class="text{" long" if column == "claim" else ""}">{escape(value)}</td>'
    shown = f"{value:g}" if published else _number(value)
    low, high = (row.get(end) for end in described.INTERVALS.get(column, (None, None)))
    interval = f' <span class="interval">[{_number(low)}, {_number(high)}]</span>' if low is not None else ""
    return f"<td{published}>{shown}{interval}</td>"


def _number(value: float) -> str:
    """One decimal, whole numbers as such, a true minus sign."""
    text = str(value) if isinstance(value, int) else f"{value:.1f}"
    return text.replace("-", "\N{MINUS SIGN}")
