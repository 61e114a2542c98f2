"""How experiments, preferences and classes of cases look in SIaM's figures: colours that the colour-blind tell apart."""

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

SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#332288")
"""Colours of what has no order of its own: preferences, critics."""

CASES = {
    "the rule accepts": "#0072B2",
    "the rule refuses, right": "#009E73",
    "the rule refuses, wrong": "#D55E00",
}
"""Colour of cases by the strict rule's verdict and the truth."""
