"""Base of all settings: sections that refuse unknown keys, merge key by key, and travel as one line of JSON."""

import difflib
import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from mathcode.core import atomic
from mathcode.core.errors import UserError

IDLE = {"changes_results": False}
"""For `Field(json_schema_extra=...)` of a key on which no result depends: where a job runs, when it saves, when it gives up."""

_NAME = r"[a-z][a-z0-9_]*"
Name = Annotated[str, Field(pattern=rf"^{_NAME}$")]
PositiveInt = Annotated[int, Field(ge=1)]
PositiveNumber = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _without_home(path: str) -> str:
    if path.startswith("~"):
        raise ValueError(f"'~' is not read in settings: write {os.path.expanduser(path)}")
    return path


FilePath = Annotated[str, AfterValidator(_without_home)]
"""A file or folder of a user's, as the file system knows it."""


_EXPECTED = {"model_type": "keys and values", "dict_type": "keys and values", "list_type": "a list", "string_type": "text"}
"""What a value of another kind should have been, by pydantic's word for it."""


class SettingsError(UserError):
    """A configuration file is missing, unreadable, or says something that is not allowed.

    Attributes:
        key: the setting that is wrong, if a run may have taken it over from another file without knowing; None: told by the sentence.
    """

    def __init__(self, sentence: str, key: str | None = None):
        super().__init__(sentence)
        self.key = key


class Section(BaseModel):
    """Base of all sections: no unknown keys, no mutation."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def merge(base: dict, override: dict) -> dict:
    """`base` with `override` put over it: mappings merge key by key, everything else is replaced."""
    merged = dict(base)
    for key, value in override.items():
        merged[key] = merge(merged[key], value) if isinstance(value, dict) and isinstance(merged.get(key), dict) else value
    return merged


def fingerprint(*parts: Any) -> str:
    """Short stable hash of JSON-able parts: equal settings and data, equal fingerprint."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=_jsonable).encode()).hexdigest()[:16]


def untold(default: Any) -> Callable[[Any], bool]:
    """For `Field(exclude_if=...)` of a key that came later: at its default it is not written, so what was made before stays up to date."""
    return lambda value: value == default


def dumps(section: Section | dict[str, Any]) -> str:
    """One-line JSON of a section, or of several by name, for a command line; infinity is written as "inf"."""
    return json.dumps(_finite(section), sort_keys=True)


def everything(section: Any) -> Any:
    """Plain values of a section, or of several by name, with the keys that `untold` leaves out of what is written."""
    if isinstance(section, BaseModel):
        return {name: everything(getattr(section, name)) for name in type(section).model_fields}
    if isinstance(section, dict):
        return {key: everything(item) for key, item in section.items()}
    return [everything(item) for item in section] if isinstance(section, list | tuple) else _finite(section)


def deciding(section: Any) -> Any:
    """Plain values of a section, or of several by name, without `IDLE` keys: what was made with other values of those is up to date."""
    if isinstance(section, BaseModel):
        fields = type(section).model_fields
        return {name: deciding(getattr(section, name)) for name in section.model_dump() if fields[name].json_schema_extra != IDLE}
    if isinstance(section, dict):
        return {key: deciding(item) for key, item in section.items()}
    return [deciding(item) for item in section] if isinstance(section, list | tuple) else section


def parse(model: type[Section], text: str, flag: str = "--settings") -> Any:
    """Read a section back from a command line; `flag` is named in errors.

    Raises:
        SettingsError: the text is not JSON, or not such a section.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise SettingsError(f"{flag} is not JSON: {error}") from error
    return validated(model, value, flag)


def parse_yaml(text: str, flag: str) -> Any:
    """Values that a command line gives as YAML; `flag` is named in errors.

    Raises:
        SettingsError: the text is not YAML.
    """
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{flag} is not YAML: {' '.join(str(error).split())}") from None


def write(path: str | Path, **sections: Section) -> None:
    """Write settings.json: the resolved sections that a stage ran with, after all overrides."""
    atomic.write_text(path, json.dumps({name: _finite(value) for name, value in sections.items()}, indent=2, sort_keys=True) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return _finite(value.model_dump())
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return "inf" if value == math.inf else value


def _jsonable(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else str(value)


def validated(model: type[Section], value: Any, where: str | Callable[[str], str]) -> Any:
    """A section made of plain values; `where`, or what it makes of the key, is named in errors.

    Raises:
        SettingsError: a key is missing, unknown or out of range.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        key, said = _first_wrong(model, error)
        place = where if isinstance(where, str) else where(key)
        raise SettingsError(": ".join([place, *([f"key '{key}'"] if key else []), said])) from None


