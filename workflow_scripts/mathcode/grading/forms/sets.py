"""When two sets of real numbers are one: the same points, told by the order of all their ends; unions, intersections, differences."""

from fractions import Fraction

from mathcode.grading.forms.arithmetic import Exact
from mathcode.grading.forms.regions import interval, is_set, regions_of
from mathcode.grading.forms.values import Items, Named, Piece, Region
from mathcode.grading.forms.verdicts import Verdict, all_, matched


class Sets:
    """Compares sets with one arithmetic."""

    arithmetic: Exact

    def _region_of(self, form):
        """A form as a set of reals, where it can be one."""
        if is_set(form):
            return form
        if isinstance(form, Named) and isinstance(form.value, Region):
            return form.value
        return interval(form) if isinstance(form, Items) and form.brackets in ("()", "[]") else None

    def regions(self, gold, answer) -> Verdict:
        """Sets of reals: the same points."""
        ours, theirs = self._region_of(gold), self._region_of(answer)
        if ours is None or theirs is None:
            return False
        variables = [{one.variable for one in regions_of(form)} - {None} for form in (ours, theirs)]
        if variables[0] and variables[1] and variables[0] != variables[1]:
            return False
        lists = [form.items if isinstance(form, Items) and form.brackets == "," else () for form in (ours, theirs)]
        if lists[0] and matched(*lists, self.regions) is True:
            return True
        ends = [
            end for form in (ours, theirs) for one in regions_of(form) for piece in one.pieces for end in (piece.low, piece.high) if end
        ]
        if len(ends) > 60:
            return False
        breaks = self._sorted(ends)
        if breaks is None:
            return self._piecewise(ours, theirs)
        places = {id(end): place for place, group in enumerate(breaks) for end in group}
        if not all(_is_proper(piece, places) for form in (ours, theirs) for one in regions_of(form) for piece in one.pieces):
            return self._piecewise(ours, theirs)
        cells = range(2 * len(breaks) + 1)
        ours, theirs = _resolved(ours, cells, places), _resolved(theirs, cells, places)
        return None not in (ours, theirs) and all(_holds(ours, cell, places) == _holds(theirs, cell, places) for cell in cells)

    def _sorted(self, ends: list[tuple]) -> list[list[tuple]] | None:
        """Ends in groups of equal ones, ascending; None if two cannot be ordered."""
        groups: list[list[tuple]] = []
        for end in ends:
            low, high = 0, len(groups)
            while low < high:
                middle = (low + high) // 2
                order = self.arithmetic.order(groups[middle][0], end)
                if order is None:
                    return None
                if order == 0:
                    groups[middle].append(end)
                    break
                low, high = (middle + 1, high) if order < 0 else (low, middle)
            else:
                groups.insert(low, [end])
        if len(ends) == 1 and self.arithmetic.order(ends[0], ("n", Fraction(0), None)) is None:
            return None
        return groups

    def _piecewise(self, gold, answer) -> Verdict:
        """Regions whose ends hold symbols: the same pieces, in any order."""
        if not isinstance(gold, Region) or not isinstance(answer, Region) or len(gold.pieces) != len(answer.pieces):
            return False
        return matched(gold.pieces, answer.pieces, self._pieces)

    def _pieces(self, gold: Piece, answer: Piece) -> Verdict:
        if (gold.low_closed, gold.high_closed) != (answer.low_closed, answer.high_closed):
            return False
        pairs = [(gold.low, answer.low), (gold.high, answer.high)]
        if any((one is None) != (other is None) for one, other in pairs):
            return False
        return all_(self.arithmetic.same(*pair) for pair in pairs if pair[0] is not None)


def _is_proper(piece: Piece, places: dict[int, int]) -> bool:
    """Whether an interval holds anything: its ends are in order."""
    if piece.low is None or piece.high is None:
        return True
    low, high = places[id(piece.low)], places[id(piece.high)]
    return low < high or (low == high and piece.low_closed and piece.high_closed)


def _resolved(form, cells: range, places: dict[int, int]):
    """What commas between sets say: `and` where they meet and none is needless, `or` where no two do; None: they are a mere list."""
    if isinstance(form, Region) or form.brackets != ",":
        return form
    held = [[_holds(item, cell, places) for item in form.items] for cell in cells]
    if any(map(all, held)):
        needed = {row.index(False) for row in held if row.count(False) == 1}
        return Items("and", form.items) if len(needed) == len(form.items) else None
    return Items("or", form.items) if max(map(sum, held)) == 1 else None


def _holds(form, cell: int, places: dict[int, int]) -> bool:
    """Whether a set holds a cell: odd cells are the ends themselves, even ones lie between."""
    if isinstance(form, Region):
        return any(_within(piece, cell, places) for piece in form.pieces)
    held = [_holds(item, cell, places) for item in form.items]
    return any(held) if form.brackets == "or" else all(held) if form.brackets == "and" else held[0] and not held[1]


def _within(piece: Piece, cell: int, places: dict[int, int]) -> bool:
    if piece.low is not None:
        low = 2 * places[id(piece.low)] + 1
        if cell < low or (cell == low and not piece.low_closed):
            return False
    if piece.high is not None:
        high = 2 * places[id(piece.high)] + 1
        if cell > high or (cell == high and not piece.high_closed):
            return False
    return True
