"""How far judges agree: with a truth (precision, recall, kappa, ROC), with their own scores (calibration), with each other (kappa, tau-b).

Verdicts are booleans, True is YES; scores are probabilities of YES. Intervals are 95 %: Wilson's for a share, DeLong's for the area under
the ROC curve, and a percentile bootstrap over cases for what is no share. Cases count as independent: of several cases to a question give
the questions one by one, or read the intervals as too narrow.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from mathcode.measures import outcomes, uncertainty
from mathcode.measures.uncertainty import Interval

BINS = 10
"""Bins of equal width that calibration is measured in."""
_RESAMPLES, _SIMULATED = 2_000, 500

_MEANS = ("said", "true", "both")
"""Columns whose means all measures of two columns of verdicts are made of."""


def cohen_kappa(first: np.ndarray, second: np.ndarray) -> Interval:
    """Cohen's kappa of two columns of verdicts: agreement beyond what their rates give by chance; NaN where both always say the same.

    Of a kappa of 1 no case says how far it may be off: its lower end is that of Wilson's lower end of the agreement.

    Raises:
        ValueError: there is no case.
    """
    return _measured([_columns(first, second)], _kappa)


def kendall_tau_b(first: Sequence[float], second: Sequence[float]) -> float:
    """Kendall's tau-b of two rankings of the same things, corrected for ties; NaN where one of them ties all."""
    from scipy.stats import kendalltau

    return float(kendalltau(first, second, variant="b").statistic)


def classification(accepted: np.ndarray, true: np.ndarray, scores: np.ndarray | None = None) -> dict[str, Interval]:
    """Measures of a judge against the truth, YES being positive; NaN where one is not defined.

    precision, recall, specificity, f1, balanced_accuracy, kappa, matthews, accuracy; with scores also auroc and those of `calibration`.

    Raises:
        ValueError: there is no case.
    """
    accepted, true = np.asarray(accepted, bool), np.asarray(true, bool)
    found = {name: _share((accepted == true) & of(accepted, true), of(accepted, true)) for name, of in _CASES_OF.items()}
    found |= {name: _measured([_columns(accepted, true)], measure) for name, measure in OF_MEANS.items() if name not in _CASES_OF}
    if scores is not None:
        found |= {"auroc": auroc(scores, true), **calibration([scores], true)}
    return found


def range_of(measure: str) -> tuple[float, float]:
    """Least and largest value of a measure: an interval that rests on few seeds may reach beyond."""
    return (-1.0 if measure in ("kappa", "matthews") else 0.0), 1.0


def classification_over_seeds(verdicts: Sequence[np.ndarray], true: np.ndarray) -> dict[str, Interval]:
    """The same measures of several judges that differ by their seed, on the same cases: intervals are over seeds and cases.

    A share that does not vary has Wilson's interval, for as many cases as the seed with the fewest has.

    Args:
        verdicts: for each seed what its judge accepts.
    """
    true = np.asarray(true, bool)
    found = {name: _measured([_columns(said, true) for said in verdicts], measure) for name, measure in OF_MEANS.items()}
    fewest = {name: min(int(of(np.asarray(said, bool), true).sum()) for said in verdicts) for name, of in _CASES_OF.items()}
    return found | {name: uncertainty.or_wilson(found[name], count) for name, count in fewest.items()}


def kappa_over_seeds(verdicts: Sequence[np.ndarray]) -> Interval:
    """Cohen's kappa of two judges over several seeds, with a lower end where all are 1 as `cohen_kappa` has it.

    Args:
        verdicts: for each seed an array (items, 2), the same items.
    """
    return _measured([_columns(*seed.T) for seed in verdicts], _kappa)


def auroc(scores: np.ndarray, true: np.ndarray) -> Interval:
    """Chance that a YES case scores above a NO case, ties counting half; DeLong's interval. NaN without cases of both kinds."""
    from scipy.stats import norm

    above, below = _placements(scores, true)
    if not len(above) or not len(below):
        return Interval(float("nan"))
    value, fewest = float(above.mean()), min(len(above), len(below))
    if fewest < 2:
        return Interval(value)
    half = float(norm.ppf(0.5 + uncertainty.LEVEL / 2)) * float(above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)) ** 0.5
    return (Interval(value, value - half, value + half) if half else Interval(value)).within(0.0, 1.0)


