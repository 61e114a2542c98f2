"""Turn cases into training examples for a critic: a prompt that ends where YES or NO must follow, and the right one of the two.

    python workflow_scripts/demonstrate_cases.py --cases cases.parquet --model model --out training.parquet \\
        --settings '{"prompt": {"program": false}}'

reads   table `cases`; the policy folder that training starts from, for its tokenizer
writes  table `training` for the loss `label`, from the cases of split train alone

--settings is the section Critic of settings/critic.py, the one that the critic will judge with. If it is given several times, each case
is shown once in each of these ways, such as with and without question and program.
"""

import polars as pl

from mathcode import settings, tables
from mathcode.core import cli
from mathcode.core.errors import InputError


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--cases", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument(
        "--settings", required=True, action="append", help="JSON of the section Critic; several: several ways to show a case"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    given = arguments().parse_args(argv)
    ways = [settings.parse(settings.Critic, text) for text in given.settings]
    from mathcode.critic import teaching
    from mathcode.policies import folders

    cases = tables.CASES.read(given.cases).filter(pl.col("split") == "train")
    if cases.is_empty():
        raise InputError(f"{given.cases}: no case of split train")
    tokenizer = folders.load_tokenizer(given.model)
    shown = [teaching.training_rows(cases, tokenizer, way.prompt, variant=f"way{number}") for number, way in enumerate(ways, 1)]
    tables.TRAINING.write(pl.concat(shown), given.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
