"""The tables a run ends with. Shares are in percent, as in the paper, rounded to its two decimals.

Every table but `claims` opens with the columns of `COMMON`; their meaning, and that of each table's own columns, is in `MEANING`.
Uncertainty is over seeds (Student's t) where a run has several, else over items (Wilson; paired bootstrap for differences).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from autocode import metrics, published, statistics
from autocode.results import EM, START, Arm, Results
from autocode.statistics import Interval

COMMON = [
    "experiment",
    "family",
    "iteration",
    "seeds",
    "mode",
    "benchmark",
    "n",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "code_rate",
    "code_written_rate",
    "code_decides_rate",
    "published_accuracy",
    "published_code_rate",
    "contaminated",
]

OWN = {
    "main": ["lenient_accuracy", "infrastructure_errors", "gain_over_start", "gain_low", "gain_high", "published_delta"],
    "ablation": ["label", "difference_from_main", "difference_low", "difference_high"],
    "selection": [
        *("selection_macc", "selection_macc_low", "selection_macc_high", "recall_cot", "recall_code", "cot_preferred", "code_preferred"),
        *("unlabelled", "accuracy_correct_selection", "improvement", "cot_accuracy", "code_accuracy"),
        *("strict_share", "allow_code_share", "misaligned_share"),
        *("published_selection_macc", "published_recall_cot", "published_recall_code", "published_accuracy_correct_selection"),
        *("published_improvement", "published_cot_accuracy", "published_code_accuracy"),
    ],
    "dictation": ["compliance"],
    "sft_sources": ["dataset", "pairs", "cot_pairs", "code_pairs", "queries", "rows_before", "removed_rows", "published_queries"],
    "rounds": [
        *("attempts_1", "attempts_2", "attempts_3", "attempts_4_or_more", "executions_per_response", "programs_failed"),
        *("published_attempts_1", "published_attempts_2", "published_attempts_3"),
    ],
}
"""Columns of each table after the common ones."""

CLAIMS = ["claim", "family", "benchmark", "seeds", "value", "low", "high", "n", "verdict"]

INTERVALS = {
    "accuracy": ("accuracy_low", "accuracy_high"),
    "gain_over_start": ("gain_low", "gain_high"),
    "difference_from_main": ("difference_low", "difference_high"),
    "selection_macc": ("selection_macc_low", "selection_macc_high"),
    "value": ("low", "high"),
}
"""The columns that hold the ends of another column's interval."""

