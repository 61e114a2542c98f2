"""Every number of every table of a run, computed again from the parquet files by other means than those that made it.

Plain loops over rows, statsmodels and scipy; nothing is imported of the modules that measure. Closed forms agree to the last
digit printed. An end of a bootstrap interval is judged by the share of our own draws below it, which Monte Carlo moves by `TOLERANCE`.
The tree of results is roughened first, so that no two columns of a file of grades say the same.
"""

import csv
import math
import random
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas
import polars as pl
import pytest
from scipy import integrate, stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint
from support import results_tree as tree

import tabulate_results
from mathcode.methods.autocode import METHOD
from mathcode.report import columns

HALF_DIGIT = 0.005 + 1e-9
"""How far a number rounded to two decimals may be from what it was."""

RESAMPLES, LABEL_RESAMPLES = 10_000, 2_000
TOLERANCE = {RESAMPLES: 0.008, LABEL_RESAMPLES: 0.018}
"""By number of draws: 3.6 standard errors of the difference between two shares near 2.5 % of that many draws each."""

EXPLORED = "explored queries"
MODES = ("auto", "cot", "code")
POLICY = ("experiment", "family", "iteration", "mode", "benchmark")
KEYS = dict.fromkeys(("main", "ablation", "frontier", "selection", "dictation", "rounds", "regimes"), POLICY) | {
    "sft_sources": (*POLICY, "dataset"),
    "samples": (*POLICY, "k"),
    "claims": ("claim", "family", "benchmark"),
    "health": ("experiment", "family", "iteration", "kind"),
}
"""The columns that say what a row is about; which rows there are is worked out apart. Every other column is recomputed."""

V3 = {"v3_cot": "Qwen2.5-Base-7B", "v3_auto": "AutoCode-Qwen2.5", "v3_delta": "DELTA Qwen2.5"}
PLANS = {
    "one seed": {"sft": ["gsm8k_cot", "metamathqa"]},
    "three seeds": {"seeds": [1, 2, 3], "families": {"tiny": {"label": "tiny", "published": {}}}, "benchmarks": ["math"]},
    "v3": {
        "published": "v3",
        "benchmarks": ["math500"],
        "selection_benchmarks": ["math500"],
        "sft": [],
        "seeds": [1, 2],
        "families": {"qwen25": {"label": "Qwen2.5", "precondition": "none", "published": V3}},
    },
}


# --- The run on disk -------------------------------------------------------------------------------------------------


class Run:
    """A finished run on disk, the plan behind it, and its tables as they were read back."""

    def __init__(self, folder: Path, plan: dict):
        self.folder, self.plan = folder, plan
        self.rows = cache(lambda path: pl.read_parquet(folder / path).to_dicts())
        self.table = cache(lambda name: pl.read_csv(folder / "tables" / f"{name}.csv", infer_schema_length=None))

    def policies(self, row: dict) -> list[str]:
        """Path of the row's policy for each seed."""
        below = "" if row["experiment"] == "start" else f"/iter{row['iteration']}"
        return [f"{row['experiment']}/{row['family']}/seed{seed}{below}" for seed in self.plan["seeds"]]

    def graded(self, row: dict, place: str) -> list[list[dict]]:
        """For each seed the rows of grades in a folder of the row's policy."""
        return [self.rows(f"{policy}/{place}/grades.parquet") for policy in self.policies(row)]

    def verdicts(self, row: dict, mode: str | None = None, **changes) -> list[dict[str, dict]]:
        """For each seed the greedy responses by query, infrastructure errors left out."""
        return [{one["query_id"]: one for one in usable(graded)} for graded in self.graded(row | changes, eval_of(row, mode))]

    def start(self, row: dict, *modes: str) -> list:
        return [self.verdicts(row, mode, experiment="start", iteration=0) for mode in modes]

    def contaminated(self, row: dict) -> set[str]:
        """Items of the row's benchmark that its family's training data overlap with."""
        uses = ["queries"] + ["sft"] * (self.plan["families"][row["family"]].get("precondition") != "none")
        return {one["query_id"] for use in uses for one in self.rows(f"data/overlap/{use}/{row['benchmark']}/items.parquet")}

    def names(self, row: dict) -> dict[str, str]:
        """The published rows that stand beside the family's, by role."""
        return self.plan["families"][row["family"]]["published"]


def eval_of(row: dict, mode: str | None = None) -> str:
    return f"eval/{mode or row['mode']}/{row['benchmark']}/exact"


def usable(rows: list[dict]) -> list[dict]:
    return [one for one in rows if one["outcome"] != "infrastructure_error"]


