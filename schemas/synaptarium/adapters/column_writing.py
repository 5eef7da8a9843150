"""Spikes of any source as a Parquet file that the columns adapter reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from synaptarium.adapters.base import EventSource
from synaptarium.adapters.column_header import METADATA_KEY, LayerEntry


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
