"""Judges of your own: a module NAME.py in this folder, with a class `Judge`, is the judge NAME without being listed (docs/own.md)."""

import re
from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from mathcode.grading.judge import RuleJudge
from mathcode.settings import SettingsError


def found() -> dict[str, str]:
    """Module and class of each, by name."""
    return {module.name: f"{__name__}.{module.name}:Judge" for module in iter_modules(__path__)}


def refuse_unusable(judges: Mapping[str, str]) -> None:
    """Refuse judges that could not grade, before anything waits for their grades.

    Args:
        judges: all there are, by name; where one of another place has the name, it stands here.

    Raises:
        SettingsError: naming the module, if its name is no name for a judge, it cannot be imported, or it has no judge.
    """
    for name, place in found().items():
        file = f"{__path__[0]}/{name}.py"
        if judges[name] != place or not re.fullmatch(r"(?!critic_|cascade_)[a-z][a-z0-9_]*", name):
            raise SettingsError(f"{file}: a judge cannot be called '{name}': other judges have such names")
        try:
            kind = getattr(import_module(place.partition(":")[0]), "Judge", None)
        except Exception as error:
            raise SettingsError(f"{file}: it cannot be imported: {type(error).__name__}: {error}") from error
        if not isinstance(getattr(kind, "name", None), str) or not callable(getattr(kind, "judge", None)):
            raise SettingsError(f"{file}: it has no class `Judge` with a `name` and a method `judge`; docs/own.md shows one")
        if getattr(kind, "verdict", None) is RuleJudge.verdict and kind.judge is RuleJudge.judge:
            raise SettingsError(
                f"{file}: its class `Judge` has no method `verdict`, which gives the verdict on a case; docs/own.md shows one"
            )