def roughen(folder: Path, plan: dict) -> None:
    """Make the columns of all grades differ, break some responses, and leave some queries without prior or label."""
    for path in sorted(folder.rglob("grades.parquet")):
        draw = random.Random(str(path.relative_to(folder)))
        rows = pl.read_parquet(path).to_dicts()
        mode = path.parts[-4] if path.parts[-5] == "eval" else None
        if "seed2" in path.parts and mode == "cot":  # code is the better dictated mode of this seed
            rows = [row | {"strict": row["strict"] and n % 3 == 1} for n, row in enumerate(rows)]
        rows = [rough(row, draw) for row in rows]
        if mode == "code_sampled":
            few = {"math500": range(20, 20 if "no_reflection" in path.parts else 25)}.get(path.parts[-3])
            rows = [row | prefer_code(row, few) for row in rows]
        tree.write(rows, path, "grades")
        if mode in MODES:
            tree.score(folder.parents[1], folder, path, path.parts[-3], plan)
    for path in folder.rglob("q_values.parquet"):
        rows = pl.read_parquet(path).to_dicts()
        none = {"n_native": 0, "prior_code": None}
        tree.write([row | (none if n % 20 == 3 else {}) for n, row in enumerate(rows)], path, path.stem)
    # The item found word for word is shorter than a run of words, so it is none of those found by such a run.
    for compared in folder.glob("data/overlap/sft/*/counts.parquet"):
        pl.read_parquet(compared).with_columns(ngram_items=pl.lit(1, pl.Int64)).write_parquet(compared)


def prefer_code(row: dict, few: range | None) -> dict:
    """Sampled code is right wherever it is said to be, else on every third query as well."""
    place = int(row["query_id"][-3:])
    right = place in few if few is not None else row["strict"] or (place % 3 == 0 and place % 17 != 4)
    return {"strict": right, "outcome": row["outcome"] if row["outcome"] == "infrastructure_error" else "correct" if right else "wrong"}


def rough(row: dict, draw: random.Random) -> dict:
    """A response changed by chance.

    Sampled responses to every 13th query never comply by CoT, those to every 17th are never right, nor is CoT to five queries.
    """
    place = int(row["query_id"][-3:])
    sampled = row["mode"].endswith("_sampled")
    if draw.random() < 0.1 or (row["mode"] == "cot_sampled" and place % 13 == 6):
        row |= {"methodology": "code"}
    elif draw.random() < 0.1:
        row |= {"methodology": "cot"}
    if sampled and (place % 17 == 4 or (row["mode"] == "cot_sampled" and 20 <= place < 25)):
        row |= {"strict": False}
    executions = draw.randint(1, 3) if draw.random() < (0.8 if row["methodology"] == "code" else 0.1) else 0
    answer = "1" if row["strict"] else draw.choice(["2", "2", "3", "4", None])
    outcome = "correct" if row["strict"] else "no_answer" if answer is None else "wrong"
    attempts = draw.choice([1, 1, 1, 1, 2, 2, 3, 4, 5])
    return row | {
        "answer": answer,
        "outcome": "infrastructure_error" if draw.random() < 0.03 else outcome,
        "lenient": row["strict"] or draw.random() < 0.2,
        "code_executed": executions > 0,
        "code_written": executions > 0 or draw.random() < 0.2,
        "code_decides": executions > 0 and draw.random() < 0.7,
        "attempts": attempts,
        "first_right": draw.random() < 0.4 if attempts > 1 else None,
        "cues": draw.randint(0, 4),
        "executions": executions,
        "programs_failed": draw.randint(0, executions),
    }


# --- Statistics: of cells (..., items, columns) ----------------------------------------------------------------------


def cells(column: str, *terms: list[dict[str, dict]]) -> np.ndarray:
    """Shape (seeds, items, terms): a column of the items that every term has for every seed, in order."""
    common = sorted(set.intersection(*(set(seed) for term in terms for seed in term)))
    return np.array([[[float(term[seed][query][column]) for term in terms] for query in common] for seed in range(len(terms[0]))])


def mean(cells: np.ndarray) -> np.ndarray:
    return cells[..., 0].mean(axis=-1)


def difference(cells: np.ndarray) -> np.ndarray:
    return (cells[..., 0] - cells[..., 1]).mean(axis=-1)


def against_better(cells: np.ndarray) -> np.ndarray:
    """Of columns (auto, CoT, code): auto and the dictated mode that is right more often over all seeds, CoT where both are alike."""
    _, cot, code = cells.sum(axis=(0, 1))
    return cells[..., [0, 2 if code > cot else 1]]


def saved(cells: np.ndarray) -> np.ndarray:
    return 1 - cells[..., 0].sum(axis=-1) / cells[..., 1].sum(axis=-1)


def recalls(cells: np.ndarray) -> list[np.ndarray]:
    """Of columns (label is code or NaN, chose code): how many of the items with a label were chosen so, CoT and code."""
    with np.errstate(invalid="ignore"):
        of = [cells[..., 0] == name for name in (0, 1)]
        return [(mine & (cells[..., 1] == name)).sum(axis=-1) / mine.sum(axis=-1) for name, mine in enumerate(of)]


def macc(cells: np.ndarray) -> np.ndarray:
    return sum(recalls(cells)) / 2