def auroc_over_seeds(scores: Sequence[np.ndarray], true: np.ndarray) -> Interval:
    """The same of several judges that differ by their seed, on the same cases: mean over seeds, interval over seeds and cases.

    A case enters by its placement among those of the other kind, as DeLong's interval has it.

    Args:
        scores: for each seed those of its judge.
    """
    placed = [_placements(one, true) for one in scores]
    sizes = [len(kind) for kind in placed[0]]
    if min(sizes) < 2:
        return Interval(float(np.mean([auroc(one, true).value for one in scores])))
    # Each kind of case weighs half whatever its number, so that a seed's mean is its area and its variance DeLong's.
    rows = [[kind.mean() + sum(sizes) / len(kind) * (kind - kind.mean()) for kind in seed] for seed in placed]
    return uncertainty.crossed_interval(np.stack([np.concatenate(row) for row in rows])).within(0.0, 1.0)


def _placements(scores: np.ndarray, true: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each YES case the share of NO cases below it, of each NO case that of YES cases above it, ties counting half."""
    from scipy.stats import rankdata

    scores, true = np.asarray(scores, float), np.asarray(true, bool)
    if true.all() or not true.any():
        return scores[true], scores[~true]  # one of them empty: there is nothing to be placed among
    ranks = rankdata(scores)
    above = (ranks[true] - rankdata(scores[true])) / (~true).sum()
    below = 1 - (ranks[~true] - rankdata(scores[~true])) / true.sum()
    return above, below


def calibration(scores: Sequence[np.ndarray], true: np.ndarray) -> dict[str, Interval]:
    """calibration_error of a judge, or the mean of several that differ by their seed; and what a calibrated one would have.

    Chance adds to every gap, whatever its sign, in the estimate and once more in each resample. So the interval of one judge holds both
    the percentiles of resamples and these turned round the estimate, which takes off what resampling put on; and it reaches 0 where a
    calibrated judge with these scores has as much in one of forty sets of labels. What that one has on average is calibration_expected.

    Args:
        scores: for each seed those of its judge.
    """
    items, chance = [_gaps(one, true) for one in scores], [calibration_of_chance(one) for one in scores]
    if len(items) > 1:
        found = uncertainty.contrast(items, _total)
    else:
        found = uncertainty.bootstrap_interval(items[0], _total, resamples=_RESAMPLES)
        if found.low is not None:
            ends = (found.low, found.high, 2 * found.value - found.low, 2 * found.value - found.high)
            by_chance = found.value <= np.quantile(chance[0], 0.5 + uncertainty.LEVEL / 2)
            found = Interval(found.value, 0.0 if by_chance else min(ends), max(ends))
    return {"calibration_error": found.within(0.0, 1.0), "calibration_expected": Interval(float(np.mean(chance)))}


def calibration_error(scores: np.ndarray, true: np.ndarray) -> float:
    """Expected calibration error: |share of YES - mean score| of each bin of equal width, weighted by its cases."""
    return float(_total(_gaps(scores, true).mean(axis=0)))


def calibration_of_chance(scores: np.ndarray) -> np.ndarray:
    """Calibration errors of a judge that is right about its scores, for many sets of labels: each is YES as probably as its score says."""
    scores, draw = np.asarray(scores, float), np.random.default_rng(uncertainty.BOOTSTRAP_SEED)
    places = _bins(scores)
    drawn = [np.bincount(places, (draw.random(len(scores)) < scores) - scores, BINS) for _ in range(_SIMULATED)]
    return _total(np.array(drawn)) / len(scores)


def _gaps(scores: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Of each case what it adds to the gap of its bin: shape (cases, bins)."""
    scores, true = np.asarray(scores, float), np.asarray(true, float)
    return (_bins(scores)[:, None] == np.arange(BINS)) * (true - scores)[:, None]


def _total(gaps: np.ndarray) -> np.ndarray:
    return np.abs(gaps).sum(axis=-1)


def _bins(scores: np.ndarray) -> np.ndarray:
    return np.minimum((scores * BINS).astype(int), BINS - 1)


def reliability(scores: np.ndarray, true: np.ndarray) -> pl.DataFrame:
    """The reliability diagram: of each bin with a case its ends, n, mean score, share of YES and the Wilson interval of that."""
    scores, true = np.asarray(scores, float), np.asarray(true, bool)
    place = _bins(scores)
    rows = []
    for number in np.unique(place):
        inside = place == number
        share = uncertainty.wilson_interval(int(true[inside].sum()), int(inside.sum()))
        rows.append(
            (number / BINS, (number + 1) / BINS, int(inside.sum()), float(scores[inside].mean()), share.value, share.low, share.high)
        )
    return pl.DataFrame(rows, schema=["low", "high", "n", "mean_score", "share_yes", "share_low", "share_high"], orient="row")


def threshold_curve(scores: np.ndarray, true: np.ndarray, thresholds: Sequence[float]) -> pl.DataFrame:
    """What a threshold accepts (score >= threshold): its cases, their share of all, precision and recall with Wilson's intervals.

    Precision is null where nothing is accepted, recall where nothing is true.
    """
    scores, true = np.asarray(scores, float), np.asarray(true, bool)
    rows = []
    for threshold in thresholds:
        taken = scores >= threshold
        row = {"threshold": float(threshold), "n": len(scores), "accepted": int(taken.sum()), "accepted_share": float(taken.mean())}
        for name, of in (("precision", taken), ("recall", true)):
            share = _share(taken & true, of)
            row |= {name: share.value, f"{name}_low": share.low, f"{name}_high": share.high}
        rows.append(row)
    schema = {"threshold": pl.Float64, "n": pl.Int64, "accepted": pl.Int64, "accepted_share": pl.Float64}
    schema |= {f"{name}{end}": pl.Float64 for name in ("precision", "recall") for end in ("", "_low", "_high")}
    return pl.DataFrame(rows, schema=schema).fill_nan(None)


def accepted_by(cases: pl.DataFrame, verdicts: pl.DataFrame, by: Sequence[str]) -> pl.DataFrame:
    """How many cases of each stratum a judge accepts: n, accepted, share and Wilson's interval, strata in order.

    With `by=["variant"]` and the attacks alone it is the attack table. An infrastructure error is no verdict and left out.

    Args:
        cases, verdicts: tables `cases` and `verdicts`.
        by: columns of `cases`, or `judge`.
    """
    joined = outcomes.usable(verdicts).join(cases, on="case_id", how="inner")
    counted = joined.group_by(*by).agg(n=pl.len(), accepted=pl.col("accepted").sum()).sort(by)
    shares = [uncertainty.wilson_interval(accepted, n) for accepted, n in counted.select("accepted", "n").iter_rows()]
    ends = {"share": "value", "share_low": "low", "share_high": "high"}
    return counted.with_columns(pl.Series(name, [getattr(share, end) for share in shares], pl.Float64) for name, end in ends.items())


def _share(part: np.ndarray, of: np.ndarray) -> Interval:
    """Share of `part` in `of`; NaN of nothing."""
    return uncertainty.wilson_interval(int(part.sum()), int(of.sum())) if of.any() else Interval(float("nan"))


def _columns(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Two columns of verdicts and where both say YES: shape (cases, 3)."""
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    return np.stack([first, second, first & second], axis=1)


def _measured(seeds: list[np.ndarray], measure) -> Interval:
    """A measure of the means of `_columns`, one array a seed. One seed: a bootstrap over cases; several: over seeds and cases."""
    statistic = _of_columns(measure)
    if not len(seeds[0]):
        raise ValueError("there is no case to measure")
    if any(np.isnan(statistic(items.mean(axis=0))) for items in seeds):
        return Interval(float("nan"))
    if measure is _kappa and all((items[:, 0] == items[:, 1]).all() for items in seeds):
        return _kappa_of_one(seeds)
    return uncertainty.contrast(seeds, statistic)


def _kappa_of_one(seeds: list[np.ndarray]) -> Interval:
    """All agree: with rates of YES as they are, a lower agreement would be a lower kappa."""
    agreed, yes = uncertainty.wilson_interval(len(seeds[0]), len(seeds[0])), np.mean([items[:, 0].mean() for items in seeds])
    return Interval(1.0, float(1 - (1 - agreed.low) / (2 * yes * (1 - yes))), 1.0)


def _of_columns(measure):
    """A measure of three numbers as a statistic of column means."""

    def statistic(means: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return measure(*(means[..., column] for column in range(len(_MEANS))))

    return statistic


def _kappa(first: np.ndarray, second: np.ndarray, both: np.ndarray) -> np.ndarray:
    observed = 1 - first - second + 2 * both
    chance = first * second + (1 - first) * (1 - second)
    return (observed - chance) / (1 - chance)


def _matthews(first: np.ndarray, second: np.ndarray, both: np.ndarray) -> np.ndarray:
    return (both - first * second) / np.sqrt(first * (1 - first) * second * (1 - second))


OF_MEANS = {
    "precision": lambda said, true, both: both / said,
    "recall": lambda said, true, both: both / true,
    "specificity": lambda said, true, both: (1 - said - true + both) / (1 - true),
    "accuracy": lambda said, true, both: 1 - said - true + 2 * both,
    "f1": lambda said, true, both: 2 * both / (said + true),
    "balanced_accuracy": lambda said, true, both: (both / true + (1 - said - true + both) / (1 - true)) / 2,
    "kappa": _kappa,
    "matthews": _matthews,
}
"""Measures of a judge, of the shares of cases that it accepts, that are true, and both."""

_CASES_OF = {
    "precision": lambda said, true: said,
    "recall": lambda said, true: true,
    "specificity": lambda said, true: ~true,
    "accuracy": lambda said, true: np.ones_like(true),
}
"""Measures that are shares, and the cases they are of: the share of these on which the judge is right."""
