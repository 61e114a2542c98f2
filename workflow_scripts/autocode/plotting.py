"""The figures of a run. One palette: the same mode and the same methodology have the same colour everywhere."""

import os
from pathlib import Path

import polars as pl

from autocode import metrics, statistics
from autocode.results import Results

COLOURS = {"auto": "#0072B2", "cot": "#E69F00", "code": "#009E73", "published": "#555555"}
"""Okabe and Ito's colours, told apart by colour-blind readers and in print."""

EXPERIMENT_COLOURS = ["#0072B2", "#D55E00", "#CC79A7", "#56B4E9", "#F0E442", "#000000"]
ALIGNMENT_COLOURS = {"strict": "#0072B2", "allow_code": "#56B4E9", "misalign": "#D55E00"}
MODE_NAMES = {"auto": "auto (model chooses)", "cot": "dictated CoT", "code": "dictated code"}


def start():
    """matplotlib.pyplot, set up for deterministic vector output."""
    os.environ.setdefault("MPLBACKEND", "Agg")
    import matplotlib
    import seaborn

    seaborn.set_theme(style="whitegrid", context="notebook", font_scale=0.85)
    matplotlib.rcParams.update({"svg.hashsalt": "autocode", "svg.fonttype": "path", "axes.titlesize": 10, "figure.constrained_layout.use": True})
    import matplotlib.pyplot as plt

    return plt