def mean_squares(values: np.ndarray) -> dict[str, float]:
    """Two-way analysis of variance of values (seeds, items) without replication."""
    seeds, items = values.shape
    whole = values.mean()
    of_seeds = items * sum((values[seed].mean() - whole) ** 2 for seed in range(seeds))
    of_items = seeds * sum((values[:, item].mean() - whole) ** 2 for item in range(items))
    left = sum((value - whole) ** 2 for value in values.flat) - of_seeds - of_items
    return {"seeds": of_seeds / (seeds - 1), "items": of_items / (items - 1), "left": left / ((seeds - 1) * (items - 1))}


def half_width(values: np.ndarray, p: float) -> float:
    """Half of the interval of the mean over seeds and items that misses with probability p."""
    (seeds, items), square = values.shape, mean_squares(values)
    parts = [(square["seeds"], seeds - 1), (max(square["items"] - square["left"], 0), items - 1)]
    if all(part < 1e-20 for part, _ in parts):  # seeds agree by luck, and items add nothing to what is left: items alone
        parts = [(square["items"], items - 1)]
    return math.sqrt(sum(stats.t.isf(p / 2, freedom) ** 2 * part / (seeds * items) for part, freedom in parts))


def contributions(cells: np.ndarray, statistic) -> np.ndarray:
    """Jackknife pseudo-values (seeds, items), each seed's moved to have the seed's statistic as mean."""
    rows = []
    for seed in cells:
        count, whole = len(seed), statistic(seed)
        pseudo = np.array([count * whole - (count - 1) * statistic(np.delete(seed, item, axis=0)) for item in range(count)])
        rows.append(pseudo - pseudo.mean() + whole)
    return np.array(rows)


def p_value(cells: np.ndarray, statistic) -> float:
    """One seed: McNemar's exact test. Several: where the interval just reaches 0, by bisection."""
    if len(cells) == 1:
        return exact(*cells[0].T)
    values, low, high = contributions(cells, statistic), math.log(1e-12), 0.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if half_width(values, math.exp(middle)) < abs(values.mean()) else (middle, high)
    return math.exp(high)


def exact(first: np.ndarray, second: np.ndarray) -> float:
    more, fewer = int((first > second).sum()), int((first < second).sum())
    return float(mcnemar([[0, more], [fewer, 0]], exact=True).pvalue) if more + fewer else 1.0


# --- Comparing a cell of a table with what it should hold ------------------------------------------------------------


@dataclass(frozen=True)
class End:
    """An end of an interval of draws: below it lies this share of them. It may be blank where a draw is not defined, if so said."""

    draws: np.ndarray
    share: float
    blank: bool = False

    def agrees(self, cell: float | None) -> bool:
        if cell is None:
            return self.blank and bool(np.isnan(self.draws).any())
        off = TOLERANCE[len(self.draws)]
        draws = self.draws[~np.isnan(self.draws)]
        return np.mean(draws < cell - HALF_DIGIT) <= self.share + off and np.mean(draws <= cell + HALF_DIGIT) >= self.share - off


@dataclass(frozen=True)
class Significant:
    """A p-value printed with two significant digits."""

    p: float

    def agrees(self, cell: float | None) -> bool:
        return cell is not None and abs(cell - self.p) <= 0.0501 * 10 ** math.floor(math.log10(self.p)) + 1e-13


def agrees(cell, wanted) -> bool:
    if isinstance(wanted, End | Significant):
        return wanted.agrees(cell)
    if wanted is None or cell is None or isinstance(wanted, str):
        return cell == wanted
    return abs(cell - wanted) <= HALF_DIGIT


def ends(draws: np.ndarray, blank: bool = False) -> list:
    return [None] * 2 if np.ptp(draws) < 1e-9 else [End(draws, share, blank) for share in (0.025, 0.975)]


def interval(cells: np.ndarray, statistic, wilson: bool = False) -> list:
    """Value, low and high in percent."""
    value = 100 * float(np.mean([statistic(seed) for seed in cells]))
    alike = len(cells) > 1 and np.ptp(cells) == 0
    if alike and not wilson:
        return [value, None, None]
    if len(cells) > 1 and not alike:
        half = 100 * half_width(contributions(cells, statistic), 0.05)
        return [value, value - half, value + half]
    if wilson:
        return [value, *(100 * end for end in proportion_confint(int(cells[0, :, 0].sum()), cells.shape[1], method="wilson"))]
    draw = np.random.default_rng(99).integers(0, cells.shape[1], (RESAMPLES, cells.shape[1]))
    return [value, *ends(100 * statistic(cells[0][draw]))]


def cut(found: list) -> list:
    """Of a share, which is nowhere below 0 or above 100."""
    return [one if one is None or isinstance(one, End) else min(100.0, max(0.0, one)) for one in found]


def named(name: str, found: list, value: str | None = None) -> dict:
    return dict(zip((value or name, f"{name}_low", f"{name}_high"), found, strict=True))


