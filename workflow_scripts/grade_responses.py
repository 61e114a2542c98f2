"""Grade whole responses, of any origin: answer, verdicts, methodology, programs.

    python workflow_scripts/grade_responses.py --responses in.jsonl --out out.jsonl --workers 4

reads   JSON lines {"id", "question", "gold", "response", "benchmark"}
writes  JSON lines with the row's id and benchmark, in the same order, and

answer           what the response answers; null when it states nothing
strict           whether that answer is right
lenient          whether any answer it boxed is right
released         whether any answer it boxed, or what its first program printed, is right: as AutoCode's released program counts
outcome          correct, wrong, no_answer, gold_unparsed, timed_out or infrastructure_error
methodology      cot or code: what it chose first
rounds           its programs and their outputs, in order
code_written     a program, or a print( anywhere
code_executed    a program with an output
code_decides     the graded answer is what a program printed
no_output        programs whose output the response does not show: what they would have answered is not known
run_on           characters behind the end of the answer, which are not read

Programs are not executed: their outputs are those that the response shows.
"""

import logging

from tqdm import tqdm

from mathcode import settings
from mathcode.configuration import METHODS
from mathcode.core import cli, json_lines
from mathcode.grading import answers, exact
from mathcode.responses.form import Form

log = logging.getLogger(__name__)


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--responses", required=True, help="JSON lines with the responses")
    parser.add_argument("--out", required=True, help="JSON lines to write")
    parser.add_argument("--benchmark", help="benchmark of the rows that name none; without it every row needs one")
    parser.add_argument("--workers", type=int, default=1, help="processes for comparisons that need real-number arithmetic (%(default)s)")
    parser.add_argument("--timeout", type=float, default=5.0, help="seconds for each answer (%(default)s)")
    parser.add_argument("--method", choices=METHODS, default="autocode", help="whose form the responses have (%(default)s)")
    parser.add_argument("--extraction", choices=answers.RULES, default="autocode", help="rules that find the answer (%(default)s)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    needed = ["id", "question", "gold", "response"] + ["benchmark"] * (not args.benchmark)
    rows = [{"benchmark": args.benchmark, **row} for row in json_lines.read(args.responses, needed, optional=["benchmark"])]
    limits = {"timeout": args.timeout, "workers": args.workers, "max_infrastructure_errors": 1.0}
    form = METHODS[args.method].form
    read = [_read(row, args.extraction, form) for row in rows]
    pairs = [(row["gold"], answer) for row, (found, shown, _) in zip(rows, read, strict=True) for answer in (*found.candidates, *shown)]
    with (
        exact.Grader(settings.of_options(settings.Grading, limits)) as grader,
        tqdm(total=len(pairs), desc="grading", unit="answer", mininterval=5) as progress,
    ):
        judged = [judgement.verdict for judgement in grader.compare(pairs, progress.update)]
    verdicts = dict(zip(pairs, judged, strict=True))
    records = [_record(row, *one, verdicts) for row, one in zip(rows, read, strict=True)]
    json_lines.write(records, args.out)
    _warn(records)
    return 0


def _read(row: dict, extraction: str, form: Form) -> tuple[answers.Answers, tuple[str, ...], dict]:
    """The answers of a response, what the released program counts, and what its text tells without a judge."""
    response, question = row["response"], row["question"]
    found = answers.extract(response, extraction, row["benchmark"], question, row["gold"], form)
    read = form.read(response, question)
    told = {
        "methodology": form.first_methodology(response),
        "rounds": [{"program": one.program, "output": one.output} for one in read.rounds],
        "code_written": read.writes_code,
        "code_executed": any(one.output is not None for one in read.rounds),
        "code_decides": answers.code_decides(response, found.strict, question, form),
        "no_output": read.programs_without_output,
        "run_on": read.run_on,
    }
    return found, answers.released(response, question, form), told


def _warn(records: list[dict]) -> None:
    """Say so where programs come without outputs, which leaves some responses without an answer."""
    silent = [record for record in records if record["no_output"]]
    if silent:
        unanswered = sum(record["outcome"] == "no_answer" for record in silent)
        log.warning(
            "%d of %d responses hold programs without output; %d of them therefore state no answer (columns no_output and outcome)",
            len(silent), len(records), unanswered,
        )  # fmt: skip


def _record(row: dict, found: answers.Answers, shown: tuple[str, ...], told: dict, verdicts: dict[tuple[str, str], str]) -> dict:
    gold = row["gold"]
    outcome = "no_answer" if found.strict is None else exact.outcome_of(verdicts[gold, found.strict])
    return {
        "id": row["id"],
        "benchmark": row["benchmark"],
        "answer": found.strict,
        "strict": outcome == "correct",
        "lenient": any(verdicts[gold, answer] == "equal" for answer in found.candidates),
        "released": any(verdicts[gold, answer] == "equal" for answer in shown),
        "outcome": outcome,
        **told,
    }


if __name__ == "__main__":
    cli.run(main)
