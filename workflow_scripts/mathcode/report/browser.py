"""The responses behind the numbers, as one self-contained page: what was asked, answered, run, printed and graded.

The page is browser.html with the data of a run in it, compressed; nothing in it is ever read as HTML.
A place is a benchmark, or the queries that a policy was explored with.
"""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import polars as pl

from mathcode import paths, tables
from mathcode.core.errors import UserError
from mathcode.measures import outcomes
from mathcode.paths import START
from mathcode.report.frame import framed
from mathcode.report.results import EXPLORED, Arm, Results
from mathcode.responses import parse

TEMPLATE = Path(__file__).with_name("browser.html")

_RESPONSE = ["methodology", "rounds"]
_VERDICT = ["outcome", "answer", "attempts", "code_executed"]


class BrowserError(UserError):
    """Not even one item of each place fits the page."""


@dataclass(frozen=True)
class Place:
    """Questions of its own that a method shows of a policy, with one answer to each.

    Attributes:
        name: what it is called; no other policy has a place of that name.
        questions: table `queries`.
        responses: table `rollouts` with the answers, whose mode is the first of the page.
        grades: the rows of table `grades` of the answers that are shown.
        facts: what else is known of a question: query_id and a column for each fact.
        foremost: query_id and `rank`, as for benchmarks.
    """

    name: str
    questions: pl.DataFrame
    responses: Path
    grades: pl.DataFrame
    facts: pl.DataFrame
    foremost: pl.DataFrame


@dataclass(frozen=True)
class Parts:
    """What a method shows on the page, and how.

    Attributes:
        modes: the modes side by side, each with its heading; in the first the policy chooses how to answer.
        in_words: the same in the sentence above the accuracies.
        colours: of each mode, as CSS has them.
        hints: sentences of responses that are marked.
        explored: under which name the rollouts are kept that stand in each mode's place where a policy was explored.
        was_explored: whether a policy was.
        asked: query_id of what it was explored with, for a seed.
        of_items: what is known of items of a benchmark besides answers (query_id and a column for each fact), from the policy, the
            seed, the benchmark, and grades by mode.
        of_queries: the same of the queries that a policy was explored with, for a seed.
        script: pieces of the page's script: filters, mark, facts and order.
        arms: the policies of a family; None: the start policy and every experiment's.
        label: what one is called in lists; None: by experiment and iteration.
        foremost: of a benchmark query_id and `rank`: items of a higher one are shown before others; None: all are alike.
        more: a place of its own for a policy and a seed, or none.
        alone: what such places are called above the table of accuracies.
        chosen_by: how the items of a place were chosen, in a sentence, where not all are there.
    """

    modes: Mapping[str, str]
    in_words: str
    colours: Mapping[str, str]
    hints: Sequence[str]
    explored: Mapping[str, str]
    was_explored: Callable[[Results, Arm], bool]
    asked: Callable[[Results, Arm, int], pl.DataFrame]
    of_items: Callable[[Results, Arm, int, str, Mapping[str, pl.DataFrame]], pl.DataFrame]
    of_queries: Callable[[Results, Arm, int], pl.DataFrame]
    script: Mapping[str, str]
    arms: Callable[[Results, str], Iterable[Arm]] | None = None
    label: Callable[[Results, Arm], str] | None = None
    foremost: Callable[[Results, str], pl.DataFrame] | None = None
    more: Callable[[Results, Arm, int], Place | None] | None = None
    alone: str = "queries it was explored with"
    chosen_by: str = "Shown are the first items by a hash of their ids, the same for all policies"


@dataclass
class Browser:
    """What the page shows. `chosen` holds, for each place, the questions in the order in which items are dropped from the end."""

    run: str
    parts: Parts
    policies: list[dict] = field(default_factory=list)
    chosen: dict[str, pl.DataFrame] = field(default_factory=dict)
    available: dict[str, int] = field(default_factory=dict)
    views: list[dict] = field(default_factory=list)


