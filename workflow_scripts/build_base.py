"""Make the model folder that a family's training starts from: its base model, linked, or a Llama and a tokenizer from scratch.

    python workflow_scripts/build_base.py --model data/models/llama31 --out-model model --method autocode --family '{...}' --seed 1

reads   a base model folder; or, for a family built from scratch, table `sft`, whose text its tokenizer learns from
writes  a policy folder
"""

from mathcode import settings, tables
from mathcode.configuration import METHODS
from mathcode.core import cli
from mathcode.core.errors import InputError
from mathcode.methods import method_of
from mathcode.policies import folders, mirrors, scratch


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--model", help="base model folder; none for a family built from scratch")
    parser.add_argument("--sft", help="table sft, for a family built from scratch")
    parser.add_argument("--out-model", required=True)
    parser.add_argument("--critic", action="store_true", help="let a new tokenizer also learn the words of a critic's cases")
    parser.add_argument("--method", required=True, help=f"method whose prompts and phrases a new tokenizer learns: {', '.join(METHODS)}")
    parser.add_argument("--family", required=True, help="JSON of the family")
    parser.add_argument("--seed", type=int, required=True, help="seed for the weights of a model built from scratch")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    family = settings.parse(settings.Family, args.family, "--family")
    if family.scratch is not None and not args.sft:
        raise InputError("--sft: a family built from scratch needs text that its tokenizer can learn from")
    if family.scratch is None and not args.model:
        raise InputError("--model: a family that is not built from scratch needs the folder of its base model")
    if family.scratch is None:
        mirrors.link_policy(args.model, args.out_model)
    else:
        method = method_of(args.method)
        texts = method.texts(tables.SFT.read(args.sft), family.prompt)
        if args.critic:
            from mathcode.critic import teaching

            texts += teaching.vocabulary_texts(("en", "zh"))
        model, tokenizer = scratch.build(family.scratch, texts, method.form.phrases, args.seed)
        folders.save_policy(model, tokenizer, args.out_model)
    return 0


if __name__ == "__main__":
    cli.run(main)
