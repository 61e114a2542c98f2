"""Numbers that the papers print, read from `data/published`."""

import csv

from support.running import ROOT


def published(file: str, **wanted) -> dict[str, str]:
    with open(ROOT / "data/published" / f"autocode_{file}.csv", encoding="utf-8") as handle:
        return next((row for row in csv.DictReader(handle) if wanted.items() <= row.items()), {})


def number(text: str | None) -> float | None:
    return None if not text or text.startswith("~") else float(text)
