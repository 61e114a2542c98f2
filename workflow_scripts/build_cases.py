"""Make the cases a critic is trained or tested on: from graded rollouts, references in other forms, near misses, attacks, public labels.

    python workflow_scripts/build_cases.py --queries queries.parquet --rollouts rollouts.parquet --grades exact/grades.parquet \\
        --out cases.parquet --seed 1 --settings '{"rewritten": 4, "near_misses": 4}' \\
        --grading '{"timeout": 5, "max_infrastructure_errors": 0.01}'

reads   table `queries`; tables `rollouts` with their tables `grades` from the judge exact (for generated data: oracle), in the same
        order (without them no case is made of a rollout); tables `cases` of prepare_cases.py (--labelled), used for testing only
writes  table `cases`: question, reference, program and result of each case, its label (YES, NO), what makes the label certain, and
        its split

The label of every case made here is known without asking a model or a person. --settings is the section Cases of settings/critic.py;
keys that it leaves out have their defaults. For a critic's attack table, make every attack: '{"balanced": false, "attacks": 1000}'.
A near miss or an attack that the exact judge accepts is left out.
"""

import logging

import polars as pl

from mathcode import configuration, settings, tables
from mathcode.core import cli
from mathcode.core.errors import InputError


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--queries", nargs="*", default=[], help="tables of queries with the reference answers")
    parser.add_argument("--rollouts", nargs="*", default=[], help="tables of rollouts")
    parser.add_argument("--grades", nargs="*", default=[], help="their tables of grades, by the judge exact or oracle")
    parser.add_argument(
        "--labelled", nargs="*", default=[], help="tables of cases whose labels came with public data: put beside those made"
    )
    parser.add_argument("--rows", type=int, help="cases kept, drawn by hash (default: all)")
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--workers", type=cli.positive, default=1, help="processes that judge answers")
    parser.add_argument("--settings", required=True, help="JSON of the section Cases")
    parser.add_argument("--grading", required=True, help="JSON of the section 'grading'")
    return parser


def main(argv: list[str] | None = None) -> int:
    given = arguments().parse_args(argv)
    chosen = settings.parse(settings.Cases, given.settings)
    limits = settings.parse(settings.Grading, given.grading, "--grading").model_copy(update={"workers": given.workers})
    if len(given.rollouts) != len(given.grades):
        raise InputError(f"--rollouts names {len(given.rollouts)} files, --grades {len(given.grades)}")
    if not given.queries and not given.labelled:
        raise InputError("neither --queries nor --labelled: there is nothing to make cases of")
    from mathcode.critic import cases
    from mathcode.grading import grades

    parts = [tables.CASES.read(path) for path in given.labelled]
    if given.queries:
        queries = grades.concatenated([tables.QUERIES.read(path) for path in given.queries])
        files = zip(given.rollouts, given.grades, strict=True)
        programs = [(tables.ROLLOUTS.read(rollouts), tables.GRADES.read(graded)) for rollouts, graded in files]
        with configuration.make_judge("exact", limits) as judge:
            parts.append(
                cases.build(queries, programs, chosen, given.seed, lambda doubtful: [verdict.accepted for verdict in judge.judge(doubtful)])
            )
    if given.rows is not None and given.rows < 1:
        raise InputError(f"--rows is {given.rows}; it must be at least 1")
    made = cases.drawn(pl.concat(parts), given.rows, given.seed)
    for origin, label, split, count in made.group_by("origin", "label", "split").len().sort("origin", "label", "split").iter_rows():
        logging.info("%s, %s, %s: %d cases", origin, label, split, count)
    tables.CASES.write(made, given.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
