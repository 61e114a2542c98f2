"""The tables a run ends with. Shares are in percent, as in the paper, rounded to its two decimals.

Columns and their meaning are in `columns`, what is measured in `measures`, the paper's claims in `claims`.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from autocode import claims, columns, measures, metrics, pass_at_k, published, statistics
from autocode.results import EM, MODES, START, Arm, Results, aligned
from autocode.statistics import Interval

EXPLORED = "explored queries"
"""Stands for a benchmark where a policy's exploration is meant."""


def tabulate(results: Results) -> dict[str, pl.DataFrame]:
    """All tables of a run by name, `claims` last.

    Raises:
        ResultsError, TableError: a file of the run is missing or damaged.
        PublishedError: a family names a published row that does not exist.
    """
    for name, family in results.plan.families.items():
        published.check(family.published, name)
    made = {name: _frame(make(results), columns.COMMON + columns.OWN[name]) for name, make in _MAKERS.items()}
    return made | {"samples": _frame(_samples(results), columns.SAMPLES), "claims": _frame(_claims(results), columns.CLAIMS)}


def _common(results: Results, arm: Arm, mode: str, benchmark: str, paper: dict) -> dict:
    """The columns of `columns.COMMON`."""
    rates = {"code_rate": "code_executed", "code_written_rate": "code_written", "code_decides_rate": "code_decides"}
    verdicts = results.paired([(arm, mode)], benchmark)
    return {
        "experiment": arm.experiment,
        "family": arm.family,
        "iteration": arm.iteration,
        "seeds": len(verdicts),
        "mode": mode,
        "benchmark": benchmark,
        "n": len(verdicts[0]),
        **_percent("accuracy", measures.accuracy(results, arm, mode, benchmark)),
        **{name: _hundred(measures.rate(results, arm, mode, benchmark, column).value) for name, column in rates.items()},
        "published_accuracy": paper.get("accuracy"),
        "published_code_rate": paper.get("code_rate"),
        "contaminated": results.seed_scores(arm, mode, benchmark)[0]["contaminated"],
    }


def _main(results: Results) -> list[dict]:
    """Table 1: the start policy and EM's last policy in every mode, and the gain of auto."""
    rows = []
    for family, benchmark in _places(results):
        start = results.start(family)
        arms = [start, results.last(EM, family)] if EM in results.plan.experiments else [start]
        for arm in arms:
            for mode in ("cot", "code", "auto"):
                role = _main_role(arm, mode)
                row = _common(results, arm, mode, benchmark, _published(results, family, role, benchmark))
                row["lenient_accuracy"] = _hundred(measures.rate(results, arm, mode, benchmark, "lenient").value)
                row["infrastructure_errors"] = sum(score["infrastructure_errors"] for score in results.seed_scores(arm, mode, benchmark))
                count, clean = measures.clean_accuracy(results, arm, mode, benchmark)
                row |= {"clean_n": count} | _percent("clean", clean, value="clean_accuracy")
                if arm != start and mode == "auto":
                    row |= _percent("gain", measures.gain(results, family, benchmark).effect, value="gain_over_start")
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
    for family, benchmark in _places(results):
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
                    compared = measures.versus_em(results, arm, benchmark, "strict")
                    row |= _percent("difference", compared.effect, value="difference_from_main")
                    row["difference_p"] = _significant(compared.p_value)
                    code = measures.versus_em(results, arm, benchmark, "code_executed")
                    row |= _percent("code_difference", code.effect) | {"code_difference_p": _significant(code.p_value)}
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
    for family, benchmark in _places(results, results.plan.selection_benchmarks):
        for arm in results.evaluated(family):
            role = {START: "selection_start", EM: "selection_main"}.get(arm.experiment)
            paper = published.on_math(results.plan.families[family].published, role, benchmark) if role else {}
            common = _common(results, arm, "auto", benchmark, {"accuracy": paper.get("acc"), "code_rate": paper.get("code_rate")})
            rows.append(common | _selection_numbers(results, arm, benchmark) | _selection_published(paper))
    return rows