def percent(cells: np.ndarray) -> float:
    return 100 * float(np.mean(mean(cells)))


def mean_or_blank(shares) -> float | None:
    """Percent; blank where a seed has no such share."""
    shares = list(shares)
    return None if np.isnan(shares).any() else 100 * float(np.mean(shares))


def published(file: str, **wanted) -> dict[str, str]:
    with open(Path(__file__).parents[3] / "data/published" / f"autocode_{file}.csv", encoding="utf-8") as handle:
        return next((row for row in csv.DictReader(handle) if wanted.items() <= row.items()), {})


def number(text: str | None) -> float | None:
    return None if not text or text.startswith("~") else float(text)


# --- Rows of the tables ----------------------------------------------------------------------------------------------


def common(run: Run, row: dict, accuracy: str | None = None, code_rate: str | None = None) -> dict:
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
    gain = [None] * 3
    if em and auto:
        gain = interval(against_better(cells("strict", verdicts, *run.start(row, "cot", "code"))), difference)
    return {
        **common(run, row, paper.get(row["benchmark"]), paper.get(f"{row['benchmark']}_cr")),
        "lenient_accuracy": percent(cells("lenient", verdicts)),
        "infrastructure_errors": broken,
        **named("gain", gain, "gain_over_start"),
        "published_delta": number(delta.get(row["benchmark"])),
        "clean_n": clean.shape[1],
        **named("clean", cut(interval(clean, mean, wilson=True)), "clean_accuracy"),
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
        **common(run, row, paper.get(row["benchmark"]), paper.get(f"{row['benchmark']}_cr")),
        "label": label_of(run, row),
        **named("difference", accuracy, "difference_from_main"),
        "difference_p": p,
        **named("code_difference", code),
        "code_difference_p": code_p,
    }


def frontier_row(run: Run, row: dict) -> dict:
    """A mean and its interval are in programs, not in percent; who leaves whom behind is told by two differences."""
    points = [dict(zip(POLICY, key, strict=True)) for key in expected_keys(run, "frontier")]
    others = [one for one in points if (one["family"], one["benchmark"]) == (row["family"], row["benchmark"])]
    ahead = []
    for other in others:
        accuracy, programs = (bounds(cells(column, run.verdicts(other), run.verdicts(row))) for column in ("strict", "executions"))
        if (accuracy[1] > 0 and programs[0] <= 0) or (programs[2] < 0 and accuracy[0] >= 0):
            ahead.append(point_of(run, other))
    return {
        **common(run, row),
        "label": point_of(run, row),
        **named("executions", interval(0.01 * cells("executions", run.verdicts(row)), mean)),
        "left_behind_by": "; ".join(ahead) or None,
    }


def bounds(both: np.ndarray) -> list[float]:
    """Value, low and high of a difference; the value itself where nothing varies."""
    value, *found = interval(both, difference)
    return [value, *(value if one is None else np.quantile(one.draws, one.share) if isinstance(one, End) else one for one in found)]


def point_of(run: Run, row: dict) -> str:
    mode = {"cot": "CoT"}.get(row["mode"], row["mode"])
    return f"start policy, {mode}" if row["experiment"] == "start" else label_of(run, row)


def label_of(run: Run, row: dict) -> str:
    return "start policy" if row["experiment"] == "start" else run.plan["experiments"][row["experiment"]]


def tallies(run: Run, row: dict) -> list[dict[str, tuple[int, int, int, int]]]:
    """For each seed and query: (right, all) sampled rollouts that complied with CoT, and (right, all) with code."""
    found = []
    for cot, code in zip(*(run.graded(row, f"eval/{mode}_sampled/{row['benchmark']}/exact") for mode in ("cot", "code")), strict=True):
        complied = [[one for one in usable(rows) if one["methodology"] == mode] for mode, rows in (("cot", cot), ("code", code))]
        right = [Counter(one["query_id"] for one in rows if one["strict"]) for rows in complied]
        every = [Counter(one["query_id"] for one in rows) for rows in complied]
        queries = {one["query_id"] for one in (*cot, *code)}
        found.append({query: (right[0][query], every[0][query], right[1][query], every[1][query]) for query in queries})
    return found


def prefers_code(tally: tuple[int, int, int, int]) -> float:
    """1 where code is right more often, 0 where CoT is as often or more, NaN where neither ever is."""
    cot, of_cot, code, of_code = tally
    if not of_cot or not of_code or cot + code == 0:
        return math.nan
    return float(Fraction(code, of_code) > Fraction(cot, of_cot))


@cache
def is_certain(tally: tuple[int, int, int, int]) -> bool:
    """Is the label right with 95 % or more? By integration over the Jeffreys posterior of CoT."""
    cot, of_cot, code, of_code = tally
    posteriors = [stats.beta(right + 0.5, every - right + 0.5) for right, every in ((cot, of_cot), (code, of_code))]

    def density(angle: float) -> float:
        share = math.sin(angle) ** 2
        return posteriors[0].pdf(share) * posteriors[1].sf(share) * math.sin(2 * angle)

    code_better = integrate.quad(density, 1e-9, math.pi / 2 - 1e-9)[0]
    return (code_better if prefers_code(tally) else 1 - code_better) >= 0.95


