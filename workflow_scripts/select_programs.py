"""Select the programs of a policy that the next one learns from: accepted by a judge, distinct, a limited number per question (SIaM).

    python workflow_scripts/select_programs.py --rollouts rollouts.parquet --grades critic_small/grades.parquet \\
        --queries web1.parquet --pool web1 --seed 1 --settings '{...}' --out accepted.parquet

reads   tables `rollouts`, `grades` of one judge for them, `queries` with their questions
writes  table `accepted`; it is empty if nothing is accepted

--settings is the section `select` of a run. A critic accepts a program whose score reaches the threshold set there; a rule accepts by
its verdict. Only a program that ran alone in its response, ended well and printed something is a candidate. Two programs count as one
if they differ only in names and whitespace.
"""

from mathcode import settings, tables
from mathcode.core import cli
from mathcode.methods.siam.settings import Select


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--rollouts", required=True)
    parser.add_argument("--grades", required=True, help="their table of grades, by the judge that accepts")
    parser.add_argument("--queries", required=True)
    parser.add_argument("--pool", required=True, help="name of the pool of these queries, which the table repeats")
    parser.add_argument("--settings", required=True, help="JSON of the section 'select'")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    chosen = settings.parse(Select, args.settings)
    from mathcode.methods.siam import selection
    from mathcode.methods.siam.tables import ACCEPTED

    rollouts, grades, queries = tables.ROLLOUTS.read(args.rollouts), tables.GRADES.read(args.grades), tables.QUERIES.read(args.queries)
    ACCEPTED.write(selection.select(rollouts, grades, queries, args.pool, chosen, args.seed), args.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
