"""Raw public data, and the tables made of them: `config/sources.yaml`."""

from typing import Any

from pydantic import Field

from mathcode.settings.execution import Interpreter
from mathcode.settings.section import Name, PositiveInt, Section


class SourceFile(Section):
    """One file of a source."""

    path: str = Field(description="path inside the mirror folder")
    rows: PositiveInt
    sha256: str | None = Field(default=None, description="of the uncompressed bytes")
    url: str | None = Field(default=None, description="public address of the same records at a fixed commit, uncompressed")


class Source(Section):
    """Raw public data: files in a mirror folder, a hub dataset, or a seeded generator."""

    license: str
    files: list[SourceFile] = Field(default_factory=list)
    hub: str | None = None
    revision: str | None = None
    subset: str | None = Field(default=None, description="configuration name of the hub dataset; several, comma-separated, are joined")
    split: str | None = None
    rows: PositiveInt | None = Field(default=None, description="rows of the hub split, or of what is generated, where known")
    generate: dict[str, Any] | None = Field(default=None, description="arguments; the key `generator` names whose, else arithmetic")


class Dataset(Section):
    """A normalised table made of a source."""

    source: str
    reader: str = Field(description="a function of mathcode.data.readers that turns one record into one row")
    rows: PositiveInt | None = Field(default=None, description="rows of the table; null: not known beforehand")
    take: PositiveInt | None = Field(default=None, description="SFT: distinct questions drawn before programs are executed; null: all")


class Sources(Section):
    """config/sources.yaml."""

    sources: dict[Name, Source]
    queries: dict[Name, Dataset]
    sft: dict[Name, Dataset]
    benchmarks: dict[Name, Dataset]
    interpreter: Interpreter = Field(description="how the programs of SFT solutions run, once for all runs")
