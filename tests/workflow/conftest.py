"""A checkout in which nothing has been built."""

from pathlib import Path

import pytest
from support.checkout import copied


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy where nothing has been built: plans do not depend on what this checkout holds."""
    return copied(tmp_path_factory.mktemp("workflow") / "checkout")
