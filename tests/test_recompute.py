"""Every number of every table of a run, computed again from the parquet files by other means than those that made it.

Plain loops over rows, statsmodels and scipy; nothing is imported of the modules that measure. Ends of bootstrap intervals and of
resampled labels are drawn anew, so they agree up to one item of forty; all else agrees to the last digit printed.
"""

import csv
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import results_tree as tree
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

import tabulate_results
from autocode import columns

ITEM = 100 / 37
"""Percent that one item of a benchmark of the tree weighs, where three of its forty have no verdict."""

TEXT = {"experiment", "family", "mode", "benchmark", "label", "dataset", "regime", "published_behaviour", "claim", "verdict"}
MODES = ("auto", "cot", "code")
TINY = {"tiny": {"label": "tiny", "published": {}}}


class Run:
    """A finished run on disk, and the plan behind it."""

    def __init__(self, folder: Path, plan: dict):
        self.folder, self.plan = folder, plan
        self.rows = cache(self._rows)

    def _rows(self, path: str) -> list[dict]:
        return pl.read_parquet(self.folder / path).to_dicts()

    def policies(self, row: dict) -> list[str]:
        """Path of the row's policy for each seed."""
        below = "" if row["experiment"] == "start" else f"/iter{row['iteration']}"
        return [f"{row['experiment']}/{row['family']}/seed{seed}{below}" for seed in self.plan["seeds"]]

    def verdicts(self, row: dict, mode: str, column: str) -> list[dict[str, float]]:
        """For each seed the values of a column by query, infrastructure errors left out."""
        found = []
        for policy in self.policies(row):
            graded = self.rows(f"{policy}/eval/{mode}/{row['benchmark']}/grades.parquet")
            found.append({one["query_id"]: float(one[column]) for one in graded if one["outcome"] != "infrastructure_error"})
        return found

    def contaminated(self, benchmark: str) -> set[str]:
        files = ("data/queries_contaminated_items.parquet", "data/sft_contaminated_items.parquet")
        return {one["query_id"] for path in files for one in self.rows(path) if one["benchmark"] == benchmark}


def matrix(*terms: list[dict[str, float]]) -> np.ndarray:
    """Shape (seeds, items, terms): the items that every term has for every seed, in order."""
    common = sorted(set.intersection(*(set(values) for term in terms for values in term)))
    return np.array([[[term[seed][query] for term in terms] for query in common] for seed in range(len(terms[0]))])


def mean(cells: np.ndarray) -> float:
    return float(cells[:, 0].mean())


def difference(cells: np.ndarray) -> float:
    return float(cells[:, 0].mean() - cells[:, 1].mean())


def over_better(cells: np.ndarray) -> float:
    return float(cells[:, 0].mean() - max(cells[:, 1].mean(), cells[:, 2].mean()))


def saved(cells: np.ndarray) -> float:
    return float(1 - cells[:, 0].sum() / cells[:, 1].sum())


def macc(cells: np.ndarray) -> float:
    """Of [label is code, chose code] rows: the mean of two recalls, unlabelled rows marked by a NaN label."""
    recalls = [np.mean(cells[cells[:, 0] == name, 1] == name) for name in (0, 1)]
    return float(np.mean(recalls))


def half_width(values: np.ndarray, level: float) -> float:
    """Two-way analysis of variance of values (seeds, items), sums of squares by hand."""
    seeds, items = values.shape
    of_seeds = items * sum((values[seed].mean() - values.mean()) ** 2 for seed in range(seeds))
    of_items = seeds * sum((values[:, item].mean() - values.mean()) ** 2 for item in range(items))
    left = ((values - values.mean()) ** 2).sum() - of_seeds - of_items
    square = {"seeds": of_seeds / (seeds - 1), "items": of_items / (items - 1), "left": left / ((seeds - 1) * (items - 1))}
    parts = [(square["seeds"], seeds - 1), (max(square["items"] - square["left"], 0), items - 1)]
    return sum(stats.t.ppf((1 + level) / 2, freedom) ** 2 * part / (seeds * items) for part, freedom in parts) ** 0.5