MEANING = {
    "experiment": "row of settings that trained the policy; start: the policy iteration 1 starts from",
    "family": "base model",
    "mode": "auto: nothing dictated; cot, code: the methodology is dictated",
    "benchmark": "test set",
    "iteration": "iterations trained; 0 for the start policy",
    "seeds": "training seeds behind the row",
    "n": "items with a verdict, per seed (the fewest of the seeds)",
    "accuracy": "percent of items whose last stated answer is right, greedy; mean over seeds",
    "accuracy_low": "lower end of its 95 % interval: Student's t over seeds, Wilson over items for one seed",
    "accuracy_high": "upper end of the same",
    "code_rate": "percent of responses with at least one executed program",
    "code_written_rate": "percent of responses that hold a program or a print( call",
    "code_decides_rate": "percent of responses whose graded answer is what a program printed",
    "published_accuracy": "the paper's value (arXiv 2502.00691v1), percent; blank where it gives none",
    "published_code_rate": "the paper's value; by the released program, responses that hold code in what was graded",
    "contaminated": "evaluated items that share their text or a run of words with a training row before removal",
    "lenient_accuracy": "percent of items where any stated answer is right",
    "infrastructure_errors": "responses without a verdict because execution or grading broke, all seeds; in no other column",
    "gain_over_start": "accuracy of auto minus the better dictated mode of the start policy, points, on items all three have",
    "gain_low": "lower end of its 95 % interval: Student's t over seeds; for one seed paired bootstrap over items, "
    "the better mode chosen anew in each resample",
    "gain_high": "upper end of the same",
    "published_delta": "the paper's printed difference (auto minus code mode)",
    "label": "the experiment in words",
    "difference_from_main": "accuracy minus that of EM after as many iterations, points, on the same items",
    "difference_low": "lower end of its 95 % interval, as for gain_over_start",
    "difference_high": "upper end of the same",
    "selection_macc": "mean of the two recalls, percent; 50 is what one choice for all gives",
    "selection_macc_low": "lower end of its 95 % interval: Student's t over seeds, bootstrap over items for one seed",
    "selection_macc_high": "upper end of the same",
    "recall_cot": "percent of CoT-preferred items whose first methodology is CoT",
    "recall_code": "percent of code-preferred items whose first methodology is code",
    "cot_preferred": "items whose sampled dictated rollouts are right more often, or as often, by CoT; mean over seeds",
    "code_preferred": "items whose sampled dictated rollouts are right more often by code; mean over seeds",
    "unlabelled": "items that neither methodology ever solved; mean over seeds",
    "accuracy_correct_selection": "accuracy among items with the right first methodology, percent",
    "improvement": "accuracy of auto minus the better dictated mode of the same policy, points",
    "cot_accuracy": "accuracy of the same policy dictated to CoT, percent",
    "code_accuracy": "accuracy of the same policy dictated to code, percent",
    "strict_share": "percent of correct responses whose first methodology is the oracle's (code iff only code is right)",
    "allow_code_share": "percent of correct responses that use code where both methodologies are right",
    "misaligned_share": "the rest of the correct responses, percent",
    "compliance": "percent of responses whose first methodology is the dictated one",
    "dataset": "SFT source; a row for each benchmark it was compared with",
    "pairs": "question-solution pairs in the run's SFT data",
    "cot_pairs": "of these, CoT solutions",
    "code_pairs": "of these, solutions with programs",
    "queries": "distinct questions among the pairs",
    "rows_before": "pairs before anything was removed",
    "removed_rows": "pairs removed because of this benchmark",
    "published_queries": "questions the authors' released corpus takes from the source",
    "attempts_1": "responses with one methodology attempt, per seed (mean)",
    "attempts_2": "with two: one reflective hint",
    "attempts_3": "with three",
    "attempts_4_or_more": "with more",
    "executions_per_response": "executed programs per response",
    "programs_failed": "percent of executed programs that ended with an error or at a limit",
    "published_attempts_1": "the paper's responses with one round",
    "published_attempts_2": "with two",
    "published_attempts_3": "with three",
    "claim": "what is claimed",
    "value": "its measure, percent or points",
    "low": "lower end of the 95 % interval",
    "high": "upper end of the same",
    "verdict": "supported or contradicted where the whole interval says so, else not resolved; not run: the run lacks a policy",
}
"""A phrase for every column; a further published_ column is the paper's value of the column it is named after."""


def meaning(column: str) -> str:
    """What a column holds."""
    if column not in MEANING and column.removeprefix("published_") in MEANING:
        return f"the paper's value of {column.removeprefix('published_')}"
    return MEANING[column]


def tabulate(results: Results) -> dict[str, pl.DataFrame]:
    """All tables of a run by name, `claims` last.

    Raises:
        ResultsError, TableError: a file of the run is missing or damaged.
        PublishedError: a family names a published row that does not exist.
    """
    for name, family in results.plan.families.items():
        published.check(family.published, name)
    makers = {"main": _main, "ablation": _ablation, "selection": _selection, "dictation": _dictation, "rounds": _rounds}
    made = {name: _frame(make(results), COMMON + OWN[name]) for name, make in makers.items()}
    made["sft_sources"] = _frame(_sft_sources(results), COMMON + OWN["sft_sources"])
    return {name: made[name] for name in OWN} | {"claims": _frame(_claims(results), CLAIMS)}


def gain_over_start(means: np.ndarray) -> np.ndarray:
    """Auto minus the better of two dictated modes, from means of [auto, cot, code]."""
    return means[..., 0] - np.maximum(means[..., 1], means[..., 2])


def difference(means: np.ndarray) -> np.ndarray:
    """First minus second."""
    return means[..., 0] - means[..., 1]


def over_seeds(values: list[float | None]) -> Interval | None:
    """Mean and t interval over seeds; None where a seed has no value."""
    return None if None in values else statistics.t_interval(values)


