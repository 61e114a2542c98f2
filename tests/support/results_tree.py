"""A small synthetic results tree: what a finished run leaves for tables and figures. No model, no sampling; seeded."""

import json
import random
from collections.abc import Iterable
from pathlib import Path

import polars as pl

import score_responses
from mathcode import paths, tables
from mathcode.methods.autocode.form import KINDS
from support.declared import TABLES

RUN_SEED = 7
SAMPLES = 4
JUDGE = "exact"
HEALTH = {"ratio_low": 0.5, "ratio_high": 2.0, "clip_share": 0.3, "kl": 0.2, "effective_share": 0.5}
"""Bounds that the trainings of the tree stay within."""


def plan(**changes) -> dict:
    """A plan of one family, every experiment that tables know by name, two benchmarks."""
    return {
        "families": {"qwen2math": {"label": "Qwen2-Math-7B", "published": published("Qwen2")}},
        "experiments": {
            "main": "AutoCode (EM)",
            "no_reflection": "without self-reflective synthesis (NO_REFL)",
            "standard_rl_equal_rollouts": "standard RL, as many rollouts as EM",
        },
        "seeds": [1],
        "iterations": 2,
        "benchmarks": ["gsm8k", "math"],
        "selection_benchmarks": ["math"],
        "sft": ["gsm8k_cot"],
        "health": HEALTH,
    } | changes


def published(family: str) -> dict[str, str]:
    return {
        "cot": f"Code4Math-{family}",
        "code": f"Code4Math-{family}",
        "auto": f"AutoCode4Math-{family}",
        "delta": f"DELTA {family}",
        "ablation_start": f"Code4Math-{family}",
        "ablation_main": f"AutoCode4Math-{family}",
        "ablation_no_reflection": f"wo/ Self-Reflective Synthesis (Iter1) {family}",
        "ablation_standard_rl": f"wo/ EM (RL Iter2) {family}",
        "selection_main": f"Ours-{family}-7B",
        "rounds_main": f"AutoCode4Math-{family}",
    }


def benchmark(name: str, items: int = 40) -> pl.DataFrame:
    rows = [{"query_id": f"{name}-{item:03d}", "dataset": name, "question": f"q{item}", "gold": "1"} for item in range(items)]
    return pl.DataFrame([row | {"level": None, "type": None} for row in rows], schema=tables.QUERIES.schema)


def grade(query_id: str, mode: str, methodology: str, right: bool, **changes) -> dict:
    code = methodology == "code"
    return {
        "query_id": query_id,
        "mode": mode,
        "sample": 0,
        "methodology": methodology,
        "answer": "1" if right else "2",
        "outcome": "correct" if right else "wrong",
        "strict": right,
        "lenient": right,
        "code_executed": code,
        "code_written": code,
        "code_decides": code,
        "attempts": 1,
        "first_right": None,
        "cues": 1,
        "executions": int(code),
        "programs_failed": int(code and not right),
        "finish_reason": "stop",
        "isolation": "sandbox",
        "run_on": 0,
        "grader": "test-grader-1",
    } | changes


def rollouts(rows: list[dict]) -> pl.DataFrame:
    """Responses to what `grade` made: a program where code ran, else a sentence."""
    made = []
    for row in rows:
        said = {"text": f"The answer is {row['answer']}."} | dict.fromkeys(("program", "output", "result", "error", "outcome"))
        printed = {"output": str(row["answer"]), "result": f"{row['answer']}\n", "error": "", "outcome": "ok"}
        ran = {"text": "```python\nprint(1)\n```\n```output", "program": "print(1)", **printed}
        made.append(
            {name: row[name] for name in ("query_id", "mode", "sample", "methodology", "finish_reason", "isolation")}
            | {"seed": 1, "prompt": "q", "response": said["text"], "rounds": [ran, said] if row["code_executed"] else [said]}
            | {"token_ids": [1], "generated": [True], "logprobs": [-0.5]}
        )
    return pl.DataFrame(made, schema=tables.ROLLOUTS.schema)


def grades(rows: list[dict]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=tables.GRADES.schema)


