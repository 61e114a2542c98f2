"""How experiments, preferences and classes of cases look in SIaM's figures: colours that the colour-blind tell apart."""

from collections.abc import Collection

EXPERIMENTS = {
    "start": ("#444444", "-", "o"),
    "main": ("#009E73", "-", "o"),
    "exact": ("#D55E00", "--", "s"),
    "lenient": ("#E69F00", "-.", "D"),
    "executes": ("#999999", ":", "x"),
    "oracle": ("#0072B2", "-", "^"),
    "cascade": ("#332288", "-.", "*"),
    "in_domain": ("#CC79A7", "--", "v"),
    "seed_only": ("#56B4E9", ":", "P"),
}
"""Colour, line and marker of experiments."""

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#332288")
_LINES, _MARKERS = ("-", "--", "-.", ":"), ("o", "s", "^", "D", "v", "P", "X")


def series(names: Collection[str]) -> dict[str, dict[str, str]]:
    """Colour, line and marker of what has no look of its own (preferences, critics, rules), as matplotlib's `plot` takes them."""
    return {
        name: {
            "color": _COLOURS[place % len(_COLOURS)],
            "linestyle": _LINES[place % len(_LINES)],
            "marker": _MARKERS[place % len(_MARKERS)],
        }
        for place, name in enumerate(names)
    }


CASES = {
    "the rule accepts": ("#0072B2", "-"),
    "the rule refuses, right": ("#009E73", "--"),
    "the rule refuses, wrong": ("#D55E00", ":"),
}
"""Colour and line of cases by the strict rule's verdict and the truth."""
