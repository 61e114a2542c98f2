"""Make the policy that iteration 1 starts from: Code4Math SFT on CoT and code solutions, or the base model as it is.

    python workflow_scripts/start_policy.py --sft results/demo/data/sft.parquet --out-model model \\
        --out-log training_log.parquet --out-settings settings.json --out-provenance provenance.json \\
        --family '{...}' --settings '{...}' --seed 1 --checkpoints checkpoints/demo/start

reads   table `sft` (unless the family is used as it is), a base model folder (unless it is built from scratch)
writes  a policy folder, its table `training_log` (no row when nothing was trained), settings and provenance
keeps   training checkpoints under --checkpoints

The loss covers the response only; execution output is masked.
Under `accelerate launch` the batch is spread over the processes.
"""

import os
from pathlib import Path

import polars as pl

from mathcode import settings, tables
from mathcode.core import cli, provenance
from mathcode.methods.autocode.form import FORM
from mathcode.methods.autocode.settings import Start
from mathcode.policies import adapters, folders, scratch


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--base", help="base model folder; none for a family built from scratch")
    parser.add_argument("--sft", help="table sft; none for a family used as it is")
    parser.add_argument("--out-model", required=True)
    parser.add_argument("--out-log", required=True)
    parser.add_argument("--out-settings", required=True)
    parser.add_argument("--out-provenance", required=True)
    parser.add_argument("--family", required=True, help="JSON of the family")
    parser.add_argument("--settings", required=True, help="JSON of the start section")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--checkpoints", required=True, type=Path)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    family = settings.parse(settings.Family, args.family, "--family")
    chosen = settings.parse(Start, args.settings)
    pairs = tables.SFT.read(args.sft) if args.sft else tables.SFT.empty()
    trained = None
    if family.precondition == "none":
        if os.environ.get("RANK", "0") != "0":  # all processes of a launch would write the same files at once
            return 0
        folders.link_policy(args.base, args.out_model)
        log = tables.TRAINING_LOG.empty()
    else:
        trained = _fine_tune(args, family, chosen, pairs)
        if not trained.is_main_process:
            return 0
        log = trained.log
    tables.TRAINING_LOG.write(log, args.out_log)
    provenance.write_settings(args.out_settings, family=family, start=chosen)
    inputs = [path for path in (args.sft, args.base) if path]
    provenance.write(args.out_provenance, model=args.out_model, inputs=inputs, isolation=pairs["isolation"])
    if trained is None or not trained.stop.received:
        provenance.discard(args.checkpoints)
    return 0


def _fine_tune(args, family: settings.Family, chosen: Start, pairs: pl.DataFrame):
    from mathcode.methods.autocode import demonstrations
    from mathcode.training import loop, losses, processes

    processes.join_processes(family, chosen.optimizer)
    texts = demonstrations.texts(pairs, family.prompt) if family.scratch else []
    model, tokenizer = scratch.base_policy(family, args.base, texts, FORM.phrases, args.seed)
    examples = demonstrations.demonstrations(pairs, tokenizer, family.prompt, chosen, args.seed)
    base = provenance.folder_digest(args.base) if args.base else None
    key = settings.fingerprint(pairs.hash_rows().to_list(), base, family, chosen, args.seed)
    trained = loop.train(
        adapters.trainable(model, family, args.seed),
        tokenizer.pad_token_id,
        examples,
        losses.sft_loss,
        per="token",
        chosen=chosen.optimizer,
        iteration=1,
        checkpoints=args.checkpoints / key,
        seed=args.seed,
        mixed_precision=family.mixed_precision,
    )
    if trained.is_main_process:
        folders.save_policy(trained.model, tokenizer, args.out_model, trained.weights)
    return trained


if __name__ == "__main__":
    cli.run(main)