def contributions(cells: np.ndarray, statistic) -> np.ndarray:
    """Jackknife pseudo-values (seeds, items), each seed's moved to have the seed's statistic as mean."""
    rows = []
    for seed in cells:
        count, whole = len(seed), statistic(seed)
        pseudo = [count * whole - (count - 1) * statistic(np.delete(seed, item, axis=0)) for item in range(count)]
        rows.append(np.array(pseudo) - np.mean(pseudo) + whole)
    return np.array(rows)


def bootstrap(cells: np.ndarray, statistic) -> tuple[float, float]:
    draw = np.random.default_rng(99)
    drawn = [statistic(cells[draw.integers(0, len(cells), len(cells))]) for _ in range(3000)]
    return tuple(np.nanpercentile(drawn, [2.5, 97.5]))


def interval(cells: np.ndarray, statistic, wilson: bool = False) -> list[tuple[float, float]]:
    """Value, low and high in percent, each with how far a table may be from it."""
    value = 100 * float(np.mean([statistic(seed) for seed in cells]))
    if len(cells) > 1:
        half = 100 * half_width(contributions(cells, statistic), 0.95)
        return [(value, 0.006), (value - half, 0.011), (value + half, 0.011)]
    if wilson:
        low, high = proportion_confint(int(cells[0, :, 0].sum()), len(cells[0]), method="wilson")
        return [(value, 0.006), (100 * low, 0.006), (100 * high, 0.006)]
    low, high = bootstrap(cells[0], statistic)
    return [(value, 0.006), (100 * low, ITEM + 0.01), (100 * high, ITEM + 0.01)]


def cut(found: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(min(100.0, max(0.0, value)), off) for value, off in found]


def p_value(cells: np.ndarray, statistic) -> float:
    if len(cells) == 1:
        return max(exact(cells[0, :, 0], cells[0, :, other]) for other in range(1, cells.shape[2]))
    values, low, high = contributions(cells, statistic), 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if half_width(values, middle) < abs(values.mean()) else (low, middle)
    return 1 - low


def exact(first: np.ndarray, second: np.ndarray) -> float:
    """McNemar's exact test; counts are compared pair by pair."""
    more, fewer = int((first > second).sum()), int((first < second).sum())
    return float(mcnemar([[0, more], [fewer, 0]], exact=True).pvalue) if more + fewer else 1.0


def named(name: str, found: list[tuple[float, float]], value: str | None = None) -> dict:
    return dict(zip((value or name, f"{name}_low", f"{name}_high"), found, strict=True))


def published(file: str, **wanted) -> dict[str, str]:
    with open(Path(__file__).parents[1] / "data/published" / f"autocode_{file}.csv", encoding="utf-8") as handle:
        return next((row for row in csv.DictReader(handle) if wanted.items() <= row.items()), {})


def number(text: str | None) -> float | None:
    return None if not text or text.startswith("~") else float(text)


def common(run: Run, row: dict, accuracy: float | None = None, code_rate: float | None = None) -> dict:
    """The columns that open a table of policies."""
    strict = matrix(run.verdicts(row, row["mode"], "strict"))
    graded = [run.verdicts(row, row["mode"], column) for column in ("code_executed", "code_written", "code_decides")]
    rates = [(100 * matrix(one)[..., 0].mean(axis=1).mean(), 0.006) for one in graded]
    first = run.rows(f"{run.policies(row)[0]}/eval/{row['mode']}/{row['benchmark']}/grades.parquet")
    return {
        "iteration": row["iteration"],
        "seeds": len(run.plan["seeds"]),
        "n": strict.shape[1],
        **named("accuracy", cut(interval(strict, mean, wilson=True))),
        **dict(zip(("code_rate", "code_written_rate", "code_decides_rate"), rates, strict=True)),
        "published_accuracy": accuracy,
        "published_code_rate": code_rate,
        "contaminated": len({one["query_id"] for one in first} & run.contaminated(row["benchmark"])),
    }


