"""Which numbers of a run of SIaM go into which figure; how they are drawn is `charts`' and `drawing`'s, how they look is `looks`'.

A function makes the figure of its name from the results and the run's name. What a run did not leave is an empty panel that says so.
"""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mathcode import paths, tables
from mathcode.grading import equality
from mathcode.measures import agreement
from mathcode.methods.siam.report import arms, drawing, evidence, looks
from mathcode.methods.siam.report.places import GENERATED, Place, accuracy, cells, compared, places
from mathcode.methods.siam.report.plan import MODE, SAMPLED
from mathcode.report import charts, judged
from mathcode.report.canvas import Looks
from mathcode.report.case_judges import RULES
from mathcode.report.charts import Curve
from mathcode.report.results import Arm, Results, present

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_GRID = (*np.arange(0.05, 1.0, 0.05).round(2), 0.98, 0.99)
"""Thresholds of a critic that are drawn."""


def rounds(results: Results, run: str) -> "Figure":
    """Accuracy over rounds, part by part, for every experiment; all start from M_0."""
    panels, rows = {}, {}
    columns = {_title(results, place): place for place in places(results)}
    for family, described in results.plan.families.items():
        row = f"{described.label}\naccuracy (%)" if len(results.plan.families) > 1 else "accuracy (%)"
        rows[row] = family
        for column, place in columns.items():
            panels[row, column] = [_course(results, name, family, place) for name in results.experiments]
    return charts.curves(panels, list(rows), list(columns), _looks(results), f"Accuracy over rounds by filter, run {run}{_made(results)}")


def _course(results: Results, experiment: str, family: str, place: Place) -> Curve:
    line = [arms.start(family), *arms.rounds(results.plan, family, experiment)]
    points = [(arm.iteration, found.scaled(100)) for arm in line if (found := accuracy(results, arm, place))]
    label = results.plan.label(experiment)
    return Curve(experiment, label, [number for number, _ in points], [point for _, point in points])


def lengths(results: Results, run: str) -> "Figure":
    """Lengths of sampled responses, before alignment and after each preference; all items of a benchmark, all seeds."""
    panels, labels = {}, {}
    for family, described in results.plan.families.items():
        line = arms.aligned(results.plan, family)
        named = {"before alignment": arms.unaligned(results.plan, family)} if line else {}
        named |= {results.plan.preferences[arm.preference]: arm for arm in line}
        labels |= dict.fromkeys(named)
        for benchmark in results.plan.benchmarks:
            found = {label: evidence.lengths(results, arm, SAMPLED, benchmark, None) for label, arm in named.items()}
            panels[f"{described.label}, {results.plan.named(benchmark)}"] = {
                label: np.concatenate([frame["tokens"].to_numpy() for frame in frames]) for label, frames in found.items() if frames
            }
    return drawing.lengths(panels, looks.series(labels), f"Length of sampled responses, run {run}{_made(results)}")


def threshold(results: Results, run: str) -> "Figure":
    """Precision against coverage as a critic's threshold moves, and where the rules stand; cases that are no attack."""
    critics, rules = _judges(results)
    panels = {}
    for case_set, label in _case_sets(results).items():
        curves = {
            name: agreement.threshold_curve(frame["score"].to_numpy(), frame["true"].to_numpy(), _GRID)
            for name, judge in critics.items()
            if (frame := _cases(results, case_set, judge)) is not None
        }
        stand = {
            name: (frame["accepted"].mean(), frame.filter("accepted")["true"].mean())
            for name, judge in rules.items()
            if (frame := _cases(results, case_set, judge)) is not None and frame["accepted"].any()
        }
        panels[label] = curves, stand
    return drawing.thresholds(panels, looks.series([*critics, *rules]), f"Precision against coverage of a critic's threshold, run {run}")


def reliability(results: Results, run: str) -> "Figure":
    """Is a score of .8 right in 80 of 100 cases? Ten bins; cases that are no attack."""
    critics, _ = _judges(results)
    panels = {
        label: {
            name: agreement.reliability(frame["score"].to_numpy(), frame["true"].to_numpy())
            for name, judge in critics.items()
            if (frame := _cases(results, case_set, judge)) is not None
        }
        for case_set, label in _case_sets(results).items()
    }
    return drawing.reliability(panels, looks.series(critics), f"Reliability of critics, run {run}")


def scores(results: Results, run: str) -> "Figure":
    """Scores of each critic by what the strict rule says of a case, and by the truth where it refuses."""
    critics, _ = _judges(results)
    panels = {}
    for case_set, label in _case_sets(results).items():
        by_rule = _cases(results, case_set, "exact")
        for name, judge in critics.items():
            frame = _cases(results, case_set, judge)
            panels[f"{label}: {name}"] = {} if frame is None or by_rule is None else _classes(frame, by_rule)
    return drawing.scores(panels, looks.CASES, f"Critic score by the strict rule's verdict, run {run}")


