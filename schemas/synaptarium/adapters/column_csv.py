"""A CSV file of rows, read part by part like the others: text that any tool can write."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute
import pyarrow.csv as pacsv

from synaptarium.adapters.base import BATCH_ROWS
from synaptarium.schemas.errors import ForeignFile, InvalidInput

#: Bytes of a part: about half a million rows of a time and a neuron.
PART_BYTES = 1 << 23
#: pyarrow.compute makes its functions when it is imported: type checkers see none.
_compute: Any = pyarrow.compute
_DELIMITERS = ",;\t"
#: Columns of names: "7" is one too.
_TEXTS = ("layer", "label", "prediction", "projection", "name", "variable")


class CsvFile:
    """A file of comma-separated rows below a line with the columns' names.

    Semicolons, tabs and single spaces separate as well; lines before the names that start with ``#`` are skipped.

    Parameters
    ----------
    path : Path
        UTF-8 text.

    Raises
    ------
    ForeignFile
        It is no text.
    InvalidInput
        Its first line holds no names, or one of them twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            line, self._lines_above = self._header(file)
            start = file.tell()
            self._starts = [start]
            size = file.seek(0, 2)
            for near in range(start + PART_BYTES, size, PART_BYTES):
                file.seek(near)
                file.readline()
                if self._starts[-1] < file.tell() < size:
                    self._starts.append(file.tell())
        self._ends = [*self._starts[1:], size]
        most = max(_DELIMITERS, key=line.count)
        self._delimiter = most if most in line else " "
        self.names = [
            name.strip()
            for name in next(csv.reader([line], delimiter=self._delimiter, skipinitialspace=True))
        ]
        self._check_names(line)
        self.n_parts = len(self._starts) if start < size else 0
        self.schema = pa.schema([(name, pa.string()) for name in self.names])

    def batches(self, index: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one part; numbers as integers or floats, whichever this part has.

        Raises
        ------
        InvalidInput
            A row has more or fewer values than there are names.
        pyarrow.ArrowException
            The text cannot be decoded.
        """
        table = self._table(index, columns, {name: pa.string() for name in columns if name in _TEXTS})
        for name in columns:
            place = table.schema.get_field_index(name)
            column = table.column(place)
            if pa.types.is_null(column.type):  # all of it empty
                column = column.cast(pa.float64())
            elif name in _TEXTS:
                column = _compute.if_else(_compute.equal(column, ""), None, column)
            table = table.set_column(place, name, column)
        yield from table.combine_chunks().to_batches(max_chunksize=BATCH_ROWS)

    def not_a_number(self, name: str) -> InvalidInput:
        """Return the error for a column with text in it: which line, and what it says."""
        for index in range(self.n_parts):
            for row, text in enumerate(self._table(index, [name], {name: pa.string()})[name].to_pylist()):
                try:
                    float(text or "nan")
                except ValueError:
                    return InvalidInput(
                        f"Line {self._line(index, row)} of {self.path.name} has {text!r} in {name!r}, which is no number.",
                        hint="Write numbers plainly, with a point: 0.5 or 5e-1.",
                        where=str(self.path),
                    )
        return InvalidInput(
            f"The column {name!r} of {self.path.name} does not hold numbers.",
            hint="Write numbers plainly, with a point: 0.5 or 5e-1.",
            where=str(self.path),
        )

    def _header(self, file: BinaryIO) -> tuple[str, int]:
        """Return the line of names, and how many lines end with it; the file then stands at its first row."""
        above = 0
        while raw := file.readline(1 << 16):
            above += 1
            try:
                text = raw.decode("utf-8-sig" if above == 1 else "utf-8").strip()
            except UnicodeDecodeError:
                text = "\0"
            if "\0" in text:
                raise ForeignFile(
                    f"{self.path.name} is no text in UTF-8: it starts with {raw[:8]!r}.",
                    hint="Save it as CSV in UTF-8.",
                    where=str(self.path),
                )
            if text and not text.startswith("#"):
                return text, above
        raise InvalidInput(
            f"{self.path.name} holds no line of names.",
            hint="Begin it with the names of its columns: time_ms,neuron or time_ms,neuron,layer.",
            where=str(self.path),
        )

    def _check_names(self, line: str) -> None:
        if any(_is_number(name) for name in self.names):
            raise InvalidInput(
                f"{self.path.name} has no line of names: it starts with {line[:60]!r}.",
                hint="Begin it with the names of its columns: time_ms,neuron or time_ms,neuron,layer.",
                where=str(self.path),
            )
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            raise InvalidInput(
                f"{self.path.name} has two columns named {twice[0]!r}.",
                hint="Give each column a name of its own.",
                where=str(self.path),
            )

    def _table(self, index: int, columns: Sequence[str], types: dict[str, pa.DataType]) -> pa.Table:
        with self.path.open("rb") as file:
            file.seek(self._starts[index])
            text = file.read(self._ends[index] - self._starts[index])
        broken: list[Any] = []

        def refuse(row: Any) -> str:
            broken.append(row)
            return "skip"

        table = pacsv.read_csv(
            pa.py_buffer(text),
            # One block and one thread: a type is found for the whole part, and rows are numbered.
            read_options=pacsv.ReadOptions(
                column_names=self.names, block_size=len(text) + 1, use_threads=False
            ),
            parse_options=pacsv.ParseOptions(delimiter=self._delimiter, invalid_row_handler=refuse),
            convert_options=pacsv.ConvertOptions(
                include_columns=list(dict.fromkeys(columns)), column_types=types
            ),
        )
        if broken:
            row = broken[0]
            raise InvalidInput(
                f"Line {self._line(index, row.number - 1)} of {self.path.name} has {row.actual_columns} values, "
                f"its first line {row.expected_columns} names: {row.text[:60]!r}.",
                hint="Every line has a value for each name; write decimals with a point.",
                where=str(self.path),
            )
        return table

    def _line(self, index: int, row: int) -> int:
        """Return the number of a part's row in the file, from 1."""
        lines = 0
        with self.path.open("rb") as file:
            while (left := self._starts[index] - file.tell()) > 0:
                lines += file.read(min(left, PART_BYTES)).count(b"\n")
        return lines + row + 1


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
