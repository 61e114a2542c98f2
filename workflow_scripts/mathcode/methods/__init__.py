"""What a method is (methods/method.py), and a package for each method; a package in this folder is found without being listed."""

import functools
import json
from importlib import import_module
from pkgutil import iter_modules

from mathcode.methods.method import Method
from mathcode.settings import SettingsError


@functools.cache
def found() -> dict[str, Method]:
    """Methods that a run may name, by name: `METHOD` of each room."""
    rooms = [import_module(f"{__name__}.{room.name}") for room in iter_modules(__path__) if room.ispkg]
    return {room.METHOD.name: room.METHOD for room in rooms}


@functools.cache
def method_of(told: str) -> Method:
    """The method that a program is told so (`Method.told`).

    Raises:
        SettingsError: there is no such method, or nothing of the kind can be added to it.
    """
    if told in found():
        return found()[told]
    try:
        added = json.loads(told)
        method = found()[added.pop("name")]
    except (ValueError, AttributeError, TypeError, KeyError):
        raise SettingsError(f"--method: there is no method '{told}'; there are: {', '.join(found())}") from None
    if method.extended is None:
        raise SettingsError(f"--method: nothing can be added to the method {method.name}")
    return method.extended(added)
