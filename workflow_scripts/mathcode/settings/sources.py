"""Raw public data, and the tables made of them: `config/sources.yaml`."""

from pathlib import PurePosixPath
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from mathcode.settings.execution import Interpreter
from mathcode.settings.section import FilePath, Name, PositiveInt, Section, meant


class SourceFile(Section):
    """One file of a source."""

    path: FilePath = Field(description="path inside the mirror folder")
    rows: PositiveInt | None = Field(default=None, description="rows it must have; null: not known beforehand")
    sha256: str | None = Field(default=None, description="of the uncompressed bytes")
    url: str | None = Field(default=None, description="public address of the same records at a fixed commit, uncompressed")

    @property
    def name(self) -> str:
        """What its copy is called."""
        return PurePosixPath(self.path).name


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

    @field_validator("files")
    @classmethod
    def _have_names_of_their_own(cls, files: list[SourceFile]) -> list[SourceFile]:
        by_name: dict[str, str] = {}
        for file in files:
            if (other := by_name.setdefault(file.name, file.path)) != file.path:
                raise ValueError(f"'{other}' and '{file.path}' have the same file name, and their copies lie in one folder: rename one")
        return files


COLUMNS = "columns"
"""The reader that reads what `columns` says."""


class Columns(Section):
    """Which column of a file is what, for files of your own."""

    question: str
    answer: str = Field(description="the reference answer")
    solution: str | None = Field(default=None, description="SFT: text, with programs in ```python blocks")
    level: str | None = Field(default=None, description="tables are split by it where they are split by level")
    type: str | None = None
    language: Literal["en", "zh"] = Field(default="en", description="of all rows")


class Dataset(Section):
    """A normalised table made of a source."""

    source: str
    reader: str = Field(description="a function of mathcode.data.readers that turns one record into one row")
    columns: Columns | None = Field(default=None, description="for the reader `columns`: which column is what")
    rows: PositiveInt | None = Field(default=None, description="rows of the table; null: not known beforehand")
    take: PositiveInt | None = Field(default=None, description="SFT: distinct questions drawn before programs are executed; null: all")

    @model_validator(mode="after")
    def _columns_are_said(self) -> Self:
        if self.reader == COLUMNS and self.columns is None:
            raise ValueError("the reader 'columns' needs the key 'columns': which column is the question, and which the answer")
        if self.reader != COLUMNS and self.columns is not None:
            raise ValueError(f"key 'columns' is for the reader 'columns', and the reader is '{self.reader}'{meant(self.reader, [COLUMNS])}")
        return self


class Sources(Section):
    """config/sources.yaml."""

    sources: dict[Name, Source]
    queries: dict[Name, Dataset]
    sft: dict[Name, Dataset]
    benchmarks: dict[Name, Dataset]
    cases: dict[Name, Dataset] = Field(default_factory=dict, description="cases whose labels came with the data, to measure judges on")
    labels: dict[Name, str] = Field(default_factory=dict, description="what figures and pages call a benchmark; else by its name")
    interpreter: Interpreter = Field(description="how the programs of SFT solutions run, once for all runs")
