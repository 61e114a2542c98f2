"""How often 95 % intervals hold the truth: simulated accuracies of several seeds on the same items, whose truth is known.

    python benchmarks/coverage.py
    python benchmarks/coverage.py --seeds 3 5 --items 500 --simulations 4000

Whether a seed answers an item depends on the seed's skill, the item's ease and chance (a probit model). Printed is the percent
of simulations whose interval holds the expected accuracy: ours over seeds and items; Student's t over the seeds' means; and a
percentile bootstrap that draws seeds and, for all of them, items.
"""

import sys
from itertools import product
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow_scripts"))

import numpy as np
from scipy import stats

from mathcode.core import cli
from mathcode.measures import uncertainty

MEAN = 0.8


def arguments():
    parser = cli.parser(__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3, 5, 10])
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--skills", type=float, nargs="+", default=[0.0, 0.1, 0.3], help="spread of the seeds' skill")
    parser.add_argument("--eases", type=float, nargs="+", default=[0.0, 1.0, 2.0], help="spread of the items' ease")
    parser.add_argument("--simulations", type=int, default=1000)
    return parser


def students_t(cells: np.ndarray) -> tuple[float, float]:
    """Over the seeds' means: takes the items for given."""
    means = cells.mean(axis=1)
    return stats.t.interval(0.95, len(means) - 1, loc=means.mean(), scale=stats.sem(means) or 1e-12)


def bootstrap(cells: np.ndarray, draw: np.random.Generator, resamples: int = 500) -> tuple[float, float]:
    """Percentiles of means over seeds and items, both drawn with replacement."""
    seeds, items = cells.shape
    of_seeds = draw.multinomial(seeds, [1 / seeds] * seeds, resamples) / seeds
    of_items = draw.multinomial(items, [1 / items] * items, resamples) / items
    low, high = np.percentile(np.einsum("rs,si,ri->r", of_seeds, cells, of_items, optimize=True), [2.5, 97.5])
    return low, high


def main(argv: list[str] | None = None) -> int:
    args = arguments().parse_args(argv)
    print(f"{'seeds':>6s} {'skill':>6s} {'ease':>6s} {'seeds and items':>16s} {'t over seeds':>13s} {'bootstrap':>10s}")
    for seeds, skill, ease in product(args.seeds, args.skills, args.eases):
        draw = np.random.default_rng(1)
        truth = stats.norm.cdf(MEAN / (1 + skill**2 + ease**2) ** 0.5)
        held = np.zeros(3)
        for _ in range(args.simulations):
            strength = MEAN + skill * draw.normal(size=(seeds, 1)) + ease * draw.normal(size=(1, args.items))
            cells = (draw.normal(size=(seeds, args.items)) < strength).astype(float)
            ours = uncertainty.crossed_interval(cells)
            ends = [(ours.low, ours.high), students_t(cells), bootstrap(cells, draw)]
            held += [low <= truth <= high for low, high in ends]
        shares = 100 * held / args.simulations
        print(f"{seeds:6d} {skill:6.2f} {ease:6.2f} {shares[0]:16.1f} {shares[1]:13.1f} {shares[2]:10.1f}", flush=True)
    return 0


if __name__ == "__main__":
    cli.run(main)
