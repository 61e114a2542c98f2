"""Judge cases: record what a judge says of question, reference, program and result, to be compared with their labels.

    python workflow_scripts/judge_cases.py --cases cases.parquet --judge critic_main --model critics/main/seed1/model \\
        --out critic_main/verdicts.parquet --settings '{"timeout": 5, "max_infrastructure_errors": 0.01}' --critic '{"threshold": 0.5}'

reads   table `cases`; for the judges critic_NAME and cascade_NAME the critic's policy folder
writes  table `verdicts`, a row for each case, in their order
keeps   scores of a critic under --checkpoints: a job killed at any moment goes on from there and ends with the same bytes

Judges are, among others, exact, executes, lenient (all numbers of the reference, in order), critic_NAME, and cascade_NAME (exact first;
the critic reads what exact refuses). The oracle cannot judge cases: a case has a reference answer but not the true values.
--critic is the section Critic of settings/critic.py, with the prompt that the critic was trained on. The log says how many cases of
each origin and label were accepted.
"""

import logging
from pathlib import Path

import polars as pl

from mathcode import configuration, settings, tables
from mathcode.core import cli
from mathcode.core.errors import InputError


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--cases", required=True)
    parser.add_argument("--judge", required=True, help=f"{', '.join(configuration.JUDGES)}, critic_NAME or cascade_NAME")
    parser.add_argument("--model", help="policy folder of the critic in the judge's name")
    parser.add_argument("--out", required=True)
    parser.add_argument("--workers", type=cli.positive, default=1, help="processes that judge answers")
    parser.add_argument("--settings", required=True, help="JSON of the section 'grading'")
    parser.add_argument("--critic", default="{}", help="JSON of the section Critic")
    parser.add_argument("--checkpoints", type=Path, help="folder that keeps a critic's scores until all are there")
    return parser


def main(argv: list[str] | None = None) -> int:
    given = arguments().parse_args(argv)
    limits = settings.parse(settings.Grading, given.settings).model_copy(update={"workers": given.workers})
    critic = settings.parse(settings.Critic, given.critic, "--critic")
    made = configuration.make_judge(given.judge, limits, given.model, critic, given.checkpoints)
    from mathcode.core import provenance
    from mathcode.critic import cases
    from mathcode.measures import agreement

    if (column := getattr(made, "compares_with", "gold")) not in tables.CASES.columns:
        raise InputError(f"judge '{given.judge}' needs the {column} of queries, which the table 'cases' does not hold")
    table = tables.CASES.read(given.cases)
    with made as judge:
        said = judge.judge([cases.as_case(row) for row in table.iter_rows(named=True)])
    verdicts = pl.DataFrame(
        {
            "case_id": table["case_id"],
            "judge": [judge.name] * table.height,
            "outcome": [verdict.outcome for verdict in said],
            "accepted": [verdict.accepted for verdict in said],
            "score": [verdict.score for verdict in said],
        },
        schema=tables.VERDICTS.schema,
    )
    for row in agreement.accepted_by(table, verdicts, ["origin", "label"]).iter_rows(named=True):
        logging.info("%s, label %s: %d of %d accepted", *(row[key] for key in ("origin", "label", "accepted", "n")))
    tables.VERDICTS.write(verdicts, given.out)
    if given.checkpoints is not None:
        provenance.discard(given.checkpoints)
    return 0


if __name__ == "__main__":
    cli.run(main)
