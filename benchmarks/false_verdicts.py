"""How often a gain over the better dictated mode is seen, or a loss, where all three modes are equally good.

    python benchmarks/false_verdicts.py

Whether a mode answers an item depends on the seed's skill in that mode, the item's ease (in part the mode's own) and chance (a
probit model). Printed is the percent of simulations whose 95 % interval lies above 0 and below 0: against the mode that is
better over all seeds, as in the report, and for comparison with the better mode chosen anew for each seed (and each resample).
2.5 and 2.5 would be right for a mode that is named before.
"""

import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import numpy as np

from mathcode.core import cli
from mathcode.measures import uncertainty
from mathcode.methods.autocode.report import comparisons

MEAN, EASE, OWN_EASE = 0.6, 1.0, 0.7


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 3, 5, 10])
    parser.add_argument("--items", type=int, default=200)
    parser.add_argument("--skills", type=float, nargs="+", default=[0.0, 0.2], help="spread of the seeds' skill in a mode")
    parser.add_argument("--simulations", type=int, default=1000)
    return parser


def answers(seeds: int, items: int, skill: float, draw: np.random.Generator) -> list[np.ndarray]:
    """Verdicts of three modes for each seed, shape (items, 3)."""
    ease = EASE * draw.normal(size=(1, items, 1)) + OWN_EASE * draw.normal(size=(1, items, 3))
    strength = MEAN + skill * draw.normal(size=(seeds, 1, 3)) + ease
    return list((draw.normal(size=strength.shape) < strength).astype(float))


def over_better(means: np.ndarray) -> np.ndarray:
    return means[..., 0] - np.maximum(means[..., 1], means[..., 2])


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    print(f"{'seeds':>6s} {'skill':>6s} {'above 0':>8s} {'below 0':>8s} {'above, each':>12s} {'below, each':>12s}")
    for seeds, skill in product(args.seeds, args.skills):
        draw, seen = np.random.default_rng(1), np.zeros(4)
        for _ in range(args.simulations):
            cells = answers(seeds, args.items, skill, draw)
            run = SimpleNamespace(start=lambda _: None, last=lambda *_: None, paired=lambda *_, cells=cells: cells)
            for place, interval in enumerate((comparisons.gain(run, "", "").effect, uncertainty.contrast(cells, over_better))):
                seen[2 * place : 2 * place + 2] += (interval.low > 0, interval.high < 0) if interval.low is not None else (0, 0)
        shares = 100 * seen / args.simulations
        print(f"{seeds:6d} {skill:6.2f} {shares[0]:8.1f} {shares[1]:8.1f} {shares[2]:12.1f} {shares[3]:12.1f}", flush=True)
    return 0


if __name__ == "__main__":
    cli.run(main)
