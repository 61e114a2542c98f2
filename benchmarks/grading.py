"""How many answers a second are judged, and how often rightly, beside Math-Verify in the same run.

    python benchmarks/grading.py
    python benchmarks/grading.py --runs critic_runs_mathcoder.jsonl.gz --workers 1 2
    python benchmarks/grading.py --hostile 1000 --growth

Without `--runs` (JSON lines with `reference` and `final`: what models answered) the labelled pairs of the tests are judged, with
the share that was judged rightly. Math-Verify runs in one process, as it is meant to be used, with its own clock. `--growth` prints
the milliseconds of one pair by the length of the answer.
"""

import csv
import json
import logging
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

from math_verify import parse, verify
from support import hostile_answers

from mathcode import settings
from mathcode.core import cli, json_lines
from mathcode.data import sources
from mathcode.grading import equality, exact
from mathcode.grading.forms import reading

GOLDEN = Path(__file__).parents[1] / "tests" / "grading" / "golden"
DATASETS = ("GSM8K", "MATH")
GROWING: dict[str, Callable[[int], str]] = {
    "digits": lambda n: "7" * n,
    "a sum": lambda n: "+".join("1" * (n // 2)),
    "a list": lambda n: ",".join("1" * (n // 2)),
    "words": lambda n: "no " * (n // 3),
    "brackets": lambda n: "(" * (n // 2) + ")" * (n // 2),
    "quoting signs": lambda n: "`" * n,
    "fractions": lambda n: r"\frac" * (n // 5),
    "dollars": lambda n: "$ 1" * (n // 3),
}


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--runs", help=f"JSON lines of runs, gzipped or not; those of {' and '.join(DATASETS)} are judged")
    parser.add_argument("--pairs", help="JSON lines with gold and answer")
    parser.add_argument("--hostile", type=int, default=0, help="judge so many answers made to choke a grader instead")
    parser.add_argument("--growth", action="store_true", help="milliseconds of one pair by the length of the answer")
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds for each pair (%(default)s)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="numbers of workers to try (1 2)")
    return parser


def labelled() -> tuple[list[tuple[str, str]], list[bool]]:
    """Pairs of the tests, and whether they are equal."""
    pairs, labels = [], []
    for path in sorted(GOLDEN.glob("*.tsv")):
        with open(path, encoding="utf-8") as handle:
            for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
                pairs.append((row["gold"], re.sub(r"\\n(?=\d)", "\n", row["answer"])))
                labels.append(row["verdict"] == "equal")
    for line in (GOLDEN / "forms.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        pairs.append((row["gold"], row["answer"]))
        labels.append(row["equal"])
    return pairs, labels


def ours(pairs: list[tuple[str, str]], workers: int, timeout: float) -> tuple[list[bool], float, list[float]]:
    """Verdicts, wall clock without the start of the judges, and the seconds of each pair."""
    limits = settings.Grading(timeout=timeout, workers=workers, max_infrastructure_errors=1.0)
    with exact.Grader(limits) as grader:
        grader.verdicts([(rf"\sin x_{number}", rf"\cos x_{number}") for number in range(40 * workers)])
        forget()
        start = time.perf_counter()
        judged = grader.compare(pairs)
        wall = time.perf_counter() - start
    return [one.verdict == "equal" for one in judged], wall, [one.seconds for one in judged]


def forget() -> None:
    """Empty the memories of the reader: every run reads every answer."""
    equality._form.cache_clear()
    reading.read.cache_clear()


def peer(pairs: list[tuple[str, str]], timeout: float) -> tuple[list[bool], float, list[float]]:
    """The same of Math-Verify, each pair once."""
    logging.disable(logging.CRITICAL)
    found, seconds, begin = {}, {}, time.perf_counter()
    for pair in dict.fromkeys(pairs):
        start = time.perf_counter()
        found[pair] = False
        with suppress(Exception):
            gold, answer = (parse(f"${text}$", parsing_timeout=int(timeout)) for text in pair)
            found[pair] = bool(verify(gold, answer, timeout_seconds=int(timeout)))
        seconds[pair] = time.perf_counter() - start
    wall = time.perf_counter() - begin
    return [found[pair] for pair in pairs], wall, [seconds[pair] for pair in pairs]


def report(name: str, result: tuple[list[bool], float, list[float]], labels: list[bool] | None) -> float:
    """Print a line; the wall clock."""
    verdicts, wall, seconds = result
    line = f"{name}: {len(verdicts) / wall:.0f} pairs/s, {1000 * wall / len(verdicts):.2f} ms a pair, slowest {max(seconds):.2f} s"
    if labels:
        agreed = sum(verdict == label for verdict, label in zip(verdicts, labels, strict=True))
        false = sum(verdict and not label for verdict, label in zip(verdicts, labels, strict=True))
        line += f", agreement {agreed}/{len(labels)} = {agreed / len(labels):.1%}, false positives {false}"
    print(line, flush=True)
    return wall


def growth() -> None:
    """Milliseconds of one pair by the length of the answer, the best of three; beyond the limit of length only text is compared."""
    lengths = (60, 125, 250, 500, 1000, 100_000)
    print(f"{'characters':14s}" + "".join(f"{length:>9d}" for length in lengths))
    for name, made in GROWING.items():
        row = []
        for length in lengths:
            spent = []
            for turn in range(3):
                start = time.perf_counter()
                equality.numerically_equal(f"x+{turn}", made(length))
                spent.append(time.perf_counter() - start)
                forget()
            row.append(1000 * min(spent))
        print(f"{name:14s}" + "".join(f"{one:9.2f}" for one in row), flush=True)


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    labels = None
    if args.growth:
        growth()
    if args.hostile:
        pairs = hostile_answers.pairs(args.hostile)
        labels = [False] * len(pairs)
    elif args.runs:
        rows = (row for row in sources.read_records(Path(args.runs)) if row["dataset"] in DATASETS)
        pairs = [(str(row["reference"]), str(row["final"])) for row in rows]
    elif args.pairs:
        pairs = [(row["gold"], row["answer"]) for row in json_lines.read(args.pairs, ["gold", "answer"])]
    else:
        pairs, labels = labelled()
    print(f"{len(pairs)} pairs, {len(set(pairs))} different")
    alone = report("Math-Verify alone", peer(pairs, args.timeout), labels)
    for workers in args.workers:
        wall = report(f"ours, {workers} workers", ours(pairs, workers, args.timeout), labels)
        print(f"ours, {workers} workers: {alone / wall:.1f} times the pairs a second of Math-Verify")
    return 0


if __name__ == "__main__":
    cli.run(main)
