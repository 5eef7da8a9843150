"""A Parquet, Arrow or CSV file of rows: its columns found by name, and read part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from synaptarium.adapters.base import BATCH_ROWS
from synaptarium.adapters.column_csv import CsvFile
from synaptarium.adapters.times import MICROSECONDS_PER
from synaptarium.schemas.errors import CorruptData, ForeignFile, InvalidInput, TruncatedFile

BINARY_SUFFIXES = (".parquet", ".arrow", ".feather")
SUFFIXES = (*BINARY_SUFFIXES, ".csv", ".tsv")
#: Each message of an Arrow stream begins so.
_STREAM = b"\xff\xff\xff\xff"


class ColumnFile:
    """A file of rows.

    Parameters
    ----------
    path : Path
        ``.parquet``, ``.arrow``, ``.feather``, ``.csv`` or ``.tsv``; with any other suffix, whatever its bytes say.

    Raises
    ------
    ForeignFile
        It is something else.
    TruncatedFile
        It is cut short.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            start = file.read(6)
        self._parquet: Any = None
        self._arrow: Any = None
        self._csv: CsvFile | None = None
        try:
            if start.startswith(b"PAR1"):
                # Layer names repeat: as dictionaries they cost four bytes a row.
                file = pq.ParquetFile(path)
                texts = [
                    f.name
                    for f in file.schema_arrow
                    if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
                ]
                self._parquet = pq.ParquetFile(path, read_dictionary=texts)
                self.schema: pa.Schema = self._parquet.schema_arrow
                self.n_parts: int = self._parquet.num_row_groups
            elif start == b"ARROW1":
                self._arrow = pa.ipc.open_file(pa.memory_map(str(path), "r"))
                self.schema = self._arrow.schema
                self.n_parts = self._arrow.num_record_batches
            elif start.startswith(_STREAM):
                raise ForeignFile(
                    f"{path.name} is an Arrow stream; its parts can be read only one after another.",
                    hint="Write an Arrow file: pyarrow.ipc.new_file in place of new_stream, or pyarrow.feather.write_feather.",
                    where=str(path),
                )
            elif path.suffix in BINARY_SUFFIXES:
                raise ForeignFile(
                    f"{path.name} is neither a Parquet nor an Arrow file: it starts with {start!r}.",
                    hint="Arrow files are written with pyarrow.feather.write_feather or pyarrow.ipc.new_file.",
                    where=str(path),
                )
            else:
                self._csv = CsvFile(path)
                self.schema, self.n_parts = self._csv.schema, self._csv.n_parts
        except (pa.ArrowException, OSError) as error:
            raise TruncatedFile(
                f"{path.name} cannot be read: {_first_line(error)}",
                hint="Write or copy it again.",
                where=str(path),
            ) from error

    def column_of(self, names: Sequence[str], what: str) -> str:
        """Return the one of several names that is a column here; raises InvalidInput where none or two are."""
        found = [name for name in names if name in self.schema.names]
        if len(found) == 1:
            return found[0]
        has = ", ".join(self.schema.names) or "none"
        if len(names) == 1 and not found:
            raise InvalidInput(
                f"{self.path.name} has no column {names[0]!r} ({what}): its columns are {has}.",
                hint="docs/importing-columns.md says which columns are read, and which option gives another name.",
                where=str(self.path),
            )
        raise InvalidInput(
            f"{self.path.name} has {'no' if not found else 'more than one'} column of {what}: "
            f"{' and '.join(found) or 'its columns are ' + has}.",
            hint=f"Give one of {', '.join(names)}; docs/importing-columns.md says which option gives another name.",
            where=str(self.path),
        )

    def time_column(self, stem: str = "time") -> tuple[str, float]:
        """Return the time column, named by its unit (``time_ms``), and the microseconds per unit."""
        names = {f"{stem}_{unit}": scale for unit, scale in MICROSECONDS_PER.items()}
        if stem in self.schema.names and not set(names) & set(self.schema.names):
            raise InvalidInput(
                f"{self.path.name} does not say the unit of its column {stem!r}.",
                hint=f"Name the column {stem}_ms (or _s, _us, _ns); for spikes --option time_unit=ms says it as well.",
                where=str(self.path),
            )
        name = self.column_of(list(names), "times")
        return name, names[name]

    def batches(self, index: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one part, BATCH_ROWS at most at a time.

        Raises
        ------
        CorruptData
            The part cannot be decoded.
        InvalidInput
            A value is empty.
        """
        try:
            if self._parquet is not None:
                yield from self._parquet.iter_batches(BATCH_ROWS, row_groups=[index], columns=list(columns))
                return
            if self._csv is not None:
                yield from self._csv.batches(index, columns)
                return
            batch = self._arrow.get_batch(index).select(list(columns))
            for first in range(0, batch.num_rows, BATCH_ROWS):
                yield batch.slice(first, BATCH_ROWS)
        except (pa.ArrowException, OSError) as error:
            raise CorruptData(
                f"Part {index} of {self.path.name} cannot be read{self._unreadable(index, columns)}: {_first_line(error)}",
                hint="Write or copy the file again.",
                where=str(self.path),
            ) from error

    def _unreadable(self, index: int, columns: Sequence[str]) -> str:
        """Say which column of a part is the damaged one, where one alone is."""
        if self._parquet is None:
            return ""
        damaged: list[str] = []
        for name in columns:
            try:
                for _ in self._parquet.iter_batches(BATCH_ROWS, row_groups=[index], columns=[name]):
                    pass
            except (pa.ArrowException, OSError):
                damaged.append(name)
        return f", for its column {damaged[0]!r} is damaged" if len(damaged) == 1 else ""

    def numbers(self, batch: pa.RecordBatch, name: str) -> NDArray[Any]:
        """Return a column of numbers without empty values; raises InvalidInput."""
        return self.filled(self.numeric(batch, name), name).to_numpy(zero_copy_only=False)

    def filled(self, column: pa.Array, name: str) -> pa.Array:
        """Return a column that has no empty values; raises InvalidInput."""
        if column.null_count:
            raise InvalidInput(
                f"{self.path.name} has {column.null_count} empty values in {name!r}.",
                hint="Remove those rows.",
                where=str(self.path),
            )
        return column

    def numeric(self, batch: pa.RecordBatch, name: str) -> pa.Array:
        """Return a column of integers or floats, empty values among them; raises InvalidInput."""
        column = batch.column(name)
        if self._csv is not None and pa.types.is_string(column.type):
            raise self._csv.not_a_number(name)
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise InvalidInput(
                f"The column {name!r} of {self.path.name} is of the type {getattr(column.type, 'value_type', column.type)}.",
                hint="Give integers or floats.",
                where=str(self.path),
            )
        return column


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".") + "."
