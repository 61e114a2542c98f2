"""Every declared key of the settings, by dotted name."""

from collections.abc import Iterator
from typing import get_args, get_origin

from mathcode import configuration, settings


def keys(model: type[settings.Section], prefix: str = "") -> Iterator[str]:
    """Dotted names of all values a settings model holds."""
    for name, field in model.model_fields.items():
        inner = [part for part in (field.annotation, *get_args(field.annotation)) if isinstance(part, type)]
        nested = next((part for part in inner if issubclass(part, settings.Section)), None)
        if nested is None:
            yield f"{prefix}{name}"
        elif get_origin(field.annotation) is dict:
            yield from keys(nested, f"{prefix}{name}.NAME.")
        elif isinstance(field.annotation, type):
            yield from keys(nested, f"{prefix}{name}.")
        else:  # optional section or list of sections: itself a value too
            yield f"{prefix}{name}"
            yield from keys(nested, f"{prefix}{name}.")


def keys_of_runs() -> set[str]:
    """What the runs of any method may say."""
    return {*keys(settings.Run)}.union(*(keys(method.run) for method in configuration.METHODS.values()))
