"""Rows about a policy on a benchmark: what opens each of them, and those of the tables that need no more than that and a few columns."""

import math
from collections import Counter

import numpy as np
import polars as pl
from statsmodels.stats.proportion import proportion_confint

from support.recomputed.agreement import Significant
from support.recomputed.cells import against_better, cells, difference, mean, percent
from support.recomputed.finished_run import Run, eval_of, label_of
from support.recomputed.intervals import cut, interval, named, p_value
from support.recomputed.published import number, published


def opening(run: Run, row: dict, accuracy: str | None = None, code_rate: str | None = None) -> dict:
    """The columns that open a table of policies."""
    verdicts = run.verdicts(row)
    strict = cells("strict", verdicts)
    evaluated = {one["query_id"] for one in run.graded(row, eval_of(row))[0]}
    return {
        "seeds": len(run.plan["seeds"]),
        "n": strict.shape[1],
        **named("accuracy", cut(interval(strict, mean, wilson=True))),
        "code_rate": percent(cells("code_executed", verdicts)),
        "code_written_rate": percent(cells("code_written", verdicts)),
        "code_decides_rate": percent(cells("code_decides", verdicts)),
        "published_accuracy": number(accuracy),
        "published_code_rate": number(code_rate),
        "contaminated": len(evaluated & run.contaminated(row)),
    }


def main_row(run: Run, row: dict) -> dict:
    em, auto, verdicts = row["experiment"] == "main", row["mode"] == "auto", run.verdicts(row)
    broken = sum(one["outcome"] == "infrastructure_error" for graded in run.graded(row, eval_of(row)) for one in graded)
    dirty = run.contaminated(row)
    clean = cells("strict", [{query: one for query, one in seed.items() if query not in dirty} for seed in verdicts])
    paper, delta = {}, {}
    version = run.plan.get("published", "v1")
    role = {("auto", True): "auto", ("cot", False): "cot", ("code", False): "code"}.get((row["mode"], em))
    names = {name.removeprefix("v3_"): model for name, model in run.names(row).items() if (version == "v3") == name.startswith("v3_")}
    if role in names:
        paper = published(f"{version}_main", model=names[role], code={"cot": "no", "code": "yes", "auto": "auto"}[role])
    if em and auto and "delta" in names:
        delta = published(f"{version}_main", model=names["delta"])
    gain = clean_gain = [None] * 3
    if em and auto:
        terms = [verdicts, *run.start(row, "cot", "code")]
        gain = interval(against_better(cells("strict", *terms)), difference)
        kept = [[{query: one for query, one in seed.items() if query not in dirty} for seed in term] for term in terms]
        clean_gain = interval(against_better(cells("strict", *kept)), difference)
    return {
        **opening(run, row, paper.get(row["benchmark"]), paper.get(f"{row['benchmark']}_cr")),
        "lenient_accuracy": percent(cells("lenient", verdicts)),
        "infrastructure_errors": broken,
        **named("gain", gain, "gain_over_start"),
        "published_delta": number(delta.get(row["benchmark"])),
        "clean_n": clean.shape[1],
        **named("clean", cut(interval(clean, mean, wilson=True)), "clean_accuracy"),
        **named("clean_gain", clean_gain),
    }


def ablation_row(run: Run, row: dict) -> dict:
    roles = {
        ("start", 0, "code"): "ablation_start",
        ("main", run.plan["iterations"], "auto"): "ablation_main",
        ("no_reflection", 1, "auto"): "ablation_no_reflection",
        ("standard_rl_equal_rollouts", 2, "auto"): "ablation_standard_rl",
    }
    role = roles.get((row["experiment"], row["iteration"], row["mode"]))
    paper = published("v1_ablations", model=run.names(row)[role]) if role in run.names(row) else {}
    found = {"strict": ([None] * 3, None), "code_executed": ([None] * 3, None)}
    if row["experiment"] not in ("start", "main"):
        for column in found:
            both = cells(column, run.verdicts(row), run.verdicts(row, experiment="main"))
            found[column] = interval(both, difference), Significant(p_value(both, difference))
    (accuracy, p), (code, code_p) = found.values()
    return {
        **opening(run, row, paper.get(row["benchmark"]), paper.get(f"{row['benchmark']}_cr")),
        "label": label_of(run, row),
        **named("difference", accuracy, "difference_from_main"),
        "difference_p": p,
        **named("code_difference", code),
        "code_difference_p": code_p,
    }