def main_row(run: Run, row: dict) -> dict:
    lenient = matrix(run.verdicts(row, row["mode"], "lenient"))
    broken = 0
    for policy in run.policies(row):
        graded = run.rows(f"{policy}/eval/{row['mode']}/{row['benchmark']}/grades.parquet")
        broken += sum(one["outcome"] == "infrastructure_error" for one in graded)
    dirty = run.contaminated(row["benchmark"])
    verdicts = run.verdicts(row, row["mode"], "strict")
    clean = matrix([{query: value for query, value in seed.items() if query not in dirty} for seed in verdicts])
    em, auto = row["experiment"] == "main", row["mode"] == "auto"
    names = run.plan["families"][row["family"]]["published"]
    said = {"auto": "auto"} if em else {"cot": "no", "code": "yes"}
    paper, delta = {}, {}
    if row["mode"] in said and names:
        paper = published("v1_main", model=names[row["mode"]], code=said[row["mode"]])
        delta = published("v1_main", model=names["delta"])
    empty = [None] * 3
    gain = interval(matrix(verdicts, *start_terms(run, row)), over_better) if em and auto else empty
    return {
        **common(run, row, number(paper.get(row["benchmark"])), number(paper.get(f"{row['benchmark']}_cr"))),
        "lenient_accuracy": (100 * lenient.mean(), 0.006),
        "infrastructure_errors": broken,
        **named("gain", gain, "gain_over_start"),
        "published_delta": number(delta.get(row["benchmark"])) if em and auto else None,
        "clean_n": clean.shape[1],
        **named("clean", cut(interval(clean, mean, wilson=True)), "clean_accuracy"),
    }


def start_terms(run: Run, row: dict, column: str = "strict", modes=("cot", "code")) -> list:
    start = row | {"experiment": "start", "iteration": 0}
    return [run.verdicts(start, mode, column) for mode in modes]


def ablation_row(run: Run, row: dict) -> dict:
    names = run.plan["families"][row["family"]]["published"]
    roles = {("start", 0): "ablation_start", ("main", 2): "ablation_main", ("no_reflection", 1): "ablation_no_reflection"}
    roles[("standard_rl_equal_rollouts", 2)] = "ablation_standard_rl"
    role = roles.get((row["experiment"], row["iteration"]))
    if row["experiment"] == "start" and row["mode"] != "code":
        role = None
    paper = published("v1_ablations", model=names[role]) if role in names else {}
    found, p = [None] * 3, None
    if row["experiment"] not in ("start", "main"):
        cells = matrix(run.verdicts(row, "auto", "strict"), run.verdicts(row | {"experiment": "main"}, "auto", "strict"))
        found, p = interval(cells, difference), p_value(cells, difference)
    return {
        **common(run, row, number(paper.get(row["benchmark"])), number(paper.get(f"{row['benchmark']}_cr"))),
        **named("difference", found, "difference_from_main"),
        "difference_p": None if p is None else (p, 0.05 * p),
    }


def counted(run: Run, row: dict, seed: int) -> dict[str, dict[str, list[int]]]:
    """For each query: [right, all] of its sampled rollouts that complied, by methodology."""
    found: dict[str, dict[str, list[int]]] = {}
    for mode in ("cot", "code"):
        for one in run.rows(f"{run.policies(row)[seed]}/eval/{mode}_sampled/{row['benchmark']}/grades.parquet"):
            place = found.setdefault(one["query_id"], {"cot": [0, 0], "code": [0, 0]})[mode]
            if one["outcome"] != "infrastructure_error" and one["methodology"] == mode:
                place[0] += one["strict"]
                place[1] += 1
    return found