def selection_row(run: Run, row: dict) -> dict:
    verdicts, counted = run.verdicts(row, "auto"), tallies(run, row)
    queries = sorted(set.intersection(*map(set, verdicts)))
    choices = [
        {query: {"label": prefers_code(counts[query]), "chose": seed[query]["methodology"] == "code"} for query in queries}
        for seed, counts in zip(verdicts, counted, strict=True)
    ]
    pairs = np.concatenate([cells("label", choices), cells("chose", choices)], axis=2)
    strict = cells("strict", verdicts)[..., 0]
    sure = [
        np.array([not math.isnan(prefers_code(counts[query])) and is_certain(counts[query]) for query in queries]) for counts in counted
    ]
    by_mode = {mode: percent(cells("strict", run.verdicts(row, mode))) for mode in MODES}
    kinds = Counter(kind for seed in range(len(verdicts)) for kind in alignment(*(run.verdicts(row, mode)[seed] for mode in MODES)))
    role = {"start": "selection_start", "main": "selection_main"}.get(row["experiment"])
    paper = published("v1_selection", model=run.names(row)[role]) if role in run.names(row) and row["benchmark"] == "math" else {}
    return {
        **common(run, row, paper.get("acc"), paper.get("code_rate")),
        **named("selection_macc", [None] * 3 if np.isnan([macc(seed) for seed in pairs]).any() else cut(interval(pairs, macc))),
        **dict(zip(("labels_low", "labels_high"), ends(100 * noisy(counted, queries, pairs[..., 1]), blank=True), strict=True)),
        "recall_cot": mean_or_blank(recalls(seed)[0] for seed in pairs),
        "recall_code": mean_or_blank(recalls(seed)[1] for seed in pairs),
        "cot_preferred": (pairs[..., 0] == 0).sum(axis=1).mean(),
        "code_preferred": (pairs[..., 0] == 1).sum(axis=1).mean(),
        "unlabelled": np.isnan(pairs[..., 0]).sum(axis=1).mean(),
        "certain": np.mean([mine.sum() for mine in sure]),
        "certain_macc": mean_or_blank(macc(seed[mine]) for seed, mine in zip(pairs, sure, strict=True)),
        "accuracy_correct_selection": mean_or_blank(
            right[seed[:, 0] == seed[:, 1]].mean() for right, seed in zip(strict, pairs, strict=True)
        ),
        "improvement": by_mode["auto"] - max(by_mode["cot"], by_mode["code"]),
        "cot_accuracy": by_mode["cot"],
        "code_accuracy": by_mode["code"],
        **{f"{kind}_share": 100 * kinds[kind] / kinds.total() for kind in ("strict", "allow_code", "misaligned")},
        "published_selection_macc": number(paper.get("sel_macc")),
        "published_recall_cot": number(paper.get("cot_sel_acc")),
        "published_recall_code": number(paper.get("code_sel_acc")),
        "published_accuracy_correct_selection": number(paper.get("acc_cor_sel")),
        "published_improvement": number(paper.get("improvement")),
        "published_cot_accuracy": number(paper.get("cot_acc")),
        "published_code_accuracy": number(paper.get("code_acc")),
    }


def noisy(counted: list, queries: list[str], chose: np.ndarray) -> np.ndarray:
    """Selection mAcc, the mean over seeds, with items drawn anew (the same for all seeds), and each one's rollouts."""
    draw = np.random.default_rng(7)
    tally = np.array([[counts[query] for query in queries] for counts in counted])
    found = []
    for _ in range(LABEL_RESAMPLES):
        items = draw.integers(0, len(queries), len(queries))
        (cot, of_cot), (code, of_code) = ((tally[:, items, 2 * side], tally[:, items, 2 * side + 1]) for side in (0, 1))
        cot, code = draw.binomial(of_cot, cot / np.maximum(of_cot, 1)), draw.binomial(of_code, code / np.maximum(of_code, 1))
        # Products of whole numbers: a / b > c / d without rounding.
        label = np.where((of_cot > 0) & (of_code > 0) & (cot + code > 0), code * of_cot > cot * of_code, np.nan)
        found.append(macc(np.stack([label, chose[:, items]], axis=2)).mean())
    return np.array(found)


def alignment(auto: dict, cot: dict, code: dict) -> list[str]:
    """The class of each correct native response whose query has all three verdicts."""
    kinds = []
    for query in [query for query, one in auto.items() if one["strict"] and query in cot and query in code]:
        uses_code, right = auto[query]["methodology"] == "code", (cot[query]["strict"], code[query]["strict"])
        oracle_uses_code = right == (False, True)
        kinds.append("strict" if uses_code == oracle_uses_code else "allow_code" if uses_code and all(right) else "misaligned")
    return kinds


