"""Write what a start policy learns from: CoT and code solutions under native and dictated prompts (Code4Math SFT).

    python workflow_scripts/demonstrate_solutions.py --sft results/demo/data/sft.parquet --model model --profile plain \\
        --seed 1 --settings '{...}' --out training.parquet

reads   table `sft`, the tokenizer of the base model
writes  table `training`, for a likelihood loss over the response only: execution output is masked
"""

from mathcode import tables
from mathcode.core import cli
from mathcode.methods.autocode import demonstrations, methodologies
from mathcode.methods.autocode.settings import Start
from mathcode.policies import folders


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--sft", required=True)
    parser.add_argument("--model", required=True, help="base model folder, for its tokenizer")
    parser.add_argument("--profile", required=True, help="prompt profile of the family")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", required=True, help="JSON of the start section, and the methodologies that a run adds")
    parser.add_argument("--out", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    chosen, known = methodologies.parse(Start, args.settings)
    pairs = tables.SFT.read(args.sft)
    tokenizer = folders.load_tokenizer(args.model)
    shown = demonstrations.demonstrations(pairs, tokenizer, args.profile, chosen, args.seed, known)
    tables.TRAINING.write(shown, args.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
