"""What all pages share: their colours by day and by night, and how they are printed (frame.html)."""

from pathlib import Path

FRAME = Path(__file__).with_name("frame.html")


def framed(template: Path) -> str:
    """The text of a page's template with what all pages share in its place."""
    return template.read_text(encoding="utf-8").replace("{{frame}}", FRAME.read_text(encoding="utf-8").rstrip())