def label(counts: dict[str, list[int]]) -> float:
    """1 where code is right more often, 0 where CoT is as often or more, NaN where neither ever is."""
    (cot, of_cot), (code, of_code) = counts["cot"], counts["code"]
    if not of_cot or not of_code or cot + code == 0:
        return float("nan")
    return float(code / of_code > cot / of_cot)


def as_key(counts: dict[str, list[int]]) -> tuple[int, int, int, int]:
    return (*counts["cot"], *counts["code"])


@cache
def is_certain(counts: tuple[int, int, int, int]) -> bool:
    """By drawing from the Jeffreys posteriors."""
    draw, (cot, of_cot, code, of_code) = np.random.default_rng(5), counts
    cot_better = draw.beta(cot + 0.5, of_cot - cot + 0.5, 400_000) > draw.beta(code + 0.5, of_code - code + 0.5, 400_000)
    return float(np.mean(cot_better != (code / of_code > cot / of_cot))) >= 0.95


def selection_row(run: Run, row: dict) -> dict:
    seeds = range(len(run.plan["seeds"]))
    counts = [counted(run, row, seed) for seed in seeds]
    chose = [{q: float(code) for q, code in seed.items()} for seed in run_methodology(run, row)]
    strict = run.verdicts(row, "auto", "strict")
    pairs = matrix([{q: label(counts[s][q]) for q in chose[s]} for s in seeds], chose, strict)
    queries = sorted(set.intersection(*map(set, chose)))
    sure = [[label(counts[seed][query]) in (0, 1) and is_certain(as_key(counts[seed][query])) for query in queries] for seed in seeds]
    recalls = [[np.mean(seed[seed[:, 0] == name, 1] == name) for name in (0, 1)] for seed in pairs]
    chosen_right = [seed[seed[:, 0] == seed[:, 1]] for seed in pairs]
    accuracies = {mode: matrix(run.verdicts(row, mode, "strict")).mean() for mode in MODES}
    classes = Counter(kind for seed in seeds for kind in alignment(run, row, seed))
    names = run.plan["families"][row["family"]]["published"]
    role = {"start": "selection_start", "main": "selection_main"}.get(row["experiment"])
    paper = (
        {key: number(value) for key, value in published("v1_selection", model=names[role]).items() if key != "model"}
        if role in names
        else {}
    )
    drawn = np.mean([noisy(counts[s], {query: chose[s][query] for query in queries}) for s in seeds], axis=0)
    certain = [macc(pairs[s][np.array(sure[s])]) for s in seeds]
    return {
        **common(run, row, paper.get("acc"), paper.get("code_rate")),
        **named("selection_macc", cut(interval(pairs, macc))),
        **dict(zip(("labels_low", "labels_high"), [(100 * end, 2.0) for end in np.percentile(drawn, [2.5, 97.5])], strict=True)),
        "recall_cot": (100 * np.mean([one[0] for one in recalls]), 0.006),
        "recall_code": (100 * np.mean([one[1] for one in recalls]), 0.006),
        "cot_preferred": (np.mean([(seed[:, 0] == 0).sum() for seed in pairs]), 0.006),
        "code_preferred": (np.mean([(seed[:, 0] == 1).sum() for seed in pairs]), 0.006),
        "unlabelled": (np.mean([np.isnan(seed[:, 0]).sum() for seed in pairs]), 0.006),
        "certain": (np.mean([sum(one) for one in sure]), 0.006),
        "certain_macc": None if np.isnan(certain).any() else (100 * np.mean(certain), 0.006),
        "accuracy_correct_selection": (100 * np.mean([seed[:, 2].mean() for seed in chosen_right]), 0.006),
        "improvement": (100 * (accuracies["auto"] - max(accuracies["cot"], accuracies["code"])), 0.006),
        "cot_accuracy": (100 * accuracies["cot"], 0.006),
        "code_accuracy": (100 * accuracies["code"], 0.006),
        **{f"{kind}_share": (100 * classes[kind] / classes.total(), 0.006) for kind in ("strict", "allow_code", "misaligned")},
        "published_selection_macc": paper.get("sel_macc"),
        "published_recall_cot": paper.get("cot_sel_acc"),
        "published_recall_code": paper.get("code_sel_acc"),
        "published_accuracy_correct_selection": paper.get("acc_cor_sel"),
        "published_improvement": paper.get("improvement"),
        "published_cot_accuracy": paper.get("cot_acc"),
        "published_code_accuracy": paper.get("code_acc"),
    }