def save(figure, path: str | Path) -> None:
    """Write an SVG without date, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    figure.savefig(temporary, format="svg", metadata={"Date": None, "Creator": None})
    os.replace(temporary, path)


def _grid(plt, results: Results, columns: int, width: float = 4.2, height: float = 3.2, **options):
    """Axes with one row per family, always two-dimensional."""
    families = results.plan["families"]
    return plt.subplots(len(families), columns, figsize=(width * columns, height * len(families)), squeeze=False, **options)


def accuracy_by_mode(plt, results: Results):
    """Accuracy and code rate of the start policy in each mode, and of AutoCode in auto, on every benchmark."""
    last = results.plan["iterations"]
    bars = [("start", 0, "cot"), ("start", 0, "code"), ("start", 0, "auto"), ("main", last, "auto")]
    names = ["start: dictated CoT", "start: dictated code", "start: auto", "AutoCode: auto"]
    colours = [COLOURS["cot"], COLOURS["code"], "#9ecae1", COLOURS["auto"]]
    figure, axes = _grid(plt, results, 2, width=max(4.2, 1.6 * len(results.plan["benchmarks"]) + 2))
    for row, family in enumerate(results.plan["families"]):
        for column, (measure, title) in enumerate([("accuracy", "accuracy, %"), ("code_rate", "code rate, % of items")]):
            axis = axes[row][column]
            for offset, ((experiment, iteration, mode), name, colour) in enumerate(zip(bars, names, colours, strict=True)):
                for position, benchmark in enumerate(results.plan["benchmarks"]):
                    value, low, high = _measured(results, experiment, family, iteration, mode, benchmark, measure)
                    at = position + (offset - 1.5) * 0.2
                    axis.bar(at, value, 0.18, color=colour, label=name if position == 0 else None)
                    if low is not None:
                        axis.errorbar(at, value, yerr=[[max(0, value - low)], [max(0, high - value)]], color="black", capsize=2, lw=1)
            axis.set_xticks(range(len(results.plan["benchmarks"])), results.plan["benchmarks"], rotation=20 if len(results.plan["benchmarks"]) > 3 else 0)
            axis.set(ylim=(0, 105), ylabel=title, title=results.plan["families"][family]["label"])
            axis.grid(axis="x", visible=False)
    axes[0][-1].legend(fontsize=7, loc="upper right")
    return figure


def iterations(plt, results: Results):
    """Accuracy and code rate in auto over iterations, per experiment; band: t interval over seeds where there are several."""
    benchmark = results.plan["benchmarks"][0]
    steps = list(range(results.plan["iterations"] + 1))
    figure, axes = _grid(plt, results, 2, width=5)
    for row, family in enumerate(results.plan["families"]):
        for column, (measure, title) in enumerate([("accuracy", "accuracy in auto, %"), ("code_rate", "code rate in auto, %")]):
            axis = axes[row][column]
            for number, (experiment, label) in enumerate(results.plan["experiments"].items()):
                points = [_measured(results, experiment if step else "start", family, step, "auto", benchmark, measure) for step in steps]
                colour = EXPERIMENT_COLOURS[number % len(EXPERIMENT_COLOURS)]
                axis.plot(steps, [point[0] for point in points], marker="osD^vP"[number % 6], color=colour, label=label, lw=1.5, ms=5)
                if len(results.plan["seeds"]) > 1:
                    axis.fill_between(steps, [point[1] for point in points], [point[2] for point in points], color=colour, alpha=0.12, lw=0)
            axis.set(xlabel="iteration (0: start policy)", ylabel=title, title=f"{results.plan['families'][family]['label']}, {benchmark}", ylim=(0, 105))
            axis.set_xticks(steps)
    axes[0][0].legend(fontsize=6.5, loc="lower right")
    return figure


def alignment(plt, results: Results):
    """Correct auto responses by agreement of their first choice with the test-set oracle, per experiment."""
    benchmark, last = results.plan["benchmarks"][0], results.plan["iterations"]
    figure, axes = _grid(plt, results, 1, width=7.5)
    shown = {"strict": "as the oracle", "allow_code": "code where both work", "misalign": "misaligned"}
    for row, family in enumerate(results.plan["families"]):
        axis = axes[row][0]
        groups = [("start", 0), *[(experiment, last) for experiment in results.plan["experiments"]]]
        for position, (experiment, iteration) in enumerate(groups):
            counts = [
                metrics.alignment(*(results.grades(policy, mode, benchmark) for mode in ("auto", "cot", "code")))
                for policy in results.policies(experiment, family, iteration)
            ]
            total, left = sum(sum(count.values()) for count in counts), 0.0
            for name, text in shown.items():
                share = 100 * sum(count[name] for count in counts) / max(total, 1)
                axis.barh(position, share, left=left, color=ALIGNMENT_COLOURS[name], label=text if position == 0 else None)
                left += share
            rate = _measured(results, experiment, family, iteration, "auto", benchmark, "code_rate")[0]
            axis.text(101, position, f"n = {total}, code {rate:.0f} %", va="center", fontsize=7)
        axis.set_yticks(range(len(groups)), [results.label(experiment) for experiment, _ in groups], fontsize=7)
        axis.set(xlim=(0, 100), xlabel="share of correct responses, %", title=f"{results.plan['families'][family]['label']}, {benchmark}")
        axis.invert_yaxis()
        axis.grid(axis="y", visible=False)
    axes[-1][0].legend(fontsize=7, ncol=3, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    return figure


def q_values(plt, results: Results):
    """Q-value of CoT against code per query, coloured by reference label, for each iteration of the main experiment."""
    import numpy as np

    count = results.plan["iterations"]
    figure, axes = _grid(plt, results, count, width=3.8, height=3.6)
    names = {"cot": "label CoT", "code": "label code", None: "no label: dropped"}
    colours = {"cot": COLOURS["cot"], "code": COLOURS["code"], None: "#bbbbbb"}
    for row, family in enumerate(results.plan["families"]):
        for iteration in range(1, count + 1):
            policy = results.policies("main", family, iteration)[0]
            frame = results.table(policy, "q_values").join(results.table(policy, "reference_strategy").select("query_id", "label"), on="query_id")
            axis = axes[row][iteration - 1]
            shake = np.random.default_rng(0).uniform(-0.02, 0.02, size=(len(frame), 2))
            for label, name in names.items():
                chosen = frame["label"].is_null() if label is None else (frame["label"] == label).fill_null(False)
                mask = chosen.to_numpy()
                x, y = (frame[column].fill_null(0).to_numpy()[mask] + shake[mask, side] for side, column in enumerate(["q_cot", "q_code"]))
                axis.scatter(x, y, s=9, alpha=0.6, color=colours[label], label=f"{name} ({mask.sum()})", lw=0)
            axis.plot([0, 1], [0, 1], color="black", lw=0.8, ls="--")
            axis.set(xlabel="Q(x, CoT)", ylabel="Q(x, code)", title=f"{results.plan['families'][family]['label']}, iteration {iteration}, n = {len(frame)}")
            axis.set(xlim=(-0.05, 1.05), ylim=(-0.05, 1.05), aspect="equal")
            axis.legend(fontsize=6.5, loc="center", framealpha=0.9)
    return figure


def code_rate_distribution(plt, results: Results):
    """Share of native rollouts of a query that choose code, over queries: does the policy polarise?"""
    count = results.plan["iterations"]
    figure, axes = _grid(plt, results, count, width=3.8, height=2.8, sharey="row")
    for row, family in enumerate(results.plan["families"]):
        for iteration in range(1, count + 1):
            axis = axes[row][iteration - 1]
            frame = pl.concat([results.table(policy, "q_values") for policy in results.policies("main", family, iteration)])
            axis.hist(frame["prior_code"].drop_nulls().to_numpy(), bins=[step / 10 for step in range(11)], color=COLOURS["auto"], edgecolor="white")
            seen = "start policy" if iteration == 1 else f"policy of iteration {iteration - 1}"
            axis.set(xlabel="prior p(code | x)", ylabel="queries", title=f"{results.plan['families'][family]['label']}, {seen}, n = {len(frame)}")
    return figure


def training_health(plt, results: Results):
    """Ratio, clipping, KL and selection loss over the steps of the main experiment, first seed, all iterations in a row."""
    panels = {
        "ratio": "importance ratio",
        "clip_share": "share of ratios clipped",
        "kl_behaviour": "KL to behaviour, nats/token",
        "selection_loss": "-log p(reference cue), nats",
    }
    figure, axes = _grid(plt, results, len(panels), width=3.2, height=2.8)
    for row, family in enumerate(results.plan["families"]):
        offset = 0
        for iteration in range(1, results.plan["iterations"] + 1):
            policy = results.policies("main", family, iteration)[0]
            log = results.table(policy, "training_log")
            steps = (log["step"] + offset).to_numpy()
            for axis, (column, title) in zip(axes[row], panels.items(), strict=True):
                axis.plot(steps, log[column].cast(pl.Float64).to_numpy(), color=COLOURS["auto"], lw=1)
                axis.set(xlabel="optimiser step", ylabel=title)
                if iteration > 1:
                    axis.axvline(offset, color="black", lw=0.8, ls=":")
            difference = results.table(policy, "logprobs")["sampled_difference"].mean()
            text = "" if difference is None else f"iteration {iteration}: sampled vs recomputed {difference:.1e} nats"
            axes[row][0].text(0.02, 0.98 - 0.07 * iteration, text, transform=axes[row][0].transAxes, fontsize=6.5)
            offset += len(log)
        axes[row][0].set_title(results.plan["families"][family]["label"])
    return figure


FIGURES = {
    "accuracy_by_mode": accuracy_by_mode,
    "iterations": iterations,
    "alignment": alignment,
    "q_values": q_values,
    "code_rate_distribution": code_rate_distribution,
    "training_health": training_health,
}


def _measured(results: Results, experiment: str, family: str, iteration: int, mode: str, benchmark: str, measure: str):
    """Mean over seeds in %, with its interval (Wilson for one seed's accuracy, none for one seed's code rate)."""
    found = [results.scores(policy, mode, benchmark) for policy in results.policies(experiment, family, iteration)]
    values = [100 * score[measure] for score in found]
    mean = sum(values) / len(values)
    if len(values) > 1:
        return mean, *statistics.over_seeds(values)
    if measure == "accuracy":
        return mean, 100 * found[0]["accuracy_low"], 100 * found[0]["accuracy_high"]
    return mean, None, None


