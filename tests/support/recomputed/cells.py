"""What is measured, as cells (..., items, columns), and the plain statistics of them."""

import numpy as np


def cells(column: str, *terms: list[dict[str, dict]]) -> np.ndarray:
    """Shape (seeds, items, terms): a column of the items that every term has for every seed, in order."""
    common = sorted(set.intersection(*(set(seed) for term in terms for seed in term)))
    return np.array([[[float(term[seed][query][column]) for term in terms] for query in common] for seed in range(len(terms[0]))])


def mean(cells: np.ndarray) -> np.ndarray:
    return cells[..., 0].mean(axis=-1)


def difference(cells: np.ndarray) -> np.ndarray:
    return (cells[..., 0] - cells[..., 1]).mean(axis=-1)


def against_better(cells: np.ndarray) -> np.ndarray:
    """Of columns (auto, CoT, code): auto and the dictated mode that is right more often over all seeds, CoT where both are alike."""
    _, cot, code = cells.sum(axis=(0, 1))
    return cells[..., [0, 2 if code > cot else 1]]


def saved(cells: np.ndarray) -> np.ndarray:
    return 1 - cells[..., 0].sum(axis=-1) / cells[..., 1].sum(axis=-1)


def recalls(cells: np.ndarray) -> list[np.ndarray]:
    """Of columns (label is code or NaN, chose code): how many of the items with a label were chosen so, CoT and code."""
    with np.errstate(invalid="ignore"):
        of = [cells[..., 0] == name for name in (0, 1)]
        return [(mine & (cells[..., 1] == name)).sum(axis=-1) / mine.sum(axis=-1) for name, mine in enumerate(of)]


def macc(cells: np.ndarray) -> np.ndarray:
    return sum(recalls(cells)) / 2


def percent(cells: np.ndarray) -> float:
    return 100 * float(np.mean(mean(cells)))


def mean_or_blank(shares) -> float | None:
    """Percent; blank where a seed has no such share."""
    shares = list(shares)
    return None if np.isnan(shares).any() else 100 * float(np.mean(shares))