def _classes(frame: pl.DataFrame, by_rule: pl.DataFrame) -> dict[str, np.ndarray]:
    accepts = frame.join(by_rule.select("case_id", "seed", rule="accepted"), on=["case_id", "seed"])
    which = (pl.col("rule"), ~pl.col("rule") & pl.col("true"), ~pl.col("rule") & ~pl.col("true"))
    return {label: accepts.filter(wanted)["score"].to_numpy() for label, wanted in zip(looks.CASES, which, strict=True)}


def gains(results: Results, run: str) -> "Figure":
    """What each filter gained over M_0 on a family of questions, against the share of the family's references that the rule refuses."""
    panels = {}
    for family, described in results.plan.families.items():
        for benchmark in results.plan.benchmarks:
            kinds = _kinds(results, benchmark)
            panels[f"{described.label}, {results.plan.named(benchmark)}"] = [
                _gained(results, experiment, family, kinds) for experiment in results.plan.rivals
            ]
    return drawing.gains(panels, _looks(results), f"Gain by share of references that the strict rule refuses, run {run}{_made(results)}")


def _kinds(results: Results, benchmark: str) -> list[tuple[float, Place]]:
    """Families of questions of a benchmark, all of it where it names none: percent of references refused by rule, and their items.

    Of generated tests only ordinary questions count: other words and harder structures fail for reasons of their own.
    """
    policy = arms.start(next(iter(results.plan.families))).policy(results.plan.seeds[0])
    graded = results.grades(policy, MODE, benchmark).select("query_id")
    asked = results.items(benchmark).join(graded, on="query_id", how="semi").with_columns(pl.col("type").fill_null("all"))
    if any(place.part == "outside" for place in places(results, benchmark)):
        asked = asked.filter(pl.col("level").is_in(["seed", "outside"]))
    found = []
    for (kind,), own in sorted(asked.group_by("type"), key=lambda one: one[0]):
        refused = 100 * float(np.mean([_refused(*one) for one in own.select("gold", "values").iter_rows()]))
        found.append((refused, Place(benchmark, kind, frozenset(own["query_id"]))))
    return found


def _refused(gold: str, values: str | None) -> bool:
    """Whether the strict rule refuses the true values of a reference, printed as `print(a, b)` does; or, where they are not known, cannot
    read it."""
    if values is None:
        return not equality.understood(gold)
    printed = values.replace(",", " ")
    return not (equality.numerically_equal(gold, printed) or equality.equal_in_order(gold, printed))


def _gained(results: Results, experiment: str, family: str, kinds: list[tuple[float, Place]]) -> drawing.Gains:
    last: Arm = results.last(experiment, family)
    made = [(refused, compared(results, last, arms.start(family), [place]).effect) for refused, place in kinds]
    points = [(refused, effect.scaled(100)) for refused, effect in made if effect is not None]
    return drawing.Gains(experiment, results.plan.label(experiment), [share for share, _ in points], [effect for _, effect in points])


def _judges(results: Results) -> tuple[dict[str, str], dict[str, str]]:
    """Critics and rules by what they are called in legends."""
    judges = results.plan.case_judges
    critics = {label: f"critic_{name}" for name, label in results.plan.critics.items() if f"critic_{name}" in judges}
    return critics, {RULES[judge]: judge for judge in judges if judge in ("exact", "lenient")}


def _case_sets(results: Results) -> dict[str, str]:
    """Case sets with a label, but for those of attacks alone."""
    found = {name: present(results.root / paths.cases(name), tables.CASES) for name in results.plan.case_sets}
    return {
        name: label
        for name, label in results.plan.case_sets.items()
        if found[name] is None or not found[name].filter(judged.NOT_ATTACK).is_empty()
    }


def _cases(results: Results, case_set: str, judge: str) -> pl.DataFrame | None:
    """Cases that are no attack with a judge's verdicts, all seeds together; None without any."""
    seeds = judged.cases(results, case_set, judge)
    if seeds is None:
        return None
    frames = [
        frame.filter(judged.NOT_ATTACK).with_columns(seed=pl.lit(seed)) for seed, frame in zip(results.plan.seeds, seeds, strict=True)
    ]
    joined = pl.concat(frames)
    return None if joined.is_empty() else joined


def _looks(results: Results) -> Looks:
    return Looks(looks.EXPERIMENTS, list(results.plan.experiments))


def _title(results: Results, place: Place) -> str:
    """A place and its items with a verdict, the fewest of any family."""
    count = min(len(cells(results, [arms.start(family)], [place])[0]) for family in results.plan.families)
    named = results.plan.named(place.benchmark)
    return f"{named if place.items is None else f'{named}: {place.part}'} (n={count})"


def _made(results: Results) -> str:
    """The warning that goes with generated data."""
    return f" ({GENERATED})" if any(place.data == GENERATED for place in places(results)) else ""
