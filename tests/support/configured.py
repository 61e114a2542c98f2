"""Copies of `config/` that tests change."""

from pathlib import Path

import yaml

from mathcode import settings

ADAMW = {"optimizer": {"optimizer": "adamw"}}
"""Training without the optimiser that one GPU alone may have."""


def change(path: Path, override: dict) -> None:
    """Put an override over a YAML file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    path.write_text(yaml.safe_dump(settings.merge(content, override), allow_unicode=True), encoding="utf-8")