def dictation_row(run: Run, row: dict) -> dict:
    paper, comply, verdicts = {}, None, run.verdicts(row)
    if row["experiment"] == "start" and row["benchmark"] == "math" and "dictation_start" in run.names(row):
        paper = published("v1_fewshot", model=run.names(row)["dictation_start"])
    if row["mode"] != "auto":
        obeyed = [{query: {"obeyed": one["methodology"] == row["mode"]} for query, one in seed.items()} for seed in verdicts]
        comply = percent(cells("obeyed", obeyed))
    repeated = [{query: {"repeated": one["cues"] > one["attempts"]} for query, one in seed.items()} for seed in verdicts]
    told = {"compliance": comply, "repeats_cue": percent(cells("repeated", repeated))}
    return {**common(run, row, paper.get(f"{row['mode']}_acc"), paper.get(f"{row['mode']}_cr")), **told}


def sft_row(run: Run, row: dict) -> dict:
    pairs = [one for one in run.rows("data/sft.parquet") if one["dataset"] == row["dataset"]]

    def about(path: str) -> list[dict]:
        return [one for one in run.rows(path) if (one["dataset"], one["benchmark"]) == (row["dataset"], row["benchmark"])]

    (compared,) = about(f"data/overlap/sft/{row['benchmark']}/counts.parquet")
    return dict.fromkeys(set(columns.OPENING) - set(POLICY)) | {
        "n": compared["benchmark_items"],
        "contaminated": len({one["query_id"] for one in about(f"data/overlap/sft/{row['benchmark']}/items.parquet")}),
        "pairs": len(pairs),
        "cot_pairs": sum(one["methodology"] == "cot" for one in pairs),
        "code_pairs": sum(one["methodology"] == "code" for one in pairs),
        "queries": len({one["query_id"] for one in pairs}),
        "rows_before": compared["training_rows"],
        "removed_rows": compared["removed_rows"],
        "published_queries": number(published("released_sft_sources", source=row["dataset"]).get("queries")),
    }