def accuracy(results: Results, arm: Arm, mode: str, benchmark: str) -> Interval:
    """Accuracy as a share: t interval over seeds, Wilson's over items for one seed."""
    return _share(results.seed_scores(arm, mode, benchmark), "accuracy", "correct")


def code_rate(results: Results, arm: Arm, mode: str, benchmark: str) -> Interval:
    """Code rate as a share, interval as for accuracy."""
    return _share(results.seed_scores(arm, mode, benchmark), "code_rate", None)


def selection_labels(results: Results, arm: Arm, benchmark: str) -> list[pl.DataFrame]:
    """Monte-Carlo labels of every seed."""
    sampled = [results.seed_grades(arm, f"{name}_sampled", benchmark) for name in ("cot", "code")]
    return [metrics.selection_labels(*pair) for pair in zip(*sampled, strict=True)]


def alignment(results: Results, arm: Arm, benchmark: str) -> dict[str, int]:
    """Alignment classes of correct native responses, summed over seeds."""
    evaluations = zip(*(results.seed_grades(arm, mode, benchmark) for mode in ("auto", "cot", "code")), strict=True)
    counts = [metrics.alignment(*grades) for grades in evaluations]
    return {name: sum(count[name] for count in counts) for name in metrics.ALIGNMENTS}


def _share(scores: list[dict], name: str, count: str | None) -> Interval:
    if len(scores) > 1:
        interval = statistics.t_interval([score[name] for score in scores])
        return Interval(interval.value, max(0.0, interval.low), min(1.0, interval.high))
    (only,) = scores
    return statistics.wilson_interval(only[count] if count else round(only[name] * only["n"]), only["n"])


def _common(results: Results, arm: Arm, mode: str, benchmark: str, paper: dict) -> dict:
    """The columns of `COMMON`."""
    scores = results.seed_scores(arm, mode, benchmark)
    measured = accuracy(results, arm, mode, benchmark)
    rates = ("code_rate", "code_written_rate", "code_decides_rate")
    return {
        "experiment": arm.experiment,
        "family": arm.family,
        "iteration": arm.iteration,
        "seeds": len(scores),
        "mode": mode,
        "benchmark": benchmark,
        "n": min(score["n"] for score in scores),
        **_percent("accuracy", measured),
        **{name: _hundred(_mean(scores, name)) for name in rates},
        "published_accuracy": paper.get("accuracy"),
        "published_code_rate": paper.get("code_rate"),
        "contaminated": scores[0]["contaminated"],
    }


def _main(results: Results) -> list[dict]:
    """Table 1: the start policy and EM's last policy in every mode, and the gain of auto."""
    rows = []
    for family, benchmark in _cells(results):
        start = results.start(family)
        arms = [start, results.last(EM, family)] if EM in results.plan.experiments else [start]
        for arm in arms:
            for mode in ("cot", "code", "auto"):
                role = _main_role(arm, mode)
                row = _common(results, arm, mode, benchmark, _published(results, family, role, benchmark))
                scores = results.seed_scores(arm, mode, benchmark)
                row["lenient_accuracy"] = _hundred(_mean(scores, "lenient_accuracy"))
                row["infrastructure_errors"] = sum(score["infrastructure_errors"] for score in scores)
                if arm != start and mode == "auto":
                    row |= _percent("gain", _gain(results, family, benchmark), value="gain_over_start")
                    row["published_delta"] = _published(results, family, "delta", benchmark).get("accuracy")
                rows.append(row)
    return rows


def _main_role(arm: Arm, mode: str) -> str | None:
    """The paper has dictated rows for the start policy and a native one for EM."""
    if arm.experiment == EM:
        return "auto" if mode == "auto" else None
    return None if mode == "auto" else mode


def _ablation(results: Results) -> list[dict]:
    """Table 2: every experiment after every iteration, native; and the start policy."""
    rows = []
    for family, benchmark in _cells(results):
        start = results.start(family)
        for mode in ("auto", "code"):
            role = "ablation_start" if mode == "code" else None
            paper = _published(results, family, role, benchmark)
            rows.append(_common(results, start, mode, benchmark, paper) | {"label": results.plan.label(START)})
        for experiment in results.experiments:
            for arm in results.course(experiment, family)[1:]:
                paper = _published(results, family, _ablation_role(results, arm), benchmark)
                row = _common(results, arm, "auto", benchmark, paper) | {"label": results.plan.label(experiment)}
                if EM in results.plan.experiments and experiment != EM:
                    row |= _percent("difference", _versus(results, arm, benchmark, "strict"), value="difference_from_main")
                rows.append(row)
    return rows


