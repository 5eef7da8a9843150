"""The rows of a file in time order with bounded memory, whatever order the file has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters.ahead import ahead
from synaptarium.adapters.base import BATCH_ROWS
from synaptarium.adapters.column_file import ColumnFile

#: Rows sorted at once where a file is not in time order: about 200 MB.
WINDOW_ROWS = 4_194_304
#: Every so many rows one time is kept, to cut an unsorted file into windows.
_SAMPLE_STEP = 1024

Convert = Callable[[pa.RecordBatch], pa.RecordBatch]


@dataclass(frozen=True)
class Part:
    """One row group (Parquet) or record batch (Arrow): its number, first and last time, rows, and its order."""

    index: int
    t0_us: int
    t1_us: int
    rows: int
    ascending: bool


class TimeOrder:
    """The parts of a file in time, as a first pass finds them; then reads any range sorted.

    Nothing of the first pass is kept but where parts lie: decoding twice, in a thread beside the consumer, was quicker
    than to fill 256 MiB of fresh memory with it.

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
        for index, batches in groupby(ahead(self._decoded()), key=itemgetter(0)):
            low: int | None = None
            high = rows = 0
            ascending = True
            for _, decoded in batches:
                batch = self._convert(decoded)
                time_us = _times(batch)
                before = self._latest_us
                stepped = time_us[1:] < time_us[:-1]
                moved = int(np.count_nonzero(stepped))
                first, last = int(time_us[0]), int(time_us[-1])
                if moved:
                    first, last = int(time_us.min()), int(time_us.max())
                if before is not None and time_us[0] < before:
                    moved += 1
                self.out_of_order += moved
                ascending &= not moved
                self._latest_us = int(time_us[-1])
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
            for batch in ahead(self._all_converted(self._between(start, stop))):
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

    def _all_converted(self, parts: Sequence[Part]) -> Iterator[pa.RecordBatch]:
        for part in parts:
            yield from self._converted(part.index)

    def _converted(self, index: int) -> Iterator[pa.RecordBatch]:
        for batch in self._file.batches(index, self._columns):
            if batch.num_rows:
                yield self._convert(batch)

    def _decoded(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        for index in range(self._file.n_parts):
            for batch in self._file.batches(index, self._columns):
                if batch.num_rows:
                    yield index, batch


def _times(batch: pa.RecordBatch) -> NDArray[np.int64]:
    return cast("NDArray[np.int64]", batch.column(0).to_numpy())