def _selection_numbers(results: Results, arm: Arm, benchmark: str) -> dict:
    labels = measures.selection_labels(results, arm, benchmark)
    pairs = list(zip(results.seed_verdicts(arm, "auto", benchmark), labels, strict=True))
    measured = [metrics.selection(*pair) for pair in pairs]
    sure = [(auto, metrics.certain_labels(label)) for auto, label in pairs]
    certain = [metrics.selection(auto.filter(pl.col("query_id").is_in(label["query_id"].implode())), label) for auto, label in sure]
    accuracies = {mode: measures.accuracy(results, arm, mode, benchmark).value for mode in MODES}
    aligned_ = measures.alignment(results, arm, benchmark)
    correct = sum(aligned_.values())
    return {
        **_percent("selection_macc", measures.selection_macc(pairs)),
        **dict(zip(("labels_low", "labels_high"), _label_noise(pairs), strict=True)),
        **{name: _share_of(measured, name) for name in ("recall_cot", "recall_code", "accuracy_correct_selection")},
        **{name: _mean_of(measured, name) for name in ("cot_preferred", "code_preferred", "unlabelled")},
        "certain": _rounded(np.mean([one.cot_preferred + one.code_preferred for one in certain])),
        "certain_macc": _share_of(certain, "macc"),
        "improvement": _hundred(metrics.improvement(*(accuracies[mode] for mode in MODES))),
        "cot_accuracy": _hundred(accuracies["cot"]),
        "code_accuracy": _hundred(accuracies["code"]),
        **{f"{name}_share": _hundred(count / correct) if correct else None for name, count in aligned_.items()},
    }


def _label_noise(pairs: list[tuple[pl.DataFrame, pl.DataFrame]]) -> tuple[float | None, float | None]:
    """Where 95 % of the mAcc fall when items and their rollouts are drawn anew; the mean over seeds of each draw."""
    drawn = metrics.resampled_maccs(pairs)
    if np.isnan(drawn).any():
        return None, None
    low, high = np.percentile(drawn, [2.5, 97.5])
    return _hundred(low), _hundred(high)


def _share_of(selections: list[metrics.Selection], name: str) -> float | None:
    """Mean over seeds in percent; None where a seed has no such number."""
    values = [getattr(one, name) for one in selections]
    return None if None in values else _hundred(np.mean(values))


def _mean_of(selections: list[metrics.Selection], name: str) -> float:
    return _rounded(np.mean([getattr(one, name) for one in selections]))


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
    for family, benchmark in _places(results):
        for arm in results.evaluated(family):
            role = "dictation_start" if arm.experiment == START else None
            paper = published.on_math(results.plan.families[family].published, role, benchmark) if role else {}
            for mode in ("cot", "code", "auto"):
                # The paper's auto column is 4-shot prompting, which ours is not.
                values = {"accuracy": paper.get(f"{mode}_acc"), "code_rate": paper.get(f"{mode}_cr")}
                row = _common(results, arm, mode, benchmark, values)
                if mode != "auto":
                    shares = [metrics.compliance(grades, mode) for grades in results.seed_verdicts(arm, mode, benchmark)]
                    row["compliance"] = _hundred(float(np.mean(shares)))
                rows.append(row)
    return rows


