"""Synthesize the training set of one iteration: self-exploratory and self-reflective responses, whitened advantages.

    python workflow_scripts/synthesize_responses.py --rollouts native.parquet cot.parquet --grades native.parquet cot.parquet \\
        --strategy reference_strategy.parquet --queries queries.parquet --model model --profile plain \\
        --iteration 1 --seed 1 --settings '{...}' --out dataset.parquet

reads   tables `rollouts`, `grades`, `reference_strategy`, `queries`; the policy's tokenizer
writes  table `dataset`
"""

from autocode import commandline, models, settings, synthesis, tables


def arguments():
    parser = commandline.parser(__doc__)
    parser.add_argument("--rollouts", nargs="+", required=True)
    parser.add_argument("--grades", nargs="+", required=True)
    parser.add_argument("--strategy", required=True)
    parser.add_argument("--queries", required=True)
    parser.add_argument("--model", required=True, help="policy folder, for its tokenizer")
    parser.add_argument("--profile", required=True)
    parser.add_argument("--iteration", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--settings", required=True, help="JSON of the synthesize section")
    parser.add_argument("--out", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    import polars as pl

    args = arguments().parse_args(argv)
    chosen = settings.parse(settings.Synthesize, args.settings)
    queries = tables.read(args.queries, "queries")
    dataset = synthesis.synthesize(
        pl.concat([tables.read(path, "rollouts") for path in args.rollouts]),
        pl.concat([tables.read(path, "grades") for path in args.grades]),
        tables.read(args.strategy, "reference_strategy"),
        dict(queries.select("query_id", "question").iter_rows()),
        models.load_tokenizer(args.model),
        args.profile,
        chosen,
        args.iteration,
        args.seed,
    )
    tables.write(dataset, args.out, "dataset")
    return 0


if __name__ == "__main__":
    commandline.run(main)
