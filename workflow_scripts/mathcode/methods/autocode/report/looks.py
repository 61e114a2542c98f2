"""How modes, experiments and classes of responses look in AutoCode's figures, the same in each.

Colours that the colour-blind tell apart (Okabe and Ito, and shades of theirs); in grey, hatches, lines and markers do it.
"""

MODES = {
    "cot": ("#0072B2", "CoT, dictated", "///"),
    "code": ("#D55E00", "code, dictated", "..."),
    "auto": ("#009E73", "auto (nothing dictated)", ""),
}
"""Colour, label and hatch of a mode."""

LABELS = {"cot": "o", "code": "^", None: "x"}
"""Marker of a query by its reference label."""

EXPERIMENTS = {
    "start": ("#444444", "-", "o"),
    "main": ("#009E73", "-", "o"),
    "standard_rl_equal_rollouts": ("#E69F00", "--", "s"),
    "standard_rl": ("#CC79A7", ":", "D"),
    "no_reflection": ("#56B4E9", "-.", "^"),
}
"""Colour, line and marker of experiments."""

START_MARKERS = {"cot": "<", "code": ">", "auto": "p"}
"""Marker of the start policy by mode, where it stands in a figure in several."""

ALIGNMENTS = {
    "strict": ("#007a5a", "as the oracle: code iff only code is right", ""),
    "allow_code": ("#8fd3bf", "code where both are right", "..."),
    "misaligned": ("#b0b0b0", "neither", "///"),
}
"""Colour, label and hatch of a class of correct responses."""

ATTEMPTS = {
    "1": ("#d0d0d0", "one attempt", ""),
    "2": ("#7fb2dd", "two: one reflective hint", ""),
    "3": ("#2f74b5", "three", ""),
    "4+": ("#12375f", "more", ""),
}
"""Colour, label and hatch of a number of methodology attempts; their colours are light to dark."""