def run_methodology(run: Run, row: dict, mode: str = "auto") -> list[dict[str, bool]]:
    """For each seed: did the response of a query choose code?"""
    paths = [f"{policy}/eval/{mode}/{row['benchmark']}/grades.parquet" for policy in run.policies(row)]
    return [
        {one["query_id"]: one["methodology"] == "code" for one in run.rows(path) if one["outcome"] != "infrastructure_error"}
        for path in paths
    ]


def alignment(run: Run, row: dict, seed: int) -> list[str]:
    right = {mode: run.verdicts(row, mode, "strict")[seed] for mode in MODES}
    kinds = []
    for query, uses_code in run_methodology(run, row)[seed].items():
        if right["auto"][query] and query in right["cot"] and query in right["code"]:
            needs_code = right["code"][query] and not right["cot"][query]
            both = right["code"][query] and right["cot"][query]
            kinds.append("strict" if uses_code == bool(needs_code) else "allow_code" if uses_code and both else "misaligned")
    return kinds


def noisy(counts: dict, chose: dict) -> list[float]:
    """Selection mAcc with items, and for each its rollouts, drawn anew."""
    draw, queries, found = np.random.default_rng(7), sorted(chose), []
    for _ in range(1500):
        rows = []
        for place in draw.integers(0, len(queries), len(queries)):
            one = counts[queries[place]]
            again = {mode: [int(draw.binomial(total, right / total)) if total else 0, total] for mode, (right, total) in one.items()}
            rows.append((label(again), chose[queries[place]]))
        found.append(macc(np.array(rows)))
    return found


def dictation_row(run: Run, row: dict) -> dict:
    comply = None
    if row["mode"] != "auto":
        shares = [np.mean([code == (row["mode"] == "code") for code in seed.values()]) for seed in run_methodology(run, row, row["mode"])]
        comply = (100 * np.mean(shares), 0.006)
    return {**common(run, row), "compliance": comply}


def sft_row(run: Run, row: dict) -> dict:
    pairs = [one for one in run.rows("data/sft.parquet") if one["dataset"] == row["dataset"]]
    compared = run.rows("data/sft_contamination.parquet")
    (found,) = (one for one in compared if (one["dataset"], one["benchmark"]) == (row["dataset"], row["benchmark"]))
    blank = dict.fromkeys(columns.COMMON)
    queries = published("released_sft_sources", source=row["dataset"]).get("queries")
    return {name: value for name, value in blank.items() if name not in TEXT} | {
        "iteration": 0,
        "n": found["benchmark_items"],
        "contaminated": max(found["exact_items"], found["ngram_items"]),
        "pairs": len(pairs),
        "cot_pairs": sum(one["methodology"] == "cot" for one in pairs),
        "code_pairs": sum(one["methodology"] == "code" for one in pairs),
        "queries": len({one["query_id"] for one in pairs}),
        "rows_before": found["training_rows"],
        "removed_rows": found["removed_rows"],
        "published_queries": None if queries is None else int(queries),
    }


