"""How modes, experiments and classes of responses look in AutoCode's figures, the same in each.

Colours that the colour-blind tell apart (Okabe and Ito, and shades of theirs); in grey, hatches, lines and markers do it.
"""

import itertools
from collections.abc import Mapping

MODES = {
    "cot": ("#0072B2", "CoT, dictated", "///"),
    "code": ("#D55E00", "code, dictated", "---"),
    "auto": ("#009E73", "auto (nothing dictated)", ""),
}
"""Colour, label and hatch of a mode."""

_ADDED = [("#CC79A7", "xxx", "s"), ("#56B4E9", "\\\\\\", "D"), ("#E69F00", "+++", "P"), ("#7a5195", "|||", "X")]
"""Colour, hatch and marker of further methodologies."""


def modes(labels: Mapping[str, str]) -> dict[str, tuple[str, str, str]]:
    """Colour, label and hatch of each mode of a run, for its methodologies by name (`Plan.labels`)."""
    more = {name: (colour, f"{labels[name]}, dictated", hatch) for name, (colour, hatch, _) in _added(labels).items()}
    return {"cot": MODES["cot"], "code": MODES["code"], **more, "auto": MODES["auto"]}


def label_markers(labels: Mapping[str, str]) -> dict[str | None, str]:
    """Marker of a query by its reference label; None: it has none."""
    return {"cot": "o", "code": "^", None: "x"} | {name: marker for name, (_, _, marker) in _added(labels).items()}


def start_markers(labels: Mapping[str, str]) -> dict[str, str]:
    """Marker of the start policy by mode, where it stands in a figure in several."""
    return {"cot": "<", "code": ">", "auto": "p"} | {name: marker for name, (_, _, marker) in _added(labels).items()}


def _added(labels: Mapping[str, str]) -> dict[str, tuple[str, str, str]]:
    return dict(zip((name for name in labels if name not in MODES), itertools.cycle(_ADDED)))


EXPERIMENTS = {
    "start": ("#444444", "-", "o"),
    "main": ("#009E73", "-", "o"),
    "standard_rl_equal_rollouts": ("#E69F00", "--", "s"),
    "standard_rl": ("#CC79A7", ":", "D"),
    "no_reflection": ("#56B4E9", "-.", "^"),
    "hint_in_selection": ("#66c2a4", "-", "d"),
    "more_reflection": ("#9fd4e8", ":", "8"),
    "reflective_targets": ("#f2c8a0", "-.", "H"),
    "detached_clip": ("#0072B2", "--", "P"),
    "never_reflective": ("#7a5c1e", "-.", "8"),
    "rehearsal_25": ("#111111", "-", "D"),
    "rehearsal_100": ("#2a1a00", "-.", "P"),
    "price_05": ("#dccbe8", "-", "v"),
    "price_10": ("#cbb0e0", "--", "X"),
    "price_20": ("#8e63b5", ":", "*"),
    "price_40": ("#4b2a73", "-.", "h"),
}
"""Colour, line and marker of experiments; prices go from light to dark."""

ALIGNMENTS = {
    "strict": ("#007a5a", "as the oracle: code iff only code is right", ""),
    "allow_code": ("#8fd3bf", "code where both are right", "---"),
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
