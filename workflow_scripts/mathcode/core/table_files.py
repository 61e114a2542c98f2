"""Tables on disk: parquet files whose columns are exactly those that were declared, in their order.

`read` and `write` refuse anything else with one sentence that names the file and the column, so a malformed artifact never
travels further.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from mathcode.core import atomic
from mathcode.core.errors import UserError, first_line


class TableError(UserError):
    """A table on disk or about to be written does not hold what its declaration promises."""


def storable(text: str) -> str:
    """A text as tables, pages and files in UTF-8 can hold it: half a surrogate pair becomes what JSON writes for it, such as \\ud83d."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True)
class Column:
    """One column: its polars type, its meaning (with unit), and whether it may hold nulls.

    A `default` replaces nulls in a frame, and fills the whole column where a frame or a file lacks it. The column is written only if some
    row differs from the default, so most files do without it. The default of a nullable column may be None.
    """

    dtype: pl.DataType
    meaning: str
    nullable: bool = False
    default: Any = ...

    @property
    def may_lack(self) -> bool:
        """Whether a file may do without it; `...` is no default, since None is one."""
        return self.default is not ...

    def says_nothing(self, series: pl.Series) -> bool:
        """Whether all of a column is its default."""
        return bool((series.is_null() if self.default is None else series == self.default).all())


@dataclass(frozen=True)
class Table:
    """A declared table: its name, as errors give it, and its columns in order."""

    name: str
    columns: dict[str, Column]

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """Polars schema."""
        return {name: column.dtype for name, column in self.columns.items()}

    def empty(self) -> pl.DataFrame:
        """A frame of the right columns with no row."""
        return pl.DataFrame(schema=self.schema)

    def write(self, frame: pl.DataFrame, path: str | Path) -> None:
        """Check `frame` against the declaration and write it to `path` as a whole or not at all.

        Raises:
            TableError: a column is missing, unknown, of another type, or holds a null or NaN it may not hold; or the disk is full.
        """
        path = Path(path)
        frame = self._checked(frame, str(path))
        unsaid = [name for name, column in self.columns.items() if column.may_lack and column.says_nothing(frame[name])]
        frame = frame.drop(unsaid)
        try:
            with atomic.writing(path) as temporary:
                frame.rechunk().write_parquet(temporary, compression="zstd", statistics=True)
        except (OSError, pl.exceptions.ComputeError) as error:  # polars wraps what the system says of a full disk, or hides it
            full = shutil.disk_usage(path.parent).free < max(frame.estimated_size(), 2**20)
            reason = f"No space left on device; {error}" if full and "No space" not in str(error) else error
            raise TableError(f"{path}: could not be written ({reason})") from error

    def read(self, path: str | Path, allow_empty: bool = False, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read and check a file, or some of its columns: of many million rows only what is needed fits a small memory.

        Raises:
            TableError: the file is absent, unreadable, empty (unless allowed), or does not match the declaration.
        """
        path = Path(path)
        held = self._held(path)
        wanted = None if columns is None else [column for column in columns if column in held] or list(held)[:1]
        try:
            frame = pl.read_parquet(path, columns=wanted)
        except Exception as error:  # polars raises several unrelated types on damaged files
            raise TableError(f"{path}: not a readable parquet file ({first_line(error)})") from error
        if columns is not None:
            frame = self._completed(frame, columns)
            frame = frame.select([column for column in columns if column in frame.columns])
        frame = self._checked(frame, str(path), columns)
        if frame.is_empty() and not allow_empty:
            raise TableError(f"{path}: the table '{self.name}' has no row")
        return frame

    def scan(self, path: str | Path) -> pl.LazyFrame:
        """A file to read a part of: names and types of its columns are checked, its rows are not.

        Raises:
            TableError: the file is absent, unreadable, or its columns do not match the declaration.
        """
        held = self._held(Path(path))
        for column, declared in self.columns.items():
            found = held.get(column, declared.dtype if declared.may_lack else "missing")
            if found != declared.dtype:
                raise TableError(f"{path}: column '{column}' is {found}, table '{self.name}' declares {declared.dtype}")
        unsaid = [pl.lit(column.default, dtype=column.dtype).alias(name) for name, column in self.columns.items() if name not in held]
        return pl.scan_parquet(path).with_columns(unsaid)

    def _completed(self, frame: pl.DataFrame, wanted: Iterable[str]) -> pl.DataFrame:
        """The frame with defaults where nothing is said."""
        for name in wanted:
            column = self.columns[name]
            if not column.may_lack:
                continue
            if name not in frame.columns:
                frame = frame.with_columns(pl.lit(column.default, dtype=column.dtype).alias(name))
            elif frame[name].dtype == column.dtype and column.default is not None:
                frame = frame.with_columns(pl.col(name).fill_null(column.default))
        return frame

    def _held(self, path: Path) -> dict[str, pl.DataType]:
        """Names and types of the columns in a file."""
        if not path.is_file():
            raise TableError(f"{path}: no such file; it should hold the table '{self.name}'")
        try:
            return dict(pl.read_parquet_schema(path))
        except Exception as error:  # polars raises several unrelated types on damaged files
            raise TableError(f"{path}: not a readable parquet file ({first_line(error)})") from error

    def _checked(self, frame: pl.DataFrame, name: str, wanted: Sequence[str] | None = None) -> pl.DataFrame:
        columns = self.columns if wanted is None else {column: self.columns[column] for column in wanted}
        frame = self._completed(frame, columns)
        if missing := [column for column in columns if column not in frame.columns]:
            raise TableError(f"{name}: column '{missing[0]}' of table '{self.name}' is missing")
        if unknown := [column for column in frame.columns if column not in columns]:
            raise TableError(f"{name}: column '{unknown[0]}' does not belong to table '{self.name}'")
        for column, declared in columns.items():
            series = frame[column]
            if series.dtype != declared.dtype:
                raise TableError(f"{name}: column '{column}' is {series.dtype}, table '{self.name}' declares {declared.dtype}")
            for flaw, rows in _flaws(series, declared.nullable):
                if rows.any():
                    raise TableError(f"{name}: column '{column}' {flaw} in row {rows.arg_true()[0]}")
        return frame.select(list(columns))


def _flaws(series: pl.Series, nullable: bool) -> Iterator[tuple[str, pl.Series]]:
    """What no column may hold, and which rows do."""
    if not nullable:
        yield "is null", series.is_null()
    if series.dtype.is_float():
        yield "is NaN", series.is_nan()
    if isinstance(series.dtype, pl.List):
        yield "holds a null", series.list.eval(pl.element().is_null()).list.any()
        if series.dtype.inner.is_float():
            yield "holds a NaN", series.list.eval(pl.element().is_nan()).list.any()
