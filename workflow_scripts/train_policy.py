"""M-step: off-policy RL on the synthesized responses (Eq. 9, or the released program's objective).

    python workflow_scripts/train_policy.py --dataset dataset.parquet --logprobs logprobs.parquet --model model \\
        --out-model next_model --out-log training_log.parquet --out-settings settings.json --out-provenance provenance.json \\
        --family '{...}' --settings '{...}' --iteration 1 --seed 1 --checkpoints checkpoints/demo/main

reads   tables `dataset` and `logprobs`, the policy folder the rollouts came from
writes  the next policy folder, its table `training_log`, settings and provenance
keeps   training checkpoints under --checkpoints: killed at any moment, it goes on and ends with the same weights

Under `accelerate launch` the batch is spread over the processes.
"""

from functools import partial
from pathlib import Path

from mathcode import settings, tables
from mathcode.core import cli, provenance
from mathcode.methods.autocode.settings import Train
from mathcode.methods.autocode.tables import DATASET
from mathcode.policies import adapters, folders


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--logprobs", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out-model", required=True)
    parser.add_argument("--out-log", required=True)
    parser.add_argument("--out-settings", required=True)
    parser.add_argument("--out-provenance", required=True)
    parser.add_argument("--family", required=True, help="JSON of the family")
    parser.add_argument("--settings", required=True, help="JSON of the train section")
    parser.add_argument("--iteration", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--checkpoints", required=True, type=Path)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    from mathcode.methods.autocode import objective
    from mathcode.training import examples, loop, processes

    family = settings.parse(settings.Family, args.family, "--family")
    chosen = settings.parse(Train, args.settings)
    processes.join_processes(family, chosen.optimizer)
    dataset, logprobs = DATASET.read(args.dataset), tables.LOGPROBS.read(args.logprobs)
    tokenizer = folders.load_tokenizer(args.model)
    model = folders.load_policy(args.model, family.train_dtype)
    # The released program has no behaviour log-probabilities in its first round: plain reward-weighted likelihood.
    released = chosen.objective == "released"
    behaviour = None if released and args.iteration == 1 else logprobs
    data = [table.hash_rows().to_list() for table in (dataset, logprobs)]
    key = settings.fingerprint(data, provenance.folder_digest(args.model), family, chosen, args.iteration, args.seed)
    trained = loop.train(
        adapters.trainable(model, family, args.seed + args.iteration),
        tokenizer.pad_token_id,
        examples.from_dataset(dataset, behaviour, tokenizer, reflective_behaviour=not released),
        partial(objective.released if released else objective.paper, train=chosen),
        per="response",
        chosen=chosen.optimizer,
        iteration=args.iteration,
        checkpoints=args.checkpoints / key,
        seed=args.seed,
        mixed_precision=family.mixed_precision,
    )
    if not trained.is_main_process:
        return 0
    folders.save_policy(trained.model, tokenizer, args.out_model, trained.weights)
    tables.TRAINING_LOG.write(trained.log, args.out_log)
    provenance.write_settings(args.out_settings, family=family, train=chosen)
    provenance.write(
        args.out_provenance, model=args.out_model, inputs=[args.dataset, args.logprobs, args.model], isolation=dataset["isolation"]
    )
    if not trained.stop.received:
        provenance.discard(args.checkpoints)
    return 0


if __name__ == "__main__":
    cli.run(main)