def build(root: Path, chosen: dict) -> Path:
    """Write data/ and results/test below `root` for a plan; returns the run's folder."""
    run = root / "results" / "test"
    for name in chosen["benchmarks"]:
        tables.QUERIES.write(benchmark(name), root / "data" / "benchmarks" / f"{name}.parquet")
    _write_data(run, chosen)
    write(benchmark("train", 50).to_dicts(), run / paths.data("queries"), "queries")
    for family in chosen["families"]:
        for seed in chosen["seeds"]:
            start = run / "start" / family / f"seed{seed}"
            tables.TRAINING_LOG.write(tables.TRAINING_LOG.empty(), start / "training_log.parquet")
            _evaluate(root, run, start, chosen, 0, True)
            _explore(start, seed)
            for experiment in chosen["experiments"]:
                for iteration in range(1, chosen["iterations"] + 1):
                    folder = run / experiment / family / f"seed{seed}" / f"iter{iteration}"
                    _evaluate(root, run, folder, chosen, iteration, iteration == chosen["iterations"])
                    _train(folder, iteration, experiment)
                    if experiment == "main":
                        _explore(folder, seed)
    return run


def _write_data(run: Path, chosen: dict) -> None:
    pairs = []
    for dataset in chosen["sft"]:
        for number in range(12):
            pair = {"query_id": f"t{number % 8}", "dataset": dataset, "question": "q", "gold": "1", "solution": f"s{number}", "type": None}
            pairs.append(pair | {"methodology": "code" if number >= 8 else "cot"})
    write(pairs, run / paths.data("sft"), "sft")
    found = {"queries": [("002", "ngram")], "sft": [("000", "exact"), ("001", "ngram")]}
    for use, datasets in {"queries": ["train"], "sft": chosen["sft"]}.items():
        for name in chosen["benchmarks"]:
            keys = [{"dataset": dataset, "use": use, "benchmark": name} for dataset in datasets]
            counts = {"benchmark_items": 40, "exact_items": 1, "ngram_items": 2, "training_rows": 30, "removed_rows": 1}
            items = [key | {"query_id": f"{name}-{number}", "overlap": kind} for key in keys for number, kind in found[use]]
            write([key | counts for key in keys], run / paths.overlap_counts(use, name), "overlap_counts")
            write(items, run / paths.overlap_items(use, name), "overlap_items")


def _evaluate(root: Path, run: Path, policy: Path, chosen: dict, iteration: int, labelled: bool) -> None:
    """Code is right on even items, CoT on items not divisible by 3; auto learns to choose with the iterations."""
    for name in chosen["benchmarks"]:
        items = benchmark(name)["query_id"].to_list()
        draw = random.Random(f"{RUN_SEED}/{policy.relative_to(run)}/{name}")
        able = {item: {"cot": bool(n % 3) ^ (draw.random() < 0.1), "code": n % 2 == 0} for n, item in enumerate(items)}
        wanted = {item: "code" if able[item]["code"] and not able[item]["cot"] else "cot" for item in items}
        chose = {item: wanted[item] if draw.random() < 0.4 * iteration else draw.choice(["cot", "cot", "code"]) for item in items}
        modes = {
            "auto": [
                grade(item, "auto", chose[item], able[item][chose[item]], attempts=1 + (n % 20 == 0), cues=1 + (n % 10 == 0))
                for n, item in enumerate(items)
            ],
            **{mode: [grade(item, mode, mode, able[item][mode]) for item in items] for mode in ("cot", "code")},
        }
        for mode, rows in modes.items():
            tables.GRADES.write(grades(rows), Path(paths.response_grades(policy, mode, name, JUDGE)))
            tables.ROLLOUTS.write(rollouts(rows), Path(paths.responses(policy, mode, name)))
            score(root, run, Path(paths.response_grades(policy, mode, name, JUDGE)), name, chosen)
        if labelled and name in chosen["selection_benchmarks"]:
            for mode in ("cot", "code"):
                rows = [
                    grade(item, f"{mode}_sampled", mode, draw.random() < (0.8 if able[item][mode] else 0.1), sample=sample)
                    for item in items
                    for sample in range(SAMPLES)
                ]
                tables.GRADES.write(grades(rows), Path(paths.response_grades(policy, f"{mode}_sampled", name, JUDGE)))


def _explore(policy: Path, seed: int) -> None:
    draw = random.Random(f"{RUN_SEED}/{seed}/{policy.name}")
    for mode in ("native", "cot", "code"):
        rows = []
        for number in range(20):
            for sample in range(SAMPLES):
                right = draw.random() < number / 20
                methodology = draw.choice(["cot", "code"]) if mode == "native" else mode
                wrong = {} if right else {"answer": draw.choice(["2", "3", None])}
                rows.append(_explored(f"train-{number + seed:03d}", mode, methodology, right, sample, wrong))
        tables.GRADES.write(grades(rows), Path(paths.rollout_grades(policy, mode, JUDGE)))
        tables.ROLLOUTS.write(rollouts(rows), Path(paths.rollouts(policy, mode)))