def _sft_sources(results: Results) -> list[dict]:
    """Table 5: what the start policies were trained on, source by source, and what of the benchmarks it held."""
    if not results.plan.sft:
        return []
    pairs, compared, items = results.sft_pairs(), results.sft_contamination(), results.sft_contaminated_items()
    rows = []
    for dataset in results.plan.sft:
        own = pairs.filter(pl.col("dataset") == dataset)
        by_methodology = {name: int((own["methodology"] == name).sum()) for name in ("cot", "code")}
        for row in compared.filter(pl.col("dataset") == dataset).sort("benchmark").iter_rows(named=True):
            shared = items.filter(pl.col("dataset") == dataset, pl.col("benchmark") == row["benchmark"])
            rows.append(
                {
                    "experiment": START,
                    "iteration": 0,
                    "benchmark": row["benchmark"],
                    "n": row["benchmark_items"],
                    "contaminated": shared["query_id"].n_unique(),
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
    for family, benchmark in _places(results):
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


def _regimes(results: Results) -> list[dict]:
    """v3's comparison of training regimes: SFT or none, alone and with RL, and EM."""
    rows, k = [], measures.fewest_native(results)
    for family, benchmark in _places(results):
        for experiment in [START, *(name for name in results.experiments if name == EM or name.startswith("standard_rl"))]:
            arms = [results.start(family)] if experiment == START else results.course(experiment, family)[1:]
            for arm in arms:
                regime = _regime(results, arm)
                own = {"regime": regime, "label": results.plan.label(experiment), **_one_choice(results, arm, k)}
                paper = {"published_behaviour": published.behaviour(regime) if results.plan.published == "v3" else None}
                rows.append(_common(results, arm, "auto", benchmark, {}) | own | paper)
    return rows


def _regime(results: Results, arm: Arm) -> str:
    start = "SFT" if results.plan.families[arm.family].precondition == "sft" else "no SFT"
    return start if arm.experiment == START else "EM" if arm.experiment == EM else f"{start} + RL"


def _one_choice(results: Results, arm: Arm, k: int) -> dict:
    """How likely k native rollouts all choose alike, over the queries that EM or RL explored the policy with."""
    explorer = results.experiments[0] if arm.experiment == START else arm.experiment
    if arm.iteration == results.plan.iterations or not k:
        return {}
    choices = measures.native_choices(results, Arm(explorer, arm.family, arm.iteration + 1), k)
    return {"k": k, "one_choice": _hundred(np.mean([seed[:, [0, k]].sum(axis=1).mean() for seed in choices]))}


def _samples(results: Results) -> list[dict]:
    """pass@k and maj@k: of the sampled responses behind selection labels, and of the rollouts by which EM explored."""
    rows = []
    for family in results.plan.families:
        for benchmark in results.plan.selection_benchmarks:
            for arm in results.evaluated(family):
                for mode in ("cot", "code"):
                    rows += _at_k(results, arm, mode, benchmark, results.seed_grades(arm, f"{mode}_sampled", benchmark))
        if EM in results.plan.experiments:
            for arm in results.course(EM, family)[:-1]:
                for mode in ("native", "cot", "code"):
                    rows += _at_k(results, arm, "auto" if mode == "native" else mode, EXPLORED, results.explored(arm, mode))
    return rows


def _at_k(results: Results, arm: Arm, mode: str, benchmark: str, grades: list[pl.DataFrame]) -> list[dict]:
    most = min(metrics.usable(frame).group_by("query_id").len()["len"].max() or 0 for frame in grades)
    rows = []
    for k in [k for k in (1, 2, 4, 8, 16, 32, 64) if k < most] + [most] * (most > 0):
        found = [pass_at_k.by_query(frame, k) for frame in grades]
        if benchmark == EXPLORED:  # every seed explored queries of its own
            values = {column: [frame[column].to_numpy() for frame in found] for column in ("pass_at_k", "maj_at_k")}
            shares = {column: statistics.nested_interval(seeds).within(0, 1) for column, seeds in values.items()}
            queries = pl.concat(found)["query_id"].n_unique()
        else:
            cells = aligned(found)
            shares = {
                column: statistics.contrast([seed[:, [place]] for seed in cells], measures.first).within(0, 1)
                for place, column in enumerate(("pass_at_k", "maj_at_k"))
            }
            queries = len(cells[0])
        key = {"experiment": arm.experiment, "family": arm.family, "iteration": arm.iteration, "seeds": len(results.plan.seeds)}
        numbers = _percent("pass", shares["pass_at_k"], value="pass_at_k") | _percent("maj", shares["maj_at_k"], value="maj_at_k")
        rows.append(key | {"mode": mode, "benchmark": benchmark, "queries": queries, "k": k} | numbers)
    return rows


def _claims(results: Results) -> list[dict]:
    """The paper's claims with their measures here."""
    rows = []
    for row in claims.assess(results):
        p_values = {name: _significant(row.get(name)) for name in ("p_value", "adjusted_p")}
        rows.append(row | _percent("", row.get("interval"), value="value", factor=1) | p_values)
    return [row | {"low": row["_low"], "high": row["_high"]} for row in rows]


_MAKERS: dict[str, Callable[[Results], list[dict]]] = {
    "main": _main,
    "ablation": _ablation,
    "selection": _selection,
    "dictation": _dictation,
    "sft_sources": _sft_sources,
    "rounds": _rounds,
    "regimes": _regimes,
}
"""Tables that open with the common columns."""


def _places(results: Results, benchmarks: list[str] | None = None) -> list[tuple[str, str]]:
    chosen = results.plan.benchmarks if benchmarks is None else benchmarks
    return [(family, benchmark) for family in results.plan.families for benchmark in chosen]


def _published(results: Results, family: str, role: str | None, benchmark: str) -> dict:
    if role is None:
        return {}
    return published.by_benchmark(results.plan.families[family].published, role, benchmark, results.plan.published)


def _percent(name: str, interval: Interval | None, value: str | None = None, factor: float = 100) -> dict[str, float | None]:
    """An interval as columns `value` (by default `name`), name_low and name_high, times `factor`."""
    ends = [None] * 3 if interval is None else [interval.value, interval.low, interval.high]
    names = (value or name, f"{name}_low", f"{name}_high")
    return {column: None if end is None else _rounded(factor * end) for column, end in zip(names, ends, strict=True)}


def _hundred(share: float | None) -> float | None:
    return None if share is None else _rounded(100 * share)


def _rounded(value: float) -> float:
    return round(float(value), 2) + 0.0  # no "-0.0"


def _significant(p_value: float | None) -> float | None:
    """Two significant digits."""
    return None if p_value is None else float(f"{p_value:.2g}")


def _frame(rows: list[dict], names: list[str]) -> pl.DataFrame:
    return pl.DataFrame({column: [row.get(column) for row in rows] for column in names}, strict=False)
