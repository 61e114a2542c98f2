"""The rows of the tables that a run of AutoCode ends with. Shares are in percent, as in the paper, rounded to its two decimals.

`make_NAME` makes the rows of the table NAME. Which columns a table has is in `index`, what they mean in `columns`, what is measured
in `comparisons`, the paper's claims in `claims`.
"""

import numpy as np
import polars as pl

from mathcode.grading import votes
from mathcode.measures import outcomes, pass_at_k, uncertainty
from mathcode.methods.autocode import selection
from mathcode.methods.autocode.report import comparisons, frontier, health, published
from mathcode.methods.autocode.report.claims import CLAIMS
from mathcode.methods.autocode.report.plan import EM
from mathcode.paths import START
from mathcode.report import effects, verdicts
from mathcode.report.results import EXPLORED, Arm, Results, aligned
from mathcode.report.rows import hundred, opening, percent, places, rounded, significant


def make_main(results: Results) -> list[dict]:
    """Table 1: the start policy and EM's last policy in every mode, and the gain of auto."""
    rows = []
    for family, benchmark in places(results):
        start = results.start(family)
        arms = [start, results.last(EM, family)] if EM in results.plan.experiments else [start]
        for arm in arms:
            for mode in (*results.plan.labels, "auto"):
                role = _main_role(arm, mode)
                row = opening(results, arm, mode, benchmark, _published(results, family, role, benchmark))
                row["lenient_accuracy"] = hundred(effects.rate(results, arm, mode, benchmark, "lenient").value)
                row["infrastructure_errors"] = sum(score["infrastructure_errors"] for score in results.seed_scores(arm, mode, benchmark))
                count, clean = effects.clean_accuracy(results, arm, mode, benchmark)
                row |= {"clean_n": count} | percent("clean", clean, value="clean_accuracy")
                if arm != start and mode == "auto":
                    row |= percent("gain", comparisons.gain(results, family, benchmark).effect, value="gain_over_start")
                    kept = comparisons.gain(results, family, benchmark, results.clean_items(arm, mode, benchmark))
                    row |= percent("clean_gain", kept.effect)
                    row["published_delta"] = _published(results, family, "delta", benchmark).get("accuracy")
                rows.append(row)
    return rows


def _main_role(arm: Arm, mode: str) -> str | None:
    """The paper has dictated rows for the start policy and a native one for EM."""
    if arm.experiment == EM:
        return "auto" if mode == "auto" else None
    return None if mode == "auto" else mode


def make_ablation(results: Results) -> list[dict]:
    """Table 2: every experiment after every iteration, native; and the start policy."""
    rows = []
    for family, benchmark in places(results):
        start = results.start(family)
        for mode in ("auto", "code"):
            role = "ablation_start" if mode == "code" else None
            paper = _published(results, family, role, benchmark)
            rows.append(opening(results, start, mode, benchmark, paper) | {"label": results.plan.label(START)})
        for experiment in results.experiments:
            for arm in results.course(experiment, family)[1:]:
                paper = _published(results, family, _ablation_role(results, arm), benchmark)
                row = opening(results, arm, "auto", benchmark, paper) | {"label": results.plan.label(experiment)}
                if EM in results.plan.experiments and experiment != EM:
                    compared = comparisons.versus_em(results, arm, benchmark, "strict")
                    row |= percent("difference", compared.effect, value="difference_from_main")
                    row["difference_p"] = significant(compared.p_value)
                    code = comparisons.versus_em(results, arm, benchmark, "code_executed")
                    row |= percent("code_difference", code.effect) | {"code_difference_p": significant(code.p_value)}
                rows.append(row)
    return rows


def make_frontier(results: Results) -> list[dict]:
    """Accuracy and programs run of every policy, and which others leave it behind."""
    rows = []
    for family, benchmark in places(results):
        found = frontier.points(results, family, benchmark)
        behind = frontier.left_behind(results, found, benchmark)
        for point in found:
            row = opening(results, point.arm, point.mode, benchmark, {}) | {"label": point.label}
            row |= percent("executions", point.executions, factor=1)
            row["left_behind_by"] = "; ".join(other.label for other in behind[point]) or None
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


def make_selection(results: Results) -> list[dict]:
    """Table 3: selection accuracy and alignment of start policies and last iterations."""
    rows = []
    for family, benchmark in places(results, results.plan.selection_benchmarks):
        for arm in results.evaluated(family):
            role = {START: "selection_start", EM: "selection_main"}.get(arm.experiment)
            paper = published.on_math(results.plan.families[family].published, role, benchmark) if role else {}
            opens = opening(results, arm, "auto", benchmark, {"accuracy": paper.get("acc"), "code_rate": paper.get("code_rate")})
            rows.append(opens | _selection_numbers(results, arm, benchmark) | _selection_published(paper))
    return rows


