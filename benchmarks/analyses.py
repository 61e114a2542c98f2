"""How long the analyses take on tables of a 7B-scale run, and how much memory, against their limits.

    python benchmarks/analyses.py                               7,000 queries x 48 rollouts, and 1 and 10 million rows
    python benchmarks/analyses.py --rows 336000                 one size
    python benchmarks/analyses.py --rows 100000000 --only E-step    as many rollouts as the E-step is meant for
    python benchmarks/analyses.py --report                      tables, figures and pages of a simulated run as well

Each analysis runs in a process of its own on generated grades; printed are its rows, seconds, and the two shares of the limits: 60 s and
8 GB for the E-step whatever its rows, 60 s a million rows and 4 GB for the others.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
import polars as pl

from mathcode import tables
from mathcode.core import cli
from mathcode.core.errors import InputError

ROOT = Path(__file__).parents[1]
SECONDS_A_MILLION, GIGABYTES = 60.0, 4.0
E_STEP = 60.0, 8.0
SAMPLES = 16
PART = 150_000
"""Queries of a file: generating more at once would take more memory than the analyses."""
MODES = ("native", "cot", "code")

ANALYSES = {
    "E-step": [
        *("workflow_scripts/estimate_strategy.py", "--grades", "{paths}", "--seed", "1"),
        *("--out-q-values", "{out}/q.parquet", "--out-strategy", "{out}/s.parquet"),
        *("--settings", '{"rule": "prior_times_q", "alpha": "inf"}'),
    ],
    "scores": [
        "-c",
        "from mathcode import tables\nfrom mathcode.measures import outcomes\n"
        "for files in {paths}:\n    for path in files: outcomes.score(tables.GRADES.read(path))",
    ],
    "selection labels": [
        "-c",
        "from mathcode import tables\nfrom mathcode.methods.autocode import selection\n"
        "import polars as pl\nnative, cot, code = (pl.concat([tables.GRADES.read(path) for path in files]) for files in {paths})\n"
        "labels = selection.selection_labels(cot, code)\nselection.certain_labels(labels)\n"
        "one = native.filter(pl.col('sample') == 0)\nselection.selection(one, labels)\n"
        "selection.resampled_maccs([(one, labels)], 200)",
    ],
    "pass@k and maj@k": [
        "-c",
        "from mathcode import tables\nfrom mathcode.grading import votes\nfrom mathcode.measures import pass_at_k\n"
        "for files in {paths}:\n    for path in files:\n        tallied = pass_at_k.tallies(tables.GRADES.read(path), votes.equal)\n"
        "        for k in (1, 2, 4, 8, 16): pass_at_k.by_query(tallied, k)",
    ],
}


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[336_000, 1_000_000, 10_000_000], help="graded rollouts, all modes together")
    parser.add_argument("--only", choices=ANALYSES, help="one analysis; default: all")
    parser.add_argument("--report", action="store_true", help="also a simulated run with three families and six benchmarks")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    print(f"{'analysis':24s} {'rows':>12s} {'seconds':>9s} {'of limit':>9s} {'peak GB':>9s} {'of limit':>9s}")
    for rows in args.rows:
        with tempfile.TemporaryDirectory() as folder:
            paths = _written(Path(folder), rows)
            for name, command in ANALYSES.items():
                if args.only in (None, name):
                    show(name, rows, [part for word in command for part in _filled(word, folder, paths)])
    if args.report:
        with tempfile.TemporaryDirectory() as folder:
            _report(Path(folder))
    return 0


def _written(folder: Path, rows: int) -> dict[str, list[str]]:
    """Files of generated grades, by mode."""
    queries, paths = rows // 3 // SAMPLES, {mode: [] for mode in MODES}
    for start in range(0, queries, PART):
        ids = [f"{number:016x}" for number in range(start, min(queries, start + PART))]
        for number, mode in enumerate(MODES):
            paths[mode].append(str(folder / f"{mode}{start}.parquet"))
            tables.GRADES.write(grades(mode, len(ids), SAMPLES, start + number, ids), paths[mode][-1])
    return paths


def _filled(word: str, folder: str, paths: dict[str, list[str]]) -> list[str]:
    """A word of a command with its files in place."""
    if word == "{paths}":
        return [path for mode in MODES for path in paths[mode]]
    return [word.replace("{out}", folder).replace("{paths}", repr([paths[mode] for mode in MODES]))]


def show(name: str, rows: int, command: list[str]) -> None:
    """Run Python with the arguments given and print what it took."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow_scripts")}
    started = time.monotonic()
    process, gigabytes = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment), 0.0
    while process.poll() is None:  # what the system tells of an ended child includes the memory of its parent
        gigabytes = max(gigabytes, _peak(process.pid))
        time.sleep(0.02)
    seconds = time.monotonic() - started
    if process.returncode:
        raise InputError(f"{name} failed with status {process.returncode}")
    allowed, most = E_STEP if name == "E-step" else (SECONDS_A_MILLION * max(rows / 1e6, 1), GIGABYTES)
    print(f"{name:24s} {rows:12,d} {seconds:9.1f} {seconds / allowed:9.0%} {gigabytes:9.2f} {gigabytes / most:9.0%}", flush=True)


