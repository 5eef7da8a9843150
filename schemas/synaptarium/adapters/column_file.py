"""One table of events in a Parquet or Arrow file, read in time order with bounded memory, whatever its order is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from synaptarium.adapters.base import BATCH_ROWS, EventSource
from synaptarium.adapters.times import MICROSECONDS_PER
from synaptarium.schemas.errors import CorruptData, ForeignFile, InvalidInput, TruncatedFile

SUFFIXES = (".parquet", ".arrow", ".feather")
#: Key of the file's own metadata that names layers, as :class:`LayerEntry` in JSON.
METADATA_KEY = b"synaptarium.layers"
#: Rows sorted at once where a file is not in time order: about 200 MB.
WINDOW_ROWS = 4_194_304
#: Every so many rows one time is kept, to cut an unsorted file into windows.
_SAMPLE_STEP = 1024

Convert = Callable[[pa.RecordBatch], pa.RecordBatch]


class LayerEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A layer as a header describes it: a name with a shape or a number of neurons."""

    name: str
    shape: tuple[int, ...] = ()
    neurons: int | None = None
    cell_type: str = ""


@dataclass(frozen=True)
class Part:
    """One row group (Parquet) or record batch (Arrow): its number, first and last time, rows, and its order."""

    index: int
    t0_us: int
    t1_us: int
    rows: int
    ascending: bool