def rounds_row(run: Run, row: dict) -> dict:
    verdicts = run.verdicts(row)
    attempts = Counter(min(4, one["attempts"]) for seed in verdicts for one in seed.values())
    executions, failed = (sum(one[name] for seed in verdicts for one in seed.values()) for name in ("executions", "programs_failed"))
    known = row["experiment"] == "main" and "rounds_main" in run.names(row)
    paper = published("v1_rounds", dataset=row["benchmark"].upper()) if known else {}
    names = ("attempts_1", "attempts_2", "attempts_3", "attempts_4_or_more")
    again = [(one["first_right"], one["strict"]) for seed in verdicts for one in seed.values() if one["first_right"] is not None]
    return {
        **common(run, row),
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
        **common(run, row),
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


def place_of_samples(row: dict) -> str:
    if row["benchmark"] == EXPLORED:
        return f"explore/{'native' if row['mode'] == 'auto' else row['mode']}/queries/exact"
    return f"eval/{row['mode']}_sampled/{row['benchmark']}/exact"


def answers(rows: list[dict]) -> dict[str, list]:
    """The answers to each query, right ones all alike."""
    found: dict[str, list] = {}
    for one in usable(rows):
        found.setdefault(one["query_id"], []).append(True if one["strict"] else one["answer"])
    return found


def samples_row(run: Run, row: dict) -> dict:
    shares, graded = [], run.graded(row, place_of_samples(row))
    for rows in graded:
        choices = {query: list(combinations(given, row["k"])) for query, given in answers(rows).items() if len(given) >= row["k"]}
        shares.append(
            {query: {"pass": np.mean([True in one for one in some]), "maj": np.mean([*map(vote, some)])} for query, some in choices.items()}
        )
    if row["benchmark"] == EXPLORED:
        found = {name: nested([np.array([one[name] for one in seed.values()]) for seed in shares]) for name in ("pass", "maj")}
        queries = len({query for seed in shares for query in seed})
    else:
        found = {name: interval(cells(name, shares), mean) for name in ("pass", "maj")}
        queries = len(set.intersection(*map(set, shares)))
    return {
        "seeds": len(run.plan["seeds"]),
        "queries": queries,
        "left_out": len({query for rows in graded for query in answers(rows)}) - queries,
        **named("pass", cut(found["pass"]), "pass_at_k"),
        **named("maj", cut(found["maj"]), "maj_at_k"),
    }


def nested(seeds: list[np.ndarray]) -> list:
    """Value, low and high in percent where seeds have queries of their own: over seeds; one seed: over its queries."""
    if len(seeds) == 1:
        return interval(seeds[0][None, :, None], mean)
    means = [100 * one.mean() for one in seeds]
    return [np.mean(means), *stats.t.interval(0.95, len(means) - 1, loc=np.mean(means), scale=stats.sem(means))]


def vote(chosen: tuple) -> float:
    """The part of the right answer among those given most often; no answer is no vote."""
    votes = Counter(answer for answer in chosen if answer is not None)
    winners = [answer for answer, count in votes.items() if count == max(votes.values())]
    return winners.count(True) / len(winners) if winners else 0.0


KINDS_OF_RESPONSES = {
    "native responses": "exploratory_native",
    "dictated responses": "exploratory_dictated",
    "self-reflective responses": "reflective",
}


def health_row(run: Run, row: dict) -> dict:
    logs = [run.rows(f"{policy}/training_log.parquet") for policy in run.policies(row)]
    steps = [{part["name"]: part["value"] for part in step["parts"]} for log in logs for step in log]
    kind = KINDS_OF_RESPONSES[row["kind"]]
    ratios, squares, shares, kls = (
        [step[f"{name}/{kind}"] for step in steps] for name in ("ratio", "ratio_squared", "clip_share", "kl_behaviour")
    )
    return {
        "seeds": len(run.plan["seeds"]),
        "steps": len(steps),
        "ratio": max(ratios, key=lambda ratio: max(ratio, 1 / ratio)),
        "kl": max(kls),
        "clip_share": 100 * max(shares),
        "effective_share": 100 * min(ratio**2 / square for ratio, square in zip(ratios, squares, strict=True)),
        "breaches": "none",
    }


NO_REFL, RIVAL = "no_reflection", "standard_rl_equal_rollouts"
CLAIMS = {
    "EM (auto) is more accurate than the better dictated mode of the start policy, points": ("strict", against_better, "above"),
    "EM (auto) runs fewer programs than the start policy dictated to code, percent saved": ("executions", saved, "above"),
    "EM runs code on some queries and not on others: code rate inside 5-95 %": ("code_executed", mean, "inside"),
    "EM is more accurate than standard RL at equal rollouts, points": ("strict", RIVAL, "above"),
    "EM is more accurate than EM without self-reflective synthesis (NO_REFL), points": ("strict", NO_REFL, "above"),
}
"""Each claim: the column of grades it is about, its statistic or the experiment EM is compared with, and what supports it."""


def claim_cells(run: Run, row: dict) -> tuple:
    column, about, _ = CLAIMS[row["claim"]]
    last = row | {"experiment": "main", "iteration": run.plan["iterations"], "mode": "auto"}
    if isinstance(about, str):
        return cells(column, run.verdicts(last), run.verdicts(last, experiment=about)), difference
    modes = {against_better: ("cot", "code"), saved: ("code",), mean: ()}[about]
    found = cells(column, run.verdicts(last), *run.start(row, *modes))
    return (against_better(found), difference) if about is against_better else (found, about)


@cache
def p_values(run: Run) -> dict[tuple, tuple[float, float]]:
    """The p-value of each claim that is tested, and the same by Holm for all of them, by the claim's key."""
    tested = [row for row in run.table("claims").iter_rows(named=True) if CLAIMS[row["claim"]][2] != "inside"]
    plain = [p_value(*claim_cells(run, row)) for row in tested]
    adjusted = multipletests(plain, method="holm")[1]
    keys = [tuple(row[name] for name in KEYS["claims"]) for row in tested]
    return dict(zip(keys, zip(plain, adjusted, strict=True), strict=True))


def claims_row(run: Run, row: dict) -> dict:
    numbers, statistic = claim_cells(run, row)
    judged = CLAIMS[row["claim"]][2]
    found = interval(numbers, statistic, wilson=judged == "inside")
    tests = [Significant(float(p)) for p in p_values(run).get(tuple(row[name] for name in KEYS["claims"]), ())] or [None, None]
    return {
        "seeds": len(run.plan["seeds"]),
        **dict(zip(("value", "low", "high"), cut(found) if judged == "inside" else found, strict=True)),
        "n": numbers.shape[1],
        **dict(zip(("p_value", "adjusted_p"), tests, strict=True)),
        "verdict": "not resolved" if (row["p_value"] or 0) > 0.05 else verdict(judged, row["low"], row["high"]),
    }


def verdict(judged: str, low: float, high: float) -> str:
    """What an interval says; its ends are compared as well, so those of the table do."""
    least, most = {"above": (0, math.inf), "inside": (5, 95)}[judged]
    if least < low and high < most:
        return "supported"
    return "contradicted" if high < least or low > most else "not resolved"


# --- Which rows there are --------------------------------------------------------------------------------------------


def expected_keys(run: Run, table: str) -> list[tuple]:
    """The values of `KEYS` of every row that a table of the plan has."""
    plan = run.plan
    if table == "sft_sources":
        return [("start", None, 0, None, benchmark, dataset) for dataset in plan["sft"] for benchmark in plan["benchmarks"]]
    if table == "claims":
        return [(claim, family, benchmark) for claim in CLAIMS for family in plan["families"] for benchmark in plan["benchmarks"]]
    start, last = [("start", 0)], plan["iterations"]
    ends_ = start + [(name, last) for name in plan["experiments"]]
    trained = [(name, iteration) for name in plan["experiments"] for iteration in range(1, last + 1)]
    if table == "health":
        return [
            (name, family, iteration, kind) for family in plan["families"] for name, iteration in trained for kind in KINDS_OF_RESPONSES
        ]
    regimes = [one for one in trained if one[0] == "main" or one[0].startswith("standard_rl")]
    families, benchmarks, selection = plan["families"], plan["benchmarks"], plan["selection_benchmarks"]
    wanted = {
        "main": ([*start, ("main", last)], MODES, benchmarks),
        "ablation": (start + trained, ("auto",), benchmarks),
        "frontier": (start, ("cot", "code", "auto"), benchmarks),
        "selection": (ends_, ("auto",), selection),
        "dictation": (ends_, MODES, benchmarks),
        "rounds": (ends_, ("auto",), benchmarks),
        "regimes": (start + regimes, ("auto",), benchmarks),
        "samples": (ends_, ("cot", "code"), selection),
    }

    def crossed(policies, modes, places) -> list[tuple]:
        made = product(families, policies, modes, places)
        return [(experiment, family, iteration, mode, place) for family, (experiment, iteration), mode, place in made]

    keys = crossed(*wanted[table])
    if table == "frontier":
        keys += crossed(ends_[1:], ("auto",), benchmarks)
    if table == "ablation":
        keys += crossed(start, ("code",), benchmarks)
    if table == "samples":
        keys += crossed(start + [("main", iteration) for iteration in range(1, last)], MODES, [EXPLORED])
        keys = [(*key, k) for key in keys for k in numbers_of_samples(run, dict(zip(POLICY, key, strict=True)))]
    return keys


def numbers_of_samples(run: Run, row: dict) -> list[int]:
    """Powers of two below the most samples that a query has for every seed, and that number."""
    most = min(max(map(len, answers(rows).values())) for rows in run.graded(row, place_of_samples(row)))
    return [k for k in (1, 2, 4, 8, 16, 32, 64) if k < most] + [most]


ROWS = {
    "main": main_row,
    "ablation": ablation_row,
    "frontier": frontier_row,
    "selection": selection_row,
    "dictation": dictation_row,
    "sft_sources": sft_row,
    "rounds": rounds_row,
    "regimes": regimes_row,
    "samples": samples_row,
    "claims": claims_row,
    "health": health_row,
}
"""What makes again the columns of a row of each table that are no key."""


# --- Tests -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=PLANS)
def run(request, tmp_path_factory):
    chosen = tree.plan(**PLANS[request.param])
    for family in chosen["families"].values():
        if request.param == "one seed":
            family["published"] |= {"selection_start": "DeepseekMath-Instruct-7B", "dictation_start": "Deepseek-Math-Instruct"}
    folder = tree.build(tmp_path_factory.mktemp("run"), chosen)
    roughen(folder, chosen)
    flags = ["--method", "autocode", "--results", str(folder), "--plan", tree.as_json(chosen), "--out-dir", str(folder / "tables")]
    assert tabulate_results.main(flags) == 0
    return Run(folder, chosen)


@pytest.mark.stage
@pytest.mark.parametrize("table", ROWS)
def test_every_number_of_a_table(run, table):
    for row in run.table(table).iter_rows(named=True):
        key = {name: row[name] for name in KEYS[table]}
        made = ROWS[table](run, row)
        assert not set(made) & set(key)
        assert set(made) | set(key) == set(row), (
            f"{table}: columns that are not recomputed, or do not exist: {(set(made) | set(key)) ^ set(row)}"
        )
        wrong = {name: (row[name], wanted) for name, wanted in made.items() if not agrees(row[name], wanted)}
        assert not wrong, f"{table}, {key}: (in the table, recomputed) {wrong}"


@pytest.mark.stage
@pytest.mark.parametrize("table", ROWS)
def test_a_table_has_the_rows_of_the_plan_each_once(run, table):
    assert Counter(run.table(table).select(KEYS[table]).iter_rows()) == Counter(expected_keys(run, table))


@pytest.mark.stage
def test_every_table_and_column_is_recomputed(run):
    declared = {table.name: list(table.columns) for table in METHOD.tables}
    assert set(ROWS) == set(declared) == {path.stem for path in (run.folder / "tables").iterdir()}
    for name, wanted in declared.items():
        assert run.table(name).columns == wanted


@pytest.mark.stage
def test_mean_squares_are_those_of_statsmodels():
    values = np.random.default_rng(1).normal(size=(3, 8))
    long = {"value": values.ravel(), "seed": np.repeat(range(3), 8), "item": np.tile(range(8), 3)}
    by_source = anova_lm(ols("value ~ C(seed) + C(item)", data=pandas.DataFrame(long)).fit())["mean_sq"]
    assert list(mean_squares(values).values()) == pytest.approx(list(by_source))