def of_options(model: type[Section], options: dict[str, Any]) -> Any:
    """A section made of a program's options, which are named in errors as they are typed.

    Raises:
        SettingsError: one of them is out of range.
    """
    try:
        return model.model_validate(options)
    except ValidationError as error:
        key, said = _first_wrong(model, error)
        raise SettingsError(f"--{key.replace('_', '-')}: {said}") from None


def misnamed(name: str) -> str | None:
    """What is wrong with a name, with one near it that may be used; None: nothing."""
    if re.fullmatch(_NAME, name):
        return None
    form = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    form = form if form[:1].isalpha() else f"my_{form}".strip("_")
    return f"'{name}' cannot be a name: names consist of lowercase letters, digits and _, and begin with a letter, such as '{form}'"


def names_at(section: Any, key: str) -> list[str]:
    """The names that a section has at a key such as `data.queries`, where a star stands for each row; none where it has no such key."""
    part, _, rest = key.partition(".")
    if part == "*":
        return [name for row in section.values() for name in names_at(row, rest)]
    value = getattr(section, part, ())
    return names_at(value, rest) if rest else [value] if isinstance(value, str) else list(value)


def meant(name: str, known: Iterable[str]) -> str:
    """Words that name the known name which an unknown one is nearest to; none where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def meant_or_all(name: str, known: Collection[str]) -> str:
    """The same; all that there are where none is near."""
    return meant(name, known) or (f"; there are: {', '.join(known)}" if known else "; there is none")


def _first_wrong(model: type[Section], error: ValidationError) -> tuple[str, str]:
    """The key that pydantic found wrong first, empty for the whole section, and what is wrong with it in our words."""
    found = error.errors()
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])  # a misspelt key is a missing one too
    place = [part for part in first["loc"] if part != "[key]"]
    return ".".join(map(str, place)), _said(first, _section_at(model, place[:-1]))


def _said(wrong: Any, section: type[BaseModel] | None) -> str:
    """What is wrong with a value, or with a key of a section."""
    kind, given = wrong["type"], wrong["input"]
    if kind == "extra_forbidden":
        return "there is no such key" + _meant_key(str(wrong["loc"][-1]), given, section)
    if kind == "string_pattern_mismatch" or wrong["loc"][-1:] == ("[key]",):
        return misnamed(str(given)) or wrong["msg"]
    if kind == "value_error":
        return str(wrong["ctx"]["error"])
    if expected := _EXPECTED.get(kind):
        written = {"list_type": f": [{given}]", "string_type": f": '{given}'"} if type(given) in (str, int, float) else {}
        return f"expected {expected}" + (", and nothing is there" if given is None else written.get(kind, ""))
    return wrong["msg"][:1].lower() + wrong["msg"][1:]


def _meant_key(name: str, value: Any, section: type[BaseModel] | None) -> str:
    """Words that say which key an unknown one means, how YAML writes it, or where it belongs."""
    known = list(section.model_fields) if section else []
    if ":" in name:
        return "; YAML needs a space after a colon"
    if "." in name:
        *above, last = name.split(".")
        return f"; write {''.join(f'{part}: {{' for part in above)}{last}: ...{'}' * len(above)}"
    if homes := [key for key in known if _is_row_of(section.model_fields[key].annotation, value)]:
        return f"; it belongs under {' or '.join(homes)}"
    if "settings" in known and not difflib.get_close_matches(name, known, n=1):
        return "; sections that it overrides stand under its key 'settings'"
    return meant(name, known)


def _is_row_of(kind: Any, value: Any) -> bool:
    """Whether a value has keys that the rows of a mapping have, and no other."""
    row = get_args(kind)[-1] if get_origin(kind) is dict else None
    return _is_section(row) and isinstance(value, dict) and bool(value) and value.keys() <= row.model_fields.keys()


def _section_at(kind: Any, place: Sequence[int | str]) -> type[BaseModel] | None:
    """The section that stands at a place within another; None: no section does."""
    for part in place:
        kind = kind.model_fields[part].annotation if _is_section(kind) else get_args(kind)[-1]  # of a mapping or list: what it holds
        while get_origin(kind) in (Annotated, Union, UnionType):  # `Section | None`
            kind = get_args(kind)[0]
    return kind if _is_section(kind) else None


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