def rounds_row(run: Run, row: dict) -> dict:
    by_seed = {name: run.verdicts(row, "auto", name) for name in ("attempts", "executions", "programs_failed")}
    attempts = [Counter(min(4, int(value)) for value in seed.values()) for seed in by_seed["attempts"]]
    executions, failed = (sum(sum(seed.values()) for seed in by_seed[name]) for name in ("executions", "programs_failed"))
    responses = sum(len(seed) for seed in by_seed["executions"])
    names = run.plan["families"][row["family"]]["published"]
    paper = published("v1_rounds", dataset=row["benchmark"].upper()) if row["experiment"] == "main" and names else {}
    columns_ = ("attempts_1", "attempts_2", "attempts_3", "attempts_4_or_more")
    return {
        **common(run, row),
        **{name: (np.mean([seed[count] for seed in attempts]), 0.006) for count, name in enumerate(columns_, 1)},
        "executions_per_response": (executions / responses, 0.006),
        "programs_failed": (100 * failed / executions, 0.006) if executions else None,
        **{f"published_attempts_{count}": number(paper.get(f"round{count}")) for count in (1, 2, 3)},
    }


def regimes_row(run: Run, row: dict) -> dict:
    explorer = "main" if row["experiment"] == "start" else row["experiment"]
    shares = []
    for seed in run.plan["seeds"] if row["iteration"] < run.plan["iterations"] else []:
        values = run.rows(f"{explorer}/{row['family']}/seed{seed}/iter{row['iteration'] + 1}/q_values.parquet")
        shares.append(np.mean([one["prior_code"] in (0, 1) for one in values if one["prior_code"] is not None]))
    return {**common(run, row), "one_choice": (100 * np.mean(shares), 0.006) if shares else None}


def samples_row(run: Run, row: dict) -> dict:
    passed, most = [], []
    for policy in run.policies(row):
        place = {"auto": "native"}.get(row["mode"], row["mode"])
        explored = row["benchmark"] == "explored queries"
        path = f"explore/{place}" if explored else f"eval/{row['mode']}_sampled/{row['benchmark']}"
        answers: dict[str, list] = {}
        for one in run.rows(f"{policy}/{path}/grades.parquet"):
            if one["outcome"] != "infrastructure_error":
                answers.setdefault(one["query_id"], []).append("right" if one["strict"] else one["answer"])
        enough = {query: list(combinations(given, row["k"])) for query, given in answers.items() if len(given) >= row["k"]}
        passed.append({query: np.mean(["right" in one for one in choices]) for query, choices in enough.items()})
        most.append({query: np.mean([vote(one) for one in choices]) for query, choices in enough.items()})
    found = [cut(interval(matrix(one), mean)) for one in (passed, most)]
    return {
        "iteration": row["iteration"],
        "k": row["k"],
        "seeds": len(run.plan["seeds"]),
        "queries": matrix(passed).shape[1],
        **named("pass", found[0], "pass_at_k"),
        **named("maj", found[1], "maj_at_k"),
    }


def vote(answers: tuple) -> float:
    votes = Counter(answer for answer in answers if answer is not None)
    winners = [answer for answer, count in votes.items() if count == max(votes.values())]
    return winners.count("right") / len(winners) if winners else 0.0


def claim_cells(run: Run, row: dict):
    """The cells of a claim and its statistic, and how the claim is judged: by sign, or against a range (None)."""
    last = row | {"experiment": "main", "iteration": run.plan["iterations"]}
    auto = run.verdicts(last, "auto", "strict")
    if "better dictated mode" in row["claim"]:
        return matrix(auto, *start_terms(run, row)), over_better, 1
    if "fewer programs" in row["claim"]:
        return matrix(run.verdicts(last, "auto", "executions"), *start_terms(run, row, "executions", ["code"])), saved, 1
    if "some queries" in row["claim"]:
        return matrix(run.verdicts(last, "auto", "code_executed")), mean, None
    rival = last | {"experiment": "no_reflection" if "NO_REFL" in row["claim"] else "standard_rl_equal_rollouts"}
    column = "code_executed" if "code rate" in row["claim"] else "strict"
    return (
        matrix(run.verdicts(last, "auto", column), run.verdicts(rival, "auto", column)),
        difference,
        -1 if column == "code_executed" else 1,
    )


