"""Rows of any source as Parquet files that the columns adapter reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from synaptarium.adapters.base import EventSource
from synaptarium.adapters.column_header import METADATA_KEY, NUMBERS, LayerEntry
from synaptarium.schemas.recording import Layer

NAME = pa.dictionary(pa.int32(), pa.string())
_ROW_GROUP = 1 << 20


def write_spikes(source: EventSource, path: Path, *, progress: Callable[[int], None] | None = None) -> None:
    """Write the spikes of a source: time_us, neuron (in its layer), layer; count and payload where it has any.

    Parameters
    ----------
    source : EventSource
        Read block by block.
    path : Path
        Gets its name when it is complete. The layers with their shapes, the bin and the span stand in the file's metadata.
    progress : callable or None
        Told the number of spikes so far.
    """
    header = source.describe()
    fields = [
        pa.field("time_us", pa.int64(), nullable=False),
        pa.field("neuron", pa.uint32(), nullable=False),
        pa.field("layer", NAME, nullable=False),
    ]
    named = NeuronNames(header.layers)
    metadata = {METADATA_KEY: msgspec.json.encode(layer_entries(header.layers))}
    metadata |= {f"synaptarium.{name}".encode(): str(getattr(header, name)).encode() for name in NUMBERS}
    rows = (named.batch(batch) for batch in source.read("spikes"))
    write_rows(path, pa.schema(fields, metadata=metadata), rows, progress=progress)


def layer_entries(layers: Iterable[Layer]) -> list[LayerEntry]:
    """Return the layers as a header describes them."""
    return [LayerEntry(name=one.name, shape=one.shape, cell_type=one.cell_type) for one in layers]


class NeuronNames:
    """Turns neurons numbered through all layers into ids in their layer, with the layer's name.

    Parameters
    ----------
    layers : iterable of Layer
        In order.
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        layers = tuple(layers)
        self._names = pa.array([layer.name for layer in layers], pa.string())
        self._offsets = np.array([layer.offset for layer in layers], np.int64)

    def batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with ``time_us``, ``neuron``, ``layer``, and its other columns after them."""
        neuron = cast("NDArray[np.uint32]", batch.column("neuron").to_numpy())
        place = np.searchsorted(self._offsets, neuron, side="right") - 1
        columns: dict[str, Any] = {
            "time_us": batch.column("time_us"),
            "neuron": pa.array((neuron - self._offsets[place]).astype(np.uint32)),
            "layer": pa.DictionaryArray.from_arrays(pa.array(place.astype(np.int32)), self._names),
        }
        others = [name for name in batch.schema.names if name not in columns]
        return pa.record_batch(columns | {name: batch.column(name) for name in others})


def write_rows(
    path: Path,
    least: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    *,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Write batches as one Parquet file, which gets its name when it is complete.

    Parameters
    ----------
    path : Path
        Of the file.
    least : pyarrow.Schema
        Columns that the file has though there is no batch; its metadata are the file's.
    batches : iterable of pyarrow.RecordBatch
        All with the columns of the first: those of ``least``, and more.
    progress : callable or None
        Told the number of rows so far.
    """
    part = path.with_name(path.name + ".part")
    writer: Any = None
    done = 0
    try:
        for batch in batches:
            if writer is None:
                known = set(least.names)
                more = [field for field in batch.schema if field.name not in known]
                writer = pq.ParquetWriter(
                    part, pa.schema([*least, *more], metadata=least.metadata), compression="zstd"
                )
            writer.write_batch(
                batch.select(writer.schema.names).cast(writer.schema), row_group_size=_ROW_GROUP
            )
            done += batch.num_rows
            if progress is not None:
                progress(done)
        if writer is None:
            writer = pq.ParquetWriter(part, least)
        writer.close()
        part.rename(path)
    except BaseException:
        if writer is not None:
            writer.close()
        part.unlink(missing_ok=True)
        raise


def merged(streams: Iterable[Iterator[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of several streams, each in order of ``time_us``, in the order of time.

    Rows of one time keep the order of their stream. What is held is one batch of each stream.
    """
    heads: list[tuple[pa.RecordBatch, Iterator[pa.RecordBatch]]] = []
    for stream in streams:
        head = _next(stream)
        if head is not None:
            heads.append((head, stream))
    while len(heads) > 1:
        # Before the end of the batch that ends first, no stream has rows that are not at hand.
        until_us = min(int(_times_us(head)[-1]) for head, _ in heads)
        ready: list[pa.RecordBatch] = []
        left: list[tuple[pa.RecordBatch, Iterator[pa.RecordBatch]]] = []
        for head, stream in heads:
            n = int(np.searchsorted(_times_us(head), until_us, side="right"))
            ready.append(head.slice(0, n))
            head = head.slice(n) if n < head.num_rows else _next(stream)
            if head is not None:
                left.append((head, stream))
        heads = left
        rows = pa.Table.from_batches(ready).combine_chunks()
        order = np.argsort(rows["time_us"].to_numpy(), kind="stable")
        yield from rows.take(pa.array(order)).combine_chunks().to_batches()
    for head, stream in heads:
        yield head
        yield from (batch for batch in stream if batch.num_rows)


def _next(stream: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
    return next((batch for batch in stream if batch.num_rows), None)


def _times_us(batch: pa.RecordBatch) -> NDArray[np.int64]:
    return batch.column("time_us").to_numpy()
