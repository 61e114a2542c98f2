"""Copies of real public data files, which some tests read: $MATHCODE_DATA, the mirror folder, or `shared/data` beside the checkout."""

import os
from pathlib import Path

import pytest

from support.running import ROOT

PLACES = [Path(place) for place in (os.environ.get("MATHCODE_DATA"), ROOT / "data/mirror", ROOT.parent / "shared/data") if place]
FOLDER = next((place for place in PLACES if (place / "gsm8k").is_dir()), PLACES[-1])
needed = pytest.mark.skipif(not FOLDER.is_dir(), reason="no folder of public data files: name one with MATHCODE_DATA")
