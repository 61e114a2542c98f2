"""Copies of real public data files, which some tests read: $MATHCODE_DATA, the mirror folder, or `shared/data` beside the checkout."""

import os
from pathlib import Path

import pytest

from support.running import ROOT

NAMED = os.environ.get("MATHCODE_DATA")
PLACES = [Path(NAMED)] if NAMED else [ROOT / "data/mirror", ROOT.parent / "shared/data"]


def find(places: list[Path]) -> Path | None:
    """The first place that holds data sets."""
    return next((place.resolve() for place in places if (place / "gsm8k").is_dir()), None)


FOLDER = find(PLACES) or PLACES[0]
_REASON = f"MATHCODE_DATA={NAMED} holds no data sets" if NAMED else "no folder of public data files: name one with MATHCODE_DATA"
needed = pytest.mark.skipif(find(PLACES) is None, reason=_REASON)