def _explored(query_id: str, mode: str, methodology: str, right: bool, sample: int, changes: dict) -> dict:
    outcome = {"outcome": "no_answer"} if changes.get("answer", "") is None else {}
    return grade(query_id, mode, methodology, right, sample=sample, **changes, **outcome)


def score(root: Path, run: Path, graded: Path, name: str, chosen: dict) -> None:
    """Write scores.json beside a table of grades of a benchmark."""
    family = chosen["families"][graded.relative_to(run).parts[1]]
    uses = ("queries",) if family.get("precondition") == "none" else ("queries", "sft")
    flags = {
        "--grades": [graded],
        "--queries": [root / "data" / "benchmarks" / f"{name}.parquet"],
        "--overlap": [run / paths.overlap_items(use, name) for use in uses],
        "--out": [graded.with_name("scores.json")],
    }
    assert score_responses.main([str(part) for flag, files in flags.items() for part in (flag, *files)]) == 0


def _train(folder: Path, iteration: int, experiment: str) -> None:
    """Standard RL at equal rollouts has three native rollouts where others have one and two dictated."""
    draw, dictated = random.Random(f"{RUN_SEED}/{folder.parts[-4:]}"), "standard" not in experiment
    native = 3 * SAMPLES if "equal" in experiment else SAMPLES
    queries = []
    for number in range(50):
        prior = draw.choice([0.0, 0.0, 0.25, 0.5, 1.0]) if iteration == 1 else draw.choice([0.0, 0.0, 0.75, 1.0, 1.0])
        q = {mode: draw.randint(0, SAMPLES) / SAMPLES if dictated else None for mode in ("cot", "code")}
        row = {"query_id": f"train-{number:03d}", "n_native": native, "mean_native": 0.5, "prior_code": prior}
        row["p_code_better"] = 0.5 if dictated else None
        for mode, value in q.items():
            row |= {f"n_{mode}": SAMPLES if dictated else 0, f"q_{mode}": value, f"q_{mode}_low": value, f"q_{mode}_high": value}
        queries.append(row)
    write(queries, folder / "q_values.parquet", "q_values")
    write([_strategy(row) for row in queries], folder / "reference_strategy.parquet", "reference_strategy")
    write([log_row(step, draw) for step in range(1, 31)], folder / "training_log.parquet", "training_log")
    differences = [10 ** draw.uniform(-7, -5) if n % 3 else None for n in range(60)]
    responses = [{"example_id": f"r{n}", "logprobs": [-0.5], "sampled_difference": value} for n, value in enumerate(differences)]
    write(responses, folder / "logprobs.parquet", "logprobs")


def write(rows: list[dict], path: Path, name: str) -> None:
    """Write a declared table."""
    TABLES[name].write(pl.DataFrame(rows, schema=TABLES[name].schema), path)


def _strategy(row: dict) -> dict:
    label = None
    if row["q_cot"] or row["q_code"]:
        label = "code" if row["prior_code"] * row["q_code"] > (1 - row["prior_code"]) * row["q_cot"] else "cot"
    s_code = None if label is None else float(label == "code")
    s_cot = None if s_code is None else 1 - s_code
    common = {"query_id": row["query_id"], "label": label, "tie": False, "rule": "prior_times_q", "alpha": float("inf")}
    return common | {"s_cot": s_cot, "s_code": s_code}


def log_row(step: int, draw: random.Random, kinds: Iterable[str] = KINDS) -> dict:
    """A step of a training log, with parts of these kinds of responses; the effective sample size is 80 % of the tokens."""
    parts = {
        "policy_loss": -0.2,
        "selection_loss": 2.0 / step + draw.uniform(0, 0.1),
        "ratio": 1 + draw.uniform(-0.02, 0.02),
        "clip_share": draw.uniform(0, 0.1) * step / 30,
        "kl_behaviour": draw.uniform(0, 0.002) * step,
        "advantage": 0.1,
    }
    for kind in kinds:
        parts |= {f"{name}/{kind}": parts[name] for name in ("ratio", "clip_share", "kl_behaviour")}
        parts[f"ratio_squared/{kind}"] = parts["ratio"] ** 2 * 1.25
    return {
        "step": step,
        "epoch": step / 15,
        "loss": -0.1,
        "learning_rate": 1e-4,
        "gradient_norm": 1.0,
        "tokens": 500,
        "responses": 16,
        "parts": [{"name": name, "value": value} for name, value in parts.items()],
    }


def as_json(chosen: dict) -> str:
    return json.dumps(chosen, sort_keys=True)