def collect(results: Results, run: str, benchmarks: Mapping[str, Path], most: int, parts: Parts) -> Browser:
    """Read what the page can show of a run: at most `most` items of a place.

    Args:
        benchmarks: tables `queries` of the benchmarks, by name.

    Raises:
        TableError: a table is missing or damaged.
    """
    made = Browser(run, parts)
    free = next(iter(parts.modes))
    for family in results.plan.families:
        for arm in (parts.arms or _arms)(results, family):
            for seed in results.plan.seeds:
                policy = arm.policy(seed)
                made.policies.append({"id": policy, "label": _label(results, arm, seed, parts)})
                for benchmark in results.plan.benchmarks:
                    if benchmark not in made.chosen:
                        asked = results.grades(policy, free, benchmark).select("query_id").unique()
                        items = tables.QUERIES.read(benchmarks[benchmark]).join(asked, on="query_id", how="semi")
                        _choose(made, benchmark, items, most, parts.foremost and parts.foremost(results, benchmark))
                    made.views.append(_benchmark_view(results, made, arm, seed, benchmark))
                if parts.was_explored(results, arm):
                    place = f"{EXPLORED}, {policy}"
                    own = parts.asked(results, arm, seed)
                    _choose(made, place, results.queries().join(own, on="query_id", how="semi"), most)
                    made.views.append(_exploration_view(results, made, arm, seed, place))
                if parts.more and (shown := parts.more(results, arm, seed)):
                    _choose(made, shown.name, shown.questions, most, shown.foremost)
                    made.views.append(_own_view(made, policy, shown))
    return made


def render(made: Browser, most_bytes: int) -> str:
    """The page, with as many items of each place, the same for all policies, as fit into `most_bytes`.

    Raises:
        BrowserError: one item of each does not fit.
    """
    most = max(len(frame) for frame in made.chosen.values())
    while most >= 1:
        page = _page(made, most)
        if len(page) <= most_bytes:
            return page
        most = min(most - 1, int(most * 0.95 * most_bytes / len(page)))
    raise BrowserError(f"one item of each benchmark for {len(made.policies)} policies does not fit into {most_bytes / 1e6:g} MB")


def _page(made: Browser, most: int) -> str:
    shown = {place: frame.head(most) for place, frame in made.chosen.items()}
    kept = {place: set(frame["query_id"]) for place, frame in shown.items()}
    views = [
        view | {"items": {query: item for query, item in view["items"].items() if query in kept[view["place"]]}} for view in made.views
    ]
    data = {
        "run": made.run,
        "policies": made.policies,
        "places": {place: {"available": made.available[place], "questions": frame.rows()} for place, frame in shown.items()},
        "views": views,
        "hints": list(made.parts.hints),
    }
    packed = gzip.compress(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode(), mtime=0)
    page = _template(made.parts)
    return page.replace("{{run}}", escape(made.run)).replace("{{data}}", base64.b64encode(packed).decode())


def _template(parts: Parts) -> str:
    """The page without a run's data."""
    pieces = {
        "colours": " ".join(f"--{mode}: {colour};" for mode, colour in parts.colours.items()),
        "borders": " ".join(f".answer.{mode} {{ border-top-color: var(--{mode}); }}" for mode in parts.modes),
        "modes_in_words": escape(parts.in_words),
        "alone": json.dumps(parts.alone),
        "columns": str(len(parts.modes)),
        "chosen_by": json.dumps(parts.chosen_by),
        "modes": json.dumps(list(parts.modes.items())),
        **parts.script,
    }
    page = framed(TEMPLATE)
    for name, text in pieces.items():
        page = page.replace(f"{{{{{name}}}}}", text)
    return page


