"""Three-valued verdicts: true, false, and None where the arithmetic at hand cannot tell."""

from collections.abc import Callable, Iterable

Verdict = bool | None


def all_(verdicts: Iterable[Verdict]) -> Verdict:
    """Whether all are true; None if that hangs on an open one."""
    found: Verdict = True
    for verdict in verdicts:
        if verdict is False:
            return False
        found = None if verdict is None else found
    return found


def any_(verdicts: Iterable[Verdict]) -> Verdict:
    """Whether one is true; None if that hangs on an open one."""
    found: Verdict = False
    for verdict in verdicts:
        if verdict:
            return True
        found = None if verdict is None else found
    return found


def matched(golds, answers, equal: Callable) -> Verdict:
    """Whether the items can be paired off; None when some pair is open and the open ones could matter."""
    if len(golds) != len(answers):
        return False
    table = [[equal(gold, answer) for answer in answers] for gold in golds]
    if _pairs_off(table, (True,)):
        return True
    return None if _pairs_off(table, (True, None)) else False


def _pairs_off(table: list[list[Verdict]], accepted: tuple) -> bool:
    """Whether a perfect matching exists (augmenting paths)."""
    partner: dict[int, int] = {}

    def place(row: int, seen: set[int]) -> bool:
        for column, decision in enumerate(table[row]):
            if decision in accepted and column not in seen:
                seen.add(column)
                if column not in partner or place(partner[column], seen):
                    partner[column] = row
                    return True
        return False

    return all(place(row, set()) for row in range(len(table)))