def _peak(process: int) -> float:
    """The largest resident memory of a process so far, GB; 0 when it is gone."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e6 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)


def grades(mode: str, queries: int, samples: int, seed: int, ids: list[str] | None = None) -> pl.DataFrame:
    """Generated table `grades`: queries of every difficulty, wrong answers from a few and from many."""
    draw = np.random.default_rng(seed)
    names = pl.Series(ids or [f"{number:016x}" for number in range(queries)])
    rows = queries * samples
    right = draw.random(rows) < np.repeat(draw.random(queries), samples)
    code = draw.random(rows) < np.repeat(draw.random(queries), samples) if mode in ("native", "auto") else np.full(rows, "code" in mode)
    outcome = np.where(right, "correct", np.where(draw.random(rows) < 0.1, "no_answer", "wrong"))
    wrong = pl.Series(draw.integers(2, 40, rows)).cast(pl.String)
    return pl.DataFrame(
        {
            "query_id": names.gather(np.repeat(np.arange(queries), samples)),
            "mode": pl.repeat(mode, rows, eager=True),
            "sample": pl.Series(np.tile(np.arange(samples), queries), dtype=pl.Int32),
            "methodology": pl.Series(np.where(code, "code", "cot")),
            "outcome": pl.Series(outcome),
            "strict": right,
            "lenient": right,
            "code_executed": code,
            "code_written": code,
            "code_decides": code & right,
            "attempts": pl.Series(1 + (draw.random(rows) < 0.05), dtype=pl.Int32),
            "executions": pl.Series(code.astype(int), dtype=pl.Int32),
            "programs_failed": pl.Series((code & ~right & (draw.random(rows) < 0.3)).astype(int), dtype=pl.Int32),
            "finish_reason": pl.repeat("stop", rows, eager=True),
            "isolation": pl.repeat("sandbox", rows, eager=True),
            "run_on": pl.repeat(0, rows, eager=True, dtype=pl.Int32),
            "grader": pl.repeat("autocode 1", rows, eager=True),
        }
    ).with_columns(
        answer=pl.when(pl.col("strict")).then(pl.lit("1")).when(pl.col("outcome") == "wrong").then(wrong),
    )


def _report(folder: Path) -> None:
    """Tables, figures and the page of responses of a run of the paper's size; texts of some 700 characters."""
    import results_tree as tree

    sizes = {"gsm8k": 1319, "math": 5000, "gaokao": 385, "olympiad": 675, "college": 2818, "asdiv": 2215}
    names = ("llama31", "qwen2math", "deepseekmath")
    experiments = dict.fromkeys(("main", "no_reflection", "standard_rl", "standard_rl_equal_rollouts", "q_rule"), "x")
    families = {name: {"label": name, "published": {}} for name in names}
    plan = tree.plan(families=families, experiments=experiments, benchmarks=list(sizes), selection_benchmarks=["math"])
    ids = {name: [f"{name}-{number}" for number in range(size)] for name, size in sizes.items()} | {"train": [f"t{n}" for n in range(7000)]}
    run, rows = folder / "results" / "test", 0
    for name, queries in ids.items():
        asked = [{"query_id": query, "dataset": name, "question": f"question {query}", "gold": "1"} for query in queries]
        frame = pl.DataFrame([row | {"level": None, "type": None} for row in asked], schema=tables.QUERIES.schema)
        tables.QUERIES.write(frame, run / "data/queries.parquet" if name == "train" else folder / f"{name}.parquet")
    tree._write_data(run / "data", plan)
    for family in names:
        start = run / "start" / family / "seed1"
        policies = [(start, 0)] + [(run / one / family / "seed1" / f"iter{n}", n) for one in experiments for n in (1, 2)]
        for policy, iteration in policies:
            if iteration:
                tree._train(policy, iteration, "standard" not in str(policy))
            for name, size in sizes.items():
                for mode in ("auto", "cot", "code"):
                    rows += _evaluated(policy / "eval" / mode / name, grades(mode, size, 1, rows, ids[name]))
            if iteration != 1:
                for mode in ("cot_sampled", "code_sampled"):
                    frame = grades(mode, sizes["math"], 10, rows, ids["math"])
                    tables.GRADES.write(frame, policy / "eval" / mode / "math" / "grades.parquet")
                    rows += frame.height
            if policy == start or (policy.parts[-4:-3] == ("main",) and iteration == 1):
                for mode in MODES:
                    rows += _evaluated(policy / "explore" / mode, grades(mode, 7000, 5, rows, ids["train"]), "rollouts")
    text, flags = json.dumps(plan), ["--method", "autocode", "--results", str(run), "--plan"]
    show("tables", rows, ["workflow_scripts/tabulate_results.py", *flags, text, "--out-dir", str(folder / "tables")])
    show("figures", rows, ["workflow_scripts/plot_figures.py", "--run", "test", *flags, text, "--out-dir", str(folder / "figures")])
    pages = ["--benchmarks", *(str(folder / f"{name}.parquet") for name in sizes), "--queries", str(run / "data/queries.parquet")]
    page = folder / "responses.html"
    show("page of responses", rows, ["workflow_scripts/browse_responses.py", "--run", "test", *flags, text, *pages, "--out", str(page)])
    print(f"page of responses: {page.stat().st_size / 1e6:.1f} MB")


