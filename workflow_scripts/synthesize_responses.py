"""Synthesize the training set of one iteration: self-exploratory and self-reflective responses, whitened advantages.

    python workflow_scripts/synthesize_responses.py --rollouts native.parquet cot.parquet --grades native.parquet cot.parquet \\
        --strategy reference_strategy.parquet --queries queries.parquet --model model --profile plain \\
        --iteration 1 --seed 1 --settings '{...}' --out training.parquet

reads   tables `rollouts`, `grades`, `reference_strategy`, `queries`; the policy's tokenizer; to rehearse, the SFT's table `training`
writes  table `training`
"""

from mathcode import tables
from mathcode.core import cli
from mathcode.core.errors import InputError
from mathcode.methods.autocode import demonstrations, methodologies, synthesis
from mathcode.methods.autocode.settings import Synthesize
from mathcode.methods.autocode.tables import reference_strategy_with
from mathcode.policies import folders


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--rollouts", nargs="+", required=True)
    parser.add_argument("--grades", nargs="+", required=True)
    parser.add_argument("--strategy", required=True)
    parser.add_argument("--queries", required=True)
    parser.add_argument("--model", required=True, help="policy folder, for its tokenizer")
    parser.add_argument("--demonstrations", nargs="*", default=[], help="training.parquet of the start policy's SFT, to rehearse")
    parser.add_argument("--profile", required=True)
    parser.add_argument("--iteration", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", required=True, help="JSON of the synthesize section, and the methodologies that a run adds")
    parser.add_argument("--out", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    import polars as pl

    args = arguments().parse_args(argv)
    chosen, known = methodologies.parse(Synthesize, args.settings)
    if bool(chosen.rehearsal) != bool(args.demonstrations):
        raise InputError("--demonstrations and the setting 'rehearsal' belong together: give both, or neither")
    queries = tables.QUERIES.read(args.queries)
    training = synthesis.synthesize(
        pl.concat([tables.ROLLOUTS.read(path) for path in args.rollouts]),
        pl.concat([tables.GRADES.read(path) for path in args.grades]),
        reference_strategy_with(known).read(args.strategy),
        dict(queries.select("query_id", "question").iter_rows()),
        folders.load_tokenizer(args.model),
        args.profile,
        chosen,
        args.iteration,
        args.seed,
        methodologies.form_of(known),
    )
    count = round(chosen.rehearsal * len(training))
    again = [demonstrations.rehearsed(tables.TRAINING.read(path), count, args.seed, args.iteration) for path in args.demonstrations]
    tables.TRAINING.write(pl.concat([training, *again]), args.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
