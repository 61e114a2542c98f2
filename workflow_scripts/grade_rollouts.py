"""Grade rollouts: extract each response's answer and judge it against the reference answer.

    python workflow_scripts/grade_rollouts.py --rollouts rollouts.parquet --queries data/queries/gsm8k_train.parquet \\
        --out grades.parquet --settings '{"timeout": 5, "workers": 2, "max_infrastructure_errors": 0.01}'

Reads one or more tables `rollouts` and the tables `queries` that hold their reference answers; writes one table `grades`
per table of rollouts, in the order of the flags. Nothing is written unless everything could be graded.
"""

import argparse

from autocode import commandline, grading, settings, tables


def arguments() -> argparse.ArgumentParser:
    parser = commandline.parser(__doc__)
    parser.add_argument("--rollouts", nargs="+", required=True, help="tables of rollouts")
    parser.add_argument("--queries", nargs="+", required=True, help="tables of queries with the reference answers")
    parser.add_argument("--out", nargs="+", required=True, help="tables of grades to write, one per table of rollouts")
    parser.add_argument("--workers", type=int, default=1, help="processes that judge answers")
    parser.add_argument("--settings", required=True, help="JSON of the section 'grading'")
    return parser


def main(argv: list[str] | None = None) -> int:
    given = arguments().parse_args(argv)
    limits = settings.parse(settings.Grading, given.settings).model_copy(update={"workers": given.workers})
    if len(given.rollouts) != len(given.out):
        raise commandline.InputError(f"--rollouts names {len(given.rollouts)} files, --out {len(given.out)}")
    queries = grading.concatenated([tables.read(path, "queries") for path in given.queries])
    graded = []
    with grading.Grader(limits) as grader:
        for path in given.rollouts:
            try:
                graded.append(grading.grade_rollouts(tables.read(path, "rollouts"), queries, limits, grader))
            except grading.GradingError as error:
                raise grading.GradingError(f"{path}: {error}") from error
    for frame, path in zip(graded, given.out, strict=True):
        tables.write(frame, path, "grades")
    return 0


if __name__ == "__main__":
    commandline.run(main)
