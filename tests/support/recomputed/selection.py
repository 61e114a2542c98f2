"""Rows of the table of methodology selection: labels of queries from sampled rollouts, how sure they are, and who chose as they say."""

import math
from collections import Counter
from fractions import Fraction
from functools import cache

import numpy as np
from scipy import integrate, stats

from support.recomputed.agreement import LABEL_RESAMPLES
from support.recomputed.cells import cells, macc, mean_or_blank, percent, recalls
from support.recomputed.finished_run import MODES, Run, usable
from support.recomputed.intervals import cut, ends, interval, named
from support.recomputed.policies import opening
from support.recomputed.published import number, published


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
        **opening(run, row, paper.get("acc"), paper.get("code_rate")),
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