def _evaluated(folder: Path, frame: pl.DataFrame, name: str = "responses") -> int:
    """Write grades, scores and texts of one evaluation; returns its rows."""
    from mathcode.measures import outcomes

    tables.GRADES.write(frame, folder / "grades.parquet")
    if name == "responses":
        (folder / "scores.json").write_text(json.dumps(outcomes.score(frame) | {"contaminated": 0}))
    said = (
        pl.concat_str(pl.lit("We look at "), pl.col("query_id"), pl.lit(" and reason, step by step, from what is known. "))
        .repeat_by(8)
        .list.join("")
    )
    written = pl.struct(text=said, program=pl.lit(None, pl.String), output=pl.lit(None, pl.String), outcome=pl.lit(None, pl.String))
    responses = frame.select(
        *("query_id", "mode", "sample", "methodology", "finish_reason", "isolation"),
        seed=pl.lit(1, pl.Int64),
        prompt=pl.col("query_id"),
        response=said,
        rounds=pl.concat_list(written),
        token_ids=pl.lit([1], pl.List(pl.Int32)),
        generated=pl.lit([True], pl.List(pl.Boolean)),
        logprobs=pl.lit([-0.5], pl.List(pl.Float32)),
    )
    tables.ROLLOUTS.write(responses, folder / f"{name}.parquet")
    return frame.height


if __name__ == "__main__":
    cli.run(main)
