"""Train a policy on a training table: SFT, off-policy RL, preferences, a critic; the loss is a setting.

    python workflow_scripts/train_policy.py --training training.parquet --logprobs logprobs.parquet --model model \\
        --out-model next_model --out-log training_log.parquet --out-settings settings.json --out-provenance provenance.json \\
        --family '{...}' --settings '{...}' --iteration 1 --seed 1 --checkpoints checkpoints/by_hand

reads   table `training`, table `logprobs` where the loss compares with the model training starts from, that model's folder
writes  the next policy folder, its table `training_log`, settings and provenance
keeps   training checkpoints under --checkpoints: killed at any moment, it goes on and ends with the same weights

Under `accelerate launch` the batch is spread over the processes.
"""

from contextlib import nullcontext
from pathlib import Path

from mathcode import configuration, settings, tables
from mathcode.core import cli, holding, provenance, random_streams
from mathcode.policies import adapters, folders
from mathcode.responses import prompts


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--training", required=True)
    parser.add_argument("--logprobs", help="table logprobs; none for a loss without a reference")
    parser.add_argument("--model", required=True, help="policy folder training starts from")
    parser.add_argument("--out-model", required=True)
    parser.add_argument("--out-log", required=True)
    parser.add_argument("--out-settings", required=True)
    parser.add_argument("--out-provenance", required=True)
    parser.add_argument("--family", required=True, help="JSON of the family")
    parser.add_argument("--settings", required=True, help="JSON: loss, its numbers, optimizer")
    parser.add_argument("--opening", help="for a critic: prompt profile whose opening begins its prompts, or none (default: the family's)")
    parser.add_argument("--iteration", type=int, default=0, help="picks the learning rate; 0, the default, for a start policy")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--checkpoints", required=True, type=Path)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    family = settings.parse(settings.Family, args.family, "--family")
    chosen = settings.parse(settings.Training, args.settings)
    from mathcode.training import examples, loop, processes

    loss = configuration.make_loss(chosen)
    processes.join_processes(family, chosen.optimizer)
    training = tables.TRAINING.read(args.training)
    logprobs = tables.LOGPROBS.read(args.logprobs) if args.logprobs else None
    tokenizer = folders.load_tokenizer(args.model)
    frame = prompts.opening(args.opening) if args.opening else prompts.profile(family.prompt).frame
    shown = examples.from_table(training, logprobs, tokenizer, loss, frame)
    model = folders.load_policy(args.model, family.train_dtype)
    data = [table.hash_rows().to_list() for table in (training, logprobs) if table is not None]
    lasting = settings.deciding(chosen)  # a training that is started again with checkpoints at other times goes on from the last one
    digest = processes.from_the_first(lambda: provenance.folder_digest(args.model))
    key = settings.fingerprint(data, digest, family, lasting, frame, args.iteration, args.seed)
    with holding.held(args.checkpoints) if processes.is_first() else nullcontext():
        trained = loop.train(
            adapters.trainable(model, family, random_streams.stream(args.seed, args.iteration, "adapter")),
            tokenizer.pad_token_id,
            shown,
            loss,
            chosen=chosen.optimizer,
            iteration=args.iteration,
            checkpoints=args.checkpoints / key,
            seed=args.seed,
            mixed_precision=family.mixed_precision,
        )
        if not trained.is_main_process:
            return 0
        folders.save_policy(trained.model, tokenizer, args.out_model, trained.weights, family.saved_dtype)
        tables.TRAINING_LOG.write(trained.log, args.out_log)
        settings.write(args.out_settings, family=family, training=chosen)
        inputs = [path for path in (args.training, args.logprobs, args.model) if path]
        known = {args.model: digest}
        provenance.write(args.out_provenance, model=args.out_model, inputs=inputs, isolation=training["isolation"], known=known)
        if not trained.stop.received:
            provenance.discard(args.checkpoints)
    return 0


if __name__ == "__main__":
    cli.run(main)
