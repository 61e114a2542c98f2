"""How much of a training step's time processes do useful work: computed from lengths alone, no model is run.

    python benchmarks/step_shares.py
    python benchmarks/step_shares.py --batch 64 --rows 2 --limit 8192

Steps are cut into micro-batches by `mathcode.policies.micro_batches.shared_out`, and beside it into the largest that fit, taken in turn.
A process idles while a larger micro-batch of its round is at work; padding is work on no token. Lengths are log-normal, 450 tokens in
the middle.
"""

import json
import math
import random
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

from mathcode import configuration
from mathcode.core import cli
from mathcode.policies.micro_batches import shared_out
from mathcode.training import batches


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--units", type=int, default=20_000, help="responses, or pairs, of an epoch (20000)")
    parser.add_argument("--batch", type=int, default=128, help="units of a step (128)")
    parser.add_argument("--rows", type=int, default=1, help="rows of a unit; 2 for pairs (1)")
    parser.add_argument("--limit", type=int, default=8192, help="padded tokens of a micro-batch (8192)")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4, 8], help="processes that share a step (1 2 4 8)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    drawn = random.Random(1)
    lengths = [max(60, min(2000, round(drawn.lognormvariate(math.log(450), 0.6)))) for _ in range(args.units)]
    optimizer = configuration.load("config").runs["paper"].start.optimizer.model_copy(update={"batch": args.batch, "epochs": 1.0})
    steps = [[lengths[unit] for unit in step] for step in batches.batches(lengths, optimizer, seed=1)]
    for processes in args.processes:
        for name, cut_for in (("largest, in turn", 1), ("shared out", processes)):
            tokens: Counter[str] = Counter()
            for step in steps:
                parts = shared_out(step, args.limit, args.rows, cut_for)
                padded = [len(part) * args.rows * max(step[unit] for unit in part) for part in parts]
                rounds = [padded[start : start + processes] for start in range(0, len(padded), processes)]
                tokens += Counter(there=sum(map(max, rounds)) * processes, worked=sum(padded), useful=sum(step) * args.rows)
            shares = {"idle": 1 - tokens["worked"] / tokens["there"], "padding": 1 - tokens["useful"] / tokens["worked"]}
            shares["useful"] = tokens["useful"] / tokens["there"]
            print(json.dumps({"processes": processes, "micro_batches": name} | {key: round(value, 3) for key, value in shares.items()}))
    return 0


if __name__ == "__main__":
    cli.run(main)
