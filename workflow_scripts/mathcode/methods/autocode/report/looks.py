"""How modes, experiments and classes of responses look in AutoCode's figures, the same in each.

Colours that the colour-blind tell apart (Okabe and Ito, and shades of theirs).
"""

import itertools
from collections.abc import Mapping

MODES = {
    "cot": ("#0072B2", "CoT, dictated"),
    "code": ("#D55E00", "code, dictated"),
    "auto": ("#009E73", "auto (nothing dictated)"),
}
"""Colour and label of a mode."""

_ADDED = ["#CC79A7", "#56B4E9", "#E69F00", "#7a5195"]
"""Colours of further methodologies."""
_MARKERS = ["s", "D", "P", "X"]


def modes(labels: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Colour and label of each mode of a run, for its methodologies by name (`Plan.labels`)."""
    added = [name for name in labels if name not in MODES]
    more = {name: (colour, f"{labels[name]}, dictated") for name, colour in zip(added, itertools.cycle(_ADDED))}
    return {"cot": MODES["cot"], "code": MODES["code"], **more, "auto": MODES["auto"]}


def start_markers(labels: Mapping[str, str]) -> dict[str, str]:
    """Marker of the start policy by mode, where it stands in a figure in several."""
    added = [name for name in labels if name not in MODES]
    return {"cot": "v", "code": "^", "auto": "o"} | dict(zip(added, itertools.cycle(_MARKERS)))


EXPERIMENTS = {
    "start": ("#444444", "-", "o"),
    "main": ("#009E73", "-", "o"),
    "standard_rl_equal_rollouts": ("#E69F00", "--", "s"),
    "standard_rl": ("#CC79A7", ":", "D"),
    "no_reflection": ("#56B4E9", "-.", "^"),
}
"""Colour, line and marker of experiments."""

ALIGNMENTS = {
    "strict": ("#007a5a", "as the oracle: code iff only code is right"),
    "allow_code": ("#8fd3bf", "code where both are right"),
    "misaligned": ("#b0b0b0", "neither"),
}
"""Colour and label of a class of correct responses."""

ATTEMPTS = {
    "1": ("#d0d0d0", "one attempt"),
    "2": ("#7fb2dd", "two: one reflective hint"),
    "3": ("#2f74b5", "three"),
    "4+": ("#12375f", "more"),
}
"""Colour and label of a number of methodology attempts."""
