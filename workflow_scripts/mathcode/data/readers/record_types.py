"""What a reader asks of a record: its keys, and what each must hold. A record that holds something else is refused by its key.

    @reads(question=TEXT, answer=NUMBER)
    def amc23(record): ...

Public sources are not ours: a copy from elsewhere may hold a number where another has text, null, or half a character.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from mathcode.core.json_lines import kind
from mathcode.data.text import Record

Row = TypeVar("Row")


@dataclass(frozen=True)
class Kind:
    """What a key holds: in words, and as a test of its value."""

    words: str
    fits: Callable[[Any], bool]


def _is_number(content: Any) -> bool:
    """A finite number, or text that is one; true and false are none."""
    if isinstance(content, bool) or not isinstance(content, int | float | str):
        return False
    try:
        return math.isfinite(float(content))
    except OverflowError:  # a whole number beyond all doubles
        return True
    except ValueError:
        return False


def _is_conversation(content: Any) -> bool:
    return (
        isinstance(content, list)
        and len(content) == 2
        and all(isinstance(message, dict) and isinstance(message.get("content"), str) for message in content)
    )


TEXT = Kind("text", lambda content: isinstance(content, str))
TEXT_OR_NULL = Kind("text or null", lambda content: content is None or isinstance(content, str))
TEXT_OR_NUMBER = Kind("text or a number", lambda content: isinstance(content, int | float | str) and not isinstance(content, bool))
TEXT_OR_NULL_OR_NUMBER = Kind("text, a number or null", lambda content: content is None or TEXT_OR_NUMBER.fits(content))
NUMBER = Kind("a number", _is_number)
TEXTS = Kind("a list of texts", lambda content: isinstance(content, list) and all(isinstance(part, str) for part in content))
FLAG = Kind("true or false", lambda content: isinstance(content, bool))
CONVERSATION = Kind("two messages whose 'content' is text", _is_conversation)


def reads(**keys: Kind) -> Callable[[Callable[[Record], Row]], Callable[[Record], Row]]:
    """Say what a reader's record must hold.

    The reader then raises KeyError for a key that is missing, and ValueError, with the key in it, for one that holds something else
    or half a surrogate pair, which no table and no file in UTF-8 can hold.
    """

    def decorate(reader: Callable[[Record], Row]) -> Callable[[Record], Row]:
        @functools.wraps(reader)
        def checked(record: Record) -> Row:
            for key, wanted in keys.items():
                content = record[key]
                if not wanted.fits(content):
                    shown = f" '{content[:40]}'" if isinstance(content, str) else ""
                    raise ValueError(f"key '{key}' must be {wanted.words}, not {kind(content)}{shown}")
                if not _is_whole(content):
                    raise ValueError(f"key '{key}' holds half a surrogate pair, which is no character")
            return reader(record)

        return checked

    return decorate


def _is_whole(content: Any) -> bool:
    """Whether every text in it can be written as UTF-8."""
    if isinstance(content, str):
        try:
            content.encode()
        except UnicodeEncodeError:
            return False
    if isinstance(content, dict):
        return all(map(_is_whole, content.values()))
    return not isinstance(content, list) or all(map(_is_whole, content))
