"""What a method is (methods/method.py), and a room for each; a room is found by standing here."""

from importlib import import_module
from pkgutil import iter_modules

from mathcode.methods.method import Method


def found() -> dict[str, Method]:
    """Methods that a run may name, by name: `METHOD` of each room."""
    rooms = [import_module(f"{__name__}.{room.name}") for room in iter_modules(__path__) if room.ispkg]
    return {room.METHOD.name: room.METHOD for room in rooms}
