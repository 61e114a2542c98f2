"""Pair programs of one question, an accepted and a refused one, for preference alignment (SIaM).

    python workflow_scripts/pair_programs.py --rollouts rollouts.parquet --grades critic_small/grades.parquet \\
        --queries web3.parquet --pool web3 --model model --loss dpo --seed 1 --settings '{...}' --out training.parquet

reads   tables `rollouts`, `grades` of one judge for them, `queries` with the reference answers; the tokenizer of the policy
writes  table `training`: the tokens of both sides as the policy wrote them, and the end of text

--settings is the section `pair` of a run. If its key `sure` is true, a program is rejected only if result and reference are single
numbers that differ. --loss likelihood is the control: SFT on the chosen sides of the same pairs.
"""

from mathcode import settings, tables
from mathcode.core import cli
from mathcode.methods.siam.settings import TAKEN, Pair


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--rollouts", required=True)
    parser.add_argument("--grades", required=True, help="their table of grades, by the judge that tells the sides apart")
    parser.add_argument("--queries", required=True)
    parser.add_argument("--pool", required=True, help="name of the pool of these queries, for the log")
    parser.add_argument("--model", required=True, help="folder of the policy that wrote them, for its tokenizer")
    parser.add_argument("--settings", required=True, help="JSON of the section 'pair'")
    parser.add_argument("--max-tokens", type=cli.positive, help="leave out pairs with a longer side (default: none)")
    parser.add_argument("--loss", choices=TAKEN, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--out", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    chosen = settings.parse(Pair, args.settings)
    from mathcode.methods.siam import pairing
    from mathcode.policies import folders

    rollouts, grades, queries = tables.ROLLOUTS.read(args.rollouts), tables.GRADES.read(args.grades), tables.QUERIES.read(args.queries)
    tokenizer = folders.load_tokenizer(args.model)
    as_pairs = args.loss != "likelihood"
    made = pairing.pair(rollouts, grades, queries, args.pool, chosen, args.seed, tokenizer, as_pairs, args.max_tokens)
    tables.TRAINING.write(made, args.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
