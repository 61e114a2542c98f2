"""How many answers a second are judged, and how often rightly, against Math-Verify alone.

    python benchmarks/grading.py
    python benchmarks/grading.py --pairs pairs.jsonl --hanging 0.01 --workers 1 2 4

Both judge the same pairs in this run, Math-Verify in one process, as it is meant to be used, with its own clock; a share of
the answers is one that no parser gets through in time. Agreement is printed where the pairs carry a verdict given by hand.
"""

import csv
import logging
import re
import sys
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

from math_verify import parse, verify

from mathcode import settings
from mathcode.core import cli, json_lines
from mathcode.grading import exact

GOLDEN = Path(__file__).parents[1] / "tests" / "golden"
HANGS = r"\\binom{{10^{{9}}+{}}}{{5 \cdot 10^{{8}}}} + x"


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--pairs", help="JSON lines with gold and answer; default: the labelled pairs of the tests")
    parser.add_argument(
        "--labelled", nargs="+", default=sorted(GOLDEN.glob("*pairs.tsv")), help="tables of labelled pairs (those of the tests)"
    )
    parser.add_argument("--hostile", type=int, default=0, help="judge so many answers made to choke a grader instead")
    parser.add_argument("--hanging", type=float, default=0.0, help="share of answers that hang the parser (%(default)s)")
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds for each pair (%(default)s)")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="numbers of workers to try (1 2)")
    return parser


def labelled(paths: list[str]) -> list[tuple[str, str, bool]]:
    """Gold, answer and label of every pair."""
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as handle:
            for row in csv.DictReader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
                found.append((row["gold"], re.sub(r"\\n(?=\d)", "\n", row["answer"]), row["verdict"] == "equal"))
    return found


def ours(pairs: list[tuple[str, str]], workers: int, timeout: float) -> tuple[list[bool], float, list[float]]:
    """Verdicts, wall clock without the start of the judges, and the seconds of each pair."""
    limits = settings.Grading(timeout=timeout, workers=workers, max_infrastructure_errors=1.0)
    with exact.Grader(limits) as grader:
        grader.verdicts([(f"x + {number}", f"{number} + x") for number in range(1, 1 + workers)])
        start = time.perf_counter()
        judged = grader.judge(pairs)
        wall = time.perf_counter() - start
    return [one.verdict == "equal" for one in judged], wall, [one.seconds for one in judged]


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


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    labels = None
    if args.hostile:
        sys.path.insert(0, str(GOLDEN.parent))
        import hostile_answers

        pairs = hostile_answers.pairs(args.hostile)
        labels = [False] * len(pairs)
    elif args.pairs:
        pairs = [(row["gold"], row["answer"]) for row in json_lines.read(args.pairs, ["gold", "answer"])]
    else:
        known = labelled(args.labelled)
        pairs, labels = [pair[:2] for pair in known], [pair[2] for pair in known]
    for number in range(round(args.hanging * len(pairs))):
        at = int((number + 0.5) / args.hanging)
        pairs[at] = (pairs[at][0] if "\\" in pairs[at][0] else r"\frac{x}{7}", HANGS.format(number))
        labels = None
    print(f"{len(pairs)} pairs, {len(set(pairs))} different, {round(args.hanging * len(pairs))} hang")
    alone = report("Math-Verify alone", peer(pairs, args.timeout), labels)
    for workers in args.workers:
        wall = report(f"ours, {workers} workers", ours(pairs, workers, args.timeout), labels)
        print(f"ours, {workers} workers: {alone / wall:.1f} times the pairs a second of Math-Verify")
    return 0


if __name__ == "__main__":
    cli.run(main)