def _selection_numbers(results: Results, arm: Arm, benchmark: str) -> dict:
    labels = comparisons.selection_labels(results, arm, benchmark)
    pairs = list(zip(results.seed_verdicts(arm, "auto", benchmark), labels, strict=True))
    measured = [selection.selection(*pair) for pair in pairs]
    sure = [(auto, selection.certain_labels(label)) for auto, label in pairs]
    certain = [selection.selection(auto.filter(pl.col("query_id").is_in(label["query_id"].implode())), label) for auto, label in sure]
    names = list(results.plan.labels)
    accuracies = {mode: effects.accuracy(results, arm, mode, benchmark).value for mode in ("auto", *names)}
    classes = comparisons.alignment(results, arm, benchmark)
    correct = sum(classes.values())
    return {
        **percent("selection_macc", comparisons.selection_macc(pairs)),
        **dict(zip(("labels_low", "labels_high"), _label_noise(pairs), strict=True)),
        **{f"recall_{name}": _share([one.recall[name] for one in measured]) for name in names},
        "accuracy_correct_selection": _share([one.accuracy_correct_selection for one in measured]),
        **{f"{name}_preferred": rounded(np.mean([one.preferred[name] for one in measured])) for name in names},
        "unlabelled": rounded(np.mean([one.unlabelled for one in measured])),
        "certain": rounded(np.mean([sum(one.preferred.values()) for one in certain])),
        "certain_macc": _share([one.macc for one in certain]),
        "improvement": hundred(selection.improvement(*accuracies.values())),
        **{f"{name}_accuracy": hundred(accuracies[name]) for name in names},
        **{f"{name}_share": hundred(count / correct) if correct else None for name, count in classes.items()},
    }


def _label_noise(pairs: list[tuple[pl.DataFrame, pl.DataFrame]]) -> tuple[float | None, float | None]:
    """Where 95 % of the mAcc fall when items and their rollouts are drawn anew; the mean over seeds of each draw."""
    drawn = selection.resampled_maccs(pairs)
    if np.isnan(drawn).any():
        return None, None
    low, high = np.percentile(drawn, [2.5, 97.5])
    return hundred(low), hundred(high)


def _share(values: list[float | None]) -> float | None:
    """Mean over seeds in percent; None where a seed has no such number."""
    return None if None in values else hundred(np.mean(values))


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


def make_dictation(results: Results) -> list[dict]:
    """Table 4: what dictating a methodology does, on start policies and last iterations."""
    rows = []
    for family, benchmark in places(results):
        for arm in results.evaluated(family):
            role = "dictation_start" if arm.experiment == START else None
            paper = published.on_math(results.plan.families[family].published, role, benchmark) if role else {}
            for mode in (*results.plan.labels, "auto"):
                # The paper's auto column is 4-shot prompting, which ours is not.
                values = {"accuracy": paper.get(f"{mode}_acc"), "code_rate": paper.get(f"{mode}_cr")}
                row = opening(results, arm, mode, benchmark, values)
                graded = results.seed_verdicts(arm, mode, benchmark)
                if mode != "auto":
                    row["compliance"] = hundred(float(np.mean([outcomes.compliance(grades, mode) for grades in graded])))
                repeated = [share for share in map(outcomes.repeats_cue, graded) if share is not None]
                row["repeats_cue"] = hundred(float(np.mean(repeated))) if repeated else None
                rows.append(row)
    return rows


def make_sft_sources(results: Results) -> list[dict]:
    """Table 5: what the start policies were trained on, source by source, and what of the benchmarks it held."""
    if not results.plan.sft:
        return []
    pairs, compared, items = results.sft_pairs(), results.sft_overlap(), results.sft_overlapping_items()
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


def make_rounds(results: Results) -> list[dict]:
    """Table 6: methodology attempts and program runs of native responses."""
    rows = []
    for family, benchmark in places(results):
        for arm in results.evaluated(family):
            scores = results.seed_scores(arm, "auto", benchmark)
            responses, executions = sum(score["n"] for score in scores), sum(score["executions"] for score in scores)
            failed = sum(score["programs_failed"] for score in scores)
            paper = published.by_rounds(results.plan.families[family].published, benchmark) if arm.experiment == EM else {}
            attempts = [{int(count): responses for count, responses in score["attempts"].items()} for score in scores]
            rows.append(
                opening(results, arm, "auto", benchmark, {})
                | {f"attempts_{count}": rounded(np.mean([one.get(count, 0) for one in attempts])) for count in (1, 2, 3)}
                | {
                    "attempts_4_or_more": rounded(np.mean([sum(n for count, n in one.items() if count > 3) for one in attempts])),
                    **_corrections(results.seed_grades(arm, "auto", benchmark)),
                    "executions_per_response": rounded(executions / responses),
                    "programs_failed": hundred(failed / executions) if executions else None,
                }
                | {f"published_attempts_{count}": paper.get(f"round{count}") for count in (1, 2, 3)}
            )
    return rows


def _corrections(grades: list[pl.DataFrame]) -> dict:
    """How many responses of all seeds tried again, and which share of these recovered or was harmed; Wilson's intervals."""
    seeds = [outcomes.corrections(frame) for frame in grades]
    again, recovered, harmed = map(sum, zip(*seeds, strict=True))
    shares = {name: uncertainty.wilson_interval(n, again) if again else None for name, n in (("recovered", recovered), ("harmed", harmed))}
    least = min(tried / max(len(outcomes.usable(frame)), 1) for (tried, *_), frame in zip(seeds, grades, strict=True))
    told = {"tried_again": again, "tried_again_least": hundred(least)}
    return told | percent("recovered", shares["recovered"]) | percent("harmed", shares["harmed"])


