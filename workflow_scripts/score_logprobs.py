"""Compute log-probabilities of training examples by teacher forcing, under the model that training starts from.

That model is the behaviour policy of off-policy RL, or the reference of a preference loss.

    python workflow_scripts/score_logprobs.py --training training.parquet --model model --out logprobs.parquet \\
        --profile plain --micro-batch-tokens 8192 --threads 1 --dtype float32

reads   table `training`, a policy folder
writes  table `logprobs`; its column sampled_difference says how far sampling and training disagree on the same tokens
"""

from mathcode import settings, tables
from mathcode.core import cli
from mathcode.policies import folders, tokens
from mathcode.responses import prompts


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--training", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--profile", required=True, help="prompt profile of the prompts, or their frame with {question} in it")
    parser.add_argument("--micro-batch-tokens", type=int, required=True, help="padded tokens per forward pass")
    parser.add_argument("--threads", type=int, required=True, help="CPU threads of torch")
    parser.add_argument("--kernels", choices=settings.KERNELS, default="native", help="CPU instructions of torch (native)")
    parser.add_argument("--dtype", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    import polars as pl

    from mathcode.policies import kernels, scoring
    from mathcode.training import examples

    kernels.use(args.kernels, args.threads)
    training = tables.TRAINING.read(args.training)
    tokenizer = folders.load_tokenizer(args.model)
    model = folders.load_policy(args.model, args.dtype).to(kernels.device())
    frame = prompts.profile(args.profile).frame
    asked = tokens.encode_prompts(tokenizer, training["prompt"].to_list(), frame)
    sequences = [
        scoring.TokenSequence(prompt, ids, mask)
        for prompt, (ids, mask) in zip(asked, training.select("token_ids", "loss_mask").iter_rows(), strict=True)
    ]
    scored = scoring.score(model, sequences, tokenizer.pad_token_id, args.micro_batch_tokens, "log-probabilities")
    rows = [
        {"example_id": example_id, "logprobs": logprobs, "sampled_difference": examples.mean_difference(logprobs, sampled)}
        for (example_id, sampled), logprobs in zip(training.select("example_id", "sampled_logprobs").iter_rows(), scored, strict=True)
    ]
    tables.LOGPROBS.write(pl.DataFrame(rows, schema=tables.LOGPROBS.schema), args.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
