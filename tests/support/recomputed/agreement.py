"""Whether a cell of a table holds what it should.

Closed forms agree to the last digit printed. An end of a bootstrap interval is judged by the share of our own draws below it, which
Monte Carlo moves by `TOLERANCE`.
"""

import math
from dataclasses import dataclass

import numpy as np

HALF_DIGIT = 0.005 + 1e-9
"""How far a number rounded to two decimals may be from what it was."""

RESAMPLES, LABEL_RESAMPLES = 10_000, 2_000

TOLERANCE = {RESAMPLES: 0.008, LABEL_RESAMPLES: 0.018}
"""By number of draws: 3.6 standard errors of the difference between two shares near 2.5 % of that many draws each."""


@dataclass(frozen=True)
class End:
    """An end of an interval of draws: below it lies this share of them. It may be blank where a draw is not defined, if so said."""

    draws: np.ndarray
    share: float
    blank: bool = False

    def agrees(self, cell: float | None) -> bool:
        if cell is None:
            return self.blank and bool(np.isnan(self.draws).any())
        off = TOLERANCE[len(self.draws)]
        draws = self.draws[~np.isnan(self.draws)]
        return np.mean(draws < cell - HALF_DIGIT) <= self.share + off and np.mean(draws <= cell + HALF_DIGIT) >= self.share - off


@dataclass(frozen=True)
class Significant:
    """A p-value printed with two significant digits."""

    p: float

    def agrees(self, cell: float | None) -> bool:
        return cell is not None and abs(cell - self.p) <= 0.0501 * 10 ** math.floor(math.log10(self.p)) + 1e-13


def agrees(cell, wanted) -> bool:
    if isinstance(wanted, End | Significant):
        return wanted.agrees(cell)
    if wanted is None or cell is None or isinstance(wanted, str):
        return cell == wanted
    return abs(cell - wanted) <= HALF_DIGIT