def make_regimes(results: Results) -> list[dict]:
    """v3's comparison of training regimes: SFT or none, alone and with RL, and EM."""
    rows, k = [], comparisons.fewest_native(results)
    for family, benchmark in places(results):
        for experiment in [START, *(name for name in results.experiments if name == EM or name.startswith("standard_rl"))]:
            arms = [results.start(family)] if experiment == START else results.course(experiment, family)[1:]
            for arm in arms:
                regime = _regime(results, arm)
                own = {"regime": regime, "label": results.plan.label(experiment), **_one_choice(results, arm, k)}
                paper = {"published_behaviour": published.behaviour(regime) if results.plan.published == "v3" else None}
                rows.append(opening(results, arm, "auto", benchmark, {}) | own | paper)
    return rows


def _regime(results: Results, arm: Arm) -> str:
    start = "SFT" if results.plan.families[arm.family].precondition == "sft" else "no SFT"
    return start if arm.experiment == START else "EM" if arm.experiment == EM else f"{start} + RL"


def _one_choice(results: Results, arm: Arm, k: int) -> dict:
    """How likely k native rollouts all choose alike, over the queries that EM or RL explored the policy with."""
    explorer = results.experiments[0] if arm.experiment == START else arm.experiment
    if arm.iteration == results.plan.iterations or not k:
        return {}
    rollouts = comparisons.native_rollouts(results, Arm(explorer, arm.family, arm.iteration + 1))
    shares = [selection.one_choice(values, list(results.plan.labels), k).mean() for values in rollouts]
    return {"k": k, "one_choice": hundred(np.mean(shares))} if shares else {}


def make_samples(results: Results) -> list[dict]:
    """pass@k and maj@k: of the sampled responses behind selection labels, and of the rollouts by which EM explored."""
    rows = []
    for family in results.plan.families:
        for benchmark in results.plan.selection_benchmarks:
            for arm in results.evaluated(family):
                for mode in results.plan.labels:
                    rows += _at_k(results, arm, mode, benchmark, results.seed_grades(arm, f"{mode}_sampled", benchmark))
        if EM in results.plan.experiments:
            for arm in results.course(EM, family)[:-1]:
                for mode in ("native", *results.plan.labels):
                    explored = comparisons.first_rollouts(results, arm, mode)
                    rows += _at_k(results, arm, "auto" if mode == "native" else mode, EXPLORED, explored)
    return rows


def _at_k(results: Results, arm: Arm, mode: str, benchmark: str, grades: list[pl.DataFrame]) -> list[dict]:
    tallied = [pass_at_k.tallies(frame, votes.equal) for frame in grades]
    most = min(frame["n"].max() or 0 for frame in tallied)
    known = pl.concat(frame["query_id"] for frame in grades).n_unique()  # with those that have no verdict at all
    rows = []
    for k in [k for k in (1, 2, 4, 8, 16, 32, 64) if k < most] + [most] * (most > 0):
        found = [pass_at_k.by_query(frame, k) for frame in tallied]
        if benchmark == EXPLORED and _mostly_apart([set(frame["query_id"]) for frame in found]):
            values = {column: [frame[column].to_numpy() for frame in found] for column in ("pass_at_k", "maj_at_k")}
            shares = {column: uncertainty.nested_interval(seeds).within(0, 1) for column, seeds in values.items()}
            queries = pl.concat(found)["query_id"].n_unique()
        else:
            cells = aligned(found)
            shares = {
                column: uncertainty.contrast([seed[:, [place]] for seed in cells], effects.first).within(0, 1)
                for place, column in enumerate(("pass_at_k", "maj_at_k"))
            }
            queries = len(cells[0])
        key = {"experiment": arm.experiment, "family": arm.family, "iteration": arm.iteration, "seeds": len(results.plan.seeds)}
        numbers = percent("pass", shares["pass_at_k"], value="pass_at_k") | percent("maj", shares["maj_at_k"], value="maj_at_k")
        rows.append(key | {"mode": mode, "benchmark": benchmark, "queries": queries, "left_out": known - queries, "k": k} | numbers)
    return rows


def _mostly_apart(seeds: list[set[str]]) -> bool:
    """Whether every seed explored queries of its own: of the smallest set less than half is in all others."""
    return len(seeds) == 1 or 2 * len(set.intersection(*seeds)) < min(map(len, seeds))


def make_health(results: Results) -> list[dict]:
    """Every training against the bounds of the run, by kind of response."""
    return health.judged(results)


def make_claims(results: Results) -> list[dict]:
    """The paper's claims with their measures here."""
    return verdicts.tabulate(results, CLAIMS)


def _published(results: Results, family: str, role: str | None, benchmark: str) -> dict:
    if role is None:
        return {}
    return published.by_benchmark(results.plan.families[family].published, role, benchmark, results.plan.published)
