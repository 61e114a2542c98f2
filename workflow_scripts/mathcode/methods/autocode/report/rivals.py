"""What is more accurate than EM and by how much, and which policies outdo others by accuracy and programs run."""

from collections.abc import Mapping, Sequence

from mathcode.methods.autocode.report.plan import EM
from mathcode.report.summary import Card, shown

Difference = tuple[float, float | None, float | None]
"""Accuracy minus EM's on the same items, in points, and the ends of its 95 % interval, if it has one."""


def cards(points: Sequence[dict], differences: Mapping[tuple[str, str], Difference], place: str) -> list[Card]:
    """Who outdoes whom; then each policy that is more accurate than EM, those most apart first.

    Args:
        points: rows of the table `frontier` of a place.
        differences: of policies by experiment and mode; of one that is missing the two accuracies are compared.
        place: where that is, in words.
    """
    return [_outdone(points, place), _more_accurate(points, differences, place)]


def _outdone(points: Sequence[dict], place: str) -> Card:
    first = sorted((point for point in points if not point["left_behind_by"]), key=lambda point: -point["accuracy"])
    behind = {point["label"]: [other["label"] for other in points if _ahead(point, other)] for point in first}
    lines = [f"{point['label']}, {_told(point)}, outdoes {'; '.join(behind[point['label']])}." for point in first if behind[point["label"]]]
    if alone := [point["label"] for point in first if not behind[point["label"]]]:
        lines.append(f"Outdoing none, outdone by none: {'; '.join(alone)}.")
    words = "To outdo is to be no worse in accuracy and in programs run, and surely better in one (its 95 % interval, same items)."
    return Card("Who outdoes whom?", f"{len(first)} of {len(points)} outdone by none", words, place, lines)


def _ahead(one: dict, other: dict) -> bool:
    return f"; {one['label']}; " in f"; {other['left_behind_by']}; "


def _more_accurate(points: Sequence[dict], differences: Mapping[tuple[str, str], Difference], place: str) -> Card:
    ours = next(point for point in points if point["experiment"] == EM)
    better = [point for point in points if point["accuracy"] > ours["accuracy"]]
    found = [(differences.get((one["experiment"], one["mode"])) or (one["accuracy"] - ours["accuracy"], None, None), one) for one in better]
    found.sort(key=lambda one: -one[0][0])
    words = f"{ours['label']} has {_told(ours)} a response."
    words += f" It is outdone by {ours['left_behind_by']}." if ours["left_behind_by"] else ""
    words += " More accurate, by points with their 95 % interval:" if better else ""
    counted = {0: "Nothing here", 1: "One policy"}.get(len(better), f"{len(better)} policies")
    lines = [f"{point['label']}: {_apart(*difference)}; {_told(point)}" for difference, point in found]
    return Card("Is anything more accurate?", counted, words, place, lines)


def _apart(value: float, low: float | None, high: float | None) -> str:
    return f"{'+' if value > 0 else ''}{shown(value)}" + ("" if low is None else f" [{shown(low)}, {shown(high)}]")


def _told(point: dict) -> str:
    return f"{shown(point['accuracy'])} % with {point['executions']:.2f} programs"
