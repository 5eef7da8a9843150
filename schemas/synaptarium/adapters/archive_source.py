"""A ``.synaptarium`` folder as a source of events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synaptarium.adapters.archive_contents import (
    NETWORK_COLUMNS,
    EventFile,
    NetworkArray,
    NetworkFile,
    contents_of,
)
from synaptarium.adapters.base import NeuronLabels, Synapses
from synaptarium.adapters.checks import known
from synaptarium.schemas.errors import (
    CorruptData,
    InvalidInput,
    NeuronOutOfRange,
    TruncatedFile,
)
from synaptarium.schemas.events import TIME_COLUMN, EventKind, conform
from synaptarium.schemas.recording import (
    Counts,
    Header,
    find_layer,
    find_projection,
    n_neurons,
)


class ArchiveSource:
    """A ``.synaptarium`` folder as an :class:`~synaptarium.adapters.base.EventSource`.

    Parameters
    ----------
    folder : Path
        As ``save`` wrote it.

    Raises
    ------
    TruncatedFile
        A file is missing or shorter than it was.
    ForeignFile
        ``header.json`` is of something else, or of a newer version.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._contents = contents_of(folder)
        for file in (*self._contents.events, *self._contents.network):
            self._check_file(file)

    def describe(self) -> Header:
        return self._contents.header

    def counts(self) -> Counts:
        return self._contents.counts

    def fingerprint(self) -> str:
        return self._contents.fingerprint

    def read(
        self, kind: EventKind, stream: str = "", t_start_us: int | None = None, t_stop_us: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        header = self.describe()
        limit: int | None = None
        if kind == "potentials":
            known(stream, {one.variable for one in header.potentials}, "recorded variable", "stream")
        if kind == "weights":
            limit = find_projection(header, stream).synapses
        if kind in {"spikes", "potentials"}:
            limit = n_neurons(header)
        for file in self._contents.events:
            if file.kind == kind and file.stream == stream:
                yield from self._read_file(file, limit, t_start_us, t_stop_us)

    def positions(self, layer: str) -> NDArray[np.float32] | None:
        find_layer(self.describe(), layer)
        batch = self._network("positions", (layer,))
        return None if batch is None else np.column_stack([batch[axis].to_numpy() for axis in "xyz"])

    def recorded(self, layer: str, variable: str) -> NDArray[np.uint32]:
        find_layer(self.describe(), layer)
        batch = self._network("recorded", (layer, variable))
        return np.zeros(0, np.uint32) if batch is None else batch["neuron"].to_numpy()

    def labels(self, layer: str) -> NeuronLabels | None:
        find_layer(self.describe(), layer)
        batch = self._network("labels", (layer,))
        if batch is None:
            return None
        method = next(f.method for f in self._contents.network if f.array == "labels" and f.of == (layer,))
        return batch["label"].to_numpy(), method

    def synapses(self, projection: str) -> Synapses:
        find_projection(self.describe(), projection)
        batch = self._network("synapses", (projection,))
        if batch is None:
            return np.zeros(0, np.uint32), np.zeros(0, np.uint32), None
        delays = batch["delay_ms"].to_numpy() if "delay_ms" in batch.schema.names else None
        return batch["pre"].to_numpy(), batch["post"].to_numpy(), delays

    def _read_file(
        self, file: EventFile, limit: int | None, t_start_us: int | None, t_stop_us: int | None
    ) -> Iterator[pa.RecordBatch]:
        column = TIME_COLUMN[file.kind]
        wanted = [
            index
            for index, one in enumerate(file.batches)
            if column is None
            or (
                (t_start_us is None or one.t1_us >= t_start_us)
                and (t_stop_us is None or one.t0_us < t_stop_us)
            )
        ]
        if not wanted:
            return
        with self._open(file.file) as reader:
            for index in wanted:
                batch = self._batch(reader, index, file)
                if limit is not None and batch.num_rows and int(batch[1].to_numpy().max()) >= limit:
                    raise NeuronOutOfRange(
                        f"{file.file} has id {int(batch[1].to_numpy().max())}; by the header, {limit} is the end of "
                        f"its {'synapses' if file.kind == 'weights' else 'neurons'}.",
                        hint="Make the archive again; its files do not belong together.",
                        where=str(self._folder),
                    )
                if column is not None:
                    time_us = cast("NDArray[np.int64]", batch[column].to_numpy())
                    first = 0 if t_start_us is None else int(np.searchsorted(time_us, t_start_us))
                    last = len(time_us) if t_stop_us is None else int(np.searchsorted(time_us, t_stop_us))
                    batch = batch.slice(first, max(0, last - first))
                if batch.num_rows:
                    yield batch

    def _batch(self, reader: Any, index: int, file: EventFile) -> pa.RecordBatch:
        try:
            return conform(file.kind, reader.get_batch(index))
        except (pa.ArrowException, ValueError, OSError) as error:
            raise self._unreadable(file.file, error) from error

    def _network(self, array: NetworkArray, of: Sequence[str]) -> pa.RecordBatch | None:
        for file in self._contents.network:
            if file.array == array and file.of == tuple(of):
                with self._open(file.file) as reader:
                    try:
                        batch = reader.get_batch(0)
                        batch.select(NETWORK_COLUMNS[array])
                        return batch
                    except (pa.ArrowException, ValueError, KeyError, OSError) as error:
                        raise self._unreadable(file.file, error) from error
        return None

    def _unreadable(self, name: str, error: Exception) -> CorruptData:
        return CorruptData(
            f"{name} of {str(self._folder)!r} cannot be read: {error}.",
            hint="Copy the folder again, or make the archive again.",
            where=str(self._folder),
        )

    def _open(self, name: str) -> Any:
        try:
            return pa.ipc.open_file(pa.memory_map(str(self._folder / name), "r"))
        except (pa.ArrowException, OSError) as error:
            raise TruncatedFile(
                f"{name} of {str(self._folder)!r} cannot be read: {error}.",
                hint="Copy the folder again.",
                where=str(self._folder),
            ) from error

    def _check_file(self, file: EventFile | NetworkFile) -> None:
        if Path(file.file).name != file.file:
            raise InvalidInput(
                f"The archive names a file outside of itself: {file.file!r}.", where=str(self._folder)
            )
        path = self._folder / file.file
        size = path.stat().st_size if path.is_file() else None
        if size != file.size:
            found = "is missing" if size is None else f"has {size} bytes"
            raise TruncatedFile(
                f"{file.file} of {str(self._folder)!r} {found}; {file.size} bytes were written.",
                hint="Copy the folder again.",
                where=str(path),
            )