def pieces(path: Path) -> dict[str, str]:
    """The pieces of a script by name: what stands below a line `//: NAME`, without comments at the start of a line."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("//: "):
            found[line.removeprefix("//: ")] = current = []
        elif not line.startswith("//"):
            current.append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def by_lot(query_id: str) -> str:
    """A key to sort items by: an order that nobody chose, the same on every page and for all policies."""
    return hashlib.sha256(query_id.encode()).hexdigest()


def _choose(made: Browser, place: str, asked: pl.DataFrame, most: int, foremost: pl.DataFrame | None = None) -> None:
    """The first items by a hash of their query_id: the same for every policy, and as good as drawn by lot; the foremost before them."""
    order = [by_lot(query) for query in asked["query_id"]]
    ranks = pl.DataFrame(schema={"query_id": pl.String, "rank": pl.Int64}) if foremost is None else foremost.select("query_id", "rank")
    ranked = asked.with_columns(pl.Series("order", order)).join(ranks, on="query_id", how="left").with_columns(pl.col("rank").fill_null(0))
    drawn = ranked.sort("rank", "order", descending=[True, False]).head(most)
    made.chosen[place] = drawn.select("query_id", "question", "gold")
    made.available[place] = asked.height


def _arms(results: Results, family: str) -> Iterable[Arm]:
    yield results.start(family)
    for experiment in results.experiments:
        yield from results.course(experiment, family)[1:]


def _label(results: Results, arm: Arm, seed: int, parts: Parts) -> str:
    called = parts.label(results, arm) if parts.label else _called(results, arm)
    words = [results.plan.families[arm.family].label] * (len(results.plan.families) > 1) + [called]
    return ", ".join(words + [f"seed {seed}"] * (len(results.plan.seeds) > 1))


def _called(results: Results, arm: Arm) -> str:
    return ", ".join([results.plan.label(arm.experiment)] + [f"iteration {arm.iteration}"] * (arm.experiment != START))


def _benchmark_view(results: Results, made: Browser, arm: Arm, seed: int, benchmark: str) -> dict:
    """Greedy responses in every mode, and what the method knows of each item."""
    policy, questions = arm.policy(seed), made.chosen[benchmark]
    graded = {mode: results.grades(policy, mode, benchmark) for mode in made.parts.modes}
    answers = {mode: _answers(results.root / paths.responses(policy, mode, benchmark), graded[mode], questions) for mode in graded}
    facts = made.parts.of_items(results, arm, seed, benchmark, graded)
    return {"policy": policy, "place": benchmark, "rates": _rates(graded), "items": _items(questions, answers, facts)}


def _exploration_view(results: Results, made: Browser, arm: Arm, seed: int, place: str) -> dict:
    """The first rollout of each mode, and what the method made of all of them."""
    policy, questions = arm.policy(seed), made.chosen[place]
    graded, answers = {}, {}
    for mode, name in made.parts.explored.items():
        graded[mode] = tables.GRADES.read(results.root / paths.rollout_grades(policy, name, results.judge), allow_empty=True)
        one = graded[mode].filter(pl.col("sample") == pl.col("sample").min())  # not 0 where iterations explore the same queries
        answers[mode] = _answers(results.root / paths.rollouts(policy, name), one, questions)
    facts = made.parts.of_queries(results, arm, seed)
    return {"policy": policy, "place": place, "rates": _rates(graded), "items": _items(questions, answers, facts)}


def _own_view(made: Browser, policy: str, shown: Place) -> dict:
    """One answer to each question of a place, and what the method knows of it."""
    mode, questions = next(iter(made.parts.modes)), made.chosen[shown.name]
    answers = {mode: _answers(shown.responses, shown.grades, questions)}
    items = _items(questions, answers, shown.facts)
    return {"policy": policy, "place": shown.name, "rates": _rates({mode: shown.grades}), "items": items}


def _rates(graded: Mapping[str, pl.DataFrame]) -> dict[str, list]:
    """By mode: the share of right answers among verdicts, and how many responses were graded."""
    return {mode: [outcomes.usable(frame)["strict"].mean(), frame.height] for mode, frame in graded.items()}


def _answers(path: Path, grades: pl.DataFrame, questions: pl.DataFrame) -> dict[str, list]:
    """By query: methodology, outcome, answer, attempts, whether code ran, and rounds of the response that `grades` has of it."""
    key = ["query_id", "sample"]
    verdicts = grades.join(questions, on="query_id", how="semi").select(*key, *_VERDICT)
    wanted = [pl.col(column).is_in(verdicts[column].unique().implode()) for column in key]
    responses = tables.ROLLOUTS.scan(path).filter(wanted).select(*key, *_RESPONSE).collect()
    return {row["query_id"]: _answer(row) for row in responses.join(verdicts, on=key).iter_rows(named=True)}


def _answer(row: dict) -> list:
    rounds = [[stretches(part["text"]), part["program"] is not None, part["output"], part["outcome"]] for part in row["rounds"]]
    return [row["methodology"], row["outcome"], row["answer"], row["attempts"], row["code_executed"], rounds]


def stretches(text: str) -> list[list]:
    """What the model wrote in a round: stretches of text, and of programs without their fences; no blank ones, no fence at the end."""
    parts: list[list] = []
    for span in parse.spans(text):
        if span.kind == "asked":
            continue
        code = span.kind == "program"
        written = span.block.read(text) if code else text[span.start : span.end]
        if parts and not code and not parts[-1][1]:
            parts[-1][0] += written
        else:
            parts.append([written, code])
    kept = [[written.rstrip() if code else written.strip(), code] for written, code in parts]
    return [part for part in kept if part[0]]


def _items(questions: pl.DataFrame, answers: dict[str, dict[str, list]], facts: pl.DataFrame) -> dict[str, dict]:
    known: dict[str, dict] = {query: {} for query in questions["query_id"]}
    for row in facts.filter(pl.col("query_id").is_in(questions["query_id"].implode())).iter_rows(named=True):
        known[row["query_id"]] = {name: value for name, value in row.items() if name != "query_id" and value is not None}
    complete: Sequence[str] = [query for query in known if all(query in answers[mode] for mode in answers)]
    return {query: {mode: answers[mode][query] for mode in answers} | _rounded(known[query]) for query in complete}


def _rounded(values: dict) -> dict:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