def dictation_row(run: Run, row: dict) -> dict:
    paper, comply, verdicts = {}, None, run.verdicts(row)
    if row["experiment"] == "start" and row["benchmark"] == "math" and "dictation_start" in run.names(row):
        paper = published("v1_fewshot", model=run.names(row)["dictation_start"])
    if row["mode"] != "auto":
        obeyed = [{query: {"obeyed": one["methodology"] == row["mode"]} for query, one in seed.items()} for seed in verdicts]
        comply = percent(cells("obeyed", obeyed))
    repeated = [{query: {"repeated": one["cues"] > one["attempts"]} for query, one in seed.items()} for seed in verdicts]
    told = {"compliance": comply, "repeats_cue": percent(cells("repeated", repeated))}
    return {**opening(run, row, paper.get(f"{row['mode']}_acc"), paper.get(f"{row['mode']}_cr")), **told}


def rounds_row(run: Run, row: dict) -> dict:
    verdicts = run.verdicts(row)
    attempts = Counter(min(4, one["attempts"]) for seed in verdicts for one in seed.values())
    executions, failed = (sum(one[name] for seed in verdicts for one in seed.values()) for name in ("executions", "programs_failed"))
    known = row["experiment"] == "main" and "rounds_main" in run.names(row)
    paper = published("v1_rounds", dataset=row["benchmark"].upper()) if known else {}
    names = ("attempts_1", "attempts_2", "attempts_3", "attempts_4_or_more")
    again = [(one["first_right"], one["strict"]) for seed in verdicts for one in seed.values() if one["first_right"] is not None]
    return {
        **opening(run, row),
        **{name: attempts[count] / len(verdicts) for count, name in enumerate(names, 1)},
        "tried_again": len(again),
        "tried_again_least": min(100 * sum(one["first_right"] is not None for one in seed.values()) / len(seed) for seed in verdicts),
        **corrected("recovered", again.count((False, True)), len(again)),
        **corrected("harmed", again.count((True, False)), len(again)),
        "executions_per_response": executions / sum(len(seed) for seed in verdicts),
        "programs_failed": 100 * failed / executions if executions else None,
        **{f"published_attempts_{count}": number(paper.get(f"round{count}")) for count in (1, 2, 3)},
    }


def corrected(name: str, count: int, n: int) -> dict:
    """A share with Wilson's interval, percent."""
    ends = (100 * end for end in proportion_confint(count, n, method="wilson")) if n else (None, None)
    return dict(zip((name, f"{name}_low", f"{name}_high"), (100 * count / n if n else None, *ends), strict=True))


def regimes_row(run: Run, row: dict) -> dict:
    base = "no SFT" if run.plan["families"][row["family"]].get("precondition") == "none" else "SFT"
    regime = {"start": base, "main": "EM"}.get(row["experiment"], f"{base} + RL")
    shares, k = [], fewest_native(run)
    for seed in run.plan["seeds"] if row["iteration"] < run.plan["iterations"] else []:
        explorer = "main" if row["experiment"] == "start" else row["experiment"]
        values = run.rows(f"{explorer}/{row['family']}/seed{seed}/iter{row['iteration'] + 1}/q_values.parquet")
        counts = [(one["n_native"], round(one["n_native"] * one["prior_code"])) for one in values if one["n_native"] >= k]
        shares.append(np.mean([(math.comb(code, k) + math.comb(n - code, k)) / math.comb(n, k) for n, code in counts]))
    said = published("v3_regimes", regime=regime.replace("no SFT", "base")).get("behaviour")
    return {
        **opening(run, row),
        "regime": regime,
        "label": label_of(run, row),
        "k": k if shares else None,
        "one_choice": 100 * np.mean(shares) if shares else None,
        "published_behaviour": said if run.plan.get("published", "v1") == "v3" else None,
    }


def fewest_native(run: Run) -> int:
    """The most native rollouts of a query of each exploration; the least of them."""
    paths = run.folder.glob("*/*/seed*/iter*/q_values.parquet")
    return min(pl.read_parquet(path, columns=["n_native"])["n_native"].max() for path in paths)
