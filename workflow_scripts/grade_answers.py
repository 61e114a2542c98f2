"""Judge answers against reference answers, each pair within a hard limit of time.

    python workflow_scripts/grade_answers.py --pairs in.jsonl --out out.jsonl --workers 4 --timeout 5

reads   JSON lines {"id", "gold", "answer"}
writes  JSON lines {"id", "verdict", "outcome", "seconds"}, in the same order

verdict   equal or different
outcome   ok, or why the verdict is "different" without a comparison: gold_unparsed (the reference answer cannot be read),
          timed_out, infrastructure_error (not the answer's fault)
seconds   time spent on the pair; identical pairs are judged only once

What counts as equal is written in docs/grading.md.
"""

from tqdm import tqdm

from mathcode import settings
from mathcode.core import cli, json_lines
from mathcode.grading import exact


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--pairs", required=True, help="JSON lines with the pairs")
    parser.add_argument("--out", required=True, help="JSON lines to write")
    parser.add_argument("--workers", type=int, default=1, help="processes for comparisons that need real-number arithmetic (%(default)s)")
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds for each pair (%(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    rows = json_lines.read(args.pairs, ["id", "gold", "answer"])
    limits = {"timeout": args.timeout, "workers": args.workers, "max_infrastructure_errors": 1.0}
    with (
        exact.Grader(settings.of_options(settings.Grading, limits)) as grader,
        tqdm(total=len(rows), desc="grading", unit="pair", mininterval=5) as progress,
    ):
        judgements = grader.compare([(row["gold"], row["answer"]) for row in rows], progress.update)
    json_lines.write((_record(row["id"], judgement) for row, judgement in zip(rows, judgements, strict=True)), args.out)
    return 0


def _record(name: str | int, judgement: exact.Judgement) -> dict:
    compared = judgement.verdict in ("equal", "different")
    return {
        "id": name,
        "verdict": "equal" if judgement.verdict == "equal" else "different",
        "outcome": "ok" if compared else judgement.verdict,
        "seconds": round(judgement.seconds, 4),
    }


if __name__ == "__main__":
    cli.run(main)
