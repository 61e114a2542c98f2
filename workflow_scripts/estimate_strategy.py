"""E-step: prior, Q-values and reference strategy of one iteration from graded rollouts.

    python workflow_scripts/estimate_strategy.py --grades native.parquet cot.parquet code.parquet \\
        --out-q-values q_values.parquet --out-strategy reference_strategy.parquet \\
        --settings '{"rule": "prior_times_q", "alpha": "inf"}' --seed 1

reads   tables `grades` of the policy's exploration
writes  tables `q_values` and `reference_strategy`
"""

import logging

from mathcode import settings, tables
from mathcode.core import cli
from mathcode.methods.autocode import estimation
from mathcode.methods.autocode.settings import Estimate
from mathcode.methods.autocode.tables import q_values_with, reference_strategy_with

log = logging.getLogger(__name__)


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--grades", nargs="+", required=True)
    parser.add_argument("--out-q-values", required=True)
    parser.add_argument("--out-strategy", required=True)
    parser.add_argument("--settings", required=True, help="JSON: rule, alpha")
    parser.add_argument("--seed", type=int, required=True, help="draws labels when alpha is finite")
    return parser


def main(argv: list[str] | None = None) -> int:
    import polars as pl

    args = arguments().parse_args(argv)
    chosen = settings.parse(Estimate, args.settings)
    grades = pl.concat([tables.GRADES.scan(path).select(estimation.GRADES) for path in args.grades])
    q_values = estimation.estimate_q_values(grades)
    strategy = estimation.reference_strategy(q_values, chosen, args.seed)
    explored = {column.removeprefix("n_") for column in q_values.columns if column.startswith("n_")} - {"native"}
    failing, lacking = estimation.without_label(q_values, strategy)
    log.info(
        "%d of %d queries labelled; without a label: %d that no dictated rollout answers correctly,"
        " %d that lack native rollouts, or dictated rollouts that complied",
        *(strategy.height - failing - lacking, strategy.height, failing, lacking),
    )
    q_values_with(explored).write(q_values, args.out_q_values)
    reference_strategy_with(explored).write(strategy, args.out_strategy)
    return 0


if __name__ == "__main__":
    cli.run(main)
