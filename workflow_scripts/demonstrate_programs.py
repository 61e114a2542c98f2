"""Write what a policy learns from by SFT: programs of the seed set, and those that were accepted of policies before it (SIaM).

    python workflow_scripts/demonstrate_programs.py --sft sft.parquet --accepted start/accepted.parquet iter1/accepted.parquet \\
        --model model --profile plain --out training.parquet

reads   table `sft` (without it there is no seed set); tables `accepted` (without them, or if they are empty, only the seed set is used);
        the tokenizer of the base model
writes  table `training`, for a likelihood loss over the response: one program in its fence, and the end of text

Solutions that do not contain exactly one program are left out. With --balance type, accepted programs are weighted so that every type
of question counts the same; programs of the seed set have weight 1.
"""

from mathcode import tables
from mathcode.core import cli
from mathcode.core.errors import InputError


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--sft", help="seed set, or what a base from scratch learns from")
    parser.add_argument("--accepted", nargs="*", default=[], help="tables of accepted programs: of the start, and of each round so far")
    parser.add_argument("--model", required=True, help="base model folder, for its tokenizer")
    parser.add_argument("--profile", required=True, help="prompt profile of the family")
    parser.add_argument("--balance", choices=("none", "type"), default="none")
    parser.add_argument("--out", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    if args.sft is None and not args.accepted:
        raise InputError("nothing to learn from: give --sft, --accepted or both")
    from mathcode.methods.siam import demonstrations
    from mathcode.methods.siam.tables import ACCEPTED
    from mathcode.policies import folders

    pairs = None if args.sft is None else tables.SFT.read(args.sft)
    accepted = [ACCEPTED.read(path, allow_empty=True) for path in args.accepted]
    tokenizer = folders.load_tokenizer(args.model)
    tables.TRAINING.write(demonstrations.demonstrations(pairs, accepted, tokenizer, args.profile, args.balance), args.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