def _ablation_role(results: Results, arm: Arm) -> str | None:
    """Table 2 has EM at its end, NO_REFL after iteration 1, and standard RL after 2 (at how many rollouts it does not say)."""
    if arm.experiment == EM:
        return "ablation_main" if arm.iteration == results.plan.iterations else None
    roles = {
        ("no_reflection", 1): "ablation_no_reflection",
        ("standard_rl", 2): "ablation_standard_rl",
        ("standard_rl_equal_rollouts", 2): "ablation_standard_rl",
    }
    return roles.get((arm.experiment, arm.iteration))


def _selection(results: Results) -> list[dict]:
    """Table 3: selection accuracy and alignment of start policies and last iterations."""
    rows = []
    for family, benchmark in _cells(results, results.plan.selection_benchmarks):
        for arm in results.evaluated(family):
            role = {START: "selection_start", EM: "selection_main"}.get(arm.experiment)
            paper = published.on_math(results.plan.families[family].published, role, benchmark) if role else {}
            common = _common(results, arm, "auto", benchmark, {"accuracy": paper.get("acc"), "code_rate": paper.get("code_rate")})
            rows.append(common | _selection_numbers(results, arm, benchmark) | _selection_published(paper))
    return rows


def _selection_numbers(results: Results, arm: Arm, benchmark: str) -> dict:
    graded = results.seed_grades(arm, "auto", benchmark)
    labels = selection_labels(results, arm, benchmark)
    pairs = list(zip(graded, labels, strict=True))
    measured = [metrics.selection(auto, label) for auto, label in pairs]
    dictated = {mode: accuracy(results, arm, mode, benchmark).value for mode in ("cot", "code")}
    aligned = alignment(results, arm, benchmark)
    correct = sum(aligned.values())
    improvements = [
        metrics.improvement(*(results.scores(arm.policy(seed), mode, benchmark)["accuracy"] for mode in ("auto", "cot", "code")))
        for seed in results.plan.seeds
    ]
    shares = ("recall_cot", "recall_code", "accuracy_correct_selection")
    counts = ("cot_preferred", "code_preferred", "unlabelled")
    return {
        **_percent("selection_macc", _macc(pairs, measured)),
        **{name: _hundred(_of(over_seeds([getattr(one, name) for one in measured]))) for name in shares},
        **{name: _rounded(float(np.mean([getattr(one, name) for one in measured]))) for name in counts},
        "improvement": _hundred(float(np.mean(improvements))),
        "cot_accuracy": _hundred(dictated["cot"]),
        "code_accuracy": _hundred(dictated["code"]),
        **{f"{name}_share": _hundred(count / correct) if correct else None for name, count in aligned.items()},
    }


def _macc(pairs: list[tuple[pl.DataFrame, pl.DataFrame]], measured: list[metrics.Selection]) -> Interval | None:
    if any(one.macc is None for one in measured):
        return None
    return _within_100(statistics.contrast([metrics.selection_indicators(*pair) for pair in pairs], metrics.selection_macc))


def _within_100(interval: Interval) -> Interval:
    """A share's interval, cut to [0, 1]."""
    return Interval(interval.value, *(None if end is None else min(1.0, max(0.0, end)) for end in (interval.low, interval.high)))


def _selection_published(paper: dict) -> dict:
    names = {
        "selection_macc": "sel_macc",
        "recall_cot": "cot_sel_acc",
        "recall_code": "code_sel_acc",
        "accuracy_correct_selection": "acc_cor_sel",
        "improvement": "improvement",
        "cot_accuracy": "cot_acc",
        "code_accuracy": "code_acc",
    }
    return {f"published_{name}": paper.get(column) for name, column in names.items()}