def claims_row(run: Run, row: dict) -> dict:
    cells, statistic, sign = claim_cells(run, row)
    found = interval(cells, statistic, wilson=sign is None)
    p = None if sign is None else p_value(cells, difference if statistic is saved else statistic)
    ends = sorted((row["low"], row["high"]))
    if sign is None:
        verdict = "supported" if ends[0] > 5 and ends[1] < 95 else "contradicted" if ends[1] < 5 or ends[0] > 95 else "not resolved"
    else:
        low, high = sorted(sign * end for end in ends)
        verdict = "supported" if low > 0 else "contradicted" if high < 0 else "not resolved"
    assert row["verdict"] == verdict
    return {
        "seeds": len(run.plan["seeds"]),
        **dict(zip(("value", "low", "high"), found, strict=True)),
        "n": cells.shape[1],
        "p_value": None if p is None else (p, 0.05 * p + 1e-11),
    }


ROWS = {
    "main": main_row,
    "ablation": ablation_row,
    "selection": selection_row,
    "dictation": dictation_row,
    "sft_sources": sft_row,
    "rounds": rounds_row,
    "regimes": regimes_row,
    "samples": samples_row,
    "claims": claims_row,
}


@pytest.fixture(scope="module", params=["one seed", "three seeds"])
def run(request, tmp_path_factory):
    changes = {} if request.param == "one seed" else {"seeds": [1, 2, 3], "families": TINY, "benchmarks": ["math"]}
    chosen = tree.plan(**changes)
    folder = tree.build(tmp_path_factory.mktemp("run"), chosen)
    spoil(folder, chosen)
    tabulate_results.main(["--results", str(folder), "--plan", tree.as_json(chosen), "--out-dir", str(folder / "tables")])
    return Run(folder, chosen)


def spoil(folder: Path, chosen: dict) -> None:
    """One response of each policy's last seed broke, a different item for each mode."""
    for path in sorted(folder.glob(f"*/*/seed{chosen['seeds'][-1]}/**/eval/*/math/grades.parquet")):
        frame = pl.read_parquet(path)
        place = MODES.index(path.parts[-3]) + 3 if path.parts[-3] in MODES else 9
        broken = (pl.int_range(pl.len()) == place) & pl.lit("iter1" not in str(path))
        frame = frame.with_columns(outcome=pl.when(broken).then(pl.lit("infrastructure_error")).otherwise("outcome"))
        frame.write_parquet(path)
        if path.parts[-3] in MODES:
            tree.score(folder.parents[1], folder, path.parent, "math")


@pytest.mark.parametrize("table", ROWS)
def test_every_number_of_a_table(run, table):
    frame = pl.read_csv(run.folder / "tables" / f"{table}.csv", infer_schema_length=None)
    assert frame.height > 0
    for row in frame.iter_rows(named=True):
        expected = ROWS[table](run, row)
        assert set(expected) | TEXT | ({"adjusted_p"} if table == "claims" else set()) >= set(frame.columns), set(frame.columns) - set(
            expected
        )
        for name, wanted in expected.items():
            value, off = wanted if isinstance(wanted, tuple) else (wanted, 0)
            where = f"{table}: {name} of {[row[key] for key in row if key in TEXT]}"
            assert row[name] == (value if value is None else pytest.approx(value, abs=off)), where


def test_p_values_are_adjusted_for_all_tests_of_the_claims(run):
    frame = pl.read_csv(run.folder / "tables" / "claims.csv").drop_nulls("p_value")
    adjusted = multipletests(frame["p_value"].to_list(), method="holm")[1]
    assert frame["adjusted_p"].to_list() == pytest.approx(list(adjusted), rel=0.06)


def test_every_table_is_recomputed():
    assert set(ROWS) == {*columns.OWN, "samples", "claims"}
