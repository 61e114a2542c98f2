"""Grade whole responses, of any origin: answer, verdicts, methodology, programs.

    python workflow_scripts/grade_responses.py --responses in.jsonl --out out.jsonl --workers 4

reads   JSON lines {"id", "question", "gold", "response", "benchmark"}
writes  JSON lines with the row's id and benchmark, in the same order, and

answer           what the response answers; null when it states nothing
strict           whether that answer is right
lenient          whether any answer it boxed is right
outcome          correct, wrong, no_answer, gold_unparsed, timed_out or infrastructure_error
methodology      cot or code: what it chose first
rounds           its programs and their outputs, in order
code_written     a program, or a print( anywhere
code_executed    a program with an output
code_decides     the graded answer is what a program printed

Programs are not executed: their outputs are those that the response shows.
"""

from tqdm import tqdm

from autocode import answers, commandline, grading, records, settings, transcript


def arguments():
    parser = commandline.parser(__doc__)
    parser.add_argument("--responses", required=True, help="JSON lines with the responses")
    parser.add_argument("--out", required=True, help="JSON lines to write")
    parser.add_argument("--benchmark", help="benchmark of the rows that name none; without it every row needs one")
    parser.add_argument("--workers", type=int, default=1, help="processes that judge what needs a LaTeX parser (%(default)s)")
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds for each answer (%(default)s)")
    parser.add_argument("--extraction", choices=answers.RULES, default="autocode", help="rules that find the answer (%(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    needed = ["id", "question", "gold", "response"] + ["benchmark"] * (not args.benchmark)
    rows = [{"benchmark": args.benchmark, **row} for row in records.read(args.responses, needed)]
    limits = {"timeout": args.timeout, "workers": args.workers, "max_infrastructure_errors": 1.0}
    found = [answers.extract(row["response"], args.extraction, row["benchmark"], row["question"], row["gold"]) for row in rows]
    pairs = [(row["gold"], answer) for row, one in zip(rows, found, strict=True) for answer in one.candidates]
    with (
        grading.Grader(settings.validated(settings.Grading, limits, "options")) as grader,
        tqdm(total=len(pairs), desc="grading", unit="answer", mininterval=5) as progress,
    ):
        judged = [judgement.verdict for judgement in grader.judge(pairs, progress.update)]
    verdicts = dict(zip(pairs, judged, strict=True))
    records.write((_record(row, one, verdicts) for row, one in zip(rows, found, strict=True)), args.out)
    return 0


def _record(row: dict, found: answers.Answers, verdicts: dict[tuple[str, str], str]) -> dict:
    response = row["response"]
    outputs = transcript.outputs(response)
    programs = transcript.programs(response)
    shown = [*outputs, *[None] * (len(programs) - len(outputs))]
    outcome = grading.outcome(found.strict, row["gold"], verdicts)
    return {
        "id": row["id"],
        "benchmark": row["benchmark"],
        "answer": found.strict,
        "strict": outcome == "correct",
        "lenient": any(verdicts[row["gold"], answer] == "equal" for answer in found.candidates),
        "outcome": outcome,
        "methodology": transcript.first_methodology(response),
        "rounds": [{"program": program, "output": output} for program, output in zip(programs, shown, strict=False)],
        "code_written": transcript.writes_code(response),
        "code_executed": bool(outputs),
        "code_decides": answers.code_decides(response, found.strict),
    }


if __name__ == "__main__":
    commandline.run(main)
