"""Behaviour log-probabilities: teacher forcing of every synthesized response under the frozen policy and native prompt.

    python workflow_scripts/score_behavior.py --dataset dataset.parquet --model model --out logprobs.parquet \\
        --micro-batch-tokens 8192 --threads 1 --dtype float32

reads   table `dataset`, a policy folder
writes  table `logprobs`; its column sampled_difference says how far sampling and training disagree on the same tokens
"""

from mathcode import tables
from mathcode.core import cli
from mathcode.methods.autocode.tables import DATASET
from mathcode.policies import folders


def arguments():
    parser = cli.parser(__doc__)
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

    from mathcode.policies import scoring
    from mathcode.training import examples

    torch.set_num_threads(args.threads)
    dataset = DATASET.read(args.dataset)
    tokenizer = folders.load_tokenizer(args.model)
    model = folders.load_policy(args.model, args.dtype).to("cuda" if torch.cuda.is_available() else "cpu")
    responses = examples.from_dataset(dataset, None, tokenizer)
    scored = scoring.score(model, responses, tokenizer.pad_token_id, args.micro_batch_tokens, "behaviour")
    rows = [
        {"response_id": response_id, "logprobs": logprobs, "sampled_difference": examples.mean_difference(logprobs, sampled)}
        for (response_id, sampled), logprobs in zip(dataset.select("response_id", "sampled_logprobs").iter_rows(), scored, strict=True)
    ]
    tables.LOGPROBS.write(pl.DataFrame(rows, schema=tables.LOGPROBS.schema), args.out)
    return 0


if __name__ == "__main__":
    cli.run(main)