class ColumnFile:
    """A file of rows.

    Parameters
    ----------
    path : Path
        ``.parquet``, ``.arrow`` or ``.feather``.

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
        try:
            if start.startswith(b"PAR1"):
                # Layer names repeat: as dictionaries they cost four bytes a row.
                file = pq.ParquetFile(path)
                texts = [
                    f.name
                    for f in file.schema_arrow
                    if pa.types.is_string(f.type) or pa.types.is_large_string(f.type)
                ]
                self._parquet: Any = pq.ParquetFile(path, read_dictionary=texts)
                self._arrow: Any = None
                self.schema: pa.Schema = self._parquet.schema_arrow
                self.n_parts: int = self._parquet.num_row_groups
            elif start == b"ARROW1":
                self._parquet = None
                self._arrow = pa.ipc.open_file(pa.memory_map(str(path), "r"))
                self.schema = self._arrow.schema
                self.n_parts = self._arrow.num_record_batches
            else:
                raise ForeignFile(
                    f"{path.name} is neither a Parquet nor an Arrow file: it starts with {start!r}.",
                    hint="Arrow files are written with pyarrow.feather.write_feather or pyarrow.ipc.new_file.",
                    where=str(path),
                )
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
        raise InvalidInput(
            f"{self.path.name} has {'no' if not found else 'more than one'} column of {what}: "
            f"{' and '.join(found) or 'its columns are ' + has}.",
            hint=f"Give one of {', '.join(names)}.",
            where=str(self.path),
        )

    def time_column(self, stem: str = "time") -> tuple[str, float]:
        """Return the time column, named by its unit (``time_ms``), and the microseconds per unit."""
        names = {f"{stem}_{unit}": scale for unit, scale in MICROSECONDS_PER.items()}
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
            batch = self._arrow.get_batch(index).select(list(columns))
            for first in range(0, batch.num_rows, BATCH_ROWS):
                yield batch.slice(first, BATCH_ROWS)
        except (pa.ArrowException, OSError) as error:
            raise CorruptData(
                f"Part {index} of {self.path.name} cannot be read: {_first_line(error)}",
                hint="Write or copy the file again.",
                where=str(self.path),
            ) from error

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
        if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            raise InvalidInput(
                f"The column {name!r} of {self.path.name} is of the type {getattr(column.type, 'value_type', column.type)}.",
                hint="Give integers or floats.",
                where=str(self.path),
            )
        return column


class TimeOrder:
    """The parts of a file in time, as a first pass finds them; then reads any range sorted.

    Parameters
    ----------
    file : ColumnFile
        What is read.
    columns : sequence of str
        The columns that ``convert`` needs.
    convert : callable
        Returns event columns whose first is the time in us, int64.
    """

    def __init__(self, file: ColumnFile, columns: Sequence[str], convert: Convert) -> None:
        self._file, self._columns, self._convert = file, columns, convert
        self.parts: list[Part] = []
        self.rows = 0
        self.out_of_order = 0
        self._latest_us: int | None = None
        self._sample: list[NDArray[np.int64]] = []

    def scan(self) -> Iterator[pa.RecordBatch]:
        """Yield every converted batch once, in the file's order, and note where in time each part lies."""
        for index in range(self._file.n_parts):
            low: int | None = None
            high = rows = 0
            ascending = True
            for batch in self._converted(index):
                time_us = _times(batch)
                if not time_us.size:
                    continue
                before = self._latest_us
                moved = int(np.count_nonzero(np.diff(time_us) < 0))
                if before is not None and time_us[0] < before:
                    moved += 1
                self.out_of_order += moved
                ascending &= not moved
                self._latest_us = int(time_us[-1])
                first, last = int(time_us.min()), int(time_us.max())
                low, high = (first, last) if low is None else (min(low, first), max(high, last))
                rows += time_us.size
                self._sample.append(time_us[::_SAMPLE_STEP].copy())
                yield batch
            if low is not None:
                self.parts.append(Part(index, low, high, rows, ascending))
                self.rows += rows

    @property
    def ascending(self) -> bool:
        """Whether the file is in time order from its first row to its last."""
        return self.out_of_order == 0

    def read(self, t_start_us: int | None, t_stop_us: int | None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of [t_start_us, t_stop_us) in time order; rows of one time keep the file's order."""
        if not self.parts:
            return
        begin = min(part.t0_us for part in self.parts)
        end = max(part.t1_us for part in self.parts) + 1
        start = begin if t_start_us is None else max(begin, t_start_us)
        stop = end if t_stop_us is None else min(end, t_stop_us)
        if start >= stop:
            return
        if self.ascending:
            for part in self._between(start, stop):
                for batch in self._converted(part.index):
                    time_us = _times(batch)
                    first, last = (int(np.searchsorted(time_us, edge)) for edge in (start, stop))
                    if first < last:
                        yield batch.slice(first, last - first)
            return
        edges = [start, *(edge for edge in self._window_edges() if start < edge < stop), stop]
        for low, high in pairwise(edges):
            yield from self._window(low, high)

    def _window(self, start: int, stop: int) -> Iterator[pa.RecordBatch]:
        found: list[pa.RecordBatch] = []
        for part in self._between(start, stop):
            for batch in self._converted(part.index):
                time_us = _times(batch)
                inside = (time_us >= start) & (time_us < stop)
                if inside.all():
                    found.append(batch)
                elif inside.any():
                    found.append(batch.filter(pa.array(inside)))
        if not found:
            return
        rows = pa.Table.from_batches(found).combine_chunks().to_batches()[0]
        order = np.argsort(_times(rows), kind="stable")
        for first in range(0, len(order), BATCH_ROWS):
            yield rows.take(pa.array(order[first : first + BATCH_ROWS]))

    def _window_edges(self) -> list[int]:
        """Return times between which about WINDOW_ROWS rows lie."""
        sample = np.sort(np.concatenate(self._sample))
        n = -(-self.rows // WINDOW_ROWS)
        places = np.arange(1, n) * len(sample) // n
        return np.unique(sample[places]).tolist()

    def _between(self, start: int, stop: int) -> list[Part]:
        return [part for part in self.parts if part.t0_us < stop and part.t1_us >= start]

    def _converted(self, index: int) -> Iterator[pa.RecordBatch]:
        for batch in self._file.batches(index, self._columns):
            if batch.num_rows:
                yield self._convert(batch)


def write_spikes(source: EventSource, path: Path, *, progress: Callable[[int], None] | None = None) -> None:
    """Write the spikes of a source as Parquet: time_us, neuron (in its layer), layer, and count where it has any.

    Parameters
    ----------
    source : EventSource
        Read block by block.
    path : Path
        Gets its name when it is complete. The layers with their shapes stand in the file's metadata.
    progress : callable or None
        Told the number of spikes so far.
    """
    layers = source.describe().layers
    names = pa.array([layer.name for layer in layers])
    offsets = np.array([layer.offset for layer in layers], np.int64)
    fields = [
        pa.field("time_us", pa.int64(), nullable=False),
        pa.field("neuron", pa.uint32(), nullable=False),
        pa.field("layer", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("count", pa.uint16(), nullable=False),
    ]
    entries = [LayerEntry(name=one.name, shape=one.shape, cell_type=one.cell_type) for one in layers]
    metadata = {METADATA_KEY: msgspec.json.encode(entries)}
    part = path.with_name(path.name + ".part")
    writer: Any = None
    done = 0
    try:
        for batch in source.read("spikes"):
            counts = "count" in batch.schema.names
            schema = pa.schema(fields if counts else fields[:3], metadata=metadata)
            if writer is None:
                writer = pq.ParquetWriter(part, schema, compression="zstd")
            neuron = cast("NDArray[np.uint32]", batch.column("neuron").to_numpy())
            place = np.searchsorted(offsets, neuron, side="right") - 1
            columns = [
                batch.column("time_us"),
                pa.array((neuron - offsets[place]).astype(np.uint32)),
                pa.DictionaryArray.from_arrays(pa.array(place.astype(np.int32)), names),
            ]
            columns += [batch.column("count")] if counts else []
            writer.write_batch(pa.record_batch(columns, schema=schema), row_group_size=1 << 20)
            done += batch.num_rows
            if progress is not None:
                progress(done)
        if writer is None:
            writer = pq.ParquetWriter(part, pa.schema(fields[:3], metadata=metadata))
        writer.close()
        part.rename(path)
    except BaseException:
        if writer is not None:
            writer.close()
        part.unlink(missing_ok=True)
        raise


def described_layers(schema: pa.Schema, where: str) -> tuple[LayerEntry, ...]:
    """Return the layers that a file's own metadata names; none where it has none."""
    text = (schema.metadata or {}).get(METADATA_KEY)
    if text is None:
        return ()
    try:
        return tuple(msgspec.json.decode(text, type=list[LayerEntry]))
    except msgspec.MsgspecError as error:
        raise InvalidInput(
            f"The metadata {METADATA_KEY.decode()!r} cannot be read: {error}.",
            hint='It is JSON: [{"name": "exc", "shape": [20, 20]}].',
            where=where,
        ) from error


def _times(batch: pa.RecordBatch) -> NDArray[np.int64]:
    return cast("NDArray[np.int64]", batch.column(0).to_numpy())


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__).rstrip(".") + "."
