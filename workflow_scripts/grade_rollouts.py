"""Grade rollouts: extract each response's answer and judge it against the reference answer.

    python workflow_scripts/grade_rollouts.py --rollouts rollouts.parquet --queries data/queries/gsm8k_train.parquet \\
        --method autocode --out grades.parquet --settings '{"timeout": 5, "workers": 2, "max_infrastructure_errors": 0.01}'

Reads one or more tables `rollouts` and the tables `queries` that hold their reference answers; writes one table `grades`
per table of rollouts, in the order of the flags. Nothing is written unless everything could be graded.
"""

import argparse
from pathlib import Path

from mathcode import settings, tables
from mathcode.configuration import JUDGES, METHODS, make_judge
from mathcode.core import cli, provenance
from mathcode.core.errors import InputError
from mathcode.grading import grades
from mathcode.grading.judge import GradingError
from mathcode.methods import method_of


def arguments() -> argparse.ArgumentParser:
    parser = cli.parser(__doc__)
    parser.add_argument("--rollouts", nargs="+", required=True, help="tables of rollouts")
    parser.add_argument("--queries", nargs="+", required=True, help="tables of queries with the reference answers")
    parser.add_argument("--out", nargs="+", required=True, help="tables of grades to write, one per table of rollouts")
    parser.add_argument("--judge", default="exact", help=f"{', '.join(JUDGES)}, critic_NAME or cascade_NAME (%(default)s)")
    parser.add_argument("--critic-model", help="policy folder of the critic that the judge's name contains")
    parser.add_argument("--critic", default="{}", help="JSON of the section Critic: how that critic judges")
    parser.add_argument("--checkpoints", type=Path, help="folder that keeps a critic's scores until all are there")
    parser.add_argument("--method", required=True, help=f"method whose response format applies: {', '.join(METHODS)}")
    parser.add_argument("--workers", type=cli.positive, default=1, help="processes that judge answers")
    parser.add_argument("--settings", required=True, help="JSON of the section 'grading'")
    return parser


def main(argv: list[str] | None = None) -> int:
    given = arguments().parse_args(argv)
    limits = settings.parse(settings.Grading, given.settings).model_copy(update={"workers": given.workers})
    if len(given.rollouts) != len(given.out):
        raise InputError(f"--rollouts names {len(given.rollouts)} files, --out {len(given.out)}")
    queries = grades.concatenated([tables.QUERIES.read(path) for path in given.queries])
    critic = settings.parse(settings.Critic, given.critic, "--critic")
    graded = []
    with make_judge(given.judge, limits, given.critic_model, critic, given.checkpoints) as judge:
        for path in given.rollouts:
            try:
                graded.append(grades.grade_rollouts(tables.ROLLOUTS.read(path), queries, judge, method_of(given.method).form, limits))
            except GradingError as error:
                raise GradingError(f"{path}: {error}") from error
    for frame, path in zip(graded, given.out, strict=True):
        tables.GRADES.write(frame, path)
    if given.checkpoints is not None:
        provenance.discard(given.checkpoints)
    return 0


if __name__ == "__main__":
    cli.run(main)
