"""What adaptive sampling would have left out of rollouts that were sampled whole, and how many labels it would have changed.

    python benchmarks/adaptive_sampling.py results/demo/start/tiny/seed1/explore results/demo/main/tiny/seed1/iter1/explore

Reads the grades of K rollouts in the modes native, cot and code of each folder, and plays them back round by round. A rollout does not
depend on whether others are sampled, so what is printed is what `explore.adaptive` would have done. One line a rule and certainty: the
share of queries with the same label as by all K rollouts, and the share of the rollouts that were needed, for each folder and together.
"""

import math
import sys
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

from mathcode import tables
from mathcode.core import cli
from mathcode.methods.autocode import adaptive, estimation
from mathcode.methods.autocode.methodologies import DECIDING
from mathcode.methods.autocode.settings import Adaptive, Estimate


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders `explore` of policies")
    parser.add_argument("--certainty", nargs="+", type=float, default=[0.8, 0.9, 0.95, 0.99], help="(0.8 0.9 0.95 0.99)")
    parser.add_argument("--first", type=int, default=2, help="rollouts before the first look (2)")
    parser.add_argument("--step", type=int, default=1, help="rollouts between looks (1)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    graded = [
        pl.concat(
            tables.GRADES.read(folder / mode / "queries/exact/grades.parquet", columns=(*estimation.GRADES, "sample")) for mode in DECIDING
        )
        for folder in args.folders
    ]
    print(f"{'rule':15} {'certainty':>9}  {'same labels, %':>14}  {'rollouts, %':>11}  by folder: same labels / rollouts, %")
    for rule in ("prior_times_q", "q"):
        estimate = Estimate(rule=rule, alpha=math.inf)
        for certainty in args.certainty:
            found = [played_back(frame, Adaptive(certainty=certainty, first=args.first, step=args.step), estimate) for frame in graded]
            same, taken = (100 * sum(one[part] for one in found) / len(found) for part in (0, 1))
            each = "  ".join(f"{100 * one[0]:.1f} / {100 * one[1]:.0f}" for one in found)
            print(f"{rule:15} {certainty:9.2f}  {same:14.1f}  {taken:11.1f}  {each}", flush=True)
    return 0


def played_back(grades: pl.DataFrame, chosen: Adaptive, estimate: Estimate) -> tuple[float, float]:
    """Shares of the queries with the label that all rollouts give, and of the rollouts that were needed."""
    samples = range(int(grades["sample"].max()) + 1)
    going, taken = grades["query_id"].unique(), []
    for indices in adaptive.rounds(samples, chosen):
        seen = grades.filter(pl.col("query_id").is_in(going.implode()), pl.col("sample") < indices.stop)
        looked = adaptive.decisions(estimation.estimate_q_values(seen), samples.stop - indices.stop, chosen, estimate)
        ended = pl.col("decided") | (indices.stop == samples.stop)
        taken.append(looked.filter(ended).select("query_id", "label", rollouts=pl.lit(indices.stop)))
        going = looked.filter(~ended)["query_id"]
        if going.is_empty():
            break
    final = adaptive.certainties(estimation.estimate_q_values(grades), 0, estimate).select("query_id", final="label")
    joined = pl.concat(taken).join(final, on="query_id")
    return joined["label"].eq_missing(joined["final"]).mean(), joined["rollouts"].mean() / len(samples)


if __name__ == "__main__":
    cli.run(main)