def _dictation(results: Results) -> list[dict]:
    """Table 4: what dictating a methodology does, on start policies and last iterations."""
    rows = []
    for family, benchmark in _cells(results):
        for arm in results.evaluated(family):
            role = "dictation_start" if arm.experiment == START else None
            paper = published.on_math(results.plan.families[family].published, role, benchmark) if role else {}
            for mode in ("cot", "code", "auto"):
                # The paper's auto column is 4-shot prompting, which ours is not.
                values = {"accuracy": paper.get(f"{mode}_acc"), "code_rate": paper.get(f"{mode}_cr")}
                row = _common(results, arm, mode, benchmark, values)
                if mode != "auto":
                    shares = [metrics.compliance(grades, mode) for grades in results.seed_grades(arm, mode, benchmark)]
                    row["compliance"] = _hundred(float(np.mean(shares)))
                rows.append(row)
    return rows


def _sft_sources(results: Results) -> list[dict]:
    """Table 5: what the start policies were trained on, source by source, and what of the benchmarks it held."""
    if not results.plan.sft:
        return []
    pairs, compared = results.sft_pairs(), results.sft_contamination()
    rows = []
    for dataset in results.plan.sft:
        own = pairs.filter(pl.col("dataset") == dataset)
        by_methodology = {name: int((own["methodology"] == name).sum()) for name in ("cot", "code")}
        for row in compared.filter(pl.col("dataset") == dataset).sort("benchmark").iter_rows(named=True):
            rows.append(
                {
                    "experiment": START,
                    "iteration": 0,
                    "benchmark": row["benchmark"],
                    "n": row["benchmark_items"],
                    "contaminated": max(row["exact_items"], row["ngram_items"]),
                    "dataset": dataset,
                    "pairs": own.height,
                    **{f"{name}_pairs": count for name, count in by_methodology.items()},
                    "queries": own["query_id"].n_unique(),
                    "rows_before": row["training_rows"],
                    "removed_rows": row["removed_rows"],
                    "published_queries": published.sft_queries(dataset),
                }
            )
    return rows


def _rounds(results: Results) -> list[dict]:
    """Table 6: methodology attempts and program runs of native responses."""
    rows = []
    for family, benchmark in _cells(results):
        for arm in results.evaluated(family):
            scores = results.seed_scores(arm, "auto", benchmark)
            responses, executions = sum(score["n"] for score in scores), sum(score["executions"] for score in scores)
            failed = sum(score["programs_failed"] for score in scores)
            paper = published.rounds(results.plan.families[family].published, benchmark) if arm.experiment == EM else {}
            attempts = [{int(count): responses for count, responses in score["attempts"].items()} for score in scores]
            rows.append(
                _common(results, arm, "auto", benchmark, {})
                | {f"attempts_{count}": _rounded(np.mean([one.get(count, 0) for one in attempts])) for count in (1, 2, 3)}
                | {
                    "attempts_4_or_more": _rounded(np.mean([sum(n for count, n in one.items() if count > 3) for one in attempts])),
                    "executions_per_response": _rounded(executions / responses),
                    "programs_failed": _hundred(failed / executions) if executions else None,
                }
                | {f"published_attempts_{count}": paper.get(f"round{count}") for count in (1, 2, 3)}
            )
    return rows


POLARISED = (5.0, 95.0)
"""A code rate outside, percent, counts as one choice for all (our choice; v3 speaks of polarising to 0 or 100 %)."""


def _claims(results: Results) -> list[dict]:
    """What the paper claims, each with its measure here."""
    rows = []
    for family, benchmark in _cells(results):
        for claim in _CLAIMS:
            row = {"claim": claim.text, "family": family, "benchmark": benchmark, "verdict": "not run"}
            if claim.needs <= set(results.plan.experiments):
                row |= _claim_numbers(results, family, benchmark, claim)
            rows.append(row)
    return rows


def _claim_numbers(results: Results, family: str, benchmark: str, claim: "Claim") -> dict:
    numbers = _percent("", claim.measure(results, family, benchmark), value="value")
    low, high = numbers["_low"], numbers["_high"]
    return {
        "seeds": len(results.plan.seeds),
        "value": numbers["value"],
        "low": low,
        "high": high,
        "n": min(score["n"] for score in results.seed_scores(results.last(EM, family), "auto", benchmark)),
        "verdict": claim.judge(low, high),
    }


def _above_zero(low: float, high: float) -> str:
    return "supported" if low > 0 else "contradicted" if high < 0 else "not resolved"


