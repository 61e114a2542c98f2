"""Behaviour log-probabilities: teacher forcing of every synthesized response under the frozen policy and native prompt.

    python workflow_scripts/score_behavior.py --dataset dataset.parquet --model model --out logprobs.parquet \\
        --micro-batch-tokens 8192 --threads 1 --dtype float32

reads   table `dataset`, a policy folder
writes  table `logprobs`; its column sampled_difference says how far sampling and training disagree on the same tokens
"""

from autocode import commandline, models, tables


def arguments():
    parser = commandline.parser(__doc__)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--micro-batch-tokens", type=int, required=True, help="padded tokens per forward pass")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--dtype", required=True)
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    import polars as pl
    import torch

    from autocode import examples, training

    torch.set_num_threads(args.threads)
    dataset = tables.read(args.dataset, "dataset")
    tokenizer = models.load_tokenizer(args.model)
    model = models.load_policy(args.model, args.dtype).to("cuda" if torch.cuda.is_available() else "cpu")
    responses = examples.from_dataset(dataset, None, tokenizer)
    scored = training.score(model, responses, tokenizer.pad_token_id, args.micro_batch_tokens, "behaviour")
    rows = [
        {"response_id": response_id, "logprobs": logprobs, "sampled_difference": examples.mean_difference(logprobs, sampled)}
        for (response_id, sampled), logprobs in zip(dataset.select("response_id", "sampled_logprobs").iter_rows(), scored, strict=True)
    ]
    tables.write(pl.DataFrame(rows, schema=tables.schema("logprobs")), args.out, "logprobs")
    return 0


if __name__ == "__main__":
    commandline.run(main)