def _below_zero(low: float, high: float) -> str:
    return _above_zero(-high, -low)


def _not_polarised(low: float, high: float) -> str:
    if POLARISED[0] < low and high < POLARISED[1]:
        return "supported"
    return "contradicted" if high < POLARISED[0] or low > POLARISED[1] else "not resolved"


def _gain(results: Results, family: str, benchmark: str) -> Interval:
    start = results.start(family)
    terms = [(results.last(EM, family), "auto"), (start, "cot"), (start, "code")]
    return statistics.contrast(results.paired(terms, benchmark), gain_over_start)


def _versus(results: Results, arm: Arm, benchmark: str, column: str) -> Interval:
    """A column's mean, arm minus EM after as many iterations, native, on the same items."""
    terms = [(arm, "auto"), (Arm(EM, arm.family, arm.iteration), "auto")]
    return statistics.contrast(results.paired(terms, benchmark, column), difference)


def _em_code_rate(results: Results, family: str, benchmark: str) -> Interval:
    return code_rate(results, results.last(EM, family), "auto", benchmark)


def _em_minus(rival: str, column: str) -> Callable[[Results, str, str], Interval]:
    def measure(results: Results, family: str, benchmark: str) -> Interval:
        reverse = _versus(results, results.last(rival, family), benchmark, column)
        return Interval(-reverse.value, -reverse.high, -reverse.low)

    return measure


@dataclass(frozen=True)
class Claim:
    """A claim of the paper: in words, the experiments it takes, its measure, and what its interval says."""

    text: str
    needs: frozenset[str]
    measure: Callable[[Results, str, str], Interval]
    judge: Callable[[float, float], str]


_RIVAL = "standard_rl_equal_rollouts"
_CLAIMS = [
    Claim("EM (auto) is more accurate than the better dictated mode of the start policy, points", frozenset([EM]), _gain, _above_zero),
    Claim(
        f"EM runs code on some queries and not on others: code rate inside {POLARISED[0]:g}-{POLARISED[1]:g} %",
        frozenset([EM]),
        _em_code_rate,
        _not_polarised,
    ),
    Claim(
        "EM is more accurate than standard RL at equal rollouts, points",
        frozenset([EM, _RIVAL]),
        _em_minus(_RIVAL, "strict"),
        _above_zero,
    ),
    Claim(
        "EM runs code on fewer queries than standard RL at equal rollouts, points of code rate",
        frozenset([EM, _RIVAL]),
        _em_minus(_RIVAL, "code_executed"),
        _below_zero,
    ),
    Claim(
        "EM is more accurate than EM without self-reflective synthesis (NO_REFL), points",
        frozenset([EM, "no_reflection"]),
        _em_minus("no_reflection", "strict"),
        _above_zero,
    ),
]


def _cells(results: Results, benchmarks: list[str] | None = None) -> list[tuple[str, str]]:
    chosen = results.plan.benchmarks if benchmarks is None else benchmarks
    return [(family, benchmark) for family in results.plan.families for benchmark in chosen]


def _published(results: Results, family: str, role: str | None, benchmark: str) -> dict:
    return published.by_benchmark(results.plan.families[family].published, role, benchmark) if role else {}


def _percent(name: str, interval: Interval | None, value: str | None = None) -> dict[str, float | None]:
    """An interval as columns `value` (by default `name`), name_low and name_high, in percent."""
    ends = ("value", "low", "high")
    columns = (value or name, f"{name}_low", f"{name}_high")
    return {column: None if interval is None else _hundred(getattr(interval, end)) for column, end in zip(columns, ends, strict=True)}


def _of(interval: Interval | None) -> float | None:
    return None if interval is None else interval.value


def _mean(scores: list[dict], name: str) -> float:
    return float(np.mean([score[name] for score in scores]))


def _hundred(share: float | None) -> float | None:
    return None if share is None else _rounded(100 * share)


def _rounded(value: float) -> float:
    return round(float(value), 2) + 0.0  # no "-0.0"


def _frame(rows: list[dict], columns: list[str]) -> pl.DataFrame:
    return pl.DataFrame({column: [row.get(column) for row in rows] for column in columns}, strict=False)
